/*
 * Addressed random streams: a draw is f(seed, replication, purpose, entity, ordinal).
 *
 * The idea: a number is not "the next of the generator" but has an address. So every algorithm
 * faces the same traffic, failures and check phases, whatever it decides, and a replication can be
 * run alone. An address is mixed to 64 bits and opens an xoshiro256++ stream there.
 *
 * Cost: about 8 ns to open a stream, 0.9 ns a draw. Sequential users (open traffic) open one
 * stream per client group and purpose and keep it.
 */
#ifndef BASE_STREAM_H
#define BASE_STREAM_H

#include "algorithms/random.h"

/* A new purpose goes at the end: the numbers are part of the digest. */
enum stream_purpose {
    STREAM_ARRIVAL = 1, /* entity: client group */
    STREAM_CLASS,       /* entity: client group, or user (ordinal: its request number) */
    STREAM_WORK,
    STREAM_CLIENT,     /* which client of the population; what sort of client (crowd.c) */
    STREAM_THINK,      /* entity: user, ordinal: its request number */
    STREAM_BACKOFF,    /* entity: request, ordinal: attempt */
    STREAM_FAILURE,    /* entity: backend, ordinal: n-th */
    STREAM_CHECK,      /* entity: (balancer, backend) */
    STREAM_COINS,      /* entity: (balancer, tier), ordinal: hash of the algorithm's name */
    STREAM_ERRORS,     /* entity: backend */
    STREAM_BYTES,      /* entity: request, ordinal: 0 = of it, 1 = of its answer */
    STREAM_ENTRY,      /* which balancer; entity: client group, or user (ordinal: request, try) */
    STREAM_SESSION,    /* entity: session: who it is, how much it asks */
    STREAM_PATIENCE,   /* entity: request (a probe: with the highest bit), ordinal: attempt */
    STREAM_PAUSE,      /* entity: backend, ordinal: n-th */
    STREAM_LOSS,       /* entity: backend */
    STREAM_STORE,      /* external state; entity: request, ordinal: attempt */
    STREAM_CONNECTION, /* entity: request that opens one, ordinal: try; 2^32 on: how it is sent */
    STREAM_SPOOF,      /* forged addresses; entity: client group, ordinal: address, or request */
    STREAM_ADVERT      /* entity: balancer, ordinal: address: when it sends adverts */
};

struct stream_key {
    uint64_t seed;
    uint32_t replication;
};

/* Opens the stream of this address. */
void stream_open(struct lb_random *random, const struct stream_key *key,
                 enum stream_purpose purpose, uint64_t entity, uint64_t ordinal);

/* A 64-bit number for a name, to address by it (FNV-1a, the same everywhere). */
uint64_t stream_name(const char *name);

#endif
