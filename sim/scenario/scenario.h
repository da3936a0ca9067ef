/*
 * A scenario as plain data: what a YAML file says, checked, with every default filled in.
 *
 * Units: lb_time is ns; rates are per second; shares and loads are fractions (0.3 is 30 %).
 * Everything is owned by struct scenario and lives until scenario_destroy. Indices refer to the
 * arrays of the same struct.
 */
#ifndef SCENARIO_SCENARIO_H
#define SCENARIO_SCENARIO_H

#include "algorithms/lb.h"
#include "sim/base/distribution.h"
#include "sim/scenario/arrivals.h"
#include "sim/scenario/overload.h"
#include "sim/scenario/sweep.h"
#include "sim/scenario/tier.h"
#include "sim/scenario/words.h"

#define SCENARIO_UNLIMITED UINT32_MAX /* a queue without a limit */

enum backoff { BACKOFF_NONE, BACKOFF_CONSTANT, BACKOFF_EXPONENTIAL };

struct scenario_retries {
    uint32_t max; /* beyond the first attempt; 0 = none */
    enum backoff backoff;
    lb_time base, cap; /* exponential: min(cap, base x 2^(n-1)) before the n-th retry */
    bool full_jitter;  /* uniform in [0, back-off) */
    bool budgeted;     /* else no budget */
    double budget;     /* share of first attempts */
    bool to_other;     /* balancer only: another backend (else the same) */
    unsigned when;     /* balancer only: bit 1 << enum lb_end */
};

struct scenario_header {
    const char *name, *value;
};

struct scenario_class {
    const char *name;
    double share;
    struct distribution work;        /* ns at speed 1 */
    const char *path;                /* NULL = none; else it begins with / */
    struct scenario_header *headers; /* names as written; no two alike but for case */
    uint32_t header_count;
    uint32_t priority;                       /* 0 = most important */
    struct distribution bytes_in, bytes_out; /* of a request, of its answer */
};

#define SCENARIO_PRIORITIES 16U /* levels of priority; a probe has 0 */

/* A session asks, waits for its answer, thinks, asks again. */
struct scenario_sessions {
    bool on;
    struct distribution requests; /* of one session, at least 1 */
    struct distribution think;    /* between an answer and the next request, ns */
    bool logout;                  /* over with the last answer ... */
    lb_time expires;              /* ... or else so much later */
};

/* What the clients of a group keep open; not `on`: each request has a connection of its own. */
struct scenario_connections {
    bool on;
    bool many;         /* http2: up to `streams` requests at once; else one at a time */
    uint32_t requests; /* that one carries before it is closed; SCENARIO_UNLIMITED */
    uint32_t streams;
    bool ages, holds;            /* max_age, hold are written */
    struct distribution max_age; /* ns */
    struct distribution hold;    /* ns that a client takes to send a request */
    lb_time idle;                /* closed when it was silent so long; 0 = never */
    uint32_t per_client;         /* open at once; SCENARIO_UNLIMITED */
};

struct scenario_client {
    const char *name;
    enum arrivals arrivals;
    struct scenario_arrivals process; /* what the kind is told besides the rate */
    bool varies;                      /* its rate is a function of time */
    double
        rate; /* per second, of sessions if there are; solved from load when load was written; 0 if closed */
    double load;               /* offered load of this group, 0 when rate was written */
    uint32_t users;            /* closed loop */
    struct distribution think; /* closed loop, ns */
    uint32_t population;       /* number of clients; 0 = each request, or session, has its own */
    double zipf;               /* k-th client: proportional to k^-zipf; 0 = all alike */
    double *nat;               /* nat_count shares of requests, each from one address */
    uint32_t nat_count;
    struct scenario_sessions sessions;
    struct scenario_connections connections;
    double no_cookies; /* share of clients who refuse cookies */
    uint32_t spoof;    /* forged addresses that its requests carry; 0 = none do */
    struct scenario_class *classes;
    uint32_t class_count, class_first; /* class_first: place of classes[0] among all classes */
    lb_time timeout;                   /* 0 = none */
    lb_time objective;                 /* for goodput; default the timeout; 0 = any */
    struct scenario_retries retries;
    struct scenario_hedge hedge;
    const char *via_name;
    uint32_t via; /* the balancers that its requests enter: place in scenario.balancers */
};

