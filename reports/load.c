/*
 * Runs from the database: one function a table or view.
 */
#include <inttypes.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "reports/query.h"
#include "reports/report.h"
#include "sim/base/text.h"

/* Room for one more element of `size` bytes at the end of a list; zeroed. */
static void *grow(void *list, uint32_t *count, size_t size)
{
    char *more = list;
    if ((*count & (*count - 1)) == 0) /* 0, 1, 2, 4, ...: full */
        more = text_need_more(list, (*count == 0 ? 1 : 2 * (size_t)*count) * size);
    memset(more + *count * size, 0, size);
    (*count)++;
    return more;
}

static void take_counts(struct query *q, struct report_counts *to)
{
    to->arrived = query_int(q);
    to->ok = query_int(q);
    to->failed = query_int(q);
    to->in_flight = query_int(q);
    to->good = query_int(q);
    to->attempts = query_int(q);
}

static void take_latency(struct query *q, struct report_latency *to)
{
    to->mean = query_real(q);
    to->p50 = query_real(q);
    to->p90 = query_real(q);
    to->p99 = query_real(q);
    to->p99_9 = query_real(q);
    to->max = query_real(q);
}

static const char run_sql[] =
    "SELECT scenario, variant, settings, algorithm, params, seed, version, build, state, kind,"
    " digest, started_utc, replication, events, sample_ns, ideal, wall_s, duration_s, warmup_s, "
    "simulated_s,"
    " arrived, ok, failed, in_flight, good, attempts, mean_ms, p50_ms, p90_ms, p99_ms, p99_9_ms,"
    " max_ms, response_mean_ms, response_max_ms, throughput_per_s, goodput_per_s, availability, "
    "errors, imbalance"
    " FROM run_summary WHERE run = ?";

static void take_run(struct query *q, struct report_run *run)
{
    char **const texts[] = {&run->scenario, &run->variant, &run->settings, &run->algorithm,
                            &run->params,   &run->seed,    &run->version,  &run->build,
                            &run->state,    &run->kind,    &run->digest,   &run->started};
    for (size_t i = 0; i < sizeof texts / sizeof texts[0]; i++)
        *texts[i] = query_text(q);
    run->replication = query_int(q);
    run->events = query_int(q);
    run->interval_ns = query_int(q);
    run->ideal = query_int(q) != 0;
    run->wall_s = query_real(q);
    run->duration_s = query_real(q);
    run->warmup_s = query_real(q);
    run->simulated_s = query_real(q);
    take_counts(q, &run->counts);
    take_latency(q, &run->latency);
    run->response.mean = query_real(q);
    run->response.max = query_real(q);
    run->throughput = query_real(q);
    run->goodput = query_real(q);
    run->availability = query_real(q);
    run->errors = query_real(q);
    run->imbalance = query_real(q);
}

static int load_run(struct report *report, struct report_run *run, struct lb_error *error)
{
    struct query q;
    query_open(&q, report->record, run_sql);
    query_bind(&q, run->id);
    bool found = query_next(&q);
    if (found)
        take_run(&q, run);
    if (query_close(&q, report->record, error) != 0)
        return -1;
    if (!found)
        return lb_error_set(error, LB_ERROR_INVALID,
                            "there is no run %" PRId64 " in '%s' (lbsim runs lists them)", run->id,
                            record_path(report->record));
    return 0;
}

static int load_response(struct report *report, struct report_run *run, struct lb_error *error)
{
    double *const to[] = {&run->response.p50, &run->response.p90, &run->response.p99,
                          &run->response.p99_9};
    struct query q;
    query_open(&q, report->record,
               "SELECT response_ms FROM response_quantile WHERE run = ? ORDER BY p");
    query_bind(&q, run->id);
    for (size_t i = 0; i < sizeof to / sizeof to[0]; i++)
        *to[i] = query_next(&q) ? query_real(&q) : NAN;
    return query_close(&q, report->record, error);
}

