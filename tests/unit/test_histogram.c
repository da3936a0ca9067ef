/*
 * The histogram: its buckets tile the times, quantiles stay within 0.8 % of the order statistic
 * whatever the sample looks like, merging is adding.
 */
#include "sim/base/histogram.h"

#include <math.h>
#include <stdbool.h>
#include <stdlib.h>

#include "algorithms/random.h"
#include "sim/base/units.h"
#include "sim/base/ziggurat.h"
#include "tests/check.h"

static void test_buckets(void)
{
    double low, high, last = 0;
    for (uint32_t i = 0; i < HISTOGRAM_BUCKETS; i++) {
        histogram_range(i, &low, &high);
        CU_ASSERT_EQUAL(low, last); /* no gap, no overlap */
        CU_ASSERT(high > low);
        CU_ASSERT(high - low <= fmax(1, low / 128));
        CU_ASSERT_EQUAL(histogram_bucket((lb_time)low), i);
        last = high;
    }
    CU_ASSERT_EQUAL(last, 0x1p63);
    for (int bit = 0; bit < 63; bit++)
        for (int step = -1; step <= 1; step++) {
            lb_time value = (INT64_C(1) << bit) + step;
            if (value >= INT64_C(1) << 53) /* beyond, a double cannot tell the steps apart */
                continue;
            histogram_range(histogram_bucket(value), &low, &high);
            CU_ASSERT((double)value >= low && (double)value < high);
        }
    CU_ASSERT_EQUAL(histogram_bucket(0), 0);
    CU_ASSERT_EQUAL(histogram_bucket(127), 127);
    CU_ASSERT_EQUAL(histogram_bucket(LB_NEVER), HISTOGRAM_BUCKETS - 1);
}

enum shape { EXPONENTIAL, LOGNORMAL, HEAVY, UNIFORM, SMALL, CONSTANT, ATOMS, LOW_EDGES, SHAPES };

static lb_time sample_draw(struct lb_random *random, enum shape shape)
{
    switch (shape) {
    case EXPONENTIAL:
        return units_from_ns(ziggurat_exponential(random) * 1e7);
    case LOGNORMAL:
        return units_from_ns(2e7 * exp(1.5 * ziggurat_normal(random)));
    case HEAVY:
        return units_from_ns(1000 / pow(1 - lb_random_unit(random), 0.9));
    case UNIFORM:
        return (lb_time)lb_random_below(random, 1000000);
    case SMALL:
        return (lb_time)lb_random_below(random, 300);
    case CONSTANT:
        return 20000000;
    case ATOMS: /* two instants: nothing inside a bucket is smooth */
        return lb_random_below(random, 3) == 0 ? 1048576 : 65539000;
    default: /* LOW_EDGES: all at the lower ends of buckets, where interpolation errs most */
        return INT64_C(128) << lb_random_below(random, 20);
    }
}

static int compare_times(const void *a, const void *b)
{
    lb_time x = *(const lb_time *)a;
    lb_time y = *(const lb_time *)b;
    return (x > y) - (x < y);
}

static void check_sample(enum shape shape, size_t n, uint64_t seed)
{
    static struct histogram h;
    lb_time *values = malloc(n * sizeof *values);
    if (values == NULL)
        exit(3);
    histogram_init(&h);
    struct lb_random random;
    lb_random_seed(&random, seed);
    double sum = 0;
    for (size_t i = 0; i < n; i++) {
        values[i] = sample_draw(&random, shape);
        sum += (double)values[i];
        histogram_add(&h, values[i]);
    }
    qsort(values, n, sizeof *values, compare_times);
    CU_ASSERT_EQUAL(h.min, values[0]);
    CU_ASSERT_EQUAL(h.max, values[n - 1]);
    CHECK_CLOSE(histogram_mean(&h), sum / (double)n, 1e-12);
    static const double ps[] = {0.001, 0.01, 0.1,   0.25,   0.5,     0.75,
                                0.9,   0.99, 0.999, 0.9999, 0.99999, 0.123456};
    for (size_t i = 0; i < sizeof ps / sizeof ps[0]; i++) {
        size_t rank = (size_t)ceil(ps[i] * (double)n); /* the order statistic that p names */
        double exact = (double)values[rank - 1];
        double found = histogram_quantile(&h, ps[i]);
        if (fabs(found - exact) > 0.008 * exact)
            printf("\nshape %d n %zu p %g: %g, not %g\n", (int)shape, n, ps[i], found, exact);
        CU_ASSERT(fabs(found - exact) <= 0.008 * exact);
        /* The share above a time, from the same buckets: at most one bucket's worth off. */
        double above = histogram_above(&h, exact);
        size_t from = 0, to = n;
        while (from < n && (double)values[from] <= exact * (1 - 1.0 / 128) - 1)
            from++;
        while (to > 0 && (double)values[to - 1] >= exact * (1 + 1.0 / 128) + 1)
            to--;
        CU_ASSERT(above <= (double)(n - from) / (double)n + 1e-12);
        CU_ASSERT(above >= (double)(n - to) / (double)n - 1e-12);
    }
    CU_ASSERT_EQUAL(histogram_quantile(&h, 0), (double)values[0]);
    CU_ASSERT_EQUAL(histogram_quantile(&h, 1), (double)values[n - 1]);
    free(values);
}

