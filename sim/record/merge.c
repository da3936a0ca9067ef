/*
 * Joining the shards of a sweep: see experiment.h.
 *
 * The idea: inputs are opened for reading and compared first; then rows are copied value by value into
 * one transaction of the output, cell by cell, so that memory does not grow with their number (but for a
 * digest a cell).
 */
#include <inttypes.h>
#include <string.h>

#include "sim/record/experiment.h"
#include "sim/record/recorder.h"
#include "sim/record/schema.h"

struct input {
    const char *path;
    struct record *record;
    struct experiment_about about;
};

struct merging {
    struct input *inputs;
    uint32_t count;
    char (*digests)[17]; /* of each cell; "" = nobody has it */
    struct experiment_merged *merged;
    struct record *out;
};

static int refuse(struct lb_error *error, const struct input *a, const struct input *b,
                  const char *what)
{
    return lb_error_set(error, LB_ERROR_INVALID,
                        "'%s' and '%s' do not belong together: %s; nothing was written", a->path,
                        b->path, what);
}

/* Of one scenario, version, seed, number of replications and grid? */
static int compare(const struct input *a, const struct input *b, struct lb_error *error)
{
    const struct experiment_about *x = &a->about, *y = &b->about;
    if (strcmp(x->key, y->key) == 0)
        return 0;
    return refuse(error, a, b,
                  strcmp(x->version, y->version) != 0 ? "they were made by different versions"
                  : strcmp(x->seed, y->seed) != 0     ? "their seeds differ"
                  : x->replications != y->replications
                      ? "they have different numbers of replications"
                  : strcmp(x->grid, y->grid) != 0 ? "their grids differ"
                                                  : "their scenarios differ");
}

/* Reads which cells an input has; one that another has too must be the same. */
static int collect(struct merging *m, const struct input *input, struct lb_error *error)
{
    sqlite3_stmt *query;
    int code;
    if (sqlite3_prepare_v2(input->record->db, "SELECT n, digest FROM cell WHERE experiment = ?", -1,
                           &query, NULL) != SQLITE_OK)
        return record_fail(input->record->db, "read", error);
    sqlite3_bind_int64(query, 1, input->about.id);
    while ((code = sqlite3_step(query)) == SQLITE_ROW) {
        int64_t n = sqlite3_column_int64(query, 0);
        const char *digest = (const char *)sqlite3_column_text(query, 1);
        if (n < 0 || n >= input->about.cells) {
            code = lb_error_set(error, LB_ERROR_INVALID, "'%s' has a cell beyond its grid",
                                input->path);
            break;
        }
        if (m->digests[n][0] == '\0') {
            snprintf(m->digests[n], sizeof m->digests[n], "%s", digest);
            m->merged->done++;
        } else if (strcmp(m->digests[n], digest) == 0) {
            m->merged->duplicates++;
        } else {
            code = lb_error_set(error, LB_ERROR_INVALID,
                                "cell %" PRId64 " of '%s' has another digest than the same cell of "
                                "an input before it; nothing was written",
                                n, input->path);
            break;
        }
    }
    if (code != SQLITE_DONE && code != -1)
        record_fail(input->record->db, "read", error);
    sqlite3_finalize(query);
    return code == SQLITE_DONE ? 0 : -1;
}

static int open_inputs(struct merging *m, const char *const *paths, struct lb_error *error)
{
    for (uint32_t i = 0; i < m->count; i++) {
        struct input *input = &m->inputs[i];
        input->path = paths[i];
        input->record = record_open(paths[i], RECORD_READ, error);
        if (input->record == NULL)
            return -1;
        int found = experiment_about(input->record, EXPERIMENT_SWEEP, 0, &input->about, error);
        if (found < 0)
            return -1;
        if (found == 0)
            return lb_error_set(error, LB_ERROR_INVALID, "'%s' has no sweep in it", paths[i]);
        if (compare(&m->inputs[0], input, error) != 0)
            return -1;
        if (i == 0)
            m->digests = text_need_zero(input->about.cells + 1U, sizeof *m->digests);
        if (collect(m, input, error) != 0)
            return -1;
    }
    m->merged->cells = m->inputs[0].about.cells;
    return 0;
}

