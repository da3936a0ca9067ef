/*
 * Connections of clients: opened by a request that finds none, kept for those that follow, closed by
 * age, silence or number of requests.
 *
 * A client is a population's client, a user or a session's client; what it has open hangs on its
 * owner record. A request takes the connection that was used last among those with room, opens
 * another if there is none, or waits when the client may have no more. Opening takes a round trip, and
 * that of a handshake (tls.c). A group without `connections` opens one for each request, in no time
 * but for a handshake.
 *
 * At layer 4 a connection has a place in its balancer's books from the moment its first request is
 * sent until it is closed, and its requests follow it there (layer4.c).
 *
 * One for a single request, at a lone balancer of layer 7 that counts no connections and makes no
 * handshake, is a mere word: it is counted and timed, and has no record. So a group that keeps its
 * connections does not make those dear that do not.
 *
 * Cost: nothing unless connections are modelled (w->connections); then O(1) a request. Memory is what
 * is open.
 */
#ifndef MODEL_CONNECTION_H
#define MODEL_CONNECTION_H

#include <stdbool.h>
#include <stdint.h>

#include "algorithms/lb.h"
#include "sim/base/map.h"
#include "sim/engine/engine.h"
#include "sim/model/tls.h"

struct backend_set;
struct front;
struct request;
struct scenario_client;
struct source;
struct world;

#define CONNECTION_CLOSING  1U  /* takes no further request */
#define CONNECTION_LOST     2U  /* reset, or forgotten: whatever comes on it is reset */
#define CONNECTION_ROOM     4U  /* among its owner's that could take another request */
#define CONNECTION_SILENT   8U  /* no request is on it: in the line of its balancer */
#define CONNECTION_ADMITTED 16U /* it has a place at the balancer it enters */
#define CONNECTION_INNER    32U /* and at the one behind that, `inner` */
#define CONNECTION_ADRIFT   64U /* nobody answers for its address now: see takeover.h */

struct connection_place { /* in the books of a layer 4 balancer */
    int32_t member;       /* -1 = nowhere */
    lb_time since, first_byte;
};

struct connection {
    lb_time opened, ready; /* ready: requests may set out */
    lb_time expires;       /* by age; LB_NEVER */
    lb_time silent_since;
    engine_event timer;               /* when it is silent: closed or forgotten */
    uint32_t owner;                   /* 0 = none: it is for one request */
    uint32_t source;                  /* the group of its client */
    uint32_t next, prev;              /* among its owner's with room; next: free list */
    uint32_t newer, older;            /* silent ones of a balancer */
    uint32_t streams, left;           /* requests on it; still to come: UINT32_MAX = any number */
    uint16_t front, inner;            /* balancers */
    uint16_t address;                 /* of the entry, when it has several balancers */
    int32_t kept;                     /* adrift: where it led, as partners know; -1 = they do not */
    uint8_t flags;                    /* CONNECTION_* */
    bool open;                        /* else a free record */
    struct connection_place place[2]; /* 0: books of front, 1: of the balancer behind it */
};

struct connection_owner { /* a client with connections, or one that waits for them */
    uint64_t client;      /* connection_client */
    uint32_t room;        /* the one used last of those with room */
    uint32_t open;
    uint32_t first, last; /* requests that wait; last: free list */
    bool due;             /* EVENT_ROOM is under way */
};

struct connection_use { /* by request record */
    uint32_t connection;
    uint32_t next, prev; /* of those that wait */
    lb_time since;       /* it wanted one */
    lb_time opening;     /* from then on until it set out, ns */
    lb_time hold;        /* its client takes so long to send it */
    lb_time extra;       /* of its work: the backend's part of a handshake */
    lb_time cost;        /* of the handshake, for `payer` */
    const void *payer;   /* struct scenario_balancer */
    bool opened, waits, sent;
    bool mere;   /* it has opened one without a record */
    bool placed; /* its connection has its place by it */
};

struct connection_front {    /* of one balancer */
    uint32_t open;           /* admitted */
    uint32_t oldest, newest; /* silent ones that it remembers at layer 4 */
    uint32_t silent;
};

struct connection_counts {   /* in the measured window */
    uint64_t opened, reused; /* requests that opened one, and that found one */
    uint64_t reset, refused; /* lost; turned away because the balancer was full */
    uint64_t resumed, full;  /* handshakes */
    uint64_t forgotten;      /* by a table of layer 4 */
    uint64_t taken_over;     /* by another balancer, which knew them */
    uint64_t unknown;        /* to the one that took over */
    double time;             /* ns x connections */
};

struct connections {
    struct connection *at; /* at[0] is nobody */
    struct connection_owner *owners;
    struct connection_use *use; /* by request */
    uint32_t used, room, free, open;
    uint32_t mere; /* open without a record */
    uint32_t owners_used, owners_room, owners_free;
    uint32_t use_room;
    struct map by_client;
    struct connection_front *fronts; /* by balancer */
    struct tickets *tickets;         /* by entry of the scenario's balancers */
    uint32_t *placed;                /* by backend: connections in books of layer 4 */
    double *placed_time;             /* by backend: ns of them in the measured window */
    bool *marked;                    /* by backend, for layer4_gone */
    struct connection_counts counts;
};

