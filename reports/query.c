/* See query.h. */
#include "reports/query.h"

#include <math.h>
#include <sqlite3.h>
#include <stddef.h>

#include "sim/base/text.h"
#include "sim/record/schema.h"

void query_open(struct query *query, struct record *record, const char *sql)
{
    *query = (struct query){0};
    query->failed =
        sqlite3_prepare_v2(record_database(record), sql, -1, &query->statement, NULL) != SQLITE_OK;
}

void query_bind(struct query *query, int64_t value)
{
    if (!query->failed)
        sqlite3_bind_int64(query->statement, ++query->parameter, value);
}

bool query_next(struct query *query)
{
    query->column = 0;
    if (query->failed)
        return false;
    int code = sqlite3_step(query->statement);
    query->failed = code != SQLITE_ROW && code != SQLITE_DONE;
    return code == SQLITE_ROW;
}

int64_t query_int(struct query *query)
{
    return sqlite3_column_int64(query->statement, query->column++);
}

double query_real(struct query *query)
{
    int column = query->column++;
    if (sqlite3_column_type(query->statement, column) == SQLITE_NULL)
        return NAN;
    return sqlite3_column_double(query->statement, column);
}

char *query_text(struct query *query)
{
    char *text = query_text_or_null(query);
    return text != NULL ? text : text_copy("");
}

char *query_text_or_null(struct query *query)
{
    const char *text = (const char *)sqlite3_column_text(query->statement, query->column++);
    return text != NULL ? text_copy(text) : NULL;
}

int query_close(struct query *query, struct record *record, struct lb_error *error)
{
    int result = query->failed ? record_fail(record_database(record), "read", error) : 0;
    sqlite3_finalize(query->statement);
    query->statement = NULL;
    return result;
}
