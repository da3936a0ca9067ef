/*
 * See source.h. A file is opened without blocking and looked at before the first byte is read: a
 * pipe nobody writes to, a terminal or a device would make the program wait, or worse.
 */
#include "sim/scenario/source.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static const char *kind_of(mode_t mode)
{
    if (S_ISDIR(mode))
        return "a directory";
    if (S_ISFIFO(mode))
        return "a pipe";
    if (S_ISCHR(mode) || S_ISBLK(mode))
        return "a device";
    if (S_ISSOCK(mode))
        return "a socket";
    return "not a regular file";
}

/* A descriptor to read from, or -1 with *error. */
static int open_source(const char *path, struct lb_error *error)
{
    struct stat status;
    bool standard = strcmp(path, "-") == 0;
    int fd = standard ? STDIN_FILENO : open(path, O_RDONLY | O_NONBLOCK | O_NOCTTY | O_CLOEXEC);
    if (fd < 0 || fstat(fd, &status) != 0) {
        (void)lb_error_set(error, LB_ERROR_SYSTEM, "cannot open: %s", strerror(errno));
        if (fd >= 0 && !standard)
            (void)close(fd);
        return -1;
    }
    bool fine = standard ? !S_ISDIR(status.st_mode) : S_ISREG(status.st_mode);
    if (fine)
        return fd;
    (void)lb_error_set(error, LB_ERROR_SYSTEM, "cannot read: it is %s; give a regular file%s",
                       kind_of(status.st_mode), standard ? "" : ", or - to read standard input");
    if (!standard)
        (void)close(fd);
    return -1;
}

int source_read(const char *path, struct text *text, struct lb_error *error)
{
    int fd = open_source(path, error);
    if (fd < 0)
        return 3;
    int status = 0;
    char buffer[16384];
    for (;;) {
        ssize_t got = read(fd, buffer, sizeof buffer);
        if (got < 0 && errno == EINTR)
            continue;
        if (got < 0) {
            (void)lb_error_set(error, LB_ERROR_SYSTEM, "cannot read: %s", strerror(errno));
            status = 3;
        }
        if (got <= 0)
            break;
        if (text->size + (size_t)got > SOURCE_BYTES_MAX) {
            (void)lb_error_set(error, LB_ERROR_INVALID, "larger than 4 MiB, the limit of a file");
            status = 2;
            break;
        }
        text_add(text, buffer, (size_t)got);
    }
    if (fd != STDIN_FILENO)
        (void)close(fd);
    return status;
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
