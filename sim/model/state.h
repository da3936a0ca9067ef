/*
 * Session state: what the application remembers of a user between two requests, and where.
 *
 *   memory      the backend that served the last request holds it, and nobody else
 *   replicated  it holds it, and `copies` - 1 others (those that follow it, round the pool) have a copy
 *               that is `lag` behind
 *   external    a store beside the backends: each request fetches the state there before it is served;
 *               the store has slots, a latency and failures of its own
 *   token       the client carries it; nothing can be lost
 * A user logs in with the first request. A request that finds no state where it is served logs in
 * again: `login` is added to its work both times. The state is lost at the crash of all who have it,
 * or when a request comes to a backend from where it cannot be reached.
 *
 * A user is a session if its group has them, else a client of the population or a user of a closed
 * loop. Cost: nothing without `state`; a look-up a request with it, and a walk over all users when a
 * backend dies. Memory: users with a state.
 */
#ifndef MODEL_STATE_H
#define MODEL_STATE_H

#include "sim/base/map.h"
#include "sim/model/request.h"
#include "sim/scenario/scenario.h"

struct world;

struct state_user {
    uint64_t client; /* stick_client */
    lb_time since;   /* the state exists since then */
    lb_time written; /* last change */
    int32_t last;    /* who served last; -1 = nobody yet */
    int32_t holder;  /* who has the state: that one, or a copy when it died */
    uint32_t next;   /* free list */
    bool has;        /* there is a state */
    bool stale;      /* what is left of it is older than the last change */
};

struct state_store {  /* external */
    lb_time *free_at; /* by slot: when it has served all it was given; a heap */
    bool down;
    uint64_t asked;
};

struct state {
    bool on;
    const struct scenario_state *rule;
    struct map by_client;
    struct state_user *users; /* users[0] is nobody */
    uint32_t used, room, free;
    uint32_t open; /* users with a state, now */
    struct state_store store;
};

void state_init(struct world *w);
void state_done(struct state *state);
/* The request sets out from its client: who it is will be looked up. Only a hint for the cache; users
 * are many, and each look-up in turn would wait for memory. */
void state_soon(struct world *w, uint32_t id);
/* An attempt sets out for its backend. */
void state_sent(struct world *w, uint32_t id);
/* A request is about to be served or queued at its backend: what it finds there. */
void state_enter(struct world *w, uint32_t id, lb_time now);
/* It has left: its work is its own again. */
void state_leave(struct world *w, uint32_t id);
/* External: it must fetch its state first. True when it does, and comes back by an event, or when the
 * store is down and its attempt is over. */
bool state_fetch(struct world *w, uint32_t id, lb_time now);
void state_fetched_event(void *context, uint32_t subject, lb_time now);
/* The process of this backend is gone, and what it held. */
void state_backend_gone(struct world *w, uint32_t backend, lb_time now);
/* The external store dies (what it had is lost), or is back and empty. */
void state_store_set(struct world *w, bool down, lb_time now);
/* The session is over, or the client gone: its state is of no interest any more. */
void state_forget(struct world *w, uint64_t client);

#endif
