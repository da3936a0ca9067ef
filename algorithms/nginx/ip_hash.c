/*
 * nginx ip_hash: the client's network decides, by a small hash modulo the weights.
 *
 * The idea: of an IPv4 address the first three bytes are hashed, of an IPv6 address all sixteen
 * (of an unknown one, three zeros): h = (h x 113 + byte) mod 6271, from 89. The peers, laid end to
 * end by weight, the down ones too, share h modulo the sum of the weights. When the peer may not
 * take the request, the bytes are hashed again, going on from the last h; after more than 20
 * rejected tries the turns of the round robin decide. So a failure moves the clients of the failed
 * peer only. There are but 6271 values: whole /24 networks go together, and with large weights the
 * shares are uneven, which is why it does not claim them.
 *
 * nginx's configuration knows no `backup` with ip_hash. Here a second tier is allowed and takes
 * turns, as behind nginx's hash.
 *
 * Cost: O(1) with equal weights, O(log n) without; O(n) when the tries are used up.
 * Source: nginx 1.22.1, src/http/modules/ngx_http_upstream_ip_hash_module.c (no zone); rules only.
 */
#include "algorithms/nginx/tries.h"

#define MODULUS 6271

static uint32_t hash(uint32_t h, const uint8_t *byte, size_t size)
{
    for (size_t i = 0; i < size; i++)
        h = (h * 113 + byte[i]) % MODULUS;
    return h;
}

static int32_t pick(void *state, const struct lb_request *request, lb_time now)
{
    static const uint8_t unknown[3];
    struct lb_nginx_peers *peers = state;
    int64_t second = lb_nginx_second(now);
    const uint8_t *byte = request->source.family == 0 ? unknown : request->source.bytes;
    size_t size = request->source.family == 6 ? 16 : 3;
    struct lb_nginx_tries tries = {.request = request};
    uint32_t h = 89;
    while (!lb_nginx_peers_only_turns(peers) && lb_nginx_tries_left(&tries)) {
        h = hash(h, byte, size);
        uint32_t row = lb_nginx_peers_at(peers, h % peers->shares.weight);
        if (lb_nginx_tries_fell(&tries, peers, row, second))
            return lb_nginx_peers_take(peers, row, 0, second);
    }
    return lb_nginx_peers_pick(peers, request, now);
}

extern const struct lb_algorithm lb_algorithm_nginx_ip_hash;
const struct lb_algorithm lb_algorithm_nginx_ip_hash = {
    .abi = LB_ABI,
    .name = "nginx-ip-hash",
    .title = "nginx ip_hash",
    .summary =
        "The client's /24 network, or IPv6 address, hashed modulo the weights as nginx does.",
    .reference = "nginx 1.22.1, ip_hash in an upstream without a zone",
    .cost = "O(1), O(log n) with unequal weights",
    .changes = "A failed or down peer's clients spread over the others and return when it does; a "
               "changed weight, a join or a leave is a reload and moves most clients.",
    .needs = LB_NEED_KEY,
    .create = lb_nginx_peers_create,
    .destroy = lb_nginx_peers_destroy,
    .pick = pick,
    .on_attempt_finish = lb_nginx_peers_finish,
    .on_pool_change = lb_nginx_peers_change,
    .describe = lb_nginx_peers_describe,
};
