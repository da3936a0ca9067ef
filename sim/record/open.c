/*
 * Opening a database safely: look before touching.
 *
 * The idea: what is not ours is recognised from the bytes of the file header (magic at 0,
 * user_version at 60, application_id at 68, both big-endian), before SQLite gets to open it, lock
 * it or finish somebody else's transaction. Only when a journal lies beside the file does SQLite
 * have to decide, since the header may then be half written.
 * The journal is SQLite's rollback journal, not a write-ahead log: one file to copy, readable from
 * a read-only place, and one transaction a run gains nothing from a log.
 * Source: https://www.sqlite.org/fileformat2.html, sections 1.3 and 3
 */
#include <errno.h>
#include <fcntl.h>
#include <sqlite3.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "sim/base/text.h"
#include "sim/record/recorder.h"
#include "sim/record/schema.h"

#define HEADER_SIZE 100

static uint32_t big_endian(const unsigned char *at)
{
    return (uint32_t)at[0] << 24 | (uint32_t)at[1] << 16 | (uint32_t)at[2] << 8 | at[3];
}

static int refuse(struct lb_error *error, const char *path, const char *why)
{
    return lb_error_set(error, LB_ERROR_SYSTEM, "cannot use '%s' as the database: %s", path, why);
}

static int refuse_owner(struct lb_error *error, const char *path, uint32_t application,
                        uint32_t version)
{
    if (application != RECORD_APPLICATION)
        return refuse(error, path, "it belongs to another program");
    return lb_error_set(error, LB_ERROR_SYSTEM,
                        "cannot use '%s' as the database: it was written by a newer lbsim (its "
                        "tables are of version %u, this program knows up to %d)",
                        path, version, RECORD_VERSION);
}

/* Does FILE-journal or FILE-wal exist: may the file itself be behind? */
static bool has_journal(const char *path)
{
    bool found = false;
    static const char *const ends[] = {"-journal", "-wal"};
    for (size_t i = 0; i < 2 && !found; i++) {
        struct text name;
        text_init(&name);
        text_addf(&name, "%s%s", path, ends[i]);
        found = access(name.data, F_OK) == 0;
        text_done(&name);
    }
    return found;
}

/* The header of an existing regular file. */
static int look_inside(const char *path, struct lb_error *error)
{
    int file = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
    if (file < 0)
        return refuse(error, path, strerror(errno));
    unsigned char header[HEADER_SIZE];
    ssize_t size = read(file, header, sizeof header);
    int problem = errno;
    close(file);
    if (size < 0)
        return refuse(error, path, strerror(problem));
    if (has_journal(path))
        return 0;
    if (size < HEADER_SIZE || memcmp(header, "SQLite format 3", 16) != 0)
        return refuse(error, path, "it is not a database");
    uint32_t version = big_endian(header + 60), application = big_endian(header + 68);
    if (application != RECORD_APPLICATION || version > RECORD_VERSION)
        return refuse_owner(error, path, application, version);
    return 0;
}

/* Can a file (and its journal) be made in the folder of path? */
static int check_folder(const char *path, struct lb_error *error)
{
    char *folder = text_copy(path);
    char *slash = strrchr(folder, '/');
    if (slash == folder)
        slash++;
    if (slash != NULL)
        *slash = '\0';
    int result = 0;
    if (access(slash != NULL ? folder : ".", W_OK | X_OK) != 0)
        result =
            lb_error_set(error, LB_ERROR_SYSTEM, "cannot write the database '%s': its folder: %s",
                         path, strerror(errno));
    free(folder);
    return result;
}

/* Everything that can be said before SQLite opens the file. */
static int look(const char *path, enum record_mode mode, struct lb_error *error)
{
    struct stat about;
    if (path[0] == '\0')
        return refuse(error, path, "the name is empty");
    if (stat(path, &about) != 0) {
        if (errno != ENOENT)
            return refuse(error, path, strerror(errno));
        if (mode == RECORD_READ)
            return lb_error_set(error, LB_ERROR_SYSTEM,
                                "there is no database '%s' (lbsim run FILE makes one)", path);
        return check_folder(path, error);
    }
    if (S_ISDIR(about.st_mode))
        return refuse(error, path, "it is a directory");
    if (!S_ISREG(about.st_mode))
        return refuse(error, path, "it is not a regular file");
    if (about.st_size == 0 && mode == RECORD_READ && !has_journal(path))
        return refuse(error, path, "it is empty");
    if (about.st_size > 0 && look_inside(path, error) != 0)
        return -1;
    if (mode == RECORD_READ)
        return 0;
    if (access(path, W_OK) != 0)
        return lb_error_set(error, LB_ERROR_SYSTEM, "cannot write the database '%s': %s", path,
                            strerror(errno));
    return check_folder(path, error);
}

/* A number that a PRAGMA gives, or -1. */
static int64_t ask(struct sqlite3 *db, const char *sql)
{
    sqlite3_stmt *query;
    int64_t value = -1;
    if (sqlite3_prepare_v2(db, sql, -1, &query, NULL) == SQLITE_OK &&
        sqlite3_step(query) == SQLITE_ROW)
        value = sqlite3_column_int64(query, 0);
    sqlite3_finalize(query);
    return value;
}

