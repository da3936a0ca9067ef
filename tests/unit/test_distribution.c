/*
 * Distributions: what is refused, the moments by integration of the distribution function, samples
 * against it, the same draws through every door.
 *
 * Seeds are fixed. False alarms for a seed not yet tried: 1e-6 for each Kolmogorov test and 6e-7
 * for each mean; about 4e-5 in all.
 */
#include "sim/base/distribution.h"

#include <gsl/gsl_cdf.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "tests/check.h"

#define DRAWS 200000

/* Parameters in the order of enum distribution_parameter; NAN = not given. */
struct parameters {
    double value, mean, min, max, cv, shape, k;
};
#define _ NAN

struct row {
    enum distribution_kind kind;
    struct parameters parameters;
    double mean, scv;
};

static int make(struct distribution *d, enum distribution_kind kind, const struct parameters *p,
                struct lb_error *error)
{
    double values[DISTRIBUTION_PARAMETERS] = {
        [PARAMETER_VALUE] = p->value, [PARAMETER_MEAN] = p->mean, [PARAMETER_MIN] = p->min,
        [PARAMETER_MAX] = p->max,     [PARAMETER_CV] = p->cv,     [PARAMETER_SHAPE] = p->shape,
        [PARAMETER_K] = p->k,
    };
    bool given[DISTRIBUTION_PARAMETERS];
    for (int i = 0; i < DISTRIBUTION_PARAMETERS; i++)
        given[i] = !isnan(values[i]);
    return distribution_make(d, kind, given, values, error);
}

/* Mean and squared coefficient of variation from the textbook, as numbers. */
static const struct row rows[] = {
    {DISTRIBUTION_CONSTANT, {5e6, _, _, _, _, _, _}, 5e6, 0},
    {DISTRIBUTION_UNIFORM, {_, _, 1e6, 3e6, _, _, _}, 2e6, 1.0 / 12},
    {DISTRIBUTION_EXPONENTIAL, {_, 1e6, _, _, _, _, _}, 1e6, 1},
    {DISTRIBUTION_ERLANG, {_, 1e6, _, _, _, _, 4}, 1e6, 0.25},
    {DISTRIBUTION_GAMMA, {_, 1e6, _, _, _, 0.5, _}, 1e6, 2},
    {DISTRIBUTION_GAMMA, {_, 1e6, _, _, 0.5, _, _}, 1e6, 0.25},
    {DISTRIBUTION_WEIBULL, {_, 1e6, _, _, _, 2, _}, 1e6, 0.27323954473516265}, /* 4/pi - 1 */
    {DISTRIBUTION_WEIBULL, {_, 1e6, _, _, _, 0.5, _}, 1e6, 5},                 /* 4!/2!^2 - 1 */
    {DISTRIBUTION_LOGNORMAL, {_, 2e7, _, _, 1.2, _, _}, 2e7, 1.44},
    {DISTRIBUTION_PARETO, {_, 1e6, _, _, _, 3, _}, 1e6, 1.0 / 3},
    {DISTRIBUTION_PARETO, {_, _, 1e6, _, _, 2.5, _}, 5e6 / 3, 0.8},
    {DISTRIBUTION_PARETO, {_, 6e7, _, _, _, 2.1, _}, 6e7, 100.0 / 21},
    {DISTRIBUTION_PARETO, {_, 1e6, _, _, _, 1.5, _}, 1e6, INFINITY},
    /* shape 1: min max ln(max/min) / (max - min), E[X^2] = min max */
    {DISTRIBUTION_BOUNDED_PARETO, {_, _, 1e6, 1e8, _, 1, _}, 4651687.056553628, 3.621458106027},
    {DISTRIBUTION_BOUNDED_PARETO, {_, _, 1e6, 1e9, _, 1.5, _}, _, _},
    {DISTRIBUTION_BOUNDED_PARETO, {_, _, 1e6, 1e7, _, 2, _}, 1e7 * 2 / 11, 0.4071353346075},
    {DISTRIBUTION_HYPEREXPONENTIAL, {_, 1e6, _, _, 2, _, _}, 1e6, 4},
    {DISTRIBUTION_HYPEREXPONENTIAL, {_, 1e6, _, _, 1, _, _}, 1e6, 1},
    {DISTRIBUTION_GEOMETRIC, {_, 8, _, _, _, _, _}, 8, 0.875},
    {DISTRIBUTION_GEOMETRIC, {_, 1, _, _, _, _, _}, 1, 0},
};
#define ROWS (sizeof rows / sizeof rows[0])

