/*
 * Latency over time, one cell a run on the same axes, with what happened above it and how many
 * requests ended below it: a percentile of the few that got through says little alone.
 */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "reports/chart.h"
#include "reports/query.h"
#include "sim/base/histogram.h"

#define WIDTH     960.0
#define HEAD      76.0 /* title and line below it */
#define FOOT      50.0 /* words of the time axis */
#define LEFT      74.0 /* words of the latency axis */
#define RIGHT     64.0 /* p50 ... beside the curves */
#define BETWEEN   40.0 /* cells */
#define RATE      58.0 /* the lower part of a cell */
#define GAP       12.0 /* between its parts */
#define LANE      20.0 /* a lane of events */
#define TEXT      12.5
#define SPANS_MAX 300U /* that are drawn in a cell */

struct slot {
    double ok, failed, p[4]; /* p in ms, NAN = nobody */
};

struct cell {
    struct slot *slots;
    struct spans spans;
    double left, right, top, bottom; /* pixels from the left and the top, name and lanes included */
    bool first, last, lowest;
};

struct time_chart {
    struct chart *chart;
    struct cell cells[CHART_RUNS_MAX];
    uint32_t slot_count;
    int64_t width_ns; /* of a slot */
    double until_s, low, high, rate;
    uint32_t columns, rows;
    int lanes; /* of events, the same in all cells */
};

/* The time axis all runs share: the longest run, in slots of a whole number of intervals. */
static void choose_slots(struct time_chart *t)
{
    const struct report *report = t->chart->report;
    int64_t interval = 0, until = 0;
    for (uint32_t i = 0; i < t->chart->runs; i++) {
        int64_t end = (int64_t)(report->runs[i].duration_s * 1e9 + 0.5);
        until = end > until ? end : until;
        interval = report->runs[i].interval_ns > interval ? report->runs[i].interval_ns : interval;
    }
    interval = interval > 0 ? interval : 1;
    int64_t intervals = (until + interval - 1) / interval;
    int64_t slots_max = t->chart->runs == 1 ? 200 : t->chart->runs <= 4 ? 100 : 64; /* of 4 px */
    t->width_ns = interval * ((intervals + slots_max - 1) / slots_max);
    t->width_ns = t->width_ns > 0 ? t->width_ns : 1;
    t->slot_count = (uint32_t)((until + t->width_ns - 1) / t->width_ns);
    t->until_s = (double)until / 1e9;
}

static void end_slot(struct slot *slot, struct histogram *h)
{
    static const double p[] = {0.5, 0.9, 0.99, 0.999};
    for (int i = 0; i < 4 && h->count > 0; i++)
        slot->p[i] = histogram_quantile(h, p[i]) / 1e6;
    histogram_clear(h);
}

/* Slots of this run; what ended after its last arrival is too little and too slow to count. */
static int64_t slots_of(const struct time_chart *t, uint32_t i)
{
    double duration_ns = t->chart->report->runs[i].duration_s * 1e9;
    int64_t slots = (int64_t)ceil(duration_ns / (double)t->width_ns - 1e-6);
    return slots < t->slot_count ? slots : t->slot_count;
}

/* The quantiles of each slot, from the buckets of its intervals. */
static int load_latencies(struct time_chart *t, uint32_t i, struct lb_error *error)
{
    struct histogram *h = text_need(sizeof *h);
    struct query q;
    int64_t current = 0;
    histogram_init(h);
    query_open(&q, t->chart->report->record,
               "SELECT from_ns / ?1 AS slot, bucket, sum(count), min(min_ns), max(max_ns)"
               " FROM latency_bucket WHERE run = ?2 AND cause = 'ok' GROUP BY slot, bucket"
               " ORDER BY slot, bucket");
    query_bind(&q, t->width_ns);
    query_bind(&q, t->chart->report->runs[i].id);
    while (query_next(&q)) {
        int64_t slot = query_int(&q), bucket = query_int(&q), count = query_int(&q);
        int64_t min = query_int(&q), max = query_int(&q);
        if (slot < 0 || slot >= slots_of(t, i) || bucket < 0 || bucket >= HISTOGRAM_BUCKETS)
            continue;
        if (slot != current)
            end_slot(&t->cells[i].slots[current], h);
        current = slot;
        h->bucket[bucket] = (uint64_t)count;
        h->count += (uint64_t)count;
        h->min = min < h->min ? min : h->min;
        h->max = max > h->max ? max : h->max;
    }
    if (t->slot_count > 0)
        end_slot(&t->cells[i].slots[current], h);
    free(h);
    return query_close(&q, t->chart->report->record, error);
}

