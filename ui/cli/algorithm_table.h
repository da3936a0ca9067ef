/*
 * The registry as the tables of algorithms/README.md.
 */
#ifndef CLI_ALGORITHM_TABLE_H
#define CLI_ALGORITHM_TABLE_H

#include "algorithms/registry.h"
#include "sim/base/text.h"

/* Appends a parameter's value as a scenario would write it. */
void algorithm_table_value(struct text *text, const struct lb_param *param, double value);

/* Prints the tables, a heading for each origin; only != NULL: the row of that one alone. */
void algorithm_table_print(const struct lb_algorithm *only);

#endif
