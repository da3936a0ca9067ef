/*
 * The inside of struct run, for the files of this room only.
 */
#ifndef RUN_PRIVATE_H
#define RUN_PRIVATE_H

#include "sim/model/world.h"
#include "sim/run/run.h"

#define RUN_OBSERVERS_MAX 8

/* Two watch at their own pace: the sample tick, and whoever calls run_look. */
enum run_watcher { RUN_TICK, RUN_LOOK, RUN_WATCHERS };

struct run_interval {
    lb_time since;
    struct histogram latency; /* ok requests that finished since then, all classes */
    backend_area *busy;       /* by backend, at `since` */
    struct sample_backend *rows;
    struct sample sample;
};

struct run {
    struct world world;
    struct run_setup setup;
    struct observer observers[RUN_OBSERVERS_MAX];
    uint32_t observer_count;
    bool wants_samples, wants_buckets;
    struct run_interval intervals[RUN_WATCHERS];
    struct histogram *buckets; /* by class: ok, measured, since the last tick */
    lb_time bucket_from;
    bool look_read; /* per-backend histograms were shown and start afresh */
    bool started, ended, finished;
    int64_t wall;
    struct summary summary;
};

/* sample.c */
void run_intervals_init(struct run *run);
void run_intervals_done(struct run *run);
/* Empties the live histograms into totals, buckets and intervals. */
void run_flush(struct run *run);
/* Fills the sample of a watcher with the state now. */
const struct sample *run_fill(struct run *run, enum run_watcher watcher);
/* Starts the watcher's next interval. */
void run_next_interval(struct run *run, enum run_watcher watcher);
void run_tick(void *self);
void run_clear_look(struct run *run);

/* summary.c */
/* The run is over: attempts still in the books count as picks, and with the time they have been
 * there. Once, before the identities and the summary. */
void summary_close(struct run *run);
void summary_build(struct run *run, bool interrupted);
void summary_release(struct summary *summary);

/* ledger.c: what lies behind failed and slow requests, as lists of the summary. */
void summary_build_ledger(struct summary *summary, const struct world *w);
void summary_release_ledger(struct summary *summary);

/* identities.c: what must hold exactly when a run ends; lb_require when it does not. */
void run_check_identities(struct run *run);

/* expect.c */
void expect_evaluate(struct run *run);

#endif
