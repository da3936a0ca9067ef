/*
 * The products whose words are read, one row each, and what their requests need of the replay.
 */
#ifndef REPLAY_PRODUCT_H
#define REPLAY_PRODUCT_H

#include "sim/balancer/affinity.h"
#include "sim/balancer/waiting.h"
#include "sim/replay/host.h"
#include "sim/replay/replay.h"

/* One request on its way. */
struct exchange {
    struct lb_request request;
    const char *cookie;        /* the request's cookie line, or NULL */
    const char *answer_cookie; /* as recorded, where the application has a part in it */
    int32_t server;            /* where it is in flight, or -1 */
    uint32_t node;             /* in the waiting room, or WAITING_NONE */
    int status;                /* for the client; 0 = not yet */
    bool busy;                 /* in flight or waiting */
    bool uncounted;            /* in flight, and in no book: see replay_grab */
    uint64_t bytes;            /* of the body of the answer */
};

/* A recording being replayed. */
struct replay {
    const struct recording *recording;
    const struct setup *setup;
    struct host host;
    struct replay_result *result;
    struct waiting waiting;
    struct affinity_table sticks; /* HAProxy's stick table; empty without one */
    struct exchange *connections; /* of `hold`, by number */
    uint32_t connection_count;
    /* of the request at hand */
    int32_t *tried;
    uint32_t tried_count, tried_room, tier;
    struct text trail;      /* "s2>s1" */
    struct text set_cookie; /* what the answer says */
};

struct product {
    const char *name;
    bool (*knows)(const struct recording *r);
    int (*read)(struct setup *s, struct lb_error *error);
    /* A request up to the server that answers it, to the waiting room, or to its end. */
    void (*request)(struct replay *r, struct exchange *e);
    int nobody; /* the status when there is no server */
};

/* The product whose words the recording uses, or NULL with *error. */
const struct product *product_of(const struct recording *r, struct lb_error *error);

void plain_request(struct replay *r, struct exchange *e);
void nginx_request(struct replay *r, struct exchange *e);
void haproxy_request(struct replay *r, struct exchange *e);

/* --- steps of a request ----------------------------------------------------------------------- */

/* Picks, knowing where the request has been: a server, LB_NONE or LB_WAIT. */
int32_t replay_pick(struct replay *r, struct exchange *e);
/* Sends it there by the pick, and notes it in the trail. */
void replay_start(struct replay *r, struct exchange *e, int32_t server);
void replay_start_how(struct replay *r, struct exchange *e, int32_t server, enum lb_how how);
/* The attempt failed, or was passed on: the request is nowhere. */
void replay_give_up(struct replay *r, struct exchange *e, enum lb_end end, bool failed);
/* To the line of a server, or with -1 the common one. */
void replay_wait(struct replay *r, struct exchange *e, int32_t server);
/* Gives the server's free places to those who wait. */
void replay_serve(struct replay *r, uint32_t server);
/* HAProxy: the server is back from maintenance and takes from the common line, as many as it has
 * places. The product does not count them among its requests (2.6), so that others come as well. */
void replay_grab(struct replay *r, uint32_t server);
/* A word more in the trail. */
void replay_trail(struct replay *r, const char *word);

#endif
