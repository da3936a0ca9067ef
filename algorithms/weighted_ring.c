/*
 * See weighted_ring.h.
 */
#include "algorithms/weighted_ring.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "algorithms/hash.h"

#define SUFFIX_MAX 16 /* "_", a number of at most ten digits, and the end */

/* How many points the target counts as one step: such that the lightest gets a whole number. */
static double scale_of(const struct lb_weighted_ring *how, double lightest)
{
    double whole = ceil(lightest * how->min) / lightest;
    return whole < how->max ? whole : how->max;
}

/* Points number 0, 1, ... of the row, until the ring has as many as the target says. */
static void add_points(struct lb_ring *ring, double target, const struct lb_weighted_ring *how,
                       const char *name, uint32_t row, char *text)
{
    size_t length = strlen(name);
    memcpy(text, name, length);
    for (uint32_t k = 0; (double)ring->count < target && ring->count < ring->room; k++) {
        size_t size = length + (size_t)snprintf(text + length, SUFFIX_MAX, "_%u", k);
        lb_ring_add(ring,
                    how->murmur2 ? lb_murmur2_64(text, size, LB_MURMUR2_STD_SEED)
                                 : lb_xxh64(text, size, 0),
                    row, k);
    }
}

int lb_weighted_ring_build(struct lb_ring *ring, const struct lb_weighted_ring *how,
                           const struct lb_pool *pool, const uint32_t *row, uint32_t count,
                           struct lb_error *error)
{
    double total = 0, lightest = 1, scale = 0, target = 0;
    size_t longest = 0;
    for (uint32_t i = 0; i < count; i++) {
        size_t length = strlen(lb_backend_text(&pool->at[row[i]]));
        longest = length > longest ? length : longest;
        total += pool->at[row[i]].weight;
    }
    for (uint32_t i = 0; i < count; i++) {
        double share = pool->at[row[i]].weight / total;
        lightest = share < lightest ? share : lightest;
    }
    if (count > 0)
        scale = scale_of(how, lightest);
    char *text = malloc(longest + SUFFIX_MAX);
    if (text == NULL)
        return lb_error_set(error, LB_ERROR_MEMORY, "no memory for a ring");
    /* one more than the scale: the running target is a sum of rounded doubles */
    if (lb_ring_begin(ring, (uint64_t)ceil(scale) + 1, error) != 0) {
        free(text);
        return -1;
    }
    for (uint32_t i = 0; i < count; i++) {
        const struct lb_backend *b = &pool->at[row[i]];
        target += scale * (b->weight / total);
        add_points(ring, target, how, lb_backend_text(b), row[i], text);
    }
    free(text);
    lb_ring_sort(ring);
    return 0;
}