/* --- copying ------------------------------------------------------------------------------------------ */

/* Copies the current row of `from`, from its column `first` on, to the parameters behind `bound`. */
static int copy_row(sqlite3_stmt *from, int first, sqlite3_stmt *to, int bound)
{
    for (int i = first; i < sqlite3_column_count(from); i++)
        sqlite3_bind_value(to, ++bound, sqlite3_column_value(from, i));
    int code = sqlite3_step(to);
    sqlite3_reset(to);
    return code == SQLITE_DONE ? 0 : -1;
}

enum { FIND_CELL, PUT_CELL, PUT_TRIAL, GET_CELLS, GET_TRIALS, STATEMENTS };

#define CELL_COLUMNS                                                                               \
    "n, settings, digest, algorithm, ideal, kind, duration_ns, warmup_ns, latency_count,"          \
    " latency_min_ns, latency_max_ns, latency_first, latency_buckets, finished_s, wall_s, build,"  \
    " libc, cpu"

static const char *const statements[STATEMENTS] = {
    "SELECT digest FROM cell WHERE experiment = ? AND n = ?",
    "INSERT INTO cell (experiment, " CELL_COLUMNS
    ") VALUES (?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?)",
    "INSERT INTO trial VALUES (?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?)",
    "SELECT id, " CELL_COLUMNS " FROM cell WHERE experiment = ? ORDER BY n",
    "SELECT * FROM trial WHERE cell = ? ORDER BY replication",
};

/* The cell under the cursor, unless the output has it. -2: it has another. */
static int copy_cell(struct merging *m, sqlite3_stmt *const s[STATEMENTS])
{
    sqlite3_bind_int64(s[FIND_CELL], 1, m->merged->id);
    sqlite3_bind_value(s[FIND_CELL], 2, sqlite3_column_value(s[GET_CELLS], 1));
    int code = sqlite3_step(s[FIND_CELL]);
    bool same =
        code == SQLITE_ROW && strcmp((const char *)sqlite3_column_text(s[FIND_CELL], 0),
                                     (const char *)sqlite3_column_text(s[GET_CELLS], 3)) == 0;
    sqlite3_reset(s[FIND_CELL]);
    if (code == SQLITE_ROW)
        return same ? 0 : -2;
    sqlite3_bind_int64(s[PUT_CELL], 1, m->merged->id);
    if (code != SQLITE_DONE || copy_row(s[GET_CELLS], 1, s[PUT_CELL], 1) != 0)
        return -1;
    int64_t row = sqlite3_last_insert_rowid(m->out->db);
    int result = 0;
    sqlite3_bind_value(s[GET_TRIALS], 1, sqlite3_column_value(s[GET_CELLS], 0));
    while (result == 0 && (code = sqlite3_step(s[GET_TRIALS])) == SQLITE_ROW) {
        sqlite3_bind_int64(s[PUT_TRIAL], 1, row);
        result = copy_row(s[GET_TRIALS], 1, s[PUT_TRIAL], 1);
    }
    sqlite3_reset(s[GET_TRIALS]);
    return result == 0 && code == SQLITE_DONE ? 0 : -1;
}

static int copy_input(struct merging *m, const struct input *input)
{
    sqlite3_stmt *s[STATEMENTS] = {NULL};
    int result = 0, code = SQLITE_DONE;
    for (int i = 0; i < STATEMENTS && result == 0; i++) {
        struct sqlite3 *db = i < GET_CELLS ? m->out->db : input->record->db;
        result = sqlite3_prepare_v2(db, statements[i], -1, &s[i], NULL) == SQLITE_OK ? 0 : -1;
    }
    if (result == 0)
        sqlite3_bind_int64(s[GET_CELLS], 1, input->about.id);
    while (result == 0 && (code = sqlite3_step(s[GET_CELLS])) == SQLITE_ROW)
        result = copy_cell(m, s);
    for (int i = 0; i < STATEMENTS; i++)
        sqlite3_finalize(s[i]);
    return result == 0 && code == SQLITE_DONE ? 0 : result != 0 ? result : -1;
}

