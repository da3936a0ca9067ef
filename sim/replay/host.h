/*
 * The host of a replayed balancer: its tiers with their rows, books and algorithm states, and what is
 * known of each server at this moment.
 *
 * Servers are numbered as they are declared; each tier is a pool of its own. The host keeps the
 * contract (books first, then the hook) and knows nothing of recordings.
 */
#ifndef REPLAY_HOST_H
#define REPLAY_HOST_H

#include "sim/replay/setup.h"

#define HOST_REFUSES 0 /* the answer of a server that does not listen */

enum host_admin { HOST_READY, HOST_DRAIN, HOST_MAINTENANCE };
enum host_health { HOST_UP, HOST_STOPPING, HOST_DOWN };

struct host_server {
    uint32_t tier, row, weight;
    uint32_t uncounted; /* requests that are here, and in no book */
    int status;         /* what it answers with, */
    bool refuses;       /* when it listens at all */
    enum host_admin admin;
    enum host_health health;
    bool stopped; /* as of the last refresh */
};

struct host_tier {
    struct lb_pool pool;
    struct lb_backend *rows; /* pool.at, writable */
    uint32_t *server_of;
    void *state;
    struct lb_random coins;
    lb_time timer;
};

struct host {
    const struct setup *setup;
    struct host_server *servers;
    struct host_tier tiers[SETUP_TIERS_MAX];
    uint32_t tier_count;
    lb_time now;
};

/* held: requests in flight at each server from the start, or NULL. 0, or -1 with *error;
 * host_close in both cases. */
int host_open(struct host *h, const struct setup *s, const uint64_t *held, struct lb_error *error);
void host_close(struct host *h);

/* Asks tier by tier: a server, LB_NONE or LB_WAIT. tried: servers, oldest first. No tier before
 * *tier is asked; *tier becomes the one that answered. */
int32_t host_pick(struct host *h, struct lb_request *request, const int32_t *tried,
                  uint32_t tried_count, uint32_t *tier);
void host_start(struct host *h, uint32_t server, const struct lb_request *request, enum lb_how how);
void host_finish(struct host *h, uint32_t server, const struct lb_outcome *outcome);

struct lb_backend *host_row(struct host *h, uint32_t server);
/* What the server answers now: a status, or HOST_REFUSES. */
int host_answer(const struct host *h, uint32_t server);
/* Does the server take new requests? HAProxy's backups do while no other server does. */
bool host_takes(struct host *h, uint32_t server);
/* How many servers that are no backups take new requests? */
uint32_t host_active(struct host *h);
/* Is it out altogether, for sessions too? */
bool host_stopped(const struct host *h, uint32_t server);

/* Flags and weights anew from what is known of the servers; the algorithms are told what changed. */
void host_refresh(struct host *h);

/* The clock goes on to `now`; timers that are due run. */
void host_advance(struct host *h, lb_time now);

/* What the algorithm says of its state, a line for each server. */
void host_describe(struct host *h, struct text *to);

#endif
