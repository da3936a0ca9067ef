/*
 * merge: joins the databases of a sweep's shards.
 */
#include <inttypes.h>

#include "sim/record/experiment.h"
#include "ui/cli/cli.h"

static const struct option_spec options[] = {
    {"quiet", 'q', NULL, "no words on stderr", false},
    {NULL, 0, NULL, NULL, false},
};

static int run_merge(struct cli *cli)
{
    struct experiment_merged merged;
    struct lb_error error = {.code = LB_ERROR_NONE};
    const char *out = cli->arguments[0];
    uint64_t digest;
    if (experiment_merge(out, cli->arguments + 1, cli->argument_count - 1, &merged, &error) != 0)
        return cli_fail_error(cli, &error);
    struct record *record = record_open(out, RECORD_READ, &error);
    if (record == NULL || experiment_digest(record, merged.id, &digest, &error) != 0) {
        record_close(record);
        return cli_fail_error(cli, &error);
    }
    struct experiment_about about;
    if (experiment_about(record, EXPERIMENT_SWEEP, merged.id, &about, &error) == 1)
        printf("%u of %u cells, digest %016" PRIx64 "\n", about.done, about.cells, digest);
    experiment_about_done(&about);
    record_close(record);
    if (merged.duplicates > 0 && !cli_flag(cli, "quiet"))
        fprintf(stderr, "%u cells were there twice, with the same digest.\n", merged.duplicates);
    return CLI_DONE;
}

const struct command command_merge = {
    .name = "merge",
    .usage = "OUT IN ...",
    .summary = "join the databases of a sweep's shards",
    .help = "Joins the newest sweep of each database IN in the database OUT, which is made when "
            "there is none. They must be of one scenario with the same settings, grid, seed, "
            "replications and version; else nothing is written. The digest printed is that of the "
            "same sweep made on one machine.",
    .examples = "lbsim merge all.db part1.db part2.db\n"
                "lbsim sweep web.yaml --show --db all.db  # the results",
    .options = options,
    .arguments_min = 2,
    .arguments_max = CLI_ANY,
    .run = run_merge,
};
