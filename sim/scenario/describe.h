/*
 * Rows of the schema and of its side tables in words, for explain, Markdown and JSON.
 * Each function adds to *out.
 */
#ifndef SCENARIO_DESCRIBE_H
#define SCENARIO_DESCRIBE_H

#include "sim/scenario/schema.h"

/* "a duration, 0 to 100000h"; "fifo or ps". */
void describe_value(const struct schema_row *row, struct text *out);
/* "1s"; "required"; "the timeout". */
void describe_default(const struct schema_row *row, struct text *out);
/* "lognormal(mean=, cv=)" */
void describe_distribution(enum distribution_kind kind, struct text *out);
/* "kill: BACKEND [for: T]  what it does", with a newline. */
void describe_action(enum action action, struct text *out);
/* Whole lists, indented, a line each. */
void describe_arrivals(struct text *out);
void describe_distributions(struct text *out);
void describe_actions(struct text *out);
void describe_metrics(struct text *out);

#endif
