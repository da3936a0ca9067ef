/*
 * ramp: Poisson at a steady rate, then at one that grows or falls evenly, then at another steady one.
 *
 * On the slope the integral of the shape is a quadratic in time, which is inverted in the form that
 * does not lose digits when the slope is slight.
 */
#include <math.h>

#include "sim/model/arrivals.h"

/* The three pieces: where the one that holds at `at` ends. */
static lb_time piece(const struct scenario_arrivals *rule, lb_time at)
{
    if (at < rule->after)
        return rule->after;
    return at < rule->after + rule->over ? rule->after + rule->over : LB_NEVER;
}

static double height(const struct scenario_arrivals *rule, lb_time at)
{
    if (at <= rule->after)
        return rule->from;
    if (at >= rule->after + rule->over)
        return rule->to;
    return rule->from + (rule->to - rule->from) * ((double)(at - rule->after) / (double)rule->over);
}

/* Between two instants of one piece; both ends are in it. */
static double area(const struct scenario_arrivals *rule, lb_time from, lb_time until)
{
    return (double)(until - from) * 0.5 * (height(rule, from) + height(rule, until));
}

static lb_time reach(struct arrivals_state *s, double mass)
{
    const struct scenario_arrivals *rule = s->rule;
    for (;;) {
        lb_time at = s->walk.at, end = piece(rule, at);
        double here = height(rule, at), slope = 0;
        if (at >= rule->after && end < LB_NEVER)
            slope = (rule->to - rule->from) / (double)rule->over;
        if (end == LB_NEVER || mass < area(rule, at, end)) {
            double root = sqrt(fmax(0.0, here * here + 2.0 * slope * mass));
            s->walk.at =
                here + root > 0 ? arrivals_after(at, 2.0 * mass / (here + root)) : LB_NEVER;
            s->walk.at = s->walk.at < end ? s->walk.at : end;
            return s->walk.at;
        }
        mass -= area(rule, at, end);
        s->walk.at = end;
    }
}

static double pass(struct arrivals_state *s, lb_time until)
{
    double mass = 0;
    while (s->walk.at < until) {
        lb_time end = piece(s->rule, s->walk.at);
        end = end < until ? end : until;
        mass += area(s->rule, s->walk.at, end);
        s->walk.at = end;
    }
    return mass;
}

const struct arrivals_process arrivals_ramp = {.kind = ARRIVALS_RAMP, .reach = reach, .pass = pass};
