/*
 * See chain.h. States are numbered by the combinatorial number system: the sorted vector
 * q[0] >= q[1] >= ... >= q[n-1] has rank sum C(q[i] + n - 1 - i, n - i), so that a neighbour's rank
 * differs by one binomial and no table of transitions is needed.
 */
#include "sim/lab/chain.h"

#include <math.h>
#include <stdint.h>
#include <stdlib.h>

#include "sim/base/text.h"

#define BACKENDS_MAX 16
#define LENGTH_MAX   400
#define STATES_MAX   1.6e6
#define SWEEPS_MAX   500
#define SWEEPS_LOOK  25    /* after which one sees whether the cut will do */
#define CHANGE       1e-10 /* of the mean, relative, over a sweep: solved */
#define CUT          1e-7  /* mass of the states with a full queue: long enough */
#define WORST        1e-4  /* accuracy beyond which there is no result */

struct level {             /* of the states with one number of requests in the farm */
    double mass, up, down; /* up, down: mass x rate of arrivals, of departures */
    double scale;
};

struct chain {
    unsigned n, length;
    bool idle_first;
    double lambda;
    double joins[BACKENDS_MAX + 1]; /* P(it goes to one of the m shortest) */
    uint32_t choose[LENGTH_MAX + BACKENDS_MAX][BACKENDS_MAX];
    uint32_t states;
    double *p;
    struct level *levels;
    uint32_t level_count;
    double full; /* mass of the states in which some queue is full */
};

static double binomial(unsigned n, unsigned k)
{
    double value = n < k ? 0 : 1;
    for (unsigned i = 1; i <= k && n >= k; i++)
        value = value * (n - k + i) / i;
    return round(value);
}

/* The next vector in order of rank; false after the last. */
static bool chain_next(const struct chain *c, unsigned *q)
{
    for (unsigned i = c->n; i-- > 0;) {
        if (q[i] < (i == 0 ? c->length : q[i - 1])) {
            q[i]++;
            for (unsigned k = i + 1; k < c->n; k++)
                q[k] = 0;
            return true;
        }
    }
    return false;
}

/* How the rank changes when q[i] grows from value to value + 1. */
static uint32_t chain_step(const struct chain *c, unsigned value, unsigned i)
{
    return c->choose[value + c->n - 1 - i][c->n - 1 - i];
}

/* An arrival's chance to join a group of backends that all have `value`, those between the `above`-th and the
 * `below`-th from the shortest on; idle: there is one without a request. */
static double chain_join(const struct chain *c, unsigned value, bool idle, unsigned below,
                         unsigned above)
{
    if (c->idle_first && idle)
        return value == 0 ? 1 : 0;
    return c->joins[above] - c->joins[below];
}

/* What flows into a state, and at which rates it is left. */
struct flow {
    double in, up, down;
};

/*
 * Backends of equal queues lie between `from` and `until`. An arrival lengthens the first of such a
 * group and a departure shortens the last; so before an arrival the last one here stood with those
 * of one less, and before a departure the first one here stood with those of one more.
 */
static struct flow chain_flow(const struct chain *c, const unsigned *q, uint32_t rank)
{
    struct flow flow = {0, 0, 0};
    for (unsigned from = 0, until; from < c->n; from = until) {
        for (until = from + 1; until < c->n && q[until] == q[from];)
            until++;
        unsigned value = q[from];
        if (value > 0) {
            unsigned end = until;
            while (end < c->n && q[end] == value - 1)
                end++;
            bool idle = value == 1 || q[c->n - 1] == 0;
            double share = chain_join(c, value - 1, idle, c->n - end, c->n - until + 1);
            flow.in += c->lambda * share * c->p[rank - chain_step(c, value - 1, until - 1)];
            flow.down += until - from;
        }
        if (value < c->length) {
            unsigned begin = from;
            while (begin > 0 && q[begin - 1] == value + 1)
                begin--;
            flow.in += (from - begin + 1) * c->p[rank + chain_step(c, value, from)];
            flow.up += chain_join(c, value, q[c->n - 1] == 0, c->n - until, c->n - from);
        }
    }
    flow.up *= c->lambda;
    return flow;
}

static uint32_t chain_total(const struct chain *c, const unsigned *q)
{
    uint32_t total = 0;
    for (unsigned i = 0; i < c->n; i++)
        total += q[i];
    return total;
}

/* One Gauss-Seidel sweep; fills mass, up and down of the levels as they then are. */
static void chain_sweep(struct chain *c)
{
    unsigned q[BACKENDS_MAX] = {0};
    uint32_t rank = 0;
    for (uint32_t i = 0; i < c->level_count; i++)
        c->levels[i] = (struct level){0, 0, 0, 0};
    c->full = 0;
    do {
        struct flow flow = chain_flow(c, q, rank);
        double p = flow.in / (flow.up + flow.down);
        struct level *level = &c->levels[chain_total(c, q)];
        c->p[rank++] = p;
        level->mass += p;
        level->up += p * flow.up;
        level->down += p * flow.down;
        c->full += q[0] == c->length ? p : 0;
    } while (chain_next(c, q));
}

