/*
 * The record: what goes in comes out, in the words of the summary; one transaction a run.
 */
#include <inttypes.h>
#include <math.h>
#include <sqlite3.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "sim/base/text.h"
#include "sim/base/units.h"
#include "sim/record/schema.h"
#include "tests/check.h"
#include "tests/unit/made_up.h"

/* The first column of the first row as a number; NAN for NULL or no row. */
static double ask(struct record *record, const char *sql)
{
    sqlite3_stmt *query;
    double value = NAN;
    int code = sqlite3_prepare_v2(record_database(record), sql, -1, &query, NULL);
    if (code != SQLITE_OK)
        printf("\n%s: %s\n", sql, sqlite3_errmsg(record_database(record)));
    CU_ASSERT(code == SQLITE_OK);
    if (code == SQLITE_OK && sqlite3_step(query) == SQLITE_ROW &&
        sqlite3_column_type(query, 0) != SQLITE_NULL)
        value = sqlite3_column_double(query, 0);
    sqlite3_finalize(query);
    return value;
}

static bool says(struct record *record, const char *sql, const char *expected)
{
    sqlite3_stmt *query;
    bool same = false;
    if (sqlite3_prepare_v2(record_database(record), sql, -1, &query, NULL) == SQLITE_OK &&
        sqlite3_step(query) == SQLITE_ROW) {
        const char *text = (const char *)sqlite3_column_text(query, 0);
        same = text != NULL && strcmp(text, expected) == 0;
        if (!same)
            printf("\n%s gives '%s', not '%s'\n", sql, text != NULL ? text : "NULL", expected);
    }
    sqlite3_finalize(query);
    return same;
}

static struct record *open_memory(void)
{
    struct lb_error error = {0};
    struct record *record = record_open(":memory:", RECORD_WRITE, &error);
    if (record == NULL)
        printf("\n%s\n", error.text);
    CU_ASSERT_FATAL(record != NULL);
    return record;
}

/* Every figure of the summary, from the views. */
static void compare(struct record *record, const struct summary *s)
{
    CHECK_CLOSE(ask(record, "SELECT mean_ms FROM run_summary"), histogram_mean(&s->latency) / 1e6,
                1e-12);
    CHECK_CLOSE(ask(record, "SELECT p50_ms FROM run_summary"),
                histogram_quantile(&s->latency, 0.5) / 1e6, 1e-12);
    CHECK_CLOSE(ask(record, "SELECT p90_ms FROM run_summary"),
                histogram_quantile(&s->latency, 0.9) / 1e6, 1e-12);
    CHECK_CLOSE(ask(record, "SELECT p99_ms FROM run_summary"),
                histogram_quantile(&s->latency, 0.99) / 1e6, 1e-12);
    CHECK_CLOSE(ask(record, "SELECT p99_9_ms FROM run_summary"),
                histogram_quantile(&s->latency, 0.999) / 1e6, 1e-12);
    CHECK_CLOSE(ask(record, "SELECT max_ms FROM run_summary"), (double)s->latency.max / 1e6, 1e-12);
    CHECK_CLOSE(ask(record, "SELECT throughput_per_s FROM run_summary"), s->throughput, 1e-12);
    CHECK_CLOSE(ask(record, "SELECT goodput_per_s FROM run_summary"), s->goodput, 1e-12);
    CHECK_CLOSE(ask(record, "SELECT availability FROM run_summary"), s->availability, 1e-12);
    CHECK_CLOSE(ask(record, "SELECT 1 - errors FROM run_summary"), s->availability, 1e-12);
    CHECK_CLOSE(ask(record, "SELECT imbalance FROM run_summary"), s->imbalance, 1e-12);
    CU_ASSERT(ask(record, "SELECT arrived FROM run_summary") == (double)s->counts.arrived);
    CU_ASSERT(ask(record, "SELECT ok FROM run_summary") == (double)s->counts.ok);
    CU_ASSERT(ask(record, "SELECT sum(count) FROM latency WHERE cause = 'ok'") ==
              (double)s->counts.ok);
    CU_ASSERT(ask(record, "SELECT sum(count) FROM latency_total WHERE client >= 0") ==
              (double)s->counts.ok);
    CU_ASSERT(ask(record, "SELECT sum(count) FROM outcome") == (double)s->counts.arrived);
    CHECK_CLOSE(ask(record, "SELECT response_mean_ms FROM run_summary"),
                histogram_mean(&s->response) / 1e6, 1e-12);
    CHECK_CLOSE(ask(record, "SELECT response_ms FROM response_quantile WHERE p = 0.5"),
                histogram_quantile(&s->response, 0.5) / 1e6, 1e-12);
    CHECK_CLOSE(ask(record, "SELECT response_ms FROM response_quantile WHERE p = 0.999"),
                histogram_quantile(&s->response, 0.999) / 1e6, 1e-12);
}