static void test_quantiles(void)
{
    static const size_t sizes[] = {1, 2, 3, 10, 1000, 100000};
    for (int shape = 0; shape < SHAPES; shape++)
        for (size_t i = 0; i < sizeof sizes / sizeof sizes[0]; i++)
            check_sample((enum shape)shape, sizes[i], (uint64_t)shape * 10 + i);
}

/* Inside one bucket the quantile rises with p and never leaves [min, max]. */
static void test_interpolation(void)
{
    static struct histogram h;
    histogram_init(&h);
    for (int i = 0; i < 1024; i++)
        histogram_add(&h, 1048576 + i * 8); /* one bucket is 8,192 wide */
    double last = 0;
    for (double p = 0.01; p < 1; p += 0.01) {
        double value = histogram_quantile(&h, p);
        CU_ASSERT(value > last && value >= 1048576 && value <= 1048576 + 1023 * 8);
        CHECK_CLOSE(value, 1048576 + p * 8192, 1e-5);
        last = value;
    }
    CHECK_CLOSE(histogram_above(&h, 1048576 + 4096), 0.5, 0.001);
    CU_ASSERT_EQUAL(histogram_above(&h, 1048575), 1);
    CU_ASSERT_EQUAL(histogram_above(&h, 2e6), 0);
    CU_ASSERT_EQUAL(histogram_above(&h, -1), 1);
}

static bool same(const struct histogram *a, const struct histogram *b)
{
    bool equal = a->count == b->count && a->min == b->min && a->max == b->max && a->sum == b->sum;
    for (uint32_t i = 0; i < HISTOGRAM_BUCKETS; i++)
        equal = equal && a->bucket[i] == b->bucket[i];
    return equal;
}

static void test_merge(void)
{
    static struct histogram all, part[3], merged;
    struct lb_random random;
    lb_random_seed(&random, 8);
    histogram_init(&all);
    histogram_init(&merged);
    for (int i = 0; i < 3; i++)
        histogram_init(&part[i]);
    for (int i = 0; i < 30000; i++) {
        lb_time value = sample_draw(&random, i % 2 == 0 ? EXPONENTIAL : HEAVY);
        histogram_add(&all, value);
        histogram_add(&part[i % 3], value);
    }
    CU_ASSERT_FALSE(same(&all, &merged));
    for (int i = 2; i >= 0; i--)
        histogram_merge(&merged, &part[i]);
    CU_ASSERT_TRUE(same(&all, &merged));
    static struct histogram empty;
    histogram_init(&empty);
    histogram_merge(&merged, &empty);
    CU_ASSERT_TRUE(same(&all, &merged));
    histogram_clear(&merged);
    CU_ASSERT_TRUE(same(&merged, &empty));
    histogram_merge(&merged, &all);
    CU_ASSERT_TRUE(same(&merged, &all));
}

static void test_empty(void)
{
    static struct histogram h;
    histogram_init(&h);
    CU_ASSERT_TRUE(isnan(histogram_quantile(&h, 0.5)));
    CU_ASSERT_TRUE(isnan(histogram_mean(&h)));
    CU_ASSERT_TRUE(isnan(histogram_above(&h, 1)));
    histogram_clear(&h);
    histogram_add(&h, 0);
    CU_ASSERT_EQUAL(histogram_quantile(&h, 0.5), 0);
    CU_ASSERT_EQUAL(histogram_mean(&h), 0);
    CU_ASSERT_TRUE(isnan(histogram_quantile(&h, NAN)));
    histogram_add(&h, LB_NEVER);
    CU_ASSERT_EQUAL(histogram_quantile(&h, 1), 0x1p63);
}

static const struct check_test tests[] = {
    {"buckets", test_buckets}, {"quantiles", test_quantiles}, {"interpolation", test_interpolation},
    {"merge", test_merge},     {"empty", test_empty},
};

CHECK_MAIN("histogram")
