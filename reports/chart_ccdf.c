/*
 * Share of requests slower than x, one curve a run, both axes logarithmic.
 *
 * The table of curves stands in a corner that no curve crosses: below the curves on the left, or
 * above them on the right. Where neither corner is free the axis is made longer until one is.
 */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "reports/cell.h"
#include "reports/chart.h"
#include "reports/query.h"

#define WIDTH     960.0
#define HEIGHT    560.0
#define TOP       76.0
#define FOOT      62.0
#define PLOT_W    (WIDTH - 118.0 - 30.0)
#define TOP_SHARE 1.5
#define FONT      13.0
#define LINE      20.0 /* pixels between two lines of the table */
#define SAMPLE    48.0 /* before its words: a piece of the curve */

/* A share is shown as long as this many requests are slower; the rest is noise. */
#define REQUESTS_MIN 5

struct point {
    double x, y; /* latency in ms, share slower */
};

struct curve {
    struct point *at;
    uint32_t count;
};

struct axes {
    double x0, x1, y0;
};

static int load_curve(struct chart *chart, uint32_t i, struct curve *curve, struct lb_error *error)
{
    const struct report_run *run = &chart->report->runs[i];
    struct query q;
    uint32_t room = 0;
    bool over =
        false; /* the first point with too few requests ends the curve, cut at their share */
    *curve = (struct curve){0};
    query_open(&q, chart->report->record,
               "SELECT latency_ms, slower, requests FROM latency_ccdf WHERE run = ?"
               " AND latency_ms > 0 ORDER BY latency_ms");
    query_bind(&q, run->id);
    while (!over && query_next(&q)) {
        if (curve->count == room) {
            room = room == 0 ? 256 : 2 * room;
            curve->at = text_need_more(curve->at, room * sizeof *curve->at);
        }
        struct point *point = &curve->at[curve->count++];
        point->x = query_real(&q);
        point->y = query_real(&q);
        if (curve->count == 1) { /* down from 1 */
            point[1] = point[0];
            point->y = 1.0;
            point = &curve->at[curve->count++];
        }
        over = query_int(&q) < REQUESTS_MIN;
        if (over)
            point->y = fmin(1.0, (double)REQUESTS_MIN / (double)run->counts.ok);
        if (over && curve->count > 1 && point[-1].y < 2.0 * point->y)
            curve->count--; /* no drop: the curve ended well above */
    }
    return query_close(&q, chart->report->record, error);
}

static void write_curve(struct chart *chart, uint32_t i, const struct curve *curve)
{
    FILE *file = chart_data(chart, "ccdf", i + 1);
    for (uint32_t k = 0; k < curve->count; k++)
        fprintf(file, "%.9g\t%.9g\n", curve->at[k].x, curve->at[k].y);
    if (curve->count == 0)
        fprintf(file, "NaN\tNaN\n");
    chart_close_data(chart, file);
}

/* Room for all curves: from where they leave 1 to their ends. */
static struct axes find_axes(const struct curve *curves, uint32_t count)
{
    struct axes axes = {INFINITY, 0.0, 1.0};
    for (uint32_t i = 0; i < count; i++) {
        const struct curve *c = &curves[i];
        for (uint32_t k = 0; k < c->count; k++)
            if (c->at[k].y < 0.98 || k + 1 == c->count) {
                axes.x0 = fmin(axes.x0, c->at[k].x);
                break;
            }
        if (c->count > 0) {
            axes.x1 = fmax(axes.x1, c->at[c->count - 1].x);
            axes.y0 = fmin(axes.y0, c->at[c->count - 1].y);
        }
    }
    axes.y0 = fmin(0.8 * axes.y0, 0.004);
    axes.x0 *= 0.9;
    axes.x1 *= 1.15;
    double spare = 4.0 / (axes.x1 / axes.x0); /* at least a factor of 4 */
    if (spare > 1.0) {
        axes.x0 /= sqrt(spare);
        axes.x1 *= sqrt(spare);
    }
    return axes;
}

