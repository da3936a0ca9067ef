/*
 * The guard of a balancer: what it refuses at once, before any pick, when there is too much.
 *
 * The idea: a request that reaches a balancer is shown to its guard, which refuses it with a cause of
 * its own, or lets it in. What is refused costs no backend anything; a client may ask again, which is
 * a new request for the guard. Tries of the balancer itself have been let in.
 *
 * Cost: nothing where no rule is written (no guard, world.guards is false); O(1) a request otherwise.
 */
#ifndef MODEL_GUARD_H
#define MODEL_GUARD_H

#include "sim/balancer/rate_limit.h"

struct world;
struct front;
struct request;

struct guard {
    struct rate_limiter rate; /* with rule->rate_limit.on */
};

/* For every balancer that has a rule. */
void guards_init(struct world *w);
void guards_done(struct world *w);
/* Lets the request in; false when it has been refused, which ended its try. */
bool guard_admits(struct world *w, struct front *f, uint32_t id, lb_time now);

#endif
