/*
 * Statistics: t quantiles and a mean with its interval against reference values.
 *
 * Origin of the t quantiles: the statistics table (q8) made for this project, computed with 25
 * digits. Chi-square: closed forms.
 */
#include "sim/base/statistics.h"

#include <math.h>

#include "algorithms/random.h"
#include "sim/base/ziggurat.h"
#include "tests/check.h"

static const struct {
    double df, p, value;
} t_rows[] = {
    {1, 0.95, 6.313751515},  {1, 0.975, 12.70620474},  {1, 0.995, 63.65674116},
    {2, 0.95, 2.91998558},   {2, 0.975, 4.30265273},   {2, 0.995, 9.924843201},
    {4, 0.95, 2.131846786},  {4, 0.975, 2.776445105},  {4, 0.995, 4.604094871},
    {9, 0.95, 1.833112933},  {9, 0.975, 2.262157163},  {9, 0.995, 3.249835542},
    {19, 0.95, 1.729132812}, {19, 0.975, 2.093024054}, {19, 0.995, 2.860934606},
    {29, 0.95, 1.699127027}, {29, 0.975, 2.045229642}, {29, 0.995, 2.756385904},
    {39, 0.95, 1.684875122}, {39, 0.975, 2.02269092},  {39, 0.995, 2.707913184},
    {99, 0.95, 1.660391156}, {99, 0.975, 1.984216952}, {99, 0.995, 2.626405457},
};

static void test_t_quantiles(void)
{
    for (size_t i = 0; i < sizeof t_rows / sizeof t_rows[0]; i++) {
        CHECK_CLOSE(statistics_t_quantile(t_rows[i].p, t_rows[i].df), t_rows[i].value, 1e-8);
        CHECK_CLOSE(statistics_t_quantile(1 - t_rows[i].p, t_rows[i].df), -t_rows[i].value, 1e-8);
    }
    CU_ASSERT_TRUE(isnan(statistics_t_quantile(0, 5)));
    CU_ASSERT_TRUE(isnan(statistics_t_quantile(1, 5)));
    CU_ASSERT_TRUE(isnan(statistics_t_quantile(0.5, 0)));
}

/* The paired-t vector of q8: u from x = 16807 x mod (2^31 - 1), x = 3 before the first step. */
static void test_paired(void)
{
    double u[20], x[10], y[10];
    uint64_t state = 3;
    for (int i = 0; i < 20; i++) {
        state = state * 16807U % 2147483647U;
        u[i] = (double)state / 2147483647.0;
    }
    for (int i = 0; i < 10; i++) {
        x[i] = 1 + u[i];
        y[i] = x[i] + 0.05 * (u[10 + i] - 0.3);
    }
    struct paired r = statistics_paired(y, x, 10, 0.95);
    double sign =
        r.difference.mean < 0 ? 1 : -1; /* the table does not say which is taken from which */
    CHECK_CLOSE(sign * r.difference.mean, -0.002789152103, 1e-9);
    CHECK_CLOSE((r.difference.high - r.difference.low) / 2, 0.00779852676, 1e-9);
    CHECK_CLOSE(r.p, 0.4393428602, 1e-9);
    CU_ASSERT_TRUE(r.correlation > 0.99 && r.gain > 100);
}

/* Nothing differs, nothing varies, one pair: no NAN where a verdict looks. */
static void test_paired_edges(void)
{
    static const double x[] = {1, 2, 4}, up[] = {2, 3, 5}, flat[] = {0, 0, 0};
    struct paired r = statistics_paired(x, x, 3, 0.95);
    CU_ASSERT_EQUAL(r.p, 1);
    CU_ASSERT_EQUAL(r.difference.mean, 0);
    CU_ASSERT_EQUAL(r.difference.low, 0);
    CU_ASSERT_EQUAL(r.difference.high, 0);
    CHECK_CLOSE(r.correlation, 1, 1e-12);
    CU_ASSERT_TRUE(isnan(r.gain));
    CU_ASSERT_EQUAL(statistics_paired(up, x, 3, 0.95).p, 0);
    r = statistics_paired(flat, flat, 3, 0.95);
    CU_ASSERT_EQUAL(r.p, 1);
    CU_ASSERT_TRUE(isnan(r.correlation));
    r = statistics_paired(up, x, 1, 0.95);
    CU_ASSERT_EQUAL(r.p, 1);
    CU_ASSERT_EQUAL(r.difference.mean, 1);
}

static void test_holm(void)
{
    static const double wanted[] = {0.03, 0.06, 0.06, 0.02};
    double p[] = {0.01, 0.04, 0.03, 0.005}, one[] = {0.7, 0.8};
    statistics_holm(p, 4, p);
    for (int i = 0; i < 4; i++)
        CHECK_CLOSE(p[i], wanted[i], 1e-9);
    statistics_holm(one, 2, one);
    CU_ASSERT_EQUAL(one[0], 1);
    CU_ASSERT_EQUAL(one[1], 1);
}

/* Shown at 5 % exactly when the 90 % interval lies within the margin. */
static void test_equivalence(void)
{
    static const double values[] = {5, 3, 1, 4, 2};
    struct estimate e = statistics_mean(values, 5, 0.90);
    CHECK_CLOSE(statistics_equivalence(&e, e.high), 0.05, 1e-9);
    CU_ASSERT_TRUE(statistics_equivalence(&e, e.high * 1.01) < 0.05);
    CU_ASSERT_TRUE(statistics_equivalence(&e, e.high * 0.99) > 0.05);
    CHECK_CLOSE(statistics_equivalence(&e, 3), 0.5, 1e-12);
    e = statistics_mean((const double[]){0, 0, 0}, 3, 0.90);
    CU_ASSERT_EQUAL(statistics_equivalence(&e, 0.02), 0);
    e = statistics_mean(values, 1, 0.90);
    CU_ASSERT_TRUE(isnan(statistics_equivalence(&e, 9)));
}