/* The leftmost latency at which a curve is at or below `share`. */
static double left_of(const struct curve *curves, uint32_t count, double share)
{
    double left = INFINITY;
    for (uint32_t i = 0; i < count; i++)
        for (uint32_t k = 0; k < curves[i].count; k++)
            if (curves[i].at[k].y <= share || k + 1 == curves[i].count) {
                left = fmin(left, curves[i].at[k].x);
                break;
            }
    return left;
}

/* The rightmost latency at which a curve is at or above `share`. */
static double right_of(const struct curve *curves, uint32_t count, double share)
{
    double right = 0.0;
    for (uint32_t i = 0; i < count; i++)
        for (uint32_t k = 0; k < curves[i].count && curves[i].at[k].y >= share; k++)
            right = fmax(right, curves[i].at[k].x);
    return right;
}

/* Places a table of w by h pixels and lengthens the axis where it must; below the plot when half of
 * the width would not do. */
static void place_table(struct chart *chart, const struct curve *curves, struct axes *axes,
                        double w, double h)
{
    double plot_h = chart->height - TOP - FOOT;
    double wide = w / PLOT_W, high = fmin(h / plot_h, 0.9);
    double decades = log(TOP_SHARE / axes->y0);
    double left = left_of(curves, chart->runs, axes->y0 * exp(high * decades));
    double right = right_of(curves, chart->runs, TOP_SHARE * exp(-high * decades));
    /* The ends that leave `wide` of the axis free on the left, or on the right. */
    double x0 = exp((log(left) - wide * log(axes->x1)) / (1.0 - wide));
    double x1 = exp((log(right) - wide * log(axes->x0)) / (1.0 - wide));
    double x = 110.0, y = chart->height - 2.0; /* the table's left and top: below the plot */
    if (wide > 0.66 || high > 0.85) {
        chart->height += h;
        chart_set_number(chart, "FOOT", FOOT + h);
    } else if (fmax(axes->x0 / x0, 1.0) <= fmax(x1 / axes->x1, 1.0)) {
        axes->x0 = fmin(axes->x0, x0);
        x = WIDTH - 30.0 - PLOT_W + 8.0;
        y = chart->height - FOOT - h - 3.0;
    } else {
        axes->x1 = fmax(axes->x1, x1);
        x = WIDTH - 30.0 - w;
        y = TOP + 4.0;
    }
    const double place[] = {x, y, w, h};
    static const char *const names[] = {"TX", "TY", "TW", "TH"};
    for (int i = 0; i < 4; i++)
        chart_set_number(chart, names[i], place[i]);
}

/* Columns of the widest label, and the table's lines: the labels padded, then the figures. */
static size_t write_table(struct chart *chart)
{
    const struct report *report = chart->report;
    size_t width = 3;
    bool failed = false;
    for (uint32_t i = 0; i < chart->runs; i++) {
        size_t columns = chart_columns(report->runs[i].label);
        width = columns > width ? columns : width;
        failed |= report->runs[i].counts.failed > 0;
    }
    width = width > 34 ? 34 : width;
    text_addf(&chart->script, "array ROW[%u]\nHEAD='%*s%10s%10s%10s%s'\n", chart->runs, (int)width,
              "", "p50", "p99", "p99.9", failed ? "    failed" : "");
    for (uint32_t i = 0; i < chart->runs; i++) {
        const struct report_run *run = &report->runs[i];
        struct text row;
        char buf[40];
        text_init(&row);
        cell_left(&row, run->label, width);
        cell_right(&row, cell_ms(buf, sizeof buf, run->latency.p50), 10);
        cell_right(&row, cell_ms(buf, sizeof buf, run->latency.p99), 10);
        cell_right(&row, cell_ms(buf, sizeof buf, run->latency.p99_9), 10);
        if (failed)
            cell_right(&row, cell_share(buf, sizeof buf, run->errors), 10);
        text_addf(&chart->script, "ROW[%u]=", i + 1);
        chart_quote(&chart->script, row.data, 200);
        text_addf(&chart->script, "\n");
        text_done(&row);
    }
    return width + (failed ? 40 : 30);
}

