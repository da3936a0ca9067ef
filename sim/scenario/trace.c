/* See trace.h: lines to rows, what is broken, order, and the end. */
#include "sim/scenario/trace.h"

#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <xxhash.h>
#include <zlib.h>

#include "sim/base/file.h"
#include "sim/base/text.h"
#include "sim/base/units.h"

#define LONGEST (INT64_C(100000) * 3600 * UNITS_S)

struct reading {
    const struct trace_request *request;
    struct trace *trace;
    struct trace_report *report;
    struct trace_columns columns;
    uint32_t room;
    uint64_t number;        /* of the line, from 1 */
    lb_time first, newest;  /* of the lines so far */
    bool header, fractions; /* a log knows more than whole seconds */
    struct lb_error *error;
};

/* --- rows --------------------------------------------------------------------------------------- */

static void break_line(struct reading *l, const char *text, size_t size, const char *why)
{
    struct trace_report *report = l->report;
    if (report->broken++ >= TRACE_SHOWN)
        return;
    struct trace_broken *shown = &report->shown[report->broken - 1];
    shown->line = l->number;
    (void)snprintf(shown->why, sizeof shown->why, "%s", why);
    text_escape(shown->text, sizeof shown->text, text, size);
}

/* Room for one more in each array that there is. */
static void grow(struct reading *l)
{
    struct trace *t = l->trace;
    if (t->rows < l->room)
        return;
    l->room = l->room == 0 ? 1024 : 2 * l->room;
    t->at = text_need_more(t->at, l->room * sizeof *t->at);
    if (t->count != NULL)
        t->count = text_need_more(t->count, l->room * sizeof *t->count);
    if (t->work != NULL)
        t->work = text_need_more(t->work, l->room * sizeof *t->work);
    if (t->class != NULL)
        t->class = text_need_more(t->class, l->room * sizeof *t->class);
    uint32_t **const numbers[] = {&t->client, &t->key, &t->path};
    for (int i = 0; i < 3; i++)
        if (*numbers[i] != NULL)
            *numbers[i] = text_need_more(*numbers[i], l->room * sizeof **numbers[i]);
}

/* Writes value into an array that is made when the first row has something to say; those before have
 * `none`. */
static void put_number(struct reading *l, uint32_t **array, uint32_t value, uint32_t none)
{
    uint32_t row = l->trace->rows;
    if (*array == NULL && value == none)
        return;
    if (*array == NULL) {
        *array = text_need(l->room * sizeof **array);
        for (uint32_t i = 0; i < row; i++)
            (*array)[i] = none;
    }
    (*array)[row] = value;
}

static void put_work(struct reading *l, lb_time work)
{
    struct trace *t = l->trace;
    if (t->work == NULL && work == TRACE_NO_WORK)
        return;
    if (t->work == NULL) {
        t->work = text_need(l->room * sizeof *t->work);
        for (uint32_t i = 0; i < t->rows; i++)
            t->work[i] = TRACE_NO_WORK;
    }
    t->work[t->rows] = work;
}

static void put_class(struct reading *l, uint8_t class)
{
    struct trace *t = l->trace;
    if (t->class == NULL && class == TRACE_NO_CLASS)
        return;
    if (t->class == NULL) {
        t->class = text_need(l->room);
        memset(t->class, TRACE_NO_CLASS, t->rows);
    }
    t->class[t->rows] = class;
}

static bool intern(struct reading *l, struct intern *strings, struct trace_span span, uint32_t *out)
{
    *out = 0;
    if (span.size == 0)
        return true;
    *out = intern_add(strings, span.at, span.size);
    if (*out == 0)
        (void)lb_error_set(l->error, LB_ERROR_INVALID,
                           "its strings need more than %u MiB, the limit",
                           (unsigned)(INTERN_BYTES_MAX >> 20));
    return *out != 0;
}

static uint8_t class_of(const struct reading *l, struct trace_span name)
{
    for (uint32_t i = 0; i < l->request->class_count; i++)
        if (strlen(l->request->classes[i]) == name.size &&
            memcmp(l->request->classes[i], name.at, name.size) == 0)
            return (uint8_t)i;
    return TRACE_NO_CLASS;
}

