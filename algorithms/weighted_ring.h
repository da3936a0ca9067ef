/*
 * The ring of Envoy's and gRPC's ring_hash: points in proportion to the weights.
 *
 * The idea: the ring is made so large, at least `min` points, that the lightest backend gets a whole
 * number of them; but not larger than `max`. Going through the backends, each adds its share to a
 * running target and gets points until the target is reached: point k of a backend is the hash of
 * "TEXT_k". A look-up takes the first point that is not below the hash, the first of all beyond
 * the last.
 *
 * Cost: a build O(points); see ring.h for the rest.
 * Source: Envoy, ring_hash_lb.cc, and grpc-go, balancer/ringhash/ring.go; rules only.
 */
#ifndef LB_WEIGHTED_RING_H
#define LB_WEIGHTED_RING_H

#include "algorithms/ring.h"

#define LB_WEIGHTED_RING_MAX 8388608 /* what both products allow at most */

struct lb_weighted_ring {
    double min, max; /* points */
    bool murmur2;    /* hashed as std::hash does; else XXH64 with seed 0 */
};

/* Builds the ring of these rows, all of weight, in this order. 0, or -1 with *error (NULL is allowed)
 * and the ring as it was. */
int lb_weighted_ring_build(struct lb_ring *ring, const struct lb_weighted_ring *how,
                           const struct lb_pool *pool, const uint32_t *row, uint32_t count,
                           struct lb_error *error);

#endif
