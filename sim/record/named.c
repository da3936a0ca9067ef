/* See named.h. */
#include "sim/record/named.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "sim/base/wall.h"
#include "sim/record/experiment.h"
#include "sim/record/recorder.h"
#include "sim/record/schema.h"

#define NAMES_MAX 256U /* looked at for the nearest one */

const char *const named_kinds[2] = {"run", "experiment"};

/* The digest of what has this number. 1, 0 = there is none, -1 with *error. */
static int look(struct record *record, enum named_kind kind, int64_t number, struct named *named,
                struct lb_error *error)
{
    static const char *const sql[2] = {"SELECT digest FROM run WHERE id = ?",
                                       "SELECT '' FROM experiment WHERE id = ?"};
    sqlite3_stmt *query;
    uint64_t digest = 0;
    *named = (struct named){.kind = kind, .number = number};
    if (sqlite3_prepare_v2(record->db, sql[kind], -1, &query, NULL) != SQLITE_OK)
        return record_fail(record->db, "read", error);
    sqlite3_bind_int64(query, 1, number);
    int code = sqlite3_step(query);
    if (code == SQLITE_ROW)
        (void)snprintf(named->digest, sizeof named->digest, "%s",
                       (const char *)sqlite3_column_text(query, 0));
    else if (code != SQLITE_DONE)
        record_fail(record->db, "read", error);
    sqlite3_finalize(query);
    if (code != SQLITE_ROW)
        return code == SQLITE_DONE ? 0 : -1;
    if (kind == NAMED_EXPERIMENT) {
        if (experiment_digest(record, number, &digest, error) != 0)
            return -1;
        (void)snprintf(named->digest, sizeof named->digest, "%016" PRIx64, digest);
    }
    return 1;
}

/* "runs 1 to 4, no experiments" */
static void what_there_is(struct record *record, char *to, size_t size)
{
    static const char *const sql[2] = {"SELECT count(*), min(id), max(id) FROM run",
                                       "SELECT count(*), min(id), max(id) FROM experiment"};
    size_t used = 0;
    to[0] = '\0';
    for (int k = 0; k < 2; k++) {
        sqlite3_stmt *query;
        if (sqlite3_prepare_v2(record->db, sql[k], -1, &query, NULL) == SQLITE_OK &&
            sqlite3_step(query) == SQLITE_ROW && used < size) {
            int64_t count = sqlite3_column_int64(query, 0), first = sqlite3_column_int64(query, 1),
                    last = sqlite3_column_int64(query, 2);
            used += (size_t)(count == 0 ? snprintf(to + used, size - used, "%sno %ss",
                                                   k > 0 ? ", " : "", named_kinds[k])
                             : count == 1
                                 ? snprintf(to + used, size - used, "%s%s %" PRId64,
                                            k > 0 ? ", " : "", named_kinds[k], first)
                                 : snprintf(to + used, size - used,
                                            "%s%" PRId64 " %ss from %" PRId64 " to %" PRId64,
                                            k > 0 ? ", " : "", count, named_kinds[k], first, last));
        }
        sqlite3_finalize(query);
    }
}

int named_latest(struct record *record, enum named_kind kind, int64_t but, struct named *named,
                 struct lb_error *error)
{
    static const char *const sql[2] = {
        "SELECT id FROM run WHERE id <> ? ORDER BY sequence DESC LIMIT 1",
        "SELECT id FROM experiment WHERE id <> ? ORDER BY id DESC LIMIT 1"};
    sqlite3_stmt *query;
    if (sqlite3_prepare_v2(record->db, sql[kind], -1, &query, NULL) != SQLITE_OK)
        return record_fail(record->db, "read", error);
    sqlite3_bind_int64(query, 1, but);
    int code = sqlite3_step(query);
    int64_t number = sqlite3_column_int64(query, 0);
    if (code != SQLITE_ROW && code != SQLITE_DONE)
        record_fail(record->db, "read", error);
    sqlite3_finalize(query);
    return code == SQLITE_ROW    ? look(record, kind, number, named, error)
           : code == SQLITE_DONE ? 0
                                 : -1;
}

