/*
 * A recording: what a balancer decided, as text.
 *
 * `# key: value` lines, a row of column names, rows of cells between tabs. The text is cut in place
 * into strings when it is read, so a row costs four bytes and a cell nothing.
 */
#ifndef REPLAY_RECORDING_H
#define REPLAY_RECORDING_H

#include "algorithms/types.h"
#include "sim/base/text.h"

#define RECORDING_MEBIBYTES_MAX 16
#define RECORDING_ROWS_MAX      1000000U
#define RECORDING_COLUMNS_MAX   32U
#define RECORDING_HEADERS_MAX   64U

struct recording_header {
    const char *key, *value;
    uint32_t line;
};

struct recording {
    const char *path; /* as shown */
    struct text text;
    struct recording_header headers[RECORDING_HEADERS_MAX];
    const char *columns[RECORDING_COLUMNS_MAX];
    uint32_t *rows; /* where each begins in the text */
    uint32_t header_count, column_count, row_count;
    uint32_t line; /* of the column names; row i is at line + 1 + i */
};

/* Reads the file, or standard input for "-". 0, or an exit status with *error: 2 = not a recording,
 * 3 = cannot be read. recording_done in both cases. */
int recording_read(struct recording *r, const char *path, struct lb_error *error);
/* The same for a text in memory; 0 or 2. */
int recording_take(struct recording *r, const char *name, const char *text, size_t size,
                   struct lb_error *error);
void recording_done(struct recording *r);

/* The header of this key, or NULL. */
const struct recording_header *recording_find(const struct recording *r, const char *key);
/* Its value, or NULL. */
const char *recording_value(const struct recording *r, const char *key);

/* The place of a column, or -1. */
int recording_column(const struct recording *r, const char *name);

/* Fills cells[0 .. column_count) with row i < row_count. */
void recording_row(const struct recording *r, uint32_t row, const char **cells);

static inline uint32_t recording_row_line(const struct recording *r, uint32_t row)
{
    return r->line + 1 + row;
}

/* "PATH:LINE: ..." into *error; always -1. */
__attribute__((format(printf, 4, 5))) int recording_fail(const struct recording *r, uint32_t line,
                                                         struct lb_error *error, const char *format,
                                                         ...);

#endif
