/*
 * A prepared statement, read row by row: the few lines that every query shares.
 */
#ifndef REPORTS_QUERY_H
#define REPORTS_QUERY_H

#include <stdbool.h>
#include <stdint.h>

#include "algorithms/types.h"

struct record;

struct query {
    struct sqlite3_stmt *statement;
    int column, parameter; /* the next ones */
    bool failed;
};

/* Prepares; a failure shows at query_close. */
void query_open(struct query *query, struct record *record, const char *sql);
void query_bind(struct query *query, int64_t value);
/* The next row; its columns are then taken from left to right. */
bool query_next(struct query *query);
int64_t query_int(struct query *query);
double query_real(struct query *query); /* NAN for NULL */
/* A copy to be freed; "" for NULL. */
char *query_text(struct query *query);
/* The same, but NULL for NULL. */
char *query_text_or_null(struct query *query);
/* Frees; 0, or -1 with *error when anything failed since query_open. */
int query_close(struct query *query, struct record *record, struct lb_error *error);

#endif
