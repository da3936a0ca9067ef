/*
 * report: tables and charts of recorded runs.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "reports/report.h"
#include "sim/record/record.h"
#include "ui/cli/cli.h"

#define FOLDER "charts"

static const struct option_spec options[] = {
    {"output", 'o', "DIR", "put the charts there (default " FOLDER ")", false},
    {"db", 'd', "FILE", "the database (default lbsim.db)", false},
    {"last", 'n', "N", "the N latest runs side by side", false},
    {"theme", 0, "light|dark", "colours of the charts (default light)", false},
    {"json", 0, NULL, "print one JSON object; no charts unless -o is given", false},
    {"csv", 0, NULL, "print comma-separated values; no charts unless -o is given", false},
    {NULL, 0, NULL, NULL, false},
};

/* The runs named on the command line, each once; with none named *count stays 0. */
static int read_runs(const struct cli *cli, int64_t *ids, uint32_t *count)
{
    for (uint32_t i = 0; i < cli->argument_count; i++) {
        char *end;
        errno = 0;
        long long run = strtoll(cli->arguments[i], &end, 10);
        if (errno != 0 || *end != '\0' || end == cli->arguments[i] || run < 1)
            return cli_fail(cli, CLI_WRONG,
                            "'%s' is not the number of a run (lbsim runs lists them)",
                            cli->arguments[i]);
        bool known = false;
        for (uint32_t k = 0; k < *count; k++)
            known |= ids[k] == run;
        if (!known && *count == REPORT_RUNS_MAX)
            return cli_fail(cli, CLI_WRONG, "at most %d runs in one report", REPORT_RUNS_MAX);
        if (!known)
            ids[(*count)++] = run;
    }
    return CLI_DONE;
}

static void print(const struct cli *cli, const struct report *report)
{
    if (cli_flag(cli, "json")) {
        struct json json;
        json_init(&json);
        report_json(report, &json);
        puts(json.text.data);
        json_done(&json);
    } else if (cli_flag(cli, "csv")) {
        struct text text;
        text_init(&text);
        report_csv(report, &text);
        (void)fwrite(text.data, 1, text.size, stdout);
        text_done(&text);
    } else {
        report_print(report, stdout, cli_width());
    }
    (void)fflush(stdout);
}

/* Each line of the text on stderr, after `before`. */
static void tell_lines(const char *before, const struct text *text)
{
    for (char *line = text->data; line != NULL && *line != '\0';) {
        char *end = strchr(line, '\n');
        *end = '\0';
        fprintf(stderr, "%s", before);
        text_print(stderr, line);
        fprintf(stderr, "\n");
        line = end + 1;
    }
}

/* Without gnuplot the tables still stand: only who asked for charts by -o has failed. */
static int draw(const struct cli *cli, const struct report *report)
{
    const char *folder = cli_value(cli, "output"), *theme = cli_value(cli, "theme");
    struct lb_error error = {0};
    struct report_charts charts = {
        .folder = folder != NULL ? folder : FOLDER,
        .theme = theme != NULL && strcmp(theme, "dark") == 0 ? REPORT_DARK : REPORT_LIGHT,
        .stop = cli_interrupted};
    int status = CLI_DONE;
    text_init(&charts.drawn);
    text_init(&charts.skipped);
    if (report_draw(report, &charts, &error) != 0 && !cli_interrupted()) {
        if (charts.no_gnuplot)
            (void)cli_fail(cli, CLI_DONE,
                           "no charts: gnuplot is not installed (on Debian and Ubuntu: apt install "
                           "gnuplot-nox)");
        else
            (void)cli_fail_error(cli, &error);
        status = charts.no_gnuplot && folder == NULL ? CLI_DONE : CLI_BROKEN;
    }
    if (cli_interrupted())
        status = CLI_INTERRUPTED;
    tell_lines("wrote ", &charts.drawn);
    tell_lines("no chart ", &charts.skipped);
    if (charts.no_png)
        (void)cli_fail(cli, CLI_DONE, "no PNG: this gnuplot was built without cairo");
    text_done(&charts.drawn);
    text_done(&charts.skipped);
    return status;
}

static int check_options(struct cli *cli, uint64_t *latest)
{
    const char *theme = cli_value(cli, "theme");
    static const char *const themes[] = {"light", "dark"};
    if (cli_flag(cli, "json") && cli_flag(cli, "csv"))
        return cli_fail(cli, CLI_WRONG, "--json and --csv exclude each other");
    if (theme != NULL && strcmp(theme, "light") != 0 && strcmp(theme, "dark") != 0)
        return cli_fail_unknown(cli, "theme", theme, themes, 2);
    if (cli_value(cli, "last") != NULL && cli->argument_count > 0)
        return cli_fail(cli, CLI_WRONG, "either --last or the numbers of runs");
    return cli_number(cli, "last", 1, REPORT_RUNS_MAX, latest) != 0 ? CLI_WRONG : CLI_DONE;
}

static int run_report(struct cli *cli)
{
    int64_t ids[REPORT_RUNS_MAX];
    uint32_t count = 0;
    uint64_t latest = 1;
    struct lb_error error = {0};
    const char *path = cli_value(cli, "db");
    int status = check_options(cli, &latest);
    if (status == CLI_DONE)
        status = read_runs(cli, ids, &count);
    if (status != CLI_DONE)
        return status;
    struct record *record = record_open(path != NULL ? path : "lbsim.db", RECORD_READ, &error);
    if (record == NULL)
        return cli_fail_error(cli, &error);
    struct report report;
    if (report_load(&report, record, ids, count, (uint32_t)latest, &error) != 0) {
        status = cli_fail_error(cli, &error);
    } else {
        bool data = cli_flag(cli, "json") || cli_flag(cli, "csv");
        cli_catch_signals();
        print(cli, &report);
        if (!data || cli_value(cli, "output") != NULL)
            status = draw(cli, &report);
    }
    report_done(&report);
    record_close(record);
    return status;
}

const struct command command_report = {
    .name = "report",
    .usage = "[RUN ...]",
    .summary = "tables and charts of recorded runs",
    .help = "Prints a summary of the latest run, or compares the runs named (by the numbers that "
            "'lbsim runs' lists), and draws charts of them: the share of requests slower than x, "
            "latency over time with what happened marked, and the requests on each backend, each "
            "as SVG and PNG.\n\n"
            "Everything comes from the database; reports/README.md describes its tables and views. "
            "Charts need gnuplot. Without it the tables still work, and the exit status is 3 only "
            "if -o asked for charts.",
    .examples = "lbsim report  # the latest run\n"
                "lbsim report 3 4 5 -o out  # three runs on the same axes\n"
                "lbsim report --last 5 --theme dark\n"
                "lbsim report --last 2 --csv",
    .options = options,
    .arguments_min = 0,
    .arguments_max = CLI_ANY,
    .run = run_report,
};
