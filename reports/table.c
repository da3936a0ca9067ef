/*
 * Tables for a terminal: one run in full, or several side by side.
 *
 * Side by side, columns that do not fit the width are left out, the least needed first; --json and
 * --csv have them all.
 */
#include <inttypes.h>
#include <math.h>
#include <string.h>

#include "reports/cell.h"
#include "reports/report.h"
#include "sim/base/units.h"

/* What a column of the comparison shows; rank: the largest goes first when the width is short. */
static const struct column {
    const char *head;
    int rank, width;
} columns[] = {
    {"MEAN", 1, 9}, {"P50", 2, 9},     {"P90", 8, 9},      {"P99", 0, 9},  {"P99.9", 5, 9},
    {"MAX", 9, 9},  {"ERRORS", 3, 10}, {"GOODPUT", 4, 10}, {"BUSY", 7, 8}, {"IMBALANCE", 6, 11},
};
#define COLUMNS (sizeof columns / sizeof columns[0])

/* Mean utilization of the backends. */
static double mean_utilization(const struct report_run *run)
{
    double sum = 0.0;
    for (uint32_t i = 0; i < run->backend_count; i++)
        sum += run->backends[i].utilization;
    return run->backend_count > 0 ? sum / run->backend_count : NAN;
}

static const char *column_text(char *buf, size_t size, const struct report_run *run, size_t column)
{
    const struct report_latency *l = &run->latency;
    const double times[] = {l->mean, l->p50, l->p90, l->p99, l->p99_9, l->max};
    if (column < 6)
        return cell_ms(buf, size, times[column]);
    if (column == 6)
        return cell_share(buf, size, run->errors);
    if (column == 7)
        return cell_rate(buf, size, run->goodput);
    if (column == 8)
        return cell_share(buf, size, mean_utilization(run));
    return cell_number(buf, size, run->imbalance);
}

/* Which columns fit beside a label of label_width and the run's number. */
static void choose_columns(bool *shown, uint32_t width, size_t label_width)
{
    size_t used = 6 + label_width;
    memset(shown, 0, COLUMNS * sizeof *shown);
    for (int rank = 0; rank < (int)COLUMNS; rank++)
        for (size_t c = 0; c < COLUMNS; c++)
            if (columns[c].rank == rank && used + (size_t)columns[c].width <= width) {
                shown[c] = true;
                used += (size_t)columns[c].width;
            }
}

/* Does this field, the same in all runs, deserve a line above the table? */
static bool shared(const struct report *report, char *const *first, size_t offset)
{
    for (uint32_t i = 1; i < report->run_count; i++) {
        const char *other;
        memcpy(&other, (const char *)&report->runs[i] + offset, sizeof other);
        if (strcmp(*first, other) != 0)
            return false;
    }
    return true;
}

static void add_shared(struct text *to, const struct report *report)
{
    static const struct {
        const char *head;
        size_t offset;
    } lines[] = {
        {"scenario    ", offsetof(struct report_run, scenario)},
        {"variant     ", offsetof(struct report_run, variant)},
        {"algorithm   ", offsetof(struct report_run, algorithm)},
        {"seed        ", offsetof(struct report_run, seed)},
    };
    for (size_t i = 0; i < sizeof lines / sizeof lines[0]; i++) {
        char *value;
        memcpy(&value, (const char *)&report->runs[0] + lines[i].offset, sizeof value);
        bool base =
            lines[i].offset == offsetof(struct report_run, variant) && strcmp(value, "base") == 0;
        if (base || !shared(report, &value, lines[i].offset))
            continue;
        text_addf(to, "%s", lines[i].head);
        cell_cut(to, value, 200);
        text_addf(to, "\n");
    }
    text_addf(to, "\n");
}

static void add_comparison(struct text *to, const struct report *report, uint32_t width)
{
    bool shown[COLUMNS];
    size_t label_width = 10;
    for (uint32_t i = 0; i < report->run_count; i++) {
        size_t size = strlen(report->runs[i].label);
        size_t label = text_width(report->runs[i].label, size);
        label_width = label > label_width ? label : label_width;
    }
    label_width = label_width > 36 ? 36 : label_width;
    choose_columns(shown, width, label_width);
    add_shared(to, report);
    text_addf(to, "%4s  ", "RUN");
    cell_left(to, "", label_width);
    for (size_t c = 0; c < COLUMNS; c++)
        if (shown[c])
            cell_right(to, columns[c].head, (size_t)columns[c].width);
    text_addf(to, "\n");
    for (uint32_t i = 0; i < report->run_count; i++) {
        const struct report_run *run = &report->runs[i];
        char buf[40];
        text_addf(to, "%4" PRId64 "  ", run->id);
        cell_left(to, run->label, label_width);
        for (size_t c = 0; c < COLUMNS; c++)
            if (shown[c])
                cell_right(to, column_text(buf, sizeof buf, run, c), (size_t)columns[c].width);
        text_addf(to, "%s\n", strcmp(run->state, "done") == 0 ? "" : "  interrupted");
    }
}

