/*
 * Help on the terminal, from the table of commands.
 */
#include "ui/cli/usage.h"

#include <string.h>
#ifdef __GLIBC__
#include <gnu/libc-version.h>
#endif

#include "ui/cli/parse.h"

#define WIDTH_MAX 92 /* longer lines are hard to read */

const char *const usage_statuses[][2] = {
    {"0", "done"},
    {"1", "an expectation or a comparison did not hold"},
    {"2", "the command line or the scenario is wrong"},
    {"3", "something could not be read or written"},
    {"130", "interrupted; what was recorded is kept and marked"},
    {NULL, NULL},
};

const char *const usage_environment[][2] = {
    {"NO_COLOR", "set and not empty: no colour"},
    {"TERM", "\"dumb\": no colour and no dashboard"},
    {"COLUMNS", "width of tables when there is no terminal (80)"},
    {"LC_ALL, LC_CTYPE, LANG", "box and bar characters only where the codeset is UTF-8"},
    {NULL, NULL},
};

/* Words in lines from column `indent` on; `used` columns of the first line are taken already. */
static void flow(FILE *to, const char *words, uint32_t used, uint32_t indent, uint32_t width)
{
    if (width > WIDTH_MAX)
        width = WIDTH_MAX;
    uint32_t column = 0; /* 0 = no word in this line so far */
    for (const char *at = words; *at != '\0';) {
        size_t gap = strspn(at, " \n");
        bool paragraph = column > 0 && strncmp(at, "\n\n", 2) == 0;
        at += gap;
        size_t size = strcspn(at, " \n");
        if (size == 0)
            break;
        if (paragraph || (column > 0 && column + 1 + size > width)) {
            fputs(paragraph ? "\n\n" : "\n", to);
            column = 0;
        }
        if (column == 0) {
            fprintf(to, "%*s", (int)(indent - used), "");
            column = indent;
            used = 0;
        } else {
            fputc(' ', to);
            column++;
        }
        fwrite(at, 1, size, to);
        column += (uint32_t)size;
        at += size;
    }
    fputc('\n', to);
}

void usage_wrap(FILE *to, const char *words, uint32_t indent, uint32_t width)
{
    flow(to, words, 0, indent, width);
}

void usage_row(FILE *to, const char *term, const char *meaning, uint32_t indent, uint32_t width)
{
    uint32_t used = 2 + (uint32_t)strlen(term);
    fprintf(to, "  %s", term);
    if (used + 2 > indent) {
        fputc('\n', to);
        used = 0;
    }
    flow(to, meaning, used, indent, width);
}

static void print_pairs(FILE *to, const char *title, const char *const pairs[][2], uint32_t indent,
                        uint32_t width)
{
    fprintf(to, "\n%s\n", title);
    for (uint32_t i = 0; pairs[i][0] != NULL; i++)
        usage_row(to, pairs[i][0], pairs[i][1], indent, width);
}

void usage_overview(FILE *to, uint32_t width)
{
    fputs("Usage: lbsim COMMAND [OPTION ...] [ARGUMENT ...]\n\n", to);
    usage_wrap(
        to,
        "Simulates load balancing: clients, balancers, backends and their failures, with the "
        "selection code of real balancers. (Nothing to do with lattice Boltzmann.)",
        0, width);
    fputs("\nCommands\n", to);
    for (const struct command *const *c = cli_commands; *c != NULL; c++)
        if (!(*c)->hidden)
            usage_row(to, (*c)->name, (*c)->summary, 16, width);
    fputs(
        "\n'lbsim COMMAND --help' shows the options of a command; 'lbsim --version' the version.\n",
        to);
    print_pairs(to, "Exit status", usage_statuses, 16, width);
}

static void print_option(FILE *to, const struct option_spec *option, uint32_t width)
{
    char term[128];
    char letter[8] = "    ";
    if (option->letter != '\0')
        (void)snprintf(letter, sizeof letter, "-%c, ", option->letter);
    (void)snprintf(term, sizeof term, "%s--%s%s%s%s", letter, option->name,
                   option->argument == NULL ? "" : " ",
                   option->argument == NULL ? "" : option->argument,
                   option->repeatable ? " ..." : "");
    usage_row(to, term, option->help, 30, width);
}

void usage_command(FILE *to, const struct command *command, uint32_t width)
{
    fprintf(to, "Usage: lbsim %s%s%s%s\n\n", command->name,
            command->options == NULL ? "" : " [OPTION ...]", command->usage[0] == '\0' ? "" : " ",
            command->usage);
    usage_wrap(to, command->help, 0, width);
    fputs("\nOptions\n", to);
    for (const struct option_spec *o = command->options; o != NULL && o->name != NULL; o++)
        print_option(to, o, width);
    print_option(to, &parse_help_option, width);
    if (command->examples == NULL)
        return;
    fputs("\nExamples\n", to);
    for (const char *at = command->examples; *at != '\0';) {
        size_t size = strcspn(at, "\n");
        fprintf(to, "  %.*s\n", (int)size, at);
        at += size + (at[size] == '\n');
    }
}

void usage_version(FILE *to)
{
    fprintf(to, "lbsim %s\n", cli_build());
#ifdef __GLIBC__
    fprintf(to, "C library: glibc %s\n", gnu_get_libc_version());
#else
    fputs("C library: not glibc\n", to);
#endif
#ifdef __clang__
    fprintf(to, "compiler: %s\n", __VERSION__); /* names clang itself */
#else
    fprintf(to, "compiler: gcc %s\n", __VERSION__);
#endif
}
