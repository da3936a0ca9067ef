/*
 * The observer that records a run while it goes on.
 *
 * The idea: rows go to a database of their own, attached under the name `spool`, that has no file
 * name: SQLite keeps it in its page cache and, beyond 512 KiB, in an unlinked file, so memory is
 * the same for short runs and long ones and nothing is left behind. No lock is taken on the real
 * database before record_finish(). Its journal stays empty, since pages are only added.
 */
#include "sim/record/recorder.h"

#include "sim/base/check.h"
#include "sim/base/wall.h"
#include "sim/record/schema.h"

static const char spool_tables[] =
    "ATTACH '' AS spool; PRAGMA spool.page_size = 8192; PRAGMA spool.cache_size = -512;"
    "PRAGMA spool.journal_mode = MEMORY; PRAGMA spool.synchronous = OFF;"
    "CREATE TABLE spool.sample (at_ns, interval_ns, arrived, ok, failed, in_flight, waiting,"
    " backends);"
    "CREATE TABLE spool.latency (from_ns, until_ns, client, class, cause, count, sum_ns, min_ns,"
    " max_ns, first, buckets);"
    "CREATE TABLE spool.event (n, at_ns, kind, what, backend, target, by_person, belief_from,"
    " belief_to, truth, text)";

static const char *const spool_inserts[SPOOLS] = {
    "INSERT INTO spool.sample VALUES (?,?,?,?,?,?,?,?)",
    "INSERT INTO spool.latency VALUES (?,?,?,?,?,?,?,?,?,?,?)",
    "INSERT INTO spool.event VALUES (?,?,?,?,?,?,?,?,?,?,?)",
};

void bind_int(struct binder *to, int64_t value)
{
    sqlite3_bind_int64(to->statement, ++to->column, value);
}

void bind_count(struct binder *to, uint64_t value)
{
    bind_int(to, value > INT64_MAX ? INT64_MAX : (int64_t)value);
}

void bind_real(struct binder *to, double value)
{
    sqlite3_bind_double(to->statement, ++to->column, value);
}

void bind_text(struct binder *to, const char *value)
{
    sqlite3_bind_text(to->statement, ++to->column, value, -1, SQLITE_TRANSIENT);
}

void bind_null(struct binder *to)
{
    sqlite3_bind_null(to->statement, ++to->column);
}

int bind_step(struct binder *to)
{
    int code = sqlite3_step(to->statement);
    sqlite3_reset(to->statement);
    to->column = 0;
    return code == SQLITE_DONE ? 0 : -1;
}

/* Keeps the first failure for record_finish; the run goes on, nothing more is written. */
static void spool(struct recorder *r, struct binder *to)
{
    if (bind_step(to) == 0)
        return;
    r->failed = true;
    lb_error_set(&r->error, LB_ERROR_SYSTEM, "cannot keep the samples of the run: %s",
                 sqlite3_errmsg(r->record->db));
}

/* A text made in r->text: no copy, since the row is written at once. */
static void bind_scratch(struct binder *to, const struct text *text)
{
    sqlite3_bind_text64(to->statement, ++to->column, text->data, text->size, SQLITE_STATIC,
                        SQLITE_UTF8);
}

static void on_sample(void *self, const struct sample *sample)
{
    struct recorder *r = self;
    if (r->failed)
        return;
    encode_backends(&r->text, sample, r->info.scenario,
                    r->folded && sample->backend_count == r->info.scenario->backend_count);
    struct binder to = {r->insert[SPOOL_SAMPLE], 0};
    bind_int(&to, sample->at);
    bind_int(&to, sample->interval);
    bind_count(&to, sample->arrived);
    bind_count(&to, sample->ok);
    bind_count(&to, sample->failed);
    bind_count(&to, sample->in_flight);
    bind_int(&to, sample->waiting);
    bind_scratch(&to, &r->text);
    spool(r, &to);
}

