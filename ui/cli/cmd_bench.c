/*
 * bench: what a decision of each algorithm costs, and an event of the engine. The comparison with a
 * bare loop is `make bench`.
 */
#include <math.h>
#include <string.h>

#include "algorithms/registry.h"
#include "sim/base/json.h"
#include "ui/cli/bench.h"
#include "ui/cli/cli.h"
#include "ui/cli/plugin.h"

static const struct option_spec options[] = {
    {"algorithm", 'a', "ALGORITHM", "only decisions, and only of this algorithm", true},
    {"quick", 0, NULL, "one short round of each: rough figures, in a tenth of the time", false},
    {"json", 0, NULL, "print one JSON object", false},
    PLUGIN_OPTION,
    {NULL, 0, NULL, NULL, false},
};

static const uint32_t pending[] = {10, 100, 1000, 10000, 100000};
#define PENDING (sizeof pending / sizeof pending[0])

struct job {
    struct cli *cli;
    bool as_json;
    struct json json;
};

/* 10000 as "10,000". */
static const char *grouped(char *buf, size_t size, uint32_t number)
{
    if (number < 1000)
        (void)snprintf(buf, size, "%u", (unsigned)number);
    else
        (void)snprintf(buf, size, "%u,%03u", (unsigned)(number / 1000), (unsigned)(number % 1000));
    return buf;
}

static void bench_one(struct job *job, const struct lb_algorithm *algorithm, const char *name)
{
    if (!job->as_json)
        printf("%-28s", name);
    for (int i = 0; i < BENCH_SIZES && !cli_interrupted(); i++) {
        uint32_t backends = bench_sizes[i];
        bool capped =
            algorithm != NULL && algorithm->backends_max != 0 && algorithm->backends_max < backends;
        if (capped)
            backends = algorithm->backends_max;
        double ns = bench_decision(algorithm, backends, cli_flag(job->cli, "quick"));
        if (job->as_json) {
            json_object(&job->json, NULL);
            json_string(&job->json, "algorithm", algorithm != NULL ? name : NULL);
            json_uint(&job->json, "backends", backends);
            json_round(&job->json, "ns", ns, 4);
            json_end_object(&job->json);
        } else if (isnan(ns)) {
            printf("%10s", "-");
        } else {
            printf(capped ? "%9.1f*" : "%10.1f", ns);
        }
        (void)fflush(stdout);
    }
    if (!job->as_json)
        putchar('\n');
}

/* What is set up in no time is not worth a line. */
#define BUILD_MS       0.1
#define BUILD_BACKENDS 1000U

static void builds(struct job *job)
{
    if (job->as_json)
        json_list(&job->json, "builds");
    else
        printf("\n%-28s%10s\n", "MILLISECONDS A BUILD", "1,000  backends");
    for (uint32_t i = 0; i < lb_registry_count() && !cli_interrupted(); i++) {
        const struct lb_algorithm *a = lb_registry_at(i);
        double ms = bench_build(a, BUILD_BACKENDS, cli_flag(job->cli, "quick"));
        if (!(ms >= BUILD_MS))
            continue;
        if (job->as_json) {
            json_object(&job->json, NULL);
            json_string(&job->json, "algorithm", a->name);
            json_uint(&job->json, "backends", BUILD_BACKENDS);
            json_round(&job->json, "ms", ms, 4);
            json_end_object(&job->json);
        } else {
            printf("%-28s%10.2f\n", a->name, ms);
        }
        (void)fflush(stdout);
    }
    if (job->as_json)
        json_end_list(&job->json);
    else
        puts("to set it up with its tables and default parameters; below 0.1 ms is not shown");
}

static int decisions(struct job *job)
{
    uint32_t count;
    const char *const *names = cli_values(job->cli, "algorithm", &count);
    char buf[32];
    for (uint32_t i = 0; i < count; i++)
        if (lb_registry_find(names[i]) == NULL) {
            const char *known[256];
            uint32_t k = 0;
            for (; k < lb_registry_count() && k < 256; k++)
                known[k] = lb_registry_at(k)->name;
            return cli_fail_unknown(job->cli, "algorithm", names[i], known, k);
        }
    if (job->as_json) {
        json_list(&job->json, "decisions");
    } else {
        printf("NANOSECONDS A DECISION      ");
        for (int i = 0; i < BENCH_SIZES; i++)
            printf("%10s", grouped(buf, sizeof buf, bench_sizes[i]));
        puts("  backends");
    }
    bench_one(job, NULL, "(the benchmark itself)");
    for (uint32_t i = 0; i < (count > 0 ? count : lb_registry_count()); i++) {
        const struct lb_algorithm *a = count > 0 ? lb_registry_find(names[i]) : lb_registry_at(i);
        bench_one(job, a, a->name);
    }
    if (job->as_json)
        json_end_list(&job->json);
    else
        puts("pick, start and finish, and the benchmark's own books: two requests in flight a "
             "backend; *: at the most backends it bears");
    return CLI_DONE;
}

