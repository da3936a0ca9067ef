/*
 * What a log-linear histogram can say: quantiles, mean, tail.
 *
 * Values are whole nanoseconds, so a bucket [low, high) is interpolated over low .. high - 1: a
 * bucket of one value gives that value. Cost: a quantile walks the buckets between min and max.
 */
#include "sim/base/histogram.h"

#include <math.h>
#include <string.h>

#include "sim/base/check.h"

void histogram_init(struct histogram *h)
{
    memset(h, 0, sizeof *h);
    h->min = LB_NEVER;
    h->max = -1;
}

void histogram_clear(struct histogram *h)
{
    if (h->count != 0) {
        uint32_t first = histogram_bucket(h->min);
        uint32_t last = histogram_bucket(h->max);
        memset(h->bucket + first, 0, (last - first + 1) * sizeof h->bucket[0]);
    }
    h->count = 0;
    h->sum = 0;
    h->min = LB_NEVER;
    h->max = -1;
}

void histogram_range(uint32_t i, double *low, double *high)
{
    lb_assert(i < HISTOGRAM_BUCKETS);
    uint32_t octave = i < 2 * HISTOGRAM_OCTAVE ? 0 : i / HISTOGRAM_OCTAVE - 1;
    uint32_t mantissa = i - octave * HISTOGRAM_OCTAVE;
    *low = ldexp((double)mantissa, (int)octave);
    *high = ldexp((double)mantissa + 1, (int)octave);
}

void histogram_merge(struct histogram *to, const struct histogram *from)
{
    if (from->count == 0)
        return;
    uint32_t last = histogram_bucket(from->max);
    for (uint32_t i = histogram_bucket(from->min); i <= last; i++)
        to->bucket[i] += from->bucket[i];
    to->count += from->count;
    to->sum += from->sum;
    to->min = from->min < to->min ? from->min : to->min;
    to->max = from->max > to->max ? from->max : to->max;
}

double histogram_quantile(const struct histogram *h, double p)
{
    if (h->count == 0 || isnan(p))
        return NAN;
    if (p <= 0)
        return (double)h->min;
    if (p >= 1)
        return (double)h->max;
    double rank = p * (double)h->count;
    double before = 0;
    uint32_t last = histogram_bucket(h->max);
    for (uint32_t i = histogram_bucket(h->min); i <= last; i++) {
        double here = (double)h->bucket[i];
        if (here > 0 && before + here >= rank) {
            double low, high;
            histogram_range(i, &low, &high);
            double value = low + (high - 1 - low) * (rank - before) / here;
            return fmin(fmax(value, (double)h->min), (double)h->max);
        }
        before += here;
    }
    return (double)h->max; /* only if the counts of 2^53 values and more were rounded */
}

double histogram_mean(const struct histogram *h)
{
    return h->count == 0 ? NAN : h->sum / (double)h->count;
}

double histogram_above(const struct histogram *h, double t)
{
    if (h->count == 0 || isnan(t))
        return NAN;
    if (t < (double)h->min)
        return 1;
    if (t >= (double)h->max)
        return 0;
    uint32_t cut = histogram_bucket((lb_time)t); /* 0 <= min <= t < max: fits */
    double low, high;
    histogram_range(cut, &low, &high);
    /* Values above t in its own bucket: those of the whole numbers in (t, high - 1]. */
    double share = (high - 1 - floor(t)) / (high - low);
    double above = share * (double)h->bucket[cut];
    uint32_t last = histogram_bucket(h->max);
    for (uint32_t i = cut + 1; i <= last; i++)
        above += (double)h->bucket[i];
    return above / (double)h->count;
}

double histogram_mean_square(const struct histogram *h)
{
    double sum = 0, low, high;
    for (uint32_t i = 0; i < HISTOGRAM_BUCKETS; i++)
        if (h->bucket[i] > 0) {
            histogram_range(i, &low, &high);
            sum += (double)h->bucket[i] * (low + high) * (low + high) / 4;
        }
    return sum / (double)h->count;
}
