/*
 * What the general hashing algorithms have in common: the number a request is placed by, the name a
 * backend is placed by, and where to look next when the backend found cannot take the request.
 *
 * A request is placed by lb_place_hash of hash.h. A backend is known by its address, else its name,
 * else its id, never by its row: rows differ between balancers that should agree.
 */
#ifndef LB_GENERAL_KEYS_H
#define LB_GENERAL_KEYS_H

#include <string.h>

#include "algorithms/hash.h"

/* Another number from the same hash: the n-th, as good as independent of the others. */
static inline uint64_t lb_hash_again(uint64_t hash, uint64_t n)
{
    uint64_t state = hash + n * UINT64_C(0xd1342543de82ef95);
    return lb_splitmix64(&state);
}

/* The bytes that name a backend. */
static inline struct lb_bytes lb_backend_bytes(const struct lb_backend *b)
{
    const char *text = b->address != NULL && b->address[0] != '\0' ? b->address : b->name;
    if (text != NULL && text[0] != '\0')
        return (struct lb_bytes){text, strlen(text)};
    return (struct lb_bytes){&b->id, sizeof b->id};
}

/* XXH64 of them. */
static inline uint64_t lb_backend_hash(const struct lb_backend *b, uint64_t seed)
{
    struct lb_bytes bytes = lb_backend_bytes(b);
    return lb_xxh64(bytes.data, bytes.size, seed);
}

/* Where a hash falls among n, by the upper bits; n >= 1. */
static inline uint32_t lb_hash_below(uint64_t hash, uint32_t n)
{
    return (uint32_t)((hash >> 32) * n >> 32);
}

/* The last resort of those who hash again and again: the first row that may take the request, from
 * a hashed row on; else what lb_wait_or_none answers. O(n). */
static inline int32_t lb_walk_from_hash(const struct lb_pool *pool,
                                        const struct lb_request *request, uint64_t hash)
{
    uint32_t row = pool->count != 0 ? lb_hash_below(hash, pool->count) : 0;
    for (uint32_t step = 0; step < pool->count; step++, row++) {
        if (row >= pool->count)
            row = 0;
        if (lb_may(pool, request, row))
            return (int32_t)row;
    }
    return lb_wait_or_none(pool, request);
}

#endif
