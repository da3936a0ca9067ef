/* See many.h. */
#include "ui/cli/many.h"

#include <unistd.h>

#include "sim/base/wall.h"

int many_threads(const struct cli *cli, uint32_t *threads)
{
    long processors = sysconf(_SC_NPROCESSORS_ONLN);
    uint64_t number = processors > 0 ? (uint64_t)processors : 1;
    if (number > REPLICATE_THREADS_MAX)
        number = REPLICATE_THREADS_MAX;
    if (cli_number(cli, "jobs", 1, REPLICATE_THREADS_MAX, &number) != 0)
        return -1;
    *threads = (uint32_t)number;
    return 0;
}

int many_form(const struct cli *cli, enum many_form *form)
{
    if (cli_flag(cli, "json") + cli_flag(cli, "csv") + cli_flag(cli, "markdown") > 1)
        return cli_fail(cli, CLI_WRONG, "--json, --csv and --markdown exclude each other");
    *form = cli_flag(cli, "json")       ? MANY_JSON
            : cli_flag(cli, "csv")      ? MANY_CSV
            : cli_flag(cli, "markdown") ? MANY_MARKDOWN
                                        : MANY_TABLE;
    return CLI_DONE;
}

#define BAR   30
#define PAUSE 100000000 /* between two tellings, ns */

void progress_begin(struct progress *progress, const struct cli *cli)
{
    *progress = (struct progress){.shown = !cli_flag(cli, "quiet") && isatty(STDERR_FILENO) == 1,
                                  .began = wall_now(),
                                  .lock = PTHREAD_MUTEX_INITIALIZER};
}

/* The lock is held. */
static void show(struct progress *progress, uint32_t before, uint32_t done, uint32_t planned,
                 const char *what)
{
    int64_t now = wall_now();
    if (planned == 0 || now - progress->told <= PAUSE)
        return;
    int full = (int)((uint64_t)BAR * done / planned);
    fprintf(stderr, "\r[%.*s%.*s] %u of %u %s", full, "##############################", BAR - full,
            "..............................", done, planned, what);
    if (done > before && done < planned) {
        double each = (double)(now - progress->began) / 1e9 / (done - before);
        int left = (int)(each * (planned - done));
        fprintf(stderr, "  %d:%02d left", left / 60, left % 60);
    }
    fputs("   ", stderr);
    (void)fflush(stderr);
    progress->told = now;
}

void progress_tell(struct progress *progress, uint32_t before, uint32_t done, uint32_t planned,
                   const char *what)
{
    if (!progress->shown)
        return;
    pthread_mutex_lock(&progress->lock);
    show(progress, before, done, planned, what);
    pthread_mutex_unlock(&progress->lock);
}

void progress_one(struct progress *progress, uint32_t planned, const char *what)
{
    if (!progress->shown)
        return;
    pthread_mutex_lock(&progress->lock);
    progress->done++;
    show(progress, 0, progress->done, planned, what);
    pthread_mutex_unlock(&progress->lock);
}

void progress_end(struct progress *progress)
{
    if (progress->shown)
        fprintf(stderr, "\r%*s\r", 78, "");
}

bool many_stop(void *self)
{
    (void)self;
    return cli_interrupted();
}
