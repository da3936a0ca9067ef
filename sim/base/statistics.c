/*
 * Means with t intervals, and the quantiles and tails that tests of hypotheses need; all on GSL.
 * Source: A. Law, "Simulation modeling and analysis" (2015), 9.4 (intervals over replications).
 */
#include "sim/base/statistics.h"

#include <gsl/gsl_cdf.h>
#include <gsl/gsl_statistics_double.h>
#include <math.h>

#include "sim/base/check.h"

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
