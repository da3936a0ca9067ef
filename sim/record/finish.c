/*
 * The end of a run: everything into the database, in one short transaction.
 */
#include <inttypes.h>
#include <string.h>

#include "sim/base/check.h"
#include "sim/base/wall.h"
#include "sim/record/recorder.h"
#include "sim/record/schema.h"

/* What is being written. Functions return 0, or -1 with the connection's error set. */
struct writer {
    struct recorder *r;
    const struct scenario *scenario;
    const struct summary *summary;
    struct sqlite3 *db;
    int64_t scenario_row, run;
    char hash[17], digest[17], seed[24];
    char *params;
    struct record_result result;
};

static int prepare(const struct writer *w, struct binder *to, const char *sql)
{
    to->column = 0;
    return sqlite3_prepare_v2(w->db, sql, -1, &to->statement, NULL) == SQLITE_OK ? 0 : -1;
}

/* Ends a statement; the result of the last row that failed, if any, stays. */
static int finish(struct binder *to, int result)
{
    sqlite3_finalize(to->statement);
    return result;
}

static int execute(const struct writer *w, const char *sql)
{
    return sqlite3_exec(w->db, sql, NULL, NULL, NULL) == SQLITE_OK ? 0 : -1;
}

static int write_scenario(struct writer *w)
{
    const struct scenario *s = w->scenario;
    struct binder to;
    if (prepare(w, &to,
                "INSERT INTO scenario (hash, name, about, path, text, settings)"
                " VALUES (?,?,?,?,?,?) ON CONFLICT (hash) DO NOTHING") != 0)
        return -1;
    bind_text(&to, w->hash);
    bind_text(&to, s->name != NULL ? s->name : "");
    bind_text(&to, s->about != NULL ? s->about : "");
    bind_text(&to, s->path != NULL ? s->path : "");
    bind_text(&to, s->source != NULL ? s->source : "");
    bind_text(&to, s->settings != NULL ? s->settings : "");
    if (finish(&to, bind_step(&to)) != 0 ||
        prepare(w, &to, "SELECT id FROM scenario WHERE hash = ?") != 0)
        return -1;
    bind_text(&to, w->hash);
    int code = sqlite3_step(to.statement);
    w->scenario_row = sqlite3_column_int64(to.statement, 0);
    return finish(&to, code == SQLITE_ROW ? 0 : -1);
}

/* A whole run of the same key makes room and leaves its number. */
static int make_room(struct writer *w)
{
    struct binder to;
    if (w->summary->interrupted)
        return 0;
    if (prepare(w, &to,
                "SELECT id, digest FROM run WHERE scenario = ? AND coalesce(cell, 0) = 0 AND"
                " variant = ? AND algorithm = ? AND params = ? AND seed = ? AND replication = ?"
                " AND version = ? AND state = 'done'") != 0)
        return -1;
    bind_int(&to, w->scenario_row);
    bind_text(&to, w->scenario->variant);
    bind_text(&to, w->summary->algorithm);
    bind_text(&to, w->params);
    bind_text(&to, w->seed);
    bind_int(&to, w->summary->replication);
    bind_text(&to, w->r->info.version);
    int code = sqlite3_step(to.statement);
    if (code == SQLITE_ROW) {
        const char *before = (const char *)sqlite3_column_text(to.statement, 1);
        w->run = sqlite3_column_int64(to.statement, 0);
        w->result.again = true;
        w->result.digest_before = strtoull(before, NULL, 16);
        w->result.other_digest = w->result.digest_before != w->summary->digest;
    }
    finish(&to, 0);
    if (code == SQLITE_DONE)
        return 0;
    if (code != SQLITE_ROW || prepare(w, &to, "DELETE FROM run WHERE id = ?") != 0)
        return -1;
    bind_int(&to, w->run);
    return finish(&to, bind_step(&to));
}

/* Sum, minimum and maximum; no extremes when there is nothing. */
static void bind_extremes(struct binder *to, const struct histogram *h)
{
    bind_real(to, h->sum);
    if (h->count == 0) {
        bind_null(to);
        bind_null(to);
    } else {
        bind_int(to, h->min);
        bind_int(to, h->max);
    }
}

static void bind_response(struct binder *to, struct recorder *r, const struct histogram *h)
{
    uint32_t first = encode_histogram(&r->text, h);
    bind_count(to, h->count);
    bind_extremes(to, h);
    bind_int(to, first);
    bind_text(to, r->text.data);
}

static void bind_counts(struct binder *to, const struct summary_counts *counts)
{
    bind_count(to, counts->arrived);
    bind_count(to, counts->ok);
    bind_count(to, counts->failed);
    bind_count(to, counts->in_flight);
    bind_count(to, counts->good);
    bind_count(to, counts->attempts);
}