static uint8_t class_by_path(const struct reading *l, struct trace_span path)
{
    uint8_t best = TRACE_NO_CLASS;
    size_t longest = 0;
    for (uint32_t i = 0; i < l->request->class_count; i++) {
        const char *prefix = l->request->paths[i];
        size_t size = prefix == NULL ? 0 : strlen(prefix);
        if (size > longest && size <= path.size && memcmp(prefix, path.at, size) == 0) {
            best = (uint8_t)i;
            longest = size;
        }
    }
    return best;
}

/* A line that a parser could read. False when the file has become too much. */
static bool add_row(struct reading *l, struct trace_line *line, const char *text, size_t size)
{
    struct trace *t = l->trace;
    char why[120];
    bool table = l->request->format == TRACE_TABLE;
    lb_time back = l->newest - line->at;
    uint8_t class = TRACE_NO_CLASS;
    if (line->class.size > 0 && (class = class_of(l, line->class)) == TRACE_NO_CLASS) {
        break_line(l, text, size, "none of the group's classes is called so");
        return true;
    }
    if (line->class.size == 0)
        class = class_by_path(l, line->path);
    if (t->rows > 0 && back > (table ? 0 : TRACE_DISORDER)) {
        char by[40];
        (void)snprintf(why, sizeof why, "its time is %s before that of an earlier line",
                       units_format(by, sizeof by, back));
        break_line(l, text, size, why);
        return true;
    }
    if (line->at - (table ? 0 : t->rows > 0 ? l->first : line->at) > LONGEST) {
        break_line(l, text, size, "its time is more than 100000h after the start of the trace");
        return true;
    }
    if (t->rows == TRACE_ROWS_MAX) {
        (void)lb_error_set(l->error, LB_ERROR_INVALID, "more than %u lines", TRACE_ROWS_MAX);
        return false;
    }
    if (t->rows > 0 && back > 0) {
        l->report->late_line = l->report->late++ == 0 ? l->number : l->report->late_line;
        l->report->latest = back > l->report->latest ? back : l->report->latest;
    }
    uint32_t client, key, path;
    if (!intern(l, &t->clients, line->client, &client) ||
        !intern(l, &t->strings, line->key, &key) || !intern(l, &t->strings, line->path, &path))
        return false;
    grow(l);
    if (t->rows == 0)
        l->first = l->newest = line->at;
    l->newest = line->at > l->newest ? line->at : l->newest;
    l->first = line->at < l->first ? line->at : l->first;
    l->fractions |= !line->whole_second;
    t->at[t->rows] = line->at;
    put_number(l, &t->count, line->count, TRACE_NO_COUNT);
    put_number(l, &t->client, client, 0);
    put_number(l, &t->key, key, 0);
    put_number(l, &t->path, path, 0);
    put_work(l, line->work);
    put_class(l, class);
    t->rows++;
    return true;
}

/* One line without its line break. False when reading must end. */
static bool read_line(struct reading *l, char *text, size_t size)
{
    static const char mark[] = "\xef\xbb\xbf";
    l->number++;
    if (l->number == 1 && size >= 3 && memcmp(text, mark, 3) == 0) {
        text += 3;
        size -= 3;
    }
    if (size > 0 && text[size - 1] == '\r')
        size--;
    bool table = l->request->format == TRACE_TABLE;
    if (size == 0 || (table && text[0] == '#'))
        return true;
    if (table && !l->header) {
        l->header = true;
        return trace_table_header(&l->columns, text, size, l->error);
    }
    struct trace_line line = {.count = TRACE_NO_COUNT};
    const char *why = "";
    bool fine = false;
    l->report->lines++;
    struct trace_broken kept; /* parsers undo quotes in place: the text before that */
    text_escape(kept.text, sizeof kept.text, text, size);
    switch (l->request->format) {
    case TRACE_TABLE:
        fine = trace_table_line(&l->columns, text, size, &line, &why);
        break;
    case TRACE_JSON:
        fine = trace_json_line(text, size, &line, &why);
        break;
    case TRACE_HAPROXY:
        fine = trace_haproxy_line(text, size, &line, &why);
        break;
    default:
        fine = trace_clf_line(text, size, l->request->format == TRACE_COMBINED, &line, &why);
        break;
    }
    if (fine && memchr(text, '\0', size) != NULL) {
        fine = false;
        why = "it has a byte of value 0";
    }
    if (fine)
        return add_row(l, &line, kept.text, strlen(kept.text));
    break_line(l, kept.text, strlen(kept.text), why);
    return true;
}

