/*
 * What the commands that make many runs do the same way: threads, the form of the output, the progress line.
 */
#ifndef CLI_MANY_H
#define CLI_MANY_H

#include <pthread.h>

#include "sim/lab/replicate.h"
#include "ui/cli/cli.h"

/* --jobs, else as many as there are processors, at most REPLICATE_THREADS_MAX. 0, or -1 after a message: then
 * return CLI_WRONG. */
int many_threads(const struct cli *cli, uint32_t *threads);

/* Rows for an option table, and what they say: one of them at most. CLI_DONE, or CLI_WRONG after a message. */
#define MANY_FORM_OPTIONS                                                                          \
    {"json", 0, NULL, "print one JSON object", false},                                             \
        {"csv", 0, NULL, "print comma-separated values", false},                                   \
    {                                                                                              \
        "markdown", 0, NULL, "print Markdown", false                                               \
    }
enum many_form { MANY_TABLE, MANY_JSON, MANY_CSV, MANY_MARKDOWN };
int many_form(const struct cli *cli, enum many_form *form);

/* The line that says how far it is, on a terminal unless --quiet; from any thread. */
struct progress {
    bool shown;
    int64_t began, told; /* wall ns */
    uint32_t done;       /* by progress_one */
    pthread_mutex_t lock;
};
void progress_begin(struct progress *progress, const struct cli *cli);
/* done of planned, `before` of them when it began; what: "cells". Told a few times a second. */
void progress_tell(struct progress *progress, uint32_t before, uint32_t done, uint32_t planned,
                   const char *what);
/* One more is done, of those counted here. */
void progress_one(struct progress *progress, uint32_t planned, const char *what);
/* Takes the line away. */
void progress_end(struct progress *progress);

/* A stop() of the lab: a signal has come. */
bool many_stop(void *self);

#endif
