/*
 * From words to struct cli, by the option table of a command.
 */
#ifndef CLI_PARSE_H
#define CLI_PARSE_H

#include "ui/cli/cli.h"

/* Everybody's own option. */
extern const struct option_spec parse_help_option;

/*
 * Reads the `count` words after the command's name: --name value, --name=value, -n value, -nvalue, flags
 * together (-qv), `--` ends the options, "-" is an argument. With --help anywhere nothing else is
 * looked at. 0, or CLI_WRONG after a message. cli_parse_done in both cases.
 */
int cli_parse(struct cli *cli, const struct command *command, uint32_t count,
              const char *const *words);
void cli_parse_done(struct cli *cli);

#endif
