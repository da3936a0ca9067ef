/*
 * The contract between a load-balancing algorithm and whoever hosts it.
 *
 * The idea: a host (this simulator, or a real proxy) keeps one row per backend of a pool, its
 * books, and tells an algorithm what happened; the algorithm answers one question, "who takes this
 * request?". An algorithm is one const struct of hooks (NULL for what it does not need) and a state
 * that belongs to one tier of one pool of one balancer. Nothing here needs a symbol of the host.
 *
 * Who does what
 *   Filters (state, zone, subset, panic) belong to the host: they set and clear LB_USABLE and tell
 *   by on_pool_change. Rows are never moved or taken out; an index keeps its backend until
 *   LB_PRESENT is gone. `tried` and `max_in_flight` are the algorithm's business: see lb_may().
 *   Tiers (primary, backup) have a state each and are asked in order: LB_NONE leads on, LB_WAIT
 *   does not. A pick is final: it may change the state. Passive health that lives in a product's
 *   peers (nginx max_fails) is part of that product's algorithms.
 * Order
 *   Books first, then the hook. A failed attempt's finish comes before the next pick of the same
 *   request.
 * Promises
 *   pick, on_attempt_*, on_load and on_probe never allocate; create, on_pool_change and on_timer
 *   may. A state belongs to one thread at a time; different states need no lock.
 */
#ifndef LB_LB_H
#define LB_LB_H

#include <stdbool.h>
#include <stddef.h>

#include "algorithms/random.h"
#include "algorithms/types.h"

#define LB_ABI 1

#define LB_NONE (-1) /* this tier has nobody for it: the host asks the next tier, else it fails */
#define LB_WAIT (-2) /* somebody, but not now: it waits for the first free place */

/* Row flags. */
#define LB_PRESENT 1U /* the row holds a backend */
#define LB_USABLE  2U /* state, zone, subset and panic let it take new requests */

/* What an algorithm needs told, beyond the books (needs). */
#define LB_NEED_KEY     1U  /* request.key, or the source address */
#define LB_NEED_LATENCY 2U  /* sent, connected and first_byte in outcomes */
#define LB_NEED_LOAD    4U  /* load reports in outcomes, or pushed by on_load */
#define LB_NEED_PROBE   8U  /* asks for probes by probe_targets */
#define LB_NEED_SIZE    16U /* request.size: ideal, no real balancer knows it */
#define LB_NEED_ORACLE  32U /* setup.truth: ideal, no real balancer knows it */
#define LB_NEED_WORK    64U /* setup.truth->work_left too, dearer to keep; with LB_NEED_ORACLE */

/* What an algorithm promises (claims); the contract test holds it to each. */
#define LB_CLAIM_ALWAYS     1U /* picks a usable, untried, not full backend whenever there is one */
#define LB_CLAIM_WEIGHTS    2U /* idle shares of picks are proportional to the weights */
#define LB_CLAIM_CONSISTENT 4U /* a leave moves the leaver's keys only */
#define LB_CLAIM_BOUND      8U /* no backend beyond its bound of the mean load: see below */
/* LB_CLAIM_BOUND needs a parameter `bound`, a factor >= 1: a pick never lifts a backend's in_flight
 * beyond ceil(bound x (in_flight of the pool + 1) x weight / weights of the usable rows). */

/* One row of a pool: configuration, and this balancer's books. What every pick reads stands first,
 * together in a cache line. */
struct lb_backend {
    uint32_t in_flight, queued;   /* sent and not finished; assigned and waiting here */
    uint32_t max_in_flight;       /* 0 = no limit (nginx max_conns, HAProxy maxconn) */
    uint32_t weight;              /* 0 = nothing new */
    uint16_t zone, flags;         /* LB_PRESENT, LB_USABLE */
    uint32_t id;                  /* 1, 2, ... as declared */
    const char *name, *address;   /* borrowed; address as a product hashes it, host:port */
    uint32_t max_fails;           /* passive rule of nginx; 0 = off */
    lb_time fail_timeout;         /* passive rule of nginx, ns */
    lb_time warm_since, warm_for; /* slow start, ns; warm_for 0 = not in slow start */
};