/* Totals of circuit breakers; NULL, and not 0, when there are none. */
static void bind_breakers(struct binder *to, const struct summary_breakers *b)
{
    const uint64_t counts[] = {b->opened, b->reopened, b->closed};
    for (size_t i = 0; i < sizeof counts / sizeof counts[0]; i++)
        if (b->any)
            bind_count(to, counts[i]);
        else
            bind_null(to);
    if (b->any)
        bind_real(to, b->away_s);
    else
        bind_null(to);
}

static void bind_origin(struct binder *to, struct writer *w)
{
    struct recorder *r = w->r;
    const struct lb_algorithm *algorithm = w->scenario->balancer.algorithm;
    bind_int(to, w->scenario_row);
    bind_text(to, w->scenario->variant);
    bind_text(to, w->summary->algorithm);
    bind_text(to, w->params);
    bind_int(to, lb_ideal(algorithm));
    bind_text(to, w->seed);
    bind_int(to, w->summary->replication);
    bind_text(to, r->info.version);
    bind_text(to, r->info.build != NULL ? r->info.build : r->info.version);
    encode_library(&r->text);
    bind_text(to, r->text.data);
    encode_processor(&r->text);
    bind_text(to, r->text.data);
}

static int write_run(struct writer *w)
{
    const struct summary *s = w->summary;
    const struct scenario_run *run = &w->scenario->run;
    struct binder to;
    if (prepare(w, &to,
                "INSERT INTO run (id, sequence, scenario, variant, algorithm, params, ideal, seed,"
                " replication, version, build, libc, cpu, state, digest, started_s, wall_s, events,"
                " kind, duration_ns, warmup_ns, sample_ns, simulated_s, arrived, ok, failed,"
                " in_flight, good, attempts, latency_sum_ns, latency_min_ns, latency_max_ns, "
                "response_count, response_sum_ns, response_min_ns,"
                " response_max_ns, response_first, response_buckets, breaker_opened,"
                " breaker_reopened, breaker_closed, breaker_away_s) SELECT ?, "
                "coalesce(max(sequence), 0) + 1,"
                " ?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?"
                " FROM run") != 0)
        return -1;
    if (w->run != 0)
        bind_int(&to, w->run);
    else
        bind_null(&to);
    bind_origin(&to, w);
    bind_text(&to, s->interrupted ? "interrupted" : "done");
    bind_text(&to, w->digest);
    bind_int(&to, w->r->started);
    bind_real(&to, s->wall_s);
    bind_count(&to, s->events);
    bind_text(&to, run->transient ? "transient" : "steady");
    bind_int(&to, run->duration);
    bind_int(&to, run->warmup);
    bind_int(&to, run->sample);
    bind_real(&to, s->simulated_s);
    bind_counts(&to, &s->counts);
    bind_extremes(&to, &s->latency);
    bind_response(&to, w->r, &s->response);
    bind_breakers(&to, &s->breakers);
    if (finish(&to, bind_step(&to)) != 0)
        return -1;
    w->run = sqlite3_last_insert_rowid(w->db);
    w->result.run = w->run;
    return 0;
}

/* The row of `outcome` of this class and word, unless there was none. */
static int write_outcome(struct writer *w, struct binder *to, uint32_t client, uint32_t class,
                         const char *cause, uint64_t count)
{
    if (count == 0)
        return 0;
    bind_int(to, w->run);
    bind_int(to, client);
    bind_int(to, class);
    bind_text(to, cause);
    bind_count(to, count);
    return bind_step(to);
}

static int write_class(struct writer *w, struct binder *to, struct binder *outcome, uint32_t client,
                       uint32_t class)
{
    const struct scenario_client *c = &w->scenario->clients[client];
    const struct summary_class *s = &w->summary->classes[c->class_first + class];
    bind_int(to, w->run);
    bind_int(to, client);
    bind_int(to, class);
    bind_text(to, c->name);
    bind_text(to, c->classes[class].name);
    bind_real(to, c->classes[class].share);
    bind_int(to, c->timeout);
    bind_int(to, c->objective);
    bind_counts(to, &s->counts);
    bind_extremes(to, &s->latency);
    if (bind_step(to) != 0 || write_outcome(w, outcome, client, class, "ok", s->counts.ok) != 0)
        return -1;
    for (int cause = 0; cause < CAUSES; cause++)
        if (write_outcome(w, outcome, client, class, cause_name((enum cause)cause),
                          s->counts.cause[cause]) != 0)
            return -1;
    return 0;
}

