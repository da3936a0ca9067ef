/* Nanoseconds to words and back; and what the ways to fail print. */
#include "sim/base/units.h"

#include <math.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "sim/base/check.h"
#include "sim/base/wall.h"
#include "tests/check.h"

static void test_rounding(void)
{
    CU_ASSERT_EQUAL(units_from_ns(0), 0);
    CU_ASSERT_EQUAL(units_from_ns(0.49999999999999994), 0); /* ns + 0.5 would round to 1 */
    CU_ASSERT_EQUAL(units_from_ns(0.5), 1);
    CU_ASSERT_EQUAL(units_from_ns(1.4999), 1);
    CU_ASSERT_EQUAL(units_from_ns(2.5), 3);
    CU_ASSERT_EQUAL(units_from_ns(-3), 0);
    /* Beside halves and whole numbers, at every power of two: the short way and the long one. */
    uint64_t wrong = 0;
    for (int power = -2; power < 64; power++)
        for (int half = -4; half <= 4; half++)
            for (int beside = -2; beside <= 2; beside++) {
                double ns = ldexp(1, power) + half / 2.0;
                for (int i = beside; i != 0; i += i < 0 ? 1 : -1)
                    ns = nextafter(ns, i < 0 ? -1e300 : 1e300);
                wrong += units_from_ns(ns) != units_from_any_ns(ns);
            }
    CU_ASSERT_EQUAL(wrong, 0);
    CU_ASSERT_EQUAL(units_from_ns(NAN), 0);
    CU_ASSERT_EQUAL(units_from_ns(4503599627370497.0), INT64_C(4503599627370497));
    CU_ASSERT_EQUAL(units_from_ns(9007199254740991.0), INT64_C(9007199254740991));
    CU_ASSERT_EQUAL(units_from_ns(1e300), LB_NEVER - 1);
    CU_ASSERT_EQUAL(units_from_ns(INFINITY), LB_NEVER - 1);
    CU_ASSERT_EQUAL(units_from_ns(0x1.fffffffffffffp62), INT64_C(0x7ffffffffffffc00));
    CU_ASSERT_EQUAL(units_from_s(1.5), 1500000000);
    CU_ASSERT_EQUAL(units_from_s(0.0000000015), 2);
    CU_ASSERT_DOUBLE_EQUAL(units_to_s(1500000000), 1.5, 0);
    CU_ASSERT_DOUBLE_EQUAL(units_to_ms(1500000), 1.5, 0);
}

static const char *format(lb_time t)
{
    static char buf[64];
    return units_format(buf, sizeof buf, t);
}

static void test_format(void)
{
    CU_ASSERT_STRING_EQUAL(format(0), "0");
    CU_ASSERT_STRING_EQUAL(format(350), "350 ns");
    CU_ASSERT_STRING_EQUAL(format(999), "999 ns");
    CU_ASSERT_STRING_EQUAL(format(1000), "1 us");
    CU_ASSERT_STRING_EQUAL(format(1250000), "1.25 ms");
    CU_ASSERT_STRING_EQUAL(format(121 * UNITS_MS), "121 ms");
    CU_ASSERT_STRING_EQUAL(format(121499999), "121 ms");
    CU_ASSERT_STRING_EQUAL(format(9994999), "9.99 ms");
    CU_ASSERT_STRING_EQUAL(format(9995001), "10 ms");
    CU_ASSERT_STRING_EQUAL(format(99949999), "99.9 ms");
    CU_ASSERT_STRING_EQUAL(format(999499999), "999 ms");
    CU_ASSERT_STRING_EQUAL(format(999500000), "1 s"); /* never "1000 ms" */
    CU_ASSERT_STRING_EQUAL(format(999999), "1 ms");
    CU_ASSERT_STRING_EQUAL(format(59949999999), "59.9 s");
    CU_ASSERT_STRING_EQUAL(format(59950000000), "1 min"); /* never "60 s" */
    CU_ASSERT_STRING_EQUAL(format(90 * UNITS_S), "1.5 min");
    CU_ASSERT_STRING_EQUAL(format(2 * UNITS_MIN), "2 min");
    CU_ASSERT_STRING_EQUAL(format(UNITS_H), "1 h");
    CU_ASSERT_STRING_EQUAL(format(-1500), "-1.5 us");
    CU_ASSERT_STRING_EQUAL(format(LB_NEVER), "never");
}