/* --- order -------------------------------------------------------------------------------------- */

struct place {
    lb_time at;
    uint32_t row;
};

static int by_time(const void *left, const void *right)
{
    const struct place *a = left, *b = right;
    if (a->at != b->at)
        return a->at < b->at ? -1 : 1;
    return a->row < b->row ? -1 : a->row > b->row;
}

static void permute(void *array, size_t size, const struct place *order, uint32_t n)
{
    if (array == NULL)
        return;
    char *copy = text_need(n * size);
    memcpy(copy, array, n * size);
    for (uint32_t i = 0; i < n; i++)
        memcpy((char *)array + i * size, copy + order[i].row * size, size);
    free(copy);
}

static void sort(struct trace *t)
{
    struct place *order = text_need(t->rows * sizeof *order);
    for (uint32_t i = 0; i < t->rows; i++)
        order[i] = (struct place){t->at[i], i};
    qsort(order, t->rows, sizeof *order, by_time);
    permute(t->at, sizeof *t->at, order, t->rows);
    permute(t->count, sizeof *t->count, order, t->rows);
    permute(t->work, sizeof *t->work, order, t->rows);
    permute(t->class, sizeof *t->class, order, t->rows);
    permute(t->client, sizeof *t->client, order, t->rows);
    permute(t->key, sizeof *t->key, order, t->rows);
    permute(t->path, sizeof *t->path, order, t->rows);
    free(order);
}

/* Lines of one second, evenly over it. */
static void spread(struct trace *t)
{
    for (uint32_t i = 0, end; i < t->rows; i = end) {
        for (end = i + 1; end < t->rows && t->at[end] == t->at[i];)
            end++;
        for (uint32_t k = 1; k < end - i; k++)
            t->at[i + k] += (lb_time)k * UNITS_S / (end - i);
    }
}

/* From the times of the file to those of the run, and what is known of the whole. */
static void finish(struct reading *l)
{
    struct trace *t = l->trace;
    bool table = l->request->format == TRACE_TABLE;
    if (l->report->late > 0)
        sort(t);
    if (!table && !l->fractions)
        spread(t);
    lb_time start = table ? 0 : t->at[0] / UNITS_S * UNITS_S;
    for (uint32_t i = 0; i < t->rows; i++) {
        double count = t->count == NULL ? 1 : t->count[i];
        t->at[i] = units_from_ns((double)(t->at[i] - start) / l->request->warp);
        t->arrivals += count;
        if (t->work != NULL && t->work[i] != TRACE_NO_WORK) {
            t->worked += count;
            t->work_sum += count * (double)t->work[i];
        }
    }
    /* The last row lasts as long as the others in the mean. */
    lb_time last = t->at[t->rows - 1], gap = (lb_time)((double)UNITS_S / l->request->warp);
    if (t->rows > 1)
        gap = (last - t->at[0]) / (t->rows - 1);
    t->length = last + (gap > 0 ? gap : 1);
}

/* --- bytes -------------------------------------------------------------------------------------- */

