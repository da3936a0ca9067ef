/* See experiment.h: what a sweep came to, read again. */
#include <inttypes.h>
#include <math.h>
#include <stddef.h>
#include <string.h>
#include <xxhash.h>

#include "sim/record/experiment.h"
#include "sim/record/recorder.h"
#include "sim/record/schema.h"

static uint64_t bits_of(double value)
{
    uint64_t bits = 0;
    if (isfinite(value)) /* one bit pattern for all that is unknown */
        memcpy(&bits, &value, sizeof bits);
    return bits;
}

uint64_t experiment_cell_digest(const struct experiment_cell *cell)
{
    uint64_t digest = XXH64(&cell->warmup, sizeof cell->warmup, cell->count);
    for (uint32_t r = 0; r < cell->count; r++) {
        const struct experiment_trial *t = &cell->trials[r];
        uint64_t part[16] = {t->digest,
                             t->arrived,
                             t->ok,
                             t->failed,
                             t->in_flight,
                             t->good,
                             t->attempts,
                             t->sessions_lost,
                             bits_of(t->sum),
                             t->ok > 0 ? (uint64_t)t->min : 0,
                             t->ok > 0 ? (uint64_t)t->max : 0};
        for (int i = 0; i < 4; i++)
            part[11 + i] = bits_of(t->quantile[i]);
        part[15] = bits_of(t->imbalance);
        digest = XXH64(part, sizeof part, digest);
    }
    return digest;
}

int experiment_digest(struct record *record, int64_t experiment, uint64_t *digest,
                      struct lb_error *error)
{
    sqlite3_stmt *query;
    int code;
    *digest = 0;
    if (sqlite3_prepare_v2(record->db,
                           "SELECT n, settings, digest FROM cell WHERE experiment = ? ORDER BY n",
                           -1, &query, NULL) != SQLITE_OK)
        return record_fail(record->db, "read the sweep in", error);
    sqlite3_bind_int64(query, 1, experiment);
    while ((code = sqlite3_step(query)) == SQLITE_ROW)
        for (int i = 0; i < 3; i++) {
            const unsigned char *text = sqlite3_column_text(query, i);
            *digest = XXH64(text, (size_t)sqlite3_column_bytes(query, i) + 1, *digest);
        }
    if (code != SQLITE_DONE)
        record_fail(record->db, "read the sweep in", error);
    sqlite3_finalize(query);
    return code == SQLITE_DONE ? 0 : -1;
}

/* --- cells ------------------------------------------------------------------------------------------ */

static double real_at(sqlite3_stmt *query, int column)
{
    return sqlite3_column_type(query, column) == SQLITE_NULL ? (double)NAN
                                                             : sqlite3_column_double(query, column);
}

static void read_trial(sqlite3_stmt *query, int at, struct experiment_trial *t)
{
    uint64_t *const counts[] = {&t->arrived,   &t->ok,   &t->failed,
                                &t->in_flight, &t->good, &t->attempts};
    t->digest = strtoull((const char *)sqlite3_column_text(query, at), NULL, 16);
    t->events = (uint64_t)sqlite3_column_int64(query, at + 1);
    t->simulated_s = sqlite3_column_double(query, at + 2);
    for (int i = 0; i < 6; i++)
        *counts[i] = (uint64_t)sqlite3_column_int64(query, at + 3 + i);
    t->sum = sqlite3_column_double(query, at + 9);
    t->min = sqlite3_column_int64(query, at + 10);
    t->max = sqlite3_column_int64(query, at + 11);
    for (int i = 0; i < 4; i++)
        t->quantile[i] = real_at(query, at + 12 + i);
    t->imbalance = real_at(query, at + 16);
    t->sessions_lost = (uint64_t)sqlite3_column_int64(query, at + 17);
}

/* Reads the trials of a cell into room that grows; how many, or -1. */
static int read_trials(sqlite3_stmt *query, int64_t row, struct experiment_trial **room,
                       uint32_t *size)
{
    uint32_t count = 0;
    int code;
    sqlite3_bind_int64(query, 1, row);
    while ((code = sqlite3_step(query)) == SQLITE_ROW) {
        if (count == *size) {
            *size = *size * 2 + 16;
            *room = text_need_more(*room, *size * sizeof **room);
        }
        read_trial(query, 0, &(*room)[count++]);
    }
    sqlite3_reset(query);
    return code == SQLITE_DONE ? (int)count : -1;
}

