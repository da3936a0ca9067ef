/*
 * Subsetting: which part of a pool one of many balancers talks to, so that not everybody keeps a
 * connection to everyone. Pure rules, for the host's filter before the algorithm; they keep nothing.
 *
 * The caller fills `row` of each member with a row of the pool, all of them different and in
 * ascending order, and each rule reorders the list so that the subset stands first; it returns how
 * many that are. Balancers agree on a partition only when they list the same rows: give those that
 * are present, whether or not they are healthy or drained, and let health choose within the subset.
 * A size of 0 counts as 1; a size of n or more is everybody. No rule looks at weights.
 *
 *   SRE deterministic  backends are dealt out anew in rounds of n / size balancers; within a round
 *                      everybody gets another slice, n mod size backends get nobody. `client` is
 *                      this balancer's index, 0, 1, ...; equal seeds at all balancers. A join or
 *                      leave of one backend reshuffles nearly everything.
 *   ringsteady         row r sits at the van der Corput position of r on a circle, balancer c at
 *                      that of c; it takes the next `size` backends clockwise, its own position
 *                      included. A join or leave changes at most one member of each subset.
 *   random             the `size` smallest XXH64(address, seed), each balancer with a seed of its
 *                      own. A join or leave changes at most one member; loads are binomial.
 *
 * Readings: the book's SRE text leaves the generator open, ours is lb_random, shuffled from the last
 * place down. Ringsteady's position is the bit reversal of the 32-bit index; a backend's index is
 * its row, which it keeps, so that a leave leaves a gap that the next join may fill.
 *
 * Cost: O(n) for SRE, O(n log n) for the others; sorts 16-byte members by qsort.
 * Source: B. Beyer et al., "Site Reliability Engineering" (2016), chapter 20; P. Ward et al.,
 * "Reinventing backend subsetting at Google", ACM Queue 20 (2022); gRFC A68 random_subsetting.
 */
#ifndef LB_SUBSET_H
#define LB_SUBSET_H

#include "algorithms/lb.h"

struct lb_subset_member {
    uint64_t key; /* the rule's: what it sorted by */
    uint32_t row;
};

/* The rules; each returns min(max(size, 1), n), and the members stand at list[0 ..]. */
uint32_t lb_subset_sre(struct lb_subset_member *list, uint32_t n, uint32_t size, uint32_t client,
                       uint64_t seed);
uint32_t lb_subset_ringsteady(struct lb_subset_member *list, uint32_t n, uint32_t size,
                              uint32_t client);
/* Hashes at[row].address, or the name where there is none. */
uint32_t lb_subset_random(struct lb_subset_member *list, uint32_t n, uint32_t size,
                          const struct lb_backend *at, uint64_t seed);

/* The position of an index on the circle of 2^32: 0, 1/2, 1/4, 3/4, 1/8, 5/8, ... */
static inline uint32_t lb_van_der_corput(uint32_t index)
{
    index = (index >> 1 & UINT32_C(0x55555555)) | (index & UINT32_C(0x55555555)) << 1;
    index = (index >> 2 & UINT32_C(0x33333333)) | (index & UINT32_C(0x33333333)) << 2;
    index = (index >> 4 & UINT32_C(0x0f0f0f0f)) | (index & UINT32_C(0x0f0f0f0f)) << 4;
    index = (index >> 8 & UINT32_C(0x00ff00ff)) | (index & UINT32_C(0x00ff00ff)) << 8;
    return index >> 16 | index << 16;
}

#endif
