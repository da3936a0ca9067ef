/*
 * The slow side of shares.h: room, the layout after a pool change, and counting out.
 */
#include "algorithms/shares.h"

#include <stdlib.h>

#include "algorithms/warm.h"

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

/* One more row; places so far are kept equal as long as their weights are. */
static void add(struct lb_shares *shares, const struct lb_pool *pool, uint32_t i, uint32_t units)
{
    const struct lb_backend *b = &pool->at[i];
    if (shares->count != 0 && b->weight != pool->at[shares->row[0]].weight)
        shares->equal = false;
    shares->limited = shares->limited || b->max_in_flight != 0;
    shares->below[shares->count] = shares->total;
    shares->row[shares->count++] = i;
    shares->total += (uint64_t)b->weight * units;
}

static void start(struct lb_shares *shares, bool warming)
{
    shares->count = 0;
    shares->total = 0;
    shares->equal = !warming;
    shares->limited = false;
    shares->warming = warming;
}

static void finish(struct lb_shares *shares)
{
    shares->weight = shares->total;
    if (!shares->equal)
        return;
    for (uint32_t place = 0; place < shares->count; place++)
        shares->below[place] = place;
    shares->total = shares->count;
}

void lb_shares_build(struct lb_shares *shares, const struct lb_pool *pool, unsigned flags)
{
    start(shares, false);
    for (uint32_t i = 0; i < pool->count; i++)
        if ((pool->at[i].flags & flags) == flags && pool->at[i].weight != 0)
            add(shares, pool, i, 1);
    finish(shares);
}

void lb_shares_build_warm(struct lb_shares *shares, const struct lb_pool *pool, lb_time now)
{
    bool warming = lb_warming(pool, now);
    start(shares, warming);
    for (uint32_t i = 0; i < pool->count; i++)
        if (lb_open(&pool->at[i]))
            add(shares, pool, i, warming ? lb_warm_units(&pool->at[i], now) : 1);
    finish(shares);
}

int32_t lb_shares_count_out(const struct lb_shares *shares, const struct lb_pool *pool,
                            const struct lb_request *request, const uint32_t *chosen,
                            uint32_t chosen_count, struct lb_random *random)
{
    uint64_t total = 0;
    for (uint32_t place = 0; place < shares->count; place++)
        if (lb_shares_may(pool, request, chosen, chosen_count, shares->row[place]))
            total += lb_shares_of(shares, place);
    if (total == 0)
        return -1;
    uint64_t x = lb_shares_below(random, total);
    for (uint32_t place = 0;; place++) {
        if (!lb_shares_may(pool, request, chosen, chosen_count, shares->row[place]))
            continue;
        uint64_t share = lb_shares_of(shares, place);
        if (x < share)
            return (int32_t)shares->row[place];
        x -= share;
    }
}
