/*
 * Means with t intervals, and the quantiles and tails that tests of hypotheses need; all on GSL.
 * Source: A. Law, "Simulation modeling and analysis" (2015), 9.4 (intervals over replications).
 */
#include "sim/base/statistics.h"

#include <gsl/gsl_cdf.h>
#include <gsl/gsl_statistics_double.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "sim/base/check.h"
#include "sim/base/text.h"

double statistics_t_quantile(double p, double df)
{
    if (!(p > 0 && p < 1 && df > 0))
        return NAN;
    return gsl_cdf_tdist_Pinv(p, df);
}

double statistics_chi_square_tail(double x, double df)
{
    if (!(df > 0) || isnan(x))
        return NAN;
    return x <= 0 ? 1 : gsl_cdf_chisq_Q(x, df);
}

unsigned statistics_binomial_quantile(double p, unsigned n, double share)
{
    unsigned k = 0, high = n; /* the answer is in [k, high] */
    while (k < high) {
        unsigned middle = k + (high - k) / 2;
        if (gsl_cdf_binomial_P(middle, share, n) >= p)
            high = middle;
        else
            k = middle + 1;
    }
    return k;
}

struct estimate statistics_mean(const double *values, size_t n, double level)
{
    lb_assert(n >= 1 && level > 0 && level < 1);
    struct estimate e = {.count = n, .mean = gsl_stats_mean(values, 1, n)};
    if (n == 1) {
        e.sd = e.se = e.low = e.high = NAN;
        return e;
    }
    e.sd = gsl_stats_sd_m(values, 1, n, e.mean);
    e.se = e.sd / sqrt((double)n);
    double half = statistics_t_quantile((1 + level) / 2, (double)(n - 1)) * e.se;
    e.low = e.mean - half;
    e.high = e.mean + half;
    return e;
}

/* The two-sided p value of a mean of 0. Without any variation it is certain, one way or the other. */
static double two_sided(const struct estimate *e)
{
    if (e->count < 2)
        return 1.0;
    if (!(e->se > 0.0))
        return e->mean == 0.0 ? 1.0 : 0.0;
    return 2.0 * gsl_cdf_tdist_Q(fabs(e->mean) / e->se, (double)(e->count - 1));
}

struct paired statistics_paired(const double *x, const double *y, size_t n, double level)
{
    double *difference = text_need((n + 1) * sizeof *difference);
    for (size_t i = 0; i < n; i++)
        difference[i] = x[i] - y[i];
    struct paired r = {
        .difference = statistics_mean(difference, n, level), .correlation = NAN, .gain = NAN};
    r.p = two_sided(&r.difference);
    if (n >= 2) {
        double vx = gsl_stats_variance(x, 1, n), vy = gsl_stats_variance(y, 1, n);
        double vd = r.difference.sd * r.difference.sd;
        if (vx > 0.0 && vy > 0.0)
            r.correlation = gsl_stats_correlation(x, 1, y, 1, n);
        if (vd > 0.0)
            r.gain = (vx + vy) / vd;
    }
    free(difference);
    return r;
}

void statistics_holm(const double *p, size_t n, double *adjusted)
{
    size_t *order = text_need((n + 1) * sizeof *order);
    double *result = text_need((n + 1) * sizeof *result), worst = 0.0;
    for (size_t i = 0; i < n; i++) {
        size_t at = i;
        for (; at > 0 && p[order[at - 1]] > p[i]; at--)
            order[at] = order[at - 1];
        order[at] = i;
    }
    for (size_t i = 0; i < n; i++) {
        worst = fmax(worst, fmin(1.0, p[order[i]] * (double)(n - i)));
        result[order[i]] = worst;
    }
    memcpy(adjusted, result, n * sizeof *adjusted);
    free(result);
    free(order);
}

double statistics_equivalence(const struct estimate *e, double margin)
{
    if (e->count < 2)
        return NAN;
    double inside = margin - fabs(e->mean); /* the worse of both tests */
    if (!(e->se > 0.0))
        return inside > 0.0 ? 0.0 : 1.0;
    return gsl_cdf_tdist_Q(inside / e->se, (double)(e->count - 1));
}

struct welch statistics_welch(const double *x, size_t n, const double *y, size_t m, double level)
{
    struct estimate a = statistics_mean(x, n, level), b = statistics_mean(y, m, level);
    struct welch w = {.difference = a.mean - b.mean, .se = NAN, .df = NAN, .low = NAN, .high = NAN};
    if (n < 2 || m < 2)
        return w;
    double va = a.se * a.se, vb = b.se * b.se;
    w.se = sqrt(va + vb);
    double spread = va * va / (double)(n - 1) + vb * vb / (double)(m - 1);
    double half = 0.0;
    if (spread > 0.0) {
        w.df = (va + vb) * (va + vb) / spread;
        half = w.se * statistics_t_quantile(0.5 + level / 2.0, w.df);
    }
    w.low = w.difference - half;
    w.high = w.difference + half;
    return w;
}

double statistics_t_tail(double t, double df)
{
    return gsl_cdf_tdist_Q(t, df);
}
