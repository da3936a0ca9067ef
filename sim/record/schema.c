/*
 * The schema of the record: its steps, and how a database is brought up to date.
 *
 * The idea: all of it happens in one immediate transaction, in which the version is read again, so
 * that two programs that open one new file at once do not both create it.
 * Source: https://www.sqlite.org/pragma.html#pragma_user_version
 */
#include "sim/record/schema.h"

#include <inttypes.h>
#include <sqlite3.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <xxhash.h>

#include "sim/base/embed.h"

EMBED_FILE(record_step_1, "sim/record/step_1.sql");
EMBED_FILE(record_step_2, "sim/record/step_2.sql");
EMBED_FILE(record_step_3, "sim/record/step_3.sql");
EMBED_FILE(record_step_4, "sim/record/step_4.sql");
EMBED_FILE(record_step_5, "sim/record/step_5.sql");
EMBED_FILE(record_views, "reports/views.sql");

extern const char record_step_1[], record_step_2[], record_step_3[], record_step_4[];
extern const char record_step_5[];

const char *const record_steps[RECORD_VERSION] = {record_step_1, record_step_2, record_step_3,
                                                  record_step_4, record_step_5};

int record_fail(struct sqlite3 *db, const char *what, struct lb_error *error)
{
    const char *why = sqlite3_errmsg(db);
    switch (sqlite3_errcode(db) & 0xff) {
    case SQLITE_BUSY:
        why = "another program is using it; gave up waiting";
        break;
    case SQLITE_FULL:
        why = "the disk is full";
        break;
    case SQLITE_READONLY:
        why = "it is read-only";
        break;
    case SQLITE_CORRUPT:
        why = "it is damaged (PRAGMA integrity_check tells more)";
        break;
    case SQLITE_NOTADB:
        why = "it is not a database";
        break;
    case SQLITE_NOMEM:
        return lb_error_set(error, LB_ERROR_MEMORY, "cannot %s: out of memory", what);
    default:
        break;
    }
    const char *path = sqlite3_db_filename(db, "main");
    return lb_error_set(error, LB_ERROR_SYSTEM, "cannot %s '%s': %s", what,
                        path != NULL && path[0] != '\0' ? path : ":memory:", why);
}

/* The version of the file, or -1. */
static int version_of(struct sqlite3 *db)
{
    sqlite3_stmt *query;
    int version = -1;
    if (sqlite3_prepare_v2(db, "PRAGMA user_version", -1, &query, NULL) == SQLITE_OK &&
        sqlite3_step(query) == SQLITE_ROW)
        version = sqlite3_column_int(query, 0);
    sqlite3_finalize(query);
    return version;
}

/* Are these the views in force? hash: of their text. */
static bool views_current(struct sqlite3 *db, const char *hash)
{
    sqlite3_stmt *query;
    bool current = false;
    if (sqlite3_prepare_v2(db, "SELECT value = ?1 FROM meta WHERE key = 'views'", -1, &query,
                           NULL) == SQLITE_OK) {
        sqlite3_bind_text(query, 1, hash, -1, SQLITE_STATIC);
        current = sqlite3_step(query) == SQLITE_ROW && sqlite3_column_int(query, 0) == 1;
    }
    sqlite3_finalize(query);
    return current;
}

static int apply_views(struct sqlite3 *db, const char *views, const char *hash)
{
    char sql[128];
    snprintf(sql, sizeof sql, "INSERT OR REPLACE INTO meta VALUES ('views', '%s')", hash);
    if (sqlite3_exec(db, views, NULL, NULL, NULL) != SQLITE_OK)
        return -1;
    return sqlite3_exec(db, sql, NULL, NULL, NULL) == SQLITE_OK ? 0 : -1;
}

/* Inside the transaction: the steps from the version the file has, then the number. */
static int apply_steps(struct sqlite3 *db, const char *const *steps, int count)
{
    int version = version_of(db);
    if (version < 0 || version > count)
        return -1;
    for (int step = version; step < count; step++)
        if (sqlite3_exec(db, steps[step], NULL, NULL, NULL) != SQLITE_OK)
            return -1;
    char sql[96];
    snprintf(sql, sizeof sql, "PRAGMA application_id = %d; PRAGMA user_version = %d",
             RECORD_APPLICATION, count);
    if (version < count && sqlite3_exec(db, sql, NULL, NULL, NULL) != SQLITE_OK)
        return -1;
    return 0;
}

int record_migrate(struct sqlite3 *db, const char *const *steps, int count, const char *views,
                   struct lb_error *error)
{
    char hash[17] = "";
    if (views != NULL)
        snprintf(hash, sizeof hash, "%016" PRIx64,
                 (uint64_t)XXH64(views, strlen(views), RECORD_VERSION));
    int version = version_of(db);
    if (version < 0)
        return record_fail(db, "read", error);
    if (version > count)
        return lb_error_set(error, LB_ERROR_SYSTEM, "the database is of version %d, newer than %d",
                            version, count);
    if (version == count && (views == NULL || views_current(db, hash)))
        return 0;
    if (sqlite3_exec(db, "BEGIN IMMEDIATE", NULL, NULL, NULL) != SQLITE_OK)
        return record_fail(db, "write", error);
    if (apply_steps(db, steps, count) == 0 &&
        (views == NULL || views_current(db, hash) || apply_views(db, views, hash) == 0) &&
        sqlite3_exec(db, "COMMIT", NULL, NULL, NULL) == SQLITE_OK)
        return 0;
    record_fail(db, version == 0 ? "write" : "bring up to date", error);
    sqlite3_exec(db, "ROLLBACK", NULL, NULL, NULL);
    return -1;
}
