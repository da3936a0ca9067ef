/*
 * Random: each request to a backend drawn with chances proportional to the weights.
 *
 * The idea: lay the usable backends end to end, each as long as its weight, and throw a dart. A
 * dart that hits a backend this request may not have (tried, full) is thrown again; after a few in
 * vain the allowed ones are counted out, which gives the same chances in a bounded time.
 *
 * Cost: O(1) with equal weights, O(log n) without, O(n) when most backends are full.
 * Source: folklore; with Poisson arrivals each backend sees an independent Poisson stream, hence
 * the random split of queueing theory (n separate M/M/1 queues for exponential work).
 */
#include <stdlib.h>

#include "algorithms/shares.h"

struct state {
    const struct lb_pool *pool;
    struct lb_random *random;
    struct lb_shares shares; /* of the usable rows */
};

static void destroy(void *state)
{
    struct state *s = state;
    lb_shares_done(&s->shares);
    free(s);
}

static void on_pool_change(void *state, const int32_t *changed, uint32_t count, lb_time now)
{
    struct state *s = state;
    (void)changed, (void)count;
    lb_shares_build_warm(&s->shares, s->pool, now);
}

static void *create(const struct lb_setup *setup, struct lb_error *error)
{
    struct state *s = malloc(sizeof *s);
    if (s == NULL) {
        lb_error_set(error, LB_ERROR_MEMORY, "random: no memory");
        return NULL;
    }
    *s = (struct state){.pool = setup->pool, .random = setup->random};
    if (lb_shares_init(&s->shares, setup->pool, error) != 0) {
        destroy(s);
        return NULL;
    }
    on_pool_change(s, NULL, 0, setup->now);
    return s;
}

static int32_t pick(void *state, const struct lb_request *request, lb_time now)
{
    struct state *s = state;
    (void)now;
    int32_t row = lb_shares_throw(&s->shares, s->pool, request, NULL, 0, s->random);
    return row >= 0 ? row : lb_wait_or_none(s->pool, request);
}

static void describe(const void *state, lb_emit *emit, void *to)
{
    const struct state *s = state;
    for (uint32_t place = 0; place < s->shares.count; place++)
        emit(to, (int32_t)s->shares.row[place], "share",
             (double)lb_shares_of(&s->shares, place) / (double)s->shares.total);
}

extern const struct lb_algorithm lb_algorithm_random;
const struct lb_algorithm lb_algorithm_random = {
    .abi = LB_ABI,
    .name = "random",
    .title = "Random",
    .summary = "Draws a backend with chances proportional to the weights.",
    .reference = "the random split of queueing theory; products differ in the draw",
    .cost = "O(1), O(log n) with unequal weights",
    .changes = "Shares are laid out anew on each change; nothing is remembered between requests.",
    .claims = LB_CLAIM_ALWAYS | LB_CLAIM_WEIGHTS,
    .create = create,
    .destroy = destroy,
    .pick = pick,
    .on_pool_change = on_pool_change,
    .describe = describe,
};
