/*
 * A log-linear histogram of times: 64 buckets an octave, so a value is known within 0.8 %.
 *
 * The bucket is read off the bits of the value: below 64 ns exactly, above that the six bits after
 * the leading one. Two histograms merge by adding. Quantiles are interpolated inside the bucket and
 * never leave [min, max]. Cost: about 1 ns to add, 29 KiB of memory of which a run touches little.
 * Source: the layout is the one that HdrHistogram (G. Tene) made common.
 */
#ifndef BASE_HISTOGRAM_H
#define BASE_HISTOGRAM_H

#include "algorithms/types.h"

#define HISTOGRAM_BITS    6
#define HISTOGRAM_BUCKETS (64 * 58) /* 0 .. 2^63 - 1 ns */

struct histogram {
    uint64_t count;
    double sum;       /* ns; sums of whole numbers, exact up to 2^53 and never order-dependent
                         in practice; the digest does not contain it */
    lb_time min, max; /* of the values themselves; LB_NEVER and -1 when empty */
    uint64_t bucket[HISTOGRAM_BUCKETS];
};

void histogram_init(struct histogram *h);

/* The bucket of a value, 0 <= value. */
static inline uint32_t histogram_bucket(lb_time value)
{
    uint64_t v = (uint64_t)value;
    if (v < 64)
        return (uint32_t)v;
    uint32_t octave = 63U - (uint32_t)__builtin_clzll(v) - HISTOGRAM_BITS;
    return octave * 64U + (uint32_t)(v >> octave);
}

/* The values of bucket i: *low <= value < *high. */
void histogram_range(uint32_t i, double *low, double *high);

static inline void histogram_add(struct histogram *h, lb_time value)
{
    h->count++;
    h->sum += (double)value;
    h->min = value < h->min ? value : h->min;
    h->max = value > h->max ? value : h->max;
    h->bucket[histogram_bucket(value)]++;
}

/* to += from. */
void histogram_merge(struct histogram *to, const struct histogram *from);
/* The quantile p in [0, 1], ns, interpolated; NAN when empty. p = 0 is min, p = 1 max. */
double histogram_quantile(const struct histogram *h, double p);
/* The mean, ns; NAN when empty. */
double histogram_mean(const struct histogram *h);
/* Share of values above t; NAN when empty. */
double histogram_above(const struct histogram *h, double t);

#endif
