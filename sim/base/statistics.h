/*
 * Statistics over replications: mean, standard error, t interval. The analysis stands on GSL.
 */
#ifndef BASE_STATISTICS_H
#define BASE_STATISTICS_H

#include <stddef.h>

struct estimate {
    size_t count;
    double mean, sd, se; /* se = sd / sqrt(count) */
    double low, high;    /* two-sided t interval at the level asked */
};

/* The mean of n values with a two-sided interval at `level` (0.95); n >= 1, NAN ends when n = 1. */
struct estimate statistics_mean(const double *values, size_t n, double level);
/* The p quantile of Student's t with df > 0 degrees of freedom. */
double statistics_t_quantile(double p, double df);
/* Upper tail of chi-square: P(X > x) with df degrees of freedom. */
double statistics_chi_square_tail(double x, double df);

#endif
