/* See cell_figure.h. */
#include "sim/lab/cell_figure.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "sim/base/text.h"

#define BEYOND_MIN 100.0 /* requests beyond a quantile, for it to be one */

const struct cell_figure_row cell_figures[CELL_FIGURES] = {
    [CELL_MEAN] = {"mean", "mean_ms", "MEAN", UNIT_TIME, 1e-6},
    [CELL_P50] = {"p50", "p50_ms", "P50", UNIT_TIME, 1e-6},
    [CELL_P90] = {"p90", "p90_ms", "P90", UNIT_TIME, 1e-6},
    [CELL_P99] = {"p99", "p99_ms", "P99", UNIT_TIME, 1e-6},
    [CELL_P99_9] = {"p99.9", "p99_9_ms", "P99.9", UNIT_TIME, 1e-6},
    [CELL_ERRORS] = {"errors", "errors", "ERRORS", UNIT_SHARE, 1.0},
    [CELL_GOODPUT] = {"goodput", "goodput_per_s", "GOODPUT", UNIT_RATE, 1.0},
    [CELL_THROUGHPUT] = {"throughput", "throughput_per_s", "THROUGHPUT", UNIT_RATE, 1.0},
    [CELL_IMBALANCE] = {"imbalance", "imbalance", "IMBALANCE", UNIT_COUNT, 1.0},
    [CELL_SESSIONS_LOST] = {"sessions.lost", "sessions_lost", "LOST", UNIT_COUNT, 1.0},
};

int cell_figure_find(const char *name)
{
    for (int i = 0; i < CELL_FIGURES; i++)
        if (strcmp(cell_figures[i].name, name) == 0)
            return i;
    return -1;
}

double cell_trial_figure(const struct experiment_trial *t, enum cell_figure figure)
{
    static const double quantiles[4] = {0.5, 0.9, 0.99, 0.999};
    double ok = (double)t->ok, ended = (double)(t->ok + t->failed);
    switch (figure) {
    case CELL_MEAN:
        return t->ok > 0 ? t->sum / ok : (double)NAN;
    case CELL_P50:
    case CELL_P90:
    case CELL_P99:
    case CELL_P99_9: {
        int i = (int)figure - CELL_P50;
        return ok * (1.0 - quantiles[i]) >= BEYOND_MIN - 1e-6 ? t->quantile[i] : (double)NAN;
    }
    case CELL_ERRORS:
        return ended > 0 ? (double)t->failed / ended : (double)NAN;
    case CELL_GOODPUT:
        return (double)t->good / t->simulated_s;
    case CELL_THROUGHPUT:
        return ended / t->simulated_s;
    case CELL_IMBALANCE:
        return t->imbalance;
    case CELL_SESSIONS_LOST:
        return (double)t->sessions_lost;
    default:
        return (double)NAN;
    }
}

struct estimate cell_figure(const struct experiment_cell *cell, enum cell_figure figure)
{
    double *values = text_need((cell->count + 1U) * sizeof *values);
    struct estimate e = {.mean = NAN, .sd = NAN, .se = NAN, .low = NAN, .high = NAN};
    bool known = cell->count > 0;
    for (uint32_t i = 0; i < cell->count; i++) {
        values[i] = cell_trial_figure(&cell->trials[i], figure);
        known = known && isfinite(values[i]);
    }
    if (known)
        e = statistics_mean(values, cell->count, 0.95);
    free(values);
    return e;
}
