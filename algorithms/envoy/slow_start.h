/*
 * Envoy's slow start: a backend that has just become healthy counts for part of its weight.
 *
 * The idea: t milliseconds after its return the weight is multiplied by (t / window)^(1 / aggression),
 * at least by min-weight; t counts as 1 in the first millisecond. Aggression 1 is linear, more than 1
 * rises fast at first. The window is the row's warm_for, which its host sets.
 *
 * Cost: O(1); a pow for a backend in its window when the aggression is not 1.
 * Source: Envoy, load_balancer_impl.cc, applySlowStartFactor; rules only.
 */
#ifndef LB_ENVOY_SLOW_START_H
#define LB_ENVOY_SLOW_START_H

#include <math.h>

#include "algorithms/lb.h"

struct lb_envoy_slow_start {
    double aggression, min; /* min: share of the weight */
};

/* The two parameters, for the tables of algorithms that have it. */
#define LB_ENVOY_SLOW_START_PARAMS                                                                 \
    {.name = "aggression",                                                                         \
     .unit = "",                                                                                   \
     .value = 1,                                                                                   \
     .min = 0.1,                                                                                   \
     .max = 100,                                                                                   \
     .help = "slow start rises as (t / window)^(1 / aggression); 1 is linear"},                    \
    {                                                                                              \
        .name = "min-weight", .unit = "", .value = 10, .min = 0, .max = 100,                       \
        .help = "percent of its weight that a backend in slow start has at least"                  \
    }

static inline struct lb_envoy_slow_start lb_envoy_slow_start(const struct lb_setup *setup,
                                                             const struct lb_param *params,
                                                             int first)
{
    return (struct lb_envoy_slow_start){lb_value(setup, params, first),
                                        lb_value(setup, params, first + 1) / 100};
}

/* Is the backend in its window? */
static inline bool lb_envoy_warming(const struct lb_backend *b, lb_time now)
{
    return lb_warmth(b, now) < 1;
}

/* What is left of this weight of the backend at `now`. */
static inline double lb_envoy_warm_weight(const struct lb_envoy_slow_start *slow,
                                          const struct lb_backend *b, double weight, lb_time now)
{
    if (!lb_envoy_warming(b, now))
        return weight;
    lb_time t = (now - b->warm_since) / 1000000;
    double factor = (double)(t > 1 ? t : 1) * 1e6 / (double)b->warm_for;
    if (slow->aggression != 1 && factor != 1)
        factor = pow(factor, 1 / slow->aggression);
    return weight * (factor > slow->min ? factor : slow->min);
}

#endif
