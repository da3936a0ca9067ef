/*
 * Weighted round robin, smooth: turns in proportion to the weights, spread out evenly.
 *
 * The idea: the step of smooth.h over all who may take the request. Over sum(weights) picks each
 * backend is picked exactly weight times, {5,1,1} in the order a a b a c a a, and all credits are
 * back at 0.
 *
 * Weights count in thousandths: a backend in slow start has the part of its weight that it has
 * warmed up to (warm.h), and all else is as it would be in whole weights. A step of warming keeps
 * the credits, so that a slow cycle is not started again and again.
 *
 * Cost: O(n) a pick, 16 bytes a row.
 * Source: the order is nginx's (release 1.22.1, also Apache httpd's byrequests), without nginx's
 * passive health: for that see nginx-round-robin. Other products order the same shares otherwise.
 */
#include <stdlib.h>

#include "algorithms/smooth.h"
#include "algorithms/warm.h"

struct state {
    const struct lb_pool *pool;
    struct turn {
        int64_t credit;
        uint32_t weight; /* as last seen; 0 = absent */
        uint32_t units;  /* of slow start, for each of its weight */
    } turn[];            /* one for each row there can be */
};

static uint32_t weight_of(const struct lb_backend *b)
{
    return (b->flags & LB_PRESENT) != 0 ? b->weight : 0;
}

/* The cycle starts again when the weights change: credits saved up under the old ones would make
 * a backend whose weight shrank wait for many cycles. */
static void on_pool_change(void *state, const int32_t *changed, uint32_t count, lb_time now)
{
    struct state *s = state;
    bool restart = false;
    for (uint32_t k = 0; k < count; k++) {
        struct turn *turn = &s->turn[changed[k]];
        uint32_t weight = weight_of(&s->pool->at[changed[k]]);
        restart = restart || weight != turn->weight;
        turn->weight = weight;
        turn->units = lb_warm_units(&s->pool->at[changed[k]], now);
    }
    for (uint32_t i = 0; restart && i < s->pool->count; i++)
        s->turn[i].credit = 0;
}

static void *create(const struct lb_setup *setup, struct lb_error *error)
{
    const struct lb_pool *pool = setup->pool;
    size_t max = pool->max > pool->count ? pool->max : pool->count;
    struct state *s = calloc(1, sizeof *s + max * sizeof s->turn[0]);
    if (s == NULL) {
        lb_error_set(error, LB_ERROR_MEMORY, "weighted-round-robin: no memory");
        return NULL;
    }
    s->pool = pool;
    for (uint32_t i = 0; i < pool->count; i++) {
        s->turn[i].weight = weight_of(&pool->at[i]);
        s->turn[i].units = lb_warm_units(&pool->at[i], setup->now);
    }
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
    struct lb_smooth turn = {.best = LB_NONE};
    for (uint32_t i = 0; i < s->pool->count; i++)
        if (lb_may(s->pool, request, i))
            lb_smooth_join(&turn, i, &s->turn[i].credit,
                           (int64_t)s->pool->at[i].weight * s->turn[i].units);
    if (turn.best == LB_NONE)
        return lb_wait_or_none(s->pool, request);
    s->turn[turn.best].credit -= turn.total;
    return turn.best;
}

static void describe(const void *state, lb_emit *emit, void *to)
{
    const struct state *s = state;
    for (uint32_t i = 0; i < s->pool->count; i++)
        if (s->turn[i].weight != 0)
            emit(to, (int32_t)i, "credit", (double)s->turn[i].credit / LB_WARM_UNITS);
}

extern const struct lb_algorithm lb_algorithm_weighted_round_robin;
const struct lb_algorithm lb_algorithm_weighted_round_robin = {
    .abi = LB_ABI,
    .name = "weighted-round-robin",
    .title = "Weighted round robin",
    .summary = "Turns in proportion to the weights, spread out evenly over the cycle.",
    .reference = "smooth weighted round robin in the order of nginx 1.22.1, without passive health",
    .cost = "O(n)",
    .changes = "A backend that is down or full keeps its credit and is skipped; a changed weight, "
               "a newcomer or a leaver starts the cycle again.",
    .claims = LB_CLAIM_ALWAYS | LB_CLAIM_WEIGHTS,
    .create = create,
    .destroy = destroy,
    .pick = pick,
    .on_pool_change = on_pool_change,
    .describe = describe,
};
