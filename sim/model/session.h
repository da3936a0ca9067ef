/*
 * Sessions: what one user does from the first request to the last, while others come and go.
 *
 * A session asks, waits for its answer, thinks, asks again. A request that failed for good counts as
 * one of them: the user thinks and goes on. After the last answer the session is over, or without a
 * log-out stays open until it expires. Memory is what is open.
 *
 * Draws are addressed by the session's number in its group and by the request's number in it, so that
 * who it is, how much it asks, what, and how long it thinks are the same whatever the balancer does.
 *
 * What a balancer or backend remembers of a session (who holds its state, ...) are further fields of
 * struct session: set in session_begin (all zero otherwise), read through session_of.
 */
#ifndef MODEL_SESSION_H
#define MODEL_SESSION_H

#include <stdbool.h>

#include "sim/engine/engine.h"
#include "sim/model/request.h"

struct world;
struct source;

struct session {
    uint64_t number; /* 0, 1, ... in its group */
    uint32_t source; /* its group */
    uint32_t client; /* who it is: see crowd.h */
    uint32_t asked;  /* requests so far */
    uint32_t left;   /* requests still to come */
    uint32_t next;   /* free list */
    bool open, busy; /* busy: a request of it is under way */
};

struct sessions {
    struct session *at; /* at[0] is nobody */
    uint32_t used, room, free;
    uint32_t open;  /* now */
    uint64_t begun; /* so far, of all groups */
};

void sessions_done(struct sessions *sessions);

/* A session of this group arrives, and asks at once. */
void session_begin(struct world *w, struct source *s, lb_time now);
/* Its request has ended, for good: it thinks, or it was the last. */
void session_answered(struct world *w, uint32_t id, lb_time now);
/* Thinking is over, or it expires. */
void session_event(void *context, uint32_t subject, lb_time now);

/* The entity of its draws: apart from users, whose numbers have 32 bits. */
uint64_t session_entity(const struct session *session);

/* The session of a request; NULL when its group has none, when its client has left it, and for a
 * probe. Valid until the next session begins. */
struct session *session_of(struct world *w, const struct request *r);

#endif
