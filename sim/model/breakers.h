/*
 * Circuit breakers in the world: attempts are told to them, their openings end, and it is counted how
 * often and for how long they cut a backend off. The machine is sim/balancer/breaker.h; that a breaker
 * opened is a belief that changed (watch.h).
 *
 * Cost: nothing without breakers (world.breakers); O(1) an attempt with them.
 */
#ifndef MODEL_BREAKERS_H
#define MODEL_BREAKERS_H

#include "algorithms/lb.h"
#include "sim/engine/engine.h"

struct world;
struct front;

struct breakers { /* of one balancer, of one backend; within the measured window */
    uint64_t opened, reopened, closed;
    lb_time away;     /* not closed, but for what began at `since` */
    lb_time since;    /* it is not closed since; LB_NEVER = it is */
    engine_event due; /* the end of its opening */
};

void breakers_init(struct world *w, struct front *f);
void breakers_done(struct front *f);
/* An attempt is in the books; it is out of them again. cut: the balancer itself ended it. */
void breakers_sent(struct world *w, struct front *f, uint32_t id, uint32_t backend, lb_time now);
void breakers_ended(struct world *w, struct front *f, uint32_t id, uint32_t backend,
                    enum lb_end end, lb_time sent, lb_time now);
/* An opening is over. */
void breakers_due_event(void *context, uint32_t subject, lb_time now);
/* The backend joined the pool anew, or the balancer is a new process: its breakers are closed. */
void breakers_anew(struct world *w, struct front *f, uint32_t backend, lb_time now);
/* How long the backend was cut off within the measured window, up to now, ns. */
lb_time breakers_away(const struct world *w, const struct front *f, uint32_t backend, lb_time now);

#endif
