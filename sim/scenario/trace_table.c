/*
 * Traces as tables: comma- or tab-separated, with a header that names the columns (RFC 4180 quoting,
 * within a line). Columns that we do not know are passed over.
 */
#include <string.h>

#include "sim/base/units.h"
#include "sim/scenario/trace.h"

enum column {
    COLUMN_OTHER,
    COLUMN_TIME_NS, /* times and works: names below in the same order */
    COLUMN_TIME_US,
    COLUMN_TIME_MS,
    COLUMN_TIME_S,
    COLUMN_TIME_MIN,
    COLUMN_WORK_NS,
    COLUMN_WORK_US,
    COLUMN_WORK_MS,
    COLUMN_WORK_S,
    COLUMN_COUNT,
    COLUMN_CLIENT,
    COLUMN_KEY,
    COLUMN_CLASS,
    COLUMN_PATH,
    COLUMNS
};

static const char *const names[COLUMNS] = {"",      "t_ns",      "t_us",    "t_ms",    "t_s",
                                           "t_min", "work_ns",   "work_us", "work_ms", "work_s",
                                           "count", "client_ip", "key",     "class",   "path"};

static const lb_time units[COLUMNS] = {
    [COLUMN_TIME_NS] = 1,        [COLUMN_TIME_US] = UNITS_US,   [COLUMN_TIME_MS] = UNITS_MS,
    [COLUMN_TIME_S] = UNITS_S,   [COLUMN_TIME_MIN] = UNITS_MIN, [COLUMN_WORK_NS] = 1,
    [COLUMN_WORK_US] = UNITS_US, [COLUMN_WORK_MS] = UNITS_MS,   [COLUMN_WORK_S] = UNITS_S,
};

bool trace_number(const char *text, size_t size, lb_time unit, lb_time *out)
{
    /* digits: below 10^18; what comes after them in a fraction is less than a nanosecond's part */
    uint64_t whole = 0, part = 0, scale = 1;
    size_t i = 0;
    for (; i < size && text[i] >= '0' && text[i] <= '9'; i++) {
        whole = whole * 10 + (uint64_t)(text[i] - '0');
        if (whole > (uint64_t)(LB_NEVER / 2 / unit))
            return false;
    }
    size_t digits = i;
    if (i < size && text[i] == '.') {
        for (i++; i < size && text[i] >= '0' && text[i] <= '9'; i++, digits++)
            if (scale < UINT64_C(1000000000000000)) {
                part = part * 10 + (uint64_t)(text[i] - '0');
                scale *= 10;
            }
    }
    if (i != size || digits == 0)
        return false;
    *out = (lb_time)whole * unit + units_from_ns((double)part / (double)scale * (double)unit);
    return true;
}

/* The next field of the line: false at its end. Quotes are taken off in place. */
static bool next_field(char **at, char *end, char delimiter, struct trace_span *field, bool *fine)
{
    char *c = *at;
    if (c > end)
        return false;
    char *to = c;
    field->at = c;
    if (c < end && *c == '"') {
        for (c++; c < end && (*c != '"' || (c + 1 < end && c[1] == '"')); c++) {
            c += *c == '"';
            *to++ = *c;
        }
        *fine = *fine && c < end;
        c += c < end;
        *fine = *fine && (c == end || *c == delimiter);
    } else {
        for (; c < end && *c != delimiter; c++)
            to++;
    }
    field->size = (size_t)(to - field->at);
    *at = c + 1;
    return true;
}

static bool is_time(uint8_t what)
{
    return what >= COLUMN_TIME_NS && what <= COLUMN_TIME_MIN;
}

static bool is_work(uint8_t what)
{
    return what >= COLUMN_WORK_NS && what <= COLUMN_WORK_S;
}

bool trace_table_header(struct trace_columns *columns, char *line, size_t size,
                        struct lb_error *error)
{
    struct trace_span field;
    bool fine = true;
    uint32_t seen[COLUMNS] = {0}, times = 0, works = 0;
    char *at = line;
    *columns = (struct trace_columns){.delimiter = memchr(line, '\t', size) != NULL ? '\t' : ','};
    while (next_field(&at, line + size, columns->delimiter, &field, &fine)) {
        if (columns->count == sizeof columns->what) {
            (void)lb_error_set(error, LB_ERROR_INVALID, "more than %zu columns",
                               sizeof columns->what);
            return false;
        }
        uint8_t what = COLUMN_OTHER;
        for (uint8_t c = 1; c < COLUMNS; c++)
            if (strlen(names[c]) == field.size && memcmp(names[c], field.at, field.size) == 0)
                what = c;
        seen[what]++;
        times += is_time(what);
        works += is_work(what);
        columns->what[columns->count++] = what;
    }
    for (uint8_t c = 1; c < COLUMNS; c++)
        if (seen[c] > 1)
            times = 2;
    if (fine && times == 1 && works <= 1)
        return true;
    (void)lb_error_set(error, LB_ERROR_INVALID,
                       times > 1 || works > 1 ? "the header names a column twice"
                                              : "the first line names no column t_us, t_ms or t_s");
    return false;
}

bool trace_table_line(const struct trace_columns *columns, char *line, size_t size,
                      struct trace_line *out, const char **why)
{
    struct trace_span field;
    bool fine = true;
    uint32_t i = 0;
    char *at = line;
    lb_time number;
    *out = (struct trace_line){.count = TRACE_NO_COUNT, .work = TRACE_NO_WORK};
    *why = "a number is expected";
    while (next_field(&at, line + size, columns->delimiter, &field, &fine)) {
        uint8_t what = i < columns->count ? columns->what[i] : COLUMN_OTHER;
        i++;
        if (is_time(what)) {
            if (!trace_number(field.at, field.size, units[what], &out->at)) {
                *why = "no time, or a wrong one";
                return false;
            }
        } else if (is_work(what)) {
            if (field.size > 0 && !trace_number(field.at, field.size, units[what], &out->work)) {
                *why = "this work is not a number";
                return false;
            }
        } else if (what == COLUMN_COUNT) {
            if (!trace_number(field.at, field.size, 1, &number) || number > INT32_MAX ||
                memchr(field.at, '.', field.size) != NULL) {
                *why = "this count is not a whole number";
                return false;
            }
            out->count = (uint32_t)number;
        } else if (what == COLUMN_CLIENT) {
            out->client = field;
        } else if (what == COLUMN_KEY) {
            out->key = field;
        } else if (what == COLUMN_CLASS) {
            out->class = field;
        } else if (what == COLUMN_PATH) {
            out->path = field;
        }
    }
    *why = !fine ? "a quote is not closed" : "fewer or more fields than the header names";
    return fine && i == columns->count;
}
