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

/* The nearest whole nanosecond to ns, halves away from zero; capped to [0, LB_NEVER - 1], NAN is 0.
 * Inline: every random delay passes through it. */
static inline lb_time units_from_ns(double ns)
{
    if (!(ns > 0)) /* NAN too */
        return 0;
    if (ns >= 0x1.0p63)
        return LB_NEVER - 1;
    lb_time whole = (lb_time)ns;
    return whole + (ns - (double)whole >= 0.5); /* the difference is exact; ns + 0.5 is not */
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
