/*
 * One balancer: its books, its tiers, its beliefs, its waiting room, and the pick.
 *
 * The idea: everything a balancer decides stands here, and nothing else; it has no client and no
 * backend process, so recorded decisions of real balancers can be replayed through it. Backends are
 * numbered as in the scenario; each tier is a pool of its own with its own algorithm state, and a
 * row of a tier never moves.
 *
 * The hot path is balancer_pick, balancer_start and balancer_finish, static inline: one call through
 * a function pointer each, plus two counters.
 */
#ifndef BALANCER_BALANCER_H
#define BALANCER_BALANCER_H

#include "algorithms/lb.h"
#include "sim/balancer/breaker.h"
#include "sim/balancer/filter.h"
#include "sim/balancer/health.h"
#include "sim/balancer/outlier.h"
#include "sim/balancer/retry.h"
#include "sim/balancer/truth.h"
#include "sim/balancer/waiting.h"
#include "sim/base/stream.h"

#define BALANCER_TIERS_MAX 16 /* of one pool */

struct balancer_tier {
    struct lb_pool pool;
    struct lb_backend *rows; /* pool.at, writable */
    uint32_t *backend_of;    /* row -> backend of the scenario */
    const struct lb_algorithm *algorithm;
    void *state;
    struct lb_random coins;
    struct balancer_truth truth; /* for ideals */
};

/* Why a backend takes nothing new; see filter.h for what becomes of it. */
#define BALANCER_OUT_CHECKS  1U  /* active checks failed */
#define BALANCER_OUT_DRAIN   2U  /* a person or the timeline drains it */
#define BALANCER_OUT_EJECTED 4U  /* its answers stand out */
#define BALANCER_OUT_SUBSET  8U  /* this balancer never talks to it */
#define BALANCER_OUT_ABSENT  16U /* it is not in the pool: not yet, or no longer */
#define BALANCER_OUT_BREAKER 32U /* its circuit breaker lets nothing through */

struct balancer_place {  /* where backend b stands */
    uint16_t tier, pool; /* tier: among those of all pools */
    uint8_t out;
    bool moved; /* usable or not has changed, and the caller does not know yet */
    uint32_t row;
    struct health health;
};

/* Tiers of one pool: [first, first + count). */
struct balancer_pool {
    uint32_t first, count;
};

struct balancer {
    const struct scenario_balancer *rule;
    struct stream_key key,
        coins;             /* coins: of the algorithms; the same unless run.seed_of_algorithm */
    uint32_t index, count; /* this balancer among how many, of its entry */
    uint32_t number;       /* among all balancers */
    struct balancer_tier *tiers; /* of all pools, one pool after the other */
    uint32_t tier_count;
    struct balancer_pool *pools;
    uint32_t pool_count;
    struct balancer_place *places; /* by backend */
    uint32_t backend_count;
    struct retry_budget budget;
    struct waiting waiting;
    uint32_t wait_tier; /* which tier said LB_WAIT last */
    uint32_t out;       /* backends that are down, drained or ejected for it */
    bool single;        /* one pool of one tier, so that row = backend: the common case */
    uint32_t *own;      /* by backend: attempts in flight, when rows show a board; NULL = rows do */
    bool watched;       /* ends of attempts count: outlier detection, observe, breakers */
    struct filter filter;
    struct outlier outlier; /* hosts: by backend */
    struct breaker breaker; /* the same */
};

/* Whom a balancer chooses from: the backends of a scenario, or other balancers. */
struct balancer_members {
    const struct scenario_backend *at;
    uint32_t count;
    const struct scenario_pool *pools;
    uint32_t pool_count;
    struct scenario_backend *rows; /* of balancers; else NULL */
    struct scenario_pool pool;
};

/* Those of an entry of scenario->balancers; live until done. */
void balancer_members_init(struct balancer_members *members, const struct scenario *scenario,
                           const struct scenario_balancer *entry);
void balancer_members_done(struct balancer_members *members);

