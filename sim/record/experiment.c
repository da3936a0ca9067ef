/* See experiment.h: writing, and going on. */
#include "sim/record/experiment.h"

#include <inttypes.h>
#include <string.h>
#include <xxhash.h>

#include "sim/base/check.h"
#include "sim/base/wall.h"
#include "sim/record/recorder.h"
#include "sim/record/schema.h"

struct experiment {
    struct record *record;
    struct experiment_info info;
    int64_t id;
    uint64_t *done; /* a bit a cell */
    uint32_t count;
    struct text scratch;
};

static int prepare(struct sqlite3 *db, struct binder *to, const char *sql)
{
    *to = (struct binder){0};
    return sqlite3_prepare_v2(db, sql, -1, &to->statement, NULL) == SQLITE_OK ? 0 : -1;
}

static int finish(struct binder *to, int result)
{
    sqlite3_finalize(to->statement);
    return result;
}

static int execute(struct sqlite3 *db, const char *sql)
{
    return sqlite3_exec(db, sql, NULL, NULL, NULL) == SQLITE_OK ? 0 : -1;
}

/* --- the experiment ------------------------------------------------------------------------------- */

static bool compares(const struct experiment_info *info)
{
    return info->kind != NULL && strcmp(info->kind, EXPERIMENT_COMPARE) == 0;
}

static void key_of(const struct experiment_info *info, char key[17])
{
    struct text text;
    text_init(&text);
    text_addf(&text, "%016" PRIx64 "\n%s\n%s\n%u %u %" PRIu64, info->scenario->hash, info->grid,
              info->version, info->cells, info->replications, info->scenario->run.seed);
    if (compares(info))
        text_addf(&text, "\n%s\n%s\n%s %u", info->kind, info->build, info->rule, info->baseline);
    snprintf(key, 17, "%016" PRIx64, (uint64_t)XXH64(text.data, text.size, 0));
    text_done(&text);
}

static int write_scenario(struct sqlite3 *db, const struct scenario *s, const char *hash)
{
    struct binder to;
    if (prepare(db, &to,
                "INSERT INTO scenario (hash, name, about, path, text, settings)"
                " VALUES (?,?,?,?,?,?) ON CONFLICT (hash) DO NOTHING") != 0)
        return -1;
    bind_text(&to, hash);
    bind_text(&to, s->name != NULL ? s->name : "");
    bind_text(&to, s->about != NULL ? s->about : "");
    bind_text(&to, s->path != NULL ? s->path : "");
    bind_text(&to, s->source != NULL ? s->source : "");
    bind_text(&to, s->settings != NULL ? s->settings : "");
    return finish(&to, bind_step(&to));
}

static int write_experiment(struct experiment *e, const char *key)
{
    struct sqlite3 *db = e->record->db;
    const struct scenario *s = e->info.scenario;
    struct binder to;
    char hash[17], seed[24];
    snprintf(hash, sizeof hash, "%016" PRIx64, s->hash);
    snprintf(seed, sizeof seed, "%" PRIu64, s->run.seed);
    if (write_scenario(db, s, hash) != 0 ||
        prepare(db, &to,
                "INSERT INTO experiment (kind, rule, baseline, name, created_s, key, scenario, "
                "variant, grid,"
                " cells, replications, seed, version) SELECT ?, ?, ?, ?, ?, ?, id, ?, ?, ?, ?, ?, ?"
                " FROM scenario WHERE hash = ? ON CONFLICT (key) WHERE key <> '' DO NOTHING") != 0)
        return -1;
    bind_text(&to, e->info.kind != NULL ? e->info.kind : EXPERIMENT_SWEEP);
    bind_text(&to, e->info.rule != NULL ? e->info.rule : "");
    if (compares(&e->info))
        bind_int(&to, e->info.baseline);
    else
        bind_null(&to);
    bind_text(&to, s->name != NULL ? s->name : "");
    bind_int(&to, wall_date());
    bind_text(&to, key);
    bind_text(&to, s->variant);
    bind_text(&to, e->info.grid);
    bind_int(&to, e->info.cells);
    bind_int(&to, e->info.replications);
    bind_text(&to, seed);
    bind_text(&to, e->info.version);
    bind_text(&to, hash);
    return finish(&to, bind_step(&to));
}

