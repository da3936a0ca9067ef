/*
 * The cells of a sweep: numbered from 0, the first key of the grid slowest. Nothing is kept of them; what
 * a cell sets follows from its number, so a plan of any size costs nothing.
 */
#ifndef LAB_PLAN_H
#define LAB_PLAN_H

#include "sim/base/text.h"
#include "sim/run/run.h"

/* How many cells the scenario's grid has; 0 without one. */
uint32_t plan_cells(const struct scenario *scenario);
/* Which value each key has in cell n: choice[i] is a number among scenario->sweeps[i].values. */
void plan_choice(const struct scenario *scenario, uint32_t n, uint32_t choice[SWEEP_KEYS_MAX]);
/* The cell with these choices. */
uint32_t plan_cell(const struct scenario *scenario, const uint32_t *choice);
/* Adds what cell n sets, a line "path=value" a key. */
void plan_settings(const struct scenario *scenario, uint32_t n, struct text *out);
/* Adds the grid, a line "path: value, value" a key: what experiments are told apart by. */
void plan_grid(const struct scenario *scenario, struct text *out);
/* The key of this path, or -1. */
int plan_key(const struct scenario *scenario, const char *path);

#endif