static void add_head(struct text *to, const struct report_run *run)
{
    text_addf(to, "run %-8" PRId64, run->id);
    cell_cut(to, run->scenario, 200);
    if (strcmp(run->variant, "base") != 0) {
        text_addf(to, "  (variant ");
        cell_cut(to, run->variant, 60);
        text_addf(to, ")");
    }
    text_addf(to, "\nalgorithm   %s%s%s%s%s\n", run->algorithm, run->ideal ? " (ideal)" : "",
              run->params[0] != '\0' ? " (" : "", run->params, run->params[0] != '\0' ? ")" : "");
    text_addf(to, "seed        %s, replication %" PRId64 ", digest %s\n", run->seed,
              run->replication, run->digest);
    text_addf(to, "recorded    %s UTC by lbsim ", run->started);
    cell_cut(to, run->build, 60);
    text_addf(to, "\nsimulated   %.6g s after %.6g s of warm-up, in %.3g s, %" PRId64 " events%s\n",
              run->simulated_s, run->warmup_s, run->wall_s, run->events,
              strcmp(run->state, "done") == 0 ? "" : "  (interrupted)");
}

static void add_requests(struct text *to, const struct report_run *run)
{
    char buf[3][40];
    text_addf(to, "requests    %" PRId64 " arrived, %" PRId64 " ok, %" PRId64 " failed",
              run->counts.arrived, run->counts.ok, run->counts.failed);
    if (run->counts.in_flight > 0)
        text_addf(to, ", %" PRId64 " in flight", run->counts.in_flight);
    for (uint32_t i = 0; i < run->cause_count; i++) {
        text_addf(to, "%s", i == 0 ? "\nfailed of   " : ", ");
        cell_cut(to, run->causes[i].name, 40);
        text_addf(to, " %" PRId64, run->causes[i].count);
    }
    text_addf(to, "\nserved      throughput %s, goodput %s, errors %s, imbalance ",
              cell_rate(buf[0], sizeof buf[0], run->throughput),
              cell_rate(buf[1], sizeof buf[1], run->goodput),
              cell_share(buf[2], sizeof buf[2], run->errors));
    text_addf(to, "%s\n", cell_number(buf[0], sizeof buf[0], run->imbalance));
}

static void add_latency_row(struct text *to, const char *client, const char *name, size_t width,
                            const struct report_latency *l, const struct report_counts *counts)
{
    const double times[] = {l->mean, l->p50, l->p90, l->p99, l->p99_9, l->max};
    char buf[40];
    struct text label;
    text_init(&label);
    text_addf(&label, "%s%s%s", client, client[0] != '\0' ? " " : "", name);
    cell_left(to, label.data, width);
    text_done(&label);
    text_addf(to, "%10" PRId64, counts->ok);
    for (size_t i = 0; i < sizeof times / sizeof times[0]; i++)
        cell_right(to, cell_ms(buf, sizeof buf, times[i]), 9);
    text_addf(to, "\n");
}

static void add_latencies(struct text *to, const struct report_run *run, size_t width)
{
    text_addf(to, "\n");
    cell_left(to, "LATENCY", width);
    text_addf(to, "%10s%9s%9s%9s%9s%9s%9s\n", "OK", "MEAN", "P50", "P90", "P99", "P99.9", "MAX");
    add_latency_row(to, "", "all", width, &run->latency, &run->counts);
    for (uint32_t i = 0; run->class_count > 1 && i < run->class_count; i++) {
        const struct report_class *c = &run->classes[i];
        add_latency_row(to, c->client, c->name, width, &c->latency, &c->counts);
    }
}

/* The longest cause has 17 characters, more than the names of a narrow table: no cause is cut, and none
 * touches what lies behind it. */
#define CAUSE_WIDTH 20U

static void add_ledger(struct text *to, const struct report_run *run, size_t width)
{
    char buf[40];
    if (run->ledger_count == 0)
        return;
    width = width < CAUSE_WIDTH ? CAUSE_WIDTH : width;
    text_addf(to, "\n");
    cell_left(to, "FAILED OR SLOW", width);
    text_addf(to, "%-20s%10s%10s\n", "WHY", "COUNT", "SHARE");
    for (uint32_t i = 0; i < run->ledger_count; i++) {
        const struct report_why *row = &run->ledger[i];
        cell_left(to, row->cause != NULL ? row->cause : row->outcome, width);
        cell_left(to, row->why, 20);
        text_addf(to, "%10" PRId64, row->count);
        cell_right(to, cell_share(buf, sizeof buf, row->share), 10);
        text_addf(to, "\n");
    }
}

