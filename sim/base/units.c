/*
 * Nanoseconds to words and back.
 *
 * Rounded to nearest, never cut: cutting a mean gap of 111 ns raised an offered load by 0.45 %.
 */
#include "sim/base/units.h"

#include <inttypes.h>
#include <math.h>
#include <stdbool.h>
#include <string.h>

static const struct units_row {
    const char *name;
    lb_time size;
} units_table[] = {
    {"ns", 1},      {"us", UNITS_US},   {"ms", UNITS_MS},
    {"s", UNITS_S}, {"min", UNITS_MIN}, {"h", UNITS_H},
};
#define UNITS_ROWS (sizeof units_table / sizeof units_table[0])

lb_time units_from_any_ns(double ns)
{
    if (!(ns > 0)) /* NAN too */
        return 0;
    if (ns >= 0x1.0p63)
        return LB_NEVER - 1;
    lb_time whole = (lb_time)ns;
    return whole +
           (ns - (double)whole >= 0.5); /* the difference is exact; ns + 0.5 is not always */
}

lb_time units_from_s(double s)
{
    return units_from_ns(s * 1e9);
}

double units_to_s(lb_time t)
{
    return (double)t / 1e9;
}

double units_to_ms(lb_time t)
{
    return (double)t / 1e6;
}

/* Three significant digits without trailing zeros; thousands and more in full. */
static void units_digits(char *buf, size_t size, double value)
{
    int decimals = value < 9.995 ? 2 : value < 99.95 ? 1 : 0;
    (void)snprintf(buf, size, "%.*f", decimals, value);
    char *comma = strchr(buf, ','); /* the locale's point */
    if (comma != NULL)
        *comma = '.';
    char *point = strchr(buf, '.');
    if (point == NULL)
        return;
    char *end = buf + strlen(buf);
    while (end[-1] == '0')
        *--end = '\0';
    if (end[-1] == '.')
        end[-1] = '\0';
}

const char *units_format(char *buf, size_t size, lb_time t)
{
    if (t == LB_NEVER) {
        (void)snprintf(buf, size, "never");
        return buf;
    }
    if (t == 0) {
        (void)snprintf(buf, size, "0");
        return buf;
    }
    double value = fabs((double)t);
    size_t row = 0;
    while (row + 1 < UNITS_ROWS) {
        /* Up to the next unit as soon as three digits would round to all of it. */
        double next = (double)units_table[row + 1].size;
        double unit = (double)units_table[row].size;
        double half = next / unit >= 1000 ? 0.5 : 0.05;
        if (value < next - half * unit)
            break;
        row++;
    }
    char digits[64];
    units_digits(digits, sizeof digits, value / (double)units_table[row].size);
    (void)snprintf(buf, size, "%s%s %s", t < 0 ? "-" : "", digits, units_table[row].name);
    return buf;
}

const char *units_format_clock(char *buf, size_t size, lb_time t)
{
    bool negative = t < 0;
    uint64_t tenths = (negative ? 0 - (uint64_t)t : (uint64_t)t) / (uint64_t)(UNITS_S / 10);
    uint64_t seconds = tenths / 10;
    const char *sign = negative ? "-" : "";
    if (seconds >= 3600)
        (void)snprintf(buf, size, "%s%" PRIu64 ":%02u:%02u.%u", sign, seconds / 3600,
                       (unsigned)(seconds / 60 % 60), (unsigned)(seconds % 60),
                       (unsigned)(tenths % 10));
    else
        (void)snprintf(buf, size, "%s%u:%02u.%u", sign, (unsigned)(seconds / 60),
                       (unsigned)(seconds % 60), (unsigned)(tenths % 10));
    return buf;
}

const char *units_format_exact(char *buf, size_t size, lb_time t)
{
    if (t == 0) {
        (void)snprintf(buf, size, "0");
        return buf;
    }
    size_t row = UNITS_ROWS - 1;
    while (t % units_table[row].size != 0)
        row--;
    (void)snprintf(buf, size, "%" PRId64 "%s", t / units_table[row].size, units_table[row].name);
    return buf;
}
