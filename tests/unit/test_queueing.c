/*
 * The closed formulas against reference values.
 *
 * Origin of the values: tables of theory made for this project (single queues q1, farms q2), each
 * computed from the formula of the textbook and confirmed by a second method (truncated chains,
 * integration or simulation), 10 digits given. Time unit: as the rates say; round robin in mean
 * service times.
 */
#include "sim/base/queueing.h"

#include <math.h>
#include <stddef.h>

#include "tests/check.h"

static void test_reference(void)
{
    CHECK_CLOSE(queueing_mm1_mean(0.5, 1), 2, 1e-9);
    CHECK_CLOSE(queueing_mm1_mean(0.8, 1), 5, 1e-9);
    CHECK_CLOSE(queueing_mm1_quantile(0.8, 1, 0.5), 3.465735903, 1e-9);
    CHECK_CLOSE(queueing_mm1_quantile(0.8, 1, 0.99), 23.02585093, 1e-9);
    CHECK_CLOSE(queueing_mm1_quantile(0.8, 1, 0.999), 34.53877639, 1e-9);
    CHECK_CLOSE(queueing_mm1_mean(0.95, 1), 20, 1e-9);
    CHECK_CLOSE(queueing_mm1_mean(70, 100), 0.03333333333, 1e-9);
    CHECK_CLOSE(queueing_mm1_quantile(70, 100, 0.5), 0.02310490602, 1e-9);
    CHECK_CLOSE(queueing_mm1_quantile(70, 100, 0.99), 0.1535056729, 1e-9);
    CHECK_CLOSE(queueing_mm1_quantile(70, 100, 0.999), 0.2302585093, 1e-9);
    CHECK_CLOSE(queueing_mm1k_blocking(0.8, 1, 5), 0.08881949866, 1e-9);
    CHECK_CLOSE(queueing_mm1k_mean(0.8, 1, 5), 2.563065207, 1e-9);
    CHECK_CLOSE(queueing_mm1k_blocking(1, 1, 10), 0.09090909091, 1e-9);
    CHECK_CLOSE(queueing_mm1k_mean(1, 1, 10), 5.5, 1e-9);
    CHECK_CLOSE(queueing_mm1k_blocking(1.5, 1, 20), 0.3334001753, 1e-9);
    CHECK_CLOSE(queueing_mm1k_mean(1.5, 1, 20), 18.00601638, 1e-9);
    CHECK_CLOSE(queueing_mm1k_blocking(90, 100, 50), 0.0005177791865, 1e-9);
    CHECK_CLOSE(queueing_mm1k_mean(90, 100, 50), 0.0974097629, 1e-9);
    CHECK_CLOSE(queueing_erlang_c(1.6, 2), 0.7111111111, 1e-9);
    CHECK_CLOSE(queueing_mmc_mean(1.6, 1, 2), 2.777777778, 1e-9);
    CHECK_CLOSE(queueing_erlang_c(3.2, 4), 0.5964324718, 1e-9);
    CHECK_CLOSE(queueing_mmc_mean(3.2, 1, 4), 1.74554059, 1e-9);
    CHECK_CLOSE(queueing_erlang_c(7.2, 8), 0.7015329901, 1e-9);
    CHECK_CLOSE(queueing_mmc_mean(7.2, 1, 8), 1.876916238, 1e-9);
    CHECK_CLOSE(queueing_erlang_c(9.5, 10), 0.8255855781, 1e-9);
    CHECK_CLOSE(queueing_mmc_mean(9.5, 1, 10), 2.651171156, 1e-9);
    CHECK_CLOSE(queueing_erlang_c(90, 100), 0.2169404809, 1e-9);
    CHECK_CLOSE(queueing_mmc_mean(90, 1, 100), 1.021694048, 1e-9);
    CHECK_CLOSE(queueing_mg1_mean(0.8, 1, 0), 3, 1e-9);           /* det */
    CHECK_CLOSE(queueing_mg1ps_mean(0.8, 1), 5, 1e-9);            /* det */
    CHECK_CLOSE(queueing_mg1_mean(0.5, 1, 0), 1.5, 1e-9);         /* det */
    CHECK_CLOSE(queueing_mg1ps_mean(0.5, 1), 2, 1e-9);            /* det */
    CHECK_CLOSE(queueing_mg1_mean(0.8, 1, 1.0 / 2), 4, 1e-9);     /* erlang */
    CHECK_CLOSE(queueing_mg1_mean(0.7, 1, 1 / 0.5), 4.5, 1e-9);   /* gamma */
    CHECK_CLOSE(queueing_mg1_mean(0.7, 1, 4), 6.833333333, 1e-9); /* hyperexp2 */
    CHECK_CLOSE(queueing_mg1_mean(0.5, 1, 10), 6.5, 1e-9);        /* hyperexp2 */
    CHECK_CLOSE(queueing_mg1_mean(0.8, 1, 1), 5, 1e-9);           /* lognormal */
    CHECK_CLOSE(queueing_mg1ps_mean(0.8, 1), 5, 1e-9);            /* lognormal */
    CHECK_CLOSE(queueing_mg1_mean(0.6, 1, 4), 4.75, 1e-9);        /* lognormal */
    CHECK_CLOSE(queueing_mg1ps_mean(0.6, 1), 2.5, 1e-9);          /* lognormal */
    CHECK_CLOSE(queueing_round_robin_mean(0.5, 2), 1.618033989, 1e-9);
    CHECK_CLOSE(queueing_round_robin_mean(0.8, 2), 3.843979767, 1e-9);
    CHECK_CLOSE(queueing_round_robin_mean(0.8, 4), 3.26738361, 1e-9);
    CHECK_CLOSE(queueing_round_robin_mean(0.9, 10), 5.66027639, 1e-9);
    CHECK_CLOSE(queueing_round_robin_mean(0.7, 8), 2.055848347, 1e-9);
}

