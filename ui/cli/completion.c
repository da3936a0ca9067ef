/*
 * Completions for bash, zsh and fish, from the table of commands.
 *
 * The words FILE, DIR, SCENARIO and ALGORITHM in an option's argument or a command's usage say what
 * is offered. Names of algorithms come from the registry when this is printed; shipped scenarios
 * are asked of the program when the key is pressed, because anybody may add a file.
 */
#include <string.h>

#include "algorithms/registry.h"
#include "ui/cli/parse.h"
#include "ui/cli/usage.h"

/* What a value or argument is completed with. */
enum offer { OFFER_NOTHING, OFFER_FILE, OFFER_DIR, OFFER_SCENARIO, OFFER_ALGORITHM, OFFER_COMMAND };

static enum offer offer_for(const char *word)
{
    static const struct {
        const char *word;
        enum offer offer;
    } table[] = {
        {"SCENARIO", OFFER_SCENARIO}, {"ALGORITHM", OFFER_ALGORITHM},
        {"COMMAND", OFFER_COMMAND},   {"FILE", OFFER_FILE},
        {"DIR", OFFER_DIR},
    };
    for (size_t i = 0; i < sizeof table / sizeof table[0]; i++)
        if (strstr(word, table[i].word) != NULL)
            return table[i].offer;
    return OFFER_NOTHING;
}

/* The file that a command takes is a scenario. */
static enum offer offer_for_usage(const struct command *command)
{
    enum offer offer = offer_for(command->usage);
    return offer == OFFER_FILE ? OFFER_SCENARIO : offer;
}

/* A string inside single quotes of a shell: it\'s -> it'\''s. */
static void put_quoted(FILE *to, const char *text)
{
    for (const char *c = text; *c != '\0'; c++) {
        if (*c == '\'')
            fputs("'\\''", to);
        else
            fputc(*c, to);
    }
}

static void put_algorithms(FILE *to)
{
    for (uint32_t i = 0; i < lb_registry_count(); i++)
        fprintf(to, "%s%s", i == 0 ? "" : " ", lb_registry_at(i)->name);
}

static void put_commands(FILE *to)
{
    const char *gap = "";
    for (const struct command *const *c = cli_commands; *c != NULL; c++) {
        if ((*c)->hidden)
            continue;
        fprintf(to, "%s%s", gap, (*c)->name);
        gap = " ";
    }
}

#define LIST_SCENARIOS "lbsim scenarios --names 2>/dev/null"

/* --- bash ------------------------------------------------------------------------------------- */

static void bash_offer(FILE *to, enum offer offer)
{
    switch (offer) {
    case OFFER_NOTHING:
        fputs("COMPREPLY=()", to);
        break;
    case OFFER_FILE:
        fputs("COMPREPLY=($(compgen -f -- \"$word\"))", to);
        break;
    case OFFER_DIR:
        fputs("COMPREPLY=($(compgen -d -- \"$word\"))", to);
        break;
    case OFFER_SCENARIO:
        fputs("COMPREPLY=($(compgen -f -X '!*.yaml' -- \"$word\") $(compgen -d -- \"$word\") "
              "$(compgen -W \"$(" LIST_SCENARIOS ")\" -- \"$word\"))",
              to);
        break;
    case OFFER_ALGORITHM:
        fputs("COMPREPLY=($(compgen -W '", to);
        put_algorithms(to);
        fputs("' -- \"$word\"))", to);
        break;
    case OFFER_COMMAND:
        fputs("COMPREPLY=($(compgen -W '", to);
        put_commands(to);
        fputs("' -- \"$word\"))", to);
        break;
    }
}

static void bash_command(FILE *to, const struct command *command)
{
    fprintf(to, "    %s)\n        case $before in\n", command->name);
    for (const struct option_spec *o = command->options; o != NULL && o->name != NULL; o++) {
        if (o->argument == NULL)
            continue;
        fprintf(to, "        --%s", o->name);
        if (o->letter != '\0')
            fprintf(to, "|-%c", o->letter);
        fputs(") ", to);
        bash_offer(to, offer_for(o->argument));
        fputs("; return ;;\n", to);
    }
    fputs("        esac\n        if [[ $word == -* ]]; then\n"
          "            COMPREPLY=($(compgen -W '--help",
          to);
    for (const struct option_spec *o = command->options; o != NULL && o->name != NULL; o++)
        fprintf(to, " --%s", o->name);
    fputs("' -- \"$word\"))\n        else\n            ", to);
    bash_offer(to, offer_for_usage(command));
    fputs("\n        fi ;;\n", to);
}

static void bash_print(FILE *to)
{
    fputs("# bash completion for lbsim; made by lbsim help --completion bash\n"
          "_lbsim()\n{\n"
          "    local word=${COMP_WORDS[COMP_CWORD]} before=${COMP_WORDS[COMP_CWORD-1]}\n"
          "    COMPREPLY=()\n"
          "    if [[ $COMP_CWORD -eq 1 ]]; then\n        COMPREPLY=($(compgen -W '",
          to);
    put_commands(to);
    fputs(" --help --version' -- \"$word\"))\n        return\n    fi\n"
          "    case ${COMP_WORDS[1]} in\n",
          to);
    for (const struct command *const *c = cli_commands; *c != NULL; c++)
        if (!(*c)->hidden)
            bash_command(to, *c);
    fputs("    esac\n}\ncomplete -F _lbsim lbsim\n", to);
}

/* --- zsh -------------------------------------------------------------------------------------- */

