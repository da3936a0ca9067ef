/*
 * The program from its first word to its exit status.
 */
#include "ui/cli/cli.h"

#include <errno.h>
#include <fcntl.h>
#include <locale.h>
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "sim/base/text.h"
#include "ui/cli/parse.h"
#include "ui/cli/plugin.h"
#include "ui/cli/usage.h"

int cli_fail(const struct cli *cli, int status, const char *format, ...)
{
    struct text message;
    text_init(&message);
    va_list list;
    va_start(list, format);
    text_addv(&message, format, list);
    va_end(list);
    fputs("lbsim", stderr);
    if (cli != NULL && cli->command != NULL)
        fprintf(stderr, " %s", cli->command->name);
    fputs(": ", stderr);
    text_print(stderr, message.data == NULL ? "" : message.data);
    fputc('\n', stderr);
    text_done(&message);
    return status;
}

int cli_fail_error(const struct cli *cli, const struct lb_error *error)
{
    return cli_fail(cli, error->code == LB_ERROR_INVALID ? CLI_WRONG : CLI_BROKEN, "%s",
                    error->text);
}

int cli_fail_unknown(const struct cli *cli, const char *kind, const char *word,
                     const char *const *words, uint32_t count)
{
    const char *nearest = text_nearest(word, words, count);
    if (nearest != NULL)
        return cli_fail(cli, CLI_WRONG, "unknown %s '%s'; did you mean '%s'?", kind, word, nearest);
    return cli_fail(cli, CLI_WRONG, "unknown %s '%s'", kind, word);
}

int cli_fail_command(const struct cli *cli, const char *word)
{
    const char *names[64];
    uint32_t count = 0;
    for (const struct command *const *c = cli_commands; *c != NULL && count < 64; c++)
        if (!(*c)->hidden)
            names[count++] = (*c)->name;
    cli_fail_unknown(cli, "command", word, names, count);
    fputs("'lbsim --help' lists the commands.\n", stderr);
    return CLI_WRONG;
}

static int global_option(const char *word)
{
    if (strcmp(word, "--help") == 0 || strcmp(word, "-h") == 0) {
        usage_overview(stdout, cli_width());
        return CLI_DONE;
    }
    if (strcmp(word, "--version") == 0 || strcmp(word, "-V") == 0) {
        usage_version(stdout);
        return CLI_DONE;
    }
    static const char *const names[] = {"--help", "--version"};
    const char *nearest = text_nearest(word, names, 2);
    if (nearest != NULL)
        return cli_fail(NULL, CLI_WRONG, "unknown option '%s'; did you mean '%s'?", word, nearest);
    return cli_fail(NULL, CLI_WRONG, "unknown option '%s'; options come after the command", word);
}

int cli_command(uint32_t count, const char *const *words)
{
    const struct command *command = cli_command_find(words[0]);
    if (command == NULL)
        return cli_fail_command(NULL, words[0]);
    struct cli cli;
    int status = cli_parse(&cli, command, count - 1, words + 1);
    if (status == 0) {
        if (cli.help)
            usage_command(stdout, command, cli_width());
        else if ((status = plugin_load(&cli)) == 0)
            status = command->run(&cli);
    }
    cli_parse_done(&cli);
    return status;
}

static int dispatch(int argc, char **argv)
{
    if (argc < 2) {
        usage_overview(stderr, cli_width());
        return CLI_WRONG;
    }
    if (argv[1][0] == '-')
        return global_option(argv[1]);
    return cli_command((uint32_t)argc - 1, (const char *const *)(argv + 1));
}

/*
 * A program started with a closed descriptor 0, 1 or 2 would get it for the next file it opens, and
 * its words would end up in the database. /dev/null takes the place, read-only, so that what is
 * written to a closed stdout still fails and is noticed.
 */
static void fill_standard_descriptors(void)
{
    for (int fd = 0; fd <= 2; fd++)
        if (fcntl(fd, F_GETFD) == -1 && errno == EBADF && open("/dev/null", O_RDONLY) != fd)
            _exit(CLI_BROKEN);
}

/* Is stdout a pipe whose reader has seen enough? Its end is no news to anybody: `| head`. */
static bool reader_left(void)
{
    struct pollfd out = {.fd = STDOUT_FILENO};
    return poll(&out, 1, 0) == 1 && (out.revents & POLLERR) != 0;
}

int cli_main(int argc, char **argv)
{
    fill_standard_descriptors();
    (void)setlocale(LC_CTYPE, "");  /* not LC_NUMERIC: numbers are written and read with a point */
    (void)signal(SIGPIPE, SIG_IGN); /* a reader that leaves is noticed below; the record is kept */
#ifdef SIGXFSZ
    (void)signal(SIGXFSZ, SIG_IGN); /* a file that may not grow is an error of its write */
#endif
    int status = dispatch(argc, argv);
    bool failed = ferror(stdout) != 0;
    errno = 0;
    if (fflush(stdout) != 0 || failed) {
        const char *why = errno != 0 ? strerror(errno) : "not all of it could be written";
        if (!reader_left())
            cli_fail(NULL, CLI_BROKEN, "standard output: %s", why);
        if (status == CLI_DONE || status == CLI_FAILED)
            status = CLI_BROKEN;
    }
    return status;
}
