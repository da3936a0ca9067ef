/*
 * nginx random two least_conn: of two peers drawn by weight, the one with less conns / weight.
 *
 * The idea: draws as in random; the first peer that may take the request is remembered, another
 * one is drawn, and the second is taken unless it carries more for its weight: ties go to the
 * second draw. A redraw of the first is rejected. More than 20 draws that did not end in a pick, the
 * first peer's own among them, and the turns of the round robin decide; so it is with one peer left.
 *
 * Draws of a pair are without replacement, so that idle shares are flatter than the weights. As for
 * draws over retries and a second tier, see random.c.
 *
 * Cost: O(1) with equal weights, O(log n) without; O(n) when the draws are used up.
 * Source: nginx 1.22.1, src/http/modules/ngx_http_upstream_random_module.c (no zone); rules only.
 */
#include "algorithms/nginx/peers.h"

static int32_t pick(void *state, const struct lb_request *request, lb_time now)
{
    struct lb_nginx_peers *peers = state;
    const struct lb_backend *at = peers->pool->at;
    int64_t second = lb_nginx_second(now);
    uint32_t first = UINT32_MAX;
    for (int try = 0; !lb_nginx_peers_only_turns(peers) && try <= LB_NGINX_TRIES; try++) {
        uint32_t row = peers->shares.row[lb_shares_draw(&peers->shares, peers->random)];
        if (row == first || !lb_nginx_peers_may(peers, request, row, second))
            continue;
        if (first == UINT32_MAX) {
            first = row;
            continue;
        }
        bool more = (uint64_t)at[row].in_flight * at[first].weight >
                    (uint64_t)at[first].in_flight * at[row].weight;
        return lb_nginx_peers_take(peers, more ? first : row, 0, second);
    }
    return lb_nginx_peers_pick(peers, request, now);
}

extern const struct lb_algorithm lb_algorithm_nginx_random_two;
const struct lb_algorithm lb_algorithm_nginx_random_two = {
    .abi = LB_ABI,
    .name = "nginx-random-two",
    .title = "nginx random two",
    .summary = "The better of two peers drawn by weight, ties to the second, as nginx decides.",
    .reference = "nginx 1.22.1, random two least_conn in an upstream without a zone",
    .cost = "O(1), O(log n) with unequal weights",
    .changes = "A failed, down or full peer is drawn and rejected; a changed weight, a join or a "
               "leave is a reload: all peers start afresh.",
    .create = lb_nginx_peers_create,
    .destroy = lb_nginx_peers_destroy,
    .pick = pick,
    .on_attempt_finish = lb_nginx_peers_finish,
    .on_pool_change = lb_nginx_peers_change,
    .describe = lb_nginx_peers_describe,
};
