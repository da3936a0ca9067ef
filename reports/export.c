/*
 * Runs as JSON and as comma-separated values, for programs; and the list of all runs.
 */
#include <inttypes.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "reports/cell.h"
#include "reports/query.h"
#include "reports/report.h"

static void put_latency(struct json *json, const char *key, const struct report_latency *l)
{
    json_object(json, key);
    if (!isnan(l->mean)) {
        json_round(json, "mean", l->mean, 6);
        json_round(json, "p50", l->p50, 6);
        json_round(json, "p90", l->p90, 6);
        json_round(json, "p99", l->p99, 6);
        json_round(json, "p99_9", l->p99_9, 6);
        json_round(json, "max", l->max, 9);
    }
    json_end_object(json);
}

static void put_counts(struct json *json, const struct report_counts *counts)
{
    json_int(json, "arrived", counts->arrived);
    json_int(json, "ok", counts->ok);
    json_int(json, "failed", counts->failed);
    json_int(json, "in_flight", counts->in_flight);
    json_int(json, "good", counts->good);
    json_int(json, "attempts", counts->attempts);
}

static void put_requests(struct json *json, const struct report_run *run)
{
    json_object(json, "requests");
    put_counts(json, &run->counts);
    json_object(json, "causes");
    for (uint32_t i = 0; i < run->cause_count; i++)
        json_int(json, run->causes[i].name, run->causes[i].count);
    json_end_object(json);
    json_end_object(json);
}

static void put_ledger(struct json *json, const struct report_run *run)
{
    json_list(json, "ledger");
    for (uint32_t i = 0; i < run->ledger_count; i++) {
        const struct report_why *row = &run->ledger[i];
        json_object(json, NULL);
        json_string(json, "outcome", row->outcome);
        if (row->cause != NULL)
            json_string(json, "cause", row->cause);
        json_string(json, "why", row->why);
        json_int(json, "count", row->count);
        json_end_object(json);
    }
    json_end_list(json);
}

static void put_backends(struct json *json, const struct report_run *run)
{
    json_list(json, "backends");
    for (uint32_t i = 0; i < run->backend_count; i++) {
        const struct report_backend *b = &run->backends[i];
        json_object(json, NULL);
        json_string(json, "name", b->name);
        json_int(json, "weight", b->weight);
        json_int(json, "picks", b->picks);
        json_int(json, "ok", b->ok);
        json_int(json, "failed", b->failed);
        json_round(json, "share", b->share, 6);
        json_round(json, "fair_share", b->fair_share, 6);
        json_round(json, "utilization", b->utilization, 6);
        json_round(json, "in_flight_mean", b->in_flight_mean, 6);
        json_round(json, "queue_mean", b->queue_mean, 6);
        json_end_object(json);
    }
    json_end_list(json);
}

static void put_classes(struct json *json, const struct report_run *run)
{
    json_list(json, "classes");
    for (uint32_t i = 0; i < run->class_count; i++) {
        json_object(json, NULL);
        json_string(json, "client", run->classes[i].client);
        json_string(json, "name", run->classes[i].name);
        json_object(json, "requests");
        put_counts(json, &run->classes[i].counts);
        json_end_object(json);
        put_latency(json, "latency_ms", &run->classes[i].latency);
        json_end_object(json);
    }
    json_end_list(json);
}

static void put_events(struct json *json, const struct report_run *run)
{
    json_list(json, "log");
    for (uint32_t i = 0; i < run->event_count; i++) {
        const struct report_event *e = &run->event[i];
        json_object(json, NULL);
        json_round(json, "at_s", e->at_s, 15);
        json_string(json, "kind", e->kind);
        json_string(json, "what", e->what);
        json_string(json, "target", e->target);
        json_string(json, "text", e->text);
        json_end_object(json);
    }
    json_end_list(json);
    json_list(json, "expect");
    for (uint32_t i = 0; i < run->expect_count; i++) {
        const struct report_expect *e = &run->expects[i];
        char buf[40];
        json_object(json, NULL);
        json_string(json, "text", e->text);
        json_bool(json, "holds", e->holds);
        json_string(json, "value", cell_value(buf, sizeof buf, e->unit, e->value));
        json_round(json, "number", e->value, 9);
        json_string(json, "unit", e->unit);
        json_end_object(json);
    }
    json_end_list(json);
}

