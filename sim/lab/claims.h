/*
 * What a comparison's scenarios expect, judged on the means over all replications of their arms.
 *
 * The idea: a line of an arm (`p99 < 300ms`) is about that arm. A line that compares variants (`mean of a <
 * 0.5 x mean of b`) is about the arms of both variants that are alike in everything else; it is judged once,
 * and not at all when one of them is not compared. As in `run`, what counts is the mean of what was measured;
 * a line whose figure is unknown in some replication does not hold.
 *
 * Cost: two numbers a line and replication.
 */
#ifndef LAB_CLAIMS_H
#define LAB_CLAIMS_H

#include "sim/run/run.h"

struct claim {
    const char *text;     /* as written; borrowed from the scenario */
    uint32_t arm;         /* whose line it is */
    bool against;         /* compares variants */
    uint32_t left, right; /* those arms, when it does */
    enum unit unit;       /* of value and bound */
    bool judged;          /* false: a variant that it names is not among the arms */
    bool known, holds;
    double value, bound; /* means; NAN when not known */
    /* The rest is claims.c's. */
    uint32_t index;
    const struct scenario_expect *expect;
    double *lefts, *rights; /* by replication; NAN = not measured */
};

struct claims {
    struct claim *rows;
    uint32_t count, room;
};

/* The lines of `count` arms. groups[i]: arms of one group differ in nothing but the variant. Scenarios are
 * borrowed until done. */
void claims_init(struct claims *claims, const struct scenario *const *arms, const uint32_t *groups,
                 uint32_t count);
/* Room for so many replications; keeps what is there. */
void claims_room(struct claims *claims, uint32_t replications);
/* Notes what a run of an arm came to. On any thread: writes what belongs to the replication only. */
void claims_measure(struct claims *claims, uint32_t arm, uint32_t replication,
                    const struct summary *summary);
/* Judges on the first so many replications, at least 1; how many do not hold. */
uint32_t claims_judge(struct claims *claims, uint32_t replications);
void claims_done(struct claims *claims);

#endif
