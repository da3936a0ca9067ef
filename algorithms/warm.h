/*
 * Slow start for those who go by weights: a backend that is just back counts for less.
 *
 * The idea: the share of a backend grows with how far it is through its slow start, in whole
 * thousandths of its weight so that sums and comparisons stay exact, and never below a tenth, or it
 * would be asked for nothing and stay cold. The host calls on_pool_change at each step of warming.
 */
#ifndef LB_WARM_H
#define LB_WARM_H

#include "algorithms/lb.h"

#define LB_WARM_UNITS 1000U /* the weight of a warm backend, in parts of its own */
#define LB_WARM_LEAST 100U

/* What a backend counts for now, LB_WARM_LEAST to LB_WARM_UNITS. */
static inline uint32_t lb_warm_units(const struct lb_backend *b, lb_time now)
{
    if (b->warm_for <= 0)
        return LB_WARM_UNITS;
    uint32_t units = (uint32_t)(lb_warmth(b, now) * LB_WARM_UNITS);
    return units > LB_WARM_LEAST ? units : LB_WARM_LEAST;
}

/* Is some open backend in its slow start? O(n). */
static inline bool lb_warming(const struct lb_pool *pool, lb_time now)
{
    for (uint32_t i = 0; i < pool->count; i++)
        if (lb_open(&pool->at[i]) && lb_warm_units(&pool->at[i], now) != LB_WARM_UNITS)
            return true;
    return false;
}

/* Less than zero, zero or more as load a on backend x is less, the same or more than load b on y
 * for their weights. Exact while a load times a weight is below 2^53 / 1,000 when somebody warms,
 * and always when nobody does. */
static inline int lb_warm_compare(bool warming, uint32_t a, const struct lb_backend *x, uint32_t b,
                                  const struct lb_backend *y, lb_time now)
{
    if (!warming) {
        uint64_t left = (uint64_t)a * y->weight, right = (uint64_t)b * x->weight;
        return (left > right) - (left < right);
    }
    double left = (double)a * y->weight * lb_warm_units(y, now);
    double right = (double)b * x->weight * lb_warm_units(x, now);
    return (left > right) - (left < right);
}

#endif