/* Its number, and which cells are done. 1 when it is there, 0 when not, -1 on failure. */
static int find(struct experiment *e, const char *key)
{
    struct binder to;
    int code;
    if (prepare(e->record->db, &to, "SELECT id FROM experiment WHERE key = ?") != 0)
        return -1;
    bind_text(&to, key);
    code = sqlite3_step(to.statement);
    e->id = sqlite3_column_int64(to.statement, 0);
    finish(&to, 0);
    if (code != SQLITE_ROW)
        return code == SQLITE_DONE ? 0 : -1;
    if (prepare(e->record->db, &to, "SELECT n FROM cell WHERE experiment = ?") != 0)
        return -1;
    bind_int(&to, e->id);
    while ((code = sqlite3_step(to.statement)) == SQLITE_ROW) {
        int64_t n = sqlite3_column_int64(to.statement, 0);
        if (n < 0 || n >= e->info.cells || experiment_has(e, (uint32_t)n))
            continue;
        e->done[n / 64] |= UINT64_C(1) << (n % 64);
        e->count++;
    }
    return finish(&to, code == SQLITE_DONE ? 1 : -1);
}

static int drop(struct experiment *e)
{
    struct binder to;
    if (prepare(e->record->db, &to, "DELETE FROM experiment WHERE id = ?") != 0)
        return -1;
    bind_int(&to, e->id);
    return finish(&to, bind_step(&to));
}

/* 0; 1 when there is none to find; -1 on failure. */
static int open_experiment(struct experiment *e, enum experiment_how how)
{
    char key[17];
    key_of(&e->info, key);
    int found = find(e, key);
    if (found < 0 || (found == 1 && how != EXPERIMENT_AGAIN) || how == EXPERIMENT_FIND)
        return found < 0 ? -1 : 1 - found;
    if (execute(e->record->db, "BEGIN IMMEDIATE") != 0 || (found == 1 && drop(e) != 0) ||
        write_experiment(e, key) != 0 || execute(e->record->db, "COMMIT") != 0)
        return -1;
    memset(e->done, 0, (e->info.cells / 64 + 1) * sizeof *e->done);
    e->count = 0;
    return find(e, key) == 1 ? 0 : -1;
}

struct experiment *experiment_open(struct record *record, const struct experiment_info *info,
                                   enum experiment_how how, struct lb_error *error)
{
    struct experiment *e = text_need_zero(1, sizeof *e);
    e->record = record;
    e->info = *info;
    e->done = text_need_zero(info->cells / 64 + 1, sizeof *e->done);
    text_init(&e->scratch);
    int status = open_experiment(e, how);
    if (status == 0)
        return e;
    if (status == 1)
        lb_error_set(error, LB_ERROR_INVALID,
                     "'%s' has nothing of this sweep (of this scenario with these settings, grid, "
                     "seed, replications and version)",
                     record->path);
    else
        record_fail(record->db, compares(info) ? "begin the comparison in" : "begin the sweep in",
                    error);
    if (sqlite3_get_autocommit(record->db) == 0)
        execute(record->db, "ROLLBACK");
    experiment_close(e);
    return NULL;
}

void experiment_close(struct experiment *e)
{
    if (e == NULL)
        return;
    text_done(&e->scratch);
    free(e->done);
    free(e);
}

bool experiment_has(const struct experiment *e, uint32_t cell)
{
    return (e->done[cell / 64] >> (cell % 64) & 1U) != 0;
}

uint32_t experiment_done(const struct experiment *e)
{
    return e->count;
}

int64_t experiment_id(const struct experiment *e)
{
    return e->id;
}

/* --- a cell ----------------------------------------------------------------------------------------- */

static void bind_time(struct binder *to, uint64_t count, lb_time value)
{
    if (count == 0)
        bind_null(to);
    else
        bind_int(to, value);
}

static int write_trial(struct binder *to, int64_t cell, uint32_t r,
                       const struct experiment_trial *t)
{
    char digest[17];
    snprintf(digest, sizeof digest, "%016" PRIx64, t->digest);
    bind_int(to, cell);
    bind_int(to, r);
    bind_text(to, digest);
    bind_count(to, t->events);
    bind_real(to, t->simulated_s);
    const uint64_t counts[] = {t->arrived, t->ok, t->failed, t->in_flight, t->good, t->attempts};
    for (size_t i = 0; i < sizeof counts / sizeof counts[0]; i++)
        bind_count(to, counts[i]);
    bind_real(to, t->sum);
    bind_time(to, t->ok, t->min);
    bind_time(to, t->ok, t->max);
    for (size_t i = 0; i < 4; i++)
        bind_real(to, t->quantile[i]);
    bind_real(to, t->imbalance);
    bind_count(to, t->sessions_lost);
    return bind_step(to);
}

static int write_trials(struct experiment *e, int64_t row, const struct experiment_cell *cell)
{
    struct binder to;
    int result = 0;
    if (prepare(e->record->db, &to,
                "INSERT INTO trial VALUES (?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?)") != 0)
        return -1;
    for (uint32_t r = 0; r < cell->count && result == 0; r++)
        result = write_trial(&to, row, r, &cell->trials[r]);
    return finish(&to, result);
}

