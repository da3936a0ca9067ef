/*
 * What the parts of `lbsim sweep` share: the command line as it was understood, the scenario of a cell,
 * and the output.
 */
#ifndef CLI_SWEEP_H
#define CLI_SWEEP_H

#include "sim/base/json.h"
#include "sim/lab/sweep.h"
#include "ui/cli/execute.h"
#include "ui/cli/many.h"

/* What --crossings asks for, understood. */
struct sweep_axes {
    int figure, along, arms; /* enum cell_figure; keys of the grid */
    double precision;
};

struct sweep_job {
    struct cli *cli;
    enum many_form form;
    char *path;                /* of the scenario */
    struct scenario *scenario; /* with the grid */
    struct text over;          /* of --algorithms, as a key of the grid */
    uint32_t threads, replications, shard, shards;
    struct progress progress;
    bool crossings; /* --crossings, with these axes */
    struct sweep_axes axes;
};

/* The scenario with these settings ("path=value" a line) on top of the command line's, on any thread. NULL
 * after adding to *messages. */
struct scenario *sweep_scenario(const struct sweep_job *job, const char *settings,
                                struct text *messages);
struct scenario *sweep_load_cell(void *self, uint32_t cell, struct text *messages);

/* --list: the cells, and which of them are done (experiment NULL: none). */
void sweep_list(const struct sweep_job *job, const struct experiment *experiment);
/* The results in the database, in the form asked for; crossings: what is to be added of them, or NULL.
 * Returns an exit status. */
int sweep_print(const struct sweep_job *job, struct record *record, int64_t experiment,
                const struct sweep_axes *crossings);
/* Fills *axes. CLI_DONE, or CLI_WRONG after a message. */
int sweep_check_crossings(const struct sweep_job *job, struct sweep_axes *axes);
/* Looks for them and prints them, or adds them to json. Returns an exit status. */
int sweep_crossings(const struct sweep_job *job, const struct sweep_axes *axes,
                    struct record *record, int64_t experiment, struct json *json);
/* The key of numbers that --along names, else of load; -1 = none. */
int sweep_key_of_load(const struct sweep_job *job);
/* --precision as a share. CLI_DONE, or CLI_WRONG after a message. */
int sweep_precision(const struct sweep_job *job, double *precision);
/* --emit. Returns an exit status. */
int sweep_emit(const struct sweep_job *job, const char *form);
/* --find CLAIM. Returns an exit status. */
int sweep_find(const struct sweep_job *job, const char *claim);

#endif