#define BACKENDS_SHOWN 32U
#define EVENTS_SHOWN   24U

static void add_backends(struct text *to, const struct report_run *run, size_t width)
{
    char buf[40];
    text_addf(to, "\n");
    cell_left(to, "BACKEND", width);
    text_addf(to, "%10s%8s%9s%9s%9s%10s%9s\n", "PICKS", "FAILED", "SHARE", "WEIGHT", "BUSY",
              "IN FLIGHT", "QUEUE");
    for (uint32_t i = 0; i < run->backend_count && i < BACKENDS_SHOWN; i++) {
        const struct report_backend *b = &run->backends[i];
        cell_left(to, b->name, width);
        text_addf(to, "%10" PRId64 "%8" PRId64, b->picks, b->failed);
        cell_right(to, cell_share(buf, sizeof buf, b->share), 9);
        text_addf(to, "%9" PRId64, b->weight);
        cell_right(to, cell_share(buf, sizeof buf, b->utilization), 9);
        cell_right(to, cell_number(buf, sizeof buf, b->in_flight_mean), 10);
        cell_right(to, cell_number(buf, sizeof buf, b->queue_mean), 9);
        text_addf(to, "\n");
    }
    if (run->backend_count > BACKENDS_SHOWN)
        text_addf(to, "and %u more (--json has them all)\n", run->backend_count - BACKENDS_SHOWN);
}

/* How many events from i on are the same command, or the same change of belief, at one instant. */
static uint32_t same_events(const struct report_run *run, uint32_t i)
{
    uint32_t end = i + 1;
    while (end < run->event_count && run->event[end].at_s == run->event[i].at_s &&
           strcmp(run->event[end].kind, run->event[i].kind) == 0 &&
           strcmp(run->event[end].what, run->event[i].what) == 0)
        end++;
    return end - i;
}

/* Time, what, whom and why; `same` of them as one line. */
static void add_event(struct text *to, const struct report_event *e, uint32_t same, uint32_t width)
{
    char time[40];
    struct text line;
    text_init(&line);
    text_addf(&line, "%s%s%s", e->what, e->target[0] != '\0' ? " " : "", e->target);
    if (same > 1)
        text_addf(&line, " ... %s (%u in all)", e[same - 1].target, same);
    else
        text_addf(&line, ": %s", e->text);
    cell_right(to, units_format_clock(time, sizeof time, units_from_s(e->at_s)), 11);
    text_addf(to, "  ");
    cell_cut(to, line.data, width > 42 ? width - 13 : 29);
    text_addf(to, "\n");
    text_done(&line);
}

static void add_events(struct text *to, const struct report_run *run, uint32_t width)
{
    uint32_t i = 0;
    if (run->event_count > 0)
        text_addf(to, "\n");
    for (uint32_t lines = 0; i < run->event_count && lines < EVENTS_SHOWN; lines++) {
        uint32_t same = same_events(run, i);
        same = same > 3 ? same : 1;
        add_event(to, &run->event[i], same, width);
        i += same;
    }
    if (i < run->event_count)
        text_addf(to, "and %u events more (--json has them all)\n", run->event_count - i);
}

static void add_expects(struct text *to, const struct report_run *run)
{
    char buf[40];
    if (run->expect_count > 0)
        text_addf(to, "\n");
    for (uint32_t i = 0; i < run->expect_count; i++) {
        const struct report_expect *e = &run->expects[i];
        text_addf(to, "%-5s ", e->holds ? "holds" : "FAILS");
        cell_cut(to, e->text, 200);
        if (isnan(e->value))
            text_addf(to, "  (nothing was measured)\n");
        else
            text_addf(to, "  (%s)\n", cell_value(buf, sizeof buf, e->unit, e->value));
    }
}

void report_print(const struct report *report, FILE *to, uint32_t width)
{
    struct text text;
    text_init(&text);
    if (report->run_count == 1) {
        const struct report_run *run = &report->runs[0];
        size_t name = width < 84 ? 16 : width > 108 ? 40 : width - 68;
        add_head(&text, run);
        add_requests(&text, run);
        add_latencies(&text, run, name);
        add_ledger(&text, run, name);
        add_backends(&text, run, name);
        add_events(&text, run, width);
        add_expects(&text, run);
    } else {
        add_comparison(&text, report, width);
    }
    (void)fwrite(text.data, 1, text.size, to);
    text_done(&text);
}
