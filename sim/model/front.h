/*
 * A balancer at work in the world: its decisions (sim/balancer) and what surrounds them.
 *
 * There may be several, each with books of its own. Clients enter one of those of an entry; one that
 * leads to other balancers picks among them with an algorithm like any other, and the attempt then
 * goes through two: the outer hop, in the books of the first, and the inner one.
 * In a plain world there is exactly one, w->fronts[0].
 */
#ifndef MODEL_FRONT_H
#define MODEL_FRONT_H

#include "sim/balancer/balancer.h"
#include "sim/engine/engine.h"
#include "sim/model/breakers.h"
#include "sim/model/desk.h"
#include "sim/model/gate.h"
#include "sim/model/guard.h"
#include "sim/model/request.h"
#include "sim/model/stick.h"
#include "sim/model/tell.h"
#include "sim/model/upstream.h"
#include "sim/model/watch.h"
#include "sim/scenario/words.h"

struct ledger;
struct world;

struct front {
    struct balancer balancer;
    const struct scenario_balancer *rule;
    const char *name;
    uint32_t number;           /* among all balancers */
    uint32_t to_first;         /* leads to balancers: the first of these */
    bool outer;                /* it leads to balancers: members are balancers */
    uint32_t serving;          /* backend + 1 whose places line_serve is giving away */
    engine_event *timers;      /* the algorithm's own, by tier */
    struct watch watch;        /* beliefs, checks, slow start */
    struct desk desk;          /* its own work, with a capacity */
    struct stick stick;        /* whom it knows again */
    struct guard *guard;       /* what it refuses; NULL = nothing */
    struct breakers *breakers; /* by backend; NULL = none */
    struct upstream *upstream; /* connections to backends; NULL = they cost nothing */
    struct tell_front tell;    /* what its algorithm is told besides */
    struct balancer_members members;
    struct gate gate; /* what is true of it */
};

/* All balancers of the scenario; done() in any case. 0, or -1 with *error. */
int fronts_init(struct world *w, struct lb_error *error);
/* Their algorithms are told what they want, and begin; at time 0, once backends are there. */
void fronts_start(struct world *w);
void fronts_done(struct world *w);
/* A new process in the place of one that stopped: fresh books, beliefs and algorithm; weights and
 * drains as somebody set them. */
void front_restart(struct world *w, struct front *f, lb_time now);
/* The algorithm changed, or begins: what it wants told of each request, and its first timer. */
void front_ask_for(struct world *w, struct front *f, const struct lb_algorithm *algorithm);
/* Fills in what a request has to show to algorithms that look at it. */
void front_ask_key(struct world *w, struct front *f, const struct request *r);
/* The end, ok (0) or WORLD_BAD, leaves the balancer that the request is at: for the outer one, or for
 * the client. */
void front_return(struct world *w, uint32_t id, uint32_t bad, lb_time now);
/* The wait before try n, ns. */
lb_time front_backoff(struct world *w, const struct front *f, uint32_t id, uint32_t n);
/* A try at the same backend again, without a pick, if that is the rule and it may be. */
bool front_again(struct world *w, struct front *f, uint32_t id, lb_time now);
/* The members of this balancer that the request has been at: how many, and *tried. */
uint32_t front_tried(const struct world *w, const struct front *f, uint32_t id,
                     const int32_t **tried);
/* Its client was at a backend before, and goes there again, without a pick? */
bool front_sticks(struct world *w, struct front *f, uint32_t id, lb_time now);
/* The pick, and where it leads. */
void front_place(struct world *w, uint32_t id, lb_time now);
/* A request that waited has its place; how: by the queue, or by a pick that was asked again. */
void front_send_waiting(struct world *w, uint32_t id, uint32_t backend, enum lb_how how,
                        lb_time now);
/* The pick once more, for one who waits: a backend, LB_WAIT or LB_NONE. */
int32_t front_pick_again(struct world *w, struct front *f, uint32_t id, lb_time now);
/* The pool that a request goes to: among those of this balancer. */
static inline uint32_t front_pool(const struct front *f, const struct request *r)
{
    if (f->outer)
        return 0;
    return f->rule->pool_of_class != NULL ? f->rule->pool_of_class[r->class] : f->rule->pool;
}
/* Nobody in its pool may have this request: it fails here. */
void front_nobody(struct world *w, struct front *f, uint32_t id, lb_time now);
/* No backend for this request: it fails here. */
void front_fail(struct world *w, uint32_t id, enum cause cause, lb_time now);
/* The hook of an algorithm that wants to know how attempts end. */
void front_tell_outcome(struct world *w, struct front *f, const struct request *r, enum lb_end end,
                        lb_time now);
/* An attempt ended badly and is out of the books: another try, or the failure sets out. */
void front_failed(struct world *w, uint32_t id, enum lb_end end, lb_time now);
/* The client left a request that is at a balancer, at a backend or between. */
void front_leave(struct world *w, uint32_t id, lb_time now);
/* The same of the inner balancer of two only: the outer one keeps it in its books. */
void front_detach(struct world *w, uint32_t id, lb_time now);
/* Adds the time that an attempt was in the books, up to now, to the windows that are asked for. */
void front_in_flight_time(struct world *w, const struct request *r, lb_time now);
/* Ends every attempt in flight to this backend, with cause drain cut. */
void front_cut(struct world *w, uint32_t backend, lb_time now);
/* The row of this backend changed in the books of some balancer that shows it to others. */
void front_show(struct world *w, struct front *f, uint32_t backend, lb_time now);

void front_receive_event(void *context, uint32_t subject, lb_time now);
void front_back_event(void *context, uint32_t subject, lb_time now);
void front_retry_event(void *context, uint32_t subject, lb_time now);
void front_timer_event(void *context, uint32_t subject, lb_time now);
void front_board_event(void *context, uint32_t subject, lb_time now);

/* hop.c: the outer of two balancers */
/* Sends the request on to the balancer that was picked. */
void hop_send(struct world *w, struct front *f, uint32_t id, int32_t member, enum lb_how how,
              lb_time now);
/* The inner balancer is done with the request, ok (0) or WORLD_BAD: books of the outer one, another try
 * of it, or on to the client. */
void hop_back(struct world *w, uint32_t id, uint32_t bad, lb_time now);
/* An outer balancer that does not forward the client's address puts its own in place of it. */
void hop_hide_source(const struct world *w, uint32_t id, struct lb_address *source);
/* The client left: out of the outer books. */
void hop_leave(struct world *w, uint32_t id, lb_time now);
void hop_there_event(void *context, uint32_t subject, lb_time now);
void hop_back_event(void *context, uint32_t subject, lb_time now);

#endif
