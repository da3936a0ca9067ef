/*
 * The list of all runs, latest last.
 */
#include <inttypes.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "reports/cell.h"
#include "reports/query.h"
#include "reports/report.h"

struct entry {
    int64_t run, arrived, replication;
    char *started, *scenario, *variant, *algorithm, *seed, *state;
    double p99, errors;
    bool ideal;
};

static void take(struct query *q, struct entry *e)
{
    e->run = query_int(q);
    e->started = query_text(q);
    e->scenario = query_text(q);
    e->variant = query_text(q);
    e->algorithm = query_text(q);
    e->seed = query_text(q);
    e->replication = query_int(q);
    e->state = query_text(q);
    e->arrived = query_int(q);
    e->p99 = query_real(q);
    e->errors = query_real(q);
    e->ideal = query_int(q) != 0;
}

static void drop(struct entry *e)
{
    char *const texts[] = {e->started, e->scenario, e->variant, e->algorithm, e->seed, e->state};
    for (size_t i = 0; i < sizeof texts / sizeof texts[0]; i++)
        free(texts[i]);
}

/* Columns that the scenario's name gets; below 100 columns the seed is left out. */
static size_t name_columns(uint32_t width)
{
    size_t others = width < 100 ? 65 : 77;
    return width < others + 12 ? 12 : width - others > 48 ? 48 : width - others;
}

static void add_head(struct text *out, uint32_t width)
{
    text_addf(out, "%5s  %-16s  ", "RUN", "RECORDED (UTC)");
    cell_left(out, "SCENARIO", name_columns(width));
    text_addf(out, "  %-17s", "ALGORITHM");
    text_addf(out, "%*s", width < 100 ? 0 : 12, width < 100 ? "" : "SEED");
    text_addf(out, "%10s  %9s\n", "P99", "ERRORS");
}

static void add_row(struct text *out, const struct entry *e, uint32_t width)
{
    char buf[2][40];
    struct text algorithm; /* the mark in front, where the column does not cut it off */
    text_init(&algorithm);
    text_addf(&algorithm, "%s%s", e->ideal ? "(ideal) " : "", e->algorithm);
    text_addf(out, "%5" PRId64 "  %-16.16s  ", e->run, e->started);
    cell_left(out, e->scenario, name_columns(width));
    text_addf(out, "  ");
    cell_left(out, algorithm.data, 17);
    text_done(&algorithm);
    text_addf(out, "%*s", width < 100 ? 0 : 12, width < 100 ? "" : e->seed);
    text_addf(out, "%10s  %9s%s\n", cell_ms(buf[0], sizeof buf[0], e->p99),
              cell_share(buf[1], sizeof buf[1], e->errors),
              strcmp(e->state, "done") == 0 ? "" : "  interrupted");
}

static void add_object(struct json *json, const struct entry *e)
{
    json_object(json, NULL);
    json_int(json, "run", e->run);
    json_string(json, "started_utc", e->started);
    json_string(json, "scenario", e->scenario);
    json_string(json, "variant", e->variant);
    json_string(json, "algorithm", e->algorithm);
    json_uint(json, "seed", strtoull(e->seed, NULL, 10));
    json_int(json, "replication", e->replication);
    json_string(json, "state", e->state);
    json_int(json, "arrived", e->arrived);
    json_round(json, "p99_ms", e->p99, 6);
    json_round(json, "errors", e->errors, 6);
    json_end_object(json);
}

static void add_line(struct text *out, const struct entry *e)
{
    text_addf(out, "%" PRId64 ",%s,", e->run, e->started);
    const char *const texts[] = {e->scenario, e->variant, e->algorithm};
    for (size_t i = 0; i < sizeof texts / sizeof texts[0]; i++) {
        cell_csv(out, texts[i]);
        text_addf(out, ",");
    }
    text_addf(out, "%s,%" PRId64 ",%s,%" PRId64 ",", e->seed, e->replication, e->state, e->arrived);
    if (isfinite(e->p99))
        text_addf(out, "%.9g", e->p99);
    text_addf(out, ",");
    if (isfinite(e->errors))
        text_addf(out, "%.9g", e->errors);
    text_addf(out, "\n");
}

int report_list(struct record *record, enum report_form form, uint32_t width, struct text *out,
                struct lb_error *error)
{
    struct query q;
    struct json json;
    json_init(&json);
    json_object(&json, NULL);
    json_list(&json, "runs");
    if (form == REPORT_TABLE)
        add_head(out, width);
    if (form == REPORT_CSV)
        text_addf(out, "run,started_utc,scenario,variant,algorithm,seed,replication,state,arrived,"
                       "p99_ms,errors\n");
    query_open(&q, record,
               "SELECT run, started_utc, scenario, variant, algorithm, seed, replication, state,"
               " arrived, p99_ms, errors, ideal FROM run_summary ORDER BY sequence");
    while (query_next(&q)) {
        struct entry e;
        take(&q, &e);
        if (form == REPORT_TABLE)
            add_row(out, &e, width);
        else if (form == REPORT_CSV)
            add_line(out, &e);
        else
            add_object(&json, &e);
        drop(&e);
    }
    json_end_list(&json);
    json_end_object(&json);
    if (form == REPORT_JSON)
        text_addf(out, "%s\n", json.text.data);
    json_done(&json);
    return query_close(&q, record, error);
}
