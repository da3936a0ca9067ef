/*
 * The one option parser. Two passes: the first finds each option's specification and checks it, the
 * second lays the values out so that those of one option stand side by side.
 */
#include "ui/cli/parse.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "sim/base/check.h"
#include "sim/base/text.h"

struct cli_slot {
    uint32_t first, count;
};

/* One option as it stood on the command line. */
struct given {
    uint32_t option;   /* place in the command's table */
    const char *value; /* "" for a flag */
};

struct parser {
    const struct command *command;
    struct cli *cli;
    const char *const *words;
    uint32_t count, at;
    struct given *given;
    uint32_t given_count;
    const char **arguments;
};

const struct option_spec parse_help_option = {"help", 'h', NULL, "show this help", false};

static uint32_t option_count(const struct command *command)
{
    uint32_t n = 0;
    while (command->options != NULL && command->options[n].name != NULL)
        n++;
    return n;
}

static int fail_unknown_option(const struct parser *parser, const char *name, size_t size)
{
    uint32_t n = option_count(parser->command);
    const char **names = text_need((n + 1) * sizeof *names);
    for (uint32_t i = 0; i < n; i++)
        names[i] = parser->command->options[i].name;
    names[n] = parse_help_option.name;
    char *word = text_copy_n(name, size);
    const char *nearest = text_nearest(word, names, n + 1);
    if (nearest != NULL)
        cli_fail(parser->cli, CLI_WRONG, "unknown option '--%s'; did you mean '--%s'?", word,
                 nearest);
    else
        cli_fail(parser->cli, CLI_WRONG, "unknown option '--%s'; 'lbsim %s --help' lists them",
                 word, parser->command->name);
    free(word);
    free(names);
    return CLI_WRONG;
}

static void take(struct parser *parser, uint32_t option, const char *value)
{
    parser->given[parser->given_count++] = (struct given){option, value};
}

/* The next word as the value of an option. An option's own spelling is no value: it was forgotten.
 */
static const char *next_value(struct parser *parser, const struct option_spec *spec)
{
    if (parser->at < parser->count && strncmp(parser->words[parser->at], "--", 2) != 0)
        return parser->words[parser->at++];
    cli_fail(parser->cli, CLI_WRONG, "option '--%s' needs its %s", spec->name, spec->argument);
    return NULL;
}

static int parse_long(struct parser *parser, const char *word)
{
    const char *name = word + 2;
    size_t size = strcspn(name, "=");
    for (uint32_t i = 0; i < option_count(parser->command); i++) {
        const struct option_spec *spec = &parser->command->options[i];
        if (strlen(spec->name) != size || strncmp(spec->name, name, size) != 0)
            continue;
        if (spec->argument == NULL && name[size] == '=')
            return cli_fail(parser->cli, CLI_WRONG, "option '--%s' takes no value", spec->name);
        const char *value = "";
        if (spec->argument != NULL)
            value = name[size] == '=' ? name + size + 1 : next_value(parser, spec);
        if (value == NULL)
            return CLI_WRONG;
        take(parser, i, value);
        return 0;
    }
    return fail_unknown_option(parser, name, size);
}

static int parse_letters(struct parser *parser, const char *word)
{
    for (const char *letter = word + 1; *letter != '\0'; letter++) {
        uint32_t n = option_count(parser->command);
        uint32_t i = 0;
        while (i < n && parser->command->options[i].letter != *letter)
            i++;
        if (i == n)
            return cli_fail(parser->cli, CLI_WRONG,
                            "unknown option '-%c'; 'lbsim %s --help' lists them", *letter,
                            parser->command->name);
        const struct option_spec *spec = &parser->command->options[i];
        if (spec->argument == NULL) {
            take(parser, i, "");
            continue;
        }
        const char *value = letter[1] != '\0' ? letter + 1 : next_value(parser, spec);
        if (value == NULL)
            return CLI_WRONG;
        take(parser, i, value);
        return 0;
    }
    return 0;
}

static bool asks_for_help(uint32_t count, const char *const *words)
{
    for (uint32_t i = 0; i < count && strcmp(words[i], "--") != 0; i++)
        if (strcmp(words[i], "--help") == 0 || strcmp(words[i], "-h") == 0)
            return true;
    return false;
}

static int parse_words(struct parser *parser)
{
    bool options = true;
    while (parser->at < parser->count) {
        const char *word = parser->words[parser->at++];
        int status = 0;
        if (!options || word[0] != '-' || word[1] == '\0')
            parser->arguments[parser->cli->argument_count++] = word;
        else if (strcmp(word, "--") == 0)
            options = false;
        else if (word[1] == '-')
            status = parse_long(parser, word);
        else
            status = parse_letters(parser, word);
        if (status != 0)
            return status;
    }
    return 0;
}