/* A whole word of digits as a number above 0; 0 = it is none. */
static int64_t number_of(const char *word)
{
    if (word[0] == '\0' || word[strspn(word, "0123456789")] != '\0' || strlen(word) > 18)
        return 0;
    return strtoll(word, NULL, 10);
}

static int by_number(struct record *record, const char *word, int64_t number, bool runs,
                     bool experiments, struct named *named, struct lb_error *error)
{
    struct named experiment;
    char there[160];
    int run = runs ? look(record, NAMED_RUN, number, named, error) : 0;
    int other =
        experiments && run >= 0 ? look(record, NAMED_EXPERIMENT, number, &experiment, error) : 0;
    if (run < 0 || other < 0)
        return -1;
    if (run > 0 && other > 0)
        return lb_error_set(error, LB_ERROR_INVALID,
                            "%s is a run and an experiment: write run:%s or experiment:%s", word,
                            word, word);
    if (run == 0 && other == 0) {
        what_there_is(record, there, sizeof there);
        return lb_error_set(error, LB_ERROR_INVALID,
                            "there is no %s %" PRId64 " in '%s': it has %s",
                            runs && experiments ? "run or experiment"
                            : runs              ? "run"
                                                : "experiment",
                            number, record_path(record), there);
    }
    if (other > 0)
        *named = experiment;
    return 0;
}

int named_find(struct record *record, const char *word, struct named *named, struct lb_error *error)
{
    int64_t number = number_of(word);
    if (number > 0)
        return by_number(record, word, number, true, true, named, error);
    for (int k = 0; k < 2; k++) {
        size_t size = strlen(named_kinds[k]);
        if (strncmp(word, named_kinds[k], size) != 0 || word[size] != ':')
            continue;
        number = number_of(word + size + 1);
        if (number == 0)
            return lb_error_set(error, LB_ERROR_INVALID,
                                "'%s' is not %s: and a number from 1 on, as in %s:1", word,
                                named_kinds[k], named_kinds[k]);
        return by_number(record, word, number, k == NAMED_RUN, k == NAMED_EXPERIMENT, named, error);
    }
    return baseline_find(record, word, named, error);
}

/* --- baselines --------------------------------------------------------------------------------------- */

static int unknown(struct record *record, const char *name, struct lb_error *error)
{
    char *names[NAMES_MAX];
    uint32_t count = 0;
    sqlite3_stmt *query;
    if (sqlite3_prepare_v2(record->db, "SELECT name FROM baseline ORDER BY saved_s DESC", -1,
                           &query, NULL) != SQLITE_OK)
        return record_fail(record->db, "read", error);
    while (count < NAMES_MAX && sqlite3_step(query) == SQLITE_ROW)
        names[count++] = text_copy((const char *)sqlite3_column_text(query, 0));
    sqlite3_finalize(query);
    const char *near = text_nearest(name, (const char *const *)names, count);
    if (near != NULL)
        lb_error_set(error, LB_ERROR_INVALID, "no baseline '%.80s'; did you mean '%s'?", name,
                     near);
    else
        lb_error_set(error, LB_ERROR_INVALID,
                     count > 0
                         ? "no baseline '%.80s' ('lbsim diff --baselines' lists them), and no "
                           "number of a run or experiment"
                         : "no baseline '%.80s': there are none in this database; 'lbsim diff "
                           "--save-baseline NAME RUN' makes one",
                     name);
    for (uint32_t i = 0; i < count; i++)
        free(names[i]);
    return -1;
}

