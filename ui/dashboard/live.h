/*
 * A run that somebody watches: advanced a little at a time, looked at, recorded when it ends.
 *
 * It looks at the run at the end of every tick of the view (and whenever it is asked to), so what
 * the view holds depends on simulated time alone, unless the caller runs flat out: then looks that
 * cost too much beside the run are spread over several ticks.
 */
#ifndef DASHBOARD_LIVE_H
#define DASHBOARD_LIVE_H

#include "sim/record/record.h"
#include "sim/run/run.h"
#include "ui/dashboard/view.h"

struct live_setup {
    const struct scenario *scenario; /* borrowed */
    struct record *record;           /* NULL = not recorded */
    bool all_samples;
    const char *version, *build; /* for the record */
};

struct live {
    struct live_setup setup;
    struct scenario recorded; /* the scenario as recorded: with a person's commands */
    struct text settings;
    struct view *view;
    struct run *run;
    struct recorder *recorder;
    bool commanded;                /* a person interfered */
    bool moved;                    /* since the last look */
    lb_time stride;                /* between two looks of a flat-out run, a multiple of the tick */
    lb_time slice;                 /* simulated time that takes a few ms of wall time */
    int64_t run_cost, look_cost;   /* wall ns since the stride was last judged */
    const struct summary *summary; /* once finished */
    struct record_result result;
};

/* A view and a run at time 0. 0, or -1 with *error. */
int live_open(struct live *live, const struct live_setup *setup, struct lb_error *error);
/* Frees all; a run that has not been finished is forgotten. */
void live_close(struct live *live);
/* Forgets the run and starts it anew at time 0, without the person's commands. 0, or -1. */
int live_restart(struct live *live, struct lb_error *error);

/* Advances to simulated time `until`, or as far as it gets until the wall clock says `deadline`
 * (INT64_MAX = none). Returns false once the run has ended. */
bool live_advance(struct live *live, lb_time until, int64_t deadline, bool flat_out);
/* Carries out one event. */
bool live_step(struct live *live);
/* Shows the view the state now. */
void live_look(struct live *live);

/* A person's command to a server, carried out at once. 0, or -1 with *error. */
int live_command(struct live *live, enum action action, uint32_t server, struct lb_error *error);

/* Ends the run and records it; the first time only. 0, or -1 with *error when it could not be
 * recorded (live->summary is there all the same). */
int live_finish(struct live *live, bool interrupted, struct lb_error *error);

#endif
