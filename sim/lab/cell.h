/*
 * One cell: the replications of one scenario, boiled down to a trial each and one histogram of all.
 *
 * Cost: that of the runs; about 60 KiB and 150 bytes a replication, whatever the number of requests.
 */
#ifndef LAB_CELL_H
#define LAB_CELL_H

#include "sim/lab/replicate.h"
#include "sim/record/experiment.h"

struct cell {
    struct experiment_cell result; /* trials, histogram and settings below */
    struct experiment_trial *trials;
    struct histogram *latency;
    struct text settings;
};

struct cell_setup {
    const struct scenario *scenario;
    uint32_t n, replications, threads; /* as in struct replicate_setup */
    void *self;
    bool (*stop)(void *self);
    /* NULL, or: hears each finished run, on its thread; may write what belongs to `replication` only. */
    void (*measured)(void *self, uint32_t replication, const struct summary *summary);
};

/* Makes the replications, after the warm-up that warmup.h finds unless the scenario says one or is
 * transient; a run that has not settled is an error. settings: "path=value" a line, copied. 0; 1 when stop() ended it; -1 with
 * *error. Free with cell_done whatever comes back. */
int cell_make(const struct cell_setup *setup, const char *settings, struct cell *cell,
              struct lb_error *error);
void cell_done(struct cell *cell);

/* The same in steps. An empty cell; settings as above. */
void cell_init(struct cell *cell, const char *settings);
/* Makes the replications from those it has (cell->result.count) up to setup->replications, all or none of
 * them, with the scenario's warm-up as it stands; the cell is then the one that cell_make makes at once. 0; 1
 * when stop() ended it; -1 with *error. */
int cell_add(const struct cell_setup *setup, struct cell *cell, struct lb_error *error);
/* Back to its first `count` replications, whose latencies were these. */
void cell_back(struct cell *cell, uint32_t count, const struct histogram *latency);

#endif
