/*
 * Averages that forget: exponentially weighted by the time that has passed.
 *
 * The idea: a value counts w = exp(-dt / tau) of what it did dt earlier, a new one the rest, so that
 * a burst of samples counts no more than its time. The first sample is taken as it is. Algorithms
 * that look at latency differ in what they feed it and in what they do with a peak; the arithmetic
 * is here once.
 *
 * Cost: one exp an update, about 10 ns.
 */
#ifndef LB_EWMA_H
#define LB_EWMA_H

#include <math.h>

#include "algorithms/lb.h"

struct lb_ewma {
    double value;
    lb_time at; /* of the last update */
    bool any;   /* has it had a sample? */
};

/* What is left of a value after dt (>= 0), with mean lifetime tau (> 0), both in ns. */
static inline double lb_decay(lb_time dt, double tau)
{
    return exp(-(double)dt / tau);
}

/* Takes a sample at `now`; time that runs back counts as none. */
static inline void lb_ewma_update(struct lb_ewma *ewma, double sample, double tau, lb_time now)
{
    if (!ewma->any) {
        *ewma = (struct lb_ewma){.value = sample, .at = now, .any = true};
        return;
    }
    double w = now > ewma->at ? lb_decay(now - ewma->at, tau) : 1;
    ewma->value = sample * (1 - w) + ewma->value * w;
    ewma->at = now > ewma->at ? now : ewma->at;
}

/* The same, but a sample above the value is taken as it is: quick to see a peak, slow to forget. */
static inline void lb_ewma_peak(struct lb_ewma *ewma, double sample, double tau, lb_time now)
{
    if (sample > ewma->value) {
        ewma->any = true;
        ewma->value = sample;
        ewma->at = now > ewma->at ? now : ewma->at;
        return;
    }
    lb_ewma_update(ewma, sample, tau, now);
}

#endif
