/*
 * Advice on health checks: how often, how many failures in a row, how long to wait for an answer.
 *
 * The idea: quick and touchy checks find a dead backend soon, so that few requests are lost to it, and take out
 * some that are well; slow and patient ones the other way round. Both are counted by simulation of the same
 * traffic and the same failures under each setting: the share of requests that fail, and false ejections an
 * hour. An ejection is false when the backend is there at that moment: not dead, not hung, not cut off from the
 * network. One that is busy, slow, cold, in a pause, or errs now and then would have served. The
 * setting that is best in one is rarely best in the other: pareto.h says which nothing beats.
 *
 * The recommendation is the setting with the fewest failures, among those whose false ejections are within the
 * limit if there is one; of all that are not shown to fail more than that (each pair at 95 %: here it is worse
 * to take a bad one for good than the other way round), the one with the fewest false ejections, then with the
 * fewest checks a second, then the most patient.
 *
 * Cost: that of settings x replications runs; 100 bytes each.
 */
#ifndef LAB_ADVISE_H
#define LAB_ADVISE_H

#include "sim/base/statistics.h"
#include "sim/lab/pareto.h"
#include "sim/lab/replicate.h"

struct advise_setting {
    lb_time every, timeout;
    uint32_t fall;
    struct scenario *scenario; /* borrowed: with this setting in it */
    bool own;                  /* it is the scenario's as it is */
};

struct advise_setup {
    const struct advise_setting *settings;
    uint32_t count; /* 1 ... PARETO_MAX */
    uint32_t replications, threads;
    bool late;         /* answers beyond their objective count as failed */
    double most_false; /* ejections an hour; negative = no limit */
    void *self;
    bool (*stop)(void *self);
    void (*made)(void *self); /* NULL, or: a run is finished; on any thread */
};

enum advise_figure {
    ADVISE_FAILED,    /* share of the requests that ended */
    ADVISE_FALSE,     /* false ejections an hour */
    ADVISE_DETECTION, /* share that failed because their balancer did not know yet */
    ADVISE_RIGHT,     /* other ejections an hour */
    ADVISE_NOTICED,   /* mean seconds until a balancer took out a backend that was killed or hung;
                         NAN when none was */
    ADVISE_FIGURES
};

struct advise_row {
    struct estimate figures[ADVISE_FIGURES]; /* 95 % */
    double checks;                           /* a second, all balancers and backends */
};

struct advice {
    const struct advise_setting *settings; /* borrowed */
    uint32_t count, replications;
    struct advise_row *rows; /* of each setting */
    struct pareto front;     /* of ADVISE_FAILED and ADVISE_FALSE */
    uint32_t best; /* the fewest failures, of those within the limit; UINT32_MAX = none is */
    uint32_t recommended, own; /* own: UINT32_MAX = not among them */
    double most_false;         /* as asked */
    bool nothing_fails;        /* no backend was taken out with reason, no request lost to one */
    uint32_t *order; /* of the settings, best first: by failures, false ejections, checks */
    double **values[ADVISE_FIGURES]; /* [figure][setting][replication] */
};

/* 0; 1 when stop() ended it; -1 with *error. Free with advice_done whatever comes back. */
int advise_make(const struct advise_setup *setup, struct advice *advice, struct lb_error *error);
void advice_done(struct advice *advice);

/* Is i within the limit and on the front? */
bool advice_candidate(const struct advice *advice, uint32_t i);
/* May it be recommended instead of the best: is it a candidate, and not shown to fail more? */
bool advice_as_good(const struct advice *advice, uint32_t i);
/* The paired difference, setting i - setting j, 95 %. */
struct paired advice_difference(const struct advice *advice, enum advise_figure figure, uint32_t i,
                                uint32_t j);

#endif
