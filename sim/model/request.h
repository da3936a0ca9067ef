/*
 * The request record: one cache line for each attempt that is somewhere, in a pool of u32 indices.
 *
 * A record is one attempt with its owner. A client that gives up leaves its record behind as an
 * orphan (the backend still works on it) and goes on with a new one; so memory is what is in
 * flight, never what has been.
 *
 *   THINKING -> TO_BALANCER -> [WAITING] -> TO_BACKEND -> QUEUED -> SERVICE -> TO_BALANCER_BACK
 *            -> TO_CLIENT -> free        BACKOFF: before a retry, of the client or the balancer
 *
 * Steps without delay are function calls, not events.
 */
#ifndef MODEL_REQUEST_H
#define MODEL_REQUEST_H

#include <stdbool.h>

#include "algorithms/lb.h"
#include "sim/engine/engine.h"

enum request_state {
    REQUEST_FREE,
    REQUEST_TO_BALANCER,
    REQUEST_WAITING,     /* at the balancer; next = node of the waiting room, event = its timeout */
    REQUEST_DESK,        /* at the balancer, which works on it; event = the end */
    REQUEST_DESK_QUEUED, /* there, before; next and event = links of its queue */
    REQUEST_BACKOFF,     /* at the balancer, before another try */
    REQUEST_TO_BACKEND,
    REQUEST_QUEUED,  /* at the backend; next and event = links of its queue */
    REQUEST_SERVICE, /* event = end of service; under ps, place in the heap */
    REQUEST_BACK,    /* answer on its way to the balancer */
    REQUEST_LOST,    /* it, or its answer, was lost: in the books until somebody gives up */
    REQUEST_TO_CLIENT,
    REQUEST_RESTING,    /* at the client, before another try */
    REQUEST_CONNECTING, /* there, until one of its client's connections has room; no event */
    REQUEST_HELD        /* lost on the way to or from its balancer, or held there for ever (gate.h);
                           next = what its client's timeout will be put down to */
};

#define REQUEST_MEASURED    1U  /* arrived in [warmup, duration) */
#define REQUEST_ORPHAN      2U  /* its client has left */
#define REQUEST_CUT         4U  /* ended by the limit of a drain */
#define REQUEST_PROBE       8U  /* a health check standing in a backend's queue */
#define REQUEST_TRIAL       16U /* a half-open breaker waits for the end of its attempt ... */
#define REQUEST_TRIAL_OUTER 32U /* ... and one of the balancer before */
#define REQUEST_COPY        64U /* an attempt beside another: not the request itself (hedge.h) */

struct request {
    lb_time arrived;    /* first attempt of this request at the client */
    lb_time sent;       /* this attempt left the balancer */
    lb_time entered;    /* it entered the backend; once it has left: its response time there */
    lb_time work;       /* ns at speed 1 */
    uint64_t number;    /* of the request: 0, 1, 2, ... as they arrive */
    uint32_t next;      /* link: queue, waiting node, free list */
    uint32_t timeout;   /* the client's: place in its line (deadline.h); a probe's: its event */
    engine_event event; /* the one thing it waits for; see the states */
    int32_t backend;    /* -1 = none yet */
    uint32_t client;    /* address number; user number in a closed loop */
    uint16_t class;     /* place among all classes */
    uint8_t state, flags;
};

_Static_assert(sizeof(struct request) == 64, "a request is one cache line");

/* What a record has to say besides, apart from it because most scenarios need none of it: tries before
 * this one, of the client and of the balancer for this attempt, and which balancers it goes through. */