static int write_classes(struct writer *w)
{
    struct binder to, outcome;
    int result = 0;
    if (prepare(w, &to, "INSERT INTO class VALUES (?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?)") != 0)
        return -1;
    if (prepare(w, &outcome, "INSERT INTO outcome VALUES (?,?,?,?,?)") != 0)
        return finish(&to, -1);
    for (uint32_t i = 0; i < w->scenario->client_count && result == 0; i++)
        for (uint32_t k = 0; k < w->scenario->clients[i].class_count && result == 0; k++)
            result = write_class(w, &to, &outcome, i, k);
    finish(&outcome, 0);
    return finish(&to, result);
}

static int write_class_ledger(struct writer *w, struct binder *to, uint32_t client, uint32_t class)
{
    const struct summary_class *s =
        &w->summary->classes[w->scenario->clients[client].class_first + class];
    int result = 0;
    for (uint32_t i = 0; i < s->ledger_count && result == 0; i++) {
        const struct summary_why *row = &s->ledger[i];
        bind_int(to, w->run);
        bind_int(to, client);
        bind_int(to, class);
        bind_text(to, row->cause < 0 ? "slow" : "failed");
        bind_text(to, row->cause < 0 ? "" : cause_name((enum cause)row->cause));
        bind_text(to, row->why);
        bind_count(to, row->count);
        result = bind_step(to);
    }
    return result;
}

static int write_ledger(struct writer *w)
{
    struct binder to;
    int result = 0;
    if (prepare(w, &to, "INSERT INTO ledger VALUES (?,?,?,?,?,?,?)") != 0)
        return -1;
    for (uint32_t i = 0; i < w->scenario->client_count && result == 0; i++)
        for (uint32_t k = 0; k < w->scenario->clients[i].class_count && result == 0; k++)
            result = write_class_ledger(w, &to, i, k);
    return finish(&to, result);
}

/* The occupied buckets of one histogram, with what lies below each. */
static int write_total(struct writer *w, struct binder *to, int64_t client, int64_t class,
                       const struct histogram *h)
{
    if (h->count == 0)
        return 0;
    uint32_t last = histogram_bucket(h->max);
    uint64_t below = 0;
    for (uint32_t i = histogram_bucket(h->min); i <= last; i++) {
        if (h->bucket[i] == 0)
            continue;
        bind_int(to, w->run);
        bind_int(to, client);
        bind_int(to, class);
        bind_int(to, i);
        bind_count(to, below);
        bind_count(to, h->bucket[i]);
        if (bind_step(to) != 0)
            return -1;
        below += h->bucket[i];
    }
    return 0;
}

static int write_totals(struct writer *w)
{
    struct binder to;
    if (prepare(w, &to, "INSERT INTO latency_total VALUES (?,?,?,?,?,?)") != 0)
        return -1;
    int result = write_total(w, &to, -1, -1, &w->summary->latency);
    for (uint32_t i = 0; i < w->scenario->client_count; i++) {
        const struct scenario_client *c = &w->scenario->clients[i];
        for (uint32_t k = 0; k < c->class_count && result == 0; k++)
            result = write_total(w, &to, i, k, &w->summary->classes[c->class_first + k].latency);
    }
    return finish(&to, result);
}

static int write_backends(struct writer *w)
{
    struct binder to;
    int result = 0;
    if (prepare(w, &to, "INSERT INTO backend VALUES (?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?)") != 0)
        return -1;
    for (uint32_t i = 0; i < w->summary->backend_count && result == 0; i++) {
        const struct summary_backend *b = &w->summary->backends[i];
        const struct scenario_backend *s = &w->scenario->backends[i];
        bind_int(&to, w->run);
        bind_int(&to, i);
        bind_text(&to, b->name);
        bind_text(&to, w->scenario->groups[b->group].name);
        bind_int(&to, s->tier);
        bind_int(&to, s->weight);
        bind_int(&to, b->weight);
        bind_int(&to, s->slots);
        bind_real(&to, s->speed);
        bind_count(&to, b->picks);
        bind_count(&to, b->ok);
        bind_count(&to, b->failed);
        bind_real(&to, b->utilization);
        bind_real(&to, b->in_flight_mean);
        bind_real(&to, b->queue_mean);
        if (w->summary->breakers.any) {
            bind_count(&to, b->breaker_opened);
            bind_real(&to, b->breaker_away);
        } /* else they stay NULL */
        result = bind_step(&to);
    }
    return finish(&to, result);
}

static uint64_t slots_of(const struct scenario *s, bool folded, uint32_t i)
{
    uint32_t first = folded ? s->groups[i].first : i;
    uint32_t end = folded ? first + s->groups[i].count : i + 1;
    uint64_t slots = 0;
    for (; first < end; first++)
        slots += s->backends[first].slots;
    return slots;
}

