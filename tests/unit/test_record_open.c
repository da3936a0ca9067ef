/*
 * Opening the record: what is not ours is refused by name and left untouched; what cannot be
 * written is an error, never a half made file.
 */
#include <fcntl.h>
#include <signal.h>
#include <sqlite3.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "sim/base/text.h"
#include "sim/record/schema.h"
#include "tests/check.h"
#include "tests/unit/made_up.h"

static char folder[] = "/tmp/lbsim-test-XXXXXX";

/* A path inside the folder of this test; valid until the next call but one. */
static const char *in(const char *name)
{
    static char paths[2][256];
    static int turn;
    turn = !turn;
    snprintf(paths[turn], sizeof paths[turn], "%s/%s", folder, name);
    return paths[turn];
}

static void write_file(const char *path, const char *bytes, size_t size)
{
    FILE *file = fopen(path, "wb");
    CU_ASSERT_FATAL(file != NULL);
    CU_ASSERT(fwrite(bytes, 1, size, file) == size);
    fclose(file);
}

/* All bytes of a regular file; "" when there is none. */
static struct text read_file(const char *path)
{
    struct text text;
    char buf[4096];
    size_t size;
    struct stat about;
    text_init(&text);
    bool regular = stat(path, &about) == 0 && S_ISREG(about.st_mode);
    FILE *file = regular ? fopen(path, "rb") : NULL;
    while (file != NULL && (size = fread(buf, 1, sizeof buf, file)) > 0)
        text_add(&text, buf, size);
    if (file != NULL)
        fclose(file);
    return text;
}

/* Neither way of opening works, the message has `word` and the path, the file stays as it is. */
static void refused(const char *path, const char *word)
{
    struct text before = read_file(path);
    for (int mode = RECORD_WRITE; mode <= RECORD_READ; mode++) {
        struct lb_error error = {0};
        struct record *record = record_open(path, (enum record_mode)mode, &error);
        CU_ASSERT(record == NULL);
        CU_ASSERT(error.code == LB_ERROR_SYSTEM);
        CU_ASSERT(strstr(error.text, word) != NULL && strstr(error.text, path) != NULL);
        if (record == NULL && strstr(error.text, word) == NULL)
            printf("\n%s: %s\n", path, error.text);
        record_close(record);
    }
    struct text after = read_file(path);
    CU_ASSERT(before.size == after.size &&
              (before.size == 0 || memcmp(before.data, after.data, before.size) == 0));
    text_done(&before);
    text_done(&after);
}

static void run_sql(const char *path, const char *sql)
{
    sqlite3 *db;
    CU_ASSERT_FATAL(sqlite3_open(path, &db) == SQLITE_OK);
    CU_ASSERT(sqlite3_exec(db, sql, NULL, NULL, NULL) == SQLITE_OK);
    sqlite3_close(db);
}

static void test_refused(void)
{
    static const char text[] = "lbsim: 1\nname: a scenario given as the database by mistake\n"
                               "clients: [{name: a, arrivals: poisson(rate=1/s)}]\n";
    write_file(in("scenario.yaml"), text, sizeof text - 1);
    refused(in("scenario.yaml"), "not a database");
    write_file(in("short"), "SQLite format 3", 16);
    refused(in("short"), "not a database");
    run_sql(in("other.db"), "CREATE TABLE notes (text); INSERT INTO notes VALUES ('mine')");
    refused(in("other.db"), "another program");
    run_sql(in("marked.db"), "PRAGMA application_id = 7; CREATE TABLE notes (text)");
    refused(in("marked.db"), "another program");
    run_sql(in("wal.db"), "PRAGMA journal_mode = WAL; CREATE TABLE notes (text)");
    refused(in("wal.db"), "another program");
    run_sql(in("newer.db"), "PRAGMA application_id = 0x6c627369; PRAGMA user_version = 99;"
                            "CREATE TABLE run (x)");
    refused(in("newer.db"), "newer lbsim");
    refused(folder, "directory");
    CU_ASSERT(mkfifo(in("fifo"), 0600) == 0);
    refused(in("fifo"), "not a regular file");
    refused("/dev/null", "not a regular file");
    refused("", "empty");
    refused(in("scenario.yaml/x.db"), "Not a directory");
}

