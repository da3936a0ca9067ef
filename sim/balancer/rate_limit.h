/*
 * A limit of the rate: a token bucket for each source, client, or for all.
 *
 * The idea: a bucket holds `burst` tokens and gets `rate` a second; a request takes one or is refused.
 * Instead of a number of tokens a bucket keeps the instant at which it will be full again (the
 * "theoretical arrival time" of ATM's generic cell rate algorithm), which needs no refilling: a token
 * taken moves the instant by 1/rate, and there is one as long as it stays within burst/rate of now. In
 * whole ns and parts of 2^-32 ns, so that no rounding adds up.
 *
 * Buckets stand in a table of `size`; when it is full the one unused for longest makes room, and is
 * full when its owner comes again. An address of IPv6 counts by its first 64 bits, as whoever has one has
 * all of these. Cost: O(1) a request, 40 bytes a bucket.
 * Source: ITU-T I.371 (GCRA); nginx limit_req, Envoy local_ratelimit, HAProxy stick tables.
 */
#ifndef BALANCER_RATE_LIMIT_H
#define BALANCER_RATE_LIMIT_H

#include "algorithms/lb.h"
#include "sim/base/map.h"
#include "sim/scenario/overload.h"

struct rate_bucket {
    uint64_t key;
    lb_time full_at; /* ns, and `part` x 2^-32 ns */
    uint32_t part;
    uint32_t older, newer; /* by the last use */
};

struct rate_limiter {
    lb_time gap, deep; /* 1/rate; burst/rate */
    uint32_t gap_part, deep_part;
    struct map places;           /* key -> place in buckets */
    struct rate_bucket *buckets; /* buckets[0] is the ends of the list */
    uint32_t used, room, size;
};

void rate_limiter_init(struct rate_limiter *l, const struct scenario_rate_limit *rule);
void rate_limiter_done(struct rate_limiter *l);
/* The key of a source. */
uint64_t rate_limiter_key(const struct lb_address *source);
/* Takes a token from the bucket of this key; false when it is empty. */
bool rate_limiter_take(struct rate_limiter *l, uint64_t key, lb_time now);

#endif
