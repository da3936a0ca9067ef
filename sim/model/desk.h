/*
 * The desk of a balancer: what its own work takes, before it picks.
 *
 * The idea: a balancer that has a capacity is a queue itself. `workers` deal with one request each at a
 * time, first come first served; a request takes `request` of a worker's time, and `connection` more,
 * and its handshake, when it opened a connection. Then it is picked for. Whoever finds `queue`
 * others waiting is refused. Answers cost nothing: what they take is meant to be in `request`.
 *
 * Cost: nothing without a capacity; an event a request with one. Utilization is the busy share of the
 * workers within the measured window.
 */
#ifndef MODEL_DESK_H
#define MODEL_DESK_H

#include <stdbool.h>
#include <stdint.h>

#include "algorithms/types.h"

struct world;
struct front;

struct desk {
    uint32_t busy, queued;
    uint32_t head, tail;           /* requests that wait: next, and before it in event */
    lb_time since;                 /* of the areas */
    double busy_area, queued_area; /* ns, within the measured window */
    double busy_all;               /* ns, since the start */
};

/* The request goes to the desk: true when it is there, waits there or was refused, and nothing more is
 * to be done with it now. */
bool desk_takes(struct world *w, struct front *f, uint32_t id, lb_time now);
/* A worker has dealt with it. */
void desk_over_event(void *context, uint32_t subject, lb_time now);
/* Its client left, or the balancer is gone: it is at the desk no more. */
void desk_leave(struct world *w, struct front *f, uint32_t id, lb_time now);
/* Brings the areas up to now. */
void desk_tick(const struct world *w, struct desk *desk, lb_time now);

#endif
