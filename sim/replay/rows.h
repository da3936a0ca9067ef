/*
 * Rows of requests: their columns, and what their cells mean. kind_rows.c runs them, rows.c reads
 * them.
 */
#ifndef REPLAY_ROWS_H
#define REPLAY_ROWS_H

#include "sim/replay/kind.h"

enum column {
    COLUMN_OP,
    COLUMN_SEC,
    COLUMN_CONN,
    COLUMN_KEY,
    COLUMN_CLIENT,
    COLUMN_HASH,
    COLUMN_COOKIE,
    COLUMN_CMD,
    COLUMN_PHASE,
    COLUMN_SERVER,
    COLUMN_STATUS,
    COLUMN_BYTES,
    COLUMN_PICK,
    COLUMN_TRIED,
    COLUMN_BEFORE,
    COLUMN_AFTER,
    COLUMN_SET_COOKIE,
    COLUMNS
};

extern const char *const rows_columns[COLUMNS];

struct rows {
    struct replay *r;
    struct lb_error *error;
    int at[COLUMNS]; /* place of each column, -1 = not there */
    const char *cells[RECORDING_COLUMNS_MAX];
    uint32_t row;
    enum column pick; /* the column that says who was picked */
    char phase[64];
};

/* The cell of this row, or NULL when there is no such column. */
static inline const char *rows_cell(const struct rows *rows, enum column column)
{
    return rows->at[column] < 0 ? NULL : rows->cells[rows->at[column]];
}

/* "expected ... in the column ..., found ..."; always -1. */
int rows_broken(const struct rows *rows, enum column column, const char *expected);

/* The recorded pick, in words that ours can be compared with; status is what ours ended with. 0, or
 * -1 when it names no server. */
int rows_pick(const struct rows *rows, struct text *to, int status);

/* A request made of this row's cells. 0, or -1. */
int rows_request(const struct rows *rows, struct exchange *e);

#endif
