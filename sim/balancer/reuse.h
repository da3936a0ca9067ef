/*
 * Connections of a balancer to its backends, kept open for later requests.
 *
 * One request at a time is on a connection (HTTP/1.1). It is taken from those that are idle, the one that
 * was used last first, so that those that are not needed grow old and are closed; else another is opened.
 * After an answer it is idle again, unless it is closed: it has borne `requests` of them, is older than
 * `max_age`, or more than `keep` of its backend are idle, when the one idle for longest goes. An idle one is
 * closed after `idle`; a backend that dies closes its own. An attempt that ends without an answer
 * closes its connection, since what comes on it later would be taken for the answer to another request.
 * A limit for a whole pool (circuit.connections) counts the idle ones as well; to open one at the limit
 * the one idle for longest in the pool, whichever backend it leads to, is closed.
 *
 * Cost: O(1) a request; 48 bytes a connection.
 * Source: nginx ngx_http_upstream_keepalive_module (LIFO, keepalive, keepalive_requests, _time, _timeout);
 * HAProxy http-reuse and pool-max-conn; Apache HttpClient PoolingHttpClientConnectionManager (a limit for
 * all routes that closes what is idle elsewhere). Envoy closes nobody else's: requests wait there.
 */
#ifndef BALANCER_REUSE_H
#define BALANCER_REUSE_H

#include <stdbool.h>

#include "sim/scenario/scenario.h"

enum reuse_end {                 /* why a connection was closed */
                 REUSE_IDLE,     /* it was idle for too long */
                 REUSE_AGE,      /* it was too old */
                 REUSE_REQUESTS, /* it had borne as many as it may */
                 REUSE_SPARE,    /* enough others were idle */
                 REUSE_ROOM,     /* it made room in its pool */
                 REUSE_BROKEN,   /* an attempt on it ended without an answer */
                 REUSE_REFUSED,  /* it was never open */
                 REUSE_GONE, /* its backend's process, or its balancer, was gone, or not of the pool */
                 REUSE_ENDS
};
const char *reuse_end_name(enum reuse_end end); /* "made_room", as in --json */

struct reuse_connection {
    lb_time opened, since;   /* since: it is idle */
    uint32_t backend, borne; /* borne: requests, the present one included */
    uint32_t life;           /* of the backend's process: who uses reuse may keep it here */
    uint32_t newer, older;   /* idle: of its backend; older also links the free ones */
    uint32_t sooner, later;  /* idle: of its pool */
};

struct reuse_backend {
    uint32_t newest, oldest; /* idle */
    uint32_t idle, busy;
};

struct reuse_pool {
    uint32_t first, last; /* idle for longest, for shortest */
    uint32_t idle, busy;
};

struct reuse {
    const struct scenario_reuse *rule;
    uint32_t limit;              /* of a pool; SCENARIO_UNLIMITED */
    struct reuse_connection *at; /* at[0] is none */
    uint32_t used, room, free;
    struct reuse_backend *backends;
    struct reuse_pool *pools;
    uint32_t *pool_of; /* by backend */
    uint32_t backend_count, pool_count;
    lb_time from, until; /* the window in which the next are counted */
    uint64_t opened, reused, closed[REUSE_ENDS];
    double time; /* open, ns, of those that are closed */
    uint64_t opened_in_all, closed_in_all;
};

/* rule: lives as long. pools: by backend, copied. */
void reuse_init(struct reuse *r, const struct scenario_reuse *rule, uint32_t limit,
                const uint32_t *pools, uint32_t backend_count, uint32_t pool_count);
void reuse_done(struct reuse *r);

/* Does the limit of the pool let one more attempt be sent? */
static inline bool reuse_room(const struct reuse *r, uint32_t pool)
{
    return r->pools[pool].busy < r->limit;
}

/* A connection for an attempt at the backend, which needs room: *reused when it was there already. */
uint32_t reuse_take(struct reuse *r, uint32_t backend, bool *reused, lb_time now);
/* The attempt on it is over: idle again, or closed. */
void reuse_give(struct reuse *r, uint32_t connection, lb_time now);
/* It is closed under its attempt. */
void reuse_break(struct reuse *r, uint32_t connection, enum reuse_end why, lb_time now);
/* Idle ones to the backend are closed: those of another life than this, or (UINT32_MAX) all. */
void reuse_gone(struct reuse *r, uint32_t backend, uint32_t life, lb_time now);
/* Closes those that were idle for too long by now. */
void reuse_expire(struct reuse *r, lb_time now);
/* Time that connections were open within the window, up to now, ns. */
double reuse_time(const struct reuse *r, lb_time now);

#endif
