/*
 * What the terminal can show, and the signals that end a long command.
 */
#include <langinfo.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "ui/cli/cli.h"

bool cli_utf8(void)
{
    const char *codeset = nl_langinfo(CODESET);
    return strcasecmp(codeset, "UTF-8") == 0 || strcasecmp(codeset, "UTF8") == 0;
}

uint32_t cli_width(void)
{
    long width = 0;
    struct winsize size;
    for (int fd = STDOUT_FILENO; fd <= STDERR_FILENO && width == 0; fd++)
        if (ioctl(fd, TIOCGWINSZ, &size) == 0)
            width = size.ws_col;
    const char *columns = getenv("COLUMNS");
    if (width == 0 && columns != NULL)
        width = strtol(columns, NULL, 10);
    if (width <= 0)
        return 80;
    return width < 20 ? 20 : width > 1000 ? 1000 : (uint32_t)width;
}

/* The one variable of the program that a signal handler writes; threads read it. */
static atomic_int interrupted;

static void on_signal(int number)
{
    (void)number;
    interrupted = 1;
}

void cli_catch_signals(void)
{
    struct sigaction action;
    memset(&action, 0, sizeof action);
    action.sa_handler = on_signal;
    action.sa_flags = (int)SA_RESETHAND; /* the second one ends the program */
    sigemptyset(&action.sa_mask);
    (void)sigaction(SIGINT, &action, NULL);
    (void)sigaction(SIGTERM, &action, NULL);
}

bool cli_interrupted(void)
{
    return interrupted != 0;
}