static void test_figures(void)
{
    for (uint64_t seed = 1; seed <= 8; seed++) {
        struct record *record = open_memory();
        struct made_up m;
        struct lb_error error = {0};
        made_up_init(&m, 2 + (uint32_t)seed * 3, 4 + (uint32_t)seed * 5, seed);
        CU_ASSERT(made_up_record(&m, record, NULL, &error) == 0);
        compare(record, &m.summary);
        made_up_done(&m);
        record_close(record);
    }
}

/* Few values: each of them its own bucket, and one value only. */
static void test_figures_small(void)
{
    static const lb_time values[][4] = {{0, 0, 0, 0}, {127, 128, 255, 256}, {5, 5, 5, 1000000}};
    for (int i = 0; i < 3; i++) {
        struct record *record = open_memory();
        struct made_up m;
        struct lb_error error = {0};
        struct observer observer;
        made_up_init(&m, 2, 2, 1);
        struct record_info info = {.scenario = &m.scenario, .version = "1"};
        struct recorder *recorder = record_begin(record, &info, &error);
        CU_ASSERT_FATAL(recorder != NULL);
        record_observer(recorder, &observer);
        struct histogram h;
        histogram_init(&h);
        for (int k = 0; k < 4; k++)
            histogram_add(&h, values[i][k]);
        m.summary.latency = h;
        m.summary.counts.ok = h.count;
        struct bucket bucket = {.until = UNITS_S, .cause = -1, .latency = &h};
        observer.on_bucket(observer.self, &bucket);
        CU_ASSERT(record_finish(recorder, &m.summary, NULL, &error) == 0);
        CHECK_CLOSE(ask(record, "SELECT p50_ms FROM run_summary"),
                    histogram_quantile(&h, 0.5) / 1e6, 1e-12);
        CHECK_CLOSE(ask(record, "SELECT p99_9_ms FROM run_summary"),
                    histogram_quantile(&h, 0.999) / 1e6, 1e-12);
        CHECK_CLOSE(ask(record, "SELECT p90_ms FROM latency_over_time"),
                    histogram_quantile(&h, 0.9) / 1e6, 1e-12);
        made_up_done(&m);
        record_close(record);
    }
}

/* Nothing was measured: no figure, not zero. */
static void test_figures_empty(void)
{
    struct record *record = open_memory();
    struct made_up m;
    struct lb_error error = {0};
    made_up_init(&m, 2, 1, 1);
    m.summary.simulated_s = 0.0;
    CU_ASSERT(made_up_record(&m, record, NULL, &error) == 0);
    CU_ASSERT(ask(record, "SELECT count(*) FROM run_summary") == 1.0);
    CU_ASSERT(isnan(ask(record, "SELECT p99_ms FROM run_summary")));
    CU_ASSERT(isnan(ask(record, "SELECT throughput_per_s FROM run_summary")));
    CU_ASSERT(isnan(ask(record, "SELECT availability FROM run_summary")));
    CU_ASSERT(isnan(ask(record, "SELECT imbalance FROM run_summary")));
    made_up_done(&m);
    record_close(record);
}