static void test_clock(void)
{
    char buf[64];
    CU_ASSERT_STRING_EQUAL(units_format_clock(buf, sizeof buf, 0), "0:00.0");
    CU_ASSERT_STRING_EQUAL(units_format_clock(buf, sizeof buf, 34299999999), "0:34.2");
    CU_ASSERT_STRING_EQUAL(units_format_clock(buf, sizeof buf, 754 * UNITS_S), "12:34.0");
    CU_ASSERT_STRING_EQUAL(units_format_clock(buf, sizeof buf, 3723 * UNITS_S), "1:02:03.0");
    CU_ASSERT_STRING_EQUAL(units_format_clock(buf, sizeof buf, -UNITS_S / 2), "-0:00.5");
}

static void test_exact(void)
{
    char buf[64];
    CU_ASSERT_STRING_EQUAL(units_format_exact(buf, sizeof buf, 0), "0");
    CU_ASSERT_STRING_EQUAL(units_format_exact(buf, sizeof buf, 1500 * UNITS_US), "1500us");
    CU_ASSERT_STRING_EQUAL(units_format_exact(buf, sizeof buf, 30 * UNITS_S), "30s");
    CU_ASSERT_STRING_EQUAL(units_format_exact(buf, sizeof buf, 120 * UNITS_S), "2min");
    CU_ASSERT_STRING_EQUAL(units_format_exact(buf, sizeof buf, 2 * UNITS_H), "2h");
    CU_ASSERT_STRING_EQUAL(units_format_exact(buf, sizeof buf, 30000000001), "30000000001ns");
}

/* ---- the ways to fail ---- */

static void fail_assert(void)
{
    int apples = 3;
    lb_assert(apples == 3);
    lb_assert(apples == 4);
}

static void fail_require(void)
{
    lb_time now = 1500;
    struct lb_where where = {"evil\x1b[2J.yaml", 42, 7, &now};
    lb_require(&where, now == 1500, "never said");
    lb_require(&where, now < 1000, "busy time %d is not work %d", 5, 6);
}

/* What `act` says on stderr before it aborts. */
static const char *last_words(void (*act)(void))
{
    static char words[1024];
    int pipes[2];
    (void)fflush(stdout);
    CU_ASSERT_EQUAL_FATAL(pipe(pipes), 0);
    pid_t child = fork();
    if (child == 0) {
        (void)dup2(pipes[1], STDERR_FILENO);
        act();
        _exit(0);
    }
    (void)close(pipes[1]);
    size_t size = 0;
    for (ssize_t n = 1; n > 0; size += (size_t)(n > 0 ? n : 0))
        n = read(pipes[0], words + size, sizeof words - 1 - size);
    words[size] = '\0';
    (void)close(pipes[0]);
    int status = 0;
    CU_ASSERT_EQUAL(waitpid(child, &status, 0), child);
    CU_ASSERT_TRUE(WIFSIGNALED(status));
    return words;
}

static void test_failures(void)
{
    const char *words = last_words(fail_assert);
    CU_ASSERT_PTR_NOT_NULL(strstr(words, "tests/unit/test_units.c:"));
    CU_ASSERT_PTR_NOT_NULL(strstr(words, "apples == 4"));
    words = last_words(fail_require);
    CU_ASSERT_PTR_NOT_NULL(strstr(words, "busy time 5 is not work 6"));
    CU_ASSERT_PTR_NOT_NULL(strstr(words, "scenario evil?[2J.yaml, seed 42, replication 7"));
    CU_ASSERT_PTR_NOT_NULL(strstr(words, "1500 ns"));
    CU_ASSERT_PTR_NULL(strstr(words, "never said"));
}

static void test_wall(void)
{
    int64_t start = wall_now();
    int64_t cpu = wall_cpu();
    wall_sleep(2000000);
    CU_ASSERT(wall_now() - start >= 2000000);
    CU_ASSERT(wall_cpu() >= cpu);
    CU_ASSERT(wall_date() > INT64_C(1600000000));
    wall_sleep(0);
}

static const struct check_test tests[] = {
    {"rounding", test_rounding}, {"format", test_format},     {"clock", test_clock},
    {"exact", test_exact},       {"failures", test_failures}, {"wall", test_wall},
};

CHECK_MAIN("units")
