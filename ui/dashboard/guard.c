/*
 * The guard of the terminal. See guard.h.
 *
 * Sources: POSIX.1-2008, 2.4.3 (what a handler may call), 11.1.9 (job control).
 */
#include "ui/dashboard/guard.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <termios.h>
#include <unistd.h>

/* Ends at once: a crash, or a wish for a core file. */
static const int fatal[] = {SIGSEGV, SIGBUS, SIGFPE, SIGILL, SIGABRT, SIGSYS, SIGQUIT, SIGXCPU};
/* Ends in good order; the second time at once. */
static const int ending[] = {SIGINT, SIGTERM, SIGHUP};
static const int telling[] = {SIGWINCH, SIGTSTP, SIGCONT};

#define COUNT(array)  (sizeof(array) / sizeof(array)[0])
#define SIGNALS       (COUNT(fatal) + COUNT(ending) + COUNT(telling) + 1)
#define HANDLER_STACK 65536 /* bytes; a stack overflow needs a stack to tell of it */

static struct {
    int fd;
    struct termios modes;
    bool modes_known;
    char bytes[1024];
    size_t size;
    volatile sig_atomic_t armed, catching, end, resized, stop_asked, continued;
    int pipe[2];
    int stderr_before, stderr_kept; /* -1 = stderr goes where it went */
    struct sigaction before[SIGNALS];
    int signal[SIGNALS];
    size_t signals;
    stack_t stack_before;
    void *stack;
    bool at_exit;
} guard = {.fd = -1, .pipe = {-1, -1}, .stderr_before = -1, .stderr_kept = -1};

static void write_all(int fd, const char *bytes, size_t size)
{
    while (size > 0) {
        ssize_t done = write(fd, bytes, size);
        if (done < 0 && errno != EINTR)
            return;
        if (done > 0) {
            bytes += done;
            size -= (size_t)done;
        }
    }
}

/* Prints what was kept of stderr, and lets stderr go where it went. Safe in a handler. */
static void release_stderr(void)
{
    if (guard.stderr_kept < 0)
        return;
    char buf[4096];
    ssize_t got;
    (void)dup2(guard.stderr_before, STDERR_FILENO);
    (void)lseek(guard.stderr_kept, 0, SEEK_SET);
    while ((got = read(guard.stderr_kept, buf, sizeof buf)) > 0)
        write_all(STDERR_FILENO, buf, (size_t)got);
    (void)close(guard.stderr_kept);
    (void)close(guard.stderr_before);
    guard.stderr_kept = guard.stderr_before = -1;
}

/* Safe in a handler. */
static void restore(void)
{
    if (guard.armed) {
        guard.armed = 0;
        write_all(guard.fd, guard.bytes, guard.size);
        if (guard.modes_known)
            (void)tcsetattr(guard.fd, TCSANOW, &guard.modes);
    }
    release_stderr();
}

static void give_back(int number)
{
    for (size_t i = 0; i < guard.signals; i++)
        if (guard.signal[i] == number)
            (void)sigaction(number, &guard.before[i], NULL);
}

/* Restores, then the signal does what it did before us, as soon as the handler returns. */
static void on_fatal(int number)
{
    restore();
    give_back(number);
    (void)raise(number);
}

static void wake(void)
{
    int saved = errno;
    (void)!write(guard.pipe[1], "", 1); /* when it is full, the reader is awake anyway */
    errno = saved;
}

static void on_ending(int number)
{
    if (guard.end != 0) {
        on_fatal(number);
        return;
    }
    guard.end = number;
    wake();
}

static void on_telling(int number)
{
    if (number == SIGWINCH)
        guard.resized = 1;
    else if (number == SIGTSTP)
        guard.stop_asked = 1;
    else
        guard.continued = 1;
    wake();
}

static void catch_signal(int number, void (*handler)(int), int flags)
{
    struct sigaction action;
    memset(&action, 0, sizeof action);
    action.sa_handler = handler;
    action.sa_flags = flags;
    sigemptyset(&action.sa_mask);
    struct sigaction *before = &guard.before[guard.signals];
    if (sigaction(number, NULL, before) != 0)
        return;
    if (before->sa_handler == SIG_IGN && number != SIGPIPE)
        return; /* nohup: who started us wants it ignored */
    guard.signal[guard.signals] = number;
    if (sigaction(number, &action, NULL) == 0)
        guard.signals++;
}

static void set_flags(int fd, int add)
{
    (void)fcntl(fd, F_SETFL, fcntl(fd, F_GETFL) | add);
    (void)fcntl(fd, F_SETFD, FD_CLOEXEC);
}