enum pace { PACE_FIXED, PACE_AFTER_RESULT };

/* What turns results of checks into a belief: see sim/balancer/health.h. */
enum health_machine { MACHINE_STREAKS, MACHINE_HAPROXY, MACHINE_ENVOY };
enum observe { OBSERVE_OFF, OBSERVE_LAYER4, OBSERVE_LAYER7 };
enum on_error {
    ON_ERROR_FASTINTER,
    ON_ERROR_FAIL_CHECK,
    ON_ERROR_SUDDEN_DEATH,
    ON_ERROR_MARK_DOWN
};
/* When max_ejected forbids an ejection: see sim/balancer/outlier.h. */
enum ejection_limit { EJECTION_ENVOY, EJECTION_ONE, EJECTION_GRPC };

struct scenario_outlier { /* passive: answers in traffic */
    bool on;
    uint32_t consecutive_errors; /* 0 = off */
    lb_time every, ejection, max_ejection;
    double max_ejected; /* share of the backends */
    enum ejection_limit limit;
    double success_rate;  /* standard deviations below the mean; 0 = off */
    double failure_share; /* 0 = off */
    uint32_t success_hosts, success_volume, failure_hosts, failure_volume;
    bool check_unejects;
};

struct scenario_health {
    bool like_given;
    uint32_t like; /* a row of health_presets */
    /* active checks */
    bool active;
    enum health_machine machine; /* of the preset */
    lb_time every, timeout;
    lb_time fastinter, downinter; /* between states, and down; 0 = every */
    uint32_t rise, fall;
    enum pace pace;
    bool reserved; /* through: reserved, a probe does not stand in the queue */
    enum observe observe;
    uint32_t error_limit;
    enum on_error on_error;
    /* the rest */
    struct scenario_outlier outlier;
    double panic; /* share of usable backends below which all are used; 0 = off */
    lb_time slow_start;
};

/* What of the backends' load a balancer's algorithm sees. */
enum load_view {
    VIEW_OWN,    /* what this balancer itself has in flight */
    VIEW_SHARED, /* what all balancers together had at the last refresh of a common board */
    VIEW_EXACT   /* what all have now */
};

/* Which of several equal balancers a client goes to. */
enum entry_rule { ENTRY_RANDOM, ENTRY_SOURCE, ENTRY_ECMP, ENTRY_DNS, ENTRIES };

/* By what a balancer knows a client again. */
enum sticky_by { STICKY_NOT, STICKY_COOKIE, STICKY_SOURCE, STICKY_HEADER };

struct scenario_sticky {
    enum sticky_by by;
    lb_time ttl;   /* 0 = for ever; of a cookie since it was set, else since the last use */
    uint32_t size; /* entries of the table; not of cookies */
};

/* Where the application keeps what it knows of a user. */
enum store { STORE_NONE, STORE_MEMORY, STORE_REPLICATED, STORE_EXTERNAL, STORE_TOKEN };

struct scenario_state {
    enum store store;
    const char *name; /* what the timeline calls an external store */
    lb_time login;    /* work of logging in */
    uint32_t copies;  /* replicated: the holder's included */
    lb_time lag;
    struct distribution latency; /* external: of a fetch */
    uint32_t slots;              /* external: fetches at the same time */
};

struct scenario_route {         /* the first that fits says which pool */
    const char *path;           /* a pattern with '*', NULL = any */
    const char *header, *value; /* NULL = any; value is a pattern */
    const char *to;
    uint32_t pool;
};

/* Handshakes of connections that are opened. */
struct scenario_tls {
    bool on;
    bool terminate;    /* the balancer makes them; else the backend */
    lb_time handshake; /* a full one, ns of its work */
    lb_time resumed;   /* with a ticket */
    double resume;     /* share of those with a ticket who use it */
    lb_time ticket_life;
    uint32_t tickets;     /* clients that are remembered */
    uint32_t round_trips; /* of a handshake, between client and who terminates */
};

