/*
 * Ticks that people can read: units where they change, steps of 1, 2 and 5, never too many.
 */
#include <math.h>

#include "reports/chart.h"
#include "sim/base/units.h"

/* A tick at `at` with a time as its words, "20 ms", or none. */
static void add_time_tick(struct text *to, double ns, double at, bool bare, const char *separator)
{
    char buf[40] = "";
    if (!bare)
        units_format(buf, sizeof buf, units_from_ns(ns));
    text_addf(to, "%s'%s' %.12g", separator, buf, at);
}

void scale_latency(struct text *to, const char *axis, double low_ms, double high_ms, bool bare)
{
    static const double steps[3][3] = {{1, 2, 5}, {1, 3, 0}, {1, 0, 0}};
    double decades = log10(high_ms / low_ms);
    const double *step = steps[decades < 3.4 ? 0 : decades < 5.0 ? 1 : 2];
    const char *separator = "";
    text_addf(to, "set %stics (", axis);
    for (int power = (int)floor(log10(low_ms)); power <= (int)ceil(log10(high_ms)); power++)
        for (int i = 0; i < 3 && step[i] > 0.0; i++) {
            double ms = step[i] * pow(10.0, power);
            if (ms < low_ms * 0.999 || ms > high_ms * 1.001)
                continue;
            add_time_tick(to, ms * 1e6, ms, bare, separator);
            separator = ", ";
        }
    text_addf(to, ")");
}

/* One unit for the whole axis: "90 s", "1:30", "15 min", "2 h". */
static void add_clock_tick(struct text *to, double at, double step, double until, bool bare,
                           const char *separator)
{
    bool minutes = fmod(step, 60.0) == 0.0, hours = fmod(step, 3600.0) == 0.0;
    double whole = floor(at / 60.0 + 1e-9);
    text_addf(to, "%s'", separator);
    if (bare)
        text_addf(to, "%s", "");
    else if (at == 0.0)
        text_addf(to, "0");
    else if (until <= 180.0)
        text_addf(to, "%.6g s", at);
    else if (hours)
        text_addf(to, "%.6g h", at / 3600.0);
    else if (minutes && until <= 10800.0)
        text_addf(to, "%.6g min", at / 60.0);
    else if (minutes)
        text_addf(to, "%.0f:%02.0f h", floor(whole / 60.0), fmod(whole, 60.0));
    else
        text_addf(to, "%.0f:%02.0f", whole, at - 60.0 * whole);
    text_addf(to, "' %.12g", at);
}

void scale_time(struct text *to, const char *axis, double until_s, int count, bool bare)
{
    static const double steps[] = {1,   2,    5,    10,   15,   20,    30,    60,    120,  300,
                                   600, 1200, 1800, 3600, 7200, 10800, 21600, 43200, 86400};
    double step = 0.0;
    for (size_t i = 0; i < sizeof steps / sizeof steps[0] && step * count < until_s; i++)
        step = steps[i];
    if (until_s < count) /* less than a second apart */
        step = scale_round_up(until_s / count);
    while (step * count < until_s)
        step *= 2.0;
    const char *separator = "";
    text_addf(to, "set %stics (", axis);
    for (int i = 0; i * step <= until_s * 1.0001; i++) {
        add_clock_tick(to, i * step, step, until_s, bare, separator);
        separator = ", ";
    }
    text_addf(to, ")");
}

void scale_shares(struct text *to, const char *axis, double least)
{
    text_addf(to,
              "set %stics ('all' 1, '50 %%%% (p50)' 0.5, '10 %%%% (p90)' 0.1, '1 %%%% (p99)' 0.01",
              axis);
    if (least < 0.0015)
        text_addf(to, ", '0.1 %%%% (p99.9)' 0.001");
    for (double share = 1e-4; share > least * 0.999; share /= 10.0)
        text_addf(to, ", '%.6g %%%%' %.6g", 100.0 * share, share);
    text_addf(to, ")");
}

double scale_round_up(double value)
{
    double unit = pow(10.0, floor(log10(value)));
    double digits = value / unit;
    return unit * (digits <= 1.0001 ? 1.0 : digits <= 2.0001 ? 2.0 : digits <= 5.0001 ? 5.0 : 10.0);
}

double scale_round_down(double value)
{
    double unit = pow(10.0, floor(log10(value)));
    double digits = value / unit;
    return unit * (digits >= 4.9999 ? 5.0 : digits >= 1.9999 ? 2.0 : 1.0);
}
