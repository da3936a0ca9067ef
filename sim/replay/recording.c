/* See recording.h. */
#include "sim/replay/recording.h"

#include <stdlib.h>
#include <string.h>

#include "sim/base/file.h"

int recording_fail(const struct recording *r, uint32_t line, struct lb_error *error,
                   const char *format, ...)
{
    char text[sizeof error->text - 32];
    va_list list;
    va_start(list, format);
    (void)vsnprintf(text, sizeof text, format, list);
    va_end(list);
    return lb_error_set(error, LB_ERROR_INVALID, "%.*s:%u: %s", 200, r->path, (unsigned)line, text);
}

/* "# key: value", cut in place. */
static int take_header(struct recording *r, char *line, uint32_t number, struct lb_error *error)
{
    char *key = line + 1 + strspn(line + 1, " ");
    char *colon = strchr(key, ':');
    if (colon == NULL || colon == key)
        return recording_fail(r, number, error, "expected '# key: value', found '%.60s'", line);
    if (r->header_count == RECORDING_HEADERS_MAX)
        return recording_fail(r, number, error, "more than %u lines of '# key: value'",
                              RECORDING_HEADERS_MAX);
    *colon = '\0';
    const struct recording_header *before = recording_find(r, key);
    if (before != NULL && strcmp(key, "command") != 0)
        return recording_fail(r, number, error, "'%.60s' is given twice, first in line %u", key,
                              (unsigned)before->line);
    r->headers[r->header_count++] = (struct recording_header){
        .key = key, .value = colon + 1 + strspn(colon + 1, " "), .line = number};
    return 0;
}

/* The names of the columns: known by name later, so none may be empty or come twice. */
static int take_columns(struct recording *r, char *line, uint32_t number, struct lb_error *error)
{
    r->line = number;
    for (char *at = line; at != NULL;) {
        char *tab = strchr(at, '\t');
        if (tab != NULL)
            *tab++ = '\0';
        if (r->column_count == RECORDING_COLUMNS_MAX)
            return recording_fail(r, number, error, "more than %u columns", RECORDING_COLUMNS_MAX);
        if (at[0] == '\0' || recording_column(r, at) >= 0)
            return recording_fail(r, number, error,
                                  "expected names of columns between tabs, each once; column %u is "
                                  "'%.60s'",
                                  (unsigned)r->column_count + 1, at);
        r->columns[r->column_count++] = at;
        at = tab;
    }
    return 0;
}

static int take_row(struct recording *r, char *line, uint32_t number, struct lb_error *error)
{
    uint32_t cells = 1;
    for (char *tab = line; (tab = strchr(tab, '\t')) != NULL; cells++)
        *tab++ = '\0';
    if (cells != r->column_count)
        return recording_fail(r, number, error,
                              "expected %u cells between tabs (%s ... %s), "
                              "found %u",
                              (unsigned)r->column_count, r->columns[0],
                              r->columns[r->column_count - 1], (unsigned)cells);
    if (r->row_count == RECORDING_ROWS_MAX)
        return recording_fail(r, number, error, "more than %u rows", RECORDING_ROWS_MAX);
    if ((r->row_count & (r->row_count - 1)) == 0) {
        size_t room = r->row_count == 0 ? 1 : 2 * (size_t)r->row_count;
        r->rows = text_need_more(r->rows, room * sizeof *r->rows);
    }
    r->rows[r->row_count++] = (uint32_t)(line - r->text.data);
    return 0;
}

static int take_line(struct recording *r, char *line, uint32_t number, struct lb_error *error)
{
    if (r->column_count > 0)
        return take_row(r, line, number, error);
    return line[0] == '#' ? take_header(r, line, number, error)
                          : take_columns(r, line, number, error);
}

/* Cuts the text into lines. Line breaks are LF or CR LF; empty lines at the end are none. */
static int parse(struct recording *r, struct lb_error *error)
{
    size_t size = r->text.size;
    uint32_t number = 1;
    if (size == 0)
        return recording_fail(r, 1, error, "the file is empty; expected '# key: value' lines");
    char *text = r->text.data;
    const char *zero = memchr(text, '\0', size);
    for (const char *c = text; zero != NULL && c < zero; c++)
        number += *c == '\n';
    if (zero != NULL)
        return recording_fail(r, number, error, "a zero byte: this is not a text file");
    while (size > 0 && (text[size - 1] == '\n' || text[size - 1] == '\r'))
        text[--size] = '\0';
    if (strncmp(text, "\xef\xbb\xbf", 3) == 0)
        text += 3;
    for (char *line = text; line != NULL; number++) {
        char *end = strchr(line, '\n');
        if (end != NULL) {
            if (end > line && end[-1] == '\r')
                end[-1] = '\0';
            *end++ = '\0';
        }
        if (take_line(r, line, number, error) != 0)
            return -1;
        line = end;
    }
    if (r->column_count == 0)
        return recording_fail(r, number, error,
                              "expected a row of column names after the "
                              "'# key: value' lines, found the end");
    if (r->row_count == 0)
        return recording_fail(r, number, error,
                              "expected rows after the column names, found the "
                              "end");
    return 0;
}

int recording_read(struct recording *r, const char *path, struct lb_error *error)
{
    struct lb_error why;
    *r = (struct recording){.path = strcmp(path, "-") == 0 ? "<stdin>" : path};
    text_init(&r->text);
    int status = file_read(path, RECORDING_MEBIBYTES_MAX, &r->text, &why);
    if (status != 0) {
        (void)lb_error_set(error, why.code, "%.200s: %.600s", r->path, why.text);
        return status;
    }
    return parse(r, error) == 0 ? 0 : 2;
}

int recording_take(struct recording *r, const char *name, const char *text, size_t size,
                   struct lb_error *error)
{
    *r = (struct recording){.path = name};
    text_add(&r->text, text, size);
    return parse(r, error) == 0 ? 0 : 2;
}

void recording_done(struct recording *r)
{
    text_done(&r->text);
    free(r->rows);
    r->rows = NULL;
}

const struct recording_header *recording_find(const struct recording *r, const char *key)
{
    for (uint32_t i = 0; i < r->header_count; i++)
        if (strcmp(r->headers[i].key, key) == 0)
            return &r->headers[i];
    return NULL;
}

const char *recording_value(const struct recording *r, const char *key)
{
    const struct recording_header *header = recording_find(r, key);
    return header != NULL ? header->value : NULL;
}

int recording_column(const struct recording *r, const char *name)
{
    for (uint32_t i = 0; i < r->column_count; i++)
        if (strcmp(r->columns[i], name) == 0)
            return (int)i;
    return -1;
}

void recording_row(const struct recording *r, uint32_t row, const char **cells)
{
    const char *at = r->text.data + r->rows[row];
    for (uint32_t i = 0; i < r->column_count; i++, at += strlen(at) + 1)
        cells[i] = at;
}
