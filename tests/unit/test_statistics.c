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

static const struct check_test tests[] = {
    {"t quantiles", test_t_quantiles},
    {"chi-square", test_chi_square},
    {"mean", test_mean},
    {"coverage", test_coverage},
};

CHECK_MAIN("statistics")