static int read_cells(sqlite3_stmt *cells, sqlite3_stmt *trials,
                      void (*tell)(void *self, const struct experiment_cell *cell), void *self)
{
    struct experiment_trial *room = NULL;
    uint32_t size = 0;
    int code, count = 0;
    while (count >= 0 && (code = sqlite3_step(cells)) == SQLITE_ROW) {
        count = read_trials(trials, sqlite3_column_int64(cells, 0), &room, &size);
        struct experiment_cell cell = {
            .n = (uint32_t)sqlite3_column_int64(cells, 1),
            .name = (const char *)sqlite3_column_text(cells, 10),
            .variant = (const char *)sqlite3_column_text(cells, 11),
            .settings = (const char *)sqlite3_column_text(cells, 2),
            .algorithm = (const char *)sqlite3_column_text(cells, 3),
            .ideal = sqlite3_column_int(cells, 4) != 0,
            .transient = strcmp((const char *)sqlite3_column_text(cells, 5), "transient") == 0,
            .duration = sqlite3_column_int64(cells, 6),
            .warmup = sqlite3_column_int64(cells, 7),
            .digest = strtoull((const char *)sqlite3_column_text(cells, 8), NULL, 16),
            .wall_s = sqlite3_column_double(cells, 9),
            .trials = room,
            .count = count < 0 ? 0 : (uint32_t)count,
        };
        if (count >= 0)
            tell(self, &cell);
    }
    free(room);
    return count >= 0 && code == SQLITE_DONE ? 0 : -1;
}

int experiment_read(struct record *record, int64_t experiment,
                    void (*tell)(void *self, const struct experiment_cell *cell), void *self,
                    struct lb_error *error)
{
    static const char cells_sql[] =
        "SELECT id, n, settings, algorithm, ideal, kind, duration_ns, warmup_ns, digest, wall_s,"
        " name, variant FROM cell WHERE experiment = ? ORDER BY n";
    static const char trials_sql[] =
        "SELECT digest, events, simulated_s, arrived, ok, failed, in_flight, good, attempts,"
        " latency_sum_ns, latency_min_ns, latency_max_ns, p50_ns, p90_ns, p99_ns, p99_9_ns,"
        " imbalance, sessions_lost FROM trial WHERE cell = ? ORDER BY replication";
    sqlite3_stmt *cells = NULL, *trials = NULL;
    int result = -1;
    if (sqlite3_prepare_v2(record->db, cells_sql, -1, &cells, NULL) == SQLITE_OK &&
        sqlite3_prepare_v2(record->db, trials_sql, -1, &trials, NULL) == SQLITE_OK) {
        sqlite3_bind_int64(cells, 1, experiment);
        result = read_cells(cells, trials, tell, self);
    }
    if (result != 0)
        record_fail(record->db, "read the sweep in", error);
    sqlite3_finalize(cells);
    sqlite3_finalize(trials);
    return result;
}

/* --- what there is ------------------------------------------------------------------------------------ */

int experiment_about(struct record *record, const char *kind, int64_t id,
                     struct experiment_about *about, struct lb_error *error)
{
    sqlite3_stmt *query;
    *about = (struct experiment_about){0};
    if (sqlite3_prepare_v2(record->db,
                           "SELECT id, name, grid, version, seed, kind, rule, variant, cells,"
                           " replications, (SELECT count(*) FROM cell WHERE experiment = e.id),"
                           " key, baseline, created_s FROM experiment AS e"
                           " WHERE (?2 IS NULL OR kind = ?2) AND (?1 = 0 OR id = ?1)"
                           " ORDER BY id DESC LIMIT 1",
                           -1, &query, NULL) != SQLITE_OK)
        return record_fail(record->db, "read", error);
    sqlite3_bind_int64(query, 1, id);
    sqlite3_bind_text(query, 2, kind, -1, SQLITE_STATIC); /* NULL binds NULL */
    int code = sqlite3_step(query);
    if (code == SQLITE_ROW) {
        char **const texts[] = {&about->name, &about->grid, &about->version, &about->seed,
                                &about->kind, &about->rule, &about->variant};
        about->id = sqlite3_column_int64(query, 0);
        for (int i = 0; i < 7; i++)
            *texts[i] = text_copy((const char *)sqlite3_column_text(query, 1 + i));
        about->cells = (uint32_t)sqlite3_column_int64(query, 8);
        about->replications = (uint32_t)sqlite3_column_int64(query, 9);
        about->done = (uint32_t)sqlite3_column_int64(query, 10);
        snprintf(about->key, sizeof about->key, "%s", (const char *)sqlite3_column_text(query, 11));
        about->baseline = (uint32_t)sqlite3_column_int64(query, 12);
        about->created_s = sqlite3_column_int64(query, 13);
    } else if (code != SQLITE_DONE) {
        record_fail(record->db, "read", error);
    }
    sqlite3_finalize(query);
    return code == SQLITE_ROW ? 1 : code == SQLITE_DONE ? 0 : -1;
}

void experiment_about_done(struct experiment_about *about)
{
    free(about->name);
    free(about->grid);
    free(about->version);
    free(about->seed);
    free(about->kind);
    free(about->rule);
    free(about->variant);
    *about = (struct experiment_about){0};
}