static void test_classes(void)
{
    struct record *record = open_memory();
    struct made_up m;
    struct lb_error error = {0};
    made_up_init(&m, 4, 30, 3);
    CU_ASSERT(made_up_record(&m, record, NULL, &error) == 0);
    for (int c = 0; c < 3; c++) {
        char sql[128];
        snprintf(sql, sizeof sql, "SELECT p99_ms FROM class_summary WHERE name = '%s'",
                 m.summary_classes[c].name);
        CHECK_CLOSE(ask(record, sql), histogram_quantile(&m.summary_classes[c].latency, 0.99) / 1e6,
                    1e-12);
        snprintf(sql, sizeof sql, "SELECT mean_ms FROM class_summary WHERE name = '%s'",
                 m.summary_classes[c].name);
        CHECK_CLOSE(ask(record, sql), histogram_mean(&m.summary_classes[c].latency) / 1e6, 1e-12);
    }
    CU_ASSERT(ask(record, "SELECT count FROM cause_summary WHERE cause = 'response timeout'") ==
              (double)m.summary.counts.failed);
    CU_ASSERT(ask(record, "SELECT objective_ms FROM class_summary WHERE name = 'page'") == 300.0);
    made_up_done(&m);
    record_close(record);
}

/* The quantiles of one interval are those of the histogram of that interval. */
static void test_over_time(void)
{
    struct record *record = open_memory();
    struct made_up m;
    struct lb_error error = {0};
    made_up_init(&m, 4, 2, 11); /* one measured second */
    CU_ASSERT(made_up_record(&m, record, NULL, &error) == 0);
    CHECK_CLOSE(ask(record, "SELECT p50_ms FROM latency_over_time WHERE from_s = 1"),
                histogram_quantile(&m.summary.latency, 0.5) / 1e6, 1e-12);
    CHECK_CLOSE(ask(record, "SELECT p99_9_ms FROM latency_over_time WHERE from_s = 1"),
                histogram_quantile(&m.summary.latency, 0.999) / 1e6, 1e-12);
    CU_ASSERT(ask(record, "SELECT failed FROM latency_over_time WHERE from_s = 1") ==
              (double)m.summary.counts.failed);
    CU_ASSERT(ask(record, "SELECT count(*) FROM latency_over_time") == 1.0);
    made_up_done(&m);
    record_close(record);
}

static void test_ccdf(void)
{
    struct record *record = open_memory();
    struct made_up m;
    struct lb_error error = {0};
    made_up_init(&m, 4, 30, 5);
    CU_ASSERT(made_up_record(&m, record, NULL, &error) == 0);
    double x = ask(record, "SELECT latency_ms FROM latency_ccdf WHERE slower < 0.1");
    double share = ask(record, "SELECT slower FROM latency_ccdf WHERE slower < 0.1");
    CHECK_CLOSE(share, histogram_above(&m.summary.latency, x * 1e6), 1e-9);
    CU_ASSERT(ask(record, "SELECT min(requests) FROM latency_ccdf") == 0.0);
    made_up_done(&m);
    record_close(record);
}

static void test_samples(void)
{
    struct record *record = open_memory();
    struct made_up m;
    struct lb_error error = {0};
    made_up_init(&m, 5, 9, 1);
    CU_ASSERT(made_up_record(&m, record, NULL, &error) == 0);
    CU_ASSERT(ask(record, "SELECT count(*) FROM sample") == 9.0);
    CU_ASSERT(ask(record, "SELECT count(*) FROM sample_backend") == 45.0);
    CU_ASSERT(says(record, "SELECT name FROM sample_backend WHERE n = 4", "app5"));
    CU_ASSERT(says(record, "SELECT belief FROM sample_backend WHERE n = 1 AND at_s = 4", "down"));
    CU_ASSERT(says(record, "SELECT truth FROM sample_backend WHERE n = 1 AND at_s = 4", "down"));
    CU_ASSERT(says(record, "SELECT belief FROM sample_backend WHERE n = 0 AND at_s = 4", "up"));
    CU_ASSERT(ask(record, "SELECT utilization FROM sample_backend WHERE n = 1") == 0.3333);
    CU_ASSERT(ask(record, "SELECT utilization FROM sample_backend WHERE n = 3") == 1.0);
    CU_ASSERT(ask(record, "SELECT max(picks) FROM sample_backend WHERE n = 3") == 27.0);
    CU_ASSERT(ask(record, "SELECT in_flight - busy FROM sample_backend WHERE n = 3") == 3.0);
    CU_ASSERT(ask(record, "SELECT count(*) FROM event") == 4.0);
    CU_ASSERT(says(record, "SELECT group_concat(what) FROM event", "kill,down,restore,up"));
    CU_ASSERT(says(record, "SELECT belief_from FROM event WHERE n = 1", "up"));
    made_up_done(&m);
    record_close(record);
}

