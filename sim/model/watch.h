/*
 * What follows in the world when a belief changes: who is told, slow start, those who wait.
 *
 * The idea: the balancer changes its mind anywhere, even while an attempt is being taken out of its
 * books; then its flags change at once, so that the next pick sees them, and what it means for those
 * who wait at the balancer is an event of the same instant, lest picks nest in each other.
 */
#ifndef MODEL_WATCH_H
#define MODEL_WATCH_H

#include "sim/engine/engine.h"
#include "sim/scenario/scenario.h"

struct world;
struct front;
struct request;

struct watch {
    engine_event *checks; /* by backend: its next check; NULL without checks */
    engine_event *warm;   /* by backend: the next step of its slow start; NULL without */
    bool filtered;        /* EVENT_FILTERED is pending */
};

void watch_init(struct world *w, struct front *f);
void watch_done(struct watch *watch);

/* The belief about a backend has changed from `before`: tells, and starts or ends slow start. */
void watch_belief(struct world *w, struct front *f, uint32_t backend, enum belief before,
                  const char *why, lb_time now);
/* After any change of the balancer's state: others may be usable now, or no longer. */
void watch_settle(struct world *w, struct front *f, lb_time now);
/* An attempt at this member ended, and passive health counts it, unless a drain cut it. */
void watch_outcome(struct world *w, struct front *f, uint32_t backend, bool cut, enum lb_end end,
                   lb_time now);

void watch_warm_event(void *context, uint32_t subject, lb_time now);
void watch_sweep_event(void *context, uint32_t subject, lb_time now);
void watch_filtered_event(void *context, uint32_t subject, lb_time now);

#endif