/* Splits what comes into lines; one that is too long is broken, and passed over to its end. */
static bool read_lines(struct reading *l)
{
    char *buffer = text_need(TRACE_LINE_MAX + 1);
    size_t held = 0;
    uint64_t total = 0;
    bool fine = true, passing = false, end = false;
    XXH64_state_t *hash = XXH64_createState();
    if (hash == NULL)
        hash = text_need(SIZE_MAX); /* says so and ends the program */
    (void)XXH64_reset(hash, 0);
    while (fine && !end) {
        long got =
            l->request->source(l->request->self, buffer + held, TRACE_LINE_MAX - held, l->error);
        fine = got >= 0;
        end = got <= 0;
        if (got > 0)
            (void)XXH64_update(hash, buffer + held, (size_t)got);
        total += got > 0 ? (uint64_t)got : 0;
        if (total > TRACE_BYTES_MAX) {
            (void)lb_error_set(l->error, LB_ERROR_INVALID, "larger than %u MiB, unpacked",
                               (unsigned)(TRACE_BYTES_MAX >> 20));
            fine = false;
        }
        held += got > 0 ? (size_t)got : 0;
        size_t from = 0;
        while (fine && from < held) {
            char *stop = memchr(buffer + from, '\n', held - from);
            size_t size = stop != NULL ? (size_t)(stop - buffer) - from : held - from;
            if (stop == NULL && !end && held - from < TRACE_LINE_MAX)
                break;
            if (stop == NULL && !end && !passing) {
                l->number++;
                l->report->lines++;
                break_line(l, buffer + from, 90, "a line of more than 64 KiB");
                passing = true;
            } else if (!passing) {
                fine = read_line(l, buffer + from, size);
            }
            passing = passing && stop == NULL;
            from += size + (stop != NULL);
        }
        held -= from < held ? from : held;
        memmove(buffer, buffer + from, held);
    }
    l->report->hash = XXH64_digest(hash);
    (void)XXH64_freeState(hash);
    free(buffer);
    return fine;
}

int trace_read(struct trace *trace, const struct trace_request *request,
               struct trace_report *report, struct lb_error *error)
{
    struct reading l = {.request = request, .trace = trace, .report = report, .error = error};
    *trace = (struct trace){.rows = 0};
    *report = (struct trace_report){.lines = 0};
    if (!read_lines(&l))
        return -1;
    if ((double)report->broken > TRACE_BROKEN_MAX * (double)report->lines)
        return lb_error_set(error, LB_ERROR_INVALID, "%llu of %llu lines are broken, more than 1%%",
                            (unsigned long long)report->broken, (unsigned long long)report->lines);
    if (trace->rows == 0)
        return lb_error_set(error, LB_ERROR_INVALID, "there are no requests in it");
    finish(&l);
    if (trace->arrivals == 0)
        return lb_error_set(error, LB_ERROR_INVALID, "there are no requests in it");
    return 0;
}

static long read_gzip(void *self, char *bytes, size_t size, struct lb_error *error)
{
    int got = gzread(self, bytes, (unsigned)size), code = Z_OK;
    if (got >= 0)
        return got;
    const char *words = gzerror(self, &code);
    (void)lb_error_set(error, LB_ERROR_SYSTEM, "cannot read: %s",
                       code == Z_ERRNO ? strerror(errno) : words);
    return -1;
}

int trace_read_file(struct trace *trace, const char *path, const struct trace_request *request,
                    struct trace_report *report, struct lb_error *error)
{
    *trace = (struct trace){.rows = 0};
    *report = (struct trace_report){.lines = 0};
    int fd = file_open(path, error);
    if (fd < 0)
        return -1;
    gzFile file = gzdopen(fd, "rb"); /* reads what is not gzipped as it is */
    if (file == NULL) {
        (void)close(fd);
        return lb_error_set(error, LB_ERROR_SYSTEM, "cannot read: no memory");
    }
    struct trace_request whole = *request;
    whole.source = read_gzip;
    whole.self = file;
    int status = trace_read(trace, &whole, report, error);
    (void)gzclose(file);
    return status;
}

void trace_done(struct trace *trace)
{
    free(trace->at);
    free(trace->count);
    free(trace->work);
    free(trace->class);
    free(trace->client);
    free(trace->key);
    free(trace->path);
    intern_done(&trace->strings);
    intern_done(&trace->clients);
    *trace = (struct trace){.rows = 0};
}

double trace_mean_work(const struct trace *trace, double mean)
{
    double silent = trace->arrivals - trace->worked;
    /* a class may have an infinite mean: it counts only where somebody draws from it */
    return (trace->work_sum + (silent > 0 ? silent * mean : 0)) / trace->arrivals;
}