static int load_counts(struct time_chart *t, uint32_t i, struct lb_error *error)
{
    struct query q;
    query_open(&q, t->chart->report->record,
               "SELECT from_ns / ?1 AS slot, sum(CASE cause WHEN 'ok' THEN count ELSE 0 END),"
               " sum(CASE cause WHEN 'ok' THEN 0 ELSE count END) FROM latency WHERE run = ?2"
               " GROUP BY slot");
    query_bind(&q, t->width_ns);
    query_bind(&q, t->chart->report->runs[i].id);
    while (query_next(&q)) {
        int64_t slot = query_int(&q);
        if (slot < 0 || slot >= slots_of(t, i))
            continue;
        double width_s =
            fmin((double)t->width_ns / 1e9, t->until_s - (double)slot * (double)t->width_ns / 1e9);
        t->cells[i].slots[slot].ok = query_real(&q) / width_s;
        t->cells[i].slots[slot].failed = query_real(&q) / width_s;
    }
    return query_close(&q, t->chart->report->record, error);
}

static int load_cell(struct time_chart *t, uint32_t i, struct lb_error *error)
{
    struct cell *cell = &t->cells[i];
    cell->slots = text_need_zero(t->slot_count + 1, sizeof *cell->slots);
    for (uint32_t s = 0; s < t->slot_count; s++)
        for (int k = 0; k < 4; k++)
            cell->slots[s].p[k] = NAN;
    if (load_latencies(t, i, error) != 0 || load_counts(t, i, error) != 0)
        return -1;
    for (uint32_t s = 0; s < t->slot_count; s++) {
        const struct slot *slot = &cell->slots[s];
        t->low = fmin(t->low, slot->p[0]);
        t->high = fmax(t->high, slot->p[3]);
        t->rate = fmax(t->rate, slot->ok + slot->failed);
    }
    return 0;
}

/* Columns and rows, and where each cell lies. */
static void place_cells(struct time_chart *t)
{
    uint32_t runs = t->chart->runs;
    t->columns = runs == 1 ? 1 : runs <= 4 ? 2 : 3;
    t->rows = (runs + t->columns - 1) / t->columns;
    double columns = t->columns;
    double wide = (WIDTH - LEFT - RIGHT - (columns - 1.0) * BETWEEN) / columns;
    double high = t->rows == 1 ? (runs == 1 ? 400.0 : 360.0) : 250.0;
    for (uint32_t i = 0; i < runs; i++) {
        spans_find(&t->cells[i].spans, &t->chart->report->runs[i], t->until_s, wide, TEXT,
                   runs == 1 ? 7 : 4);
        t->lanes = t->cells[i].spans.lanes > t->lanes ? t->cells[i].spans.lanes : t->lanes;
    }
    high += t->lanes * LANE + (runs > 1 ? 26.0 : 0.0);
    for (uint32_t i = 0; i < runs; i++) {
        struct cell *cell = &t->cells[i];
        uint32_t column = i % t->columns, row = i / t->columns;
        cell->left = LEFT + column * (wide + BETWEEN);
        cell->right = cell->left + wide;
        cell->top = HEAD + row * (high + BETWEEN);
        cell->bottom = cell->top + high;
        cell->first = column == 0;
        cell->last = column + 1 == t->columns || i + 1 == runs;
        cell->lowest = i + t->columns >= runs;
    }
    t->chart->width = WIDTH;
    t->chart->height = HEAD + t->rows * high + (t->rows - 1.0) * BETWEEN + FOOT;
}

/* The top of the latency part: below the name and the lanes. */
static double plot_top(const struct time_chart *t, const struct cell *cell)
{
    return cell->top + (t->chart->runs > 1 ? 26.0 : 0.0) + t->lanes * LANE;
}

static double screen_x(double x)
{
    return x / WIDTH;
}

static double screen_y(const struct time_chart *t, double y)
{
    return 1.0 - y / t->chart->height;
}

static void write_slots(struct time_chart *t, uint32_t i)
{
    FILE *file = chart_data(t->chart, "time", i + 1);
    double width_s = (double)t->width_ns / 1e9;
    for (uint32_t s = 0; s < t->slot_count; s++) {
        const struct slot *slot = &t->cells[i].slots[s];
        fprintf(file, "%.9g", (s + 0.5) * width_s < t->until_s ? (s + 0.5) * width_s : t->until_s);
        for (int k = 0; k < 4; k++)
            if (isnan(slot->p[k]))
                fprintf(file, "\tNaN");
            else
                fprintf(file, "\t%.6g", slot->p[k]);
        fprintf(file, "\t%.6g\t%.6g\n", slot->ok, slot->failed);
    }
    chart_close_data(t->chart, file);
}

