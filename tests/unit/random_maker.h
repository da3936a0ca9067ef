/*
 * What the parts of random_scenario.c share: the scenario in the making, and words and numbers of it.
 */
#ifndef TESTS_UNIT_RANDOM_MAKER_H
#define TESTS_UNIT_RANDOM_MAKER_H

#include "algorithms/random.h"
#include "sim/base/text.h"

#define CLIENTS_MAX 3
#define GROUPS_MAX  4

struct maker {
    struct text *text;
    struct lb_random random;
    uint32_t clients, groups, backends, duration, warmup; /* ms */
    uint32_t count[GROUPS_MAX];
    bool counted[GROUPS_MAX], closed[CLIENTS_MAX + 8], steady, zone;
    bool back, store; /* all clients come back; there is an external store */
};

static inline uint32_t below(struct maker *m, uint32_t n)
{
    return lb_random_below(&m->random, n);
}

static inline bool one_in(struct maker *m, uint32_t n)
{
    return below(m, n) == 0;
}

/* One of the words that stand between bars: "a|b|c". */
static inline void word(struct maker *m, const char *words)
{
    uint32_t n = 1;
    for (const char *c = words; *c != '\0'; c++)
        n += *c == '|';
    for (uint32_t k = below(m, n); k > 0; words++)
        k -= *words == '|';
    size_t size = 0;
    while (words[size] != '\0' && words[size] != '|')
        size++;
    text_add(m->text, words, size);
}

/* A key and a number in [least, least + n). One draw a statement: compilers evaluate arguments in
 * different orders, and a seed should mean the same scenario with each. */
static inline void number(struct maker *m, const char *key, uint32_t least, uint32_t n)
{
    text_addf(m->text, "%s%u", key, least + below(m, n));
}

/* A time up to `max` ms, whole or odd. */
static inline void time(struct maker *m, uint32_t max)
{
    if (one_in(m, 3))
        text_addf(m->text, "%uns", 1 + below(m, max * 1000000));
    else
        text_addf(m->text, "%ums", 1 + below(m, max));
}

static inline void distribution(struct maker *m, uint32_t max, bool zero)
{
    uint32_t mean = 1 + below(m, 1000 * max);
    switch (below(m, zero ? 8 : 7)) {
    case 0:
    case 1:
        text_addf(m->text, "constant(%ums)", 1 + below(m, max));
        break;
    case 2:
        text_addf(m->text, "\"uniform(min=%uns, max=%uus)\"", below(m, 1000), mean + 1);
        break;
    case 3:
    case 4:
        text_addf(m->text, "exponential(mean=%uus)", mean);
        break;
    case 5:
        text_addf(m->text, "\"lognormal(mean=%uus, cv=2)\"", mean);
        break;
    case 6:
        text_addf(m->text, "\"mix(60%% constant(%uus), 40%% exponential(mean=%uus))\"", mean, mean);
        break;
    default:
        text_addf(m->text, "constant(0)");
    }
}

/* Connections of a group, and what a balancer does about them: whether it is of layer 4
 * (random_connections.c). */
void random_client_connections(struct maker *m);
bool random_balancer_connections(struct maker *m);
/* An entry under `backends` (random_backends.c). */
void random_group(struct maker *m, uint32_t g, uint32_t tier);

/* Keys of the balancer (random_overload.c). */
void random_overload(struct maker *m, bool layer4);

/* An entry under `timeline` (random_actions.c). */
void random_action_line(struct maker *m);

#endif
