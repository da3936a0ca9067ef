/* What a balancer of a random scenario refuses: see random_scenario.c. */
#include "tests/unit/random_maker.h"

static void breaker(struct maker *m)
{
    text_addf(m->text, "  breaker: {");
    word(m, "failures: 50%|failures: 1%|consecutive: 2|consecutive: 1|slow: 30%, slow_after: 3ms|"
            "failures: 40%, consecutive: 3, slow: 90%, slow_after: 9ms|slow: 1%, slow_after: 1us");
    word(m,
         ", last: 4, minimum: 3|, within: 30ms, minimum: 2|, within: 3ns, minimum: 1|, minimum: 5");
    text_addf(m->text, ", open: ");
    time(m, 20);
    word(m, "|, open_max: 1s");
    number(m, ", permits: ", 1, 3);
    word(m, "|, max_open: 50%|, max_open: 0");
    text_addf(m->text, "}\n");
}

static void connections(struct maker *m)
{
    number(m, "  connections: {round_trips: ", 0, 3);
    word(m, "|, keep: 0|, keep: 1|, keep: 3");
    word(m, "|, max: 1|, max: 4");
    word(m, "|, requests: 1|, requests: 3");
    if (one_in(m, 2)) {
        text_addf(m->text, ", idle: ");
        time(m, 9);
    }
    if (one_in(m, 3)) {
        text_addf(m->text, ", max_age: ");
        time(m, 30);
    }
    if (one_in(m, 3)) {
        text_addf(m->text, ", handshake: ");
        time(m, 5);
    }
    text_addf(m->text, "}\n");
}

void random_overload(struct maker *m, bool layer4)
{
    bool reuses = !layer4 && one_in(m, 2);
    if (reuses)
        connections(m);
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
        if (reuses)
            number(m, ", connections: ", 1, 9);
        number(m, ", pending: ", 0, 4);
        number(m, ", retries: ", 0, 3);
        text_addf(m->text, "}\n");
    }
    if (!layer4 && one_in(m, 3))
        breaker(m);
}
