/*
 * diurnal: Poisson whose rate swings once a period, as a day does.
 *
 * The shape is 1 + a cos(2 pi (t - peak) / P), its integral t + a P / (2 pi) sin(...), which has no
 * inverse in closed form: Newton's method inside a bracket that shrinks, to a quarter of a nanosecond.
 * The integral never strays from t by more than a P / pi, which gives the first bracket.
 */
#include <math.h>

#include "sim/model/arrivals.h"

#define TURN  6.283185307179586476925286766559
#define STEPS 100 /* a bracket of 146 years halves to a quarter of a ns in 65 */

/* Where in the period, as an angle: from whole nanoseconds, so a late instant loses no digits. */
static double angle(const struct scenario_arrivals *rule, lb_time at)
{
    lb_time phase = (at - rule->peak_at % rule->period) % rule->period;
    return TURN * ((double)phase / (double)rule->period);
}

/* a P / (2 pi) */
static double swing(const struct scenario_arrivals *rule)
{
    return rule->amplitude * (double)rule->period / TURN;
}

static lb_time reach(struct arrivals_state *s, double mass)
{
    const struct scenario_arrivals *rule = s->rule;
    double start = angle(rule, s->walk.at), sine = sin(start), per_ns = TURN / (double)rule->period;
    double low = fmax(0.0, mass - 2.0 * swing(rule)), high = mass + 2.0 * swing(rule);
    double x = mass / (1.0 + rule->amplitude * cos(start));
    if (!(high < 0x1.0p62))
        return s->walk.at = LB_NEVER;
    for (int i = 0; i < STEPS && high - low > 0.25; i++) {
        if (!(x > low && x < high))
            x = low + 0.5 * (high - low);
        double there = start + x * per_ns;
        double excess = x + swing(rule) * (sin(there) - sine) - mass;
        double slope = 1.0 + rule->amplitude * cos(there);
        if (excess > 0)
            high = x;
        else
            low = x;
        double next = slope > 0 ? x - excess / slope : low;
        bool there_now = fabs(next - x) < 0.125;
        x = next;
        if (there_now)
            break;
    }
    x = fmin(fmax(x, low), high);
    return s->walk.at = arrivals_after(s->walk.at, x);
}

static double pass(struct arrivals_state *s, lb_time until)
{
    double from = angle(s->rule, s->walk.at), to = angle(s->rule, until);
    double mass = (double)(until - s->walk.at) + swing(s->rule) * (sin(to) - sin(from));
    s->walk.at = until;
    return mass > 0 ? mass : 0;
}

const struct arrivals_process arrivals_diurnal = {
    .kind = ARRIVALS_DIURNAL, .reach = reach, .pass = pass};
