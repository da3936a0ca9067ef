/*
 * Reports: figures, tables and charts of recorded runs. They see the database only.
 *
 * The idea: a report is a list of runs, loaded once; every table and chart is a function of it. The
 * figures come from the views of views.sql, so that they are the same in the terminal, in the
 * charts and in a person's own SQL.
 */
#ifndef REPORTS_REPORT_H
#define REPORTS_REPORT_H

#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>

#include "sim/base/json.h"
#include "sim/record/schema.h"

/* Figures of a run or of a class; NAN = there is none. Times in ms. */
struct report_latency {
    double mean, p50, p90, p99, p99_9, max;
};

struct report_counts {
    int64_t arrived, ok, failed, in_flight, good, attempts;
};

struct report_class {
    char *client, *name;
    struct report_counts counts;
    struct report_latency latency;
};

struct report_backend {
    char *name;
    int64_t weight, picks, ok, failed;
    double share, fair_share, utilization, in_flight_mean, queue_mean;
};

struct report_cause {
    char *name;
    int64_t count;
};

struct report_why {              /* of the ledger */
    char *outcome, *cause, *why; /* cause: NULL when it is only slow */
    int64_t count;
    double share;
};

struct report_expect {
    char *text, *unit;
    bool holds;
    double value; /* in its unit; NAN = nothing to measure it on */
};

struct report_event {
    double at_s;
    char *kind, *what, *target, *text, *name; /* name: of the backend, NULL = none */
    int64_t backend;                          /* -1 = none */
    char *belief_to;                          /* NULL unless kind is "belief" */
};

struct report_run {
    int64_t id;
    char *label; /* what tells this run from the others of the report: "least-connections" */
    char *scenario, *variant, *settings, *algorithm, *params, *seed, *version, *build, *state;
    char *kind, *digest, *started;            /* started: UTC */
    int64_t replication, events, interval_ns; /* interval: between two samples */
    bool ideal;                               /* the algorithm knows what no balancer can know */
    double wall_s, duration_s, warmup_s, simulated_s;
    struct report_counts counts;
    struct report_latency latency, response;
    double throughput, goodput, availability, errors, imbalance;
    struct report_class *classes;
    struct report_backend *backends;
    struct report_cause *causes;
    struct report_why *ledger; /* most frequent first */
    struct report_expect *expects;
    struct report_event *event; /* in order of time */
    uint32_t class_count, backend_count, cause_count, ledger_count, expect_count, event_count;
};

struct report {
    struct record *record; /* borrowed */
    struct report_run *runs;
    uint32_t run_count;
};

/* The largest number of runs of one report. */
#define REPORT_RUNS_MAX 64

/*
 * Loads these runs, in this order. With count 0 the `latest` latest ones, oldest first. 0, or -1
 * with *error (LB_ERROR_INVALID: there is no such run, or none at all). To be freed with
 * report_done in both cases.
 */
int report_load(struct report *report, struct record *record, const int64_t *ids, uint32_t count,
                uint32_t latest, struct lb_error *error);
void report_done(struct report *report);

/* What all runs have in common in a few words, and what not: fills the labels. */
void report_label(struct report *report);

/* One run in full, or several side by side, at most width columns wide. */
void report_print(const struct report *report, FILE *to, uint32_t width);
/* {"runs": [...]}: objects as `run --json` prints them, with what only the record knows. */
void report_json(const struct report *report, struct json *json);
/* A header and one line a run (RFC 4180). */
void report_csv(const struct report *report, struct text *out);

/* The list of all runs for `runs`, latest last: a table at most width columns wide (80 or more),
 * JSON or CSV, added to *out. 0, or -1 with *error. */
enum report_form { REPORT_TABLE, REPORT_JSON, REPORT_CSV };
int report_list(struct record *record, enum report_form form, uint32_t width, struct text *out,
                struct lb_error *error);

enum report_theme { REPORT_LIGHT, REPORT_DARK };

struct report_charts {
    const char *folder; /* made when it is not there */
    enum report_theme theme;
    bool (*stop)(void);  /* asked between charts; NULL = never */
    bool no_gnuplot;     /* out: it is not installed; nothing was drawn */
    bool no_png;         /* out: this gnuplot draws SVG only */
    struct text drawn;   /* out: the names of the files, one a line */
    struct text skipped; /* out: "NAME: why there is nothing to draw", one a line */
};

/*
 * Draws ccdf, time and backends, each as SVG and PNG, into the folder: each under a temporary name
 * that is renamed when it is complete. 0, or -1 with *error (also when gnuplot is missing).
 * error is not NULL. charts->drawn and skipped are initialised and freed by the caller.
 */
int report_draw(const struct report *report, struct report_charts *charts, struct lb_error *error);

#endif