/* More than 256 backends: a row a group, unless all are asked for; none when none are wanted. */
static void test_folding(void)
{
    for (int mode = 0; mode < 3; mode++) {
        struct record *record = open_memory();
        struct made_up m;
        struct lb_error error = {0};
        struct observer observer;
        made_up_init(&m, 300, 3, 1);
        struct record_info info = {.scenario = &m.scenario,
                                   .version = "1",
                                   .all_samples = mode == 1,
                                   .no_samples = mode == 2};
        struct recorder *recorder = record_begin(record, &info, &error);
        CU_ASSERT_FATAL(recorder != NULL);
        record_observer(recorder, &observer);
        made_up_play(&m, &observer);
        CU_ASSERT(record_finish(recorder, &m.summary, NULL, &error) == 0);
        static const double rows[] = {6, 900, 0};
        CU_ASSERT(ask(record, "SELECT count(*) FROM sample_backend") == rows[mode]);
        CU_ASSERT(ask(record, "SELECT count(*) FROM backend") == 300.0);
        if (mode == 0) {
            CU_ASSERT(ask(record, "SELECT sum(slots) FROM sample_backend WHERE at_s = 1") ==
                      1200.0);
            CU_ASSERT(ask(record, "SELECT up FROM sample_backend WHERE at_s = 2") == 149.0);
            CU_ASSERT(isnan(ask(record, "SELECT belief FROM sample_backend WHERE at_s = 2")));
            CU_ASSERT(ask(record, "SELECT members FROM sample_backend WHERE n = 0") == 150.0);
            CU_ASSERT(says(record, "SELECT belief FROM sample_backend WHERE n = 1", "up"));
        }
        made_up_done(&m);
        record_close(record);
    }
}

/* A run made again keeps its number and becomes the latest; an interrupted one stands apart. */
static void test_again(void)
{
    struct record *record = open_memory();
    struct lb_error error = {0};
    struct record_result result;
    static const struct {
        uint64_t seed;
        bool interrupted, other, again, warned;
        int64_t run;
    } rounds[] = {
        {1, false, false, false, false, 1}, {2, false, false, false, false, 2},
        {1, false, false, true, false, 1},  {1, true, false, false, false, 3},
        {1, true, true, false, false, 4},   {2, false, true, true, true, 2},
        {3, true, false, false, false, 5},  {3, false, false, false, false, 6},
    };
    for (size_t i = 0; i < sizeof rounds / sizeof rounds[0]; i++) {
        struct made_up m;
        made_up_init(&m, 3, 5, rounds[i].seed);
        m.summary.interrupted = rounds[i].interrupted;
        m.summary.digest += rounds[i].other;
        CU_ASSERT(made_up_record(&m, record, &result, &error) == 0);
        CU_ASSERT(result.run == rounds[i].run);
        CU_ASSERT(result.again == rounds[i].again);
        CU_ASSERT(result.other_digest == rounds[i].warned);
        CU_ASSERT(ask(record, "SELECT id FROM run ORDER BY sequence DESC LIMIT 1") ==
                  (double)rounds[i].run);
        made_up_done(&m);
    }
    CU_ASSERT(ask(record, "SELECT count(*) FROM run") == 6.0);
    CU_ASSERT(ask(record, "SELECT count(*) FROM scenario") == 1.0);
    CU_ASSERT(ask(record, "SELECT count(*) FROM sample WHERE run = 2") == 5.0);
    CU_ASSERT(ask(record, "SELECT count(*) FROM pragma_foreign_key_check") == 0.0);
    CU_ASSERT(says(record, "SELECT state FROM run WHERE id = 4", "interrupted"));
    record_close(record);
}

