/*
 * The figures of a cell: of each trial, and their mean with a 95 % interval over the trials.
 */
#ifndef LAB_CELL_FIGURE_H
#define LAB_CELL_FIGURE_H

#include "sim/base/statistics.h"
#include "sim/record/experiment.h"

enum cell_figure {
    CELL_MEAN,
    CELL_P50,
    CELL_P90,
    CELL_P99,
    CELL_P99_9,
    CELL_ERRORS,
    CELL_GOODPUT,
    CELL_THROUGHPUT,
    CELL_IMBALANCE,
    CELL_SESSIONS_LOST,
    CELL_FIGURES
};

struct cell_figure_row {
    const char *name; /* as in expectations: "p99.9" */
    const char *json; /* "p99_9_ms" */
    const char *head; /* "P99.9" */
    enum unit unit;
    double scale; /* of the value in JSON and CSV: ms */
};
extern const struct cell_figure_row cell_figures[CELL_FIGURES];
/* The figure of this name, or -1. */
int cell_figure_find(const char *name);

/* Of one trial, in the unit (ns, ...). NAN: nothing to measure it on; of a quantile, fewer than 100
 * requests beyond it. */
double cell_trial_figure(const struct experiment_trial *trial, enum cell_figure figure);
/* Over all trials; NAN everywhere when one of them is NAN. */
struct estimate cell_figure(const struct experiment_cell *cell, enum cell_figure figure);

#endif
