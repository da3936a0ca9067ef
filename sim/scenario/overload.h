/*
 * What a balancer refuses when there is too much: the part of a scenario that says so, as plain data.
 * Nothing of it unless written. The rules are in sim/balancer, the events in sim/model/guard.h.
 */
#ifndef SCENARIO_OVERLOAD_H
#define SCENARIO_OVERLOAD_H

#include <stdbool.h>
#include <stdint.h>

#include "algorithms/types.h"

/* Whose requests share a bucket of tokens. */
enum limit_per { PER_ALL, PER_SOURCE, PER_CLIENT };

struct scenario_rate_limit {
    bool on;
    double rate;    /* per second, more than 0 */
    uint32_t burst; /* at once after a rest, at least 1 */
    enum limit_per per;
    uint32_t size; /* buckets kept */
};

/* Which share of a limit requests of a priority may fill. */
#define SHED_PRIORITIES 16U
struct scenario_shed {
    bool on;
    double above[SHED_PRIORITIES]; /* by priority; more than 1 = these are not shed */
};

/* A second attempt beside a first that is slow; see sim/model/hedge.h. */
#define HEDGE_MOST 3U
struct scenario_hedge {
    bool on;
    lb_time after; /* without an answer for so long */
    uint32_t max;  /* copies of one request, 1 to HEDGE_MOST */
    bool budgeted; /* else no limit */
    double budget; /* copies per request in the long run */
    bool fresh;    /* a copy's work is drawn anew */
};

struct scenario_circuit { /* per pool; UINT32_MAX = no limit */
    uint32_t connections, requests, pending, retries;
};

/* Of each backend; see sim/balancer/breaker.h. A rule that is 0 is off. */
struct scenario_breaker {
    bool on;
    double failures;      /* share of the window that failed */
    uint32_t consecutive; /* failures in a row */
    double slow;          /* share of the window that took slow_after or longer */
    lb_time slow_after;
    uint32_t last;    /* attempts in the window ... */
    lb_time within;   /* ... or, when it is not 0, those that ended in so long */
    uint32_t minimum; /* in the window, or no share says anything */
    lb_time open, open_max;
    uint32_t permits; /* half-open */
    double max_open;  /* of all backends */
};

/* A balancer's connections to its backends; see sim/balancer/reuse.h. */
struct scenario_reuse {
    bool on;
    uint32_t keep;         /* idle ones of a backend; SCENARIO_UNLIMITED */
    uint32_t max;          /* of a backend; SCENARIO_UNLIMITED */
    lb_time idle, max_age; /* 0 = for ever */
    uint32_t requests;     /* that one bears; SCENARIO_UNLIMITED */
    uint32_t round_trips;  /* to open one */
    lb_time handshake;     /* work of opening one besides */
};

enum limiter { LIMITER_NONE, LIMITER_GRADIENT, LIMITER_AIMD };

struct scenario_concurrency {
    enum limiter kind;
    uint32_t min, max, initial;
    lb_time window;   /* gradient */
    double tolerance; /* gradient: 1.5 */
    lb_time timeout;  /* aimd */
};

#endif
