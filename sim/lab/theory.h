/*
 * What theory knows, and the scenario or trial of ours that must come to the same: queues, balls in
 * bins, hashing, failover, retries.
 *
 * A case is written the way a person writes it, "M/M/c rho=0.8 c=4": a family and its parameters.
 * Each family is one row of a table: which parameters it takes, the formula for each quantity, the
 * scenario, or a trial of a real algorithm without a world around it. Where no formula is known the
 * value is the tabulated one or comes from a Markov chain that is solved numerically (chain.h).
 *
 * Units: rates per second, times in seconds. mu is 1/s unless written, so that times are in mean
 * service times.
 */
#ifndef LAB_THEORY_H
#define LAB_THEORY_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "algorithms/types.h"
#include "sim/base/text.h"

/* What is compared. The names are theory_quantity_name(). */
enum theory_quantity {
    THEORY_MEAN,       /* mean response of those who were served: "E[T]" */
    THEORY_P99,        /* its 0.99 quantile: "p99" */
    THEORY_REFUSED,    /* share of requests turned away: "P(refused)" */
    THEORY_THROUGHPUT, /* finished per second: "throughput" */
    THEORY_WAIT,       /* mean wait, and that of those who go first and last */
    THEORY_WAIT_HIGH,
    THEORY_WAIT_LOW,
    THEORY_ABANDONED, /* share of requests that leave the queue unserved */
    THEORY_WAITING,   /* mean number in the queue */
    THEORY_AVAILABILITY,
    THEORY_RATE,   /* arrivals a second */
    THEORY_MAX,    /* most balls in a bin, connections of a backend, its share over the fair one */
    THEORY_MIN,    /* least */
    THEORY_UNEVEN, /* standard deviation over mean across backends, root of the mean square */
    THEORY_IDLE,   /* backends that have nothing */
    THEORY_EMPTY,  /* probability that there is one */
    THEORY_EQUAL,  /* probability that the most is k */
    THEORY_AT_LEAST_1, /* share of bins with at least so many */
    THEORY_AT_LEAST_2,
    THEORY_AT_LEAST_3,
    THEORY_NEW,    /* share of a backend that is new, or of one that is looked at */
    THEORY_CROWD,  /* load of the backend behind which a crowd stands, over the mean */
    THEORY_USED,   /* backends that have something */
    THEORY_MOVED,  /* share of keys that another backend has after a change */
    THEORY_ASTRAY, /* share of keys that moved between two who stayed */
    THEORY_HEIR,   /* share of a leaver's keys that the one who gets most gets */
    THEORY_DELAY,  /* mean time until something is noticed or done */
    THEORY_SPREAD, /* its standard deviation */
    THEORY_EARLY,  /* the earliest and the latest of all those of one replication */
    THEORY_LATE,
    THEORY_FAILED,   /* requests that failed, a number */
    THEORY_FAILING,  /* share of requests that fail */
    THEORY_ATTEMPTS, /* attempts a request */
    THEORY_EXTRA,    /* attempts a request beyond the first */
    THEORY_P999,     /* 0.999 quantile of the response */
    THEORY_LOST,     /* sessions lost */
    THEORY_LOGINS,   /* those that had to log in again */
    THEORY_HIT,      /* share of requests that find their session */
    THEORY_STALE,    /* share of clients who still go where they no longer should */
    THEORY_OUTAGE,   /* share of time in which there is no service */
    THEORY_P50,      /* more quantiles of the response */
    THEORY_P90,
    THEORY_P95,
    THEORY_SQUARE,  /* mean square of the response */
    THEORY_PRESENT, /* mean number present, at the first backend */
    THEORY_BUSY,    /* busy share of the slots of a backend, and of the first one's */
    THEORY_BUSY_1,
    THEORY_SERVING, /* mean number in service */
    THEORY_SHARE_1, /* share of the requests that the first, second, third backend gets */
    THEORY_SHARE_2,
    THEORY_SHARE_3,
    THEORY_ALL_BUSY,    /* share of time in which no backend is idle */
    THEORY_SERVED,      /* requests that end ok, a second */
    THEORY_WAITS,       /* share of requests that wait at all */
    THEORY_WAIT_SQUARE, /* mean square of the wait, and its quantiles */
    THEORY_WAIT_P50,
    THEORY_WAIT_P90,
    THEORY_WAIT_P95,
    THEORY_WAIT_P99,
    THEORY_WAIT_P999,
    THEORY_QUANTITIES
};

