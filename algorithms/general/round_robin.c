/*
 * Round robin: the backends take turns, whatever their weights.
 *
 * The idea: a hand points at the row whose turn is next. The first row from there on that may take
 * the request gets it, and the hand moves behind it. Rows that are skipped lose their turn.
 *
 * Cost: O(1); O(n) when most backends are down or full.
 * Source: the plain form that IPVS rr, gRPC and Varnish share up to where they start; this one
 * starts at the first row.
 */
#include <stdlib.h>

#include "algorithms/lb.h"

struct state {
    const struct lb_pool *pool;
    uint32_t next; /* row whose turn it is; may be beyond the last, then it is the first's */
};

static void *create(const struct lb_setup *setup, struct lb_error *error)
{
    struct state *s = malloc(sizeof *s);
    if (s == NULL)
        lb_error_set(error, LB_ERROR_MEMORY, "round-robin: no memory");
    else
        *s = (struct state){.pool = setup->pool};
    return s;
}

static void destroy(void *state)
{
    free(state);
}

static int32_t pick(void *state, const struct lb_request *request, lb_time now)
{
    struct state *s = state;
    (void)now;
    uint32_t row = s->next;
    for (uint32_t step = 0; step < s->pool->count; step++, row++) {
        if (row >= s->pool->count)
            row = 0;
        if (lb_may(s->pool, request, row)) {
            s->next = row + 1;
            return (int32_t)row;
        }
    }
    return lb_wait_or_none(s->pool, request);
}

static void describe(const void *state, lb_emit *emit, void *to)
{
    const struct state *s = state;
    emit(to, -1, "next", s->next < s->pool->count ? s->next : 0);
}

extern const struct lb_algorithm lb_algorithm_round_robin;
const struct lb_algorithm lb_algorithm_round_robin = {
    .abi = LB_ABI,
    .name = "round-robin",
    .title = "Round robin",
    .summary = "Backends take turns in order of declaration; weights do not matter.",
    .reference = "plain round robin, as IPVS rr and Varnish round_robin, from the first backend on",
    .cost = "O(1)",
    .changes = "The hand stays where it is: whoever cannot take its turn is skipped, a newcomer is "
               "reached when the hand gets there.",
    .claims = LB_CLAIM_ALWAYS,
    .create = create,
    .destroy = destroy,
    .pick = pick,
    .describe = describe,
};
