/* MSER-5: the cut against a plain computation, what it must do, and a run that has not settled. tsan: yes */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "algorithms/random.h"
#include "sim/base/units.h"
#include "sim/lab/warmup.h"
#include "tests/check.h"
#include "tests/unit/sample_scenario.h"

#define N 200

/* By the definition, two passes for each d. */
static uint32_t plain(const double *x, uint32_t n)
{
    double least = INFINITY;
    uint32_t best = 0;
    for (uint32_t d = 0; d + WARMUP_BATCH <= n; d++) {
        double mean = 0.0, sum = 0.0, kept = n - d;
        for (uint32_t i = d; i < n; i++)
            mean += x[i] / kept;
        for (uint32_t i = d; i < n; i++)
            sum += (x[i] - mean) * (x[i] - mean);
        if (sum / (kept * kept) < least) {
            least = sum / (kept * kept);
            best = d;
        }
    }
    return best > n / 2 ? n : best;
}

static void series(double *x, uint64_t seed, uint32_t until, double height)
{
    struct lb_random random;
    lb_random_seed(&random, seed);
    for (uint32_t i = 0; i < N; i++)
        x[i] = 20e6 + 1e6 * lb_random_unit(&random) + (i < until ? height : 0.0);
}

static void test_cut(void)
{
    double x[N];
    for (uint64_t seed = 1; seed <= 200; seed++) {
        series(x, seed, (uint32_t)(seed % 90), (double)(seed % 7) * 1e6);
        CU_ASSERT_EQUAL(warmup_cut(x, N), plain(x, N));
    }
    series(x, 7, 30, 5e6);
    CU_ASSERT(warmup_cut(x, N) >= 30 && warmup_cut(x, N) < 40);
    series(x, 7, 150, 5e6);
    CU_ASSERT_EQUAL(warmup_cut(x, N), N); /* more than half */
    for (uint32_t i = 0; i < N; i++)
        x[i] = 3.0;
    CU_ASSERT_EQUAL(warmup_cut(x, N), 0);
    for (uint32_t i = 0; i < N; i += 2)
        x[i] = NAN; /* nothing finished there */
    CU_ASSERT_EQUAL(warmup_cut(x, N), 1);
    for (uint32_t i = 0; i < N; i++)
        x[i] = NAN;
    CU_ASSERT_EQUAL(warmup_cut(x, N), 0);
}

static const char text[] = "lbsim: 1\nname: x\n"
                           "clients: [{name: u, arrivals: poisson(load=70%), requests: "
                           "[{name: a, work: exponential(mean=10ms)}]}]\n"
                           "balancer: {algorithm: random}\nbackends: [{name: b, count: 4}]\n"
                           "run: {duration: 60s}\n";

static void test_runs(void)
{
    struct lb_error error = {.code = LB_ERROR_NONE};
    struct scenario *s = sample_load(text);
    lb_time one = -1, many = -1;
    struct warmup_setup setup = {.scenario = s, .replications = 5, .threads = 1};
    CU_ASSERT(warmup_wanted(s));
    CU_ASSERT_EQUAL(warmup_find(&setup, &one, &error), 0);
    setup.threads = 4;
    CU_ASSERT_EQUAL(warmup_find(&setup, &many, &error), 0);
    CU_ASSERT_EQUAL(one, many);
    CU_ASSERT(one >= 6 * UNITS_S && one <= 30 * UNITS_S); /* a tenth at least */
    scenario_destroy(s);
    /* Queues that grow all the time. */
    s = sample_load_set(text, "clients.u.arrivals.load=130%");
    setup.scenario = s;
    CU_ASSERT_EQUAL(warmup_find(&setup, &one, &error), 2);
    CU_ASSERT_PTR_NOT_NULL(strstr(error.text, "longer"));
    scenario_destroy(s);
    s = sample_load_set(text, "run.warmup=0");
    CU_ASSERT(!warmup_wanted(s));
    scenario_destroy(s);
    s = sample_load_set(text, "run.kind=transient");
    CU_ASSERT(!warmup_wanted(s));
    scenario_destroy(s);
}

static const struct check_test tests[] = {
    {"the cut", test_cut},
    {"runs", test_runs},
};

CHECK_MAIN("warm-up")