/* Parameters of a case; what each may be stands in theory_case.c. */
enum theory_parameter {
    THEORY_RHO,    /* offered load of a server */
    THEORY_LAMBDA, /* arrivals per second, instead of rho */
    THEORY_MU,     /* services per second of one server */
    THEORY_SERVERS,
    THEORY_PLACES, /* K of M/M/1/K, the one in service included */
    THEORY_CV,     /* cv of the work */
    THEORY_BACKENDS,
    THEORY_BINS,
    THEORY_BALLS,
    THEORY_CONNECTIONS,
    THEORY_LEVEL, /* k of P(max=k) */
    THEORY_CHOICES,
    THEORY_REPLACEMENT, /* 0 or 1 */
    THEORY_USERS,
    THEORY_THINK, /* mean, seconds */
    THEORY_FAIL,  /* breakdowns, and repairs, per second */
    THEORY_REPAIR,
    THEORY_HIGH,  /* share of the requests that go first */
    THEORY_THETA, /* those who wait leave at this rate */
    THEORY_TAU,   /* longest wait, seconds */
    THEORY_L1,    /* arrivals per second in two states, and the rates of leaving each */
    THEORY_L2,
    THEORY_Q12,
    THEORY_Q21,
    THEORY_LIFE, /* mean lifetime, seconds */
    THEORY_TIME, /* seconds after a change */
    THEORY_TO,   /* backends after a change */
    THEORY_KEYS,
    THEORY_POINTS,
    THEORY_TABLE,
    THEORY_BOUND,
    THEORY_CLIENTS,
    THEORY_ZIPF,    /* exponent */
    THEORY_CROWDED, /* share of requests from one address */
    THEORY_EVERY,   /* of a check: interval, timeout, interval once it fails, seconds */
    THEORY_TIMEOUT,
    THEORY_FAST,
    THEORY_FALL,
    THEORY_RISE,
    THEORY_FAULT, /* refused or hang */
    THEORY_PACE,  /* fixed or after-result */
    THEORY_DEAD,  /* backends that are down */
    THEORY_UP,    /* mean time up, and time down, seconds */
    THEORY_DOWN,
    THEORY_RETRIES, /* of the client */
    THEORY_AGAIN,   /* of the balancer */
    THEORY_BUDGET,
    THEORY_ERRORS, /* share of attempts that fail */
    THEORY_HEDGE,  /* seconds before the second attempt */
    THEORY_SESSIONS,
    THEORY_PRIORITY,
    THEORY_ADVERT, /* seconds */
    THEORY_TTL,
    THEORY_NEEDED,  /* backends without which there is no service */
    THEORY_SPEED_1, /* services per second of unequal backends; 0 = as the weight */
    THEORY_SPEED_2,
    THEORY_SPEED_3,
    THEORY_WEIGHT_1, /* 0 = 1, or there is no such backend */
    THEORY_WEIGHT_2,
    THEORY_WEIGHT_3,
    THEORY_SHAPE, /* of bounded Pareto work, and its largest over its smallest */
    THEORY_SPAN,
    THEORY_PARAMETERS
};

#define THEORY_KNOWN_MAX 16

struct theory_value {
    enum theory_quantity quantity;
    double value, accuracy; /* accuracy: relative, of the theory itself */
    const char *source;
};

struct theory_case {
    const struct theory_family *family;
    char name[160];                   /* as written, in the order of the parameters */
    double values[THEORY_PARAMETERS]; /* rho and lambda both filled, but for a closed system */
    char work[24];                    /* distribution of the work, in the scenario's language */
    struct theory_value known[THEORY_KNOWN_MAX];
    uint32_t known_count;
    double aside[2];   /* what a family's trials take off their figures, computed once */
    double rate;       /* requests per second, in the long run */
    double relaxation; /* seconds in which what a start from empty leaves behind falls by e */
    double effort;     /* requests or trials that bring all within a standard error of 1 % or so */
};

const char *theory_quantity_name(enum theory_quantity quantity);
/* Is it the root of a mean of squares? Then one replication's figure is the square. */
bool theory_quantity_is_root(enum theory_quantity quantity);

/* Reads a case and fills in what theory says. 0, or -1 with *error: unknown family or parameter,
 * out of range, or nothing is known for these parameters. May take seconds for a Markov chain. */
int theory_parse(struct theory_case *c, const char *text, struct lb_error *error);
/* The scenario in YAML: `requests` measured ones on average, after the warm-up. */
void theory_scenario(const struct theory_case *c, double requests, uint64_t seed, struct text *out);

/* Is it a matter of trials of an algorithm, without a scenario? */
bool theory_is_trial(const struct theory_case *c);

/* The families: name, parameters and what it is in one line; false when i is beyond the last. */
bool theory_family(uint32_t i, const char **name, const char **parameters, const char **what);
/* The family a text begins with: "M/M/1" of "M/M/1 rho=0.5"; -1 when there is none. */
int theory_family_of(const char *text);
/* Under which heading a family, or a case, stands. */
const char *theory_heading(uint32_t family);
const char *theory_case_heading(const struct theory_case *c);

/*
 * Tabulated values: cases as text, each with a quantity, its value and where that comes from.
 * `lbsim validate` runs these cases; the tests hold the formulas against the values.
 */
struct theory_reference {
    const char *row; /* a case */
    enum theory_quantity quantity;
    double value, accuracy; /* relative */
    const char *source;
};

/* The i-th, in the order of the headings; NULL beyond the last. */
const struct theory_reference *theory_reference(uint32_t i);

#endif