/* Texts that start at y pixels each, in order from the bottom, pushed apart to `least`. */
static void push_apart(double *y, int count, double least, double bottom, double top)
{
    for (int i = 1; i < count; i++)
        y[i] = fmin(y[i], y[i - 1] - least);
    if (y[count - 1] < top) {
        y[count - 1] = top;
        for (int i = count - 2; i >= 0; i--)
            y[i] = fmax(y[i], y[i + 1] + least);
    }
    for (int i = 0; i < count; i++)
        y[i] = fmin(y[i], bottom);
}

/* p50 ... at the right end of the curves. */
static void write_names_of_curves(const struct time_chart *t, const struct cell *cell, FILE *file)
{
    static const char *const names[] = {"p50", "p90", "p99", "p99.9"};
    double top = plot_top(t, cell), bottom = cell->bottom - RATE - GAP, y[4];
    const struct slot *end = NULL;
    for (uint32_t s = t->slot_count; s-- > 0 && end == NULL;)
        if (!isnan(cell->slots[s].p[0]))
            end = &cell->slots[s];
    if (end == NULL)
        return;
    for (int i = 0; i < 4; i++)
        y[i] = bottom - (bottom - top) * log(end->p[i] / t->low) / log(t->high / t->low);
    push_apart(y, 4, 15.0, bottom, top + 2.0);
    for (int i = 0; i < 4; i++)
        fprintf(file, "set label %d '%s' at screen %.5f,%.5f left font SMALL textcolor rgb %s\n",
                100 + i, names[i], screen_x(cell->right + 6.0), screen_y(t, y[i]),
                i == 2 ? "BLUE" : "INK");
}

/* A bar and a text for each span, and its shade over both parts of the cell. */
static void write_spans(const struct time_chart *t, const struct cell *cell, FILE *file)
{
    double top = plot_top(t, cell);
    for (uint32_t i = 0; i < cell->spans.count && i < SPANS_MAX; i++) {
        const struct span *span = &cell->spans.at[i];
        double base = top - (span->lane < 0 ? 0 : span->lane) * LANE - 3.0;
        struct text text;
        if (span->instant)
            fprintf(file,
                    "set arrow %u from first %.9g, screen %.5f to first %.9g, screen %.5f nohead "
                    "lc rgb ALARM lw 1.4 dt (4,3) front\n",
                    200 + i, span->from, screen_y(t, cell->bottom), span->from, screen_y(t, base));
        else
            fprintf(file,
                    "set object %u rect from first %.9g, screen %.5f to first %.9g, screen %.5f "
                    "fc rgb ALARM fs transparent solid ALARMSHADE noborder behind\n",
                    200 + i, span->from, screen_y(t, cell->bottom), span->until, screen_y(t, base));
        if (span->lane >= 0 && !span->instant)
            fprintf(file,
                    "set object %u rect from first %.9g, screen %.5f to first %.9g, screen %.5f "
                    "fc rgb ALARM fs solid noborder front\n",
                    600 + i, span->from, screen_y(t, base), span->until, screen_y(t, base - 3.0));
        if (span->lane < 0)
            continue;
        text_init(&text);
        chart_quote(&text, span->text, 120);
        fprintf(file,
                "set label %u %s noenhanced at first %.9g, screen %.5f left font F(%.3g) "
                "textcolor rgb ALARM\n",
                200 + i, text.data, span->text_from, screen_y(t, base - 11.0), TEXT);
        text_done(&text);
    }
}

static void write_cell(struct time_chart *t, uint32_t i)
{
    const struct cell *cell = &t->cells[i];
    const struct report_run *run = &t->chart->report->runs[i];
    FILE *file = chart_script(t->chart, "cell", i + 1);
    if (t->chart->runs > 1) {
        struct text name;
        text_init(&name);
        chart_quote(&name, run->label, (size_t)((cell->right - cell->left) / (0.62 * 14.0)));
        fprintf(file,
                "set label 90 %s noenhanced at screen %.5f,%.5f left font NORMAL textcolor rgb "
                "INK\n",
                name.data, screen_x(cell->left), screen_y(t, cell->top + 10.0));
        text_done(&name);
    }
    if (run->warmup_s > 0.0)
        fprintf(file,
                "set object 100 rect from first 0, screen %.5f to first %.9g, screen %.5f fc rgb "
                "FAINT fs solid noborder behind\n",
                screen_y(t, cell->bottom), run->warmup_s, screen_y(t, plot_top(t, cell)));
    write_spans(t, cell, file);
    if (cell->spans.hidden > 0)
        fprintf(file,
                "set label 91 'and %d more' at screen %.5f,%.5f right font SMALL textcolor rgb "
                "ALARM\n",
                cell->spans.hidden, screen_x(cell->right), screen_y(t, cell->top - 9.0));
    if (cell->last)
        write_names_of_curves(t, cell, file);
    chart_close_data(t->chart, file);

    file = chart_script(t->chart, "rate", i + 1);
    if (cell->last) {
        double middle = cell->bottom - RATE / 2.0;
        fprintf(file, "set label 1 'ok' at screen %.5f,%.5f left font SMALL textcolor rgb SOFT\n",
                screen_x(cell->right + 6.0), screen_y(t, middle - 8.0));
        if (run->counts.failed > 0)
            fprintf(file,
                    "set label 2 'failed' at screen %.5f,%.5f left font SMALL textcolor rgb "
                    "ALARM\n",
                    screen_x(cell->right + 6.0), screen_y(t, middle + 9.0));
    }
    chart_close_data(t->chart, file);
}

