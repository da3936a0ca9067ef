/*
 * demo: what `make demo` shows. A backend dies and comes back: first on the dashboard, where there is
 * a terminal, then as one row for each of five algorithms on the same traffic, and as charts.
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
#define ALGORITHMS (sizeof algorithms / sizeof algorithms[0])

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

static int run_one(const struct cli *cli, struct record *record, const char *algorithm)
{
    int status = CLI_DONE;
    struct scenario *scenario = execute_load(cli, SCENARIO, NULL, algorithm, &status);
    if (scenario == NULL)
        return status;
    struct execution execution = {.cli = cli, .scenario = scenario, .record = record};
    run_destroy(execute_run(&execution, &status));
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
    for (size_t i = 0; i < ALGORITHMS && status == CLI_DONE; i++)
        status = run_one(cli, record, algorithms[i]);
    record_close(record);
    return status;
}

static bool on_terminal(void)
{
    const char *terminal = getenv("TERM");
    return isatty(STDIN_FILENO) == 1 && isatty(STDOUT_FILENO) == 1 && terminal != NULL &&
           terminal[0] != '\0' && strcmp(terminal, "dumb") != 0;
}

/* One row each, and the charts; then where everything is. */
static int report(const struct cli *cli)
{
    char runs[16];
    (void)snprintf(runs, sizeof runs, "%zu", ALGORITHMS);
    const char *folder = cli_value(cli, "output");
    const char *const words[] = {"report", "--db", database(cli), "--last", runs, "-o", folder};
    puts("The same requests and the same failures for each algorithm:\n");
    int status = cli_command(folder != NULL ? 7 : 5, words);
    printf("\nThe runs are in %s", database(cli));
    struct text chart;
    text_init(&chart);
    text_addf(&chart, "%s/time.svg", folder != NULL ? folder : CHARTS);
    if (status == CLI_DONE && access(chart.data, R_OK) == 0) /* not without gnuplot */
        printf(", the charts in %s/", folder != NULL ? folder : CHARTS);
    text_done(&chart);
    puts(".\n'lbsim watch " SCENARIO "' and 'lbsim report --help' go on from here.");
    return status;
}

/* The dashboard, with the options that it shares with this command. */
static int watch(const struct cli *cli)
{
    static const char *const shared[] = {"--set",     "--algorithm", "--seed",
                                         "--variant", "--db",        "--samples"};
    const char *words[2 + 2 * 64] = {"watch", SCENARIO};
    uint32_t count = 2;
    for (size_t i = 0; i < sizeof shared / sizeof shared[0]; i++) {
        uint32_t given = 0;
        const char *const *values = cli_values(cli, shared[i] + 2, &given);
        for (uint32_t v = 0; v < given && count + 2 <= sizeof words / sizeof words[0]; v++) {
            words[count++] = shared[i];
            words[count++] = values[v];
        }
    }
    return cli_command(count, words);
}

static int run_demo(struct cli *cli)
{
    int status = CLI_DONE;
    if (on_terminal()) {
        status = watch(cli);
        putchar('\n');
    }
    /* Who leaves the dashboard early, or takes a hand in it, still gets the whole story drawn. */
    if (status == CLI_DONE || status == CLI_FAILED)
        status = run_each(cli);
    if (status == CLI_DONE && strcmp(database(cli), ":memory:") != 0)
        status = report(cli);
    return status;
}

const struct command command_demo = {
    .name = "demo",
    .usage = "",
    .summary = "what 'make demo' shows",
    .help =
        "A scenario in which a backend dies and comes back: on a terminal first on the dashboard "
        "(q leaves it), then once for each of five algorithms at the same seed, a row each, and "
        "as charts.",
    .examples = "lbsim demo",
    .options = options,
    .run = run_demo,
    .hidden = true,
};
