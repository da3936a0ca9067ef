/*
 * A log-linear histogram of times: 128 buckets an octave, so a value is known within 0.8 %.
 *
 * The bucket is read off the bits of the value: below 128 ns exactly, above that the seven bits
 * after the leading one. A bucket is at most 1/128 = 0.78 % of its values wide, so a quantile, which
 * is interpolated inside its bucket and never leaves [min, max], is within 0.78 % of the order
 * statistic whatever the sample looks like; 64 an octave would hold that only for smooth ones. Two
 * histograms merge by adding. Cost: about 1 ns to add, 57 KiB of memory of which a run touches
 * little (1 KiB an octave). Source: the layout is the one that HdrHistogram (G. Tene) made common.
 */
#ifndef BASE_HISTOGRAM_H
#define BASE_HISTOGRAM_H

#include "algorithms/types.h"

#define HISTOGRAM_BITS    7
#define HISTOGRAM_OCTAVE  (1U << HISTOGRAM_BITS)
#define HISTOGRAM_BUCKETS (128 * 57) /* 0 .. 2^63 - 1 ns */

struct histogram {
    uint64_t count;
    double sum;       /* ns; sums of whole numbers, exact up to 2^53 and never order-dependent
                         in practice; the digest does not contain it */
    lb_time min, max; /* of the values themselves; LB_NEVER and -1 when empty */
    uint64_t bucket[HISTOGRAM_BUCKETS];
};

void histogram_init(struct histogram *h);
/* The same for one that is in use: only the buckets that can be occupied are written. */
void histogram_clear(struct histogram *h);

/* The bucket of a value, 0 <= value. A double begins with the exponent and the bits after the leading
 * one: up to 2^53, where it is exact, its upper half is the bucket but for a constant. Finding the
 * leading bit of a whole number takes longer. */
static inline uint32_t histogram_bucket(lb_time value)
{
    uint64_t v = (uint64_t)value;
    if (__builtin_expect(v - HISTOGRAM_OCTAVE < (UINT64_C(1) << 53) - HISTOGRAM_OCTAVE, 1)) {
        union {
            double number;
            uint64_t bits;
        } same = {.number = (double)value};
        return (uint32_t)(same.bits >> (52 - HISTOGRAM_BITS)) -
               ((1023U + HISTOGRAM_BITS - 1U) << HISTOGRAM_BITS);
    }
    if (v < HISTOGRAM_OCTAVE)
        return (uint32_t)v;
    uint32_t octave = 63U - (uint32_t)__builtin_clzll(v) - HISTOGRAM_BITS;
    return octave * HISTOGRAM_OCTAVE + (uint32_t)(v >> octave);
}

/* The values of bucket i: *low <= value < *high. */
void histogram_range(uint32_t i, double *low, double *high);

static inline void histogram_add(struct histogram *h, lb_time value)
{
    h->count++;
    h->sum += (double)value;
    if (__builtin_expect(value < h->min, 0)) /* rarely: no store otherwise */
        h->min = value;
    if (__builtin_expect(value > h->max, 0))
        h->max = value;
    h->bucket[histogram_bucket(value)]++;
}

/* to += from. */
void histogram_merge(struct histogram *to, const struct histogram *from);
/* The quantile p in [0, 1], ns, interpolated; NAN when empty. p = 0 is min, p = 1 max. */
double histogram_quantile(const struct histogram *h, double p);
/* The mean, ns; NAN when empty. */
double histogram_mean(const struct histogram *h);
/* The mean square, ns^2, of the middles of the buckets: right to 1e-5; NAN when empty. */
double histogram_mean_square(const struct histogram *h);
/* Share of values above t, interpolated inside the bucket of t; NAN when empty. */
double histogram_above(const struct histogram *h, double t);

#endif