static const struct closed_row {
    unsigned users;
    double think, mu;
    unsigned servers;
    double response, throughput;
} closed_rows[] = {
    {10, 5, 1, 1, 5.18728893, 0.9816154297},
    {50, 10, 1, 4, 2.87007141, 3.884982329},
    {100, 1, 1, 64, 1.000077076, 49.99807318},
    {20, 9, 1, 2, 2.388728733, 1.756122256},
};

static void test_closed(void)
{
    double response, throughput;
    for (size_t i = 0; i < sizeof closed_rows / sizeof closed_rows[0]; i++) {
        const struct closed_row *row = &closed_rows[i];
        queueing_closed(row->users, row->think, row->mu, row->servers, &response, &throughput);
        CHECK_CLOSE(response, row->response, 1e-9);
        CHECK_CLOSE(throughput, row->throughput, 1e-9);
        /* The interactive response time law, which the code does not use. */
        CHECK_CLOSE(throughput * (response + row->think), row->users, 1e-12);
    }
    queueing_closed(100000, 1, 1, 10, &response, &throughput); /* weights far beyond a double */
    CHECK_CLOSE(throughput, 10, 1e-12);
    CHECK_CLOSE(response, 9999, 1e-9);
    queueing_closed(5, 0, 2, 3, &response, &throughput);
    CHECK_CLOSE(throughput, 6, 1e-15);
    CHECK_CLOSE(response, 5.0 / 6, 1e-15);
    queueing_closed(0, 1, 1, 1, &response, &throughput);
    CU_ASSERT_TRUE(isnan(response) && isnan(throughput));
}

/* One formula is another's special case. */
static void test_relations(void)
{
    for (int percent = 5; percent < 100; percent += 5) {
        double rho = percent / 100.0;
        double mean = queueing_mm1_mean(rho, 1);
        CHECK_CLOSE(queueing_mmc_mean(rho, 1, 1), mean, 1e-12);
        CHECK_CLOSE(queueing_mg1_mean(rho, 1, 1), mean, 1e-12);
        CHECK_CLOSE(queueing_mg1ps_mean(rho, 1), mean, 1e-12);
        CHECK_CLOSE(queueing_round_robin_mean(rho, 1), mean, 1e-9);
        CHECK_CLOSE(queueing_mm1k_mean(rho, 1, 20000), mean, 1e-9);
        CHECK_CLOSE(queueing_erlang_c(rho, 1), rho, 1e-12);
        CHECK_CLOSE(queueing_mm1_quantile(rho, 1, 1 - exp(-1)), mean, 1e-12);
        /* Many turns make regular gaps: sigma of D/M/1. */
        double sigma = 1 - 1 / queueing_round_robin_mean(rho, 1000000);
        CU_ASSERT(fabs(sigma - exp(-(1 - sigma) / rho)) < 1e-5);
    }
    CHECK_CLOSE(queueing_round_robin_mean(0.8, 1000000000), 2.69273084, 1e-7); /* q2, N = inf */
    /* Overload: the finite queue serves at full rate and is full nearly always. */
    CHECK_CLOSE(queueing_mm1k_blocking(10, 1, 100), 0.9, 1e-12);
}

static void test_out_of_range(void)
{
    CU_ASSERT_TRUE(isnan(queueing_mm1_mean(1, 1)));
    CU_ASSERT_TRUE(isnan(queueing_mm1_mean(-1, 1)));
    CU_ASSERT_TRUE(isnan(queueing_mm1_mean(NAN, 1)));
    CU_ASSERT_TRUE(isnan(queueing_mm1_quantile(0.5, 1, 1)));
    CU_ASSERT_TRUE(isnan(queueing_mm1k_mean(1, 1, 0)));
    CU_ASSERT_TRUE(isnan(queueing_mm1k_blocking(1, 0, 5)));
    CU_ASSERT_TRUE(isnan(queueing_erlang_c(2, 2)));
    CU_ASSERT_TRUE(isnan(queueing_mmc_mean(4, 1, 4)));
    CU_ASSERT_TRUE(isnan(queueing_mg1_mean(1, 1, 1)));
    CU_ASSERT_TRUE(isnan(queueing_mg1ps_mean(2, 1)));
    CU_ASSERT_TRUE(isnan(queueing_round_robin_mean(1, 3)));
    CU_ASSERT_TRUE(isnan(queueing_round_robin_mean(0.5, 0)));
}

static const struct check_test tests[] = {
    {"reference values", test_reference},
    {"closed", test_closed},
    {"relations", test_relations},
    {"out of range", test_out_of_range},
};

CHECK_MAIN("queueing")