static void test_missing(void)
{
    struct lb_error error = {0};
    CU_ASSERT(record_open(in("none.db"), RECORD_READ, &error) == NULL);
    CU_ASSERT(strstr(error.text, "there is no database") != NULL);
    CU_ASSERT(access(in("none.db"), F_OK) != 0);
    CU_ASSERT(record_open(in("no/folder/x.db"), RECORD_WRITE, &error) == NULL);
    CU_ASSERT(strstr(error.text, "No such file or directory") != NULL);
    write_file(in("empty.db"), "", 0);
    CU_ASSERT(record_open(in("empty.db"), RECORD_READ, &error) == NULL);
    struct record *record = record_open(in("empty.db"), RECORD_WRITE, &error);
    CU_ASSERT(record != NULL); /* nobody's yet */
    record_close(record);
}

/* SQLite would read this name as a URI, and a scenario's folder may have any name. */
static void test_names(void)
{
    static const char *const names[] = {"file:x?mode=memory", "a b#c%41.db", "-x", "n\xc3\xa9'.db"};
    char *home = getcwd(NULL, 0);
    CU_ASSERT_FATAL(chdir(folder) == 0);
    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++) {
        struct lb_error error = {0};
        struct record *record = record_open(names[i], RECORD_WRITE, &error);
        CU_ASSERT(record != NULL);
        record_close(record);
        struct stat about;
        CU_ASSERT(stat(names[i], &about) == 0 && about.st_size > 0);
    }
    CU_ASSERT_FATAL(chdir(home) == 0);
    free(home);
}

static void test_fresh(void)
{
    struct lb_error error = {0};
    struct record *record = record_open(in("fresh.db"), RECORD_WRITE, &error);
    CU_ASSERT_FATAL(record != NULL);
    CU_ASSERT_STRING_EQUAL(record_path(record), in("fresh.db"));
    struct made_up m;
    made_up_init(&m, 3, 5, 1);
    CU_ASSERT(made_up_record(&m, record, NULL, &error) == 0);
    made_up_done(&m);
    record_close(record);
    struct text before = read_file(in("fresh.db"));
    CU_ASSERT(before.size > 100 && memcmp(before.data + 68, "lbsi", 4) == 0);
    for (int mode = RECORD_WRITE; mode <= RECORD_READ; mode++) {
        record = record_open(in("fresh.db"), (enum record_mode)mode, &error);
        CU_ASSERT(record != NULL);
        record_close(record);
    }
    struct text after = read_file(in("fresh.db")); /* opening alone writes nothing */
    CU_ASSERT(before.size == after.size && memcmp(before.data, after.data, before.size) == 0);
    text_done(&before);
    text_done(&after);
}

/* For readers nothing can be changed, by whatever they say. */
static void test_read_mode(void)
{
    struct lb_error error = {0};
    struct record *record = record_open(in("fresh.db"), RECORD_READ, &error);
    CU_ASSERT_FATAL(record != NULL);
    CU_ASSERT(sqlite3_exec(record_database(record), "DELETE FROM run", NULL, NULL, NULL) ==
              SQLITE_READONLY);
    record_close(record);
}

/* Carries out `work` in a child process, as nobody if we are root; its result is the exit status.
 */
static int in_child(int (*work)(void))
{
    fflush(stdout);
    pid_t child = fork();
    if (child == 0) {
        if (getuid() == 0 && (setgid(65534) != 0 || setuid(65534) != 0))
            _exit(99);
        _exit(work());
    }
    int status = 0;
    CU_ASSERT(child > 0 && waitpid(child, &status, 0) == child);
    return WIFEXITED(status) ? WEXITSTATUS(status) : 100;
}

/* 0 = could not be opened for writing, for the reason given; but reading works. */
static int open_read_only(void)
{
    struct lb_error error = {0};
    if (record_open(in("guarded/x.db"), RECORD_WRITE, &error) != NULL)
        return 1;
    if (strstr(error.text, "Permission denied") == NULL || error.code != LB_ERROR_SYSTEM)
        return 2;
    if (record_open(in("guarded/new.db"), RECORD_WRITE, &error) != NULL)
        return 3;
    if (strstr(error.text, "Permission denied") == NULL)
        return 4;
    struct record *record = record_open(in("guarded/x.db"), RECORD_READ, &error);
    if (record == NULL)
        return 5;
    sqlite3_stmt *query;
    int code = sqlite3_prepare_v2(record_database(record), "SELECT p99_ms FROM run_summary", -1,
                                  &query, NULL);
    if (code != SQLITE_OK || sqlite3_step(query) != SQLITE_ROW)
        return 6;
    sqlite3_finalize(query);
    record_close(record);
    return record_open(in("secret.db"), RECORD_READ, &error) == NULL &&
                   strstr(error.text, "Permission denied") != NULL
               ? 0
               : 7;
}

