/*
 * A balancer's connections to its backends in the world: what opening one takes, and what breaks one.
 *
 * The idea: an attempt takes a connection when it is sent (sim/balancer/reuse.h). On one that is there it
 * sets out at once. Else the balancer knocks first: a packet to the backend, which refuses when nobody
 * listens; after `round_trips` and the handshake the request follows. A connection belongs to a process: when that
 * dies the balancer hears of it one way later, and closes what is idle; who was sent on one in the
 * meantime, or finds another process there, is reset. A lost packet tells nobody: then idle ones
 * stay, and break when they are used.
 *
 * Cost: nothing without balancer.connections (world.upstream); O(1) a request, two events an opening with
 * delays.
 */
#ifndef MODEL_UPSTREAM_H
#define MODEL_UPSTREAM_H

#include "sim/balancer/reuse.h"
#include "sim/engine/engine.h"

struct world;
struct front;
struct request;

struct upstream_use {    /* of an attempt, by request */
    uint32_t connection; /* 0 = none */
    bool reused;         /* it was there already */
    lb_time opening;     /* what it took until it was open, ns */
};

struct upstream { /* of one balancer */
    struct reuse reuse;
    engine_event *gone; /* by backend: it hears that the backend's process is gone */
};

struct upstream_uses { /* of all */
    struct upstream_use *at;
    uint32_t room;
};

void upstream_init(struct world *w, struct front *f);
void upstream_done(struct front *f);
/* Is there room in the pool of this backend for an attempt more? Yes, without a limit. */
bool upstream_room(const struct front *f, uint32_t backend);
/* Are the connections of a pool limited? */
static inline bool upstream_limited(const struct upstream *u)
{
    return u != NULL && u->reuse.limit != SCENARIO_UNLIMITED;
}
/* The attempt is sent: it has a connection. */
void upstream_take(struct world *w, struct front *f, uint32_t id, lb_time now);
/* Before it sets out: true when its connection is opened first, and it follows by itself. */
bool upstream_opens(struct world *w, struct front *f, uint32_t id, lb_time now);
void upstream_knock_event(void *context, uint32_t subject, lb_time now);
void upstream_open_event(void *context, uint32_t subject, lb_time now);
/* It reaches its backend: is its connection to a process that is gone? */
bool upstream_broken(const struct world *w, uint32_t id);
/* The attempt is out of the books. */
void upstream_finish(struct world *w, struct front *f, uint32_t id, enum lb_end end, lb_time now);
/* The backend's process is gone. */
void upstream_backend_gone(struct world *w, uint32_t backend, lb_time now);
void upstream_gone_event(void *context, uint32_t subject, lb_time now);
/* The balancer closes what is idle: to a backend that leaves its pool; all, since it ends itself. */
void upstream_part(struct world *w, struct front *f, uint32_t backend, lb_time now);
void upstream_end(struct world *w, struct front *f, lb_time now);
/* What the attempt's connection took to be opened, ns. */
lb_time upstream_opening(const struct world *w, uint32_t id);

#endif
