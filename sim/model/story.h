/*
 * The story of one request, told step by step: where it is, what its balancer believes of each
 * candidate and what is true of it, who is picked, what it waits for, and how it ends.
 *
 * The idea: whoever wants a story names a request by its number (0, 1, 2, ... as they arrive) and is
 * told of each step while the run goes on. The steps call a function of this file where the request
 * passes, in the chains for worlds with something rare (world_rare is true while a story is wanted);
 * the begin of a service out of a queue is seen by looking at the record after each event. Nothing
 * here changes the world: the digest is the same with a story and without.
 *
 * Cost: nothing without a story; with one a comparison a step of everybody else.
 */
#ifndef MODEL_STORY_H
#define MODEL_STORY_H

#include <stdbool.h>
#include <stdint.h>

#include "algorithms/lb.h"
#include "sim/model/why.h"
#include "sim/scenario/words.h"

#define STORY_FACTS      6U  /* what an algorithm says of one backend, at most */
#define STORY_CANDIDATES 12U /* told of, at most */

struct story_fact { /* what the algorithm's describe hook says */
    char name[24];
    double value;
};

struct story_candidate { /* a backend, or another balancer, at the moment of a pick */
    const char *name;
    uint32_t member; /* its number among backends, or among the balancers that this one leads to */
    bool balancer;   /* then nothing is known of truth, busy, slots, queue */
    enum belief belief;
    bool usable, tried, picked;
    uint32_t weight, in_flight, line; /* in the balancer's books; line: waiting there for it */
    enum truth truth;
    uint32_t busy, slots, queue; /* really */
    struct story_fact facts[STORY_FACTS];
    uint32_t fact_count;
};

struct story_step {
    lb_time at;
    const char *what; /* one word: arrival, choice, sent, ... */
    const char *text; /* a sentence */
    /* What applies; else NULL, -1. */
    int32_t backend;   /* its number ... */
    const char *where; /* ... and name, or that of another balancer */
    const char *how, *end, *cause, *why;
    lb_time takes;                            /* ns: a delay, a latency */
    int64_t in_front;                         /* those before it in a line */
    const struct story_candidate *candidates; /* of a choice; the others are like those told of */
    uint32_t candidate_count, left_out;
    const struct story_fact *facts; /* that the algorithm says of itself */
    uint32_t fact_count;
};

/* Called for each step; everything it is handed lives during the call only. */
typedef void story_tell(void *self, const struct story_step *step);

struct front;
struct world;
struct request;
struct story;

/* Tells the story of this request of a world that has not begun. Freed with the world. */
void story_begin(struct world *w, uint64_t number, story_tell *tell, void *self);
void story_done(struct world *w);
/* It has come; it has ended for its client. */
bool story_begun(const struct world *w);
bool story_ended(const struct world *w);

/* After each event: has it found a slot? */
void story_look(struct world *w, lb_time now);

/* The steps, of any request. At its client: */
void story_arrives(struct world *w, uint32_t id, lb_time now);
void story_gives_up(struct world *w, uint32_t id, lb_time now);
void story_asks_again(struct world *w, uint32_t id, lb_time delay, lb_time now);
void story_fails(struct world *w, const struct request *r, enum cause cause, enum why why,
                 lb_time now);
void story_succeeds(struct world *w, uint32_t id, lb_time now);
void story_connection(struct world *w, uint32_t id, lb_time now);
/* Which connection its balancer sends it on. */
void story_upstream(struct world *w, const struct front *f, uint32_t id, lb_time now);
/* At a balancer: */
void story_at_balancer(struct world *w, uint32_t id, lb_time now);
void story_before_pick(struct world *w, struct front *f, uint32_t id);
void story_picked(struct world *w, struct front *f, uint32_t id, int32_t member, lb_time now);
void story_waits(struct world *w, struct front *f, uint32_t id, int32_t member, lb_time now);
void story_sent(struct world *w, uint32_t id, enum lb_how how, lb_time now);
void story_sent_on(struct world *w, struct front *f, uint32_t id, int32_t member, enum lb_how how,
                   lb_time now);
void story_answered(struct world *w, uint32_t id, enum lb_end end, lb_time now);
/* A copy sets out, of f or (NULL) its client; it is answered first; one of several failed. */
void story_hedges(struct world *w, uint32_t id, const struct front *f, lb_time now);
void story_hedge_wins(struct world *w, uint32_t id, lb_time now);
void story_hedge_drops(struct world *w, uint32_t id, lb_time now);
void story_tries_again(struct world *w, struct front *f, uint32_t id, uint32_t retry, lb_time delay,
                       lb_time now);
void story_given_up(struct world *w, uint32_t id, enum cause cause, enum why why, lb_time now);
/* At a backend: */
void story_reaches(struct world *w, uint32_t id, lb_time now);
void story_enters(struct world *w, uint32_t id, lb_time now);
struct state_user;
/* What it finds of its user's state, before anything is changed by it. */
void story_state(struct world *w, uint32_t id, const struct state_user *user, bool found,
                 lb_time now);
void story_leaves(struct world *w, uint32_t id, enum lb_end end, lb_time now);

#endif
