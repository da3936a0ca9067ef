/*
 * HAProxy uri, url_param, hdr and hash: a key of the request decides.
 *
 * The idea: the host gives the key's bytes (for `balance uri` the path up to the '?'); they go
 * through one of four functions, and the avalanche if asked for, and the hash is looked up in the
 * static map or on the ring, see hashing.h. A request whose key is missing or empty takes turns.
 * When one server is left, uri, hdr and hash do not look at the key at all; url_param does, so that
 * its turns go on: `turn-alone`.
 *
 * Cost: O(key) and O(1); consistent: O(1) expected, O(points) under a bound when most are beyond it.
 * Source: HAProxy 2.6.12, src/backend.c, src/hash.c; rules in our own words and code. All recordings
 * under tests/golden/haproxy are decided equally.
 */
#include "algorithms/haproxy/hashing.h"

static const char *const functions[] = {"sdbm", "djb2", "wt6", "crc32", NULL};

static const struct lb_param params[] = {
    LB_HAPROXY_HASHING_PARAMS,
    {.name = "function",
     .unit = "",
     .value = 0,
     .min = 0,
     .max = 3,
     .help = "hash-type: what the key's bytes are hashed by",
     .choices = functions},
    {.name = "turn-alone",
     .unit = "bool",
     .value = 0,
     .min = 0,
     .max = 1,
     .help = "url_param: a request without a key takes a turn even if one server is left"},
    {.name = NULL},
};

static void *create(const struct lb_setup *setup, struct lb_error *error)
{
    return lb_haproxy_hashing_create(setup, params, error);
}

static uint32_t hash_key(const struct lb_haproxy_hashing *h, const void *key, size_t size)
{
    switch (h->function) {
    case 1:
        return lb_djb2_32(key, size);
    case 2:
        return lb_wt6_32(key, size);
    case 3:
        return lb_crc32(0, key, size);
    default:
        return lb_sdbm32(key, size);
    }
}

static int32_t pick(void *state, const struct lb_request *request, lb_time now)
{
    bool keyed = request->key_size != 0;
    uint32_t hash = keyed ? hash_key(state, request->key, request->key_size) : 0;
    return lb_haproxy_hashing_pick(state, request, keyed, hash, now);
}

extern const struct lb_algorithm lb_algorithm_haproxy_hash;
const struct lb_algorithm lb_algorithm_haproxy_hash = {
    .abi = LB_ABI,
    .name = "haproxy-hash",
    .title = "HAProxy uri, hdr, hash",
    .summary = "The key's hash modulo a static map, or to the nearest point of a ring.",
    .reference = "HAProxy 2.6.12, balance uri / url_param / hdr / hash, hash-type",
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