static void set_edges(struct time_chart *t)
{
    static const char *const names[] = {"CL", "CR", "LT", "LB", "RT", "RB", "FIRST", "BOTTOM"};
    struct text *to = &t->chart->script;
    for (int k = 0; k < 8; k++) {
        text_addf(to, "array %s[%u]=[", names[k], t->chart->runs);
        for (uint32_t i = 0; i < t->chart->runs; i++) {
            const struct cell *c = &t->cells[i];
            const double values[] = {screen_x(c->left),
                                     screen_x(c->right),
                                     screen_y(t, plot_top(t, c)),
                                     screen_y(t, c->bottom - RATE - GAP),
                                     screen_y(t, c->bottom - RATE),
                                     screen_y(t, c->bottom),
                                     c->first,
                                     c->lowest};
            text_addf(to, "%s%.6g", i > 0 ? "," : "", values[k]);
        }
        text_addf(to, "]\n");
    }
}

static void set_ticks(struct time_chart *t)
{
    struct text *to = &t->chart->script;
    int count = t->columns == 1 ? 10 : t->columns == 2 ? 6 : 4;
    double rate = t->rate > 0.0 ? t->rate : 1.0, tick = scale_round_down(rate);
    for (int bare = 0; bare < 2; bare++) {
        text_addf(to, "\n%s=\"", bare ? "XBARE" : "XTICS");
        scale_time(to, "x", t->until_s, count, bare);
        text_addf(to, "\"\n%s=\"", bare ? "YBARE" : "YTICS");
        scale_latency(to, "y", t->low, t->high, bare);
        if (bare)
            text_addf(to, "\"\nRBARE=\"set ytics ('' 0, '' %.6g)\"\n", tick);
        else
            text_addf(to, "\"\nRTICS=\"set ytics ('0' 0, '%.6g%s/s' %.6g)\"\n",
                      tick >= 1e6   ? tick / 1e6
                      : tick >= 1e4 ? tick / 1e3
                                    : tick,
                      tick >= 1e6   ? "M"
                      : tick >= 1e4 ? "k"
                                    : "",
                      tick);
    }
    chart_set_number(t->chart, "R1", 1.05 * rate);
}

static void write_settings(struct time_chart *t)
{
    bool events = false, failed = false, warmup = false;
    struct text words;
    for (uint32_t i = 0; i < t->chart->runs; i++) {
        events |= t->cells[i].spans.count > 0;
        failed |= t->chart->report->runs[i].counts.failed > 0;
        warmup |= t->chart->report->runs[i].warmup_s > 0.0;
    }
    chart_set_number(t->chart, "N", t->chart->runs);
    chart_set_number(t->chart, "T1", t->until_s);
    chart_set_number(t->chart, "Y0", t->low);
    chart_set_number(t->chart, "Y1", t->high);
    set_edges(t);
    set_ticks(t);
    chart_set_string(t->chart, "TITLE",
                     events ? "Latency over time, and what happened" : "Latency over time", 80);
    text_init(&words);
    text_addf(&words, "%s%s",
              failed ? "Latency of requests that ended ok; below it, how many ended"
                     : "Below the latency: how many requests ended",
              warmup ? "; grey: warm-up" : "");
    chart_subtitle(t->chart, words.data);
    text_done(&words);
    for (uint32_t i = 0; i < t->chart->runs; i++) {
        write_slots(t, i);
        write_cell(t, i);
    }
}

int chart_time(struct chart *chart, struct lb_error *error)
{
    struct time_chart *t = text_need_zero(1, sizeof *t);
    int result = 0;
    t->chart = chart;
    t->low = INFINITY;
    choose_slots(t);
    for (uint32_t i = 0; i < chart->runs && result == 0; i++)
        result = load_cell(t, i, error);
    if (result == 0 && !(t->low < INFINITY))
        result = chart_nothing(error, "no request ended ok");
    if (result == 0) {
        t->low *= 0.8;
        t->high *= 1.25;
        place_cells(t);
        write_settings(t);
    }
    for (uint32_t i = 0; i < chart->runs; i++) {
        free(t->cells[i].slots);
        spans_done(&t->cells[i].spans);
    }
    free(t);
    return result;
}
