/*
 * A ring of hash points kept for the rows of a pool: so many points for each unit of weight.
 *
 * The idea: a present row has points x weight places on the ring, XXH64 of its name, "_" and 0, 1,
 * 2, ... Neither depends on who else is there, so a leave or join takes or adds its own points
 * only. A row that cannot take a request keeps them, and the look-up goes on to the next point of
 * one that can: the same decision as if its points were gone. So a failure costs no rebuild. A row
 * that leaves, joins or changes weight makes the ring stale, and the next look-up builds it anew,
 * so that many changes at once cost one.
 *
 * Beyond LB_ROW_RING_MAX points in all every row has fewer, in proportion and at least one; then a
 * change can take or add points of others too.
 *
 * Cost: a look-up O(1) expected, 1 / (share of those who can) points walked; a build O(points),
 * about 50 ns each; 34 bytes a point.
 */
#ifndef LB_GENERAL_ROW_RING_H
#define LB_GENERAL_ROW_RING_H

#include "algorithms/general/keys.h"
#include "algorithms/ring.h"

#define LB_ROW_RING_MAX UINT32_C(4194304)

struct lb_row_ring {
    const struct lb_pool *pool;
    uint32_t per_unit; /* points for each unit of weight */
    bool stale;        /* to be built before the next look-up */
    struct lb_ring ring;
    struct lb_row_points {
        uint32_t count, id; /* points on the ring, and whose they are */
    } * row;
};

/* 0, or -1 with *error; done() either way. */
int lb_row_ring_init(struct lb_row_ring *r, const struct lb_pool *pool, uint32_t per_unit,
                     struct lb_error *error);
void lb_row_ring_done(struct lb_row_ring *r);

/* After a change of the pool. Without memory the old ring stays. */
int lb_row_ring_change(struct lb_row_ring *r, struct lb_error *error);

/* Never allocates. */
void lb_row_ring_build(struct lb_row_ring *r);

/* The place of the first point from the hash on, on a ring that is up to date; there are points. */
static inline uint32_t lb_row_ring_find(const struct lb_row_ring *r, uint64_t hash)
{
    return lb_ring_successor_wrapped(&r->ring, hash);
}

#endif