/* What a balancer keeps of clients' connections. */
struct scenario_places {
    uint32_t max;         /* open at once; SCENARIO_UNLIMITED */
    lb_time header, idle; /* layer 7: for a whole request; between two; 0 = for ever */
    bool table;           /* layer 4: connection_table is written */
    uint32_t table_size;  /* SCENARIO_UNLIMITED */
    lb_time table_idle;   /* forgotten when silent so long; 0 = never */
    bool cut, cut_given;  /* layer 4: when a backend is believed down */
};

/* What a balancer's own work takes. */
struct scenario_capacity {
    uint32_t workers; /* 0 = it takes no time */
    lb_time request, connection;
    uint32_t queue; /* of those that wait for a worker; SCENARIO_UNLIMITED by default */
};

struct scenario_balancer { /* one, or `count` alike */
    const char *name;
    bool counted;          /* count is written: name1 ... nameN */
    uint32_t count, first; /* its balancers: [first, first + count) of all */
    enum entry_rule entry;
    lb_time dns_ttl; /* ENTRY_DNS */
    struct scenario_redundancy redundancy;
    const char *to_name;
    int32_t to;    /* balancers it passes requests to: place in scenario.balancers; -1 = backends */
    uint32_t pool; /* else: the pool of requests that no route takes elsewhere */
    struct scenario_route *routes;
    uint32_t route_count;
    uint32_t *pool_of_class; /* by place among all classes; NULL without routes */
    enum load_view view;
    lb_time view_every; /* VIEW_SHARED */
    bool forward_client_ip;
    bool layer4; /* it places connections; else requests */
    struct scenario_places connections;
    struct scenario_tls tls;
    const struct lb_algorithm *algorithm;
    double *params;        /* one for each of algorithm->params; NULL when it has none */
    uint32_t queue_size;   /* SCENARIO_UNLIMITED by default */
    lb_time queue_timeout; /* 0 = none */
    struct scenario_sticky sticky;
    struct scenario_capacity capacity;
    lb_time connect_timeout, response_timeout; /* of an attempt, since it was sent; 0 = none */
    struct scenario_retries retries;
    struct scenario_hedge hedge;
    struct scenario_health health;
    const char *zone_name; /* NULL = none */
    uint16_t zone;         /* as in struct scenario_backend */
    struct scenario_subset subset;
    bool priority;           /* tiers share the load as Envoy's priorities do */
    double overprovisioning; /* with priority: 1.4 */
    bool trust_forwarded;
    struct scenario_rate_limit rate_limit;
    uint32_t max_in_flight; /* of all its requests, those that wait included; UINT32_MAX = any */
    struct scenario_shed shed;
    struct scenario_circuit circuit;
    struct scenario_breaker breaker;
    struct scenario_reuse reuse;
    struct scenario_concurrency concurrency;
};

struct scenario_pool { /* backends that a balancer chooses from */
    const char *name;
    uint32_t tiers; /* numbered from 0 */
};

struct
    scenario_delay { /* control of the time in a queue: a target, and how long it may be missed */
    bool on;
    lb_time target, interval;
};

enum cold_curve { COLD_LINEAR, COLD_STEP, COLD_EXPONENTIAL };
enum failure_kind { FAILURE_KILL, FAILURE_HANG, FAILURE_PAUSE };

/* What the backends of a group are like, beyond slots and speed; nothing of it unless written. */
struct scenario_nature {
    bool impatient;
    struct distribution patience; /* queue_timeout, ns */
    double sigma, kappa;          /* contention: of the universal scalability law */
    bool lifo_given;
    uint32_t lifo_above; /* adaptive-lifo: with more than this in the queue the newest is next */
    struct scenario_delay codel, control; /* codel: of the discipline; control: of any other */
    bool cold;                            /* cold_start */
    double cold_factor;
    lb_time cold_for;
    enum cold_curve cold_curve;
    bool pauses;
    struct distribution pause_every, pause_lasts;
    struct scenario_failures {
        bool on, while_busy;
        enum failure_kind kind;
        struct distribution mtbf, mttr;
    } failures;
};

struct scenario_group { /* one entry under `backends` */
    const char *name;
    uint32_t first, count; /* its backends: [first, first + count), those included that may come */
    uint32_t declared;     /* of these, how many there are at time 0 */
    bool counted;          /* its count is written */
    struct scenario_nature nature;
};