/* A seed has 64 bits, more than json_int takes. */
static uint64_t seed_of(const struct report_run *run)
{
    return strtoull(run->seed, NULL, 10);
}

static void put_run(struct json *json, const struct report_run *run)
{
    json_object(json, NULL);
    json_int(json, "run", run->id);
    json_string(json, "label", run->label);
    json_string(json, "scenario", run->scenario);
    json_string(json, "variant", run->variant);
    json_string(json, "settings", run->settings);
    json_string(json, "algorithm", run->algorithm);
    json_string(json, "params", run->params);
    json_bool(json, "ideal", run->ideal);
    json_uint(json, "seed", seed_of(run));
    json_int(json, "replication", run->replication);
    json_string(json, "digest", run->digest);
    json_string(json, "version", run->version);
    json_string(json, "build", run->build);
    json_string(json, "started_utc", run->started);
    json_bool(json, "interrupted", strcmp(run->state, "interrupted") == 0);
    json_string(json, "kind", run->kind);
    json_round(json, "simulated_s", run->simulated_s, 12);
    json_round(json, "wall_s", run->wall_s, 4);
    json_int(json, "events", run->events);
    put_requests(json, run);
    put_ledger(json, run);
    put_latency(json, "latency_ms", &run->latency);
    put_latency(json, "response_ms", &run->response);
    json_round(json, "throughput_per_s", run->throughput, 7);
    json_round(json, "goodput_per_s", run->goodput, 7);
    json_round(json, "availability", run->availability, 7);
    json_round(json, "imbalance", run->imbalance, 6);
    put_backends(json, run);
    put_classes(json, run);
    put_events(json, run);
    json_end_object(json);
}

void report_json(const struct report *report, struct json *json)
{
    json_object(json, NULL);
    json_list(json, "runs");
    for (uint32_t i = 0; i < report->run_count; i++)
        put_run(json, &report->runs[i]);
    json_end_list(json);
    json_end_object(json);
}

/* A figure, empty when there is none, and what follows it. */
static void put_figure(struct text *to, double value, const char *after)
{
    if (isfinite(value))
        text_addf(to, "%.9g", value);
    text_addf(to, "%s", after);
}

void report_csv(const struct report *report, struct text *out)
{
    text_addf(out, "run,scenario,variant,algorithm,params,seed,replication,state,digest,version,"
                   "simulated_s,arrived,ok,failed,in_flight,good,attempts,mean_ms,p50_ms,p90_ms,"
                   "p99_ms,p99_9_ms,max_ms,throughput_per_s,goodput_per_s,availability,"
                   "imbalance\n");
    for (uint32_t i = 0; i < report->run_count; i++) {
        const struct report_run *r = &report->runs[i];
        text_addf(out, "%" PRId64 ",", r->id);
        cell_csv(out, r->scenario);
        text_addf(out, ",");
        cell_csv(out, r->variant);
        text_addf(out, ",");
        cell_csv(out, r->algorithm);
        text_addf(out, ",");
        cell_csv(out, r->params);
        text_addf(out, ",");
        text_addf(out, "%s,%" PRId64 ",%s,%s,", r->seed, r->replication, r->state, r->digest);
        cell_csv(out, r->version);
        text_addf(out, ",");
        text_addf(out,
                  "%.12g,%" PRId64 ",%" PRId64 ",%" PRId64 ",%" PRId64 ",%" PRId64 ",%" PRId64 ",",
                  r->simulated_s, r->counts.arrived, r->counts.ok, r->counts.failed,
                  r->counts.in_flight, r->counts.good, r->counts.attempts);
        const double figures[] = {r->latency.mean, r->latency.p50,   r->latency.p90,
                                  r->latency.p99,  r->latency.p99_9, r->latency.max,
                                  r->throughput,   r->goodput,       r->availability};
        for (size_t k = 0; k < sizeof figures / sizeof figures[0]; k++)
            put_figure(out, figures[k], ",");
        put_figure(out, r->imbalance, "\n");
    }
}
