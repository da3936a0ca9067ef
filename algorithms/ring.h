/*
 * A ring of hash points, each the place of a backend: what consistent hashing looks a key up in.
 *
 * The idea: points are sorted once a change of the pool; equal hashes keep the order in which they
 * were added. A look-up need not search the whole ring: an index over the upper bits of the hash
 * says where each of many equal stretches begins, so that a search is over a few points at most.
 * Products differ in what they hash and in what they do at the end of the ring, so a look-up tells
 * the successor and the caller wraps, or does not.
 *
 * Cost: a look-up O(1) expected, two cache misses on a large ring; a build O(count), a radix sort;
 * 32 bytes a point and 1 to 2 for the index, 16 on a small ring.
 * Source: D. Karger et al., "Consistent hashing and random trees", STOC 1997.
 */
#ifndef LB_RING_H
#define LB_RING_H

#include "algorithms/lb.h"

struct lb_point {
    uint64_t hash;
    uint32_t row, number; /* whose point, and the how-many-th of that row's */
};

struct lb_ring {
    struct lb_point *point; /* in ascending order of hash, once sorted */
    struct lb_point *spare; /* the other half of the radix sort */
    uint32_t *index;        /* stretch -> its first point; one more than there are stretches */
    uint32_t count, room;
    unsigned bits, shift; /* of a hash; to a stretch */
};

#define LB_RING_POINTS_MAX UINT32_C(1 << 28)

/* An empty ring of hashes of so many bits, 32 or 64. done() frees what the others allocate. */
void lb_ring_init(struct lb_ring *ring, unsigned bits);
void lb_ring_done(struct lb_ring *ring);

/* Empties the ring and makes room for so many points. May allocate. 0, or -1 with *error (NULL is
 * allowed) and the ring as it was. */
int lb_ring_begin(struct lb_ring *ring, uint64_t points, struct lb_error *error);

/* Adds a point; at most as many as there is room for. */
static inline void lb_ring_add(struct lb_ring *ring, uint64_t hash, uint32_t row, uint32_t number)
{
    ring->point[ring->count++] = (struct lb_point){hash, row, number};
}

/* Sorts the points and builds the index; look-ups are allowed from here on. Never allocates. */
void lb_ring_sort(struct lb_ring *ring);

/* The same, and of points with equal hashes only the one that was added first stays. */
void lb_ring_sort_unique(struct lb_ring *ring);

/* The first point with a hash >= this one, or ring->count beyond the last; the ring is not empty.
 * */
static inline uint32_t lb_ring_successor(const struct lb_ring *ring, uint64_t hash)
{
    uint64_t stretch = hash >> ring->shift;
    uint32_t low = ring->index[stretch], high = ring->index[stretch + 1];
    while (high - low > 2) {
        uint32_t middle = low + (high - low) / 2;
        if (ring->point[middle].hash < hash)
            low = middle + 1;
        else
            high = middle;
    }
    /* Of the last two no branch can tell ahead; there is one point of room behind the last. */
    low += (uint32_t)(low < high) & (uint32_t)(ring->point[low].hash < hash);
    low += (uint32_t)(low < high) & (uint32_t)(ring->point[low].hash < hash);
    return low;
}

/* The same, the first point following the last. */
static inline uint32_t lb_ring_successor_wrapped(const struct lb_ring *ring, uint64_t hash)
{
    uint32_t i = lb_ring_successor(ring, hash);
    return i < ring->count ? i : 0;
}

/* The next point, the first following the last. */
static inline uint32_t lb_ring_next(const struct lb_ring *ring, uint32_t i)
{
    return i + 1 < ring->count ? i + 1 : 0;
}

#endif
