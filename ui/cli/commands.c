/*
 * The table of commands: one line each, in the order of `lbsim --help`. Adding a command is a file
 * cmd_NAME.c that ends in `const struct command command_NAME`, and a line here.
 */
#include "ui/cli/cli.h"

#include <string.h>

#define COMMANDS(X)                                                                                \
    X(run)                                                                                         \
    X(watch)                                                                                       \
    X(compare)                                                                                     \
    X(sweep)                                                                                       \
    X(advise)                                                                                      \
    X(merge)                                                                                       \
    X(diff)                                                                                        \
    X(report)                                                                                      \
    X(runs)                                                                                        \
    X(check)                                                                                       \
    X(explain)                                                                                     \
    X(algorithms)                                                                                  \
    X(scenarios)                                                                                   \
    X(validate)                                                                                    \
    X(replay)                                                                                      \
    X(bench)                                                                                       \
    X(demo)                                                                                        \
    X(help)

#define DECLARE(name) extern const struct command command_##name;
#define ADDRESS(name) &command_##name,

COMMANDS(DECLARE)

const struct command *const cli_commands[] = {COMMANDS(ADDRESS) NULL};

const struct command *cli_command_find(const char *name)
{
    for (const struct command *const *c = cli_commands; *c != NULL; c++)
        if (strcmp((*c)->name, name) == 0)
            return *c;
    return NULL;
}
