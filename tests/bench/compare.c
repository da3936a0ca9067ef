/*
 * The simulator beside a bare loop, in one go: what generality costs.
 *
 * The idea: absolute times mean little on a machine that is shared, ratios within one round do. In
 * every round the bare loop (bare.c) and the real program run in turn, on the same farm: n
 * single-slot first-come backends at 90 % load, power of two choices, exponential work,
 * 3,000,000 requests. "Everything on" is a timeout of 1,000 x the mean work on each request, active
 * checks of every backend each 2 s, histograms, and one-second samples into a database file; "off"
 * is without timeouts, checks, samples and file. What is compared is processor time, user and
 * system, start-up included. Also: peak memory at 10^6 and at 10^7 requests.
 *
 * The mean work is 10 ms, as in the scenario `steady`. It matters to what comes by the second, the
 * samples and the checks: with 100 ms there are ten times as many for each request. The last row of
 * a farm shows that; it has no limit.
 *
 * Usage: compare PROGRAM BARE [rounds [requests]]. It prints and judges nothing but the ratios.
 */
#define _DEFAULT_SOURCE /* wait4 */
#include <errno.h>
#include <fcntl.h>
#include <spawn.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#define WORK_S     0.01
#define SLOW_S     0.1
#define LOAD       0.9
#define ROUNDS_MAX 99

extern char **environ;

static const struct size {
    unsigned backends;
    double limit_on, limit_off; /* in bare loops */
} sizes[] = {{100, 2.2, 1.9}, {10000, 3.2, 2.7}};
#define SIZES (sizeof sizes / sizeof sizes[0])

enum kind { BARE, OFF, ON, ON_SLOW, KINDS };
static const char *const kind_names[KINDS] = {"bare loop", "timeouts, checks, samples off",
                                              "everything on", "everything on, work of 100 ms"};

struct bench {
    const char *program, *bare;
    unsigned rounds;
    double requests;
};

static char folder[64]; /* of this run; removed also when it fails */

/* What one process did. */
struct result {
    double cpu, draws, events, requests; /* seconds; xoshiro draws a request; counts */
    long peak;                           /* KiB */
};

/* --- running ---------------------------------------------------------------------------------- */

static const char *scratch(char *path, size_t size, const char *name)
{
    (void)snprintf(path, size, "%s/%s", folder, name);
    return path;
}

static void clean(void)
{
    static const char *const names[] = {"scenario.yaml", "bench.db", "bench.db-journal", "out"};
    char path[128];
    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++)
        (void)unlink(scratch(path, sizeof path, names[i]));
    (void)rmdir(folder);
}

_Noreturn static void fail(const char *what, const char *why)
{
    fprintf(stderr, "%s: %s\n", what, why);
    clean();
    exit(3);
}

/* Runs a program with its output in `out`; its processor time in seconds, its peak in *peak KiB. */
static double spend(char *const *arguments, const char *out, long *peak)
{
    posix_spawn_file_actions_t actions;
    pid_t child;
    int status;
    struct rusage usage;
    posix_spawn_file_actions_init(&actions);
    posix_spawn_file_actions_addopen(&actions, STDOUT_FILENO, out, O_WRONLY | O_CREAT | O_TRUNC,
                                     0600);
    if (posix_spawn(&child, arguments[0], &actions, NULL, arguments, environ) != 0)
        fail(arguments[0], "cannot be started");
    posix_spawn_file_actions_destroy(&actions);
    if (wait4(child, &status, 0, &usage) < 0)
        fail("wait4", strerror(errno));
    if (!WIFEXITED(status) || WEXITSTATUS(status) != 0)
        fail(arguments[0], "failed");
    *peak = usage.ru_maxrss;
    return (double)usage.ru_utime.tv_sec + 1e-6 * (double)usage.ru_utime.tv_usec +
           (double)usage.ru_stime.tv_sec + 1e-6 * (double)usage.ru_stime.tv_usec;
}

