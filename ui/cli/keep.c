/* See keep.h. */
#include "ui/cli/keep.h"

#include <inttypes.h>

int keep_check(const struct cli *cli, struct record *record)
{
    const char *name = cli_value(cli, "save-baseline");
    struct lb_error error = {.code = LB_ERROR_NONE};
    if (name == NULL)
        return cli_flag(cli, "overwrite")
                   ? cli_fail(cli, CLI_WRONG, "--overwrite goes with --save-baseline")
                   : CLI_DONE;
    if (record == NULL)
        return cli_fail(cli, CLI_WRONG, "--save-baseline names what is recorded: give a --db file");
    if (baseline_check(record, name, cli_flag(cli, "overwrite"), &error) != 0)
        return cli_fail_error(cli, &error);
    return CLI_DONE;
}

int keep_save(const struct cli *cli, struct record *record, enum named_kind kind, int64_t number)
{
    const char *name = cli_value(cli, "save-baseline");
    struct lb_error error = {.code = LB_ERROR_NONE};
    struct named named;
    char word[40];
    if (name == NULL)
        return CLI_DONE;
    snprintf(word, sizeof word, "%s:%" PRId64, named_kinds[kind], number);
    if (named_find(record, word, &named, &error) != 0 ||
        baseline_save(record, name, &named, cli_flag(cli, "overwrite"), &error) != 0)
        return cli_fail_error(cli, &error);
    if (!cli_flag(cli, "quiet"))
        fprintf(stderr, "Baseline %s is %s %" PRId64 ".\n", name, named_kinds[kind], number);
    return CLI_DONE;
}
