/* See farm.h. */
#define _DEFAULT_SOURCE /* wait4 */

#include <errno.h>
#include <fcntl.h>
#include <spawn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include "tests/bench/farm.h"

extern char **environ;

static char folder[64]; /* of this run; removed also when it fails */

void farm_begin(void)
{
    const char *temporary = getenv("TMPDIR");
    (void)snprintf(folder, sizeof folder, "%.40s/lbsim-bench-XXXXXX",
                   temporary != NULL && strlen(temporary) <= 40 ? temporary : "/tmp");
    if (mkdtemp(folder) == NULL) {
        perror(folder);
        exit(3);
    }
}

const char *farm_path(char path[FARM_PATH], const char *name)
{
    (void)snprintf(path, FARM_PATH, "%s/%s", folder, name);
    return path;
}

void farm_end(void)
{
    static const char *const names[] = {"scenario.yaml", "bench.db", "bench.db-journal", "out"};
    char path[FARM_PATH];
    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++)
        (void)unlink(farm_path(path, names[i]));
    (void)rmdir(folder);
}

_Noreturn void farm_fail(const char *what, const char *why)
{
    fprintf(stderr, "%s: %s\n", what, why);
    farm_end();
    exit(3);
}

static double seconds(const struct timeval *t)
{
    return (double)t->tv_sec + 1e-6 * (double)t->tv_usec;
}

struct farm_spent farm_spend(char *const *arguments, const char *out)
{
    posix_spawn_file_actions_t actions;
    pid_t child;
    int status;
    struct rusage usage;
    posix_spawn_file_actions_init(&actions);
    posix_spawn_file_actions_addopen(&actions, STDOUT_FILENO, out, O_WRONLY | O_CREAT | O_TRUNC,
                                     0600);
    if (posix_spawn(&child, arguments[0], &actions, NULL, arguments, environ) != 0)
        farm_fail(arguments[0], "cannot be started");
    posix_spawn_file_actions_destroy(&actions);
    if (wait4(child, &status, 0, &usage) < 0)
        farm_fail("wait4", strerror(errno));
    if (!WIFEXITED(status) || WEXITSTATUS(status) != 0)
        farm_fail(arguments[0], "failed");
    return (struct farm_spent){seconds(&usage.ru_utime), seconds(&usage.ru_stime), usage.ru_maxrss};
}

/* Reads `out` into text and finds what follows `label`. */
static const char *after(const char *path, const char *label, char *text, size_t room)
{
    FILE *file = fopen(path, "r");
    if (file == NULL)
        farm_fail(path, strerror(errno));
    size_t size = fread(text, 1, room - 1, file);
    (void)fclose(file);
    text[size] = '\0';
    const char *at = strstr(text, label);
    if (at == NULL)
        farm_fail(label, "is not in the output");
    return at + strlen(label);
}

double farm_number(const char *path, const char *label)
{
    char text[65536];
    return strtod(after(path, label, text, sizeof text), NULL);
}

static void write_scenario(const char *path, const struct farm *farm)
{
    double rate = FARM_LOAD * farm->backends / farm->work_s;
    FILE *file = fopen(path, "w");
    if (file == NULL)
        farm_fail(path, strerror(errno));
    fprintf(file, "lbsim: 1\nname: bench\nclients:\n  - name: clients\n");
    fprintf(file, "    arrivals: poisson(rate=%.6f/s)\n", rate);
    fprintf(file, "    requests: [{name: r, work: exponential(mean=%.0fms)}]\n",
            farm->work_s * 1e3);
    if (farm->on)
        fprintf(file, "    timeout: %.0fs\n", 1000 * farm->work_s);
    fprintf(file, "balancer:\n  algorithm: power-of-two\n");
    if (farm->on)
        fprintf(file, "  health: {active: {every: 2s, timeout: 1s, rise: 2, fall: 3, through: "
                      "reserved}}\n");
    fprintf(file, "backends: [{name: b, count: %u}]\n", farm->backends);
    fprintf(file, "run: {duration: %.6fs, settle: 0, seed: 1, sample: %s}\n", farm->requests / rate,
            farm->on ? "1s" : "10000h");
    if (fclose(file) != 0)
        farm_fail(path, strerror(errno));
}

struct farm_result farm_simulate(const char *program, const struct farm *farm)
{
    char scenario[FARM_PATH], db[FARM_PATH], out[FARM_PATH], text[65536];
    struct farm_result result = {0};
    (void)farm_path(scenario, "scenario.yaml");
    (void)farm_path(db, "bench.db");
    (void)farm_path(out, "out");
    write_scenario(scenario, farm);
    char *arguments[] = {
        (char *)program, "run",    scenario, "--db", farm->on ? db : (char *)":memory:",
        "--quiet",       "--json", NULL};
    result.spent = farm_spend(arguments, out);
    result.events = farm_number(out, "\"events\": ");
    result.requests = farm_number(out, "\"arrived\": ");
    const char *digest = after(out, "\"digest\": \"", text, sizeof text);
    (void)snprintf(result.digest, sizeof result.digest, "%.16s", digest);
    (void)unlink(db);
    (void)unlink(scenario);
    (void)unlink(out);
    return result;
}

static int by_value(const void *a, const void *b)
{
    double x = *(const double *)a, y = *(const double *)b;
    return (x > y) - (x < y);
}

double farm_median(const double *values, unsigned count)
{
    double sorted[FARM_ROUNDS_MAX];
    memcpy(sorted, values, count * sizeof *sorted);
    qsort(sorted, count, sizeof *sorted, by_value);
    return (sorted[(count - 1) / 2] + sorted[count / 2]) / 2;
}
