/*
 * Many replications of one scenario, on as many threads as one likes.
 *
 * The idea: a run has no globals and its random numbers have addresses (seed, replication, ...), so
 * replications can be made in any order on any thread and still be the same ones. Each hands its
 * figures to the caller's measure(), which files them under the replication's number; whatever is
 * computed from them afterwards, in that order, does not depend on the number of threads.
 *
 * Cost: that of the runs; memory for one run a thread.
 */
#ifndef LAB_REPLICATE_H
#define LAB_REPLICATE_H

#include "sim/run/run.h"

#define REPLICATE_THREADS_MAX 256

struct replicate_setup {
    const struct scenario *scenario;
    uint32_t first, count; /* replications [first, first + count) */
    uint32_t threads;      /* 0 or 1 = on the caller's own; at most REPLICATE_THREADS_MAX */
    bool samples;          /* observers hear samples, as often as the scenario says */
    void *self;
    /* NULL, or: before a run begins, its observers can be added. Threads as for measure. */
    void (*begin)(void *self, uint32_t index, struct run *run);
    /* NULL, or: makes one replication without a run, and files its figures. 0, or -1 with *error. */
    int (*make)(void *self, uint32_t index, struct lb_error *error);
    /* The figures of one finished run. Called on the thread that made it, for several replications
     * at once: it may write only what belongs to `index`, 0 <= index < count. */
    void (*measure)(void *self, uint32_t index, const struct summary *summary);
    /* Asked now and then, on any thread, also within a run: true ends it all. NULL = never. */
    bool (*stop)(void *self);
};

/* 0 when every replication was made and measured; 1 when stop() ended it; -1 with *error when a run
 * could not be made, or ended before its time (that of the lowest replication concerned). */
int replicate(const struct replicate_setup *setup, struct lb_error *error);

#endif