/* Ours, and not newer? A file without tables is nobody's yet. */
static int check_owner(struct record *record, struct lb_error *error)
{
    int64_t tables = ask(record->db, "SELECT count(*) FROM sqlite_master");
    int64_t application = ask(record->db, "PRAGMA application_id");
    int64_t version = ask(record->db, "PRAGMA user_version");
    if (tables < 0 || application < 0 || version < 0)
        return record_fail(record->db, "read", error);
    if (tables == 0 && application == 0 && version == 0)
        return 0;
    if (application != RECORD_APPLICATION || version > RECORD_VERSION)
        return refuse_owner(error, record->path, (uint32_t)application, (uint32_t)version);
    return 0;
}

/* The views of this program for this connection only: nothing is written. */
static int temporary_views(struct record *record, struct lb_error *error)
{
    static const char create[] = "CREATE VIEW ", drop[] = "DROP VIEW IF EXISTS ";
    struct text sql;
    text_init(&sql);
    for (const char *at = record_views; *at != '\0';) {
        if (strncmp(at, create, sizeof create - 1) == 0) {
            text_addf(&sql, "CREATE TEMP VIEW ");
            at += sizeof create - 1;
        } else if (strncmp(at, drop, sizeof drop - 1) == 0) {
            text_addf(&sql, "DROP VIEW IF EXISTS temp.");
            at += sizeof drop - 1;
        }
        size_t line = strcspn(at, "\n");
        line += at[line] == '\n';
        text_add(&sql, at, line);
        at += line;
    }
    int result = 0;
    if (sqlite3_exec(record->db, sql.data, NULL, NULL, NULL) != SQLITE_OK)
        result = record_fail(record->db, "read", error);
    text_done(&sql);
    return result;
}

static int bring_up_to_date(struct record *record, bool writable, struct lb_error *error)
{
    if (writable)
        return record_migrate(record->db, record_steps, RECORD_VERSION, record_views, error);
    int64_t version = ask(record->db, "PRAGMA user_version");
    if (version < RECORD_VERSION)
        return lb_error_set(error, LB_ERROR_SYSTEM,
                            "cannot read '%s': its tables are of version %d and it cannot be "
                            "brought up to date, since it is read-only",
                            record->path, (int)version);
    return temporary_views(record, error);
}

/* Opens for writing, or when that is not possible and not needed, for reading. */
static int connect_to(struct record *record, enum record_mode mode, bool *writable,
                      struct lb_error *error)
{
    /* "file:..." would be read as a URI. */
    struct text name;
    text_init(&name);
    text_addf(&name, "%s%s", strncmp(record->path, "file:", 5) == 0 ? "./" : "", record->path);
    int flags = SQLITE_OPEN_READWRITE | (mode == RECORD_WRITE ? SQLITE_OPEN_CREATE : 0);
    int code = sqlite3_open_v2(name.data, &record->db, flags, NULL);
    if (code != SQLITE_OK && mode == RECORD_READ) {
        sqlite3_close(record->db);
        code = sqlite3_open_v2(name.data, &record->db, SQLITE_OPEN_READONLY, NULL);
    }
    text_done(&name);
    if (code != SQLITE_OK) /* not record_fail: a database that did not open knows no name */
        return lb_error_set(error, LB_ERROR_SYSTEM, "cannot open '%s': %s", record->path,
                            sqlite3_errmsg(record->db));
    *writable = sqlite3_db_readonly(record->db, "main") == 0;
    struct lb_error ignored;
    if (*writable && mode == RECORD_READ && strcmp(record->path, ":memory:") != 0)
        *writable = check_folder(record->path, &ignored) == 0;
    return 0;
}

static int prepare_connection(struct record *record, struct lb_error *error)
{
    sqlite3_extended_result_codes(record->db, 1);
    record_patience(record, RECORD_PATIENCE_MS);
    /* A file from elsewhere may carry triggers; ours has none. (trusted_schema cannot be off: the
     * views call json_extract, which SQLite 3.40 does not count among the harmless.) */
    sqlite3_db_config(record->db, SQLITE_DBCONFIG_DEFENSIVE, 1, NULL);
    sqlite3_db_config(record->db, SQLITE_DBCONFIG_ENABLE_TRIGGER, 0, NULL);
    if (sqlite3_exec(record->db, "PRAGMA page_size = 8192; PRAGMA foreign_keys = ON", NULL, NULL,
                     NULL) != SQLITE_OK)
        return record_fail(record->db, "open", error);
    return 0;
}

struct record *record_open(const char *path, enum record_mode mode, struct lb_error *error)
{
    bool memory = strcmp(path, ":memory:") == 0, writable;
    if (!memory && look(path, mode, error) != 0)
        return NULL;
    struct record *record = text_need_zero(1, sizeof *record);
    record->path = text_copy(path);
    if (connect_to(record, mode, &writable, error) != 0 || prepare_connection(record, error) != 0 ||
        check_owner(record, error) != 0 || bring_up_to_date(record, writable, error) != 0) {
        record_close(record);
        return NULL;
    }
    if (mode == RECORD_READ)
        sqlite3_exec(record->db, "PRAGMA query_only = ON", NULL, NULL, NULL);
    return record;
}

void record_close(struct record *record)
{
    if (record == NULL)
        return;
    sqlite3_close(record->db);
    free(record->path);
    free(record);
}

void record_patience(struct record *record, int milliseconds)
{
    sqlite3_busy_timeout(record->db, milliseconds);
}

struct sqlite3 *record_database(struct record *record)
{
    return record->db;
}

const char *record_path(const struct record *record)
{
    return record->path;
}