static int load_classes(struct report *report, struct report_run *run, struct lb_error *error)
{
    struct query q;
    query_open(&q, report->record,
               "SELECT client_name, name, arrived, ok, failed, in_flight, good, attempts, mean_ms,"
               " p50_ms, p90_ms, p99_ms, p99_9_ms, max_ms FROM class_summary WHERE run = ?"
               " ORDER BY client, class");
    query_bind(&q, run->id);
    while (query_next(&q)) {
        run->classes = grow(run->classes, &run->class_count, sizeof *run->classes);
        struct report_class *class = &run->classes[run->class_count - 1];
        class->client = query_text(&q);
        class->name = query_text(&q);
        take_counts(&q, &class->counts);
        take_latency(&q, &class->latency);
    }
    return query_close(&q, report->record, error);
}

static int load_backends(struct report *report, struct report_run *run, struct lb_error *error)
{
    struct query q;
    query_open(&q, report->record,
               "SELECT name, weight, picks, ok, failed, share, fair_share, utilization,"
               " in_flight_mean, queue_mean FROM backend_summary WHERE run = ? ORDER BY n");
    query_bind(&q, run->id);
    while (query_next(&q)) {
        run->backends = grow(run->backends, &run->backend_count, sizeof *run->backends);
        struct report_backend *b = &run->backends[run->backend_count - 1];
        b->name = query_text(&q);
        b->weight = query_int(&q);
        b->picks = query_int(&q);
        b->ok = query_int(&q);
        b->failed = query_int(&q);
        b->share = query_real(&q);
        b->fair_share = query_real(&q);
        b->utilization = query_real(&q);
        b->in_flight_mean = query_real(&q);
        b->queue_mean = query_real(&q);
    }
    return query_close(&q, report->record, error);
}

static int load_causes(struct report *report, struct report_run *run, struct lb_error *error)
{
    struct query q;
    query_open(&q, report->record,
               "SELECT cause, count FROM cause_summary WHERE run = ? ORDER BY count DESC, cause");
    query_bind(&q, run->id);
    while (query_next(&q)) {
        run->causes = grow(run->causes, &run->cause_count, sizeof *run->causes);
        run->causes[run->cause_count - 1].name = query_text(&q);
        run->causes[run->cause_count - 1].count = query_int(&q);
    }
    return query_close(&q, report->record, error);
}

static int load_ledger(struct report *report, struct report_run *run, struct lb_error *error)
{
    struct query q;
    query_open(&q, report->record,
               "SELECT outcome, cause, why, count, share FROM ledger_summary WHERE run = ?"
               " ORDER BY count DESC, outcome, cause, why");
    query_bind(&q, run->id);
    while (query_next(&q)) {
        run->ledger = grow(run->ledger, &run->ledger_count, sizeof *run->ledger);
        struct report_why *row = &run->ledger[run->ledger_count - 1];
        row->outcome = query_text(&q);
        row->cause = query_text_or_null(&q);
        row->why = query_text(&q);
        row->count = query_int(&q);
        row->share = query_real(&q);
    }
    return query_close(&q, report->record, error);
}

static int load_expects(struct report *report, struct report_run *run, struct lb_error *error)
{
    struct query q;
    query_open(&q, report->record,
               "SELECT text, unit, holds, value FROM expect WHERE run = ? ORDER BY n");
    query_bind(&q, run->id);
    while (query_next(&q)) {
        run->expects = grow(run->expects, &run->expect_count, sizeof *run->expects);
        struct report_expect *e = &run->expects[run->expect_count - 1];
        e->text = query_text(&q);
        e->unit = query_text(&q);
        e->holds = query_int(&q) != 0;
        e->value = query_real(&q);
    }
    return query_close(&q, report->record, error);
}

static int load_events(struct report *report, struct report_run *run, struct lb_error *error)
{
    struct query q;
    query_open(&q, report->record,
               "SELECT at_ns / 1e9, kind, what, target, text, coalesce(e.backend, -1), b.name,"
               " belief_to FROM event AS e LEFT JOIN backend AS b ON b.run = e.run AND"
               " b.n = e.backend WHERE e.run = ? ORDER BY e.n");
    query_bind(&q, run->id);
    while (query_next(&q)) {
        run->event = grow(run->event, &run->event_count, sizeof *run->event);
        struct report_event *e = &run->event[run->event_count - 1];
        e->at_s = query_real(&q);
        e->kind = query_text(&q);
        e->what = query_text(&q);
        e->target = query_text(&q);
        e->text = query_text(&q);
        e->backend = query_int(&q);
        e->name = query_text_or_null(&q);
        e->belief_to = query_text_or_null(&q);
    }
    return query_close(&q, report->record, error);
}

