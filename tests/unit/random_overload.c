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
}
