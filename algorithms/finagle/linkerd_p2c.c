/*
 * linkerd-p2c: tower's power of two choices by requests in flight, as linkerd2 builds on.
 *
 * The idea: of two different ready endpoints drawn at random, the one with fewer requests pending;
 * the first drawn on ties. See linkerd.h.
 *
 * Cost: O(1); O(n) when most backends are full.
 * Source: tower 2026, tower/src/balance/p2c/service.rs, tower/src/load/pending_requests.rs.
 */
#include <stdlib.h>

#include "algorithms/finagle/linkerd.h"

struct state {
    const struct lb_pool *pool;
    struct lb_random *random;
    struct lb_shares endpoints;
};

static void destroy(void *state)
{
    struct state *s = state;
    lb_shares_done(&s->endpoints);
    free(s);
}

static void on_pool_change(void *state, const int32_t *changed, uint32_t count, lb_time now)
{
    struct state *s = state;
    (void)changed, (void)count, (void)now;
    lb_linkerd_change(&s->endpoints, s->pool);
}

static void *create(const struct lb_setup *setup, struct lb_error *error)
{
    struct state *s = calloc(1, sizeof *s);
    if (s == NULL) {
        lb_error_set(error, LB_ERROR_MEMORY, "linkerd-p2c: no memory");
        return NULL;
    }
    s->pool = setup->pool;
    s->random = setup->random;
    if (lb_shares_init(&s->endpoints, setup->pool, error) != 0) {
        destroy(s);
        return NULL;
    }
    on_pool_change(s, NULL, 0, setup->now);
    return s;
}

static inline double pending(void *state, uint32_t row, lb_time now)
{
    const struct state *s = state;
    (void)now;
    return s->pool->at[row].in_flight;
}

static int32_t pick(void *state, const struct lb_request *request, lb_time now)
{
    struct state *s = state;
    return lb_linkerd_pick(&s->endpoints, s->pool, s->random, request, pending, s, now);
}

static void describe(const void *state, lb_emit *emit, void *to)
{
    const struct state *s = state;
    emit(to, -1, "candidates", s->endpoints.count);
    for (uint32_t place = 0; place < s->endpoints.count; place++) {
        uint32_t row = s->endpoints.row[place];
        emit(to, (int32_t)row, "load", s->pool->at[row].in_flight);
    }
}

extern const struct lb_algorithm lb_algorithm_linkerd_p2c;
const struct lb_algorithm lb_algorithm_linkerd_p2c = {
    .abi = LB_ABI,
    .name = "linkerd-p2c",
    .title = "linkerd p2c, least requests",
    .summary = "Of two different ready backends drawn evenly, the one with fewer in flight.",
    .reference = "tower 2026, balance/p2c/service.rs; linkerd2-proxy 2026, linkerd/pool/p2c",
    .cost = "O(1), O(n) when most backends are full",
    .changes = "Follows the books at once; weights other than 0 do not count.",
    .claims = LB_CLAIM_ALWAYS,
    .create = create,
    .destroy = destroy,
    .pick = pick,
    .on_pool_change = on_pool_change,
    .describe = describe,
};
