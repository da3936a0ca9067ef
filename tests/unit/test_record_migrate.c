/*
 * Migrations: from any version upwards, data kept, all or nothing; and version 1 as it was released.
 */
#include <sqlite3.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "sim/base/text.h"
#include "sim/record/schema.h"
#include "tests/check.h"
#include "tests/unit/made_up.h"

static int number(sqlite3 *db, const char *sql)
{
    sqlite3_stmt *query;
    int value = -1;
    if (sqlite3_prepare_v2(db, sql, -1, &query, NULL) == SQLITE_OK &&
        sqlite3_step(query) == SQLITE_ROW)
        value = sqlite3_column_int(query, 0);
    sqlite3_finalize(query);
    return value;
}

/* Every table, index and view with its text, in order of name. */
static struct text schema_of(sqlite3 *db)
{
    struct text text;
    sqlite3_stmt *query;
    text_init(&text);
    CU_ASSERT_FATAL(sqlite3_prepare_v2(db,
                                       "SELECT type || ' ' || name || ' ' || sql "
                                       "FROM sqlite_master WHERE sql NOT NULL ORDER BY name",
                                       -1, &query, NULL) == SQLITE_OK);
    while (sqlite3_step(query) == SQLITE_ROW)
        text_addf(&text, "%s\n", (const char *)sqlite3_column_text(query, 0));
    sqlite3_finalize(query);
    return text;
}

static const char one[] = "CREATE TABLE meta (key TEXT PRIMARY KEY, value TEXT NOT NULL);"
                          "CREATE TABLE run (id INTEGER PRIMARY KEY, name TEXT)";
static const char two[] = "ALTER TABLE run ADD COLUMN wall_s REAL NOT NULL DEFAULT 0";
static const char three[] = "CREATE TABLE extra (x); INSERT INTO extra SELECT id FROM run";
static const char broken[] = "CREATE TABLE half (x); INSERT INTO nowhere VALUES (1)";

static void test_steps(void)
{
    static const char *const steps[] = {one, two, three};
    struct lb_error error = {0};
    for (int from = 1; from <= 3; from++) {
        sqlite3 *db;
        CU_ASSERT_FATAL(sqlite3_open(":memory:", &db) == SQLITE_OK);
        CU_ASSERT(record_migrate(db, steps, from, NULL, &error) == 0);
        CU_ASSERT(number(db, "PRAGMA user_version") == from);
        CU_ASSERT(number(db, "PRAGMA application_id") == RECORD_APPLICATION);
        sqlite3_exec(db, "INSERT INTO run (name) VALUES ('kept')", NULL, NULL, NULL);
        CU_ASSERT(record_migrate(db, steps, 3, NULL, &error) == 0);
        CU_ASSERT(number(db, "PRAGMA user_version") == 3);
        CU_ASSERT(number(db, "SELECT count(*) FROM run WHERE name = 'kept' AND wall_s = 0") == 1);
        CU_ASSERT(number(db, "SELECT count(*) FROM extra") == (from < 3));
        CU_ASSERT(record_migrate(db, steps, 3, NULL, &error) == 0); /* nothing to do */
        CU_ASSERT(record_migrate(db, steps, 2, NULL, &error) == -1);
        CU_ASSERT(strstr(error.text, "newer") != NULL);
        sqlite3_close(db);
    }
}

static void test_broken_step(void)
{
    static const char *const good[] = {one}, *const bad[] = {one, two, broken};
    struct lb_error error = {0};
    sqlite3 *db;
    CU_ASSERT_FATAL(sqlite3_open(":memory:", &db) == SQLITE_OK);
    CU_ASSERT(record_migrate(db, good, 1, NULL, &error) == 0);
    CU_ASSERT(record_migrate(db, bad, 3, NULL, &error) == -1);
    CU_ASSERT(error.code == LB_ERROR_SYSTEM && strstr(error.text, "nowhere") != NULL);
    CU_ASSERT(number(db, "PRAGMA user_version") == 1);
    CU_ASSERT(number(db, "SELECT count(*) FROM sqlite_master WHERE name = 'half'") == 0);
    CU_ASSERT(number(db, "SELECT count(*) FROM pragma_table_info('run')") == 2);
    CU_ASSERT(sqlite3_get_autocommit(db) != 0);
    sqlite3_close(db);
}

