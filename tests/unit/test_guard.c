/*
 * The guard of the terminal: a child takes a pseudo-terminal over and ends in every bad way; the
 * parent looks at what came out and at the modes that are left.
 */
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <termios.h>
#include <unistd.h>

#include "tests/check.h"
#include "ui/dashboard/guard.h"

#define BACK "<screen given back>"

struct outcome {
    char text[8192];
    int status;
    bool modes_restored;
};

static void take_over(int terminal)
{
    struct termios raw;
    guard_remember(terminal);
    guard_catch();
    guard_arm(BACK, strlen(BACK));
    if (tcgetattr(terminal, &raw) == 0) {
        raw.c_lflag &= ~(tcflag_t)(ICANON | ECHO);
        (void)tcsetattr(terminal, TCSANOW, &raw);
    }
    (void)fprintf(stderr, "a word on stderr\n");
}

static bool same_modes(const struct termios *a, const struct termios *b)
{
    return a->c_iflag == b->c_iflag && a->c_oflag == b->c_oflag && a->c_lflag == b->c_lflag;
}

/* Runs `end` in a child on a terminal of its own that take_over has taken. */
static struct outcome play(void (*end)(void))
{
    struct outcome outcome = {.status = -1};
    struct termios before, after;
    size_t used = 0;
    int master = posix_openpt(O_RDWR | O_NOCTTY), status = 0;
    CU_ASSERT_FATAL(master >= 0 && grantpt(master) == 0 && unlockpt(master) == 0);
    int slave = open(ptsname(master), O_RDWR | O_NOCTTY);
    CU_ASSERT_FATAL(slave >= 0 && tcgetattr(slave, &before) == 0);
    (void)fflush(NULL);
    pid_t child = fork();
    if (child == 0) {
        struct rlimit no_core = {0, 0};
        (void)setrlimit(RLIMIT_CORE, &no_core);
        for (int fd = 0; fd < 3; fd++)
            (void)dup2(slave, fd);
        take_over(slave);
        end();
        _exit(0);
    }
    struct pollfd wait = {.fd = master, .events = POLLIN};
    bool ended = false;
    while (!ended || poll(&wait, 1, 50) > 0) {
        ended = ended || waitpid(child, &status, WNOHANG) == child;
        if (poll(&wait, 1, 20) <= 0)
            continue;
        ssize_t got = read(master, outcome.text + used, sizeof outcome.text - 1 - used);
        if (got <= 0)
            break;
        used += (size_t)got;
    }
    outcome.status = status;
    outcome.modes_restored = tcgetattr(slave, &after) == 0 && same_modes(&before, &after);
    (void)close(slave);
    (void)close(master);
    return outcome;
}

/* The screen first, then what was said: else it would vanish with the screen. */
static void check_text(const struct outcome *outcome)
{
    const char *back = strstr(outcome->text, BACK);
    const char *said = strstr(outcome->text, "a word on stderr");
    CU_ASSERT_PTR_NOT_NULL_FATAL(back);
    CU_ASSERT_PTR_NOT_NULL_FATAL(said);
    CU_ASSERT(back < said);
    CU_ASSERT_PTR_NULL(strstr(back + 1, BACK)); /* once */
    CU_ASSERT(outcome->modes_restored);
}

static void end_by_exit(void)
{
    exit(3);
}

static void end_by_abort(void)
{
    abort();
}

static void end_by_fault(void)
{
    (void)raise(SIGSEGV);
}

static void end_by_two_signals(void)
{
    (void)raise(SIGTERM);
    if (guard_ending() == SIGTERM) /* the first only asks */
        (void)raise(SIGTERM);
}

static void end_in_order(void)
{
    (void)raise(SIGINT);
    (void)raise(SIGWINCH);
    struct pollfd wait = {.fd = guard_fd(), .events = POLLIN};
    bool woken = poll(&wait, 1, 0) == 1;
    guard_drain();
    bool quiet = poll(&wait, 1, 0) == 0;
    bool told = guard_ending() == SIGINT && guard_resized() && !guard_resized();
    guard_disarm();
    (void)raise(SIGWINCH); /* ignored again, as before */
    (void)fprintf(stderr, BACK);
    _exit(woken && quiet && told ? 7 : 8);
}

static void test_exit(void)
{
    struct outcome outcome = play(end_by_exit);
    check_text(&outcome);
    CU_ASSERT(WIFEXITED(outcome.status) && WEXITSTATUS(outcome.status) == 3);
}

static void test_abort(void)
{
    struct outcome outcome = play(end_by_abort);
    check_text(&outcome);
    CU_ASSERT(WIFSIGNALED(outcome.status) && WTERMSIG(outcome.status) == SIGABRT);
}

static void test_fault(void)
{
    struct outcome outcome = play(end_by_fault);
    check_text(&outcome);
    /* The address sanitizer handles the signal after us and exits. */
    CU_ASSERT((WIFSIGNALED(outcome.status) && WTERMSIG(outcome.status) == SIGSEGV) ||
              strstr(outcome.text, "AddressSanitizer") != NULL);
}

static void test_two_signals(void)
{
    struct outcome outcome = play(end_by_two_signals);
    check_text(&outcome);
    CU_ASSERT(WIFSIGNALED(outcome.status) && WTERMSIG(outcome.status) == SIGTERM);
}

static void test_order(void)
{
    struct outcome outcome = play(end_in_order);
    CU_ASSERT(WIFEXITED(outcome.status) && WEXITSTATUS(outcome.status) == 7);
    CU_ASSERT_PTR_NOT_NULL(strstr(outcome.text, "a word on stderr"));
}

static const struct check_test tests[] = {
    {"exit() deep inside", test_exit},
    {"abort()", test_abort},
    {"a fault", test_fault},
    {"asked to end, and asked again", test_two_signals},
    {"signals are told, then as before", test_order},
};

CHECK_MAIN("guard")
