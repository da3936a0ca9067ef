/*
 * What outlasts the move of an address from one balancer to another: connections of layer 4 and the
 * tables of sticky sessions.
 *
 * Connections. A balancer of layer 4 passes packets on, so a client does not notice that it is another
 * one, as long as that one knows where its connection leads. When an address moves, or its balancer
 * dies, each connection through it is set ADRIFT, with what the others know of it; when somebody answers
 * for the address again it is taken into the books there, or is LOST: then the next request on it is
 * reset, for its client knows nothing. Known is, with redundancy.sync, what was told sync_lag ago or
 * earlier, while another balancer of the entry ran; without sync nothing is. On a balancer of layer 7 a
 * connection ends, and goes with the process.
 * What is in flight through a balancer that dies is reset (gate.c), and its connection with it.
 *
 * Tables. With sync every balancer of the entry is told what one of them remembers, sync_lag later;
 * what was not told when it died is lost, and the others hold what they knew before.
 *
 * Cost: O(connections) a takeover; with sync_lag an event and 48 bytes for each entry under way;
 * nothing otherwise.
 * Source: the sync daemon of IPVS and conntrackd (asynchronous, in batches); HAProxy's peers protocol.
 */
#ifndef MODEL_TAKEOVER_H
#define MODEL_TAKEOVER_H

#include <stddef.h>

#include "sim/engine/engine.h"

struct connection;
struct front;
struct world;

#define TAKEOVER_ALL UINT32_MAX /* of addresses */

/* Does a partner stand by for this balancer of layer 4, so that its connections may outlast it? */
bool takeover_may(struct world *w, const struct front *f);
/* The balancer that the connection leads to no longer answers for it; at once taken in by who does, if
 * somebody does. */
void takeover_adrift(struct world *w, uint32_t connection, lb_time now);
/* `to` answers now for this address: it takes over connections that `from` left adrift. */
void takeover_land(struct world *w, const struct front *from, uint32_t address, struct front *to,
                   lb_time now);
/* A new process of it runs: it takes back what the old one left adrift, of addresses that nobody has
 * taken over. */
void takeover_resume(struct world *w, struct front *f, lb_time now);
/* The address moves away from `from`, which lives: connections that nobody is on at this instant go
 * with it; false when they all end instead, because nothing is synchronised. */
bool takeover_move(struct world *w, struct front *from, uint32_t address, struct front *to,
                   lb_time now);
/* Nobody is on the connection any more, and somebody else answers for its address: true when it
 * was closed. */
bool takeover_fell_silent(struct world *w, uint32_t connection, lb_time now);

/* --- tables ------------------------------------------------------------------------------------- */

struct takeover_news { /* of one entry of a table */
    lb_time due;
    int32_t backend;
    uint8_t size;
    uint8_t key[20];
};

struct takeover_line { /* what a balancer has yet to tell its partners; a ring */
    struct takeover_news *at;
    uint32_t first, count, room;
    engine_event next;
};

/* The balancer remembers this; its partners hear of it. */
void takeover_tell(struct world *w, struct front *f, const void *key, size_t size, int32_t backend,
                   lb_time now);
/* It stopped: what it has not told yet it never will. */
void takeover_silenced(struct world *w, struct front *f);
void takeover_done(struct front *f);
void takeover_news_event(void *context, uint32_t subject, lb_time now);
/* Events that are pending. */
uint64_t takeover_events(const struct world *w);

#endif