/* P(X <= x), written from the parameters and not from what distribution_make derived. */
static double cdf(const struct row *row, double x)
{
    const struct parameters *p = &row->parameters;
    double min, share;
    switch (row->kind) {
    case DISTRIBUTION_UNIFORM:
        return gsl_cdf_flat_P(x, p->min, p->max);
    case DISTRIBUTION_EXPONENTIAL:
        return gsl_cdf_exponential_P(x, p->mean);
    case DISTRIBUTION_ERLANG:
        return gsl_cdf_gamma_P(x, p->k, p->mean / p->k);
    case DISTRIBUTION_GAMMA:
        return isnan(p->cv) ? gsl_cdf_gamma_P(x, p->shape, p->mean / p->shape)
                            : gsl_cdf_gamma_P(x, 1 / (p->cv * p->cv), p->mean * p->cv * p->cv);
    case DISTRIBUTION_WEIBULL:
        return gsl_cdf_weibull_P(x, p->mean / tgamma(1 + 1 / p->shape), p->shape);
    case DISTRIBUTION_LOGNORMAL:
        return gsl_cdf_lognormal_P(x, log(p->mean / sqrt(1 + p->cv * p->cv)),
                                   sqrt(log(1 + p->cv * p->cv)));
    case DISTRIBUTION_PARETO:
        min = isnan(p->min) ? p->mean * (p->shape - 1) / p->shape : p->min;
        return x <= min ? 0 : gsl_cdf_pareto_P(x, p->shape, min);
    case DISTRIBUTION_BOUNDED_PARETO:
        return x <= p->min ? 0
               : x >= p->max
                   ? 1
                   : (1 - pow(p->min / x, p->shape)) / (1 - pow(p->min / p->max, p->shape));
    case DISTRIBUTION_HYPEREXPONENTIAL:
        share = 0.5 + 0.5 * sqrt((p->cv * p->cv - 1) / (p->cv * p->cv + 1));
        return share * gsl_cdf_exponential_P(x, p->mean / (2 * share)) +
               (share < 1 ? (1 - share) * gsl_cdf_exponential_P(x, p->mean / (2 - 2 * share)) : 0);
    default:
        return x < 0 ? 0 : gsl_cdf_geometric_P((unsigned)x, 1 / p->mean);
    }
}

/* E[X] and E[X^2] as integrals of 1 - F and 2 x (1 - F) over the logarithm of x. */
static void integrate(const struct row *row, double *mean, double *scv)
{
    double first = 0;
    double second = 0;
    double step = 0.0005;
    for (double t = log(1e-3); t < log(1e13); t += step) {
        double x = exp(t + step / 2);
        double above = 1 - cdf(row, x);
        first += above * x * step;
        second += 2 * above * x * x * step;
    }
    *mean = first;
    *scv = second / (first * first) - 1;
}

static void test_moments(void)
{
    for (size_t i = 0; i < ROWS; i++) {
        struct distribution d;
        struct lb_error error = {0};
        CU_ASSERT_EQUAL_FATAL(make(&d, rows[i].kind, &rows[i].parameters, &error), 0);
        double mean = rows[i].mean;
        double scv = rows[i].scv;
        bool continuous = d.kind != DISTRIBUTION_CONSTANT && d.kind != DISTRIBUTION_GEOMETRIC;
        if (!isnan(mean))
            CHECK_CLOSE(d.mean, mean, 1e-6);
        if (isinf(scv))
            CU_ASSERT_TRUE(isinf(d.scv));
        if (isfinite(scv))
            CU_ASSERT(fabs(d.scv - scv) <= 1e-6 * (1 + scv));
        if (continuous && isfinite(d.scv)) {
            integrate(&rows[i], &mean, &scv);
            CHECK_CLOSE(d.mean, mean, 1e-4);
            if (d.kind != DISTRIBUTION_PARETO || d.scv < 1) /* the integral ends at 1e13 */
                CHECK_CLOSE(d.scv, scv, 2e-3);
        }
        distribution_done(&d);
    }
}

static int compare_doubles(const void *a, const void *b)
{
    double x = *(const double *)a;
    double y = *(const double *)b;
    return (x > y) - (x < y);
}