static void test_read_only(void)
{
    struct text bytes = read_file(in("fresh.db"));
    CU_ASSERT(chmod(folder, 0755) == 0 && mkdir(in("guarded"), 0755) == 0);
    write_file(in("guarded/x.db"), bytes.data, bytes.size);
    write_file(in("secret.db"), bytes.data, bytes.size);
    text_done(&bytes);
    /* Views of another text: a reader who cannot change them brings its own. */
    run_sql(in("guarded/x.db"), "DROP VIEW run_summary; UPDATE meta SET value = 'other'");
    CU_ASSERT(chmod(in("guarded/x.db"), 0444) == 0 && chmod(in("guarded"), 0555) == 0);
    CU_ASSERT(chmod(in("secret.db"), 0) == 0);
    int result = in_child(open_read_only);
    CU_ASSERT(result == 0);
    if (result != 0)
        printf("\nstep %d failed\n", result);
    CU_ASSERT(chmod(in("guarded"), 0755) == 0);
}

/* A limit of the file size stands for a full disk. 0 = refused with words, and no damage. */
static int write_too_much(void)
{
    struct lb_error error = {0};
    struct record *record = record_open(in("full.db"), RECORD_WRITE, &error);
    struct stat about;
    if (record == NULL || stat(in("full.db"), &about) != 0)
        return 1;
    struct rlimit limit = {(rlim_t)about.st_size + 131072, (rlim_t)about.st_size + 131072};
    signal(SIGXFSZ, SIG_IGN);
    if (setrlimit(RLIMIT_FSIZE, &limit) != 0)
        return 2;
    struct made_up m;
    made_up_init(&m, 20, 200, 1);
    if (made_up_record(&m, record, NULL, &error) != -1 || error.code != LB_ERROR_SYSTEM)
        return 3;
    if (strstr(error.text, "cannot record the run in") == NULL)
        return 4;
    made_up_done(&m);
    made_up_init(&m, 2, 2, 2); /* a small one still fits */
    if (made_up_record(&m, record, NULL, &error) != 0) {
        printf("\n%s\n", error.text);
        fflush(stdout);
        return 5;
    }
    made_up_done(&m);
    record_close(record);
    return 0;
}

static void test_full(void)
{
    CU_ASSERT(chmod(folder, 0777) == 0);
    int result = in_child(write_too_much);
    CU_ASSERT(result == 0);
    if (result != 0)
        printf("\nstep %d failed\n", result);
    sqlite3 *db;
    sqlite3_stmt *query;
    CU_ASSERT_FATAL(sqlite3_open(in("full.db"), &db) == SQLITE_OK);
    CU_ASSERT_FATAL(sqlite3_prepare_v2(db,
                                       "SELECT integrity_check, (SELECT count(*) FROM run) "
                                       "FROM pragma_integrity_check",
                                       -1, &query, NULL) == SQLITE_OK);
    CU_ASSERT(sqlite3_step(query) == SQLITE_ROW);
    CU_ASSERT_STRING_EQUAL((const char *)sqlite3_column_text(query, 0), "ok");
    CU_ASSERT(sqlite3_column_int(query, 1) == 1);
    sqlite3_finalize(query);
    sqlite3_close(db);
}

/* Many programs make one new file at once. */
static int open_new(void)
{
    struct lb_error error = {0};
    struct record *record = record_open(in("many.db"), RECORD_WRITE, &error);
    if (record == NULL)
        printf("\n%s\n", error.text);
    fflush(stdout);
    record_close(record);
    return record != NULL ? 0 : 1;
}

static void test_together(void)
{
    enum { PROGRAMS = 6 };
    pid_t children[PROGRAMS];
    fflush(stdout);
    for (int i = 0; i < PROGRAMS; i++)
        if ((children[i] = fork()) == 0)
            _exit(open_new());
    for (int i = 0; i < PROGRAMS; i++) {
        int status = -1;
        CU_ASSERT(waitpid(children[i], &status, 0) == children[i] && status == 0);
    }
}

static void test_clean_up(void)
{
    char command[128];
    snprintf(command, sizeof command, "rm -r '%s'", folder);
    CU_ASSERT(system(command) == 0);
}

/* The first: makes the folder. */
static void test_folder(void)
{
    CU_ASSERT_FATAL(mkdtemp(folder) != NULL);
}

static const struct check_test tests[] = {
    {"a folder to work in", test_folder},
    {"what is not ours is refused", test_refused},
    {"what is not there", test_missing},
    {"names that mean something elsewhere", test_names},
    {"a new database", test_fresh},
    {"readers change nothing", test_read_mode},
    {"a read-only place", test_read_only},
    {"a full disk", test_full},
    {"programs that create it together", test_together},
    {"clean up", test_clean_up},
};

CHECK_MAIN("record_open")
