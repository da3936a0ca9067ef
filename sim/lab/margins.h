/*
 * Margins: how far each expectation of a scenario is from failing by chance.
 *
 * The idea: every variant is run at N seeds (replications 0 ... N-1 of the scenario's own seed, which
 * are independent and always the same). A line's margin is the distance from the mean of what it
 * measures to its bound, in standard deviations of a single run; below 0 the mean is on the wrong
 * side. Of `= value +- tolerance` the nearer of both bounds counts. A line that compares variants is
 * measured as the difference left - factor x right, replication by replication, against 0: a ratio
 * would have no mean where the right side can be 0. What never varies has an infinite margin.
 *
 * With a margin of 4 a line whose figure is about normal fails in one run of 30,000; scenarios that
 * come with lbsim keep it, so that a failure is news.
 */
#ifndef LAB_MARGINS_H
#define LAB_MARGINS_H

#include "sim/lab/replicate.h"

#define MARGINS_SEEDS 20

struct margin {
    const char *variant; /* that the line belongs to; "" when it compares variants */
    const char *text;    /* the line, as written */
    enum unit unit;      /* of mean, bound and deviation */
    bool against;        /* compares variants */
    bool known;          /* false: nothing to measure it on in some run; no figures then */
    uint32_t holds;      /* in so many runs */
    double mean, bound, deviation; /* against: means of both sides, deviation of their difference */
    double margin; /* INFINITY, -INFINITY when deviation is 0; -INFINITY if unknown */
};

struct margins_setup {
    uint32_t seeds;   /* at least 2 */
    uint32_t threads; /* the figures do not depend on it */
    void *self;
    /* A variant of the scenario (the lab does not know the language); NULL after telling why. */
    struct scenario *(*load)(void *self, const char *variant);
    bool (*stop)(void *self); /* true ends it; NULL = never */
};

struct margins {
    struct margin *rows;
    uint32_t count;
    struct scenario **variants; /* whose texts the rows borrow */
    uint32_t variant_count;
};

/* Fills *margins, to be freed with margins_done whatever comes back. 0; 1 when stop() ended it; -1
 * with *error; -2 when load() failed, which has told why. */
int margins_measure(const struct margins_setup *setup, struct margins *margins,
                    struct lb_error *error);
void margins_done(struct margins *margins);

#endif
