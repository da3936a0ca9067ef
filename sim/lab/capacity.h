/*
 * The highest load at which a claim holds: "p99 < 200ms", by bisection.
 *
 * The idea: at each load tried the replications of the scenario are made; the claim holds there when the
 * unfavourable end of the 95 % t interval of what it measures is on the right side of the bound, so noise
 * counts against it. First the loads of a grid are searched, then what lies between the two neighbours,
 * until they are near enough. The claim is taken to hold up to some load and to fail beyond it; or, where it
 * fails at the lowest and holds at the highest (a number of backends), the other way round.
 *
 * Of a load at which a steady run does not settle (warmup.h), the second half is measured.
 *
 * Cost: log2 of the grid and log2 of (gap / precision) probes, each of them so many replications.
 */
#ifndef LAB_CAPACITY_H
#define LAB_CAPACITY_H

#include "sim/base/statistics.h"
#include "sim/lab/replicate.h"

struct capacity_setup {
    uint32_t replications, threads;
    const double *loads; /* ascending, two at least, in the unit of the key */
    uint32_t count;
    bool whole;       /* the key takes whole numbers only */
    double precision; /* of the answer, relative to it */
    void *self;
    /* The scenario at this load, with the claim as its first expectation; NULL after telling why. May
     * round *load to what it can write. */
    struct scenario *(*load)(void *self, double *load);
    bool (*stop)(void *self);
};

struct capacity_point {
    double load;
    struct estimate
        value; /* of what the claim measures, in its unit; NAN = nothing to measure it on */
    bool holds;
};

enum capacity_end {
    CAPACITY_FOUND,
    CAPACITY_ABOVE, /* it holds at the highest load, and `fails` is not set */
    CAPACITY_BELOW  /* it fails at the lowest, and `holds` is not set */
};

struct capacity {
    enum capacity_end end;
    struct capacity_point holds, fails; /* the nearest two loads */
    uint32_t probes;
};

/* 0; 1 when stop() ended it; -1 with *error; -2 when load() failed. */
int capacity_find(const struct capacity_setup *setup, struct capacity *capacity,
                  struct lb_error *error);

#endif
