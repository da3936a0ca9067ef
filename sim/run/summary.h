/*
 * What one run came to. The words mean what the scenario language says they mean; the views of the
 * database compute the same figures from the record, and a test compares the two.
 */
#ifndef RUN_SUMMARY_H
#define RUN_SUMMARY_H

#include "sim/balancer/reuse.h"
#include "sim/base/histogram.h"
#include "sim/base/json.h"
#include "sim/scenario/scenario.h"

struct summary_counts {
    uint64_t arrived, ok, failed, in_flight; /* measured requests */
    uint64_t good;                           /* ok within the objective */
    uint64_t attempts;                       /* tries that reached a backend or found none */
    uint64_t cause[CAUSES];
};

/* What lies behind requests that failed, or came ok beyond their objective; see sim/model/why.h. */
struct summary_why {
    int cause; /* enum cause; -1 = ok, but slow */
    const char *why;
    uint64_t count; /* not 0 */
};

struct summary_class {
    const char *client, *name;
    struct summary_counts counts;
    struct histogram latency;   /* ok, measured */
    struct summary_why *ledger; /* most frequent first; their sum is failed + ok - good */
    uint32_t ledger_count;
};

struct summary_backend {
    const char *name;
    uint32_t group, weight;     /* weight at the end */
    uint64_t picks, ok, failed; /* attempts of measured requests */
    bool absent;                /* not there at the end, nor asked for anything */
    double utilization;         /* busy share of slots over the measured window */
    double in_flight_mean;      /* in the balancer's books, time average over the measured window */
    double connections_mean;    /* placed there at layer 4, the same */
    double queue_mean;          /* waiting at the backend, the same */
    uint64_t breaker_opened;    /* its circuit breakers, also after trials */
    double breaker_away;        /* share of the window in which they were not closed */
};

struct summary_expect {
    const char *text;
    bool holds;
    bool known;   /* false: no request to measure it on (then it does not hold) */
    double value; /* in the unit of the metric */
    enum unit unit;
    bool ratio; /* value is left / right of a comparison of variants */
};

struct summary_connections { /* of clients, in the measured window */
    bool any, layer4, tls;   /* they are modelled; some balancer is of layer 4, makes handshakes */
    uint64_t opened, reused; /* requests that opened one, and that found one */
    uint64_t reset, refused, forgotten;
    uint64_t taken_over, unknown; /* layer 4: by who answered next for an address */
    uint64_t full, resumed;       /* handshakes */
    uint32_t open;                /* at the end */
    double open_mean;             /* time average */
};

struct summary_upstream { /* connections of balancers to backends, in the measured window */
    bool any;
    uint64_t opened, reused; /* attempts that opened one, and that found one */
    uint64_t closed[REUSE_ENDS];
    uint64_t open;    /* at the end */
    double open_mean; /* time average */
};

struct summary_hedges { /* of measured requests */
    bool any;
    uint64_t sent, won; /* copies, and how many of them were answered first */
    uint64_t refused;   /* not sent: the budget was spent */
    uint64_t nobody;    /* not sent: no other backend could take it */
};

struct summary_breakers { /* of all balancers, in the measured window */
    bool any;
    uint64_t opened, reopened, closed; /* reopened: after trials */
    double away_s;                     /* not closed, summed over all */
};

struct summary_sessions {           /* of users, over the whole run */
    bool any;                       /* some group has sessions */
    bool state;                     /* the application remembers users: count is kept */
    uint64_t begun, open;           /* open: at the end; without sessions, users with a state */
    uint64_t count[SESSION_EVENTS]; /* within the measured window */
};

struct summary_balancer { /* shown when there are several, or one has a capacity */
    const char *name;
    uint64_t requests; /* measured, that came to it: tries of clients one by one */
    /* Measured requests by the balancers that their last try led to: see sim/model/tally.h. */
    uint64_t ok, failed, good, cause[CAUSES];
    const struct histogram *latency; /* ok, of the client, ns; NULL = none was. Of the run */
    uint64_t picks;                  /* attempts of measured requests that it sent */
    double in_flight_mean; /* attempts in its books, time average over the measured window */
    double waiting_mean;   /* waiting there for a place at a backend, the same */
    bool capacity;
    double utilization;                  /* busy share of its workers over the measured window */
    double queue_mean;                   /* waiting for one */
    uint64_t beliefs;                    /* it changed about its backends in the measured window */
    uint64_t takeovers;                  /* of addresses, the same */
    uint64_t connections, full, resumed; /* of clients: accepted; their handshakes; the same */
    double connections_mean;             /* of clients, held, time average */
    uint64_t upstream;                   /* connections it opened to backends, whole run */
};