/* A file without a name takes stderr in, unless stderr goes elsewhere anyway. */
static void keep_stderr(void)
{
    const char *folder = getenv("TMPDIR");
    char path[4096];
    if (isatty(STDERR_FILENO) != 1)
        return;
    int size = snprintf(path, sizeof path, "%s/lbsim-XXXXXX",
                        folder != NULL && folder[0] != '\0' ? folder : "/tmp");
    int file = size > 0 && (size_t)size < sizeof path ? mkstemp(path) : -1;
    if (file < 0)
        return;
    (void)unlink(path);
    (void)fflush(stderr);
    guard.stderr_before = dup(STDERR_FILENO);
    if (guard.stderr_before < 0 || dup2(file, STDERR_FILENO) < 0) {
        (void)close(file);
        return;
    }
    (void)fcntl(guard.stderr_before, F_SETFD, FD_CLOEXEC);
    (void)fcntl(file, F_SETFD, FD_CLOEXEC);
    guard.stderr_kept = file;
}

void guard_remember(int fd)
{
    guard.fd = fd;
    guard.modes_known = tcgetattr(fd, &guard.modes) == 0;
}

void guard_catch(void)
{
    guard.end = guard.resized = guard.stop_asked = guard.continued = 0;
    guard.signals = 0;
    if (pipe(guard.pipe) == 0) {
        set_flags(guard.pipe[0], O_NONBLOCK);
        set_flags(guard.pipe[1], O_NONBLOCK);
    }
    guard.stack = malloc(HANDLER_STACK);
    stack_t stack = {.ss_sp = guard.stack, .ss_size = HANDLER_STACK};
    if (guard.stack == NULL || sigaltstack(&stack, &guard.stack_before) != 0) {
        free(guard.stack);
        guard.stack = NULL;
    }
    for (size_t i = 0; i < COUNT(fatal); i++)
        catch_signal(fatal[i], on_fatal, guard.stack != NULL ? SA_ONSTACK : 0);
    for (size_t i = 0; i < COUNT(ending); i++)
        catch_signal(ending[i], on_ending, SA_RESTART);
    for (size_t i = 0; i < COUNT(telling); i++)
        catch_signal(telling[i], on_telling, SA_RESTART);
    catch_signal(SIGPIPE, SIG_IGN, 0);
    guard.catching = 1;
}

void guard_arm(const char *bytes, size_t size)
{
    guard.size = size < sizeof guard.bytes ? size : sizeof guard.bytes;
    memcpy(guard.bytes, bytes, guard.size);
    keep_stderr();
    guard.armed = 1;
    if (!guard.at_exit)
        guard.at_exit = atexit(restore) == 0;
}

void guard_disarm(void)
{
    guard.armed = 0;
    (void)fflush(stderr);
    release_stderr();
    if (!guard.catching)
        return;
    guard.catching = 0;
    for (size_t i = 0; i < guard.signals; i++)
        (void)sigaction(guard.signal[i], &guard.before[i], NULL);
    guard.signals = 0;
    if (guard.stack != NULL) {
        (void)sigaltstack(&guard.stack_before, NULL);
        free(guard.stack);
        guard.stack = NULL;
    }
    for (int i = 0; i < 2; i++) {
        if (guard.pipe[i] >= 0)
            (void)close(guard.pipe[i]);
        guard.pipe[i] = -1;
    }
}

int guard_fd(void)
{
    return guard.pipe[0];
}

void guard_drain(void)
{
    char buf[64];
    while (read(guard.pipe[0], buf, sizeof buf) > 0) {
    }
}

int guard_ending(void)
{
    return guard.end;
}

static bool taken(volatile sig_atomic_t *flag)
{
    bool was = *flag != 0;
    *flag = 0;
    return was;
}

bool guard_resized(void)
{
    return taken(&guard.resized);
}

bool guard_stop_asked(void)
{
    return taken(&guard.stop_asked);
}

bool guard_continued(void)
{
    return taken(&guard.continued);
}

void guard_stop(void)
{
    struct sigaction normal, ours;
    memset(&normal, 0, sizeof normal);
    normal.sa_handler = SIG_DFL;
    sigemptyset(&normal.sa_mask);
    if (sigaction(SIGTSTP, &normal, &ours) != 0)
        return;
    (void)raise(SIGTSTP);
    (void)sigaction(SIGTSTP, &ours, NULL);
    guard.continued = 0; /* that was ours */
}
