/*
 * nginx random: a peer drawn by weight.
 *
 * The idea: the draw is among all peers, down ones too; a peer that may not take the request is
 * rejected and drawn again. After more than 20 rejected draws the turns of the round robin decide.
 *
 * nginx counts the rejected draws of a request over its retries; we count those of one pick, since
 * nothing of a request is kept. nginx's configuration knows no `backup` with random; here a second
 * tier is allowed and takes turns, as behind nginx's hash.
 *
 * Cost: O(1) with equal weights, O(log n) without; O(n) when the draws are used up.
 * Source: nginx 1.22.1, src/http/modules/ngx_http_upstream_random_module.c (no zone); rules only.
 */
#include "algorithms/nginx/peers.h"

static int32_t pick(void *state, const struct lb_request *request, lb_time now)
{
    struct lb_nginx_peers *peers = state;
    int64_t second = lb_nginx_second(now);
    for (int try = 0; !lb_nginx_peers_only_turns(peers) && try <= LB_NGINX_TRIES; try++) {
        uint32_t row = peers->shares.row[lb_shares_draw(&peers->shares, peers->random)];
        if (lb_nginx_peers_may(peers, request, row, second))
            return lb_nginx_peers_take(peers, row, 0, second);
    }
    return lb_nginx_peers_pick(peers, request, now);
}

extern const struct lb_algorithm lb_algorithm_nginx_random;
const struct lb_algorithm lb_algorithm_nginx_random = {
    .abi = LB_ABI,
    .name = "nginx-random",
    .title = "nginx random",
    .summary = "A peer drawn by weight, with nginx's passive health.",
    .reference = "nginx 1.22.1, random in an upstream without a zone",
    .cost = "O(1), O(log n) with unequal weights",
    .changes = "A failed, down or full peer is drawn and rejected; a changed weight, a join or a "
               "leave is a reload: all peers start afresh.",
    .claims = LB_CLAIM_WEIGHTS,
    .create = lb_nginx_peers_create,
    .destroy = lb_nginx_peers_destroy,
    .pick = pick,
    .on_attempt_finish = lb_nginx_peers_finish,
    .on_pool_change = lb_nginx_peers_change,
    .describe = lb_nginx_peers_describe,
};