/* One tier of one balancer. usable and in_flight are sums over the rows. */
struct lb_pool {
    const struct lb_backend *at;
    uint32_t count, max, usable; /* rows in use; rows there can ever be; LB_USABLE rows */
    uint64_t in_flight;
};

struct lb_address {
    uint16_t family, port; /* family: 4, 6, or 0 when unknown */
    uint8_t bytes[16];     /* network order; the first 4 for family 4 */
};

/* The request to place; valid during the call only. */
struct lb_request {
    struct lb_address source, destination;
    const void *key;
    size_t key_size;      /* 0 = the request has no key */
    uint64_t size;        /* work in ns, only with LB_NEED_SIZE */
    const int32_t *tried; /* oldest first, repeats kept; the last is the one to avoid */
    uint32_t tried_count;
};

/* What a backend says of itself; a field it does not report is 0. */
struct lb_load {
    uint32_t in_flight, queue;
    double utilization;
    double rate, error_rate; /* answers a second, and those of them that are errors */
    lb_time latency, service_time;
    bool idle;
};

/* How an attempt ended. */
enum lb_end {
    LB_END_OK,
    LB_END_ERROR,           /* answered, with an error */
    LB_END_REFUSED,         /* nobody listens */
    LB_END_QUEUE_FULL,      /* the backend turned it away at once */
    LB_END_CONNECT_TIMEOUT, /* no answer to the connection */
    LB_END_TIMEOUT,         /* accepted, no answer in time */
    LB_END_RESET,           /* the connection broke while it was served */
    LB_END_CANCELLED,       /* the client left */
    LB_END_QUEUE_TIMEOUT    /* the backend let it wait too long, and turned it away then */
};

struct lb_outcome {
    enum lb_end end;
    bool failed;                         /* counts against the backend by the host's own rule */
    lb_time sent, connected, first_byte; /* 0 = never */
    uint64_t bytes_out, bytes_in;
    const struct lb_load *load; /* NULL = no report came back */
};

/* How an attempt came to its backend. */
enum lb_how {
    LB_BY_PICK,
    LB_BY_AFFINITY, /* sticky session: there was no pick */
    LB_BY_QUEUE,    /* it waited in the host's queue for the first free place */
    LB_BY_RETRY     /* the same backend again, without a pick */
};

/* One parameter. Values are doubles: a count, ns for a time, 0/1 for yes and no, an index into
 * `choices` for a word. `choices` is NULL-terminated, or NULL for a number. */
struct lb_param {
    const char *name, *unit; /* unit: "" for a count or a word, "ns" for a time, "bool" */
    double value, min, max;  /* default and range, both ends allowed */
    const char *help;
    const char *const *choices;
};

/* The truth, for ideals that declare LB_NEED_ORACLE: read by pool row. */
struct lb_truth {
    const uint32_t *present;  /* requests at the backend, in service and waiting */
    const lb_time *work_left; /* work there, ns at speed 1; 0 without LB_NEED_WORK */
    const uint32_t *slots;    /* its workers */
    const double *speed;      /* work is divided by it; 0 = it serves nothing now */
};

/* What create gets. pool, values, random and truth live until destroy; the rest is borrowed. */
struct lb_setup {
    const struct lb_pool *pool;
    const double *values;         /* one for each of params, in order; NULL = all defaults */
    struct lb_random *random;     /* this state's coins */
    uint32_t balancer, balancers; /* this balancer's index, and how many there are */
    uint32_t tier, tiers;         /* this pool's index among its balancer's tiers; 0 tiers = 1 */
    const struct lb_truth *truth; /* NULL without LB_NEED_ORACLE */
    lb_time now;
};

/* Told by describe: backend is a row or -1 for the algorithm as a whole. */
typedef void lb_emit(void *to, int32_t backend, const char *name, double value);

