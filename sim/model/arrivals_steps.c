/* steps: Poisson at one rate after another, each for the same time; the last stays, or they repeat. */
#include "sim/model/arrivals.h"

/* The step that holds at `at`, and its end. */
static double step(const struct scenario_arrivals *rule, lb_time at, lb_time *end)
{
    lb_time n = at / rule->every;
    *end = LB_NEVER;
    if (!rule->repeat && n >= (lb_time)rule->step_count - 1)
        return rule->steps[rule->step_count - 1];
    if (n < LB_NEVER / rule->every - 1)
        *end = (n + 1) * rule->every;
    return rule->steps[n % rule->step_count];
}

/* The integral over one round of all steps. */
static double round_area(const struct scenario_arrivals *rule)
{
    double sum = 0;
    for (uint32_t i = 0; i < rule->step_count; i++)
        sum += rule->steps[i];
    return sum * (double)rule->every;
}

static lb_time reach(struct arrivals_state *s, double mass)
{
    const struct scenario_arrivals *rule = s->rule;
    lb_time round = (lb_time)rule->step_count * rule->every, end;
    double whole = rule->repeat ? round_area(rule) : 0;
    if (whole > 0 && mass > 4 * whole) { /* a slow group: over many rounds in one stride */
        double rounds = mass / whole - 2;
        if (rounds * (double)round > 0x1.0p62)
            return s->walk.at = LB_NEVER;
        s->walk.at += (lb_time)rounds * round;
        mass -= (double)(lb_time)rounds * whole;
    }
    for (;;) {
        double height = step(rule, s->walk.at, &end);
        double here = height * (double)(end - s->walk.at);
        if (end == LB_NEVER || mass < here) {
            s->walk.at = height > 0 ? arrivals_after(s->walk.at, mass / height) : LB_NEVER;
            s->walk.at = s->walk.at < end ? s->walk.at : end;
            return s->walk.at;
        }
        mass -= here;
        s->walk.at = end;
    }
}

static double pass(struct arrivals_state *s, lb_time until)
{
    double mass = 0;
    lb_time round = (lb_time)s->rule->step_count * s->rule->every;
    if (s->rule->repeat) {
        lb_time rounds = (until - s->walk.at) / round;
        mass = (double)rounds * round_area(s->rule);
        s->walk.at += rounds * round;
    }
    while (s->walk.at < until) {
        lb_time end;
        double height = step(s->rule, s->walk.at, &end);
        end = end < until ? end : until;
        mass += height * (double)(end - s->walk.at);
        s->walk.at = end;
    }
    return mass;
}

const struct arrivals_process arrivals_steps = {
    .kind = ARRIVALS_STEPS, .reach = reach, .pass = pass};