int baseline_find(struct record *record, const char *name, struct named *named,
                  struct lb_error *error)
{
    struct binder to = {0};
    char digest[17];
    if (sqlite3_prepare_v2(record->db, "SELECT kind, number, digest FROM baseline WHERE name = ?",
                           -1, &to.statement, NULL) != SQLITE_OK)
        return record_fail(record->db, "read", error);
    bind_text(&to, name);
    int code = sqlite3_step(to.statement);
    if (code != SQLITE_ROW) {
        if (code != SQLITE_DONE)
            record_fail(record->db, "read", error);
        sqlite3_finalize(to.statement);
        return code == SQLITE_DONE ? unknown(record, name, error) : -1;
    }
    enum named_kind kind = strcmp((const char *)sqlite3_column_text(to.statement, 0), "run") == 0
                               ? NAMED_RUN
                               : NAMED_EXPERIMENT;
    int64_t number = sqlite3_column_int64(to.statement, 1);
    (void)snprintf(digest, sizeof digest, "%s", (const char *)sqlite3_column_text(to.statement, 2));
    sqlite3_finalize(to.statement);
    int found = look(record, kind, number, named, error);
    if (found < 0)
        return -1;
    if (found == 0 || strcmp(named->digest, digest) != 0)
        return lb_error_set(error, LB_ERROR_INVALID,
                            "baseline '%s' stood for %s %" PRId64
                            " with digest %s, which has been %s since: save it again",
                            name, named_kinds[kind], number, digest,
                            found == 0 ? "deleted" : "made anew with other results");
    return 0;
}

static bool good_name(const char *name)
{
    static const char letters[] =
        "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789._-/+";
    size_t size = strlen(name);
    return size >= 1 && size <= BASELINE_NAME_MAX && name[0] != '-' &&
           name[strspn(name, letters)] == '\0' && name[strspn(name, "0123456789")] != '\0';
}

static int bad_name(const char *name, struct lb_error *error)
{
    return lb_error_set(error, LB_ERROR_INVALID,
                        "'%.80s' cannot name a baseline: 1 to %u letters, digits and . _ - / +, "
                        "not digits only, not beginning with -",
                        name, BASELINE_NAME_MAX);
}

static int taken(const char *name, struct lb_error *error)
{
    return lb_error_set(error, LB_ERROR_INVALID,
                        "there is a baseline '%s' already: --overwrite makes it stand for another",
                        name);
}

int baseline_check(struct record *record, const char *name, bool over, struct lb_error *error)
{
    struct binder to = {0};
    if (!good_name(name))
        return bad_name(name, error);
    if (sqlite3_prepare_v2(record->db, "SELECT 1 FROM baseline WHERE name = ?", -1, &to.statement,
                           NULL) != SQLITE_OK)
        return record_fail(record->db, "read", error);
    bind_text(&to, name);
    int code = sqlite3_step(to.statement);
    sqlite3_finalize(to.statement);
    if (code != SQLITE_ROW && code != SQLITE_DONE)
        return record_fail(record->db, "read", error);
    return code == SQLITE_ROW && !over ? taken(name, error) : 0;
}

int baseline_save(struct record *record, const char *name, const struct named *named, bool over,
                  struct lb_error *error)
{
    struct binder to = {0};
    if (!good_name(name))
        return bad_name(name, error);
    if (sqlite3_prepare_v2(record->db,
                           over ? "INSERT OR REPLACE INTO baseline VALUES (?,?,?,?,?)"
                                : "INSERT OR IGNORE INTO baseline VALUES (?,?,?,?,?)",
                           -1, &to.statement, NULL) != SQLITE_OK)
        return record_fail(record->db, "write", error);
    bind_text(&to, name);
    bind_text(&to, named_kinds[named->kind]);
    bind_int(&to, named->number);
    bind_text(&to, named->digest);
    bind_int(&to, wall_date());
    int code = sqlite3_step(to.statement);
    int written = sqlite3_changes(record->db);
    if (code != SQLITE_DONE)
        record_fail(record->db, "write", error);
    sqlite3_finalize(to.statement);
    if (code != SQLITE_DONE)
        return -1;
    if (written == 0)
        return taken(name, error);
    return 0;
}
