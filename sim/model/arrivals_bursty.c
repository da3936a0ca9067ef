/*
 * bursty: a Poisson process modulated by two states (MMPP), each of which lasts an exponential time.
 *
 * The states are drawn from a stream of their own, so they change at the same instants whatever the
 * rate is and however many arrive. The run begins in a stationary state: high with the share of time
 * that is high. Source: W. Fischer and K. Meier-Hellstern, "The Markov-modulated Poisson process
 * (MMPP) cookbook", Performance Evaluation 18 (1993).
 */
#include "sim/base/ziggurat.h"
#include "sim/model/arrivals.h"

/* The end of a state that begins now. */
static void last(struct arrivals_state *s)
{
    struct arrivals_walk *walk = &s->walk;
    double mean = (double)(walk->high ? s->rule->high_for : s->rule->low_for);
    walk->until = arrivals_after(walk->at, mean * ziggurat_exponential(&walk->random));
}

static void begin(struct arrivals_state *s, const struct lb_random *random)
{
    (void)random;
    double high = (double)s->rule->high_for, low = (double)s->rule->low_for;
    s->walk.high = lb_random_unit(&s->walk.random) * (high + low) < high;
    last(s);
}

static lb_time reach(struct arrivals_state *s, double mass)
{
    struct arrivals_walk *walk = &s->walk;
    for (;;) {
        double height = walk->high ? s->rule->high : s->rule->low;
        double here = (double)(walk->until - walk->at) * height;
        if (mass < here || walk->until == LB_NEVER) {
            walk->at = height > 0 ? arrivals_after(walk->at, mass / height) : LB_NEVER;
            if (walk->at > walk->until)
                walk->at = walk->until;
            return walk->at;
        }
        if (walk->until > s->horizon)
            return walk->at = LB_NEVER;
        mass -= here;
        walk->at = walk->until;
        walk->high = !walk->high;
        last(s);
    }
}

static double pass(struct arrivals_state *s, lb_time until)
{
    struct arrivals_walk *walk = &s->walk;
    double mass = 0;
    for (;;) {
        double height = walk->high ? s->rule->high : s->rule->low;
        lb_time end = walk->until < until ? walk->until : until;
        mass += (double)(end - walk->at) * height;
        walk->at = end;
        if (end == until)
            return mass;
        walk->high = !walk->high;
        last(s);
    }
}

const struct arrivals_process arrivals_bursty = {
    .kind = ARRIVALS_BURSTY, .begin = begin, .reach = reach, .pass = pass};