static void check_sample(const struct row *row, const struct distribution *d, uint64_t seed)
{
    static double x[DRAWS];
    struct lb_random random;
    lb_random_seed(&random, seed);
    double sum = 0;
    for (int i = 0; i < DRAWS; i++) {
        x[i] = distribution_draw(d, &random);
        sum += x[i];
    }
    if (isfinite(d->scv) && d->scv < 100.0 / 21) /* else the mean of a sample is no normal number */
        CU_ASSERT(fabs(sum / DRAWS - d->mean) <= 5 * d->mean * sqrt(d->scv / DRAWS));
    qsort(x, DRAWS, sizeof x[0], compare_doubles);
    CU_ASSERT(x[0] >= 0 && isfinite(x[DRAWS - 1]));
    double gap = 0;
    for (int i = 0; i < DRAWS; i++) {
        bool last = i + 1 == DRAWS || x[i + 1] > x[i]; /* of a run of equal values */
        double f = cdf(row, x[i]);
        if (last)
            gap = fmax(gap, fabs((double)(i + 1) / DRAWS - f));
    }
    /* Conservative where the distribution is discrete. */
    if (gap * sqrt(DRAWS) >= 2.694)
        printf("\n%s: Kolmogorov's gap is %g\n", distribution_name(d->kind), gap);
    CU_ASSERT(gap * sqrt(DRAWS) < 2.694);
}

static void test_samples(void)
{
    for (size_t i = 0; i < ROWS; i++) {
        struct distribution d;
        CU_ASSERT_EQUAL_FATAL(make(&d, rows[i].kind, &rows[i].parameters, NULL), 0);
        if (d.kind != DISTRIBUTION_CONSTANT)
            check_sample(&rows[i], &d, 100 + i);
        distribution_done(&d);
    }
}

/* The three doors give the same draw, rounded to nearest, and use the stream alike. */
static void test_doors(void)
{
    for (size_t i = 0; i < ROWS; i++) {
        struct distribution d;
        CU_ASSERT_EQUAL_FATAL(make(&d, rows[i].kind, &rows[i].parameters, NULL), 0);
        struct lb_random a, b, c;
        lb_random_seed(&a, i);
        b = c = a;
        uint64_t wrong = 0;
        for (int j = 0; j < 1000; j++) {
            lb_time t = distribution_draw_time(&d, &a);
            wrong += t != distribution_draw_fast(&d, &b);
            wrong += t != units_from_ns(distribution_draw(&d, &c));
        }
        CU_ASSERT_EQUAL(wrong, 0);
        CU_ASSERT_EQUAL(memcmp(&a, &b, sizeof a), 0);
        CU_ASSERT_EQUAL(memcmp(&a, &c, sizeof a), 0);
        distribution_done(&d);
    }
}

static void test_mix(void)
{
    struct distribution parts[2], d, copy;
    CU_ASSERT_EQUAL(
        make(&parts[0], DISTRIBUTION_CONSTANT, &(struct parameters){1e6, _, _, _, _, _, _}, NULL),
        0);
    double sample[] = {3e6, 1e6, 2e6};
    CU_ASSERT_EQUAL(distribution_make_empirical(&parts[1], sample, 3, NULL), 0);
    CHECK_CLOSE(parts[1].mean, 2e6, 1e-15);
    CHECK_CLOSE(parts[1].scv, 1.0 / 6, 1e-15);
    double shares[] = {0.75, 0.25};
    CU_ASSERT_EQUAL(distribution_make_mix(&d, parts, shares, 2, NULL), 0);
    CHECK_CLOSE(d.mean, 1.25e6, 1e-15);
    /* E[X^2] = (0.75 + 0.25 (1 + 4 + 9) / 3) 1e12 */
    CHECK_CLOSE(d.scv, (0.75 + 0.25 * 14 / 3) / (1.25 * 1.25) - 1, 1e-12);
    distribution_copy(&copy, &d);
    struct lb_random a, b;
    lb_random_seed(&a, 4);
    b = a;
    double count[4] = {0};
    uint64_t wrong = 0;
    for (int i = 0; i < 120000; i++) {
        double x = distribution_draw(&d, &a);
        wrong += x != distribution_draw(&copy, &b);
        count[(int)(x / 1e6)]++;
    }
    CU_ASSERT_EQUAL(wrong, 0);
    /* 5/6, 1/12, 1/12 of them, five standard deviations */
    CU_ASSERT(fabs(count[1] - 100000) < 5 * sqrt(120000 * 5.0 / 36));
    CU_ASSERT(fabs(count[2] - 10000) < 5 * sqrt(120000 * 11.0 / 144));
    CU_ASSERT(fabs(count[3] - 10000) < 5 * sqrt(120000 * 11.0 / 144));
    distribution_done(&d); /* the parts went with it; the copy is its own */
    CU_ASSERT(distribution_draw(&copy, &b) >= 1e6);
    distribution_done(&copy);
    distribution_done(&copy);
}

