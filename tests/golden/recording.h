/*
 * Reads a recording of a real balancer: `# key: value` lines, a row of column names, rows of cells
 * separated by tabs. The text is cut up in place; nothing is interpreted here.
 */
#ifndef TESTS_GOLDEN_RECORDING_H
#define TESTS_GOLDEN_RECORDING_H

#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define RECORDING_HEADERS 32
#define RECORDING_COLUMNS 16

struct recording {
    const char *key[RECORDING_HEADERS], *value[RECORDING_HEADERS];
    unsigned headers;
    const char *column[RECORDING_COLUMNS], *cell[RECORDING_COLUMNS];
    unsigned columns;
    char *next; /* the rows not read yet */
};

/* The whole file, to be freed, or NULL. */
static inline char *recording_load(const char *path)
{
    FILE *file = fopen(path, "r");
    if (file == NULL)
        return NULL;
    size_t size = 0, room = 1 << 16, got = 0;
    char *text = malloc(room);
    while (text != NULL && (got = fread(text + size, 1, room - size - 1, file)) > 0) {
        size += got;
        if (size + 1 == room) {
            char *more = realloc(text, room *= 2);
            if (more == NULL)
                free(text);
            text = more;
        }
    }
    fclose(file);
    if (text != NULL)
        text[size] = '\0';
    return text;
}

/* Cuts the line off the front of *at, without its newline; NULL at the end. */
static inline char *recording_line(char **at)
{
    char *line = *at;
    if (*line == '\0')
        return NULL;
    char *end = strchr(line, '\n');
    *at = end != NULL ? end + 1 : line + strlen(line);
    if (end != NULL)
        *end = '\0';
    return line;
}

/* Cuts a line into cells at its tabs; those it does not have are empty. */
static inline unsigned recording_cut(char *line, const char **cell)
{
    unsigned count = 1;
    cell[0] = line;
    for (char *at = line; *at != '\0' && count < RECORDING_COLUMNS; at++)
        if (*at == '\t') {
            *at = '\0';
            cell[count++] = at + 1;
        }
    for (unsigned k = count; k < RECORDING_COLUMNS; k++)
        cell[k] = "";
    return count;
}

/* Reads header and column names from text, which is changed and must outlive the recording. */
static inline bool recording_open(struct recording *recording, char *text)
{
    memset(recording, 0, sizeof *recording);
    recording->next = text;
    char *line;
    while ((line = recording_line(&recording->next)) != NULL && line[0] == '#') {
        char *colon = strstr(line, ": ");
        if (colon == NULL || strlen(line) < 3 || recording->headers == RECORDING_HEADERS)
            continue;
        *colon = '\0';
        recording->key[recording->headers] = line + 2;
        recording->value[recording->headers++] = colon + 2;
    }
    if (line == NULL)
        return false;
    recording->columns = recording_cut(line, recording->column);
    return true;
}

/* The value of a header line, or "". */
static inline const char *recording_header(const struct recording *recording, const char *key)
{
    for (unsigned i = 0; i < recording->headers; i++)
        if (strcmp(recording->key[i], key) == 0)
            return recording->value[i];
    return "";
}

/* Goes to the next row; false at the end. */
static inline bool recording_row(struct recording *recording)
{
    char *line = recording_line(&recording->next);
    if (line != NULL)
        recording_cut(line, recording->cell);
    return line != NULL;
}

/* The cell of this row in the column, or NULL when there is no such column. */
static inline const char *recording_cell(const struct recording *recording, const char *column)
{
    for (unsigned i = 0; i < recording->columns; i++)
        if (strcmp(recording->column[i], column) == 0)
            return recording->cell[i];
    return NULL;
}

#endif