/* The number that follows `label` in a file. */
static double number_in(const char *path, const char *label)
{
    char text[65536];
    FILE *file = fopen(path, "r");
    if (file == NULL)
        fail(path, strerror(errno));
    size_t size = fread(text, 1, sizeof text - 1, file);
    (void)fclose(file);
    text[size] = '\0';
    const char *at = strstr(text, label);
    if (at == NULL)
        fail(label, "is not in the output");
    return strtod(at + strlen(label), NULL);
}

static void write_scenario(const char *path, unsigned backends, enum kind kind, double requests)
{
    bool on = kind != OFF;
    double work = kind == ON_SLOW ? SLOW_S : WORK_S;
    double rate = LOAD * backends / work;
    FILE *file = fopen(path, "w");
    if (file == NULL)
        fail(path, strerror(errno));
    fprintf(file, "lbsim: 1\nname: bench\nclients:\n  - name: clients\n");
    fprintf(file, "    arrivals: poisson(rate=%.6f/s)\n", rate);
    fprintf(file, "    requests: [{name: r, work: exponential(mean=%.0fms)}]\n", work * 1e3);
    if (on)
        fprintf(file, "    timeout: %.0fs\n", 1000 * work);
    fprintf(file, "balancer:\n  algorithm: power-of-two\n");
    if (on)
        fprintf(file, "  health: {active: {every: 2s, timeout: 1s, rise: 2, fall: 3, through: "
                      "reserved}}\n");
    fprintf(file, "backends: [{name: b, count: %u}]\n", backends);
    fprintf(file, "run: {duration: %.6fs, settle: 0, seed: 1, sample: %s}\n", requests / rate,
            on ? "1s" : "10000h");
    if (fclose(file) != 0)
        fail(path, strerror(errno));
}

static struct result simulate(const struct bench *bench, unsigned backends, enum kind kind,
                              double requests)
{
    char scenario[128], db[128], out[128];
    struct result result = {0};
    (void)scratch(scenario, sizeof scenario, "scenario.yaml");
    (void)scratch(db, sizeof db, "bench.db");
    (void)scratch(out, sizeof out, "out");
    write_scenario(scenario, backends, kind, requests);
    char *arguments[] = {(char *)bench->program,
                         "run",
                         scenario,
                         "--db",
                         kind != OFF ? db : (char *)":memory:",
                         "--quiet",
                         "--json",
                         NULL};
    result.cpu = spend(arguments, out, &result.peak);
    result.events = number_in(out, "\"events\": ");
    result.requests = number_in(out, "\"arrived\": ");
    (void)unlink(db);
    (void)unlink(scenario);
    (void)unlink(out);
    return result;
}

static struct result loop(const struct bench *bench, unsigned backends, double requests)
{
    char out[128], n[32], count[32];
    struct result result = {.requests = requests};
    (void)scratch(out, sizeof out, "out");
    (void)snprintf(n, sizeof n, "%u", backends);
    (void)snprintf(count, sizeof count, "%.0f", requests);
    char *arguments[] = {(char *)bench->bare, n, count, NULL};
    (void)spend(arguments, out, &result.peak);
    result.cpu = number_in(out, "cpu "); /* without the draws that it times after the loop */
    result.draws = number_in(out, "draws a request ");
    (void)unlink(out);
    return result;
}

/* --- figures ---------------------------------------------------------------------------------- */

static int by_value(const void *a, const void *b)
{
    double x = *(const double *)a, y = *(const double *)b;
    return (x > y) - (x < y);
}

static double median(const double *values, unsigned count)
{
    double sorted[ROUNDS_MAX];
    memcpy(sorted, values, count * sizeof *sorted);
    qsort(sorted, count, sizeof *sorted, by_value);
    return (sorted[(count - 1) / 2] + sorted[count / 2]) / 2;
}