/* Views follow the program; a person's own stay. */
static void test_views(void)
{
    static const char *const steps[] = {one};
    static const char old[] = "DROP VIEW IF EXISTS v; CREATE VIEW v AS SELECT 1 AS x";
    static const char new[] = "DROP VIEW IF EXISTS v; CREATE VIEW v AS SELECT 2 AS x";
    struct lb_error error = {0};
    sqlite3 *db;
    CU_ASSERT_FATAL(sqlite3_open(":memory:", &db) == SQLITE_OK);
    CU_ASSERT(record_migrate(db, steps, 1, old, &error) == 0);
    sqlite3_exec(db, "CREATE VIEW mine AS SELECT x + 10 AS y FROM v", NULL, NULL, NULL);
    CU_ASSERT(number(db, "SELECT y FROM mine") == 11);
    int changes = sqlite3_total_changes(db);
    CU_ASSERT(record_migrate(db, steps, 1, old, &error) == 0);
    CU_ASSERT(sqlite3_total_changes(db) == changes);
    CU_ASSERT(record_migrate(db, steps, 1, new, &error) == 0);
    CU_ASSERT(number(db, "SELECT y FROM mine") == 12);
    sqlite3_close(db);
}

/* A file as version 1 left it, with a run in it, opens in this version: the same schema as a new
 * one, and the run still says what it said. */
static void test_from_version_1(void)
{
    char folder[] = "/tmp/lbsim-test-XXXXXX", path[64];
    CU_ASSERT_FATAL(mkdtemp(folder) != NULL);
    snprintf(path, sizeof path, "%s/one.db", folder);
    struct lb_error error = {0};
    sqlite3 *db;
    struct text sql;
    char buf[4096];
    size_t size;
    text_init(&sql);
    FILE *dump = fopen("tests/unit/record_1.sql", "rb");
    CU_ASSERT_FATAL(dump != NULL);
    while ((size = fread(buf, 1, sizeof buf, dump)) > 0)
        text_add(&sql, buf, size);
    fclose(dump);
    CU_ASSERT_FATAL(sqlite3_open(path, &db) == SQLITE_OK);
    CU_ASSERT(sqlite3_exec(db, sql.data, NULL, NULL, NULL) == SQLITE_OK);
    CU_ASSERT(number(db, "PRAGMA user_version") == 1);
    sqlite3_close(db);

    struct record *old = record_open(path, RECORD_WRITE, &error);
    struct record *fresh = record_open(":memory:", RECORD_WRITE, &error);
    CU_ASSERT_FATAL(old != NULL && fresh != NULL);
    struct text a = schema_of(record_database(old)), b = schema_of(record_database(fresh));
    CU_ASSERT_STRING_EQUAL(a.data, b.data);
    CU_ASSERT(number(record_database(old), "PRAGMA user_version") == RECORD_VERSION);
    CU_ASSERT(number(record_database(old), "SELECT arrived FROM run_summary") == 261);
    CU_ASSERT(number(record_database(old), "SELECT p99_ms * 1000 FROM run_summary") == 95672);
    CU_ASSERT(number(record_database(old), "SELECT count(*) FROM sample_backend") == 8);
    struct made_up m;
    made_up_init(&m, 2, 4, 99);
    CU_ASSERT(made_up_record(&m, old, NULL, &error) == 0);
    made_up_done(&m);
    text_done(&a);
    text_done(&b);
    text_done(&sql);
    record_close(old);
    record_close(fresh);
    CU_ASSERT(unlink(path) == 0 && rmdir(folder) == 0);
}

static const struct check_test tests[] = {
    {"steps, from each version", test_steps},
    {"a step that fails", test_broken_step},
    {"views", test_views},
    {"a file of version 1", test_from_version_1},
};

CHECK_MAIN("record_migrate")
