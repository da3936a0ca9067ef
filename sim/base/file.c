/*
 * See file.h. A file is opened without blocking and looked at before the first byte is read: a
 * pipe nobody writes to, a terminal or a device would make the program wait, or worse.
 */
#include "sim/base/file.h"

#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
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

int file_open(const char *path, struct lb_error *error)
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

int file_read(const char *path, size_t limit, struct text *text, struct lb_error *error)
{
    int fd = file_open(path, error);
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
        if (text->size + (size_t)got > limit * 1024 * 1024) {
            (void)lb_error_set(error, LB_ERROR_INVALID, "larger than %zu MiB, the limit of a file",
                               limit);
            status = 2;
            break;
        }
        text_add(text, buffer, (size_t)got);
    }
    if (fd != STDIN_FILENO)
        (void)close(fd);
    return status;
}
