/*
 * gnuplot as a child process: an argument list, no shell; a folder of its own to work in.
 *
 * gnuplot is started with -d, so that nobody's ~/.gnuplot changes a chart, with its output in a file
 * whose first line explains a failure. Whether the program was there at all comes back through a
 * pipe that closes when exec succeeds.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "reports/chart.h"

#define LOG "gnuplot.log"

/* In the child. Sends errno through `report` when it fails. */
static _Noreturn void become_gnuplot(const char *folder, const char *file, int report)
{
    char name[] = "gnuplot", option[] = "-d";
    char *script = strdup(file);
    char *const arguments[] = {name, option, script, NULL};
    int problem;
    int input = open("/dev/null", O_RDONLY);
    if (script != NULL && input >= 0 && chdir(folder) == 0) {
        int output = open(LOG, O_WRONLY | O_CREAT | O_TRUNC, 0600);
        if (output >= 0 && dup2(input, 0) >= 0 && dup2(output, 1) >= 0 && dup2(output, 2) >= 0)
            (void)execvp(name, arguments);
    }
    problem = errno;
    ssize_t written = write(report, &problem, sizeof problem);
    _exit(written == (ssize_t)sizeof problem ? 127 : 126);
}

/* The first line of gnuplot's words that says something, into *error. */
static int explain(const char *folder, int status, struct lb_error *error)
{
    struct text path;
    char line[400] = "";
    text_init(&path);
    text_addf(&path, "%s/%s", folder, LOG);
    FILE *log = fopen(path.data, "r");
    text_done(&path);
    while (log != NULL && fgets(line, sizeof line, log) != NULL)
        if (strspn(line, " ^\t\n") != strlen(line) && strstr(line, "line ") != NULL)
            break;
    if (log != NULL)
        fclose(log);
    line[strcspn(line, "\n")] = '\0';
    if (WIFSIGNALED(status))
        return lb_error_set(error, LB_ERROR_SYSTEM, "gnuplot was ended by signal %d",
                            WTERMSIG(status));
    return lb_error_set(error, LB_ERROR_SYSTEM, "gnuplot failed: %s",
                        line[0] != '\0' ? line : "it did not say why");
}

int gnuplot_run(const char *folder, const char *file, bool *missing, struct lb_error *error)
{
    int report[2], problem = 0, status = 0;
    *missing = false;
    if (pipe(report) != 0)
        return lb_error_set(error, LB_ERROR_SYSTEM, "cannot start gnuplot: %s", strerror(errno));
    (void)fcntl(report[0], F_SETFD, FD_CLOEXEC);
    (void)fcntl(report[1], F_SETFD, FD_CLOEXEC);
    pid_t child = fork();
    if (child == 0)
        become_gnuplot(folder, file, report[1]);
    problem = errno;
    close(report[1]);
    if (child < 0) {
        close(report[0]);
        return lb_error_set(error, LB_ERROR_SYSTEM, "cannot start gnuplot: %s", strerror(problem));
    }
    ssize_t size;
    do
        size = read(report[0], &problem, sizeof problem);
    while (size < 0 && errno == EINTR);
    close(report[0]);
    while (waitpid(child, &status, 0) < 0 && errno == EINTR)
        continue;
    if (size == (ssize_t)sizeof problem) {
        *missing = problem == ENOENT;
        return lb_error_set(error, LB_ERROR_SYSTEM, "cannot start gnuplot: %s%s", strerror(problem),
                            *missing ? " (package gnuplot-nox)" : "");
    }
    if (!WIFEXITED(status) || WEXITSTATUS(status) != 0)
        return explain(folder, status, error);
    return 0;
}
