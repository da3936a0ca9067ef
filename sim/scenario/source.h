/*
 * Where words come from: a file, standard input, or an argument of the command line.
 *
 * A place is a stretch of bytes of a source; line and column are worked out only when a message
 * is printed, so places cost twelve bytes and no counting.
 */
#ifndef SCENARIO_SOURCE_H
#define SCENARIO_SOURCE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "algorithms/types.h"
#include "sim/base/text.h"

#define SOURCE_MEBIBYTES_MAX 4
#define SOURCE_BYTES_MAX     ((size_t)SOURCE_MEBIBYTES_MAX * 1024 * 1024)

struct source {
    const char *name; /* as shown: "web.yaml", "<stdin>", "--set 2" */
    bool argument;    /* of the command line: has no line numbers */
    const char *text;
    size_t size;
};

struct place {
    uint32_t source;         /* index among the sources of a load */
    uint32_t offset, length; /* bytes */
};

/*
 * Reads a regular file, or standard input for "-", whole into *text. 0, or an exit status with
 * *error: 3 when it cannot be read (or is a directory, a pipe, a device), 2 when it is too large.
 */
int source_read(const char *path, struct text *text, struct lb_error *error);

/*
 * Finds the first byte that the language does not allow: ill-formed UTF-8, or a control character
 * other than tab and line break. True when there is none; else *offset and a *problem to print.
 * A UTF-8 byte order mark at the start is fine.
 */
bool source_clean(const struct source *source, size_t *offset, const char **problem);

/* Line and column, from 1, of a byte; columns count characters. *start and *end are the line's
 * bytes without its line break (LF, CR LF or CR). */
void source_locate(const struct source *source, size_t offset, size_t *line, size_t *column,
                   size_t *start, size_t *end);

#endif
