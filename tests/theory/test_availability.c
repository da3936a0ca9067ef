/*
 * Formulas of availability, takeover and tails against values that were computed apart from this
 * program. Nothing here is random.
 */
#include <math.h>

#include "sim/base/availability.h"
#include "tests/check.h"

#define TEN 1e-9

static void test_vrrp(void)
{
    CHECK_CLOSE(availability_vrrp_silence(2, 100, 1), 3.609375, TEN);
    CHECK_CLOSE(availability_vrrp_silence(3, 254, 1), 3.0078125, TEN);
    CHECK_CLOSE(availability_vrrp_silence(2, 150, 3), 9.4140625, TEN);
    CHECK_CLOSE(availability_vrrp_silence(3, 150, 3), 10.2421875, TEN); /* where they differ */
    CHECK_CLOSE(availability_vrrp_takeover(3, 100, 1), 3.109375, TEN);
    CHECK_CLOSE(availability_vrrp_takeover(3, 150, 3), 8.7421875, TEN);
    CHECK_CLOSE(availability_vrrp_skew(3, 100, 1), 0.609375, TEN);
    CU_ASSERT(isnan(availability_vrrp_skew(3, 255, 1)));
    CU_ASSERT(isnan(availability_vrrp_silence(4, 100, 1)));
}

static void test_names(void)
{
    CHECK_CLOSE(availability_dns_stale(60, 30), 0.5, TEN);
    CHECK_CLOSE(availability_dns_stale(300, 60), 0.8, TEN);
    CU_ASSERT_EQUAL(availability_dns_stale(60, 61), 0);
    CHECK_CLOSE(availability_dns_outage(60, 10, 5), 45, TEN);
    CHECK_CLOSE(availability_dns_outage(300, 10, 5), 165, TEN);
}

static void test_parts(void)
{
    CHECK_CLOSE(availability_of(1000, 60), 0.9433962264, TEN);
    CHECK_CLOSE(availability_of(500, 100), 0.8333333333, TEN);
    CHECK_CLOSE(0.999 * availability_k_of_n(1, 4, 0.99), 0.99899999, TEN);
    CHECK_CLOSE(availability_k_of_n(1, 2, 0.999) * availability_k_of_n(1, 2, 0.99), 0.9998990001,
                TEN);
    CHECK_CLOSE(availability_k_of_n(3, 4, 0.99), 0.99940797, TEN);
    CHECK_CLOSE(availability_pair_down(1000000, 3600, 3), 1.584321647e-05, 1e-8);
    CHECK_CLOSE(availability_failing(4, 1000, 60, 10, 0), 0.009905891669, TEN);
    CHECK_CLOSE(availability_failing(2, 500, 100, 20, 0), 0.05555555556, TEN);
    CHECK_CLOSE(availability_unnoticed(60, 10), 9.211096507, TEN);
    CU_ASSERT(isnan(availability_k_of_n(3, 2, 0.5)));
}

static void test_tails(void)
{
    CHECK_CLOSE(availability_hedged_quantile(1, -log(0.05), 0.999), 4.951743776, TEN);
    CHECK_CLOSE(availability_hedged_quantile(1, -log(0.01), 0.999), 5.756462732, TEN);
    CHECK_CLOSE(availability_hedged_quantile(2, 5, 0.5), 2 * log(2), TEN);
    CHECK_CLOSE(availability_fan_out(100, 0.01), 0.6339676587, TEN);
    CHECK_CLOSE(availability_fan_out(2000, 0.0001), 0.1812774347, TEN);
    CHECK_CLOSE(availability_slowest(10, 1), 2.928968254, TEN);
}

static const struct check_test tests[] = {
    {"VRRP", test_vrrp},
    {"names that are cached", test_names},
    {"parts that fail", test_parts},
    {"tails", test_tails},
};

CHECK_MAIN("availability")
