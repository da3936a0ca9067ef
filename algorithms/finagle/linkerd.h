/*
 * The choice that tower's balancers share, and with them linkerd2: two different ready endpoints, a
 * if load(a) <= load(b).
 *
 * Words of tower and of the rows: an endpoint is ready when its row may take this request (usable,
 * not full; not tried by it, of which tower knows nothing). Draws are uniform, weights other than 0
 * do not count. A lone ready endpoint is taken as it is.
 *
 * Source: tower 2026, tower/src/balance/p2c/service.rs; linkerd2-proxy 2026, linkerd/pool/p2c. Rules
 * in our own words and code.
 */
#ifndef LB_FINAGLE_LINKERD_H
#define LB_FINAGLE_LINKERD_H

#include "algorithms/pair.h"
#include "algorithms/shares.h"

/* The load of a row; it may write the state, as tower's peak EWMA does. */
typedef double lb_linkerd_load(void *state, uint32_t row, lb_time now);

static inline void lb_linkerd_change(struct lb_shares *endpoints, const struct lb_pool *pool)
{
    lb_shares_build(endpoints, pool, LB_PRESENT | LB_USABLE);
    lb_shares_level(endpoints);
}

static inline int32_t lb_linkerd_pick(const struct lb_shares *endpoints, const struct lb_pool *pool,
                                      struct lb_random *random, const struct lb_request *request,
                                      lb_linkerd_load *load, void *state, lb_time now)
{
    int32_t first, second;
    if (endpoints->count >= 2) { /* both are ready, nearly always */
        uint32_t a, b;
        lb_pair_draw(random, endpoints->count, &a, &b);
        a = endpoints->row[a];
        b = endpoints->row[b];
        if (lb_may(pool, request, a) && lb_may(pool, request, b)) {
            double load_a = load(state, a, now);
            return (int32_t)(load_a <= load(state, b, now) ? a : b);
        }
    }
    first = lb_shares_throw(endpoints, pool, request, NULL, 0, random);
    if (first < 0)
        return lb_wait_or_none(pool, request);
    uint32_t chosen = (uint32_t)first;
    second = lb_shares_throw(endpoints, pool, request, &chosen, 1, random);
    if (second < 0)
        return first;
    double load_first = load(state, chosen, now);
    return load_first <= load(state, (uint32_t)second, now) ? first : second;
}

#endif
