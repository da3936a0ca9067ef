/*
 * Time in integer nanoseconds, and its way to and from people.
 */
#ifndef BASE_UNITS_H
#define BASE_UNITS_H

#include <stddef.h>

#include "algorithms/types.h"

#define UNITS_US  INT64_C(1000)
#define UNITS_MS  INT64_C(1000000)
#define UNITS_S   INT64_C(1000000000)
#define UNITS_MIN (60 * UNITS_S)
#define UNITS_H   (3600 * UNITS_S)

/* What units_from_ns makes of anything. */
lb_time units_from_any_ns(double ns);

/* The nearest whole nanosecond to ns, halves away from zero; capped to [0, LB_NEVER - 1], NAN is 0.
 * Inline: every random delay passes through it. From a half to 2^52 (52 days) the sum ns + 0.5 is
 * exact enough: rounding it crosses no whole number. */
static inline lb_time units_from_ns(double ns)
{
    if (__builtin_expect(ns >= 0.5 && ns < 0x1p52, 1))
        return (lb_time)(ns + 0.5);
    return units_from_any_ns(ns);
}
lb_time units_from_s(double s);

double units_to_s(lb_time t);
double units_to_ms(lb_time t);

/* "0", "350 ns", "1.25 ms", "121 ms", "2 min": three significant digits, for people. Returns buf. */
const char *units_format(char *buf, size_t size, lb_time t);

/* "0:34.2", "1:02:03.0": a clock with tenths. Returns buf. */
const char *units_format_clock(char *buf, size_t size, lb_time t);

/* An exact spelling that the scenario language reads back: "1500us", "30s", "0". Returns buf. */
const char *units_format_exact(char *buf, size_t size, lb_time t);

#endif
