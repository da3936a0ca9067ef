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

/* Pairs of values, x[i] beside y[i]: what x - y is in the mean, and what pairing them gained. */
struct paired {
    struct estimate difference;
    double p;           /* two-sided, of "no difference"; 1 when every difference is 0, or n = 1 */
    double correlation; /* of x and y; NAN when one of them does not vary, or n = 1 */
    double gain;        /* (var x + var y) / var(x - y): what unpaired runs would have cost, in
                           replications; NAN when the differences do not vary, or n = 1 */
};

/* n >= 1 pairs of finite values; the interval of the difference at `level`. Source: Law (2015), 10.2.1. */
struct paired statistics_paired(const double *x, const double *y, size_t n, double level);
/* Holm's step-down: adjusted[i] of the n p values, at most 1, so that any below alpha is significant with
 * all of them looked at. May be the same array. Source: Holm, Scand. J. Statist. 6 (1979). */
void statistics_holm(const double *p, size_t n, double *adjusted);
/* Two one-sided t tests: the p value of "the mean is not within (-margin, margin)"; NAN of one value.
 * Source: Schuirmann, J. Pharmacokin. Biopharm. 15 (1987). */
double statistics_equivalence(const struct estimate *e, double margin);
/* Two independent samples: what the mean of x - the mean of y is. */
struct welch {
    double difference, se;
    double df;        /* by Satterthwaite; NAN when neither sample varies */
    double low, high; /* two-sided; NAN ends when n or m is 1 */
};
/* n, m >= 1 finite values. Source: Welch, Biometrika 34 (1947); Law (2015), 10.2.2. */
struct welch statistics_welch(const double *x, size_t n, const double *y, size_t m, double level);
/* P(T > t) of Student's t with df > 0 degrees of freedom. */
double statistics_t_tail(double t, double df);
/* The p quantile of Student's t with df > 0 degrees of freedom. */
double statistics_t_quantile(double p, double df);
/* Upper tail of chi-square: P(X > x) with df degrees of freedom. */
double statistics_chi_square_tail(double x, double df);
/* The p quantile of how many of n independent trials succeed, each with probability share: the least k
 * with P(X <= k) >= p. 0 <= p <= 1. */
unsigned statistics_binomial_quantile(double p, unsigned n, double share);

#endif
