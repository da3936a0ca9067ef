/*
 * Text from outside, shown safely and compared; and the byte string that grows.
 *
 * The idea: every name in a scenario, a database or a log is hostile until escaped. What reaches a
 * terminal is well-formed UTF-8 without control characters and without the marks that reorder a
 * line (a file name must not be able to look like another). Cost: one pass; a distance takes
 * O(length x length). Sources: RFC 3629 (UTF-8); Unicode Standard, table 3-7 (well-formed
 * sequences); Boytsov, "Indexing methods for approximate dictionary searching", 2011 (optimal
 * string alignment).
 */
#include "sim/base/text.h"

#include <ctype.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "sim/base/check.h"

static _Noreturn void text_no_memory(void)
{
    (void)fputs("lbsim: out of memory\n", stderr);
    exit(3);
}

void *text_need(size_t size)
{
    void *memory = malloc(size != 0 ? size : 1);
    if (memory == NULL)
        text_no_memory();
    return memory;
}

void *text_need_zero(size_t count, size_t size)
{
    void *memory = calloc(count != 0 ? count : 1, size != 0 ? size : 1);
    if (memory == NULL)
        text_no_memory();
    return memory;
}

void *text_need_more(void *old, size_t size)
{
    void *memory = realloc(old, size != 0 ? size : 1);
    if (memory == NULL)
        text_no_memory();
    return memory;
}

char *text_copy_n(const char *bytes, size_t size)
{
    if (size == SIZE_MAX)
        text_no_memory();
    char *copy = text_need(size + 1);
    if (size != 0)
        memcpy(copy, bytes, size);
    copy[size] = '\0';
    return copy;
}

char *text_copy(const char *string)
{
    return text_copy_n(string, strlen(string));
}

void text_init(struct text *text)
{
    *text = (struct text){0};
}

void text_done(struct text *text)
{
    free(text->data);
    text_init(text);
}

void text_clear(struct text *text)
{
    text->size = 0;
    if (text->data != NULL)
        text->data[0] = '\0';
}

/* Room for `more` bytes and the final NUL. */
static void text_grow(struct text *text, size_t more)
{
    if (more >= SIZE_MAX / 2 - text->size)
        text_no_memory();
    size_t need = text->size + more + 1;
    if (need <= text->room)
        return;
    size_t room = text->room < 64 ? 64 : text->room;
    while (room < need)
        room *= 2;
    text->data = text_need_more(text->data, room);
    text->room = room;
}

char *text_room(struct text *text, size_t size)
{
    text_grow(text, size);
    return text->data + text->size;
}

void text_add(struct text *text, const char *bytes, size_t size)
{
    text_grow(text, size);
    if (size != 0)
        memcpy(text->data + text->size, bytes, size);
    text->size += size;
    text->data[text->size] = '\0';
}

void text_addv(struct text *text, const char *format, va_list list)
{
    va_list again;
    va_copy(again, list);
    text_grow(text, 64); /* as a rule it fits, and is formatted once */
    size_t room = text->room - text->size;
    int size = vsnprintf(text->data + text->size, room, format, list);
    lb_assert(size >= 0);
    if ((size_t)size >= room) {
        text_grow(text, (size_t)size);
        (void)vsnprintf(text->data + text->size, (size_t)size + 1, format, again);
    }
    va_end(again);
    text->size += (size_t)size;
}

void text_addf(struct text *text, const char *format, ...)
{
    va_list list;
    va_start(list, format);
    text_addv(text, format, list);
    va_end(list);
}

size_t text_utf8_length(const char *s, size_t size)
{
    const unsigned char *b = (const unsigned char *)s;
    if (size == 0)
        return 0;
    if (b[0] < 0x80)
        return 1;
    size_t length = b[0] >= 0xc2 && b[0] <= 0xdf   ? 2
                    : b[0] >= 0xe0 && b[0] <= 0xef ? 3
                    : b[0] >= 0xf0 && b[0] <= 0xf4 ? 4
                                                   : 0;
    if (length == 0 || length > size)
        return 0;
    /* The second byte rules out overlong forms, surrogates and what is beyond U+10FFFF. */
    unsigned char low = b[0] == 0xe0 ? 0xa0 : b[0] == 0xf0 ? 0x90 : 0x80;
    unsigned char high = b[0] == 0xed ? 0x9f : b[0] == 0xf4 ? 0x8f : 0xbf;
    if (b[1] < low || b[1] > high)
        return 0;
    for (size_t i = 2; i < length; i++)
        if (b[i] < 0x80 || b[i] > 0xbf)
            return 0;
    return length;
}

