/*
 * The solver of Markov chains against formulas, and against chains that others solved: two unequal
 * backends with ties at random, two balancers with books of their own. Nothing here is random.
 */
#include <math.h>
#include <stdbool.h>

#include "sim/base/queueing.h"
#include "sim/lab/markov.h"
#include "tests/check.h"

#define EIGHT 1e-8

/* --- M/M/c ------------------------------------------------------------------------------------ */

struct servers {
    double lambda;
    unsigned count;
};

static void servers_steps(const void *self, const struct markov_state *from,
                          struct markov_steps *steps)
{
    const struct servers *s = self;
    struct markov_state to = *from;
    to.at[0]++;
    markov_step(steps, &to, s->lambda);
    to = *from;
    if (to.at[0]-- > 0)
        markov_step(steps, &to, fmin(from->at[0], s->count));
}

static unsigned first_part(const void *self, const struct markov_state *state)
{
    (void)self;
    return state->at[0];
}

static void all_busy(const void *self, const struct markov_state *state, double *values)
{
    const struct servers *s = self;
    values[0] = state->at[0] >= s->count;
    values[1] = fmin(state->at[0], s->count);
}

static void test_servers(void)
{
    static const struct servers cases[] = {{0.5, 1}, {0.8, 1}, {3.2, 4}, {7.2, 8}, {9, 100}};
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        const struct servers *s = &cases[i];
        struct markov_result r = markov_solve(&(struct markov){
            .self = s, .steps = servers_steps, .present = first_part, .values = all_busy});
        CHECK_CLOSE(r.rate, s->lambda, EIGHT);
        CHECK_CLOSE(r.present / r.rate, queueing_mmc_mean(s->lambda, 1, s->count), EIGHT);
        CHECK_CLOSE(r.values[1], s->lambda, EIGHT);
        if (s->count < 100)
            CHECK_CLOSE(r.values[0], queueing_erlang_c(s->lambda, s->count), EIGHT);
        CU_ASSERT(r.accuracy < EIGHT);
    }
}

/* Overloaded: no cut is late enough, and it says so. */
static void test_overloaded(void)
{
    struct servers s = {1.1, 1};
    struct markov_result r =
        markov_solve(&(struct markov){.self = &s, .steps = servers_steps, .present = first_part});
    CU_ASSERT(isnan(r.present));
}

/* --- two unequal backends, ties at random -------------------------------------------------------- */

struct pair {
    double lambda, mu[2], weight[2];
    bool counts_itself, idle_first; /* SED; NQ */
    double mean, busy;              /* as others have it */
};

static void pair_steps(const void *self, const struct markov_state *from,
                       struct markov_steps *steps)
{
    const struct pair *p = self;
    double key[2];
    for (int i = 0; i < 2; i++)
        key[i] = (from->at[i] + (p->counts_itself ? 1 : 0)) / p->weight[i];
    if (p->idle_first && (from->at[0] == 0 || from->at[1] == 0)) {
        key[0] = from->at[0] == 0 ? 0 : 2;
        key[1] = 1;
    }
    for (int i = 0; i < 2; i++) {
        struct markov_state to = *from;
        to.at[i]++;
        double share = key[i] < key[1 - i] ? 1 : key[i] == key[1 - i] ? 0.5 : 0;
        markov_step(steps, &to, share * p->lambda);
        to = *from;
        if (to.at[i]-- > 0)
            markov_step(steps, &to, p->mu[i]);
    }
}

static unsigned all_parts(const void *self, const struct markov_state *state)
{
    unsigned sum = 0;
    (void)self;
    for (int i = 0; i < MARKOV_PARTS; i++)
        sum += state->at[i];
    return sum;
}

static void first_busy(const void *self, const struct markov_state *state, double *values)
{
    (void)self;
    values[0] = state->at[0] > 0;
}

static void test_pairs(void)
{
    static const struct pair pairs[] = {
        {1.5, {2, 1}, {2, 1}, true, false, 0.9298945343, 0.5749976795},
        {1.5, {2, 1}, {2, 1}, true, true, 0.9074146837, 0.5429685249},
        {2.4, {2, 1}, {2, 1}, true, false, 1.978152567, 0.8429658056},
        {2.4, {2, 1}, {2, 1}, true, true, 1.955642813, 0.8268909578},
        {3.2, {3, 1}, {3, 1}, true, false, 1.505257765, 0.8559238668},
        {3.2, {3, 1}, {3, 1}, true, true, 1.473677076, 0.8172719158},
        {3.2, {3, 1}, {3, 1}, false, false, 1.48287516, 0.7907426427},
    };
    for (size_t i = 0; i < sizeof pairs / sizeof pairs[0]; i++) {
        struct markov_result r = markov_solve(&(struct markov){
            .self = &pairs[i], .steps = pair_steps, .present = all_parts, .values = first_busy});
        CHECK_CLOSE(r.present / r.rate, pairs[i].mean, EIGHT);
        CHECK_CLOSE(r.values[0], pairs[i].busy, EIGHT);
    }
}

static const struct check_test tests[] = {
    {"servers in a row", test_servers},
    {"an overloaded queue has no mean", test_overloaded},
    {"unequal pairs, ties at random", test_pairs},
};

CHECK_MAIN("Markov chains")