struct request_tries {
    uint16_t client, balancer;
    uint8_t why;      /* 1 + enum why of the first that failed; 0 = none has */
    bool gap;         /* it was sent to an address for which nobody answered */
    uint16_t address; /* of the entry: which it was sent to, when several balancers share them */
    uint16_t front;   /* the balancer it is at, or that sent it to its backend */
    uint16_t outer;   /* 1 + the balancer that passed it on to `front`; 0 = none */
    uint16_t outer_tries; /* of that one, before this */
    uint16_t inner;  /* 1 + the balancer that the client's try was passed on to last; 0 = none */
    bool fetched;    /* external state: it has it */
    bool store_down; /* external state: it failed because the store is down */
    bool logs_in_again;
    uint8_t hedge;   /* which copy of its race, from 1 (hedge.h); 0 = none */
    uint8_t held;    /* counted as an active retry: 1 = by the inner balancer, 2 = by the outer */
    lb_time extra;   /* work of logging in that `work` has on top */
    lb_time set_out; /* when the client sent this attempt */
    lb_time outer_sent; /* when the outer balancer did */
};

/* What is kept of an attempt besides by backends that are not plain (backend.h). Apart from the
 * record because most scenarios have none. */
struct request_more {
    double work;           /* what it takes at its backend, ns at speed 1 */
    engine_event patience; /* it leaves the queue of its backend then */
    engine_event over;     /* its balancer waits no longer */
    bool connected;        /* it was not lost on the way there */
    bool error;            /* it will end in one */
    bool overdue;          /* it would have left, but the backend stood still */
};

struct requests {
    struct request *at;          /* at[0] is nobody: what links to nobody may be written there */
    struct request_tries *tries; /* NULL when nobody retries and there is one balancer */
    struct request_more *more;   /* NULL while nobody needs it */
    int32_t *tried;  /* `stride` members for each record; NULL when no balancer retries */
    uint32_t stride; /* tries of an inner balancer beyond the first, then of an outer */
    uint32_t stride_inner;
    uint32_t used, room, free, live, max;
};

/* max: the limit of records; inner, outer: tries beyond the first of balancers with backends, and of
 * those that lead to balancers; tries: is any of request_tries needed? */
void requests_init(struct requests *requests, uint32_t max, uint32_t inner, uint32_t outer,
                   bool tries);
void requests_done(struct requests *requests);

/* From now on there is `more` of every record. */
void requests_need_more(struct requests *requests);

/* Makes room; 0 when the limit is reached. Pointers into the pool are stale afterwards. */
uint32_t requests_grow(struct requests *requests);

/* A record with state FREE and undefined fields, or 0 at the limit. */
static inline uint32_t requests_take(struct requests *requests)
{
    uint32_t id = requests->free;
    if (__builtin_expect(id == 0, 0)) {
        id = requests_grow(requests);
        if (id == 0)
            return 0;
    } else {
        requests->free = requests->at[id].next;
    }
    requests->live++;
    return id;
}

static inline void requests_give(struct requests *requests, uint32_t id)
{
    struct request *r = &requests->at[id];
    r->state = REQUEST_FREE;
    r->next = requests->free;
    requests->free = id;
    requests->live--;
}

static inline uint32_t requests_id(const struct requests *requests, const struct request *r)
{
    return (uint32_t)(r - requests->at);
}

/* Is it an attempt at a backend that stands in a balancer's books? */
static inline bool request_in_books(const struct request *r)
{
    return (r->state == REQUEST_TO_BACKEND || r->state == REQUEST_QUEUED ||
            r->state == REQUEST_SERVICE || r->state == REQUEST_BACK || r->state == REQUEST_LOST) &&
           (r->flags & (REQUEST_ORPHAN | REQUEST_PROBE)) == 0;
}

/* Which attempt a record is, for the digest: tries of the client before it (at most 100), and of the
 * balancer; and which copy. */
static inline uint32_t requests_attempt(const struct requests *requests, uint32_t id)
{
    if (requests->tries == NULL)
        return 0;
    const struct request_tries *tries = &requests->tries[id];
    return (uint32_t)tries->hedge << 28 | (uint32_t)tries->client << 16 |
           (uint32_t)tries->outer_tries << 8 | tries->balancer;
}

static inline int32_t *requests_tried(const struct requests *requests, uint32_t id)
{
    return requests->tried + (size_t)id * requests->stride;
}

static inline int32_t *requests_tried_outer(const struct requests *requests, uint32_t id)
{
    return requests->tried + (size_t)id * requests->stride + requests->stride_inner;
}

#endif
