/*
 * Sticky sessions in the world: who remembers where a client was, and when that still holds.
 *
 *   cookie   the client carries the backend's name; it holds for `ttl` after it was set, and is set
 *            again whenever another backend answers. Clients who refuse cookies carry none.
 *   source   each balancer keeps a table from addresses to backends: who shares an address shares its
 *   header   entry; header: from the value that names the client, whatever its address. Entries last
 *            `ttl` after their last use, and the oldest goes when `size` is reached.
 * A request whose backend is remembered goes there without a pick, also when the backend drains, as
 * HAProxy does; one whose backend is believed down or ejected, or was tried, is picked for, and what
 * was picked is remembered instead.
 *
 * Cost: nothing without `sticky`; O(1) a request with it. Memory: clients that carry a cookie, or the
 * size of the table.
 * Source: HAProxy 2.6 (cookie, stick-table); nginx sticky. See sim/balancer/affinity.h.
 */
#ifndef MODEL_STICK_H
#define MODEL_STICK_H

#include "sim/balancer/affinity.h"
#include "sim/base/map.h"
#include "sim/model/request.h"
#include "sim/model/takeover.h"

struct world;
struct front;

struct jar { /* cookies of all clients for one entry of balancers */
    struct map by_client;
    struct jar_cookie {
        uint64_t client;
        lb_time expires;
        int32_t backend;
        uint32_t next; /* free list */
    } * cookies;       /* cookies[0] is nobody's */
    uint32_t used, room, free;
};

struct stick { /* of one balancer */
    bool on;
    bool cookies; /* else a table */
    struct jar *jar;
    struct affinity_table table;
    struct takeover_line line; /* what the partners of its entry do not know yet */
};

/* What a client is known by: its session if it has one, else its number in its group. Unique in the
 * world, not 0. */
uint64_t stick_client(struct world *w, const struct request *r);

/* For every balancer; jars are shared by those of an entry. */
void sticks_init(struct world *w);
void sticks_done(struct world *w);
/* The balancer is a new process, without the table of the old one; with redundancy.sync another of its
 * entry tells it. */
void stick_lose(struct world *w, struct front *f, lb_time now);
/* Where the request goes without a pick, or -1. */
int32_t stick_find(struct world *w, struct front *f, uint32_t id, lb_time now);
/* It goes to this backend: remembered. */
void stick_store(struct world *w, struct front *f, uint32_t id, int32_t backend, lb_time now);
/* The client is gone for good. */
void stick_forget(struct world *w, uint64_t client);

#endif