static void holds(struct job *job)
{
    char buf[32];
    if (job->as_json) {
        json_list(&job->json, "holds");
    } else {
        printf("\nNANOSECONDS A HOLD          ");
        for (size_t i = 0; i < PENDING; i++)
            printf("%10s", grouped(buf, sizeof buf, pending[i]));
        printf("  pending\n%-28s", "one event out, one in");
    }
    for (size_t i = 0; i < PENDING && !cli_interrupted(); i++) {
        double ns = bench_hold(pending[i], cli_flag(job->cli, "quick"));
        if (job->as_json) {
            json_object(&job->json, NULL);
            json_uint(&job->json, "pending", pending[i]);
            json_round(&job->json, "ns", ns, 4);
            json_end_object(&job->json);
        } else {
            printf("%10.1f", ns);
        }
        (void)fflush(stdout);
    }
    if (job->as_json)
        json_end_list(&job->json);
    else
        putchar('\n');
}

static int simulations(struct job *job)
{
    struct bench_simulation runs[] = {{.backends = 100},
                                      {.backends = 100, .all = true},
                                      {.backends = 10000},
                                      {.backends = 10000, .all = true}};
    struct lb_error error;
    char buf[32];
    if (job->as_json)
        json_list(&job->json, "simulations");
    else
        printf("\n%-36s%14s%18s%14s\n", "SIMULATION", "NS AN EVENT", "EVENTS A REQUEST",
               "NS A REQUEST");
    for (size_t i = 0; i < sizeof runs / sizeof runs[0] && !cli_interrupted(); i++) {
        runs[i].quick = cli_flag(job->cli, "quick");
        if (bench_simulate(&runs[i], &error) != 0)
            return cli_fail_error(job->cli, &error);
        const char *what = runs[i].all ? "timeouts and checks" : "plain";
        if (job->as_json) {
            json_object(&job->json, NULL);
            json_uint(&job->json, "backends", runs[i].backends);
            json_bool(&job->json, "timeouts_and_checks", runs[i].all);
            json_round(&job->json, "ns_event", runs[i].ns_event, 4);
            json_round(&job->json, "events_request", runs[i].events_request, 4);
            json_round(&job->json, "ns_request", runs[i].ns_request, 4);
            json_end_object(&job->json);
        } else {
            printf("%6s backends, %-20s%14.1f%18.2f%14.1f\n",
                   grouped(buf, sizeof buf, runs[i].backends), what, runs[i].ns_event,
                   runs[i].events_request, runs[i].ns_request);
        }
        (void)fflush(stdout);
    }
    if (job->as_json)
        json_end_list(&job->json);
    else
        puts("single-slot backends at 90 % load, power-of-two, a million requests, no record");
    return CLI_DONE;
}

static int bench_command(struct cli *cli)
{
    struct job job = {.cli = cli, .as_json = cli_flag(cli, "json")};
    uint32_t named;
    (void)cli_values(cli, "algorithm", &named);
    const char *what = cli->argument_count > 0 ? cli->arguments[0] : "";
    static const char *const parts[] = {"picks", "events"};
    if (what[0] != '\0' && strcmp(what, parts[0]) != 0 && strcmp(what, parts[1]) != 0)
        return cli_fail_unknown(cli, "part of the benchmark", what, parts, 2);
    if (named > 0 && strcmp(what, parts[1]) == 0)
        return cli_fail(cli, CLI_WRONG, "'events' and --algorithm exclude each other");
    cli_catch_signals();
    json_init(&job.json);
    json_object(&job.json, NULL);
    int status = strcmp(what, parts[1]) == 0 ? CLI_DONE : decisions(&job);
    if (status == CLI_DONE && named == 0 && strcmp(what, parts[1]) != 0)
        builds(&job);
    if (status == CLI_DONE && named == 0 && strcmp(what, parts[0]) != 0) {
        holds(&job);
        status = simulations(&job);
    }
    json_end_object(&job.json);
    if (cli_interrupted())
        status = CLI_INTERRUPTED;
    else if (job.as_json && status == CLI_DONE)
        puts(job.json.text.data);
    json_done(&job.json);
    return status;
}

const struct command command_bench = {
    .name = "bench",
    .usage = "[picks|events]",
    .summary = "nanoseconds a decision of every algorithm, nanoseconds an event of the engine",
    .help =
        "A decision is what a balancer asks of an algorithm for one request: pick, start, "
        "finish. The benchmark plays the balancer: it keeps the books of backends of equal "
        "weight with two requests each in flight and finishes one of these at random before "
        "each pick; its own share is the first row. A build is setting an algorithm up, its tables "
        "with it. 'picks' is these two alone, 'events' the engine alone: a hold is one event "
        "carried out and one "
        "scheduled in its place.\n\n"
        "All figures are processor time, the least of several rounds: what else runs on the "
        "machine only ever adds. `make bench` compares whole runs with a bare loop.",
    .examples = "lbsim bench\n"
                "lbsim bench picks  # decisions and builds only\n"
                "lbsim bench --algorithm power-of-two --json",
    .options = options,
    .arguments_min = 0,
    .arguments_max = 1,
    .run = bench_command,
};
