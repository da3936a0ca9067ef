/*
 * The rules by which a balancer refuses: the token bucket, exactly and against a slow one that counts
 * in fractions.
 */
#include <stdlib.h>

#include "sim/balancer/concurrency.h"
#include "sim/balancer/rate_limit.h"
#include "tests/check.h"

#define MS INT64_C(1000000)
#define S  INT64_C(1000000000)

static struct rate_limiter limiter(double rate, uint32_t burst, uint32_t size)
{
    struct scenario_rate_limit rule = {.on = true, .rate = rate, .burst = burst, .size = size};
    struct rate_limiter l;
    rate_limiter_init(&l, &rule);
    return l;
}

static int taken(struct rate_limiter *l, int tries, lb_time now)
{
    int n = 0;
    for (int i = 0; i < tries; i++)
        n += rate_limiter_take(l, 7, now);
    return n;
}

static void a_bucket(void)
{
    struct rate_limiter l = limiter(100, 20, 10);
    CU_ASSERT(taken(&l, 30, 5 * S) == 20);
    CU_ASSERT(taken(&l, 3, 5 * S + 10 * MS - 1) == 0);
    CU_ASSERT(taken(&l, 3, 5 * S + 10 * MS) == 1);
    CU_ASSERT(taken(&l, 30, 5 * S + 99 * MS) == 8); /* tokens at 20, 30, ..., 90 ms */
    CU_ASSERT(taken(&l, 30, 3600 * S) == 20);
    rate_limiter_done(&l);
}

/* In the long run the rate is exact, also when a gap is no whole number of ns. */
static void no_rounding_adds_up(void)
{
    static const double rates[] = {3, 7, 300000, 999999937, 0.001};
    for (size_t i = 0; i < sizeof rates / sizeof rates[0]; i++) {
        struct rate_limiter l = limiter(rates[i], 1, 10);
        lb_time step = (lb_time)(1e9 / rates[i] / 3) + 1, now = 0;
        uint64_t n = 0;
        for (int k = 0; k < 300000; k++, now += 1 + step / 1000)
            n += rate_limiter_take(&l, 1, now);
        double expected = (double)(now - 1 - step / 1000) * rates[i] / 1e9 + 1;
        /* A bucket of one token is full in between, which costs what lies behind its instant. */
        CU_ASSERT((double)n <= expected && (double)n > expected * 0.49);
        rate_limiter_done(&l);
        l = limiter(rates[i], 1000, 10);
        now = 0;
        n = 0;
        for (int k = 0; k < 300000; k++, now += step)
            n += rate_limiter_take(&l, 1, now);
        expected = (double)(now - step) * rates[i] / 1e9 + 1000; /* never full: all tokens */
        CU_ASSERT(expected > 300000 || ((double)n > expected - 1.001 && (double)n <= expected));
        rate_limiter_done(&l);
    }
}

/* Keys of their own; a full table forgets who asked longest ago. */
static void a_table(void)
{
    struct rate_limiter l = limiter(1, 1, 3);
    for (uint64_t key = 1; key <= 3; key++)
        CU_ASSERT(rate_limiter_take(&l, key, 0));
    for (uint64_t key = 1; key <= 3; key++)
        CU_ASSERT(!rate_limiter_take(&l, key, 1));
    CU_ASSERT(!rate_limiter_take(&l, 1, 2)); /* 2 is the oldest now */
    CU_ASSERT(rate_limiter_take(&l, 4, 3));
    CU_ASSERT(!rate_limiter_take(&l, 1, 4));
    CU_ASSERT(!rate_limiter_take(&l, 3, 4));
    CU_ASSERT(rate_limiter_take(&l, 2, 5)); /* forgotten: full */
    CU_ASSERT(l.used == 3);
    rate_limiter_done(&l);
}

/* Random keys and instants, against tokens counted in 1/1000. */
static void as_counted(void)
{
    enum { KEYS = 8 };
    struct rate_limiter l = limiter(1000, 5, KEYS); /* a token a ms: 1/1000 of one a us */
    int64_t tokens[KEYS];
    lb_time last[KEYS] = {0}, now = 0;
    struct lb_random random;
    lb_random_seed(&random, 5);
    for (int k = 0; k < KEYS; k++)
        tokens[k] = 5000;
    for (int i = 0; i < 100000; i++) {
        now += 1000 * (lb_time)lb_random_below(&random, 200);
        uint32_t k = lb_random_below(&random, KEYS);
        tokens[k] += (now - last[k]) / 1000;
        tokens[k] = tokens[k] < 5000 ? tokens[k] : 5000;
        last[k] = now;
        bool some = tokens[k] >= 1000;
        tokens[k] -= some ? 1000 : 0;
        CU_ASSERT_FATAL(rate_limiter_take(&l, k + 1, now) == some);
    }
    rate_limiter_done(&l);
}

