/* See diagnose.h. */
#include "sim/scenario/diagnose.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#define LINE_BYTES  96U /* of a source line that are shown */
#define LINE_BEFORE 56U /* of them before the caret, when the line is cut */

void diagnose_init(struct diagnose *d, struct text *out, const struct source *sources,
                   uint32_t source_count)
{
    *d = (struct diagnose){.out = out, .sources = sources, .source_count = source_count};
}

bool diagnose_listens(const struct diagnose *d)
{
    return d->errors < DIAGNOSE_SHOWN;
}

/* Adds bytes with tabs as spaces and everything else escaped; returns their width in columns. */
static size_t add_escaped(struct text *out, const char *bytes, size_t size)
{
    char *copy = text_copy_n(bytes, size);
    for (size_t i = 0; i < size; i++)
        if (copy[i] == '\t')
            copy[i] = ' ';
    char *safe = text_need(size + 1);
    text_escape(safe, size + 1, copy, size);
    size_t width = text_width(safe, strlen(safe));
    text_add(out, safe, strlen(safe));
    free(safe);
    free(copy);
    return width;
}

static bool continues(char c)
{
    return ((unsigned char)c & 0xc0) == 0x80;
}

/* The source line and a caret under [at.offset, at.offset + at.length), cut to the line. */
static void add_line(struct diagnose *d, const struct source *source, struct place at)
{
    size_t line, column, start, end;
    source_locate(source, at.offset, &line, &column, &start, &end);
    size_t offset = at.offset > source->size ? source->size : at.offset;
    offset = offset < start ? start : offset;
    size_t first = start, last = end;
    if (last - first > LINE_BYTES) {
        first = offset - start > LINE_BEFORE ? offset - LINE_BEFORE : start;
        while (first < offset && continues(source->text[first]))
            first++;
        last = end - first > LINE_BYTES ? first + LINE_BYTES : end;
        while (last > offset && last < end && continues(source->text[last]))
            last--;
    }
    if (source->argument)
        text_addf(d->out, "       | ");
    else
        text_addf(d->out, "%6zu | ", line);
    size_t before = 0;
    if (first > start) {
        text_addf(d->out, "...");
        before = 3;
    }
    before += add_escaped(d->out, source->text + first, offset - first);
    size_t stop = offset + at.length < last ? offset + at.length : last;
    size_t under = add_escaped(d->out, source->text + offset, stop - offset);
    (void)add_escaped(d->out, source->text + stop, last - stop);
    text_addf(d->out, "%s\n       | %*s^", last < end ? "..." : "", (int)before, "");
    for (size_t i = 1; i < under; i++)
        text_add(d->out, "~", 1);
    text_add(d->out, "\n", 1);
}

__attribute__((format(printf, 4, 0))) static void add_message(struct diagnose *d, struct place at,
                                                              const char *word, const char *format,
                                                              va_list list)
{
    const struct source *source = &d->sources[at.source];
    size_t line, column, start, end;
    (void)add_escaped(d->out, source->name, strlen(source->name));
    source_locate(source, at.offset, &line, &column, &start, &end);
    if (!source->argument)
        text_addf(d->out, ":%zu:%zu", line, column);
    text_addf(d->out, ": %s: ", word);
    struct text message;
    text_init(&message);
    text_addv(&message, format, list);
    if (d->variant != NULL && strcmp(word, "error") == 0)
        text_addf(&message, " (in variant '%s')", d->variant);
    (void)add_escaped(d->out, message.data == NULL ? "" : message.data, message.size);
    text_done(&message);
    text_add(d->out, "\n", 1);
    add_line(d, source, at);
}

void diagnose_error(struct diagnose *d, struct place at, const char *format, ...)
{
    d->muted = !diagnose_listens(d);
    d->errors++;
    if (d->muted)
        return;
    va_list list;
    va_start(list, format);
    add_message(d, at, "error", format, list);
    va_end(list);
}

/* A variant that is only checked is not run: what would come of it, who runs it hears. */
void diagnose_warning(struct diagnose *d, struct place at, const char *format, ...)
{
    d->muted = d->variant != NULL || d->warnings >= DIAGNOSE_SHOWN;
    d->warnings++;
    if (d->muted)
        return;
    va_list list;
    va_start(list, format);
    add_message(d, at, "warning", format, list);
    va_end(list);
}

void diagnose_help(struct diagnose *d, const char *format, ...)
{
    if (d->muted)
        return;
    struct text message;
    text_init(&message);
    va_list list;
    va_start(list, format);
    text_addv(&message, format, list);
    va_end(list);
    text_addf(d->out, "       = help: ");
    (void)add_escaped(d->out, message.data == NULL ? "" : message.data, message.size);
    text_add(d->out, "\n", 1);
    text_done(&message);
}

void diagnose_note(struct diagnose *d, struct place at, const char *format, ...)
{
    if (d->muted)
        return;
    va_list list;
    va_start(list, format);
    add_message(d, at, "note", format, list);
    va_end(list);
}

void diagnose_line(struct diagnose *d, const char *file, uint64_t line, const char *text,
                   const char *word, const char *format, ...)
{
    if (d->variant != NULL)
        return;
    struct text message;
    text_init(&message);
    va_list list;
    va_start(list, format);
    text_addv(&message, format, list);
    va_end(list);
    (void)add_escaped(d->out, file, strlen(file));
    text_addf(d->out, ":%" PRIu64 ": %s: ", line, word);
    (void)add_escaped(d->out, message.data == NULL ? "" : message.data, message.size);
    if (text != NULL) {
        text_addf(d->out, "\n%6" PRIu64 " | ", line);
        (void)add_escaped(d->out, text, strlen(text));
    }
    text_add(d->out, "\n", 1);
    text_done(&message);
}

void diagnose_whole(struct diagnose *d, uint32_t source, const char *message)
{
    d->muted = !diagnose_listens(d);
    d->errors++;
    if (d->muted)
        return;
    const char *name = d->sources[source].name;
    (void)add_escaped(d->out, name, strlen(name));
    text_addf(d->out, ": error: ");
    (void)add_escaped(d->out, message, strlen(message));
    text_add(d->out, "\n", 1);
}

void diagnose_close(struct diagnose *d)
{
    if (d->errors == 0)
        return;
    text_addf(d->out, "%" PRIu32 " error%s in ", d->errors, d->errors == 1 ? "" : "s");
    (void)add_escaped(d->out, d->sources[0].name, strlen(d->sources[0].name));
    if (d->errors > DIAGNOSE_SHOWN)
        text_addf(d->out, ", the first %u shown", DIAGNOSE_SHOWN);
    text_add(d->out, "\n", 1);
}

struct quoted quote(const char *bytes, size_t size)
{
    enum { KEPT = 72 };
    struct quoted q;
    size_t kept = size;
    if (kept > KEPT) {
        kept = KEPT;
        while (kept > 0 && continues(bytes[kept]))
            kept--;
    }
    (void)snprintf(q.text, sizeof q.text, "'%.*s%s'", (int)kept, bytes, kept < size ? "..." : "");
    return q;
}