struct summary {
    const struct scenario *scenario; /* borrowed */
    const char *algorithm;           /* name, at the start of the run */
    bool ideal;                      /* it knows what no balancer can */
    uint64_t seed;
    uint32_t replication;
    uint64_t digest;
    bool interrupted;
    double simulated_s; /* duration - warmup */
    double wall_s;
    uint64_t events;
    struct summary_counts counts;
    struct summary_sessions sessions;
    struct summary_connections connections;
    struct summary_upstream upstream;
    struct summary_hedges hedges;
    struct summary_breakers breakers;
    struct histogram latency, response; /* ok, measured, ns */
    double throughput, goodput;         /* per second */
    double availability;                /* ok / (ok + failed) */
    double imbalance;                   /* maximum over backends of share of picks / of weight;
                                           NAN when nobody in the first tier was picked */
    struct summary_class *classes;
    uint32_t class_count;
    struct summary_why *ledger; /* of all classes */
    uint32_t ledger_count;
    struct summary_backend *backends;
    uint32_t backend_count;
    struct summary_balancer *balancers; /* all; balancer_count 0 = nothing to say of them */
    uint32_t balancer_count;
    uint64_t nowhere; /* measured requests that failed before any balancer was asked */
    struct summary_expect *expects;
    uint32_t expect_count;
};

/* The value of a measure over the whole measured window; false when nothing was measured. */
bool summary_measure(const struct summary *summary, const struct scenario_measure *measure,
                     double *value);
/* Does the value stand where the expectation wants it? bound, value: in the unit of the metric. */
bool summary_holds(const struct scenario_expect *expect, double value, double bound);
/* Writes a value with its unit for people: "121 ms", "0.47 %", "900/s". Returns buf. */
const char *summary_format(char *buf, size_t size, enum unit unit, double value);
struct world;
/* Connections: built, the object "connections", a line. */
void summary_build_connections(struct summary *summary, struct world *w);
void summary_json_connections(const struct summary *summary, struct json *json);
void summary_print_connections(const struct summary *summary, FILE *to);
/* Connections to backends: built, the object "backend_connections", a line. */
void summary_build_upstream(struct summary *summary, struct world *w, lb_time now);
void summary_json_upstream(const struct summary *summary, struct json *json);
void summary_print_upstream(const struct summary *summary, FILE *to);
/* Hedging: built, the object "hedges", a line. */
void summary_build_hedges(struct summary *summary, const struct world *w);
void summary_json_hedges(const struct summary *summary, struct json *json);
void summary_print_hedges(const struct summary *summary, FILE *to);
/* Circuit breakers: built, the object "breakers", a line. */
void summary_build_breakers(struct summary *summary, struct world *w, lb_time now);
void summary_json_breakers(const struct summary *summary, struct json *json);
void summary_print_breakers(const struct summary *summary, FILE *to);
/* Sessions, and what became of the state of users: built, the object "sessions", a line. */
void summary_build_sessions(struct summary *summary, const struct world *w);
void summary_json_sessions(const struct summary *summary, struct json *json);
void summary_print_sessions(const struct summary *summary, FILE *to);
/* What the balancers themselves did: built, the list "balancers", a table; their utilization. */
void summary_build_balancers(struct summary *summary, struct world *w);
void summary_json_balancers(const struct summary *summary, struct json *json);
void summary_print_balancers(const struct summary *summary, FILE *to);
/* Mean busy share of the workers of balancers [first, first + count); false when one has no
 * capacity. */
bool summary_measure_balancers(const struct summary *summary, uint32_t first, uint32_t count,
                               double *value);
/* A metric of sessions out of counts; false when it is none, or nothing was counted. */
bool summary_measure_sessions(const uint64_t count[SESSION_EVENTS], enum metric metric,
                              double *value);
/* The object "latency_ms": mean, quantiles and largest; empty when there is nothing (or NULL). */
void summary_json_latency(struct json *json, const char *key, const struct histogram *h);
/* The object of `run --json` (design section 4); key NULL = outermost. */
void summary_json(const struct summary *summary, struct json *json, const char *key);
/* Its list "expect" alone. */
void summary_json_expects(const struct summary_expect *expects, uint32_t count, struct json *json);
/* Its list "ledger" alone. */
void summary_json_ledger(const struct summary_why *ledger, uint32_t count, struct json *json);
/* Requests that failed because their balancer did not know yet what was wrong: the detection window. */
uint64_t summary_unnoticed(const struct summary *summary);
/* The ledger as a table, with shares of `arrived`; nothing when it is empty. */
void summary_print_ledger(const struct summary *summary, FILE *to);
/* Table and verdict sentence for a terminal, `width` columns wide. */
void summary_print(const struct summary *summary, FILE *to, unsigned width, bool utf8);

#endif
