/*
 * Numbers for narrow columns.
 */
#include "ui/dashboard/number.h"

#include <math.h>
#include <stdio.h>

/* value >= 0 with three significant digits and a letter for thousands from 10,000 on. */
static const char *three(char *buf, double value)
{
    static const char letters[] = " kMGTPE";
    unsigned letter = 0;
    while (value >= 9999.5 || (letter > 0 && value >= 999.5)) {
        if (letter + 2 >= sizeof letters) {
            (void)snprintf(buf, NUMBER_SIZE, "huge");
            return buf;
        }
        value /= 1000;
        letter++;
    }
    int decimals = value < 9.995 ? 2 : value < 99.95 ? 1 : 0;
    int size = snprintf(buf, NUMBER_SIZE, "%.*f", decimals, value);
    if (letter > 0 && size > 0 && size + 1 < NUMBER_SIZE) {
        buf[size] = letters[letter];
        buf[size + 1] = '\0';
    }
    return buf;
}

static const char *unknown(char *buf)
{
    (void)snprintf(buf, NUMBER_SIZE, "-");
    return buf;
}

const char *number_ms(char *buf, double ns)
{
    double ms = ns / 1e6;
    if (!isfinite(ms) || ms < 0)
        return unknown(buf);
    if (ms > 0 && ms < 0.0995) {
        (void)snprintf(buf, NUMBER_SIZE, "%.3f", ms < 0.001 ? 0.001 : ms);
        return buf;
    }
    return three(buf, ms);
}

const char *number_count(char *buf, uint64_t value)
{
    if (value >= 10000)
        return three(buf, (double)value);
    (void)snprintf(buf, NUMBER_SIZE, "%u", (unsigned)value);
    return buf;
}

const char *number_rate(char *buf, double value)
{
    if (!isfinite(value) || value < 0)
        return unknown(buf);
    if (value < 0.005 || (value >= 99.5 && value < 9999.5)) {
        (void)snprintf(buf, NUMBER_SIZE, "%.0f", value);
        return buf;
    }
    return three(buf, value);
}

const char *number_share(char *buf, double share)
{
    double percent = share * 100;
    if (!isfinite(percent) || percent < 0)
        return unknown(buf);
    if (percent > 0 && percent < 0.05)
        (void)snprintf(buf, NUMBER_SIZE, "<0.1%%");
    else
        (void)snprintf(buf, NUMBER_SIZE, "%.*f%%", percent > 0 && percent < 9.95 ? 1 : 0, percent);
    return buf;
}

const char *number_speed(char *buf, double speed)
{
    if (isinf(speed))
        (void)snprintf(buf, NUMBER_SIZE, "max");
    else
        (void)snprintf(buf, NUMBER_SIZE, "x%g", speed);
    return buf;
}
