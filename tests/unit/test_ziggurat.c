/*
 * The ziggurats: tables against their own equations, samples against the distributions.
 *
 * Seeds are fixed. False alarms, for a seed not yet tried: 1e-6 for each chi-square and Kolmogorov
 * test, 6e-7 for each moment and each tail (five standard deviations); about 1e-5 in all.
 */
#include "sim/base/ziggurat.h"

#include <math.h>
#include <stdlib.h>

#include "sim/base/statistics.h"
#include "tests/check.h"

#define DRAWS 1000000
#define CELLS 1000

/* Layers of equal area, edges on the curve, the top at the density's top. */
static void check_table(const struct ziggurat_table *table, double (*density)(double), double tail)
{
    double r = table->tail;
    double area = r * density(r) + tail;
    CHECK_CLOSE(table->layer[0].scale * 0x1p53 * density(r), area, 1e-14);
    CHECK_CLOSE(table->layer[1].scale * 0x1p53, r, 1e-15);
    for (int i = 0; i < 256; i++) {
        double x = table->layer[i].scale * 0x1p53;
        double next = i < 255 ? table->layer[i + 1].scale * 0x1p53 : 0;
        CU_ASSERT(next < x);
        CU_ASSERT(table->height[i] < table->height[i + 1]);
        CU_ASSERT(fabs((double)table->layer[i].sure - next / x * 0x1p53) < 16);
        if (i > 0) {
            CHECK_CLOSE(table->height[i], density(x), 1e-14);
            CHECK_CLOSE(x * (table->height[i + 1] - table->height[i]), area, 1e-12);
        }
    }
    CU_ASSERT_EQUAL(table->height[0], 0);
    CU_ASSERT_EQUAL(table->height[256], 1);
    CU_ASSERT_EQUAL(table->layer[255].sure, 0);
}

static double exponential_density(double x)
{
    return exp(-x);
}

static double normal_density(double x)
{
    return exp(-x * x / 2);
}

/* Published: r = 7.69711747013104972 and 3.6541528853610088 (Marsaglia and Tsang, 256 layers). */
static void test_tables(void)
{
    CHECK_CLOSE(ziggurat_exponential_table.tail, 7.69711747013104972, 1e-15);
    CHECK_CLOSE(ziggurat_normal_table.tail, 3.6541528853610088, 1e-15);
    check_table(&ziggurat_exponential_table, exponential_density, exp(-7.69711747013104972));
    check_table(&ziggurat_normal_table, normal_density,
                sqrt(acos(0)) * erfc(3.6541528853610088 / sqrt(2)));
}

static double exponential_cdf(double x)
{
    return -expm1(-x);
}

static double normal_cdf(double x)
{
    return erfc(-x / sqrt(2)) / 2;
}

static int compare_doubles(const void *a, const void *b)
{
    double x = *(const double *)a;
    double y = *(const double *)b;
    return (x > y) - (x < y);
}

/* Uniform numbers against uniformity: 1,000 equal cells, and the largest gap to the diagonal. */
static void check_uniform(double *u)
{
    static double count[CELLS];
    for (int i = 0; i < CELLS; i++)
        count[i] = 0;
    for (int i = 0; i < DRAWS; i++) {
        CU_ASSERT_FATAL(u[i] >= 0 && u[i] <= 1);
        int cell = (int)(u[i] * CELLS);
        count[cell < CELLS ? cell : CELLS - 1]++;
    }
    double chi = 0;
    double expected = (double)DRAWS / CELLS;
    for (int i = 0; i < CELLS; i++)
        chi += (count[i] - expected) * (count[i] - expected) / expected;
    double p = statistics_chi_square_tail(chi, CELLS - 1);
    CU_ASSERT(p > 1e-6 && p < 1 - 1e-6);
    qsort(u, DRAWS, sizeof *u, compare_doubles);
    double gap = 0;
    for (int i = 0; i < DRAWS; i++) {
        gap = fmax(gap, u[i] - (double)i / DRAWS);
        gap = fmax(gap, (double)(i + 1) / DRAWS - u[i]);
    }
    /* P(sqrt(n) gap > x) is about 2 exp(-2 x^2): 1e-6 at 2.694 (Kolmogorov 1933). */
    CU_ASSERT(gap * sqrt(DRAWS) < 2.694);
}