/* The numbers of the latest runs, oldest first, into ids; how many there were. */
static int find_latest(struct record *record, int64_t *ids, uint32_t *count, uint32_t latest,
                       struct lb_error *error)
{
    struct query q;
    query_open(&q, record,
               "SELECT id FROM (SELECT id, sequence FROM run ORDER BY sequence DESC LIMIT ?)"
               " ORDER BY sequence");
    query_bind(&q, latest);
    *count = 0;
    while (*count < latest && query_next(&q))
        ids[(*count)++] = query_int(&q);
    if (query_close(&q, record, error) != 0)
        return -1;
    if (*count == 0)
        return lb_error_set(error, LB_ERROR_INVALID,
                            "there is no run in '%s' yet (lbsim run FILE records one)",
                            record_path(record));
    return 0;
}

int report_load(struct report *report, struct record *record, const int64_t *ids, uint32_t count,
                uint32_t latest, struct lb_error *error)
{
    static int (*const parts[])(struct report *, struct report_run *, struct lb_error *) = {
        load_run,    load_response, load_classes, load_backends,
        load_causes, load_ledger,   load_expects, load_events,
    };
    int64_t found[REPORT_RUNS_MAX];
    *report = (struct report){.record = record};
    if (count == 0) {
        latest = latest > REPORT_RUNS_MAX ? REPORT_RUNS_MAX : latest;
        if (find_latest(record, found, &count, latest, error) != 0)
            return -1;
        ids = found;
    }
    if (count > REPORT_RUNS_MAX)
        return lb_error_set(error, LB_ERROR_INVALID, "at most %d runs in one report",
                            REPORT_RUNS_MAX);
    report->runs = text_need_zero(count, sizeof *report->runs);
    report->run_count = count;
    for (uint32_t i = 0; i < count; i++) {
        report->runs[i].id = ids[i];
        for (size_t part = 0; part < sizeof parts / sizeof parts[0]; part++)
            if (parts[part](report, &report->runs[i], error) != 0)
                return -1;
    }
    report_label(report);
    return 0;
}

static void free_run(struct report_run *run)
{
    char *const texts[] = {run->label,  run->scenario, run->variant, run->settings, run->algorithm,
                           run->params, run->seed,     run->version, run->build,    run->state,
                           run->kind,   run->digest,   run->started};
    for (size_t i = 0; i < sizeof texts / sizeof texts[0]; i++)
        free(texts[i]);
    for (uint32_t i = 0; i < run->class_count; i++) {
        free(run->classes[i].client);
        free(run->classes[i].name);
    }
    for (uint32_t i = 0; i < run->backend_count; i++)
        free(run->backends[i].name);
    for (uint32_t i = 0; i < run->cause_count; i++)
        free(run->causes[i].name);
    for (uint32_t i = 0; i < run->ledger_count; i++) {
        free(run->ledger[i].outcome);
        free(run->ledger[i].cause);
        free(run->ledger[i].why);
    }
    for (uint32_t i = 0; i < run->expect_count; i++) {
        free(run->expects[i].text);
        free(run->expects[i].unit);
    }
    for (uint32_t i = 0; i < run->event_count; i++) {
        struct report_event *e = &run->event[i];
        char *const words[] = {e->kind, e->what, e->target, e->text, e->name, e->belief_to};
        for (size_t k = 0; k < sizeof words / sizeof words[0]; k++)
            free(words[k]);
    }
    free(run->classes);
    free(run->backends);
    free(run->causes);
    free(run->ledger);
    free(run->expects);
    free(run->event);
}

void report_done(struct report *report)
{
    for (uint32_t i = 0; i < report->run_count; i++)
        free_run(&report->runs[i]);
    free(report->runs);
    *report = (struct report){0};
}
