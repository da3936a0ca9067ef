/*
 * The inside of theory.h, for the files of this room only: a family is a row of a table, and the
 * tables stand under headings. A new family is a function that knows the figures and a row; most
 * are queues, whose scenario follows from the row (theory_case.c); others write their own, or make
 * trials.
 */
#ifndef LAB_THEORY_FAMILY_H
#define LAB_THEORY_FAMILY_H

#include "sim/base/stream.h"
#include "sim/lab/theory.h"
#include "sim/run/observer.h"
#include "sim/run/summary.h"

#define THEORY_BIT(parameter) (UINT64_C(1) << (parameter))
/* Needed, and either of the two will do. */
#define THEORY_OPEN (THEORY_BIT(THEORY_RHO) | THEORY_BIT(THEORY_LAMBDA))

/* Relative accuracy of a formula; and what is rarer than LEAST takes too long to be seen. */
#define THEORY_EXACT 1e-9
#define THEORY_LEAST 1e-4

struct theory_family {
    const char *name, *what;
    const char *written; /* the parameters it must have, for people */
    uint64_t needed, allowed;
    bool overload;         /* rho may be 1 and more */
    bool general;          /* takes work= */
    bool shared;           /* processor sharing */
    const char *work;      /* its distribution, unless written; NULL = no parameter mu */
    const char *algorithm; /* NULL = there is one backend */
    /* Fills known, rate, relaxation and effort. 0, or -1 with *error. */
    int (*know)(struct theory_case *c, struct lb_error *error);

    /* How many services of mean work the backends make at mu = 1; NULL = slots x backends. */
    double (*capacity)(const struct theory_case *c);

    /* What is special in the scenario of a queue: lines inside its clients, balancer and backends;
     * NULL = nothing. */
    void (*arrivals)(const struct theory_case *c, struct text *out);
    void (*clients)(const struct theory_case *c, struct text *out);
    void (*balancer)(const struct theory_case *c, struct text *out);
    void (*backends)(const struct theory_case *c, struct text *out);
    /* Or all of it, after the name: then it is no queue. */
    void (*scenario)(const struct theory_case *c, double requests, uint64_t seed, struct text *out);
    /* What it watches in a run: `watch_size` bytes, zero at first, that hear what happens. */
    size_t watch_size;
    void (*begin)(void *watch, const struct scenario *scenario); /* NULL, or: before the run */
    void (*happening)(void *watch, const struct happening *happening);
    void (*sample)(void *watch, const struct sample *sample);
    /* The figures of one replication, in the order of c->known; NULL = those that a summary has. */
    void (*figures)(const struct theory_case *c, const struct summary *summary, const void *watch,
                    double *figures);
    /* No world at all: so many trials, and the means of their figures. 0, or -1 with *error. */
    int (*trial)(const struct theory_case *c, uint32_t trials, const struct stream_key *key,
                 double *figures, struct lb_error *error);
};

struct theory_group {
    const char *heading;
    const struct theory_family *families;
    uint32_t family_count;
    const struct theory_reference *references; /* up to one without a row */
};

#define THEORY_GROUP(heading, families, references)                                                \
    {                                                                                              \
        heading, families, sizeof(families) / sizeof((families)[0]), references                    \
    }

extern const struct theory_group theory_queues, theory_more_queues, theory_balls, theory_hashing,
    theory_sticky, theory_failover, theory_balancers, theory_takeover, theory_sessions,
    theory_retries, theory_unequal, theory_hedges, theory_waits, theory_farms, theory_sizes;
extern const struct theory_reference theory_queue_references[];

/* The families in the order of the headings; NULL when i is beyond the last. */
const struct theory_family *theory_family_at(uint32_t i);
/* Another known figure of a case; what is known already stays. */
void theory_know(struct theory_case *c, enum theory_quantity quantity, double value,
                 double accuracy, const char *source);
/* The tabulated values of this very case, as known figures. */
void theory_know_tabulated(struct theory_case *c);
/* Rate, relaxation and effort of an open queue: its mean response, and the squared cv of its work. */
void theory_plan(struct theory_case *c, double mean, double scv);
/* The figure that a summary has by itself; NAN when it has none. */
double theory_figure(const struct summary *summary, enum theory_quantity quantity);
/* The figures of trials: sums by quantity, over how many. */
void theory_means(const struct theory_case *c, const double *sums, uint32_t trials,
                  double *figures);
/* Connections placed once: their maximum and so on, at random or at the emptier of some. As know. */
int theory_know_connections(struct theory_case *c, struct lb_error *error);
int theory_know_choosing(struct theory_case *c, struct lb_error *error);
/* Trials until a figure of this mean and standard deviation is known to 1 %, at least 20. */
double theory_trials(double mean, double sd);

#endif
