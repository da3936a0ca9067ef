/*
 * How much of a steady run is thrown away: MSER-5 on the mean latency.
 *
 * The idea: the run is cut in 1,000 equal slices of time; the mean latency of the requests that finished in
 * a slice, over all replications of a pilot, is one value; five neighbours are one batch. The warm-up ends
 * where the mean of what is left is known best: at the d that makes sum (x_i - mean)^2 / (n - d)^2 over
 * the batches from d on least. At least a tenth of the run is thrown away. Beyond one half it has not
 * settled, and must be longer.
 *
 * Cost: that of the pilot's runs; 16 KiB. Source: K. P. White, "An effective truncation heuristic for bias
 * reduction in simulation output", Simulation 69 (1997).
 */
#ifndef LAB_WARMUP_H
#define LAB_WARMUP_H

#include "sim/lab/replicate.h"

#define WARMUP_SLICES       1000U
#define WARMUP_BATCH        5U
#define WARMUP_REPLICATIONS 20U /* of a pilot, at most */

struct warmup_setup {
    const struct scenario *scenario; /* steady; its own warm-up is not looked at */
    uint32_t replications, threads;
    void *self;
    bool (*stop)(void *self);
};

/* Which of n batches is the first to keep: what MSER says of their means; NAN = nothing in it. n when it
 * says more than half of them. */
uint32_t warmup_cut(const double *batches, uint32_t n);

/* Does the scenario leave its warm-up to this rule? */
bool warmup_wanted(const struct scenario *scenario);
/* The warm-up into *warmup. 0; 1 when stop() ended it; 2 when the run has not settled in its first half,
 * *error says so; -1 with *error. */
int warmup_find(const struct warmup_setup *setup, lb_time *warmup, struct lb_error *error);

#endif
