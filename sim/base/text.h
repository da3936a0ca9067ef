/*
 * Text that came from outside: shown safely, compared, collected.
 */
#ifndef BASE_TEXT_H
#define BASE_TEXT_H

#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>

/* A growing byte string; data is NUL-terminated or NULL when empty. */
struct text {
    char *data;
    size_t size, room;
};

void text_init(struct text *text);
void text_done(struct text *text);
void text_clear(struct text *text);
/* Room for `size` more bytes: where they go. Who writes them adds to text->size, and a NUL. */
char *text_room(struct text *text, size_t size);
/* All three abort on lack of memory, like every small allocation of the program (text_need). */
void text_add(struct text *text, const char *bytes, size_t size);
__attribute__((format(printf, 2, 3))) void text_addf(struct text *text, const char *format, ...);
__attribute__((format(printf, 2, 0))) void text_addv(struct text *text, const char *format,
                                                     va_list list);

/* malloc, calloc, realloc and strdup that print "out of memory" and end with status 3. */
void *text_need(size_t size);
void *text_need_zero(size_t count, size_t size);
void *text_need_more(void *old, size_t size);
char *text_copy(const char *string);
char *text_copy_n(const char *bytes, size_t size);

/* Every control byte (below 0x20, 0x7f) and every byte of ill-formed UTF-8, and the C1 controls
 * U+0080 to U+009F, line separators and marks that reorder a line (U+2028 to U+202E, U+2066 to
 * U+2069), becomes one '?'. The result never outgrows the source; cut to fit, never inside a
 * character, and NUL-terminated. */
void text_escape(char *to, size_t to_size, const char *from, size_t from_size);
/* The same straight to a stream. */
void text_print(FILE *to, const char *string);

/* A field of comma-separated values: quoted when it must be (RFC 4180). */
void text_add_csv(struct text *text, const char *value);

/* Bytes of the UTF-8 sequence at s (1 to 4), or 0 when it is ill-formed or cut off. */
size_t text_utf8_length(const char *s, size_t size);
/* Terminal columns of a string: wide characters count two, combining ones none, what text_escape
 * would replace one. The same in every locale (tables in width.c). */
size_t text_width(const char *s, size_t size);

/* Damerau-Levenshtein distance (optimal string alignment), case-insensitive. */
size_t text_distance(const char *a, const char *b);
/* The nearest of n words, if it is near enough to be a slip (distance at most a third of the
 * longer word, at least 1); else NULL. */
const char *text_nearest(const char *word, const char *const *words, size_t n);

#endif
