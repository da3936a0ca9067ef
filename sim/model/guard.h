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

#include "sim/balancer/concurrency.h"
#include "sim/balancer/rate_limit.h"
#include "sim/model/why.h"
#include "sim/scenario/words.h"

struct world;
struct front;
struct request;

struct guard_pool {
    uint32_t sent;     /* attempts in flight to its backends */
    uint32_t waiting;  /* requests that wait here for one */
    uint32_t retrying; /* requests in a try beyond the first */
};

struct guard {
    struct rate_limiter rate; /* with rule->rate_limit.on */
    struct concurrency limit; /* with rule->concurrency.kind */
    uint32_t sent;            /* to all pools */
    struct guard_pool *pools;
};

/* For every balancer that has a rule. */
void guards_init(struct world *w);
void guards_done(struct world *w);
/* Lets the request in; false when it has been refused, which ended its try. */
bool guard_admits(struct world *w, struct front *f, uint32_t id, lb_time now);
/* An attempt is sent; it is over, `took` ns later. */
void guard_sent(struct front *f, uint32_t backend);
void guard_finished(struct front *f, uint32_t backend, enum lb_end end, lb_time took, lb_time now);
/* The request is to wait: false when it was refused instead. It no longer waits. */
bool guard_waits(struct world *w, struct front *f, uint32_t id, lb_time now);
void guard_waits_no_more(struct front *f, const struct request *r);
/* May the balancer try it again? If not, that becomes the cause. */
bool guard_retries(struct world *w, struct front *f, uint32_t id, enum cause *cause, enum why *why);
/* May an attempt be sent there beside another? circuit.requests and the balancer's own limits allow. */
bool guard_hedges(const struct front *f, uint32_t backend);
/* The request is done with this balancer; its client leaves it, wherever it is. */
void guard_release(struct world *w, struct front *f, uint32_t id);
void guard_leave(struct world *w, uint32_t id);
/* Record `id` goes on without a client, who continues in `other`: what it is counted as goes with him, but
 * for what an inner balancer counts when the outer one is left. */
void guard_hand_on(struct world *w, uint32_t id, uint32_t other, bool leaves_outer);
/* A new process: full buckets, and a limit as at the start. */
void guard_restart(struct front *f);

#endif
