/*
 * Cells of a text table: names cut and padded by the columns they take, figures with their unit.
 */
#ifndef REPORTS_CELL_H
#define REPORTS_CELL_H

#include "sim/base/text.h"

/* A name without control bytes, cut with "..." to at most `columns` columns. Returns those taken. */
size_t cell_cut(struct text *to, const char *name, size_t columns);
/* The same, padded on the right. */
void cell_left(struct text *to, const char *name, size_t columns);
/* Padded on the left; words of our own only. */
void cell_right(struct text *to, const char *word, size_t columns);

/* A field of comma-separated values, quoted when it must be (RFC 4180). */
void cell_csv(struct text *to, const char *value);

/* Figures for people: "121 ms", "900/s", "0.47 %", "1.04"; "-" for NAN. Return buf. */
const char *cell_ms(char *buf, size_t size, double ms);
const char *cell_rate(char *buf, size_t size, double per_second);
const char *cell_share(char *buf, size_t size, double share);
const char *cell_number(char *buf, size_t size, double value);
/* In a unit of the table `expect`: ns, per second, share, count, ratio. */
const char *cell_value(char *buf, size_t size, const char *unit, double value);

#endif
