/*
 * nginx hash KEY: crc32 of the key modulo the weights, as Cache::Memcached places its keys.
 *
 * The idea: the peers, laid end to end by weight, the down ones too, share H modulo the sum of the
 * weights, where H is bits 16 to 30 of the crc32 of the key. When the peer may not take the request
 * it is hashed again, with "1", "2", ... before the key, and that hash is added to H; after more
 * than 20 rejected tries the turns of the round robin decide, and at once for an empty key. A first
 * hash has 15 bits: where the weights add up to more than some hundreds the shares are uneven,
 * which is why it does not claim them.
 *
 * Cost: O(1) with equal weights, O(log n) without, and about 1 ns a byte of the key; O(n) when the
 * tries are used up.
 * Source: nginx 1.22.1, src/http/modules/ngx_http_upstream_hash_module.c (no zone); rules only.
 */
#include "algorithms/hash.h"
#include "algorithms/nginx/tries.h"

/* The number of a try in decimal digits, nothing for the first. */
static size_t write_number(uint32_t number, char *text)
{
    size_t size = 0;
    for (uint32_t rest = number; rest > 0; rest /= 10)
        size++;
    for (size_t i = size; i > 0; i--, number /= 10)
        text[i - 1] = (char)('0' + number % 10);
    return size;
}

static uint32_t hash(uint32_t try, const struct lb_request *request)
{
    char text[10];
    uint32_t crc = lb_crc32(0, text, write_number(try, text));
    return lb_crc32(crc, request->key, request->key_size) >> 16 & 0x7fff;
}

static int32_t pick(void *state, const struct lb_request *request, lb_time now)
{
    struct lb_nginx_peers *peers = state;
    int64_t second = lb_nginx_second(now);
    struct lb_nginx_tries tries = {.request = request};
    bool only_turns = lb_nginx_peers_only_turns(peers) || request->key_size == 0;
    uint32_t sum = 0;
    for (uint32_t try = 0; !only_turns && lb_nginx_tries_left(&tries); try++) {
        sum += hash(try, request);
        uint32_t row = lb_nginx_peers_at(peers, sum % peers->shares.weight);
        if (lb_nginx_tries_fell(&tries, peers, row, second))
            return lb_nginx_peers_take(peers, row, 0, second);
    }
    return lb_nginx_peers_pick(peers, request, now);
}

extern const struct lb_algorithm lb_algorithm_nginx_hash;
const struct lb_algorithm lb_algorithm_nginx_hash = {
    .abi = LB_ABI,
    .name = "nginx-hash",
    .title = "nginx hash",
    .summary = "crc32 of the key modulo the weights, hashed again when that peer cannot.",
    .reference = "nginx 1.22.1, hash KEY in an upstream without a zone",
    .cost = "O(1), O(log n) with unequal weights",
    .changes = "A failed or down peer's keys spread over the others and return when it does; a "
               "changed weight, a join or a leave is a reload and moves most keys.",
    .needs = LB_NEED_KEY,
    .create = lb_nginx_peers_create,
    .destroy = lb_nginx_peers_destroy,
    .pick = pick,
    .on_attempt_finish = lb_nginx_peers_finish,
    .on_pool_change = lb_nginx_peers_change,
    .describe = lb_nginx_peers_describe,
};
