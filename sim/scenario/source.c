/* See source.h. */
#include "sim/scenario/source.h"

#include <string.h>

#include "sim/base/file.h"

int source_read(const char *path, struct text *text, struct lb_error *error)
{
    return file_read(path, SOURCE_MEBIBYTES_MAX, text, error);
}

/* A character that YAML, and this language, does not allow; `length` bytes at c. */
static bool forbidden(const unsigned char *c, size_t length)
{
    if (length == 1)
        return (c[0] < 0x20 && c[0] != '\t' && c[0] != '\n' && c[0] != '\r') || c[0] == 0x7f;
    if (length == 2) /* C1 controls, but for next line */
        return c[0] == 0xc2 && c[1] < 0xa0 && c[1] != 0x85;
    if (length == 3) /* a byte order mark in the middle, U+FFFE and U+FFFF */
        return c[0] == 0xef && ((c[1] == 0xbb && c[2] == 0xbf) || (c[1] == 0xbf && c[2] >= 0xbe));
    return false;
}

bool source_clean(const struct source *source, size_t *offset, const char **problem)
{
    const char *s = source->text;
    size_t i = 0;
    *offset = 0;
    if (source->size >= 2 && (memcmp(s, "\xff\xfe", 2) == 0 || memcmp(s, "\xfe\xff", 2) == 0)) {
        *problem = "this is UTF-16; save the file as UTF-8";
        return false;
    }
    if (source->size >= 3 && memcmp(s, "\xef\xbb\xbf", 3) == 0)
        i = 3;
    while (i < source->size) {
        size_t length = text_utf8_length(s + i, source->size - i);
        *offset = i;
        if (length == 0) {
            *problem = "this byte is not UTF-8; save the file as UTF-8";
            return false;
        }
        if (forbidden((const unsigned char *)s + i, length)) {
            *problem = s[i] == '\0' ? "a zero byte: this is not a text file"
                                    : "control characters are not allowed";
            return false;
        }
        i += length;
    }
    return true;
}

void source_locate(const struct source *source, size_t offset, size_t *line, size_t *column,
                   size_t *start, size_t *end)
{
    const char *s = source->text;
    *line = 1;
    *start = source->size >= 3 && memcmp(s, "\xef\xbb\xbf", 3) == 0 ? 3 : 0;
    if (offset > source->size)
        offset = source->size;
    if (offset < *start)
        offset = *start;
    for (size_t i = *start; i < offset; i++) {
        if (s[i] == '\n' || (s[i] == '\r' && !(i + 1 < source->size && s[i + 1] == '\n'))) {
            ++*line;
            *start = i + 1;
        }
    }
    *column = 1;
    for (size_t i = *start; i < offset; i++)
        if (((unsigned char)s[i] & 0xc0) != 0x80)
            ++*column;
    *end = offset;
    while (*end < source->size && s[*end] != '\n' && s[*end] != '\r')
        ++*end;
}
