/*
 * See bounded_load.h.
 */
#include "algorithms/envoy/bounded_load.h"

#include <math.h>
#include <stdlib.h>

int lb_envoy_bounded_load_init(struct lb_envoy_bounded_load *bound,
                               const struct lb_members *members, double factor,
                               struct lb_error *error)
{
    *bound = (struct lb_envoy_bounded_load){.members = members, .factor = (uint32_t)factor};
    if (bound->factor == 0)
        return 0;
    if (bound->factor < 100)
        return lb_error_set(error, LB_ERROR_INVALID,
                            "balance-factor is %u: it must be 0, which is off, or 100 or more",
                            bound->factor);
    const struct lb_pool *pool = members->pool;
    size_t max = pool->max > pool->count ? pool->max : pool->count;
    max += max == 0;
    bound->order = malloc(max * sizeof *bound->order);
    bound->swapped = malloc(max * sizeof *bound->swapped);
    bound->twister = malloc(sizeof *bound->twister);
    if (bound->order == NULL || bound->swapped == NULL || bound->twister == NULL)
        return lb_error_set(error, LB_ERROR_MEMORY, "no memory for a pool of %zu backends", max);
    for (uint32_t i = 0; i < max; i++)
        bound->order[i] = i;
    return 0;
}

void lb_envoy_bounded_load_done(struct lb_envoy_bounded_load *bound)
{
    free(bound->order);
    free(bound->swapped);
    free(bound->twister);
    *bound = (struct lb_envoy_bounded_load){0};
}

uint64_t lb_envoy_slots(const struct lb_envoy_bounded_load *bound, uint32_t weight)
{
    const struct lb_members *members = bound->members;
    uint64_t total = ((members->pool->in_flight + 1) * bound->factor + 99) / 100;
    double share = (double)weight / (double)members->total;
    double slots = ceil((double)total * share);
    return slots > 1 ? (uint64_t)slots : 1;
}

/* In flight over slots: beyond 1 it takes nothing more. */
static double overload(const struct lb_envoy_bounded_load *bound, uint32_t row)
{
    const struct lb_backend *b = &bound->members->pool->at[row];
    return (double)b->in_flight / (double)lb_envoy_slots(bound, b->weight);
}

/* A whole number below n, n >= 1, as Envoy draws it. */
static uint32_t below(struct lb_mt19937 *twister, uint32_t n)
{
    uint64_t stretch = (UINT64_C(1) << 32) / n, x;
    do
        x = lb_mt19937_next(twister) / stretch;
    while (x >= n);
    return (uint32_t)x;
}

static void swap(uint32_t *order, uint32_t i, uint32_t k)
{
    uint32_t place = order[i];
    order[i] = order[k];
    order[k] = place;
}

/* The first of the others that is not overloaded, in the order of this hash; else the least so. */
static uint32_t pass_on(struct lb_envoy_bounded_load *bound, uint32_t hashed, double least,
                        uint64_t hash)
{
    const struct lb_members *members = bound->members;
    uint32_t best = hashed, steps = 0;
    lb_mt19937_seed(bound->twister, (uint32_t)hash);
    while (steps < members->count && least > 1) {
        uint32_t i = steps++;
        bound->swapped[i] = i + below(bound->twister, members->count - i);
        swap(bound->order, i, bound->swapped[i]);
        uint32_t row = members->row[bound->order[i]];
        double is = row != hashed ? overload(bound, row) : least;
        if (is < least) {
            least = is;
            best = row;
        }
    }
    while (steps-- > 0)
        swap(bound->order, steps, bound->swapped[steps]);
    return best;
}

uint32_t lb_envoy_bounded_load(struct lb_envoy_bounded_load *bound, uint32_t row, uint64_t hash)
{
    if (bound->factor == 0)
        return row;
    double is = overload(bound, row);
    return is <= 1 ? row : pass_on(bound, row, is, hash);
}