/* The bands of the coverage gate, 99 %: exact values, tabulated apart from this program. */
static void test_binomial_quantiles(void)
{
    static const unsigned rows[][3] = {
        {100, 89, 100}, {200, 181, 197}, {400, 368, 390}, {1000, 931, 967}};
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        CU_ASSERT_EQUAL(statistics_binomial_quantile(0.005, rows[i][0], 0.95), rows[i][1]);
        CU_ASSERT_EQUAL(statistics_binomial_quantile(0.995, rows[i][0], 0.95), rows[i][2]);
    }
    CU_ASSERT_EQUAL(statistics_binomial_quantile(0, 10, 0.5), 0);
    CU_ASSERT_EQUAL(statistics_binomial_quantile(1, 10, 0.5), 10);
}

static void test_chi_square(void)
{
    for (int i = 1; i < 100; i++) {
        double x = i / 2.0;
        CHECK_CLOSE(statistics_chi_square_tail(x, 2), exp(-x / 2), 1e-12);
        CHECK_CLOSE(statistics_chi_square_tail(x, 4), exp(-x / 2) * (1 + x / 2), 1e-12);
        CHECK_CLOSE(statistics_chi_square_tail(x, 1), erfc(sqrt(x / 2)), 1e-10);
    }
    CU_ASSERT_EQUAL(statistics_chi_square_tail(-1, 3), 1);
    CU_ASSERT_TRUE(isnan(statistics_chi_square_tail(1, 0)));
}

/* 1, 2, 3, 4, 5: mean 3, sd sqrt(5/2), se sqrt(1/2), t(0.975, 4) = 2.776445105. */
static void test_mean(void)
{
    static const double values[] = {5, 3, 1, 4, 2};
    struct estimate e = statistics_mean(values, 5, 0.95);
    CU_ASSERT_EQUAL(e.count, 5);
    CHECK_CLOSE(e.mean, 3, 1e-15);
    CHECK_CLOSE(e.sd, sqrt(2.5), 1e-15);
    CHECK_CLOSE(e.se, sqrt(0.5), 1e-15);
    CHECK_CLOSE(e.low, 3 - 2.776445105 * sqrt(0.5), 1e-8);
    CHECK_CLOSE(e.high, 3 + 2.776445105 * sqrt(0.5), 1e-8);
    e = statistics_mean(values, 1, 0.95);
    CU_ASSERT_EQUAL(e.mean, 5);
    CU_ASSERT_TRUE(isnan(e.low) && isnan(e.high) && isnan(e.sd));
}

/* 95 % intervals over 10 normal values cover in 95 % of 4,000 cases; false alarm 1e-6. */
static void test_coverage(void)
{
    struct lb_random random;
    lb_random_seed(&random, 20);
    double covered = 0;
    for (int i = 0; i < 4000; i++) {
        double values[10];
        for (int j = 0; j < 10; j++)
            values[j] = 7 + 3 * ziggurat_normal(&random);
        struct estimate e = statistics_mean(values, 10, 0.95);
        covered += e.low <= 7 && 7 <= e.high ? 1 : 0;
    }
    CU_ASSERT(fabs(covered - 3800) < 4.9 * sqrt(4000 * 0.95 * 0.05));
}

/* Two samples of 15 whose t is -2.84 with 27.7 degrees of freedom; these digits from the definitions, by
 * another program. P(T > t) at quantiles of the tables. */
static void test_welch(void)
{
    static const double x[] = {27.5, 21.0, 19.0, 23.6, 17.0, 17.9, 16.9, 20.1,
                               21.9, 22.6, 23.1, 19.6, 19.0, 21.7, 21.4};
    static const double y[] = {27.1, 22.0, 20.8, 23.4, 23.4, 23.5, 25.8, 22.0,
                               24.8, 20.2, 21.9, 22.1, 22.9, 30.0, 23.9};
    struct welch w = statistics_welch(x, 15, y, 15, 0.95);
    CHECK_CLOSE(w.difference / w.se, -2.835263800664, 1e-9);
    CHECK_CLOSE(w.df, 27.713625968119, 1e-9);
    double half = statistics_t_quantile(0.975, w.df) * w.se;
    CHECK_CLOSE(w.low, w.difference - half, 1e-9);
    CHECK_CLOSE(w.high, w.difference + half, 1e-9);
    CU_ASSERT(w.high < 0);
    CHECK_CLOSE(statistics_t_tail(2.228138852, 10), 0.025, 1e-8);
    CHECK_CLOSE(statistics_t_tail(-2.228138852, 10), 0.975, 1e-8);
    static const double flat[] = {3, 3}, one[] = {4};
    CU_ASSERT(isnan(statistics_welch(flat, 2, flat, 2, 0.95).df));
    CU_ASSERT(isnan(statistics_welch(one, 1, flat, 2, 0.95).low));
}

static const struct check_test tests[] = {
    {"t quantiles", test_t_quantiles},
    {"binomial quantiles", test_binomial_quantiles},
    {"chi-square", test_chi_square},
    {"mean", test_mean},
    {"paired differences", test_paired},
    {"paired differences at their edges", test_paired_edges},
    {"Welch", test_welch},
    {"Holm", test_holm},
    {"equivalence", test_equivalence},
    {"coverage", test_coverage},
};

CHECK_MAIN("statistics")
