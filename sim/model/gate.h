/*
 * What is true of a balancer, and what becomes of messages that cannot pass because of it.
 *
 * The idea: a balancer takes part in a run as a machine that may die, hang, be drained or be cut off,
 * as backends do. Messages meet that where they arrive: a dead or drained balancer refuses at once; one
 * that hangs accepts and never answers; a packet on a road that is cut is lost. A request of which no
 * answer will ever come is HELD, or LOST while it is in the books of a balancer with backends (link.c):
 * nobody but its client's timeout knows it then.
 *
 * Roads: between a balancer and a backend, between two balancers, between a balancer and all clients.
 *
 * Cost: nothing in a world in which no such thing has happened yet (world.gates).
 */
#ifndef MODEL_GATE_H
#define MODEL_GATE_H

#include "sim/engine/engine.h"
#include "sim/scenario/scenario.h"

struct world;
struct front;
struct request;

struct gate {           /* of one balancer */
    enum truth truth;   /* ok, slow, hung or down */
    double speed;       /* of its own work, while it is slow */
    bool drained;       /* nothing new enters */
    bool cut;           /* no packet to or from it arrives */
    uint32_t lives;     /* how often it was started again */
    lb_time stopped_at; /* when it last died or hung; LB_NEVER = never */
    engine_event drain_limit;
};

struct roads {           /* which are cut; NULL = none was, ever */
    uint8_t *to_backend; /* by place */
    uint8_t *between;    /* by balancer x balancer, both ways */
    double *loss;        /* by place: share of packets lost on this road alone; NULL = never any */
};

/* Something befell a balancer or a road: from now on requests look. */
void gate_watch(struct world *w);
void gate_done(struct world *w);

/* Is the balancer a running process? */
bool gate_runs(const struct front *f);
/* Would a packet between the two be lost now? */
bool gate_apart(const struct world *w, const struct front *f, uint32_t backend);
bool gate_apart_fronts(const struct world *w, const struct front *f, const struct front *g);

/* Cuts, or mends, the roads that the action names. */
void gate_isolate(struct world *w, const struct scenario_action *action, bool cut);
/* From now on this share (0 to 1) of the packets on the roads between the backends of the action and
 * the balancers in its `from` is lost. Besides, and independent of, what a backend loses to all. */
void gate_lose(struct world *w, const struct scenario_action *action, double share);
/* The share of packets between the two that is lost: the road's and the backend's own. */
double gate_loss(const struct world *w, const struct front *f, uint32_t backend, double own);

/* A request has come to the balancer's door: true when it does not get in, and all is done. */
bool gate_stops(struct world *w, uint32_t id, lb_time now);
/* Its answer has come to the balancer: true when nobody there will ever read it. */
bool gate_loses_answer(struct world *w, uint32_t id);
/* The end of a request leaves its balancer: true when it will never arrive. */
bool gate_loses_end(struct world *w, uint32_t id);
/* It has come to the outer balancer: true when nobody there will ever read it. */
bool gate_loses_hop(struct world *w, uint32_t id);
/* A check has come to its target (at_target) or its answer back: true when it was lost. */
bool gate_loses_probe(const struct world *w, const struct front *f, uint32_t member);

/* The process stops working: no checks, no timers, nobody waits any longer. */
void gate_stop(struct world *w, struct front *f, lb_time now);
/* All that is in flight through it ends here, or what was sent to this address of its entry
 * (takeover.h: TAKEOVER_ALL): its clients are told, for this cause. */
void gate_reset(struct world *w, struct front *f, uint32_t address, enum cause cause, lb_time now);
/* It hangs: what it holds is held for ever. */
void gate_hold(struct world *w, struct front *f);
/* A new process takes its place. */
void gate_begin(struct world *w, struct front *f, lb_time now);

void gate_limit_event(void *context, uint32_t subject, lb_time now);

/* Actions on balancers, and cuts of any road; over: its `for` has passed. */
struct world_action;
void fate_apply(struct world *w, struct world_action *a, bool over, lb_time now);
/* Is it one of these? */
bool fate_concerns(const struct scenario_action *action);

#endif