static void keys_of_sources(void)
{
    struct lb_address a = {.family = 4, .bytes = {10, 0, 0, 1}}, b = a;
    b.port = 99;
    CU_ASSERT(rate_limiter_key(&a) == rate_limiter_key(&b));
    b.bytes[3] = 2;
    CU_ASSERT(rate_limiter_key(&a) != rate_limiter_key(&b));
    struct lb_address six = {.family = 6, .bytes = {0x20, 1, 0xd, 0xb8, 1, 2, 3, 4, 9}},
                      other = six;
    other.bytes[12] = 77;
    CU_ASSERT(rate_limiter_key(&six) == rate_limiter_key(&other)); /* one /64 */
    other.bytes[7] = 77;
    CU_ASSERT(rate_limiter_key(&six) != rate_limiter_key(&other));
}

static void aimd(void)
{
    struct scenario_concurrency rule = {
        .kind = LIMITER_AIMD, .min = 5, .max = 30, .initial = 20, .timeout = 50};
    struct concurrency c;
    concurrency_init(&c, &rule);
    concurrency_answer(&c, 50, 9, false, 0); /* not half used */
    CU_ASSERT(concurrency_limit(&c) == 20);
    concurrency_answer(&c, 50, 10, false, 0);
    CU_ASSERT(concurrency_limit(&c) == 21);
    concurrency_answer(&c, 51, 20, false, 0);
    CU_ASSERT(concurrency_limit(&c) == 18); /* 18.9, in whole ones */
    concurrency_answer(&c, 1, 20, true, 0);
    CU_ASSERT(concurrency_limit(&c) == 16);
    for (int i = 0; i < 99; i++)
        concurrency_answer(&c, 51, 20, false, 0);
    CU_ASSERT(concurrency_limit(&c) == 5);
    for (int i = 0; i < 99; i++)
        concurrency_answer(&c, 1, 20, false, 0);
    CU_ASSERT(concurrency_limit(&c) == 30);
}

/* By hand: windows of ten answers. */
static void gradient(void)
{
    struct scenario_concurrency rule = {.kind = LIMITER_GRADIENT,
                                        .min = 20,
                                        .max = 200,
                                        .initial = 100,
                                        .window = 100,
                                        .tolerance = 1.5};
    struct concurrency c;
    concurrency_init(&c, &rule);
    for (int i = 0; i < 9; i++)
        concurrency_answer(&c, 1000, 100, false, 200);
    CU_ASSERT(c.limit == 100); /* nine are not enough */
    concurrency_answer(&c, 1000, 100, false, 200);
    CU_ASSERT_DOUBLE_EQUAL(c.limit, 100 + 0.2 * 4, 1e-9); /* as in the long run: + 4 */
    for (int i = 0; i < 10; i++)
        concurrency_answer(&c, 4000, 100, false, 299);
    CU_ASSERT_DOUBLE_EQUAL(c.limit, 100.8, 1e-9); /* the window lasts until 300 */
    concurrency_answer(&c, 4000, 100, false, 300);
    /* the long run is (1000 + 4000) / 2: gradient 1.5 x 2500 / 4000 */
    CU_ASSERT_DOUBLE_EQUAL(c.limit, 100.8 * 0.8 + 0.2 * (100.8 * 0.9375 + 4), 1e-9);
    double before = c.limit;
    for (int i = 0; i < 10; i++)
        concurrency_answer(&c, 10, 40, false, 500);
    CU_ASSERT(c.limit == before); /* not half used */
    CU_ASSERT_DOUBLE_EQUAL(c.longer, 0.95 * 5010.0 / 3, 1e-9);
}

static const struct check_test tests[] = {
    {"a bucket of tokens", a_bucket},     {"no rounding adds up", no_rounding_adds_up},
    {"a table of buckets", a_table},      {"buckets are as counted", as_counted},
    {"keys of sources", keys_of_sources}, {"more by one, less by a tenth", aimd},
    {"the gradient", gradient},
};

CHECK_MAIN("overload_rules")
