/*
 * empirical(file="work.txt"): a distribution that draws from the durations (or sizes, or counts) in a file, one a line;
 * an empty line and what follows a # are skipped. The file is held to the limits of a scenario
 * (regular, 4 MiB), is looked for beside the scenario, and is part of the scenario's hash.
 */
#include <stdlib.h>
#include <string.h>
#include <xxhash.h>

#include "sim/base/check.h"
#include "sim/scenario/schema.h"

#define VALUES_MAX 100000U

char *read_beside(const struct reader *r, const char *name)
{
    const char *path = r->scenario->path;
    const char *slash = path == NULL ? NULL : strrchr(path, '/');
    struct text text;
    text_init(&text);
    if (slash != NULL && name[0] != '/')
        text_add(&text, path, (size_t)(slash - path) + 1);
    text_add(&text, name, strlen(name));
    return text.data;
}

static bool is_blank(char c)
{
    return c == ' ' || c == '\t' || c == '\r';
}

/* The values of the file, or NULL with *error. */
static double *parse_values(const struct text *text, enum quantity_kind unit, size_t *count,
                            struct lb_error *error)
{
    double *values = text_need(VALUES_MAX * sizeof *values);
    size_t line = 0;
    *count = 0;
    for (size_t at = 0, end; at < text->size; at = end + 1) {
        for (end = at; end < text->size && text->data[end] != '\n';)
            end++;
        line++;
        size_t first = at, last = at;
        while (last < end && text->data[last] != '#')
            last++;
        while (first < last && is_blank(text->data[first]))
            first++;
        while (last > first && is_blank(text->data[last - 1]))
            last--;
        if (first == last)
            continue;
        struct quantity q;
        struct quoted word = quote(text->data + first, last - first);
        if (quantity_read(text->data + first, last - first, &q) != QUANTITY_FINE ||
            (q.kind != unit && !(unit == QUANTITY_SIZE && q.kind == QUANTITY_NUMBER)) ||
            q.value < 0)
            (void)lb_error_set(error, LB_ERROR_INVALID, "line %zu: %s is not %s", line, word.text,
                               quantity_kind_name(unit));
        else if (*count >= VALUES_MAX)
            (void)lb_error_set(error, LB_ERROR_INVALID, "more than %u values", VALUES_MAX);
        else {
            values[(*count)++] = q.value;
            continue;
        }
        free(values);
        return NULL;
    }
    return values;
}

bool read_empirical(struct reader *r, const struct node *node, const struct call *call,
                    enum quantity_kind unit, struct distribution *d)
{
    static const char *const keys[] = {"file"};
    struct place at = read_place(r, node, call->key_at, call->end - call->key_at);
    struct call named = *call, first;
    if (call->arg_count == 1 && call->args->key == NULL) {
        first = *call->args;
        first.key = keys[0];
        named.args = &first;
    }
    if (!read_args_known(r, node, &named, keys, 1))
        return false;
    const struct call *file = call_arg(&named, "file");
    if (file == NULL || file->kind == CALL_QUANTITY || file->text[0] == '\0') {
        diagnose_error(r->diagnose, at, "%s: empirical needs a file", read_trail(r));
        diagnose_help(r->diagnose, "as in empirical(file=\"work.txt\"), one duration a line");
        return false;
    }
    struct lb_error error;
    struct text text;
    double *values = NULL;
    size_t count = 0;
    char *path = read_beside(r, file->text);
    text_init(&text);
    bool fine = source_read(path, &text, &error) == 0;
    if (fine)
        fine = (values = parse_values(&text, unit, &count, &error)) != NULL;
    if (fine) {
        r->files = XXH64(text.data == NULL ? "" : text.data, text.size, r->files);
        fine = distribution_make_empirical(d, values, count, &error) == 0;
    }
    if (!fine)
        diagnose_error(r->diagnose, at, "%s: %s: %s", read_trail(r), quote(path, strlen(path)).text,
                       error.text);
    free(values);
    free(path);
    text_done(&text);
    return fine;
}