/* The rows of the scenario and the experiment, from the first input. */
static int copy_experiment(struct merging *m)
{
    static const char *const copies[][2] = {
        {"SELECT hash, name, about, path, text, settings FROM scenario WHERE id ="
         " (SELECT scenario FROM experiment WHERE id = ?)",
         "INSERT INTO scenario (hash, name, about, path, text, settings) VALUES (?,?,?,?,?,?)"
         " ON CONFLICT (hash) DO NOTHING"},
        {"SELECT e.kind, e.name, e.created_s, e.key, e.variant, e.grid, e.cells, e.replications,"
         " e.seed, e.version, s.hash FROM experiment AS e JOIN scenario AS s ON s.id = e.scenario"
         " WHERE e.id = ?",
         "INSERT INTO experiment (kind, name, created_s, key, variant, grid, cells, replications,"
         " seed, version, scenario) VALUES (?,?,?,?,?,?,?,?,?,?,"
         " (SELECT id FROM scenario WHERE hash = ?)) ON CONFLICT (key) WHERE key <> '' DO NOTHING"},
    };
    const struct input *input = &m->inputs[0];
    int result = 0;
    for (int i = 0; i < 2 && result == 0; i++) {
        sqlite3_stmt *from = NULL, *to = NULL;
        bool fine =
            sqlite3_prepare_v2(input->record->db, copies[i][0], -1, &from, NULL) == SQLITE_OK &&
            sqlite3_prepare_v2(m->out->db, copies[i][1], -1, &to, NULL) == SQLITE_OK;
        if (fine)
            sqlite3_bind_int64(from, 1, input->about.id);
        result = fine && sqlite3_step(from) == SQLITE_ROW ? copy_row(from, 0, to, 0) : -1;
        sqlite3_finalize(from);
        sqlite3_finalize(to);
    }
    return result;
}

static int find_experiment(struct merging *m)
{
    sqlite3_stmt *query;
    if (sqlite3_prepare_v2(m->out->db, "SELECT id FROM experiment WHERE key = ?", -1, &query,
                           NULL) != SQLITE_OK)
        return -1;
    sqlite3_bind_text(query, 1, m->inputs[0].about.key, -1, SQLITE_STATIC);
    int code = sqlite3_step(query);
    m->merged->id = sqlite3_column_int64(query, 0);
    sqlite3_finalize(query);
    return code == SQLITE_ROW ? 0 : -1;
}

static int copy_all(struct merging *m, struct lb_error *error)
{
    struct sqlite3 *db = m->out->db;
    int result = sqlite3_exec(db, "BEGIN IMMEDIATE", NULL, NULL, NULL) == SQLITE_OK ? 0 : -1;
    if (result == 0)
        result = copy_experiment(m) == 0 && find_experiment(m) == 0 ? 0 : -1;
    for (uint32_t i = 0; i < m->count && result == 0; i++)
        result = copy_input(m, &m->inputs[i]);
    if (result == 0)
        result = sqlite3_exec(db, "COMMIT", NULL, NULL, NULL) == SQLITE_OK ? 0 : -1;
    if (result == -2)
        lb_error_set(error, LB_ERROR_INVALID,
                     "'%s' has a cell with another digest than the inputs; nothing was written",
                     record_path(m->out));
    else if (result != 0)
        record_fail(db, "merge into", error);
    if (sqlite3_get_autocommit(db) == 0)
        sqlite3_exec(db, "ROLLBACK", NULL, NULL, NULL);
    return result == 0 ? 0 : -1;
}

int experiment_merge(const char *out, const char *const *paths, uint32_t count,
                     struct experiment_merged *merged, struct lb_error *error)
{
    struct merging m = {.count = count, .merged = merged};
    int result;
    *merged = (struct experiment_merged){0};
    m.inputs = text_need_zero(count + 1U, sizeof *m.inputs);
    result = open_inputs(&m, paths, error);
    if (result == 0) {
        m.out = record_open(out, RECORD_WRITE, error);
        result = m.out == NULL ? -1 : copy_all(&m, error);
    }
    for (uint32_t i = 0; i < count; i++) {
        experiment_about_done(&m.inputs[i].about);
        record_close(m.inputs[i].record);
    }
    record_close(m.out);
    free(m.digests);
    free(m.inputs);
    return result;
}
