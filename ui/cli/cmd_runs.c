/*
 * runs: what the database holds, and deleting from it.
 */
#include <errno.h>
#include <stdlib.h>

#include "reports/report.h"
#include "sim/record/record.h"
#include "ui/cli/cli.h"

static const struct option_spec options[] = {
    {"db", 'd', "FILE", "the database (default lbsim.db)", false},
    {"delete", 0, NULL, "delete the runs named, and all that belongs to them", false},
    {"json", 0, NULL, "print one JSON object", false},
    {"csv", 0, NULL, "print comma-separated values, one line a run", false},
    {NULL, 0, NULL, NULL, false},
};

static int delete_runs(struct cli *cli, struct record *record)
{
    struct lb_error error = {0};
    for (uint32_t i = 0; i < cli->argument_count; i++) {
        char *end;
        errno = 0;
        long long run = strtoll(cli->arguments[i], &end, 10);
        if (errno != 0 || *end != '\0' || end == cli->arguments[i] || run < 1)
            return cli_fail(cli, CLI_WRONG, "'%s' is not the number of a run", cli->arguments[i]);
        if (record_delete(record, run, &error) != 0)
            return cli_fail_error(cli, &error);
    }
    return CLI_DONE;
}

static int list_runs(struct cli *cli, struct record *record)
{
    struct lb_error error = {0};
    enum report_form form = cli_flag(cli, "json")  ? REPORT_JSON
                            : cli_flag(cli, "csv") ? REPORT_CSV
                                                   : REPORT_TABLE;
    struct text text;
    text_init(&text);
    int status = CLI_DONE;
    if (report_list(record, form, cli_width(), &text, &error) != 0)
        status = cli_fail_error(cli, &error);
    else
        (void)fwrite(text.data, 1, text.size, stdout);
    text_done(&text);
    return status;
}

static int run_runs(struct cli *cli)
{
    bool delete = cli_flag(cli, "delete");
    struct lb_error error = {0};
    const char *path = cli_value(cli, "db");
    if (cli_flag(cli, "json") && cli_flag(cli, "csv"))
        return cli_fail(cli, CLI_WRONG, "--json and --csv exclude each other");
    if (delete != (cli->argument_count > 0))
        return cli_fail(cli, CLI_WRONG,
                        delete ? "--delete needs the numbers of the runs"
                               : "numbers of runs go with --delete; see "
                                 "'lbsim report RUN' for one of them");
    struct record *record =
        record_open(path != NULL ? path : "lbsim.db", delete ? RECORD_WRITE : RECORD_READ, &error);
    if (record == NULL)
        return cli_fail_error(cli, &error);
    int status = delete ? delete_runs(cli, record) : list_runs(cli, record);
    record_close(record);
    return status;
}

const struct command command_runs = {
    .name = "runs",
    .usage = "[RUN ...]",
    .summary = "list the recorded runs, or delete some",
    .help = "Prints a line for each run in the database, the latest last. The number in the first "
            "column is what 'lbsim report' takes. A number is never used twice.",
    .examples = "lbsim runs\n"
                "lbsim runs --delete 3 4  # and all that belongs to them\n"
                "lbsim runs --json --db old.db",
    .options = options,
    .arguments_min = 0,
    .arguments_max = CLI_ANY,
    .run = run_runs,
};
