/*
 * nginx least_conn: the fewest connections for the weight, and turns among equals.
 *
 * The idea: a first pass finds the first peer with the least conns / weight. When others tie with
 * it, a second pass gives turns by the smooth round robin, but only from that peer to the end of
 * the list, and it compares with the best so far, which moves during the pass. With everything
 * idle this is nginx's round robin.
 *
 * Cost: O(n), two passes when there are ties.
 * Source: nginx 1.22.1, src/http/modules/ngx_http_upstream_least_conn_module.c; rules only. All
 * recordings under tests/golden/nginx are decided equally.
 */
#include "algorithms/nginx/peers.h"

/* Less than zero, zero or more as a carries less, the same or more for its weight than b. */
static int compare(const struct lb_pool *pool, uint32_t a, uint32_t b)
{
    uint64_t left = (uint64_t)pool->at[a].in_flight * pool->at[b].weight;
    uint64_t right = (uint64_t)pool->at[b].in_flight * pool->at[a].weight;
    return (left > right) - (left < right);
}

/* Turns among those that tie, from `first` on. Returns the winner, adds up the sum it pays. */
static uint32_t pick_in_turn(struct lb_nginx_peers *peers, const struct lb_request *request,
                             uint32_t first, int64_t second, int64_t *total)
{
    uint32_t best = first;
    for (uint32_t i = first; i < peers->pool->count; i++) {
        if (!lb_nginx_peers_may(peers, request, i, second) || compare(peers->pool, i, best) != 0)
            continue;
        *total += lb_nginx_peers_step(peers, i);
        if (peers->peer[i].current > peers->peer[best].current)
            best = i;
    }
    return best;
}

static int32_t pick(void *state, const struct lb_request *request, lb_time now)
{
    struct lb_nginx_peers *peers = state;
    int64_t total = 0, second = lb_nginx_second(now);
    uint32_t best = UINT32_MAX;
    bool many = false;
    for (uint32_t i = 0; i < peers->pool->count; i++) {
        if (!lb_nginx_peers_may(peers, request, i, second))
            continue;
        int order = best == UINT32_MAX ? -1 : compare(peers->pool, i, best);
        if (order < 0)
            best = i;
        many = order == 0 || (order > 0 && many);
    }
    if (best == UINT32_MAX)
        return LB_NONE;
    if (many)
        best = pick_in_turn(peers, request, best, second, &total);
    lb_nginx_peers_take(peers, best, total, second);
    return (int32_t)best;
}

extern const struct lb_algorithm lb_algorithm_nginx_least_conn;
const struct lb_algorithm lb_algorithm_nginx_least_conn = {
    .abi = LB_ABI,
    .name = "nginx-least-conn",
    .title = "nginx least_conn",
    .summary = "Least connections for the weight, turns among equals, with nginx's passive health.",
    .reference = "nginx 1.22.1, least_conn in an upstream without a zone",
    .cost = "O(n)",
    .changes = "A skipped peer keeps its credit; a changed weight, a join or a leave is a reload: "
               "all peers start afresh. Nobody left: no wait, the next tier or 502.",
    .claims = LB_CLAIM_WEIGHTS,
    .create = lb_nginx_peers_create,
    .destroy = lb_nginx_peers_destroy,
    .pick = pick,
    .on_attempt_finish = lb_nginx_peers_finish,
    .on_pool_change = lb_nginx_peers_change,
    .describe = lb_nginx_peers_describe,
};
