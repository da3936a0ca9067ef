/*
 * What Envoy's two hashing policies share: the number of a request.
 *
 * The idea: a request is hashed by its key, else by its source address, with XXH64. Without either it
 * gets a random number, which makes the policy random by share of the ring or table: this reading
 * of "random when there is no hash" keeps the weights.
 *
 * Source: Envoy, thread_aware_lb_impl.cc; rules only.
 */
#ifndef LB_ENVOY_HASHING_H
#define LB_ENVOY_HASHING_H

#include "algorithms/hash.h"

static inline uint64_t lb_envoy_hash(const struct lb_request *request, struct lb_random *random)
{
    struct lb_bytes bytes = lb_request_bytes(request);
    return bytes.size != 0 ? lb_xxh64(bytes.data, bytes.size, 0) : lb_random_u64(random);
}

/* The number of attempt 0, 1, 2, ... in a Maglev table. */
static inline uint64_t lb_envoy_maglev_hash(uint64_t hash, uint32_t attempt)
{
    return attempt > 0 ? hash ^ (~UINT64_C(0) - attempt + 1) : hash;
}

#endif
