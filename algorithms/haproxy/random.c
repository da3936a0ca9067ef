/*
 * HAProxy random(draws): draws on the consistent-hash ring, the least loaded of them wins.
 *
 * The idea: each draw is a random number looked up on the ring of chash.h, with replacement; the
 * earlier candidate p stays against a later, different q only if served[q] x e[p] > served[p] x e[q],
 * so ties go to the later draw. Since arcs of the ring are not equal, shares are not proportional to
 * the weights: four equal servers with ids 1 to 4 get .289, .185, .243 and .283 of single draws. If
 * the winner is saturated the request waits in the common queue: there is no second choice.
 *
 * Cost: O(draws); a change O(points).
 * Source: HAProxy 2.6.12, src/backend.c (get_server_rnd), src/lb_chash.c; rules in our own words and
 * code. The distributions recorded under tests/golden/haproxy pass a chi-square test.
 */
#include <stdlib.h>

#include "algorithms/haproxy/chash.h"

static const struct lb_param params[] = {
    {.name = "draws",
     .unit = "",
     .value = 2,
     .min = 1,
     .max = 64,
     .help = "how many draws the least loaded is taken of"},
    {.name = NULL},
};

struct state {
    struct lb_haproxy_chash ring;
    struct lb_random *random;
    uint32_t draws;
};

static void on_pool_change(void *state, const int32_t *changed, uint32_t count, lb_time now)
{
    struct state *s = state;
    lb_haproxy_chash_change(&s->ring, changed, count, now);
}

static void destroy(void *state)
{
    struct state *s = state;
    lb_haproxy_chash_done(&s->ring);
    free(s);
}

static void *create(const struct lb_setup *setup, struct lb_error *error)
{
    struct state *s = malloc(sizeof *s);
    if (s == NULL) {
        lb_error_set(error, LB_ERROR_MEMORY, "haproxy-random: no memory");
        return NULL;
    }
    s->random = setup->random;
    s->draws = (uint32_t)lb_value(setup, params, 0);
    if (lb_haproxy_chash_init(&s->ring, setup->pool, setup->now, error) != 0) {
        destroy(s);
        return NULL;
    }
    return s;
}

static int32_t pick(void *state, const struct lb_request *request, lb_time now)
{
    struct state *s = state;
    lb_haproxy_chash_tick(&s->ring, now);
    const struct lb_backend *at = s->ring.pool->at;
    const uint32_t *e = s->ring.weights.e;
    int32_t avoid = lb_haproxy_avoid(request), best = LB_NONE;
    for (uint32_t n = 0; n < s->draws; n++) {
        uint32_t hash = (uint32_t)(lb_random_u64(s->random) >> 32);
        int32_t drawn = lb_haproxy_chash_at(&s->ring, hash, avoid, 0);
        if (drawn < 0)
            return LB_NONE;
        if (best < 0 || drawn == best ||
            (uint64_t)at[drawn].in_flight * e[best] <= (uint64_t)at[best].in_flight * e[drawn])
            best = drawn;
    }
    if (lb_haproxy_saturated(&at[best], now))
        return lb_haproxy_wait(s->ring.pool, request);
    return best;
}

static void describe(const void *state, lb_emit *emit, void *to)
{
    const struct state *s = state;
    emit(to, -1, "draws", s->draws);
    lb_haproxy_chash_describe(&s->ring, emit, to);
}

extern const struct lb_algorithm lb_algorithm_haproxy_random;
const struct lb_algorithm lb_algorithm_haproxy_random = {
    .abi = LB_ABI,
    .name = "haproxy-random",
    .title = "HAProxy random",
    .summary =
        "Random points of the hash ring, the least loaded of the draws; waits if that is full.",
    .reference = "HAProxy 2.6.12, balance random(draws), src/backend.c",
    .cost = "O(draws)",
    .changes =
        "Points of the server come or go, the others stay; slow start adds points. A saturated "
        "winner: the common queue, though others may be free.",
    .params = params,
    .create = create,
    .destroy = destroy,
    .pick = pick,
    .on_pool_change = on_pool_change,
    .describe = describe,
};
