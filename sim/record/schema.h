/*
 * The schema of the record, for those who read it (reports/) and for the tests of the migrations.
 *
 * Tables come from numbered steps: step n brings a database from version n to n + 1, inside one
 * transaction, and PRAGMA user_version says where a file stands. Steps are never changed once
 * released, only added. Views are no data: they are made anew whenever their text has changed.
 */
#ifndef RECORD_SCHEMA_H
#define RECORD_SCHEMA_H

#include <stdint.h>

#include "algorithms/types.h"

struct record;
struct sqlite3;

/* PRAGMA application_id: "lbsi". */
#define RECORD_APPLICATION 0x6c627369
/* PRAGMA user_version of a file of this version. */
#define RECORD_VERSION 5

/* Backends of one run beyond which samples are folded by group. */
#define RECORD_BACKENDS_MAX 256

/* The step from version n to n + 1 is record_steps[n], n < RECORD_VERSION. */
extern const char *const record_steps[RECORD_VERSION];
/* The text of reports/views.sql. */
extern const char record_views[];

/*
 * Brings the open database to version `count` with steps[user_version], ..., in one transaction, and
 * makes the views of `views` anew when their text is not the one in force (NULL = none). 0, or -1
 * with *error and the database as it was. Safe against another program doing the same.
 */
int record_migrate(struct sqlite3 *db, const char *const *steps, int count, const char *views,
                   struct lb_error *error);

/* The connection, for queries; it belongs to the record. */
struct sqlite3 *record_database(struct record *record);
/* The path as given to record_open. */
const char *record_path(const struct record *record);

/* Fills *error from the connection's last error: "cannot WHAT: database or disk is full". Returns
 * -1. */
int record_fail(struct sqlite3 *db, const char *what, struct lb_error *error);

#endif