static void test_key(void)
{
    struct record *record = open_memory();
    struct lb_error error = {0};
    struct record_result result;
    struct made_up m;
    made_up_init(&m, 3, 3, UINT64_MAX);
    CU_ASSERT(made_up_record(&m, record, &result, &error) == 0 && !result.again);
    CU_ASSERT(says(record, "SELECT seed FROM run", "18446744073709551615"));
    CU_ASSERT(says(record, "SELECT params FROM run", "ties=yes, twice"));
    CU_ASSERT(says(record, "SELECT hash FROM scenario", "8123456789abcdef"));
    CU_ASSERT(ask(record, "SELECT ideal FROM run") == 1.0);
    m.params[0] = 1.0; /* ties=no */
    CU_ASSERT(made_up_record(&m, record, &result, &error) == 0 && !result.again);
    m.summary.replication = 1;
    CU_ASSERT(made_up_record(&m, record, &result, &error) == 0 && !result.again);
    m.scenario.hash++;
    CU_ASSERT(made_up_record(&m, record, &result, &error) == 0 && !result.again);
    m.scenario.variant = "four";
    CU_ASSERT(made_up_record(&m, record, &result, &error) == 0 && !result.again);
    CU_ASSERT(made_up_record(&m, record, &result, &error) == 0 && result.again);
    CU_ASSERT(ask(record, "SELECT count(*) FROM run") == 5.0);
    CU_ASSERT(ask(record, "SELECT count(*) FROM expect WHERE run = 5 AND value IS NULL") == 1.0);
    made_up_done(&m);
    record_close(record);
}

static void test_delete(void)
{
    struct record *record = open_memory();
    struct lb_error error = {0};
    struct made_up m;
    for (uint64_t seed = 0; seed < 3; seed++) {
        made_up_init(&m, 3, 3, seed);
        m.scenario.hash = seed;
        CU_ASSERT(made_up_record(&m, record, NULL, &error) == 0);
        made_up_done(&m);
    }
    CU_ASSERT(record_delete(record, 3, &error) == 0);
    CU_ASSERT(record_delete(record, 3, &error) == -1 && error.code == LB_ERROR_INVALID);
    CU_ASSERT(ask(record, "SELECT count(*) FROM run") == 2.0);
    CU_ASSERT(ask(record, "SELECT count(*) FROM scenario") == 2.0);
    static const char *const tables[] = {"class",  "outcome", "backend", "latency", "latency_total",
                                         "sample", "sampled", "event",   "expect"};
    for (size_t i = 0; i < sizeof tables / sizeof tables[0]; i++) {
        char sql[96];
        snprintf(sql, sizeof sql, "SELECT count(*) FROM %s WHERE run = 3", tables[i]);
        CU_ASSERT(ask(record, sql) == 0.0);
        snprintf(sql, sizeof sql, "SELECT count(*) > 0 FROM %s WHERE run = 2", tables[i]);
        CU_ASSERT(ask(record, sql) == 1.0);
    }
    made_up_init(&m, 3, 3, 9);
    struct record_result result;
    CU_ASSERT(made_up_record(&m, record, &result, &error) == 0);
    CU_ASSERT(result.run == 4); /* a number is never used twice */
    made_up_done(&m);
    record_close(record);
}

/* Names are data. */
static void test_hostile_names(void)
{
    static const char hostile[] = "x'); DROP TABLE run; --\"`\n\x1b[31m%s{/Symbol}";
    struct record *record = open_memory();
    struct lb_error error = {0};
    struct made_up m;
    made_up_init(&m, 3, 5, 1);
    m.scenario.name = m.scenario.about = m.clients[0].name = m.classes[0].name = hostile;
    m.groups[0].name = m.backends[0].name = m.summary_backends[0].name = hostile;
    m.expects[0].text = hostile;
    CU_ASSERT(made_up_record(&m, record, NULL, &error) == 0);
    CU_ASSERT(says(record, "SELECT scenario FROM run_summary", hostile));
    CU_ASSERT(says(record, "SELECT name FROM sample_backend WHERE n = 0", hostile));
    CU_ASSERT(says(record, "SELECT client_name FROM class_summary WHERE client = 0", hostile));
    made_up_done(&m);
    record_close(record);
}

