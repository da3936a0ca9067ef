/* See random_scenario.h: the backends. */
#include "tests/unit/random_maker.h"

/* Discipline and what goes with it. */
static void nature(struct maker *m)
{
    static const char *const names[] = {
        "fifo", "ps", "lifo", "adaptive-lifo", "codel", "fifo", "fifo", "priority", "ps"};
    const char *name = names[below(m, sizeof names / sizeof names[0])];
    text_addf(m->text, ", discipline: %s", name);
    if (name[0] == 'a' && one_in(m, 2))
        number(m, ", lifo_above: ", 0, 4);
    if (name[0] == 'c' && one_in(m, 2)) {
        number(m, ", codel: {target: ", 0, 4);
        number(m, "ms, interval: ", 1, 8);
        text_addf(m->text, "ms}");
    }
    if (name[0] != 'p' || name[1] != 's') {
        if (one_in(m, 3)) {
            text_addf(m->text, ", queue_timeout: ");
            distribution(m, 12, true);
        }
        if (one_in(m, 4)) {
            number(m, ", controlled_delay: {target: ", 0, 4);
            number(m, "ms, interval: ", 1, 8);
            text_addf(m->text, "ms}");
        }
    }
    if (one_in(m, 5)) {
        number(m, ", cold_start: {factor: ", 1, 6);
        number(m, ", for: ", 1, 40);
        text_addf(m->text, "ms, curve: ");
        word(m, "linear|step|exponential");
        text_addf(m->text, "}");
    }
    if (one_in(m, 6)) {
        text_addf(m->text, ", pauses: {every: ");
        distribution(m, 20, false);
        text_addf(m->text, ", lasts: ");
        distribution(m, 6, true);
        text_addf(m->text, "}");
    }
    if (one_in(m, 6)) {
        text_addf(m->text, ", failures: {mtbf: ");
        distribution(m, 40, false);
        text_addf(m->text, ", mttr: ");
        distribution(m, 15, true);
        text_addf(m->text, ", kind: ");
        word(m, "kill|hang|pause");
        text_addf(m->text, ", while: ");
        word(m, "always|busy");
        text_addf(m->text, "}");
    }
    if (one_in(m, 4)) {
        number(m, ", contention: {sigma: ", 0, 20);
        number(m, "%, kappa: ", 0, 5);
        text_addf(m->text, "%%}");
    }
}

void random_group(struct maker *m, uint32_t g, uint32_t tier)
{
    bool zoned = g == 0 ? m->zone : m->zone && one_in(m, 2);
    m->counted[g] = one_in(m, 2);
    m->count[g] = m->counted[g] ? 1 + below(m, 3) : 1;
    m->backends += m->count[g];
    text_addf(m->text, "  - {name: g%u, tier: %u", g, tier);
    if (m->counted[g])
        text_addf(m->text, ", count: %u", m->count[g]);
    if (zoned)
        text_addf(m->text, ", zone: %s", g == 0 || one_in(m, 2) ? "here" : "there");
    number(m, ", weight: ", g == 0, g == 0 ? 3 : 4);
    number(m, ", slots: ", 1, 3);
    nature(m);
    text_addf(m->text, ", abandoned: ");
    word(m, "finish|cancel");
    if (one_in(m, 2))
        text_addf(m->text, ", queue: %u", below(m, 4));
    if (one_in(m, 2))
        text_addf(m->text, ", max_in_flight: %u", 1 + below(m, 4));
    if (one_in(m, 3)) {
        number(m, ", speed: ", 1, 2);
        number(m, ".", 0, 10);
    }
    if (one_in(m, 3)) {
        number(m, ", max_fails: ", 0, 3);
        number(m, ", fail_timeout: ", 0, 30);
        text_addf(m->text, "ms");
    }
    text_addf(m->text, "}\n");
}