/* All rounds of one size, and the rows of the table. */
static void compare(const struct bench *bench, const struct size *size)
{
    double cpu[KINDS][ROUNDS_MAX], ratio[KINDS][ROUNDS_MAX], draws[ROUNDS_MAX];
    double event[KINDS][ROUNDS_MAX], events[KINDS] = {0};
    for (unsigned round = 0; round < bench->rounds; round++)
        for (int kind = 0; kind < KINDS; kind++) {
            struct result r = kind == BARE ? loop(bench, size->backends, bench->requests)
                                           : simulate(bench, size->backends, kind, bench->requests);
            cpu[kind][round] = r.cpu / r.requests * 1e9;
            ratio[kind][round] = cpu[kind][round] / cpu[BARE][round];
            if (kind == BARE)
                draws[round] = r.draws;
            else
                event[kind][round] = r.cpu / r.events * 1e9;
            events[kind] = r.events / r.requests;
        }
    printf("\n%u backends\n", size->backends);
    for (int kind = 0; kind < KINDS; kind++) {
        printf("  %-33s%9.1f", kind_names[kind], median(cpu[kind], bench->rounds));
        if (kind == BARE) {
            printf("%9s%8s%9s%9s  %.1f draws a request\n", "1", "", "", "",
                   median(draws, bench->rounds));
            continue;
        }
        double limit = kind == ON ? size->limit_on : size->limit_off;
        double median_ratio = median(ratio[kind], bench->rounds);
        printf("%9.2f", median_ratio);
        if (kind == ON_SLOW)
            printf("%8s", "");
        else
            printf("%8.1f", limit);
        printf("%9.2f%9.1f", events[kind], median(event[kind], bench->rounds));
        puts(kind == ON_SLOW ? "" : median_ratio <= limit ? "  within" : "  OVER");
    }
    (void)fflush(stdout);
}

static void memory(const struct bench *bench)
{
    printf("\npeak memory, everything on%23s%14s\n", "10^6 requests", "10^7 requests");
    for (size_t i = 0; i < SIZES; i++) {
        printf("  %6u backends%32.1f MB", sizes[i].backends,
               (double)simulate(bench, sizes[i].backends, ON, 1e6).peak / 1024);
        (void)fflush(stdout);
        printf("%11.1f MB\n", (double)simulate(bench, sizes[i].backends, ON, 1e7).peak / 1024);
    }
}

int main(int argc, char **argv)
{
    struct bench bench = {.program = argc > 1 ? argv[1] : "./lbsim",
                          .bare = argc > 2 ? argv[2] : "build/release/tests/bench/bare",
                          .rounds = argc > 3 ? (unsigned)strtoul(argv[3], NULL, 10) : 5,
                          .requests = argc > 4 ? strtod(argv[4], NULL) : 3e6};
    if (bench.rounds < 1 || bench.rounds > ROUNDS_MAX || !(bench.requests >= 1e4)) {
        fprintf(stderr, "usage: compare PROGRAM BARE [rounds [requests]]\n");
        return 2;
    }
    const char *temporary = getenv("TMPDIR");
    (void)snprintf(folder, sizeof folder, "%.40s/lbsim-bench-XXXXXX",
                   temporary != NULL && strlen(temporary) <= 40 ? temporary : "/tmp");
    if (mkdtemp(folder) == NULL) {
        perror(folder);
        return 3;
    }
    printf("%.0f requests, median of %u interleaved rounds; processor time, start-up included\n",
           bench.requests, bench.rounds);
    printf("  %-33s%9s%9s%8s%9s%9s\n", "", "ns a", "in bare", "", "events a", "ns an");
    printf("  %-33s%9s%9s%8s%9s%9s\n", "", "request", "loops", "limit", "request", "event");
    for (size_t i = 0; i < SIZES; i++)
        compare(&bench, &sizes[i]);
    memory(&bench);
    clean();
    return 0;
}
