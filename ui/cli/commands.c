/*
 * The table of commands: one line each, in the order of `lbsim --help`. Adding a command is a file
 * cmd_NAME.c that ends in `const struct command command_NAME`, and a line here.
 */
#include "ui/cli/cli.h"

#include <string.h>

#if __has_include("ui/cli/cmd_run.c")
#define HAVE_RUN(X) X(run)
#else
#define HAVE_RUN(X)
#endif
#if __has_include("ui/cli/cmd_watch.c")
#define HAVE_WATCH(X) X(watch)
#else
#define HAVE_WATCH(X)
#endif
#if __has_include("ui/cli/cmd_report.c")
#define HAVE_REPORT(X) X(report)
#else
#define HAVE_REPORT(X)
#endif
#if __has_include("ui/cli/cmd_runs.c")
#define HAVE_RUNS(X) X(runs)
#else
#define HAVE_RUNS(X)
#endif
#if __has_include("ui/cli/cmd_check.c")
#define HAVE_CHECK(X) X(check)
#else
#define HAVE_CHECK(X)
#endif
#if __has_include("ui/cli/cmd_explain.c")
#define HAVE_EXPLAIN(X) X(explain)
#else
#define HAVE_EXPLAIN(X)
#endif
#if __has_include("ui/cli/cmd_algorithms.c")
#define HAVE_ALGORITHMS(X) X(algorithms)
#else
#define HAVE_ALGORITHMS(X)
#endif
#if __has_include("ui/cli/cmd_scenarios.c")
#define HAVE_SCENARIOS(X) X(scenarios)
#else
#define HAVE_SCENARIOS(X)
#endif
#if __has_include("ui/cli/cmd_validate.c")
#define HAVE_VALIDATE(X) X(validate)
#else
#define HAVE_VALIDATE(X)
#endif
#if __has_include("ui/cli/cmd_bench.c")
#define HAVE_BENCH(X) X(bench)
#else
#define HAVE_BENCH(X)
#endif

#if __has_include("ui/cli/cmd_demo.c")
#define HAVE_DEMO(X) X(demo)
#else
#define HAVE_DEMO(X)
#endif

#define COMMANDS(X)                                                                                \
    HAVE_RUN(X)                                                                                    \
    HAVE_WATCH(X)                                                                                  \
    HAVE_REPORT(X)                                                                                 \
    HAVE_RUNS(X)                                                                                   \
    HAVE_CHECK(X)                                                                                  \
    HAVE_EXPLAIN(X)                                                                                \
    HAVE_ALGORITHMS(X)                                                                             \
    HAVE_SCENARIOS(X)                                                                              \
    HAVE_VALIDATE(X)                                                                               \
    HAVE_BENCH(X)                                                                                  \
    HAVE_DEMO(X)                                                                                   \
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