static void set_array(struct chart *chart, const char *name, const double *values, uint32_t count)
{
    text_addf(&chart->script, "array %s[%u]=[", name, count);
    for (uint32_t i = 0; i < count; i++)
        if (isfinite(values[i]))
            text_addf(&chart->script, "%s%.9g", i > 0 ? "," : "", values[i]);
        else
            text_addf(&chart->script, "%sNaN", i > 0 ? "," : "");
    text_addf(&chart->script, "]\n");
}

/* The quantiles of a single run, as points with a text. */
static void write_marks(struct chart *chart, const struct axes *axes, const struct curve *curve)
{
    static const double shares[] = {0.5, 0.1, 0.01, 0.001};
    static const char *const names[] = {"p50", "p90", "p99", "p99.9"};
    const struct report_latency *l = &chart->report->runs[0].latency;
    double marks[] = {l->p50, l->p90, l->p99, l->p99_9};
    char buf[40];
    double edge = log(axes->x1 / axes->x0) * (1.0 - 130.0 / PLOT_W);
    text_addf(&chart->script, "array MARKTEXT[4]\narray MARKLEFT[4]\n");
    for (int i = 0; i < 4; i++) {
        bool left = marks[i] > 0.0 && log(marks[i] / axes->x0) > edge; /* no room on the right */
        text_addf(&chart->script, "MARKLEFT[%d]=%d\n", i + 1, left);
        if (curve->count == 0 || shares[i] < 0.999 * curve->at[curve->count - 1].y)
            marks[i] = NAN; /* beyond the end of the curve */
        text_addf(&chart->script, "MARKTEXT[%d]='%s  %s'\n", i + 1, names[i],
                  cell_ms(buf, sizeof buf, marks[i]));
    }
    set_array(chart, "MARK", marks, 4);
    set_array(chart, "SHARE", shares, 4);
}

static void write_settings(struct chart *chart, const struct curve *curves)
{
    struct axes axes = find_axes(curves, chart->runs);
    double p99[CHART_RUNS_MAX];
    int64_t failed = 0;
    for (uint32_t i = 0; i < chart->runs; i++) {
        p99[i] = chart->report->runs[i].latency.p99;
        failed += chart->report->runs[i].counts.failed;
    }
    chart_set_number(chart, "N", chart->runs);
    set_array(chart, "P99", p99, chart->runs);
    if (chart->runs > 1) {
        size_t columns = write_table(chart);
        chart_set_number(chart, "FOOT", FOOT);
        place_table(chart, curves, &axes, chart_mono_width(columns, FONT) + SAMPLE + 16.0,
                    LINE * (chart->runs + 1) + 12.0);
    } else {
        chart_set_number(chart, "FOOT", FOOT);
        write_marks(chart, &axes, &curves[0]);
    }
    chart_set_number(chart, "X0", axes.x0);
    chart_set_number(chart, "X1", axes.x1);
    chart_set_number(chart, "Y0", axes.y0);
    scale_latency(&chart->script, "x", axes.x0, axes.x1, false);
    text_addf(&chart->script, "\n");
    scale_shares(&chart->script, "y", axes.y0);
    text_addf(&chart->script, "\n");
    chart_set_string(chart, "TITLE", "How often is a request slower than x?", 80);
    chart_subtitle(chart, failed == 0 ? "Lower and further left is better."
                                      : "Lower and further left is better; requests that failed "
                                        "are in no curve.");
}

int chart_ccdf(struct chart *chart, struct lb_error *error)
{
    struct curve curves[CHART_RUNS_MAX];
    uint32_t loaded = 0, points = 0;
    int result = 0;
    chart->width = WIDTH;
    chart->height = HEIGHT;
    for (; loaded < chart->runs && result == 0; loaded++) {
        result = load_curve(chart, loaded, &curves[loaded], error);
        points += curves[loaded].count;
        write_curve(chart, loaded, &curves[loaded]);
    }
    if (result == 0 && points == 0)
        result = chart_nothing(error, "no request ended ok");
    if (result == 0)
        write_settings(chart, curves);
    for (uint32_t i = 0; i < loaded; i++)
        free(curves[i].at);
    return result;
}