/* What the n-th list of each sample stands for. */
static int write_sampled(struct writer *w)
{
    const struct scenario *s = w->scenario;
    struct binder to;
    int result = 0;
    if (w->r->info.no_samples)
        return 0;
    if (prepare(w, &to, "INSERT INTO sampled VALUES (?,?,?,?,?,?)") != 0)
        return -1;
    uint32_t count = w->r->folded ? s->group_count : s->backend_count;
    for (uint32_t i = 0; i < count && result == 0; i++) {
        bind_int(&to, w->run);
        bind_int(&to, i);
        bind_text(&to, w->r->folded ? s->groups[i].name : s->backends[i].name);
        bind_int(&to, w->r->folded ? s->groups[i].first : i);
        bind_int(&to, w->r->folded ? s->groups[i].count : 1);
        bind_count(&to, slots_of(s, w->r->folded, i));
        result = bind_step(&to);
    }
    return finish(&to, result);
}

static int write_expects(struct writer *w)
{
    static const char *const units[] = {"ns", "per second", "share", "count"};
    struct binder to;
    int result = 0;
    if (prepare(w, &to, "INSERT INTO expect VALUES (?,?,?,?,?,?)") != 0)
        return -1;
    for (uint32_t i = 0; i < w->summary->expect_count && result == 0; i++) {
        const struct summary_expect *e = &w->summary->expects[i];
        bind_int(&to, w->run);
        bind_int(&to, i);
        bind_text(&to, e->text);
        bind_int(&to, e->holds);
        if (e->known)
            bind_real(&to, e->value);
        else
            bind_null(&to);
        bind_text(&to, e->ratio ? "ratio" : units[e->unit]);
        result = bind_step(&to);
    }
    return finish(&to, result);
}

static int write_balancers(struct writer *w)
{
    return record_write_balancers(w->db, w->run, w->summary);
}

/* What was recorded while the run went on. */
static int copy_spool(struct writer *w)
{
    static const char *const copies[SPOOLS] = {
        "INSERT OR IGNORE INTO sample SELECT ?, at_ns, 0, interval_ns, arrived, ok, failed, "
        "in_flight,"
        " waiting, backends FROM spool.sample",
        "INSERT INTO latency SELECT ?, from_ns, until_ns, client, class, cause, count, sum_ns,"
        " min_ns, max_ns, first, buckets FROM spool.latency",
        "INSERT INTO event SELECT ?, n, at_ns, kind, what, backend, target, by_person, belief_from,"
        " belief_to, truth, text FROM spool.event",
    };
    for (int i = 0; i < SPOOLS; i++) {
        struct binder to;
        if (prepare(w, &to, copies[i]) != 0)
            return -1;
        bind_int(&to, w->run);
        if (finish(&to, bind_step(&to)) != 0)
            return -1;
    }
    return 0;
}

static int write_all(struct writer *w)
{
    static int (*const parts[])(struct writer *) = {
        write_scenario, make_room,     write_run,     write_classes, write_ledger,    write_totals,
        write_backends, write_sampled, write_expects, copy_spool,    write_balancers,
    };
    for (size_t i = 0; i < sizeof parts / sizeof parts[0]; i++)
        if (parts[i](w) != 0)
            return -1;
    return 0;
}

/* Ends the transaction of the spool, then does it all in one of the database. */
static int write_transaction(struct writer *w, struct lb_error *error)
{
    if (w->r->failed) {
        if (error != NULL)
            *error = w->r->error;
        return -1;
    }
    if (execute(w, "COMMIT") == 0 && execute(w, "BEGIN IMMEDIATE") == 0 && write_all(w) == 0 &&
        execute(w, "COMMIT") == 0)
        return 0;
    return record_fail(w->db, "record the run in", error);
}

int record_finish(struct recorder *recorder, const struct summary *summary,
                  struct record_result *result, struct lb_error *error)
{
    struct writer w = {
        .r = recorder,
        .scenario = recorder->info.scenario,
        .summary = summary,
        .db = recorder->record->db,
    };
    lb_assert(summary->backend_count <= w.scenario->backend_count);
    lb_assert(summary->class_count == w.scenario->class_total);
    snprintf(w.hash, sizeof w.hash, "%016" PRIx64, w.scenario->hash);
    snprintf(w.digest, sizeof w.digest, "%016" PRIx64, summary->digest);
    snprintf(w.seed, sizeof w.seed, "%" PRIu64, summary->seed);
    encode_params(&recorder->text, &w.scenario->balancer);
    w.params = text_copy(recorder->text.data != NULL ? recorder->text.data : "");
    int status = write_transaction(&w, error);
    free(w.params);
    if (status == 0 && result != NULL)
        *result = w.result;
    record_abandon(recorder); /* rolls back what was not committed, and frees */
    return status;
}
