/*
 * Addresses to streams. Each part of the address is mixed in by one step of splitmix64, a bijection
 * of 64 bits: two addresses that differ in one part only never meet before the seeding, others do
 * with probability 2^-64. Sources: S. Vigna's splitmix64 (as in algorithms/random.h); G. Fowler,
 * L. Noll, K.-P. Vo, FNV-1a (RFC 9923).
 */
#include "sim/base/stream.h"

static uint64_t stream_mix(uint64_t hash, uint64_t part)
{
    uint64_t state = hash ^ part;
    return lb_splitmix64(&state);
}

void stream_open(struct lb_random *random, const struct stream_key *key,
                 enum stream_purpose purpose, uint64_t entity, uint64_t ordinal)
{
    uint64_t hash = stream_mix(0, key->seed);
    hash = stream_mix(hash, (uint64_t)key->replication << 32 | (uint32_t)purpose);
    hash = stream_mix(hash, entity);
    hash = stream_mix(hash, ordinal);
    lb_random_seed(random, hash);
}

uint64_t stream_name(const char *name)
{
    uint64_t hash = UINT64_C(0xcbf29ce484222325);
    for (; *name != '\0'; name++)
        hash = (hash ^ (unsigned char)*name) * UINT64_C(0x100000001b3);
    return hash;
}