/* Balancer `number` of all at time 0 with the scenario's algorithm; members live as long as it. 0, or
 * -1 with *error: the algorithm needs what this version cannot give it, or refused the pool. */
int balancer_init(struct balancer *b, const struct scenario *scenario, uint32_t number,
                  const struct balancer_members *members, const struct stream_key *key,
                  struct lb_error *error);
void balancer_done(struct balancer *b);
/* The same balancer as a new process: nothing in its books, which must be empty, fresh beliefs and
 * algorithm; what somebody set at run time, weights and drains, stays set. 0, or -1 with *error. */
int balancer_restart(struct balancer *b, const struct scenario *scenario,
                     const struct balancer_members *members, lb_time now, struct lb_error *error);

/* Another algorithm with a fresh state, in every tier; parameters are its defaults. */
int balancer_change_algorithm(struct balancer *b, const struct lb_algorithm *algorithm, lb_time now,
                              struct lb_error *error);

/* The slow path of balancer_pick: several tiers, or tries before this one. */
int32_t balancer_pick_tiers(struct balancer *b, uint32_t pool, struct lb_request *request,
                            const int32_t *tried, uint32_t tried_count, lb_time now);

/* Who of this pool takes the request: a backend, LB_NONE or LB_WAIT. tried: backends of the scenario,
 * oldest first; request->tried is filled in here, as rows of each tier. */
static inline int32_t balancer_pick(struct balancer *b, uint32_t pool, struct lb_request *request,
                                    const int32_t *tried, uint32_t tried_count, lb_time now)
{
    if (b->single && tried_count == 0) {
        request->tried_count = 0;
        return b->tiers[0].algorithm->pick(b->tiers[0].state, request, now);
    }
    return balancer_pick_tiers(b, pool, request, tried, tried_count, now);
}

static inline struct lb_backend *balancer_row(struct balancer *b, uint32_t backend,
                                              struct balancer_tier **tier)
{
    if (b->single) {
        *tier = &b->tiers[0];
        return &b->tiers[0].rows[backend];
    }
    *tier = &b->tiers[b->places[backend].tier];
    return &(*tier)->rows[b->places[backend].row];
}

/* The books of one backend, to read. */
static inline const struct lb_backend *balancer_books(const struct balancer *b, uint32_t backend)
{
    if (b->single)
        return &b->tiers[0].rows[backend];
    const struct balancer_place *place = &b->places[backend];
    return &b->tiers[place->tier].rows[place->row];
}

/* Does the balancer give the backend new requests? */
static inline bool balancer_usable(const struct balancer *b, uint32_t backend)
{
    return (balancer_books(b, backend)->flags & LB_USABLE) != 0;
}

/* Attempts of this balancer in flight to the backend; its row shows more when there is a board. */
static inline uint32_t balancer_in_flight(const struct balancer *b, uint32_t backend)
{
    return b->own != NULL ? b->own[backend] : balancer_books(b, backend)->in_flight;
}

/* Has the backend reached its limit of requests in flight? */
static inline bool balancer_full(const struct balancer *b, uint32_t backend)
{
    const struct lb_backend *row = balancer_books(b, backend);
    return row->max_in_flight != 0 && balancer_in_flight(b, backend) >= row->max_in_flight;
}

/* The row shows what a board says, but whether the backend is full goes by the own books: slow path of
 * start and finish. */
void balancer_own_changed(struct balancer *b, uint32_t backend, int change);

/* An attempt is sent to the backend: books, then the hook. */
static inline void balancer_start(struct balancer *b, uint32_t backend,
                                  const struct lb_request *request, enum lb_how how, lb_time now)
{
    struct balancer_tier *tier;
    struct lb_backend *row = balancer_row(b, backend, &tier);
    if (__builtin_expect(b->own != NULL, 0)) {
        balancer_own_changed(b, backend, +1);
    } else {
        row->in_flight++;
        tier->pool.in_flight++;
    }
    if (tier->algorithm->on_attempt_start != NULL)
        tier->algorithm->on_attempt_start(tier->state, (int32_t)(row - tier->rows), request, how,
                                          now);
}

