/*
 * The simulator beside a bare loop, in one go: what generality costs.
 *
 * The idea: absolute times mean little on a machine that is shared, ratios within one round do. In
 * every round the bare loop (bare.c) and the real program run in turn on the same farm (farm.h),
 * with 3,000,000 requests. What is compared is processor time, user and system, start-up included.
 * Also: peak memory at 10^6 and at 10^7 requests.
 *
 * The mean work is 10 ms, as in the scenario `steady`. It matters to what comes by the second, the
 * samples and the checks: with 100 ms there are ten times as many for each request. The last row of
 * a farm shows that; it has no limit.
 *
 * Usage: compare PROGRAM BARE [rounds [requests]]. It prints and judges nothing but the ratios.
 */
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "tests/bench/farm.h"

#define WORK_S 0.01
#define SLOW_S 0.1

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

/* What one process did. */
struct result {
    double cpu, draws, events, requests; /* seconds; xoshiro draws a request; counts */
    long peak;                           /* KiB */
};

static struct result simulate(const struct bench *bench, unsigned backends, enum kind kind,
                              double requests)
{
    struct farm farm = {backends, requests, kind == ON_SLOW ? SLOW_S : WORK_S, kind != OFF};
    struct farm_result r = farm_simulate(bench->program, &farm);
    return (struct result){.cpu = r.spent.user + r.spent.system,
                           .events = r.events,
                           .requests = r.requests,
                           .peak = r.spent.peak};
}

static struct result loop(const struct bench *bench, unsigned backends, double requests)
{
    char out[FARM_PATH], n[32], count[32];
    struct result result = {.requests = requests};
    (void)farm_path(out, "out");
    (void)snprintf(n, sizeof n, "%u", backends);
    (void)snprintf(count, sizeof count, "%.0f", requests);
    char *arguments[] = {(char *)bench->bare, n, count, NULL};
    (void)farm_spend(arguments, out);
    result.cpu = farm_number(out, "cpu "); /* without the draws that it times after the loop */
    result.draws = farm_number(out, "draws a request ");
    (void)unlink(out);
    return result;
}

/* All rounds of one size, and the rows of the table. */
static void compare(const struct bench *bench, const struct size *size)
{
    double cpu[KINDS][FARM_ROUNDS_MAX], ratio[KINDS][FARM_ROUNDS_MAX], draws[FARM_ROUNDS_MAX];
    double event[KINDS][FARM_ROUNDS_MAX], events[KINDS] = {0};
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
        printf("  %-33s%9.1f", kind_names[kind], farm_median(cpu[kind], bench->rounds));
        if (kind == BARE) {
            printf("%9s%8s%9s%9s  %.1f draws a request\n", "1", "", "", "",
                   farm_median(draws, bench->rounds));
            continue;
        }
        double limit = kind == ON ? size->limit_on : size->limit_off;
        double median_ratio = farm_median(ratio[kind], bench->rounds);
        printf("%9.2f", median_ratio);
        if (kind == ON_SLOW)
            printf("%8s", "");
        else
            printf("%8.1f", limit);
        printf("%9.2f%9.1f", events[kind], farm_median(event[kind], bench->rounds));
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
    if (bench.rounds < 1 || bench.rounds > FARM_ROUNDS_MAX || !(bench.requests >= 1e4)) {
        fprintf(stderr, "usage: compare PROGRAM BARE [rounds [requests]]\n");
        return 2;
    }
    farm_begin();
    printf("%.0f requests, median of %u interleaved rounds; processor time, start-up included\n",
           bench.requests, bench.rounds);
    printf("  %-33s%9s%9s%8s%9s%9s\n", "", "ns a", "in bare", "", "events a", "ns an");
    printf("  %-33s%9s%9s%8s%9s%9s\n", "", "request", "loops", "limit", "request", "event");
    for (size_t i = 0; i < SIZES; i++)
        compare(&bench, &sizes[i]);
    memory(&bench);
    farm_end();
    return 0;
}