static void zsh_offer(FILE *to, const char *name, enum offer offer)
{
    fprintf(to, ":%s:", name);
    if (offer == OFFER_FILE)
        fputs("_files", to);
    else if (offer == OFFER_DIR)
        fputs("_files -/", to);
    else if (offer == OFFER_SCENARIO)
        fputs("_lbsim_scenarios", to);
    else if (offer == OFFER_ALGORITHM) {
        fputc('(', to);
        put_algorithms(to);
        fputc(')', to);
    } else if (offer == OFFER_COMMAND) {
        fputc('(', to);
        put_commands(to);
        fputc(')', to);
    }
}

/* In the brackets of _arguments a bracket ends the text. */
static void zsh_help(FILE *to, const char *help)
{
    fputc('[', to);
    for (const char *c = help; *c != '\0'; c++) {
        if (*c == '\'')
            fputs("'\\''", to);
        else if (*c == '[' || *c == ']' || *c == '\\')
            fprintf(to, "\\%c", *c);
        else
            fputc(*c, to);
    }
    fputc(']', to);
}

static void zsh_command(FILE *to, const struct command *command)
{
    fprintf(to, "    %s)\n        _arguments '--help[Show this help]'", command->name);
    for (const struct option_spec *o = command->options; o != NULL && o->name != NULL; o++) {
        fprintf(to, " \\\n            '%s--%s", o->repeatable ? "*" : "", o->name);
        zsh_help(to, o->help);
        if (o->argument != NULL)
            zsh_offer(to, "value", offer_for(o->argument));
        fputc('\'', to);
    }
    if (command->arguments_max > 0) {
        fputs(" \\\n            '*", to);
        zsh_offer(to, "argument", offer_for_usage(command));
        fputc('\'', to);
    }
    fputs(" ;;\n", to);
}

static void zsh_print(FILE *to)
{
    fputs("#compdef lbsim\n# made by lbsim help --completion zsh\n"
          "_lbsim_scenarios()\n{\n    local -a names\n"
          "    names=(${(f)\"$(" LIST_SCENARIOS ")\"})\n"
          "    _alternative 'names:scenario:compadd -a names' 'files:file:_files -g \"*.yaml\"'\n"
          "}\n"
          "_lbsim()\n{\n    local context state state_descr line\n    typeset -A opt_args\n"
          "    _arguments -C '--help[Show help]' '--version[Show the version]' \\\n"
          "        '1: :->command' '*:: :->arguments'\n"
          "    if [[ $state == command ]]; then\n        local -a commands\n        commands=(\n",
          to);
    for (const struct command *const *c = cli_commands; *c != NULL; c++) {
        if ((*c)->hidden)
            continue;
        fprintf(to, "            '%s:", (*c)->name);
        put_quoted(to, (*c)->summary);
        fputs("'\n", to);
    }
    fputs("        )\n        _describe -t commands command commands\n        return\n    fi\n"
          "    [[ $state == arguments ]] || return\n    case $words[1] in\n",
          to);
    for (const struct command *const *c = cli_commands; *c != NULL; c++)
        if (!(*c)->hidden)
            zsh_command(to, *c);
    fputs("    esac\n}\n_lbsim \"$@\"\n", to);
}

/* --- fish ------------------------------------------------------------------------------------- */

static void fish_offer(FILE *to, enum offer offer)
{
    if (offer == OFFER_FILE)
        fputs(" -F", to);
    else if (offer == OFFER_DIR)
        fputs(" -f -a '(__fish_complete_directories)'", to);
    else if (offer == OFFER_SCENARIO)
        fputs(" -F -a '(" LIST_SCENARIOS ")'", to);
    else if (offer == OFFER_ALGORITHM || offer == OFFER_COMMAND) {
        fputs(" -f -a '", to);
        if (offer == OFFER_ALGORITHM)
            put_algorithms(to);
        else
            put_commands(to);
        fputc('\'', to);
    } else
        fputs(" -f", to);
}

static void fish_command(FILE *to, const struct command *command)
{
    fprintf(to, "complete -c lbsim -n __fish_use_subcommand -f -a %s -d '", command->name);
    put_quoted(to, command->summary);
    fputs("'\n", to);
    fprintf(to, "complete -c lbsim -n '__fish_seen_subcommand_from %s'", command->name);
    fish_offer(to, offer_for_usage(command));
    fputc('\n', to);
    for (const struct option_spec *o = command->options; o != NULL && o->name != NULL; o++) {
        fprintf(to, "complete -c lbsim -n '__fish_seen_subcommand_from %s' -l %s", command->name,
                o->name);
        if (o->letter != '\0')
            fprintf(to, " -s %c", o->letter);
        if (o->argument != NULL) {
            fputs(" -r", to);
            fish_offer(to, offer_for(o->argument));
        }
        fputs(" -d '", to);
        put_quoted(to, o->help);
        fputs("'\n", to);
    }
}

static void fish_print(FILE *to)
{
    fputs("# fish completion for lbsim; made by lbsim help --completion fish\n", to);
    for (const struct command *const *c = cli_commands; *c != NULL; c++)
        if (!(*c)->hidden)
            fish_command(to, *c);
    fputs("complete -c lbsim -l help -d 'Show help'\n", to);
}

bool completion_print(FILE *to, const char *shell)
{
    if (strcmp(shell, "bash") == 0)
        bash_print(to);
    else if (strcmp(shell, "zsh") == 0)
        zsh_print(to);
    else if (strcmp(shell, "fish") == 0)
        fish_print(to);
    else
        return false;
    return true;
}
