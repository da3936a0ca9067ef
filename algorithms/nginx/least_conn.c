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
#include "algorithms/nginx/least.h"

static uint64_t conns(const void *state, uint32_t row, int64_t second)
{
    const struct lb_nginx_peers *peers = state;
    (void)second;
    return peers->pool->at[row].in_flight;
}

static int32_t pick(void *state, const struct lb_request *request, lb_time now)
{
    return lb_nginx_pick_least(state, request, now, conns, true);
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
