/*
 * explain: the schema of scenarios, from the terminal. The same table reads the files.
 */
#include "sim/scenario/load.h"
#include "ui/cli/cli.h"

static int run_explain(struct cli *cli)
{
    struct text out;
    int status = CLI_DONE;
    text_init(&out);
    if (cli_flag(cli, "json")) {
        scenario_schema_json(&out);
        text_add(&out, "\n", 1);
    } else if (cli_flag(cli, "markdown")) {
        scenario_schema_markdown(&out);
    } else if (!scenario_explain(cli->argument_count > 0 ? cli->arguments[0] : "", &out)) {
        out.data[out.size - 1] = '\0'; /* its newline: cli_fail adds one */
        status = cli_fail(cli, CLI_WRONG, "%s", out.data);
        text_clear(&out);
    }
    if (out.size > 0)
        (void)fwrite(out.data, 1, out.size, stdout);
    text_done(&out);
    return status;
}

static const struct option_spec options[] = {
    {"json", 0, NULL, "print the whole schema as one JSON object", false},
    {"markdown", 0, NULL, "print the whole schema as tables, as in scenarios/README.md", false},
    {NULL, 0, NULL, NULL, false},
};

const struct command command_explain = {
    .name = "explain",
    .usage = "[KEY]",
    .summary = "explain the keys of a scenario",
    .help = "Without KEY, all keys with a line each. KEY is a path, as in "
            "balancer.health.active.every, or its last word; a distribution, an action of the "
            "timeline or a metric of an expectation is a KEY too.",
    .examples = "lbsim explain\n"
                "lbsim explain clients.arrivals  # one key\n"
                "lbsim explain kill  # an action of the timeline\n",
    .options = options,
    .arguments_min = 0,
    .arguments_max = 1,
    .run = run_explain,
};