static int lay_out(struct parser *parser)
{
    struct cli *cli = parser->cli;
    uint32_t n = option_count(parser->command);
    cli->slot = text_need_zero(n + 1, sizeof *cli->slot);
    cli->values = text_need_zero(parser->given_count + 1, sizeof *cli->values);
    uint32_t filled = 0;
    for (uint32_t i = 0; i < n; i++) {
        const struct option_spec *spec = &parser->command->options[i];
        cli->slot[i].first = filled;
        for (uint32_t g = 0; g < parser->given_count; g++)
            if (parser->given[g].option == i)
                cli->values[filled++] = parser->given[g].value;
        cli->slot[i].count = filled - cli->slot[i].first;
        if (cli->slot[i].count > 1 && spec->argument != NULL && !spec->repeatable)
            return cli_fail(cli, CLI_WRONG, "option '--%s' is given twice", spec->name);
    }
    return 0;
}

static int check_arguments(const struct cli *cli)
{
    const struct command *command = cli->command;
    if (cli->argument_count < command->arguments_min)
        return cli_fail(cli, CLI_WRONG, "an argument is missing: lbsim %s %s", command->name,
                        command->usage);
    if (cli->argument_count > command->arguments_max)
        return cli_fail(cli, CLI_WRONG, "surplus argument '%s': lbsim %s %s",
                        cli->arguments[command->arguments_max], command->name, command->usage);
    return 0;
}

int cli_parse(struct cli *cli, const struct command *command, uint32_t count,
              const char *const *words)
{
    *cli = (struct cli){.command = command, .help = asks_for_help(count, words)};
    /* A word of letters (-qv) can hold as many options as it has letters. */
    size_t options = 0;
    for (uint32_t i = 0; i < count; i++)
        options += 1 + strlen(words[i]);
    const char **arguments = text_need_zero(count + 1, sizeof *arguments);
    cli->arguments = arguments;
    struct parser parser = {.command = command, .cli = cli, .words = words, .count = count};
    parser.arguments = arguments;
    parser.given = text_need_zero(options + 1, sizeof *parser.given);
    int status = 0;
    if (!cli->help) {
        status = parse_words(&parser);
        if (status == 0)
            status = lay_out(&parser);
        if (status == 0)
            status = check_arguments(cli);
    }
    free(parser.given);
    return status;
}

void cli_parse_done(struct cli *cli)
{
    free((void *)cli->arguments);
    free(cli->slot);
    free(cli->values);
    *cli = (struct cli){0};
}

const char *const *cli_values(const struct cli *cli, const char *name, uint32_t *count)
{
    uint32_t i = 0;
    uint32_t n = option_count(cli->command);
    while (i < n && strcmp(cli->command->options[i].name, name) != 0)
        i++;
    lb_assert(i < n);
    *count = cli->slot[i].count;
    return cli->values + cli->slot[i].first;
}

const char *cli_value(const struct cli *cli, const char *name)
{
    uint32_t count = 0;
    const char *const *values = cli_values(cli, name, &count);
    return count == 0 ? NULL : values[count - 1];
}

bool cli_flag(const struct cli *cli, const char *name)
{
    return cli_value(cli, name) != NULL;
}

bool cli_knows(const struct cli *cli, const char *name)
{
    uint32_t n = option_count(cli->command);
    for (uint32_t i = 0; i < n; i++)
        if (strcmp(cli->command->options[i].name, name) == 0)
            return true;
    return false;
}

int cli_number(const struct cli *cli, const char *name, uint64_t min, uint64_t max, uint64_t *value)
{
    const char *string = cli_value(cli, name);
    if (string == NULL)
        return 0;
    char *end = NULL;
    errno = 0;
    unsigned long long number = strtoull(string, &end, 10);
    /* strtoull would take blanks and signs. */
    if (string[0] < '0' || string[0] > '9' || *end != '\0') {
        cli_fail(cli, CLI_WRONG, "option '--%s': '%s' is not a whole number", name, string);
        return -1;
    }
    if (errno == ERANGE || number < min || number > max) {
        cli_fail(cli, CLI_WRONG, "option '--%s': %s is outside the range %llu to %llu", name,
                 string, (unsigned long long)min, (unsigned long long)max);
        return -1;
    }
    *value = number;
    return 0;
}