/* Another version of a group's program comes into service. */
enum deploy_strategy { DEPLOY_ROLLING, DEPLOY_BLUE_GREEN, DEPLOY_CANARY };

struct scenario_deploy {
    const char *of;
    uint32_t group;
    lb_time at;
    enum deploy_strategy strategy;
    uint32_t batch, surge, canaries;
    bool untold;          /* nobody tells the balancers: processes just stop */
    lb_time drain;        /* how long those in flight may take before they are cut */
    lb_time start, ready; /* from stopped to running, and to taking requests */
    lb_time hold;         /* canary, blue-green: how long it is watched before the rest */
    double speed;         /* of the new version, of the group's own */
    double errors;        /* share of its answers that are errors */
    bool guarded;         /* rollback is written */
    double rollback;      /* share of failed attempts above which it is taken back */
};

struct scenario_autoscale {
    const char *of;
    uint32_t group, min, max;
    double target; /* utilization */
    lb_time every, start, cooldown, drain;
};

struct scenario_backend {
    bool absent; /* at time 0: it may come */
    const char *name;
    uint32_t group, tier, weight, slots;
    uint32_t queue; /* how many more than slots may be present; SCENARIO_UNLIMITED by default */
    enum discipline discipline;
    double speed;
    bool cancel_abandoned; /* abandoned: cancel */
    uint32_t max_in_flight, max_fails;
    lb_time fail_timeout;
    const char *zone_name; /* NULL = none */
    uint16_t zone;         /* place in scenario.zones + 1; 0 = none */
    const char *pool_name;
    uint32_t pool; /* place in scenario.pools */
};

/* Whom an action is about, or from whom: backends, or balancers, [first, first + count). */
struct scenario_machines {
    bool balancers;
    uint32_t first, count; /* count 0 = nobody */
};

/* A timeline entry, or a person's command. Targets are resolved: a group is all its backends, a
 * rate or algorithm names one client group or the balancer. */
struct scenario_action {
    enum action action;
    bool random; /* at was a distribution: drawn once per replication */
    lb_time at;
    struct distribution when;
    uint32_t first, count; /* backends [first, first + count), or the client group `first` */
    bool store;            /* kill, restore: of the external store of session state */
    uint16_t zone;         /* of these backends those in this zone; 0 = all */
    bool at_balancers;     /* not backends but balancers, and algorithm always */
    struct scenario_machines from; /* isolate: count 0 = from everybody */
    const char *from_name;         /* as written */
    double to;        /* slow: fraction of own speed; weight: number; rate: per second */
    lb_time lasts;    /* for: 0 = until undone */
    lb_time limit;    /* drain: LB_NEVER = until empty */
    lb_time in;       /* errors: after so much work, ns at speed 1 */
    lb_time up, down; /* flap */
    const struct lb_algorithm *algorithm;
    const char *target; /* as written */
};

struct scenario_run {
    bool transient; /* kind */
    lb_time duration, warmup, settle, sample;
    bool settle_given, warmup_given, algorithm_seed_given;
    uint64_t seed, algorithm_seed; /* the latter, when given: of the algorithms' coins */
    uint32_t replications;
};

enum metric {
    METRIC_MEAN,
    METRIC_QUANTILE, /* p50, p90, p99, p99.9: see quantile */
    METRIC_MAX,
    METRIC_ERRORS,
    METRIC_FAILED, /* failed(CAUSE): see cause */
    METRIC_GOODPUT,
    METRIC_THROUGHPUT,
    METRIC_IMBALANCE,
    METRIC_AVAILABILITY,
    METRIC_PICKS,
    METRIC_UTILIZATION,
    METRIC_IN_FLIGHT,
    METRIC_QUEUE,
    METRIC_ATTEMPTS,
    METRIC_DISRUPTION,
    METRIC_REBALANCE,
    METRIC_LOST, /* of sessions */
    METRIC_MOVED,
    METRIC_LOGINS,
    METRIC_STALE,
    METRIC_STICKINESS,
    METRICS
};

enum unit { UNIT_TIME, UNIT_RATE, UNIT_SHARE, UNIT_COUNT };
/* The unit a metric is measured and compared in. */
enum unit metric_unit(enum metric metric);

