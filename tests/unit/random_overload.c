/* What a balancer of a random scenario refuses: see random_scenario.c. */
#include "tests/unit/random_maker.h"

void random_overload(struct maker *m)
{
    if (one_in(m, 4))
        text_addf(m->text, "  trust_forwarded: yes\n");
    if (one_in(m, 4)) {
        number(m, "  rate_limit: {rate: ", 1, 900);
        number(m, "/s, burst: ", 1, 9);
        text_addf(m->text, ", per: ");
        word(m, "all|source|client");
        word(m, "|, size: 3");
        text_addf(m->text, "}\n");
    }
    if (one_in(m, 4)) {
        number(m, "  max_in_flight: ", 1, 12);
        text_addf(m->text, "\n  shed: ");
        word(m, "{1: 90%, 2: 50%}|{0: 100%, 3: 20%}|{4: 0%}");
        text_addf(m->text, "\n");
    }
    if (one_in(m, 4)) {
        text_addf(m->text, "  concurrency: {limit: ");
        word(m, "gradient|aimd");
        number(m, ", min: ", 1, 3);
        number(m, ", initial: ", 4, 4);
        number(m, ", max: ", 8, 20);
        text_addf(m->text, ", window: ");
        time(m, 9);
        text_addf(m->text, ", timeout: ");
        time(m, 20);
        text_addf(m->text, "}\n");
    }
    if (one_in(m, 4)) {
        number(m, "  circuit: {requests: ", 1, 12);
        number(m, ", pending: ", 0, 4);
        number(m, ", retries: ", 0, 3);
        text_addf(m->text, "}\n");
    }
}