/* The m-th raw moment is within five standard deviations of what it should be. */
static void check_moment(const double *x, int m, double expected, double expected_2m)
{
    double sum = 0;
    for (int i = 0; i < DRAWS; i++)
        sum += pow(x[i], m);
    double sd = sqrt((expected_2m - expected * expected) / DRAWS);
    CU_ASSERT(fabs(sum / DRAWS - expected) < 5 * sd);
}

/* Beyond the last layer another piece of code draws: as many as there should be, rightly spread. */
static void check_tail(const double *x, double from, double share, double mean_beyond)
{
    double count = 0;
    double sum = 0;
    for (int i = 0; i < DRAWS; i++)
        if (x[i] > from) {
            count++;
            sum += x[i] - from;
        }
    double expected = share * DRAWS;
    CU_ASSERT(fabs(count - expected) < 5 * sqrt(expected));
    CU_ASSERT(fabs(sum / count - mean_beyond) < 5 * mean_beyond / sqrt(expected));
}

static void check_seed(uint64_t seed)
{
    double *x = malloc(DRAWS * sizeof *x);
    double *u = malloc(DRAWS * sizeof *u);
    if (x == NULL || u == NULL)
        exit(3);
    struct lb_random random;
    lb_random_seed(&random, seed);
    for (int i = 0; i < DRAWS; i++) {
        x[i] = ziggurat_exponential(&random);
        u[i] = exponential_cdf(x[i]);
    }
    check_uniform(u);
    check_moment(x, 1, 1, 2);
    check_moment(x, 2, 2, 24);
    check_moment(x, 3, 6, 720);
    double r = ziggurat_exponential_table.tail;
    check_tail(x, r, exp(-r), 1); /* without memory */

    for (int i = 0; i < DRAWS; i++) {
        x[i] = ziggurat_normal(&random);
        u[i] = normal_cdf(x[i]);
    }
    check_uniform(u);
    check_moment(x, 1, 0, 1);
    check_moment(x, 2, 1, 3);
    check_moment(x, 3, 0, 15);
    check_moment(x, 4, 3, 105);
    r = ziggurat_normal_table.tail;
    double share = normal_cdf(-r);
    double density = exp(-r * r / 2) / sqrt(4 * acos(0));
    check_tail(x, r, share, density / share - r); /* Mills' ratio */
    for (int i = 0; i < DRAWS; i++)
        x[i] = -x[i];
    check_tail(x, r, share, density / share - r);
    free(x);
    free(u);
}

static void test_samples(void)
{
    check_seed(1);
    check_seed(2);
}

/* Neighbours in the sequence are not correlated, nor is a draw with the layer of the next. */
static void test_independence(void)
{
    struct lb_random random;
    lb_random_seed(&random, 3);
    double last = ziggurat_normal(&random);
    double sum = 0, squares = 0;
    for (int i = 0; i < DRAWS; i++) {
        double x = ziggurat_normal(&random);
        sum += x * last;
        squares += (x * x - 1) * (last * last - 1) / 2;
        last = x;
    }
    CU_ASSERT(fabs(sum) < 5 * sqrt(DRAWS));
    CU_ASSERT(fabs(squares) < 5 * sqrt(DRAWS));
}

/* Pinned: the same bits from every compiler, and nobody changes them unawares. */
static void test_pinned(void)
{
    static const double exponential[] = {0x1.18c77d02d6b71p+0, 0x1.214614b0a2e4fp+0,
                                         0x1.720f8a4758f4ap-2, 0x1.0f7f8b226c06bp-1};
    static const double normal[] = {0x1.19600e9ed227ep+0, 0x1.14ebf0dd06ec7p+0,
                                    -0x1.eb637b0d91f7p-3, 0x1.5f13b854ff751p-1};
    struct lb_random random;
    lb_random_seed(&random, 1);
    for (int i = 0; i < 4; i++)
        CU_ASSERT_EQUAL(ziggurat_exponential(&random), exponential[i]);
    lb_random_seed(&random, 1);
    for (int i = 0; i < 4; i++)
        CU_ASSERT_EQUAL(ziggurat_normal(&random), normal[i]);
}

static const struct check_test tests[] = {
    {"tables", test_tables},
    {"samples", test_samples},
    {"independence", test_independence},
    {"pinned", test_pinned},
};

CHECK_MAIN("ziggurat")