struct lb_algorithm {
    int abi; /* LB_ABI */
    const char *name, *title, *summary, *reference;
    const char *cost;    /* of a pick, n backends: "O(1)", "O(n)" */
    const char *changes; /* what happens on weight change, join, leave and failure */
    unsigned needs, claims;
    uint32_t backends_max;         /* 0 = no limit of its own */
    const struct lb_param *params; /* ends with a NULL name; NULL = none */

    /* A new state, or NULL with *error filled. */
    void *(*create)(const struct lb_setup *setup, struct lb_error *error);
    void (*destroy)(void *state);
    /* A row index, LB_NONE or LB_WAIT. */
    int32_t (*pick)(void *state, const struct lb_request *request, lb_time now);
    void (*on_attempt_start)(void *state, int32_t backend, const struct lb_request *request,
                             enum lb_how how, lb_time now);
    void (*on_attempt_finish)(void *state, int32_t backend, const struct lb_outcome *outcome,
                              lb_time now);
    /* Weight, flags, limits, join, leave or warm step of these rows; the rows say what is new. */
    void (*on_pool_change)(void *state, const int32_t *changed, uint32_t count, lb_time now);
    void (*on_load)(void *state, int32_t backend, const struct lb_load *load, lb_time now);
    /* Returns when to be called next, LB_NEVER to stop. First called right after create. */
    lb_time (*on_timer)(void *state, lb_time now);
    /* Asked after each pick and timer: how many of targets it filled with rows to probe. */
    uint32_t (*probe_targets)(void *state, int32_t *targets, uint32_t targets_max, lb_time now);
    /* load NULL = the probe was lost. */
    void (*on_probe)(void *state, int32_t backend, const struct lb_load *load, lb_time now);
    void (*describe)(const void *state, lb_emit *emit, void *to);
};

/* Does it know what no real balancer can? Then it is marked "ideal" wherever it is named. */
static inline bool lb_ideal(const struct lb_algorithm *algorithm)
{
    return (algorithm->needs & (LB_NEED_SIZE | LB_NEED_ORACLE | LB_NEED_WORK)) != 0;
}

/* Does this backend take new requests at all: present, usable, of weight? */
static inline bool lb_open(const struct lb_backend *b)
{
    return (b->flags & (LB_PRESENT | LB_USABLE)) == (LB_PRESENT | LB_USABLE) && b->weight != 0;
}

/* Has it as many attempts in flight as it may have? */
static inline bool lb_full(const struct lb_backend *b)
{
    return b->max_in_flight != 0 && b->in_flight >= b->max_in_flight;
}

/* Has this request been at row i before? */
static inline bool lb_tried(const struct lb_request *request, uint32_t i)
{
    for (uint32_t t = 0; t < request->tried_count; t++)
        if (request->tried[t] == (int32_t)i)
            return true;
    return false;
}

/* May row i take this request: open, not full, not tried yet? */
static inline bool lb_may(const struct lb_pool *pool, const struct lb_request *request, uint32_t i)
{
    const struct lb_backend *b = &pool->at[i];
    return lb_open(b) && !lb_full(b) && !lb_tried(request, i);
}

/* What to answer when no row may take this request: LB_WAIT when an open, untried row is only full,
 * LB_NONE when there is none at all. O(n x tried). */
static inline int32_t lb_wait_or_none(const struct lb_pool *pool, const struct lb_request *request)
{
    for (uint32_t i = 0; i < pool->count; i++)
        if (lb_open(&pool->at[i]) && !lb_tried(request, i))
            return LB_WAIT;
    return LB_NONE;
}

/* How far a backend is through its slow start at `now`: from 0, just back, to 1, warm. */
static inline double lb_warmth(const struct lb_backend *b, lb_time now)
{
    if (b->warm_for <= 0 || now - b->warm_since >= b->warm_for)
        return 1;
    return now <= b->warm_since ? 0 : (double)(now - b->warm_since) / (double)b->warm_for;
}

/* Value k of the parameters: what the setup gives, else the default. */
static inline double lb_value(const struct lb_setup *setup, const struct lb_param *params, int k)
{
    return setup->values != NULL ? setup->values[k] : params[k].value;
}

#endif
