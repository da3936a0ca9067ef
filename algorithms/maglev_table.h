/*
 * The table of Maglev hashing: every slot belongs to a backend, and a key is a slot.
 *
 * The idea: each backend has a permutation of the slots, offset + j x skip modulo a prime size, and
 * in turns each takes its next slot that is still free, until all are taken. A backend that leaves
 * gives its slots away and few others move. Products differ in what they hash, in the order of turns
 * and in how a weight makes them more: `share` gives fewer turns to those below the largest, `burst`
 * takes several slots a turn.
 *
 * Cost: a look-up O(1); a build O(size log size); 4 bytes a slot.
 * Source: D. Eisenbud et al., "Maglev: a fast and reliable software network load balancer", NSDI
 * 2016; shares as Envoy (maglev_lb.cc), bursts as Linux IPVS (ip_vs_mh.c); rules only.
 */
#ifndef LB_MAGLEV_TABLE_H
#define LB_MAGLEV_TABLE_H

#include "algorithms/lb.h"

#define LB_MAGLEV_SIZE_MAX UINT32_C(5000011)
#define LB_MAGLEV_FREE     UINT32_MAX

struct lb_maglev_turn {
    uint32_t row;
    uint32_t offset, skip; /* offset below the size; skip in [1, size - 1] */
    uint32_t burst;        /* slots a turn, >= 1 */
    double share;          /* turns, relative to the largest share; > 0 */
    double target;         /* of the build */
    uint32_t next;         /* of the build: the next slot of its permutation */
};

/* Fills slot[0 .. size) with the rows of the turns, who take turns in this order. count >= 1, size
 * is prime. Never allocates. */
void lb_maglev_fill(uint32_t *slot, uint32_t size, struct lb_maglev_turn *turn, uint32_t count);

bool lb_is_prime(uint32_t n);
/* The smallest prime >= n, n at most LB_MAGLEV_SIZE_MAX. */
uint32_t lb_prime_from(uint32_t n);

#endif