static int insert_cell(struct experiment *e, const struct experiment_cell *cell)
{
    struct binder to;
    char digest[17];
    if (prepare(
            e->record->db, &to,
            "INSERT INTO cell (experiment, n, settings, name, variant, digest, algorithm, ideal,"
            " kind, duration_ns, warmup_ns, latency_count, latency_min_ns, latency_max_ns,"
            " latency_first, latency_buckets, finished_s, wall_s, build, libc, cpu)"
            " VALUES (?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?)") != 0)
        return -1;
    snprintf(digest, sizeof digest, "%016" PRIx64, cell->digest);
    bind_int(&to, e->id);
    bind_int(&to, cell->n);
    bind_text(&to, cell->settings);
    bind_text(&to, cell->name != NULL ? cell->name : "");
    bind_text(&to, cell->variant != NULL ? cell->variant : "");
    bind_text(&to, digest);
    bind_text(&to, cell->algorithm);
    bind_int(&to, cell->ideal);
    bind_text(&to, cell->transient ? "transient" : "steady");
    bind_int(&to, cell->duration);
    bind_int(&to, cell->warmup);
    bind_count(&to, cell->latency->count);
    bind_time(&to, cell->latency->count, cell->latency->min);
    bind_time(&to, cell->latency->count, cell->latency->max);
    bind_int(&to, encode_histogram(&e->scratch, cell->latency));
    bind_text(&to, e->scratch.data);
    bind_int(&to, wall_date());
    bind_real(&to, cell->wall_s);
    bind_text(&to, e->info.build != NULL ? e->info.build : e->info.version);
    encode_library(&e->scratch);
    bind_text(&to, e->scratch.data);
    encode_processor(&e->scratch);
    bind_text(&to, e->scratch.data);
    if (finish(&to, bind_step(&to)) != 0)
        return -1;
    return write_trials(e, sqlite3_last_insert_rowid(e->record->db), cell);
}

/* 0 when the cell is not there, 1 when it is and the same, -1 on failure, -2 when it is another. */
static int already(struct experiment *e, const struct experiment_cell *cell)
{
    struct binder to;
    if (prepare(e->record->db, &to, "SELECT digest FROM cell WHERE experiment = ? AND n = ?") != 0)
        return -1;
    bind_int(&to, e->id);
    bind_int(&to, cell->n);
    int code = sqlite3_step(to.statement), result = code == SQLITE_DONE ? 0 : -1;
    if (code == SQLITE_ROW) {
        const char *digest = (const char *)sqlite3_column_text(to.statement, 0);
        result = strtoull(digest, NULL, 16) == cell->digest ? 1 : -2;
    }
    return finish(&to, result);
}

void experiment_mark(struct experiment *e, const struct experiment_cell *const *cells,
                     uint32_t count)
{
    for (uint32_t i = 0; i < count; i++) {
        uint32_t n = cells[i]->n;
        e->count += experiment_has(e, n) ? 0U : 1U;
        e->done[n / 64] |= UINT64_C(1) << (n % 64);
    }
}

/* A comparison that came to something else than the one of its key, as one that stops by the clock may:
 * what was there goes. 0, or -1. */
static int make_room(struct experiment *e, const struct experiment_cell *const *cells,
                     uint32_t count)
{
    struct binder to;
    int there = 0;
    for (uint32_t i = 0; i < count && there >= 0; i++)
        there = already(e, cells[i]);
    if (there != -2)
        return there < 0 ? -1 : 0;
    if (prepare(e->record->db, &to, "DELETE FROM cell WHERE experiment = ?") != 0)
        return -1;
    bind_int(&to, e->id);
    return finish(&to, bind_step(&to));
}

int experiment_write(struct experiment *e, const struct experiment_cell *const *cells,
                     uint32_t count, struct lb_error *error)
{
    struct sqlite3 *db = e->record->db;
    int result = execute(db, "BEGIN IMMEDIATE");
    uint32_t i = 0;
    if (result == 0 && compares(&e->info))
        result = make_room(e, cells, count);
    for (; i < count && result == 0; i++) {
        int there = already(e, cells[i]);
        result = there == 0 ? insert_cell(e, cells[i]) : there == 1 ? 0 : there;
        if (result != 0)
            break;
    }
    if (result == 0)
        result = execute(db, "COMMIT");
    if (result == 0)
        return 0;
    if (result == -2)
        lb_error_set(error, LB_ERROR_SYSTEM,
                     "cell %u is in the database with another digest: please report it",
                     cells[i]->n);
    else
        record_fail(
            db, compares(&e->info) ? "record the comparison in" : "record cells of the sweep in",
            error);
    if (sqlite3_get_autocommit(db) == 0)
        execute(db, "ROLLBACK");
    return -1;
}