static void refuse(enum distribution_kind kind, struct parameters p, const char *expected)
{
    struct distribution d;
    struct lb_error error = {0};
    CU_ASSERT_EQUAL(make(&d, kind, &p, &error), -1);
    CU_ASSERT_EQUAL(error.code, LB_ERROR_INVALID);
    if (strcmp(error.text, expected) != 0)
        printf("\n\"%s\", not \"%s\"\n", error.text, expected);
    CU_ASSERT_STRING_EQUAL(error.text, expected);
}

#define P(...) ((struct parameters){__VA_ARGS__})

static void test_refusals(void)
{
    refuse(DISTRIBUTION_EXPONENTIAL, P(_, _, _, _, _, _, _),
           "exponential needs mean, it takes mean");
    refuse(DISTRIBUTION_EXPONENTIAL, P(_, 1, _, _, 2, _, _),
           "exponential has no cv, it takes mean");
    refuse(DISTRIBUTION_EXPONENTIAL, P(_, 0, _, _, _, _, _), "exponential: mean must be above 0");
    refuse(DISTRIBUTION_EXPONENTIAL, P(_, 1e300, _, _, _, _, _),
           "exponential: mean must be above 0 and at most 146 years");
    refuse(DISTRIBUTION_EXPONENTIAL, P(_, INFINITY, _, _, _, _, _),
           "exponential: mean must be above 0 and at most 146 years");
    refuse(DISTRIBUTION_CONSTANT, P(-1, _, _, _, _, _, _), "constant: value must be at least 0");
    refuse(DISTRIBUTION_UNIFORM, P(_, _, 2, 1, _, _, _), "uniform: max is below min");
    refuse(DISTRIBUTION_BOUNDED_PARETO, P(_, _, 2, 2, _, 1, _),
           "bounded-pareto: max must be above min");
    refuse(DISTRIBUTION_ERLANG, P(_, 1, _, _, _, _, 2.5), "erlang: k must be a whole number");
    refuse(DISTRIBUTION_ERLANG, P(_, 1, _, _, _, _, 0), "erlang: k must be between 1 and 1e+06");
    refuse(DISTRIBUTION_GAMMA, P(_, 1, _, _, _, _, _), "gamma takes mean and cv or shape");
    refuse(DISTRIBUTION_GAMMA, P(_, 1, _, _, 1, 1, _),
           "gamma takes mean and cv or shape, not both");
    refuse(DISTRIBUTION_PARETO, P(_, 1, _, _, _, 1, _),
           "pareto: shape must be above 1, there is no mean otherwise; "
           "bounded-pareto always has one");
    refuse(DISTRIBUTION_HYPEREXPONENTIAL, P(_, 1, _, _, 0.5, _, _),
           "hyperexponential: cv must be between 1 and 1000");
    refuse(DISTRIBUTION_GEOMETRIC, P(_, 0.5, _, _, _, _, _),
           "geometric: mean must be between 1 and 1e+08");
    struct distribution d, part = {.kind = DISTRIBUTION_CONSTANT};
    struct lb_error error;
    double shares[] = {0.5, 0.4};
    struct distribution parts[] = {part, part};
    CU_ASSERT_EQUAL(distribution_make_mix(&d, parts, shares, 2, &error), -1);
    CU_ASSERT_STRING_EQUAL(error.text, "mix: the shares add up to 90%, not to 100%");
    shares[0] = -1;
    CU_ASSERT_EQUAL(distribution_make_mix(&d, parts, shares, 2, &error), -1);
    CU_ASSERT_EQUAL(distribution_make_mix(&d, parts, shares, 0, &error), -1);
    double values[] = {1, NAN};
    CU_ASSERT_EQUAL(distribution_make_empirical(&d, values, 2, &error), -1);
    CU_ASSERT_EQUAL(distribution_make_empirical(&d, values, 0, &error), -1);
    CU_ASSERT_EQUAL(distribution_knows(DISTRIBUTION_GAMMA),
                    1U << PARAMETER_MEAN | 1U << PARAMETER_SHAPE | 1U << PARAMETER_CV);
    for (int kind = 0; kind < DISTRIBUTION_KINDS; kind++)
        CU_ASSERT_PTR_NOT_NULL(distribution_name((enum distribution_kind)kind));
}

static const struct check_test tests[] = {
    {"moments", test_moments}, {"samples", test_samples},   {"doors", test_doors},
    {"mix", test_mix},         {"refusals", test_refusals},
};

CHECK_MAIN("distribution")
