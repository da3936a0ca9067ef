/*
 * The slow side of shares.h: room, and the layout after a pool change.
 */
#include "algorithms/shares.h"

#include <stdlib.h>

int lb_shares_init(struct lb_shares *shares, const struct lb_pool *pool, struct lb_error *error)
{
    size_t max = pool->max > pool->count ? pool->max : pool->count;
    max += max == 0;
    *shares = (struct lb_shares){.row = calloc(max, sizeof *shares->row),
                                 .below = calloc(max, sizeof *shares->below)};
    if (shares->row == NULL || shares->below == NULL)
        return lb_error_set(error, LB_ERROR_MEMORY, "no memory for a pool of %zu backends", max);
    return 0;
}

void lb_shares_done(struct lb_shares *shares)
{
    free(shares->row);
    free(shares->below);
    *shares = (struct lb_shares){0};
}

void lb_shares_build(struct lb_shares *shares, const struct lb_pool *pool, unsigned flags)
{
    uint32_t weight = 0;
    shares->count = 0;
    shares->total = 0;
    shares->equal = true;
    shares->limited = false;
    for (uint32_t i = 0; i < pool->count; i++) {
        const struct lb_backend *b = &pool->at[i];
        if ((b->flags & flags) != flags || b->weight == 0)
            continue;
        if (shares->count != 0 && b->weight != weight)
            shares->equal = false;
        weight = b->weight;
        shares->limited = shares->limited || b->max_in_flight != 0;
        shares->below[shares->count] = shares->total;
        shares->row[shares->count++] = i;
        shares->total += b->weight;
    }
    if (!shares->equal)
        return;
    for (uint32_t place = 0; place < shares->count; place++)
        shares->below[place] = place;
    shares->total = shares->count;
}
