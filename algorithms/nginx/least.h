/*
 * The two passes of nginx's least_conn and least_time: the least load for the weight, and turns
 * among equals.
 *
 * The idea: a first pass finds the first peer with the least load / weight. When others tie with
 * it, a second pass gives turns by the smooth round robin, but only from that peer to the end of
 * the list, and it compares with the best so far, which moves during the pass.
 *
 * Cost: O(n), two passes when there are ties.
 * Source: nginx 1.22.1, src/http/modules/ngx_http_upstream_least_conn_module.c; rules only.
 */
#ifndef LB_NGINX_LEAST_H
#define LB_NGINX_LEAST_H

#include "algorithms/nginx/peers.h"

/* A peer's load, a whole number. state begins with the peers. */
typedef uint64_t lb_nginx_load(const void *state, uint32_t row, int64_t second);

__extension__ typedef unsigned __int128 lb_nginx_wide; /* a load times a weight */

/* Less than zero, zero or more as a's load for its weight is less, the same or more than b's. */
static inline int lb_nginx_compare(uint64_t a_load, uint32_t a_weight, uint64_t b_load,
                                   uint32_t b_weight)
{
    lb_nginx_wide a = (lb_nginx_wide)a_load * b_weight, b = (lb_nginx_wide)b_load * a_weight;
    return (a > b) - (a < b);
}

/* Turns among those that tie, from `best` on. `follows`: when the best moves, whose load is
 * compared moves with it (least_conn); else it stays the first one's (least_time). */
static inline int32_t lb_nginx_pick_in_turn(void *state, const struct lb_request *request,
                                            int64_t second, lb_nginx_load *load, bool follows,
                                            uint32_t best)
{
    struct lb_nginx_peers *peers = state;
    const struct lb_backend *at = peers->pool->at;
    struct lb_smooth turn = {.best = LB_NONE};
    uint64_t best_load = load(state, best, second);
    for (uint32_t i = best; i < peers->pool->count; i++) {
        if (!lb_nginx_peers_may(peers, request, i, second) ||
            lb_nginx_compare(load(state, i, second), at[i].weight, best_load, at[best].weight) != 0)
            continue;
        lb_nginx_peers_join(peers, &turn, i);
        best = (uint32_t)turn.best;
        if (follows)
            best_load = load(state, best, second);
    }
    return lb_nginx_peers_take(peers, best, turn.total, second);
}

static inline int32_t lb_nginx_pick_least(void *state, const struct lb_request *request,
                                          lb_time now, lb_nginx_load *load, bool follows)
{
    struct lb_nginx_peers *peers = state;
    const struct lb_backend *at = peers->pool->at;
    int64_t second = lb_nginx_second(now);
    uint64_t best_load = 0;
    int32_t best = LB_NONE;
    bool many = false;
    for (uint32_t i = 0; i < peers->pool->count; i++) {
        if (!lb_nginx_peers_may(peers, request, i, second))
            continue;
        uint64_t own = load(state, i, second);
        int order =
            best == LB_NONE ? -1 : lb_nginx_compare(own, at[i].weight, best_load, at[best].weight);
        if (order < 0) {
            best = (int32_t)i;
            best_load = own;
        }
        many = order == 0 || (order > 0 && many);
    }
    if (best == LB_NONE)
        return LB_NONE;
    if (many)
        return lb_nginx_pick_in_turn(state, request, second, load, follows, (uint32_t)best);
    return lb_nginx_peers_take(peers, (uint32_t)best, 0, second);
}

#endif
