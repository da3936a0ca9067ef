/*
 * HAProxy source: the client's address decides.
 *
 * The idea: the hash is the exclusive or of the address's 32-bit words, for IPv4 the address itself;
 * the function of hash-type (sdbm, ...) is NOT applied, `avalanche` is. It is looked up in the static
 * map or on the ring, see hashing.h. An address of unknown family takes turns.
 *
 * Cost: O(1); consistent: O(1) expected, O(points) under a bound when most servers are beyond it.
 * Source: HAProxy 2.6.12, src/backend.c (get_server_sh); rules in our own words and code. All
 * recordings under tests/golden/haproxy are decided equally.
 */
#include "algorithms/haproxy/hashing.h"

static const struct lb_param params[] = {
    LB_HAPROXY_HASHING_PARAMS,
    {.name = NULL},
};

static void *create(const struct lb_setup *setup, struct lb_error *error)
{
    return lb_haproxy_hashing_create(setup, params, error);
}

static int32_t pick(void *state, const struct lb_request *request, lb_time now)
{
    const struct lb_address *source = &request->source;
    int words = source->family == 4 ? 1 : source->family == 6 ? 4 : 0;
    uint32_t hash = 0;
    for (const uint8_t *b = source->bytes; b < source->bytes + 4 * words; b += 4)
        hash ^= (uint32_t)b[0] << 24 | (uint32_t)b[1] << 16 | (uint32_t)b[2] << 8 | b[3];
    return lb_haproxy_hashing_pick(state, request, words != 0, hash, now);
}

extern const struct lb_algorithm lb_algorithm_haproxy_source;
const struct lb_algorithm lb_algorithm_haproxy_source = {
    .abi = LB_ABI,
    .name = "haproxy-source",
    .title = "HAProxy source",
    .summary = "The client's address modulo a static map, or to the nearest point of a ring.",
    .reference = "HAProxy 2.6.12, balance source, hash-type, hash-balance-factor",
    .cost = "O(1)",
    .changes =
        "map-based: the map is built anew and most keys move, weights are fixed but for 0 and "
        "back; consistent: about 1 / n move, slow start applies. A full server queues its own.",
    .needs = LB_NEED_KEY,
    .params = params,
    .create = create,
    .destroy = lb_haproxy_hashing_destroy,
    .pick = pick,
    .on_pool_change = lb_haproxy_hashing_change,
    .describe = lb_haproxy_hashing_describe,
};