static void on_bucket(void *self, const struct bucket *bucket)
{
    struct recorder *r = self;
    if (r->failed || bucket->latency->count == 0)
        return;
    uint32_t first = encode_histogram(&r->text, bucket->latency);
    struct binder to = {r->insert[SPOOL_LATENCY], 0};
    bind_int(&to, bucket->from);
    bind_int(&to, bucket->until);
    bind_int(&to, bucket->client);
    bind_int(&to, bucket->class);
    bind_text(&to, bucket->cause < 0 ? "ok" : cause_name((enum cause)bucket->cause));
    bind_count(&to, bucket->latency->count);
    bind_real(&to, bucket->latency->sum);
    bind_int(&to, bucket->latency->min);
    bind_int(&to, bucket->latency->max);
    bind_int(&to, first);
    bind_scratch(&to, &r->text);
    spool(r, &to);
}

static void on_happening(void *self, const struct happening *happening)
{
    static const char *const kinds[] = {"command", "belief", "phase"};
    struct recorder *r = self;
    if (r->failed)
        return;
    bool belief = happening->kind == HAPPENING_BELIEF;
    const char *what = happening->what;
    if (what == NULL)
        what = belief ? belief_name(happening->to) : action_name(happening->action);
    struct binder to = {r->insert[SPOOL_EVENT], 0};
    bind_int(&to, r->events++);
    bind_int(&to, happening->at);
    bind_text(&to, kinds[happening->kind]);
    bind_text(&to, what);
    if (happening->backend < 0)
        bind_null(&to);
    else
        bind_int(&to, happening->backend);
    bind_text(&to, happening->target != NULL ? happening->target : "");
    bind_int(&to, happening->by_person);
    bind_text(&to, belief ? belief_name(happening->from) : NULL);
    bind_text(&to, belief ? belief_name(happening->to) : NULL);
    bind_text(&to, happening->backend < 0 ? NULL : truth_name(happening->truth));
    bind_text(&to, happening->text != NULL ? happening->text : "");
    spool(r, &to);
}

/* The spool, empty, and the statements that fill it. */
static int open_spool(struct recorder *r, struct lb_error *error)
{
    struct sqlite3 *db = r->record->db;
    if (sqlite3_exec(db, spool_tables, NULL, NULL, NULL) != SQLITE_OK)
        return record_fail(db, "prepare the record of a run in", error);
    for (int i = 0; i < SPOOLS; i++)
        if (sqlite3_prepare_v3(db, spool_inserts[i], -1, SQLITE_PREPARE_PERSISTENT, &r->insert[i],
                               NULL) != SQLITE_OK)
            return record_fail(db, "prepare the record of a run in", error);
    /* One transaction for all rows of the spool; it touches nothing else. */
    if (sqlite3_exec(db, "BEGIN", NULL, NULL, NULL) != SQLITE_OK)
        return record_fail(db, "prepare the record of a run in", error);
    return 0;
}

struct recorder *record_begin(struct record *record, const struct record_info *info,
                              struct lb_error *error)
{
    lb_assert(!record->recording);
    struct recorder *r = text_need_zero(1, sizeof *r);
    r->record = record;
    r->info = *info;
    r->folded = !info->all_samples && info->scenario->backend_count > RECORD_BACKENDS_MAX;
    r->started = wall_date();
    text_init(&r->text);
    record->recording = true;
    if (open_spool(r, error) != 0) {
        record_abandon(r);
        return NULL;
    }
    return r;
}

void record_observer(struct recorder *recorder, struct observer *observer)
{
    *observer = (struct observer){
        .self = recorder,
        .on_happening = on_happening,
        .on_sample = recorder->info.no_samples ? NULL : on_sample,
        .on_bucket = on_bucket,
    };
}

void record_abandon(struct recorder *recorder)
{
    if (recorder == NULL)
        return;
    struct sqlite3 *db = recorder->record->db;
    for (int i = 0; i < SPOOLS; i++)
        sqlite3_finalize(recorder->insert[i]);
    if (sqlite3_get_autocommit(db) == 0)
        sqlite3_exec(db, "ROLLBACK", NULL, NULL, NULL);
    sqlite3_exec(db, "DETACH spool", NULL, NULL, NULL);
    recorder->record->recording = false;
    text_done(&recorder->text);
    free(recorder);
}