/* Whether the well-formed character at s would act on the terminal instead of being shown. */
static bool text_is_control(const char *s, size_t length)
{
    const unsigned char *b = (const unsigned char *)s;
    if (length == 1)
        return b[0] < 0x20 || b[0] == 0x7f;
    if (length == 2)
        return b[0] == 0xc2 && b[1] < 0xa0;
    if (length == 3 && b[0] == 0xe2) /* U+2028 to U+202E; U+2066 to U+2069 */
        return (b[1] == 0x80 && b[2] >= 0xa8 && b[2] <= 0xae) ||
               (b[1] == 0x81 && b[2] >= 0xa6 && b[2] <= 0xa9);
    return false;
}

/* Bytes of the next thing to show; *shown tells whether they can be shown as they are. */
static size_t text_next(const char *s, size_t size, bool *shown)
{
    size_t length = text_utf8_length(s, size);
    *shown = length != 0 && !text_is_control(s, length);
    return length != 0 ? length : 1;
}

void text_escape(char *to, size_t to_size, const char *from, size_t from_size)
{
    if (to_size == 0)
        return;
    size_t used = 0;
    for (size_t i = 0; i < from_size;) {
        bool shown;
        size_t length = text_next(from + i, from_size - i, &shown);
        size_t out = shown ? length : 1;
        if (out >= to_size - used) /* never half a character */
            break;
        if (shown)
            memcpy(to + used, from + i, length);
        else
            to[used] = '?';
        used += out;
        i += length;
    }
    to[used] = '\0';
}

void text_print(FILE *to, const char *string)
{
    size_t size = strlen(string);
    for (size_t i = 0; i < size;) {
        bool shown;
        size_t length = text_next(string + i, size - i, &shown);
        if (shown)
            (void)fwrite(string + i, 1, length, to);
        else
            (void)fputc('?', to);
        i += length;
    }
}

static bool text_same_letter(char a, char b)
{
    return tolower((unsigned char)a) == tolower((unsigned char)b);
}

size_t text_distance(const char *a, const char *b)
{
    size_t n = strlen(a);
    size_t m = strlen(b);
    size_t width = m + 1;
    size_t *rows = text_need_zero(3 * width, sizeof *rows); /* i-2, i-1, i */
    size_t *before = rows;
    size_t *last = rows + width;
    size_t *row = rows + 2 * width;
    for (size_t j = 0; j <= m; j++)
        row[j] = j;
    for (size_t i = 1; i <= n; i++) {
        size_t *spare = before;
        before = last;
        last = row;
        row = spare;
        row[0] = i;
        for (size_t j = 1; j <= m; j++) {
            size_t best = last[j - 1] + (text_same_letter(a[i - 1], b[j - 1]) ? 0 : 1);
            best = last[j] + 1 < best ? last[j] + 1 : best;
            best = row[j - 1] + 1 < best ? row[j - 1] + 1 : best;
            if (i > 1 && j > 1 && text_same_letter(a[i - 1], b[j - 2]) &&
                text_same_letter(a[i - 2], b[j - 1]) && before[j - 2] + 1 < best)
                best = before[j - 2] + 1;
            row[j] = best;
        }
    }
    size_t distance = row[m];
    free(rows);
    return distance;
}

const char *text_nearest(const char *word, const char *const *words, size_t n)
{
    const char *nearest = NULL;
    size_t least = SIZE_MAX;
    size_t size = strlen(word);
    for (size_t i = 0; i < n; i++) {
        size_t other = strlen(words[i]);
        size_t longer = size > other ? size : other;
        size_t limit = longer / 3 > 1 ? longer / 3 : 1;
        size_t apart = size > other ? size - other : other - size;
        if (apart > limit) /* the distance is at least that: no need to compute it */
            continue;
        size_t distance = text_distance(word, words[i]);
        if (distance <= limit && distance < longer && distance < least) {
            least = distance;
            nearest = words[i];
        }
    }
    return nearest;
}

void text_add_csv(struct text *text, const char *value)
{
    if (strpbrk(value, ",\"\r\n") == NULL) {
        text_addf(text, "%s", value);
        return;
    }
    text_addf(text, "\"");
    for (; *value != '\0'; value++)
        text_addf(text, *value == '"' ? "\"\"" : "%c", *value);
    text_addf(text, "\"");
}
