/*
 * What the parts of `lbsim sweep` share: the command line as it was understood, the scenario of a cell,
 * and the output.
 */
#ifndef CLI_SWEEP_H
#define CLI_SWEEP_H

#include "sim/lab/sweep.h"
#include "ui/cli/execute.h"

enum sweep_form { SWEEP_TABLE, SWEEP_JSON, SWEEP_CSV, SWEEP_MARKDOWN };

struct sweep_job {
    struct cli *cli;
    enum sweep_form form;
    char *path;                /* of the scenario */
    struct scenario *scenario; /* with the grid */
    struct text over;          /* of --algorithms, as a key of the grid */
    uint32_t threads, replications, shard, shards;
    bool show; /* progress */
};

/* The scenario with these settings ("path=value" a line) on top of the command line's, on any thread. NULL
 * after adding to *messages. */
struct scenario *sweep_scenario(const struct sweep_job *job, const char *settings,
                                struct text *messages);
struct scenario *sweep_load_cell(void *self, uint32_t cell, struct text *messages);

/* --list: the cells, and which of them are done (experiment NULL: none). */
void sweep_list(const struct sweep_job *job, const struct experiment *experiment);
/* The results in the database, in the form asked for; more(): added to the end of a JSON object, or
 * printed behind a table; NULL = nothing. Returns an exit status. */
int sweep_print(const struct sweep_job *job, struct record *record, int64_t experiment);
/* --emit. Returns an exit status. */
int sweep_emit(const struct sweep_job *job, const char *form);
/* --find CLAIM. Returns an exit status. */
int sweep_find(const struct sweep_job *job, const char *claim);

#endif
