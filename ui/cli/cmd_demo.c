/*
 * demo: what `make demo` shows. A backend dies and comes back: on a terminal on the dashboard, else
 * as one row for each of five algorithms on the same traffic. Then the charts.
 *
 * It only calls what the other commands call, so that it shows what they do.
 */
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "sim/base/text.h"
#include "ui/cli/execute.h"

#define SCENARIO "first"
#define CHARTS   "charts"

static const char *const algorithms[] = {
    "random", "round-robin", "power-of-two", "least-connections", "nginx-round-robin",
};

static const struct option_spec options[] = {
    EXECUTE_SCENARIO_OPTIONS,
    EXECUTE_RECORD_OPTIONS,
    {"output", 'o', "DIR", "put the charts there (default " CHARTS ")", false},
    {0},
};

static const char *database(const struct cli *cli)
{
    const char *path = cli_value(cli, "db");
    return path != NULL ? path : "lbsim.db";
}

static const char *folder(const struct cli *cli)
{
    const char *path = cli_value(cli, "output");
    return path != NULL ? path : CHARTS;
}

static void print_row(const struct summary *s)
{
    char mean[32];
    char p99[32];
    char errors[32];
    char goodput[32];
    printf("%-20s %10s %10s %10s %12s %10.3f\n", s->algorithm,
           summary_format(mean, sizeof mean, UNIT_TIME, histogram_mean(&s->latency)),
           summary_format(p99, sizeof p99, UNIT_TIME, histogram_quantile(&s->latency, 0.99)),
           summary_format(errors, sizeof errors, UNIT_SHARE, 1.0 - s->availability),
           summary_format(goodput, sizeof goodput, UNIT_RATE, s->goodput), s->imbalance);
}

/* One row; the words above the table with the first. */
static int run_one(const struct cli *cli, struct record *record, const char *algorithm, bool first)
{
    int status = CLI_DONE;
    struct scenario *scenario = execute_load(cli, SCENARIO, NULL, algorithm, &status);
    if (scenario == NULL)
        return status;
    if (first) {
        text_print(stdout, scenario->name);
        printf(", seed %llu: the same requests and the same failures for each algorithm\n\n",
               (unsigned long long)scenario->run.seed);
        printf("%-20s %10s %10s %10s %12s %10s\n", "ALGORITHM", "MEAN", "P99", "ERRORS", "GOODPUT",
               "IMBALANCE");
    }
    struct execution execution = {.cli = cli, .scenario = scenario, .record = record};
    struct run *run = execute_run(&execution, &status);
    if (run != NULL) {
        print_row(run_finish(run, false));
        (void)fflush(stdout);
        run_destroy(run);
    }
    scenario_destroy(scenario);
    return status;
}

static int run_each(const struct cli *cli)
{
    struct record *record;
    int status = execute_open(cli, &record);
    if (status != CLI_DONE)
        return status;
    cli_catch_signals();
    for (size_t i = 0; i < sizeof algorithms / sizeof algorithms[0] && status == CLI_DONE; i++)
        status = run_one(cli, record, algorithms[i], i == 0);
    record_close(record);
    return status;
}

static bool on_terminal(void)
{
    const char *terminal = getenv("TERM");
    return isatty(STDIN_FILENO) == 1 && isatty(STDOUT_FILENO) == 1 && terminal != NULL &&
           terminal[0] != '\0' && strcmp(terminal, "dumb") != 0;
}

static int run_demo(struct cli *cli)
{
    int status;
    if (on_terminal()) {
        const char *const words[] = {"watch", SCENARIO, "--db", database(cli)};
        status = cli_command(4, words);
    } else {
        status = run_each(cli);
    }
    /* What was watched may have been changed by hand: its verdict is no failure of the demo. */
    if (status != CLI_DONE && status != CLI_FAILED)
        return status;
    if (strcmp(database(cli), ":memory:") == 0)
        return CLI_DONE; /* nothing was kept to draw */
    const char *const words[] = {"report", "--db", database(cli), "-o", folder(cli)};
    status = cli_command(5, words);
    printf("\nThe runs are in %s", database(cli));
    if (status == CLI_DONE)
        printf(", the charts in %s/", folder(cli));
    printf(".\n'lbsim report --help' and 'lbsim watch " SCENARIO "' go on from here.\n");
    return status;
}

const struct command command_demo = {
    .name = "demo",
    .usage = "",
    .summary = "what 'make demo' shows",
    .help =
        "On a terminal: the dashboard on a scenario in which a backend dies and comes back, then "
        "its charts. Without one: that scenario once for each of five algorithms at the same "
        "seed, a row each, then the charts.",
    .examples = "lbsim demo",
    .options = options,
    .run = run_demo,
    .hidden = true,
};
