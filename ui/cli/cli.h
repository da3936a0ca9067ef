/*
 * The command line: one table of commands, each with a table of options, and one parser.
 *
 * The idea: a command is one const struct in its own file, cmd_NAME.c, and one line in
 * commands.c. Help, the man page, the completions and the "did you mean" all read the same
 * structs, so that nothing about a command is written twice.
 *
 * Data goes to stdout, words and progress to stderr. Exit statuses: enum cli_status.
 */
#ifndef CLI_CLI_H
#define CLI_CLI_H

#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>

#include "algorithms/types.h"

enum cli_status {
    CLI_DONE = 0,
    CLI_FAILED = 1,       /* an expectation or a comparison did not hold */
    CLI_WRONG = 2,        /* usage or scenario error */
    CLI_BROKEN = 3,       /* something could not be read or written */
    CLI_INTERRUPTED = 130 /* SIGINT or SIGTERM; what was recorded is kept and marked */
};

#define CLI_ANY UINT32_MAX /* as many arguments as one likes */

/*
 * One option. `argument` is the word shown for its value and NULL for a flag; the words FILE, DIR,
 * ALGORITHM, SCENARIO and COMMAND, here and in a command's usage, tell the completions what to
 * offer (FILE in a usage is a scenario). `help` is one sentence: no capital, no full stop.
 */
struct option_spec {
    const char *name; /* without the dashes: "db"; NULL ends a table */
    char letter;      /* 'j' for -j; 0 = none */
    const char *argument;
    const char *help;
    bool repeatable; /* else a second value is an error */
};

struct cli;

/* A command: `const struct command command_NAME` at the bottom of cmd_NAME.c. */
struct command {
    const char *name;
    const char *usage;    /* what follows the options: "FILE", "[NAME]", "" */
    const char *summary;  /* one line: no capital, no full stop */
    const char *help;     /* paragraphs, a blank line between two; wrapped when shown */
    const char *examples; /* lines of "command  # why"; NULL = none */
    const struct option_spec *options; /* NULL = none; --help is everybody's */
    uint32_t arguments_min, arguments_max;
    int (*run)(struct cli *cli); /* returns an enum cli_status */
    bool hidden;                 /* not listed */
};

/* What the user asked for. `command` and the arguments are for everybody, the rest is parse.c's. */
struct cli {
    const struct command *command;
    const char *const *arguments; /* what is not an option, in order */
    uint32_t argument_count;
    bool help;             /* --help was among the options */
    struct cli_slot *slot; /* for each option of the command, its values among `values` */
    const char **values;
};

/* The whole program: parses, runs the command, checks that stdout took everything. Returns the
 * exit status. main() does nothing else. */
int cli_main(int argc, char **argv);

/* One command as if it had been typed: words[0] is its name. Returns its exit status. */
int cli_command(uint32_t count, const char *const *words);

/* Options by long name; asking for a name that the command's table lacks is a bug (lb_assert). */
bool cli_flag(const struct cli *cli, const char *name);  /* was it given? */
bool cli_knows(const struct cli *cli, const char *name); /* has the command such an option? */
const char *cli_value(const struct cli *cli, const char *name); /* its value, or NULL */
const char *const *cli_values(const struct cli *cli, const char *name, uint32_t *count);
/* A whole number in [min, max] into *value, which stays as it is when the option was not given.
 * 0, or -1 after a message: then return CLI_WRONG. */
int cli_number(const struct cli *cli, const char *name, uint64_t min, uint64_t max,
               uint64_t *value);

/* "lbsim run: ..." on stderr with control bytes escaped, one line; returns status. cli may be
 * NULL. */
__attribute__((format(printf, 3, 4))) int cli_fail(const struct cli *cli, int status,
                                                   const char *format, ...);
/* Prints the error the same way and returns the status that its code asks for (2 or 3). */
int cli_fail_error(const struct cli *cli, const struct lb_error *error);
/* "unknown KIND 'WORD'; did you mean 'X'?" on stderr; returns CLI_WRONG. */
int cli_fail_unknown(const struct cli *cli, const char *kind, const char *word,
                     const char *const *words, uint32_t count);

/* The same for the name of a command. */
int cli_fail_command(const struct cli *cli, const char *word);

/* Is the locale's codeset UTF-8? (cli_main calls setlocale for LC_CTYPE only.) */
bool cli_utf8(void);
/* Columns of the terminal that stdout or stderr is, else $COLUMNS, else 80; from 20 to 1000. */
uint32_t cli_width(void);

/* For commands that take long: catch SIGINT and SIGTERM from here on, then ask now and then. The
 * second signal ends the program at once. */
void cli_catch_signals(void);
bool cli_interrupted(void);

/*
 * The file a scenario's name or path means; to be freed by the caller. "-", a word with a slash, a
 * word that ends in .yaml or .yml and an existing file stand for themselves. Otherwise NAME.yaml is
 * looked for where `lbsim scenarios` looks; what is not found stands for itself.
 */
char *cli_scenario_path(const char *name);
/* The shipped scenarios' folder: ./scenarios, or beside the program, or PREFIX/share/lbsim. NULL
 * when there is none; to be freed by the caller. */
char *cli_scenario_folder(void);

/* "0.1.0": part of the key of a record. */
const char *cli_version(void);
/* "0.1.0 (6f1c2ab, modified)": with the commit when it was built in a checkout. */
const char *cli_build(void);

/* The table (commands.c), NULL-terminated, and one of it by name. */
extern const struct command *const cli_commands[];
const struct command *cli_command_find(const char *name);

#endif