/* Are they modelled in this world? Once the balancers are there. */
void connections_init(struct world *w);
void connections_done(struct world *w);
/* Room for what requests use, as there is for requests. */
void connections_room(struct world *w);
/* A balancer holds one more (+1), or one less (-1). */
void connection_held(struct world *w, uint32_t front, int change, lb_time now);
/* Time of what is still open, at the end of a run. */
void connections_close(struct world *w, lb_time now);

/* --- at the client ------------------------------------------------------------------------------ */

/* The request sets out, on a connection of its client if they are modelled, and perhaps later. */
void client_set_out(struct world *w, struct source *s, uint32_t id, lb_time now);
/* Is a connection of this group nothing to anybody? Then it needs no record. */
bool connections_mere(const struct world *w, const struct scenario_client *client);
/* It sets out on one that needs no record (source.mere); and that one is over. */
void connection_mere(struct world *w, const struct source *s, uint32_t id, lb_time now);
void connection_mere_over(struct world *w, lb_time since, lb_time now);
/* The request has ended for its client, or this try of it; r: its record or a copy. late: the client
 * did not wait for the answer. */
void connection_release(struct world *w, uint32_t id, struct request *r, bool late, lb_time now);
/* It goes on with another record. */
void connection_hand_on(struct world *w, uint32_t id, uint32_t new);
/* It waits no longer. */
void connection_wait_leave(struct world *w, uint32_t id);
/* Silence or age of a connection is over; a client has room for those who wait. */
void connection_timer_event(void *context, uint32_t subject, lb_time now);
void connection_free_event(void *context, uint32_t subject, lb_time now);

/* --- at the balancer ---------------------------------------------------------------------------- */

/* The request is at a balancer: false when it goes no further now, because it is refused, reset, or
 * not sent whole. */
bool connection_arrives(struct world *w, struct front *f, uint32_t id, lb_time now);
void connection_sent_event(void *context, uint32_t subject, lb_time now);
/* Did this request open its connection? */
bool connection_opened(const struct world *w, uint32_t id);
/* What the connection of this request costs the balancer besides the request, ns of its own work: a
 * handshake that it has to make because the request opened the connection. 0 when it costs nothing. */
lb_time connection_costs(const struct world *w, const struct front *f, uint32_t id);

/* --- layer 4 (layer4.c) ------------------------------------------------------------------------- */

/* The place of this request's connection in the books of f; NULL when its attempts are in the books
 * one by one. */
struct connection_place *layer4_place(struct world *w, const struct front *f, uint32_t id);
/* Its connection has a place already: the request goes there without a pick. */
bool layer4_follow(struct world *w, struct front *f, uint32_t id, lb_time now);
/* It is about to be sent to *member: true when its connection is in the books, and leads to another
 * perhaps; false when the attempt, or the connection by it, is to be put there. */
bool layer4_send(struct world *w, struct front *f, uint32_t id, int32_t *member, lb_time now);
/* How long it is under way besides, because its client sends slowly. */
lb_time layer4_slow(const struct world *w, const struct front *f, uint32_t id);
/* Its attempt has ended: true when the books are those of its connection. */
bool layer4_finish(struct world *w, struct front *f, uint32_t id, enum lb_end end, lb_time now);
/* May a balancer of layer 4 try again? Only what opened a connection and found nobody: it has not kept
 * what it passed on. */
bool layer4_retries(struct world *w, const struct front *f, uint32_t id, enum lb_end end);
/* Was the connection lost while the request was under way? */
bool layer4_lost(const struct world *w, uint32_t id);
/* These backends reset every connection that leads to them. */
void layer4_gone(struct world *w, struct backend_set set, lb_time now);
/* The balancer is gone, or this address of it (takeover.h: TAKEOVER_ALL), and with it every connection
 * through it; at layer 4 those that another may take over are adrift. */
void connections_gone(struct world *w, const struct front *f, uint32_t address, lb_time now);
/* The balancer believes this backend down, and cuts if that is its rule. */
void layer4_believed_down(struct world *w, struct front *f, uint32_t backend, lb_time now);
void layer4_cut_event(void *context, uint32_t subject, lb_time now);
/* Out of the books of f. */
void layer4_out(struct world *w, struct front *f, struct connection_place *place, enum lb_end end,
                lb_time now);
/* Out of all books; from: a copy of the record, or the record. */
void layer4_leave(struct world *w, struct connection *c, enum lb_end end, lb_time now);
/* The balancer's table forgets this silent connection; or the one that was silent longest, when it
 * has too many. */
void layer4_forget(struct world *w, uint32_t connection, lb_time now);
void layer4_limit(struct world *w, uint32_t front, lb_time now);
/* By backend: connections in the books, less the requests under way on them. */
void layer4_count(struct world *w, int64_t *change);

/* --- for both ----------------------------------------------------------------------------------- */

/* Closes it: nobody is on it. */
void connection_close(struct world *w, uint32_t connection, enum lb_end end, lb_time now);
/* No further request; closed now if nobody is on it. */
void connection_end(struct world *w, uint32_t connection, enum lb_end end, lb_time now);
/* Nobody is on it, since silent_since: its timer, and into the line of silent ones of its balancer.
 * unlist: out of it. */
void connection_silent(struct world *w, uint32_t connection);
void connection_unlist(struct world *w, struct connection *c);
/* Adds the part of [since, now) inside the measured window. */
void connection_add_time(const struct world *w, double *sum, lb_time since, lb_time now);

#endif
