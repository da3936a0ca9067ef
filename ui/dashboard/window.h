/*
 * Latencies of the last few ticks: quantiles over a window that slides.
 *
 * The idea: each tick keeps what its histogram held as (bucket, count) pairs, some hundred bytes to
 * some kilobytes; one full histogram holds the sum of the ticks in the window. A new tick is added,
 * the oldest subtracted; counts are whole numbers, so nothing drifts. Cost of an addition: the
 * buckets between the smallest and the largest value; of a quantile: one pass over the histogram.
 */
#ifndef DASHBOARD_WINDOW_H
#define DASHBOARD_WINDOW_H

#include "sim/base/histogram.h"

struct window_pair {
    uint32_t bucket, count;
};

struct window_tick {
    int64_t tick;
    lb_time min, max;
    struct window_pair *pairs; /* a bucket may appear more than once */
    uint32_t pair_count, pair_room;
};

struct window {
    int64_t span;         /* ticks in the window */
    struct histogram sum; /* what is in the window; `sum.sum` is not kept */
    struct window_tick *ticks;
    uint32_t first, count; /* ticks[(first + i) % span], i < count, oldest first */
};

/* A window of the last `span` ticks, span >= 1. */
void window_init(struct window *window, uint32_t span);
void window_done(struct window *window);
void window_clear(struct window *window);
/* Adds what was measured during `tick` (never smaller than before; may be called several times for
 * one tick) and drops what lies `span` or more ticks back. h NULL or empty: only drops. */
void window_add(struct window *window, int64_t tick, const struct histogram *h);
/* The quantile over the window, ns; NAN when empty. */
double window_quantile(const struct window *window, double p);
/* The quantile over one tick, ns; NAN when it is empty or gone. scratch is an empty histogram and
 * is left empty. */
double window_tick_quantile(const struct window *window, int64_t tick, double p,
                            struct histogram *scratch);

#endif
