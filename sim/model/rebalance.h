/*
 * Rebalancing: how long backends that have come wait for their share of the load.
 *
 * The idea: time from the start of a window goes in slices of `run.sample`. In the first slice in which
 * the selected backends get nine tenths of their share by weight of the picks, the load is balanced
 * again, at its end. Whose share it is: weights of the backends of the same pool and tier that take
 * requests then. Sticky sessions make it long: an old session stays where it is, so with sessions that
 * end with the same chance after each request the share of the new ones grows as 1 - e^(-t/tau).
 *
 * Costs nothing unless an expectation asks; then an event a slice, and a look at all backends.
 */
#ifndef MODEL_REBALANCE_H
#define MODEL_REBALANCE_H

#include <stdbool.h>
#include <stdint.h>

#include "algorithms/lb.h"

struct world;

#define REBALANCE_SHARE 0.9 /* of the fair share */

struct rebalance { /* of one window; all zero: it does not ask */
    bool on;
    lb_time took;      /* since the start of the window; its length when it never was */
    uint64_t own, all; /* picks up to the start of the slice */
};

/* The windows that ask begin to count at their start: called once, when the world begins. */
void rebalance_init(struct world *w);
/* The end of a slice of window `subject`, or its start. */
void rebalance_event(void *context, uint32_t subject, lb_time now);

#endif