enum selector { SELECT_ALL, SELECT_CLASS, SELECT_CLIENTS, SELECT_BACKENDS, SELECT_BALANCER };
enum compare { COMPARE_LT, COMPARE_LE, COMPARE_GT, COMPARE_GE, COMPARE_NEAR };

struct scenario_measure {
    enum metric metric;
    double quantile; /* METRIC_QUANTILE: 0.99 */
    enum cause cause;
    enum selector selector;
    uint32_t first, count; /* the classes, client group or backends selected */
    const char *variant;   /* comparison of variants; else NULL */
};

struct scenario_expect {
    const char *text; /* as written */
    struct scenario_measure left;
    enum compare compare;
    double value, tolerance; /* in the unit of the metric: ns, per second, fraction, count */
    bool against;            /* compared with factor x right */
    double factor;
    struct scenario_measure right;
    lb_time from, until; /* window of arrival times: [from, until); 0 and LB_NEVER = whole run */
};

struct scenario {
    char *path;     /* file, "-" for standard input */
    char *source;   /* the text as read */
    uint64_t hash;  /* XXH64 of source and of everything set on top of it */
    char *settings; /* what --set, --algorithm and --seed changed, one "path=value" a line */
    const char *name, *about;
    const char *variant;   /* "base" or the name of the variant in force */
    const char **variants; /* all names, "base" first */
    uint32_t variant_count;

    struct scenario_client *clients;
    uint32_t client_count, class_total;
    lb_time client_balancer, balancer_balancer, balancer_backend; /* one way */
    struct scenario_balancer balancer; /* the one of `balancer`, else the first that has backends */
    struct scenario_balancer *balancers; /* all, in order of the file; &balancer when it is alone */
    uint32_t balancer_count, balancer_total; /* entries; balancers in all */
    const char **balancer_names;             /* of all */
    struct scenario_group *groups;
    struct scenario_backend *backends;
    uint32_t group_count, backend_count;
    struct scenario_pool *pools; /* in order of appearance; one at least */
    uint32_t pool_count;
    const char **zones; /* names, in order of appearance */
    uint32_t zone_count;
    struct scenario_action *timeline; /* in order of the file */
    uint32_t action_count;
    struct scenario_state state;
    struct scenario_deploy *deploys;
    uint32_t deploy_count;
    struct scenario_autoscale *autoscales;
    uint32_t autoscale_count;
    bool changes; /* backends may come or go */
    struct scenario_run run;
    struct scenario_expect *expects;
    uint32_t expect_count;
    struct scenario_sweep *sweeps; /* the grid, first key slowest */
    uint32_t sweep_count;
    void *memory; /* everything above lives here */
};

/* Sum of slots x speed over backends: work in seconds done per second. */
double scenario_capacity(const struct scenario *scenario);
/* Mean work of a request of this group, ns. */
double scenario_mean_work(const struct scenario_client *client);
/* Arrivals a second that the group's trace has recorded, in the mean, after its warp. */
double scenario_trace_rate(const struct scenario_client *client);
/* Mean number of requests that one arrival of this group brings: 1, or those of a session. */
double scenario_mean_requests(const struct scenario_client *client);
/* Arrival rate x mean work / capacity over all open groups. */
double scenario_offered_load(const struct scenario *scenario);

/* The balancers of this name, [*first, *first + *count): all of an entry, or one. Returns the name as
 * the scenario keeps it, NULL when there are none. */
const char *scenario_find_balancer(const struct scenario *scenario, const char *name, size_t size,
                                   uint32_t *first, uint32_t *count);

/* Is this the external store of session state, as the target of an action that it knows? */
bool scenario_is_store(const struct scenario *scenario, enum action action, const char *name);

/* Has balancer `number` of all a capacity, so that its own work takes time? */
bool scenario_balancer_works(const struct scenario *scenario, uint32_t number);
/* Can balancer `number` of all have this algorithm? One that leads to other balancers has none that is
 * told what only backends can tell: loads, probes, the truth. */
bool scenario_algorithm_fits(const struct scenario *scenario, uint32_t number,
                             const struct lb_algorithm *algorithm);

void scenario_destroy(struct scenario *scenario);

#endif
