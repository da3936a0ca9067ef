/*
 * Inside the charts: one function a chart writes its data and its part of the gnuplot script; the
 * rest (files, gnuplot, names, ticks) is shared.
 *
 * Names of a scenario reach gnuplot in one way only: chart_quote(), which makes a string in single
 * quotes (no backticks, no escapes, no macros in there) out of printable characters, and every
 * place that shows it says noenhanced. An apostrophe becomes U+2019: gnuplot 5.4 reads '' as one
 * quote, but loses its way in ''''.
 */
#ifndef REPORTS_CHART_H
#define REPORTS_CHART_H

#include <stdio.h>

#include "reports/report.h"
#include "sim/base/text.h"

/* Runs that are drawn at most; the tables have them all. */
#define CHART_RUNS_MAX 24

struct chart {
    const struct report *report;
    uint32_t runs;        /* that are drawn: the first ones */
    const char *work;     /* the folder where gnuplot works */
    struct text script;   /* settings before the template */
    double width, height; /* pixels; the chart sets them */
    bool failed;          /* a file could not be written */
};

/* The charts: each returns 0, -1 with *error, or 1 with the reason in *error
 * when there is nothing to draw. */
int chart_ccdf(struct chart *chart, struct lb_error *error);
int chart_time(struct chart *chart, struct lb_error *error);
int chart_backends(struct chart *chart, struct lb_error *error);

/* Returns 1, with the reason in *error. */
int chart_nothing(struct lb_error *error, const char *reason);

/* A data file in the work folder, "ccdf-1.tsv" of kind "ccdf" and number 1; close with
 * chart_close_data. Never NULL: a failure sets chart->failed and the data go nowhere. */
FILE *chart_data(struct chart *chart, const char *kind, uint32_t number);
/* The same for commands: "cell-1.gp". */
FILE *chart_script(struct chart *chart, const char *kind, uint32_t number);
void chart_close_data(struct chart *chart, FILE *file);

/* A name as a gnuplot string, cut to `columns`; never with a quote inside. */
void chart_quote(struct text *to, const char *name, size_t columns);
/* "NAME='...'\n" and "NAME=number\n". */
void chart_set_string(struct chart *chart, const char *variable, const char *value, size_t columns);
void chart_set_number(struct chart *chart, const char *variable, double value);
/* The scenario and seed of the runs as the line below the title. extra: more words of ours. */
void chart_subtitle(struct chart *chart, const char *extra);

/* Pixels that `columns` columns of text take at most, in the sans and the mono font, size in px. */
double chart_text_width(size_t columns, double size);
double chart_mono_width(size_t columns, double size);
/* Columns of a name. */
size_t chart_columns(const char *name);

/* Add "set AXIStics (...)": a logarithmic axis of latency in ms; times from 0 to `until` s, about
 * `count` of them; shares from 1 down to `least`. bare: without words. */
void scale_latency(struct text *to, const char *axis, double low_ms, double high_ms, bool bare);
void scale_time(struct text *to, const char *axis, double until_s, int count, bool bare);
void scale_shares(struct text *to, const char *axis, double least);
/* The next of 1, 2, 5 x 10^k at or above, at or below a positive value. */
double scale_round_up(double value);
double scale_round_down(double value);

/* One backend's state from one event to the next. */
struct stretch {
    double from, until; /* s */
    int64_t backend;
    const char *name, *state; /* borrowed; state: "down", "slow", ... */
};
struct stretches {
    struct stretch *at;
    uint32_t count;
};
/* What backends were until the run was over, by the commands; or what the balancer held them for, where that was not up. */
void stretches_find(struct stretches *list, const struct report_run *run, bool belief);
void stretches_done(struct stretches *list);

/* What happened to backends, as spans of time with a text, in lanes in which texts do not meet. */
struct span {
    double from, until; /* s; equal = an instant */
    double text_from;   /* s: where its text starts */
    char *text;
    double start, end; /* pixels that it takes in its lane */
    int lane;          /* 0 is the lowest; -1 = hidden */
    bool instant;
};
struct spans {
    struct span *at;
    uint32_t count;
    int lanes, hidden; /* lanes used; spans that found no lane */
};
/* until_s: the right end of the axis; width: its length in pixels; size: of the text. */
void spans_find(struct spans *spans, const struct report_run *run, double until_s, double width,
                double size, int lanes_max);
void spans_done(struct spans *spans);

/* Runs gnuplot on FILE in the folder. 0, or -1 with *error; *missing when it is not installed. */
int gnuplot_run(const char *folder, const char *file, bool *missing, struct lb_error *error);

/* The templates, as text: theme, ccdf, time, backends. */
const char *template_text(const char *name);

#endif