/* An attempt ended: out of the books. True when somebody wants to know how: then
 * balancer_tell_finish is due, and balancer_watch if `watched`, before anything else is asked. */
static inline bool balancer_finish(struct balancer *b, uint32_t backend)
{
    struct balancer_tier *tier;
    struct lb_backend *row = balancer_row(b, backend, &tier);
    if (__builtin_expect(b->own != NULL, 0)) {
        balancer_own_changed(b, backend, -1);
    } else {
        row->in_flight--;
        tier->pool.in_flight--;
    }
    return (tier->algorithm->on_attempt_finish != NULL) | b->watched;
}

static inline void balancer_tell_finish(struct balancer *b, uint32_t backend,
                                        const struct lb_outcome *outcome, lb_time now)
{
    struct balancer_tier *tier;
    struct lb_backend *row = balancer_row(b, backend, &tier);
    if (tier->algorithm->on_attempt_finish != NULL)
        tier->algorithm->on_attempt_finish(tier->state, (int32_t)(row - tier->rows), outcome, now);
}

/* How an attempt ended, for passive health; only if `watched`. True when the belief changed; *sooner
 * is set when the next check is to come early. why: for people, BALANCER_WHY bytes. */
#define BALANCER_WHY 96
bool balancer_watch(struct balancer *b, uint32_t backend, enum lb_end end, bool *sooner, char *why,
                    lb_time now);
/* Told of a backend that was ejected, or is back: what was believed of it before, and why. */
typedef void balancer_tell(void *to, uint32_t backend, enum belief before, const char *why);
/* The end of an interval of outlier detection. */
void balancer_sweep(struct balancer *b, balancer_tell *tell, void *to, lb_time now);
/* An attempt was sent, and is in the books: true when a half-open breaker waits for its end. Only with
 * breakers, as the next two. */
bool balancer_sent(struct balancer *b, uint32_t backend, lb_time now);
/* An attempt that was sent then has ended: true when its breaker's state changed. why: as above. */
bool balancer_ended(struct balancer *b, uint32_t backend, bool trial, enum lb_end end, lb_time sent,
                    char *why, lb_time now);
/* The end of an opening: true when the breaker is half-open now. */
bool balancer_breaker_due(struct balancer *b, uint32_t backend, lb_time now);
/* The pool has somebody who would be usable, but for its breaker. */
bool balancer_cut_off(const struct balancer *b, uint32_t pool);
/* A step of slow start: when the next one is due, LB_NEVER when it is over. */
lb_time balancer_warm_step(struct balancer *b, uint32_t backend, lb_time now);

/* A check result; true when the belief changed, and then why. */
bool balancer_check_result(struct balancer *b, uint32_t backend, enum check result, char *why,
                           lb_time now);
/* Takes nothing new (drain), or takes again. */
void balancer_drain(struct balancer *b, uint32_t backend, bool drain, lb_time now);
/* It joins the pool, as one that was never heard of, or leaves it; nothing is in flight to one that
 * leaves. */
void balancer_join(struct balancer *b, uint32_t backend, lb_time now);
void balancer_part(struct balancer *b, uint32_t backend, lb_time now);
void balancer_set_weight(struct balancer *b, uint32_t backend, uint32_t weight, lb_time now);
/* A request is assigned to the backend and waits for it here (+1), or does no longer (-1). */
void balancer_queued(struct balancer *b, uint32_t backend, int change);

/* A common board says how many attempts of all balancers are in flight to the backend; tell: the
 * algorithm's on_pool_change is called. */
void balancer_show(struct balancer *b, uint32_t backend, uint32_t in_flight, bool tell,
                   lb_time now);

/* What the balancer holds the backend for. */
enum belief balancer_belief(const struct balancer *b, uint32_t backend);

/* Does an outcome count against the backend by this balancer's rule? An error that the backend
 * answered counts only when retries list it, as in nginx's proxy_next_upstream. */
bool balancer_counts(const struct balancer *b, enum lb_end end);

#endif
