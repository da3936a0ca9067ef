/*
 * Hedging: a second attempt beside a first one that is slow; the first answer wins.
 *
 * The idea: a request that waits for an answer is a race. It begins with one attempt, the main one,
 * which is the request itself: its deadline, its connection, its place among what is counted. When no
 * answer has come after a time (rule.after), a copy sets out beside it, to another backend where there is
 * one, and so on up to rule.max copies, as far as a budget allows. The first answer wins: its record
 * becomes the main one, and the others are left like those of a client that gave up, so they cost what
 * `abandoned` says. An attempt that fails while another is under way only drops out; when it was the main
 * one, the oldest copy takes its place. When the last one fails the request fails as without a race.
 *
 * Both sides may hedge. A client sends its copy like any request, through a balancer and over another
 * connection perhaps; its timeout is that of the request, whatever races. A balancer of layer 7 with
 * backends sends it itself, to one that this request is not at; where nobody else can take it there is
 * none. Retries come after a race, and each begins another.
 *
 * Budget: as that of retries (retry.h): each race pours in `budget`, each copy takes 1 out.
 *
 * Cost: nothing unless somebody hedges; then a timer a race, pushed and cancelled as a rule.
 * Source: J. Dean, L. Barroso, "The tail at scale", CACM 56(2), 2013; gRFC A6.
 */
#ifndef MODEL_HEDGE_H
#define MODEL_HEDGE_H

#include <stdbool.h>
#include <stdint.h>

#include "algorithms/lb.h"
#include "sim/engine/engine.h"
#include "sim/scenario/overload.h"

struct front;
struct request;
struct source;
struct world;

enum hedge_side { HEDGE_CLIENT, HEDGE_BALANCER, HEDGE_SIDES };

struct hedge_race {
    uint32_t main;             /* record; 0 = nobody races: next is the free list */
    uint32_t copy[HEDGE_MOST]; /* records, oldest first */
    uint32_t count;            /* copies under way */
    uint32_t sent;             /* copies that ever set out */
    uint32_t next;
    uint16_t front; /* of a balancer */
    uint8_t side;
    engine_event timer; /* to the next copy */
};

struct hedge_counts {                    /* of measured requests */
    uint64_t sent, won, refused, nobody; /* refused: by the budget; nobody: else could take it */
};

struct hedges {
    bool on;
    struct hedge_race *races; /* races[0] is none */
    uint32_t used, room, free;
    uint32_t (*of)[HEDGE_SIDES]; /* by record: its races */
    uint32_t of_room;
    double *tokens; /* by client group, then by balancer */
    struct hedge_counts counts[HEDGE_SIDES];
};

/* Does anybody hedge? Before requests_init, which needs to know. */
void hedges_init(struct world *w);
void hedges_done(struct hedges *hedges);

/* An attempt sets out from its client, or from f to a backend: a race begins. Nothing for a copy. */
void hedge_begins(struct world *w, struct source *s, uint32_t id, lb_time now);
void hedge_sent(struct world *w, struct front *f, uint32_t id, lb_time now);
void hedge_event(void *context, uint32_t subject, lb_time now);

/* The answer of this attempt is at its balancer, out of the books. True when the request is not done
 * with that: a copy goes on. */
bool hedge_answered(struct world *w, uint32_t id, bool ok, lb_time now);
/* The good answer of this attempt is at its client: whoever raced with it is left. */
void hedge_received(struct world *w, uint32_t id, lb_time now);
/* It failed, as its client sees it, and its connection is released. True when another goes on, and the
 * record is given back. */
bool hedge_failed(struct world *w, uint32_t id, lb_time now);

/* The race that this record runs as the main one is over, if it runs one; its copies are left. */
void hedge_over(struct world *w, enum hedge_side side, uint32_t id, lb_time now);
/* Its attempts go on with another record. */
void hedge_hand_on(struct world *w, uint32_t id, uint32_t other);
/* Is it a copy that its balancer made? It goes with the main one. */
bool hedge_is_inner(const struct world *w, uint32_t id);

#endif
