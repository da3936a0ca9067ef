/*
 * A trace: requests that somebody recorded, read once into compact arrays.
 *
 * The idea: a line becomes a row, a time and what else the file has columns for; strings are kept once
 * each. Nothing is kept of columns that are not there. A row that stands for many arrivals (a count)
 * stays one row: they are drawn when they come.
 *
 * Times: lines of a table (CSV, TSV) are in order. Lines of an access log are written when requests
 * end, so they may come late by up to TRACE_DISORDER and are sorted; where a log knows whole seconds
 * only, the lines of one second are spread over it, evenly and in their order. What cannot be read, or
 * is further back than that, is a broken line: left out and told, and too many of them make the file
 * unreadable.
 *
 * Cost: about 200 ns a line; 8 to 33 bytes a row.
 */
#ifndef SCENARIO_TRACE_H
#define SCENARIO_TRACE_H

#include "sim/scenario/intern.h"

#define TRACE_ROWS_MAX   10000000U
#define TRACE_LINE_MAX   65536U /* bytes; a longer line is broken */
#define TRACE_BYTES_MAX  (UINT64_C(1) << 30)
#define TRACE_DISORDER   (60 * INT64_C(1000000000))
#define TRACE_SHOWN      10U  /* broken lines */
#define TRACE_BROKEN_MAX 0.01 /* share of the lines */
#define TRACE_NO_CLASS   UINT8_MAX
#define TRACE_NO_WORK    INT64_C(-1)
#define TRACE_NO_COUNT   UINT32_MAX

enum trace_format { TRACE_TABLE, TRACE_COMBINED, TRACE_COMMON, TRACE_JSON, TRACE_HAPROXY };

struct trace {
    uint32_t rows;
    lb_time *at; /* since the start; never runs back */
    uint32_t *
        count; /* arrivals of the row, spread until the next; NULL: no such column, one each at its time */
    /* What a row says of its requests; NULL when no row does. */
    lb_time *work;                  /* ns, or TRACE_NO_WORK */
    uint8_t *class;                 /* place in the group, or TRACE_NO_CLASS */
    uint32_t *client, *key, *path;  /* strings; 0 = none */
    struct intern strings, clients; /* clients are numbered apart */
    lb_time length;                 /* when it is over, or begins anew; above 0 */
    double arrivals;                /* of all rows */
    double worked, work_sum;        /* arrivals whose work is known; its sum, ns */
};

/* One line, as a parser of a format leaves it. */
struct trace_span {
    const char *at;
    size_t size; /* 0 = not there */
};
struct trace_line {
    lb_time at;
    bool whole_second; /* the format had no fraction to give */
    uint32_t count;
    lb_time work;
    struct trace_span client, key, class, path;
};

/* Where the bytes come from: up to size of them; 0 = the end, -1 with *error. */
typedef long trace_source(void *self, char *bytes, size_t size, struct lb_error *error);

struct trace_request {
    enum trace_format format;
    double warp;                /* time runs so many times as fast; above 0 */
    const char *const *classes; /* their names ... */
    const char *const *paths;   /* ... and paths, NULL = none: see trace_read */
    uint32_t class_count;
    trace_source *source;
    void *self;
};

struct trace_report {
    uint64_t lines, broken; /* lines: without empty ones, comments and the header */
    struct trace_broken {
        uint64_t line;
        char why[120], text[100];
    } shown[TRACE_SHOWN];
    uint64_t late, late_line; /* lines that were sorted, and the first of them */
    lb_time latest;
    uint64_t hash; /* XXH64 of the bytes */
};

/* Reads a whole trace: 0, or -1 with *error. The report is filled in either way. A line with a path
 * and without a class is of the class with the longest path that its own begins with. */
int trace_read(struct trace *trace, const struct trace_request *request,
               struct trace_report *report, struct lb_error *error);
void trace_done(struct trace *trace);
/* The same of a file, also gzipped; `beside` is its path. request->source is not looked at. */
int trace_read_file(struct trace *trace, const char *path, const struct trace_request *request,
                    struct trace_report *report, struct lb_error *error);

/* Mean work of an arrival when `mean` is that of one that does not say. */
double trace_mean_work(const struct trace *trace, double mean);

/* --- parsers: false with *why when the line is broken ------------------------------------------- */

struct trace_columns {
    char delimiter;
    uint32_t count;
    uint8_t what[64]; /* of each column: enum in trace_table.c */
    bool has_time;
};
/* The header of a table: false with *error when no column tells the time. */
bool trace_table_header(struct trace_columns *columns, char *line, size_t size,
                        struct lb_error *error);
bool trace_table_line(const struct trace_columns *columns, char *line, size_t size,
                      struct trace_line *out, const char **why);
bool trace_clf_line(char *line, size_t size, bool combined, struct trace_line *out,
                    const char **why);
bool trace_haproxy_line(char *line, size_t size, struct trace_line *out, const char **why);
bool trace_json_line(char *line, size_t size, struct trace_line *out, const char **why);

/* "1234.5" in units of `unit` ns, to the nearest: false when it is no such number, or too large. */
bool trace_number(const char *text, size_t size, lb_time unit, lb_time *out);
/* "10/Oct/2000:13:55:36 -0700", with a fraction of the second or without a zone; since 1970. */
bool trace_date(const char *text, size_t size, lb_time *out, bool *whole);
/* "2000-10-10T13:55:36.123Z" */
bool trace_iso_date(const char *text, size_t size, lb_time *out, bool *whole);
/* The path in "GET /path?query HTTP/1.1"; nothing when there is none. */
struct trace_span trace_path_of(const char *request, size_t size);

#endif
