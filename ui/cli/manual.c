/*
 * The manual page, in mdoc (mandoc and groff read it), from the table of commands.
 */
#include <string.h>

#include "ui/cli/parse.h"
#include "ui/cli/usage.h"

/* Text that no line of which is taken for a request and no byte of which for an escape. */
static void put(FILE *to, const char *text, size_t size)
{
    bool start = true;
    for (size_t i = 0; i < size; i++) {
        if (start && (text[i] == '.' || text[i] == '\''))
            fputs("\\&", to);
        if (text[i] == '\\')
            fputs("\\e", to);
        else if (text[i] == '-')
            fputs("\\-", to);
        else
            fputc(text[i], to);
        start = text[i] == '\n';
    }
}

static void put_string(FILE *to, const char *text)
{
    put(to, text, strlen(text));
}

/* A word as an argument of a macro: in double quotes, its own doubled. */
static void put_argument(FILE *to, const char *word)
{
    fputc('"', to);
    for (const char *c = word; *c != '\0'; c++) {
        if (*c == '"')
            fputs("\"\"", to);
        else
            put(to, c, 1);
    }
    fputc('"', to);
}

static void put_paragraphs(FILE *to, const char *text)
{
    for (const char *at = text; *at != '\0';) {
        const char *end = strstr(at, "\n\n");
        size_t size = end == NULL ? strlen(at) : (size_t)(end - at);
        put(to, at, size);
        fputc('\n', to);
        at += size;
        if (end != NULL)
            fputs(".Pp\n", to);
        at += strspn(at, "\n");
    }
}

static void put_option(FILE *to, const struct option_spec *option)
{
    fputs(".It ", to);
    if (option->letter != '\0')
        fprintf(to, "Fl %c , ", option->letter);
    fprintf(to, "Fl \\-%s", option->name);
    if (option->argument != NULL) {
        fputs(" Ar ", to);
        put_argument(to, option->argument);
    }
    fputc('\n', to);
    put_string(to, option->help);
    fputs(option->repeatable ? "; may be given several times.\n" : ".\n", to);
}

static void put_command(FILE *to, const struct command *command)
{
    fprintf(to, ".Ss lbsim %s ", command->name);
    put_string(to, command->usage);
    fputc('\n', to);
    put_string(to, command->summary);
    fputs(".\n.Pp\n", to);
    put_paragraphs(to, command->help);
    fputs(".Bl -tag -width Ds\n", to);
    for (const struct option_spec *o = command->options; o != NULL && o->name != NULL; o++)
        put_option(to, o);
    put_option(to, &parse_help_option);
    fputs(".El\n", to);
    if (command->examples != NULL) {
        fputs(".Bd -literal -offset indent\n", to);
        put_string(to, command->examples);
        if (command->examples[strlen(command->examples) - 1] != '\n')
            fputc('\n', to);
        fputs(".Ed\n", to);
    }
}

static void put_pairs(FILE *to, const char *title, const char *const pairs[][2])
{
    fprintf(to, ".Sh %s\n.Bl -tag -width Ds\n", title);
    for (uint32_t i = 0; pairs[i][0] != NULL; i++) {
        fputs(".It ", to);
        put_argument(to, pairs[i][0]);
        fputc('\n', to);
        put_string(to, pairs[i][1]);
        fputc('\n', to);
    }
    fputs(".El\n", to);
}

void manual_print(FILE *to)
{
    fputs(".Dd November 23, 2026\n.Dt LBSIM 1\n.Os\n.Sh NAME\n.Nm lbsim\n"
          ".Nd simulator and workbench for load balancing\n"
          ".Sh SYNOPSIS\n.Nm\n.Ar command\n.Op Ar option ...\n.Op Ar argument ...\n"
          ".Sh DESCRIPTION\n"
          "Simulates clients, balancers, backends, failures and health checks event by event.\n"
          "The code that selects a backend is the code of a library, not a model of it.\n"
          "Every run is recorded in a SQLite database, which tables and charts are drawn from.\n"
          "Results go to standard output, words and progress to standard error.\n"
          "The same scenario, seed and version give the same result.\n"
          ".Sh COMMANDS\n",
          to);
    for (const struct command *const *c = cli_commands; *c != NULL; c++)
        if (!(*c)->hidden)
            put_command(to, *c);
    put_pairs(to, "ENVIRONMENT", usage_environment);
    fputs(".Sh FILES\n.Bl -tag -width Ds\n.It Pa lbsim.db\n"
          "The database, in the current folder unless\n.Fl \\-db\nnames another.\n"
          ".It Pa scenarios/\n"
          "Where a scenario given by its name is looked for: in the current folder, beside the\n"
          "program, and in\n.Pa ../share/lbsim\nfrom there.\n.El\n",
          to);
    put_pairs(to, "EXIT STATUS", usage_statuses);
}
