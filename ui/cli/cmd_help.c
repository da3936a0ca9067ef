/*
 * help: the overview, the help of a command, the manual page, the completions.
 */
#include "ui/cli/cli.h"
#include "ui/cli/usage.h"

static int run_help(struct cli *cli)
{
    static const char *const shells[] = {"bash", "zsh", "fish"};
    const char *shell = cli_value(cli, "completion");
    if (cli_flag(cli, "man")) {
        manual_print(stdout);
        return CLI_DONE;
    }
    if (shell != NULL) {
        if (completion_print(stdout, shell))
            return CLI_DONE;
        return cli_fail_unknown(cli, "shell", shell, shells, 3);
    }
    if (cli->argument_count == 0) {
        usage_overview(stdout, cli_width());
        return CLI_DONE;
    }
    const struct command *command = cli_command_find(cli->arguments[0]);
    if (command == NULL)
        return cli_fail_command(cli, cli->arguments[0]);
    usage_command(stdout, command, cli_width());
    return CLI_DONE;
}

static const struct option_spec options[] = {
    {"man", '\0', NULL, "print the manual page, in mdoc", false},
    {"completion", '\0', "SHELL", "print the completions for bash, zsh or fish", false},
    {0},
};

const struct command command_help = {
    .name = "help",
    .usage = "[COMMAND]",
    .summary = "show the help of a command",
    .help = "Shows what a command does and its options, like 'lbsim COMMAND --help'. Without a "
            "command: all commands.",
    .examples = "lbsim help run\n"
                "lbsim help --man | man -l -\n"
                "source <(lbsim help --completion bash)",
    .options = options,
    .arguments_max = 1,
    .run = run_help,
};