/*
 * Scales every level to the mass that the cut between it and the one below asks for, the whole to
 * 1. Returns the mean response, by Little's law over those who were let in.
 */
static double chain_balance(struct chain *c)
{
    double scale = 1, sum = 0, number = 0, rate = 0;
    for (uint32_t i = 0; i < c->level_count; i++) {
        struct level *level = &c->levels[i];
        if (i > 0)
            scale = level->down > 0 ? scale * c->levels[i - 1].up / level->down : 0;
        level->scale = scale;
        sum += level->mass * scale;
        number += level->mass * scale * i;
        rate += level->up * scale;
    }
    unsigned q[BACKENDS_MAX] = {0};
    uint32_t rank = 0;
    do
        c->p[rank++] *= c->levels[chain_total(c, q)].scale / sum;
    while (chain_next(c, q));
    c->full /= sum;
    return number / rate;
}

static void chain_set(struct chain *c, const struct chain_farm *farm, unsigned length)
{
    c->n = farm->backends;
    c->length = length;
    c->lambda = farm->rho * c->n;
    c->level_count = c->n * length + 1;
    c->idle_first = farm->choices == 0;
    for (unsigned m = 0; m <= c->n; m++)
        c->joins[m] = farm->choices == 0 ? (double)m / c->n
                      : farm->replacement
                          ? 1 - pow((double)(c->n - m) / c->n, farm->choices)
                          : 1 - binomial(c->n - m, farm->choices) / binomial(c->n, farm->choices);
    for (unsigned i = 0; i < length + c->n; i++)
        for (unsigned k = 0; k < c->n; k++) { /* those that do not fit are never asked for */
            double value = binomial(i, k);
            c->choose[i][k] = value < UINT32_MAX ? (uint32_t)value : 0;
        }
    c->states = (uint32_t)binomial(c->n + length, c->n);
}

/* A first guess: each level as under random choice, and long queues beside short ones rare. */
static void chain_start(struct chain *c, double rho)
{
    unsigned q[BACKENDS_MAX] = {0};
    uint32_t rank = 0;
    do
        c->p[rank++] = pow(rho, chain_total(c, q)) * exp2(-2.0 * (q[0] - q[c->n - 1]));
    while (chain_next(c, q));
}

/* What the queues look like, out of the probabilities. */
static void chain_look(const struct chain *c, struct chain_result *result)
{
    unsigned q[BACKENDS_MAX] = {0};
    uint32_t rank = 0;
    result->at_least_2 = result->at_least_3 = result->all_busy = result->longest = 0;
    do {
        double p = c->p[rank++];
        for (unsigned i = 0; i < c->n; i++) {
            result->at_least_2 += q[i] >= 2 ? p / c->n : 0;
            result->at_least_3 += q[i] >= 3 ? p / c->n : 0;
        }
        result->all_busy += q[c->n - 1] > 0 ? p : 0;
        result->longest += p * q[0];
    } while (chain_next(c, q));
}

/* The chain with queues cut at `length`. */
static struct chain_result chain_cut(struct chain *c, const struct chain_farm *farm,
                                     unsigned length)
{
    struct chain_result result = {.mean = NAN, .accuracy = INFINITY, .length = length};
    chain_set(c, farm, length);
    c->p = text_need(c->states * sizeof *c->p);
    c->levels = text_need_zero(c->level_count, sizeof *c->levels);
    chain_start(c, farm->rho);
    double change = INFINITY;
    for (int sweep = 0; sweep < SWEEPS_MAX && change > CHANGE; sweep++) {
        double before = result.mean;
        chain_sweep(c);
        result.mean = chain_balance(c);
        if (sweep > 0)
            change = fabs(result.mean - before) / result.mean;
        if (sweep == SWEEPS_LOOK && c->full * length > WORST)
            break;
    }
    /* The last change, times what geometric convergence may leave behind it; and those turned away
     * at the cut would have waited about its length. */
    result.accuracy = 100 * change + c->full * length;
    chain_look(c, &result);
    free(c->levels);
    free(c->p);
    return result;
}

struct chain_result chain_solve(const struct chain_farm *farm)
{
    struct chain_result result = {.mean = NAN, .accuracy = INFINITY};
    unsigned n = farm->backends;
    bool all = farm->choices >= n && !farm->replacement;
    if (n < 2 || n > BACKENDS_MAX || !(farm->rho > 0 && farm->rho < 1))
        return result;
    struct chain_farm limited = *farm;
    if (all)
        limited.choices = n;
    struct chain *c = text_need_zero(1, sizeof *c);
    for (unsigned length = 8; length <= LENGTH_MAX; length += length / 3) {
        if (binomial(n + length, n) > STATES_MAX)
            break;
        result = chain_cut(c, &limited, length);
        if (c->full < CUT)
            break;
    }
    if (!(result.accuracy < WORST))
        result.mean = NAN;
    free(c);
    return result;
}
