/*
 * Reading a whole file that somebody names: never a wait, never more than a limit.
 */
#ifndef BASE_FILE_H
#define BASE_FILE_H

#include "algorithms/types.h"
#include "sim/base/text.h"

/* A descriptor to read from, or -1 with *error; the same rules. */
int file_open(const char *path, struct lb_error *error);

/*
 * Reads a regular file, or standard input for "-", whole into *text. 0, or an exit status with
 * *error: 3 when it cannot be read (or is a directory, a pipe, a device), 2 when it is larger than
 * `limit` MiB.
 */
int file_read(const char *path, size_t limit, struct text *text, struct lb_error *error);

#endif
