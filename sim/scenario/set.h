/*
 * What stands on top of the file: a variant, --set, --algorithm, --seed.
 *
 * All of it is carried out on the tree before the schema reads it, so a value from the command
 * line is held to the same rules, with the same messages, as one from the file.
 */
#ifndef SCENARIO_SET_H
#define SCENARIO_SET_H

#include "sim/scenario/load.h"
#include "sim/scenario/tree.h"

/* Changes the root by the variant of this name (it is there): its timeline takes the place of the
 * file's, its expectations are added, its paths set. Errors are counted in diagnose. */
void set_variant(struct tree *tree, struct diagnose *diagnose, const char *name);

/* Carries out the request's --set, --algorithm and --seed; their texts are the sources 1, 2, ...
 * in this order (set_sources). One that is wrong is told and left out. */
void set_request(struct tree *tree, struct diagnose *diagnose,
                 const struct scenario_request *request);

/* How many sources the request needs beyond the file, and their making; texts live in arena. */
uint32_t set_source_count(const struct scenario_request *request);
void set_sources(const struct scenario_request *request, struct arena *arena,
                 struct source *sources);

/* Sets each key of the tree's `sweep` to the value of this number, and takes the grid away: what is left
 * is the scenario of one cell. grid: as it was read. */
void set_cell(struct tree *tree, struct diagnose *diagnose, const struct scenario *grid,
              const uint32_t *choice);
/* Where value number i of a key of the grid is written. */
struct place set_cell_place(const struct node *key, uint32_t i);

/* The lines "path=value" of everything the request sets. */
void set_describe(const struct scenario_request *request, struct text *out);

/* Checks what the tree says of variants: names, the three keys, the paths. */
void set_check_variants(struct tree *tree, struct diagnose *diagnose);

#endif