static void test_abandon(void)
{
    struct record *record = open_memory();
    struct lb_error error = {0};
    struct made_up m;
    struct observer observer;
    made_up_init(&m, 3, 5, 1);
    struct record_info info = {.scenario = &m.scenario, .version = "1"};
    struct recorder *recorder = record_begin(record, &info, &error);
    CU_ASSERT_FATAL(recorder != NULL);
    record_observer(recorder, &observer);
    made_up_play(&m, &observer);
    record_abandon(recorder);
    record_abandon(NULL);
    CU_ASSERT(ask(record, "SELECT count(*) FROM run") == 0.0);
    made_up_done(&m);
    made_up_init(&m, 3, 5, 1);
    CU_ASSERT(made_up_record(&m, record, NULL, &error) == 0); /* and nothing is left in the spool */
    CU_ASSERT(ask(record, "SELECT count(*) FROM sample") == 5.0);
    compare(record, &m.summary);
    made_up_done(&m);
    record_close(record);
}

/* Two connections: a run that goes on blocks nobody and shows nothing; a writer that does not end
 * is waited for, then named. */
static void test_two_programs(void)
{
    char folder[] = "/tmp/lbsim-test-XXXXXX", path[64];
    CU_ASSERT_FATAL(mkdtemp(folder) != NULL);
    snprintf(path, sizeof path, "%s/two.db", folder);
    struct lb_error error = {0};
    struct record *a = record_open(path, RECORD_WRITE, &error);
    struct record *b = record_open(path, RECORD_WRITE, &error);
    CU_ASSERT_FATAL(a != NULL && b != NULL);
    struct made_up first, second;
    made_up_init(&first, 3, 20, 1);
    made_up_init(&second, 3, 20, 2);
    struct record_info info = {.scenario = &first.scenario, .version = "1"};
    struct observer observer;
    struct recorder *recorder = record_begin(a, &info, &error);
    record_observer(recorder, &observer);
    made_up_play(&first, &observer);
    record_patience(b, 1);
    CU_ASSERT(made_up_record(&second, b, NULL, &error) == 0);
    CU_ASSERT(ask(b, "SELECT count(*) FROM run") == 1.0);
    CU_ASSERT(record_finish(recorder, &first.summary, NULL, &error) == 0);
    CU_ASSERT(ask(b, "SELECT count(*) FROM run") == 2.0);

    sqlite3_exec(record_database(a), "BEGIN EXCLUSIVE", NULL, NULL, NULL);
    made_up_done(&second);
    made_up_init(&second, 3, 20, 3);
    record_patience(b, 30);
    CU_ASSERT(made_up_record(&second, b, NULL, &error) == -1);
    CU_ASSERT(error.code == LB_ERROR_SYSTEM);
    CU_ASSERT(strstr(error.text, "another program is using it") != NULL);
    CU_ASSERT(strstr(error.text, path) != NULL);
    sqlite3_exec(record_database(a), "COMMIT", NULL, NULL, NULL);
    made_up_done(&second);
    made_up_init(&second, 3, 20, 3);
    CU_ASSERT(made_up_record(&second, b, NULL, &error) == 0);
    CU_ASSERT(ask(a, "SELECT count(*) FROM run") == 3.0);
    CU_ASSERT(says(a, "PRAGMA integrity_check", "ok"));
    made_up_done(&first);
    made_up_done(&second);
    record_close(a);
    record_close(b);
    CU_ASSERT(unlink(path) == 0 && rmdir(folder) == 0); /* no journal is left either */
}

static const struct check_test tests[] = {
    {"figures of the views are those of the summary", test_figures},
    {"figures of few values", test_figures_small},
    {"nothing measured, no figure", test_figures_empty},
    {"classes and causes", test_classes},
    {"quantiles over time", test_over_time},
    {"share of slower requests", test_ccdf},
    {"samples and events", test_samples},
    {"many backends are folded by group", test_folding},
    {"a run made again", test_again},
    {"the key of a run", test_key},
    {"delete", test_delete},
    {"hostile names", test_hostile_names},
    {"abandon", test_abandon},
    {"two programs on one database", test_two_programs},
};

CHECK_MAIN("record")
