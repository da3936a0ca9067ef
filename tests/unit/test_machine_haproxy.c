/*
 * HAProxy's counter of active checks, by hand; the recordings are tests/golden/haproxy/hc_*.
 */
#include "sim/balancer/machine_haproxy.h"
#include "tests/check.h"

/* Health after each of the results, 'P' or 'F', as digits. */
static bool runs(int rise, int fall, bool checked, const char *results, const char *health)
{
    struct machine_haproxy m;
    machine_haproxy_start(&m, rise, fall, checked);
    for (; *results != '\0'; results++, health++) {
        bool was = machine_haproxy_up(&m);
        bool turned = machine_haproxy_result(&m, *results == 'P');
        if (turned != (was != machine_haproxy_up(&m)) || m.health != *health - '0')
            return false;
    }
    return *health == '\0';
}

static void the_first_failure_takes_it_down(void)
{
    CU_ASSERT(runs(2, 3, true, "F", "0"));
    CU_ASSERT(runs(2, 3, true, "PF", "43"));
    CU_ASSERT(runs(2, 3, false, "FFF", "320"));
}

static void a_result_in_between_starts_afresh(void)
{
    CU_ASSERT(runs(2, 3, true, "PFFPFFF", "4324320"));
    CU_ASSERT(runs(3, 2, true, "FPPFPPP", "0120124"));
    CU_ASSERT(runs(1, 1, true, "FPFP", "0101"));
    CU_ASSERT(runs(2, 3, true, "PPPP", "4444"));
    CU_ASSERT(runs(2, 3, true, "FFFF", "0000"));
}

static void the_pace_follows_the_counter(void)
{
    struct machine_haproxy m;
    machine_haproxy_start(&m, 2, 3, true);
    CU_ASSERT(machine_haproxy_gap(&m, 1, 2, 3) == 2); /* health 2 of 4 */
    (void)machine_haproxy_result(&m, true);
    CU_ASSERT(machine_haproxy_gap(&m, 1, 2, 3) == 1);
    (void)machine_haproxy_result(&m, false);
    CU_ASSERT(machine_haproxy_gap(&m, 1, 2, 3) == 2);
    (void)machine_haproxy_result(&m, false);
    (void)machine_haproxy_result(&m, false);
    CU_ASSERT(machine_haproxy_gap(&m, 1, 2, 3) == 3);
    (void)machine_haproxy_result(&m, true);
    CU_ASSERT(machine_haproxy_gap(&m, 1, 2, 3) == 2);
}

static const struct check_test tests[] = {
    {"the first failure takes it down", the_first_failure_takes_it_down},
    {"a result in between starts afresh", a_result_in_between_starts_afresh},
    {"the pace follows the counter", the_pace_follows_the_counter},
};

CHECK_MAIN("machine haproxy")
