/*
 * nginx round robin: smooth weighted turns with the passive health of nginx's peers.
 *
 * The idea: peers.h keeps the weights and the failures; those that may take the request take a
 * turn (smooth.h) by their effective weights. Every other method of nginx ends here when its own
 * rule finds nobody.
 *
 * Cost: O(n).
 * Source: nginx 1.22.1, src/http/ngx_http_upstream_round_robin.c (no zone); sticky sessions as in
 * 1.29; rules only. All recordings under tests/golden/nginx are decided equally.
 */
#include "algorithms/nginx/peers.h"

int32_t lb_nginx_peers_pick(void *state, const struct lb_request *request, lb_time now)
{
    struct lb_nginx_peers *peers = state;
    int64_t second = lb_nginx_second(now);
    struct lb_smooth turn = {.best = LB_NONE};
    for (uint32_t i = 0; i < peers->pool->count; i++)
        if (lb_nginx_peers_may(peers, request, i, second))
            lb_nginx_peers_join(peers, &turn, i);
    if (turn.best == LB_NONE)
        return LB_NONE;
    return lb_nginx_peers_take(peers, (uint32_t)turn.best, turn.total, second);
}

/* A sticky session came to its peer without a turn. Unless the peer has fallen behind by a whole
 * cycle, it is charged for one as if it had been the best, so that later turns make up for it. */
static void on_attempt_start(void *state, int32_t row, const struct lb_request *request,
                             enum lb_how how, lb_time now)
{
    struct lb_nginx_peers *peers = state;
    int64_t second = lb_nginx_second(now), others = 0;
    struct lb_smooth turn = {.best = LB_NONE};
    if (how != LB_BY_AFFINITY)
        return;
    for (uint32_t i = 0; i < peers->pool->count; i++)
        others += i != (uint32_t)row ? peers->peer[i].weight : 0;
    if (peers->peer[row].current <= -others)
        return;
    for (uint32_t i = 0; i < peers->pool->count; i++)
        if (i == (uint32_t)row || lb_nginx_peers_may(peers, request, i, second))
            lb_nginx_peers_join(peers, &turn, i);
    (void)lb_nginx_peers_take(peers, (uint32_t)row, turn.total, second);
}

extern const struct lb_algorithm lb_algorithm_nginx_round_robin;
const struct lb_algorithm lb_algorithm_nginx_round_robin = {
    .abi = LB_ABI,
    .name = "nginx-round-robin",
    .title = "nginx round robin",
    .summary = "Smooth weighted turns with max_fails and fail_timeout, as nginx decides.",
    .reference = "nginx 1.22.1, default method of an upstream without a zone",
    .cost = "O(n)",
    .changes = "A skipped peer keeps its credit; a changed weight, a join or a leave is a reload: "
               "all peers start afresh. Nobody left: no wait, the next tier or 502.",
    .claims = LB_CLAIM_WEIGHTS,
    .create = lb_nginx_peers_create,
    .destroy = lb_nginx_peers_destroy,
    .pick = lb_nginx_peers_pick,
    .on_attempt_start = on_attempt_start,
    .on_attempt_finish = lb_nginx_peers_finish,
    .on_pool_change = lb_nginx_peers_change,
    .describe = lb_nginx_peers_describe,
};
