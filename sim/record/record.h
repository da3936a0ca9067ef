/*
 * The record: every run as rows of one SQLite database.
 *
 * The idea: while a run goes on, its samples, latency histograms and events go to a temporary store
 * of this connection (memory first, then an unnamed file), which locks nothing. When the run is
 * over, record_finish() copies them and the totals into the database in one short transaction. So
 * other programs are kept waiting for milliseconds, not for the length of a run; nothing of a run
 * is visible before it is whole; and a program that is killed leaves the database as it was.
 *
 * Cost: nothing per request. A sample of 100 backends takes about 10 us, memory does not grow with
 * the run. Tables and views: reports/README.md.
 */
#ifndef RECORD_RECORD_H
#define RECORD_RECORD_H

#include <stdbool.h>
#include <stdint.h>

#include "sim/run/observer.h"
#include "sim/run/summary.h"

struct record;   /* an open database */
struct recorder; /* a run that is being recorded */

enum record_mode {
    RECORD_WRITE, /* created when absent, migrated when older */
    RECORD_READ   /* must exist; migrated when older and writable; never changed otherwise */
};

/* How long to wait for another program that is writing, ms, unless record_patience says else. */
#define RECORD_PATIENCE_MS 10000

/*
 * Opens the database at path; ":memory:" is one that vanishes with record_close. NULL with *error
 * (code LB_ERROR_SYSTEM) when it cannot be read or written, is no database, belongs to another
 * program or to a newer version; such a file is left untouched.
 */
struct record *record_open(const char *path, enum record_mode mode, struct lb_error *error);
void record_close(struct record *record); /* NULL is fine */
/* Milliseconds to wait for another program's writing before giving up. */
void record_patience(struct record *record, int milliseconds);

struct record_info {
    const struct scenario *scenario; /* borrowed until record_finish or record_abandon */
    uint32_t replication;
    const char *version; /* part of the key of a run: cli_version() */
    const char *build;   /* for people: cli_build() */
    bool all_samples;    /* samples of more than 256 backends one by one, not folded by group */
    bool no_samples;     /* keep no samples (comparisons and sweeps); latencies and totals stay */
};

/* Starts recording a run; one at a time for each open database. NULL with *error. */
struct recorder *record_begin(struct record *record, const struct record_info *info,
                              struct lb_error *error);
/* The observer to hand to run_observe(); valid until record_finish or record_abandon. */
void record_observer(struct recorder *recorder, struct observer *observer);

/* What became of a finished run. */
struct record_result {
    int64_t run;       /* its number in the database */
    bool again;        /* this key was there already: its row was written anew, number kept */
    bool other_digest; /* ... and its digest was another one: some rule of determinism is broken */
    uint64_t digest_before;
};

/*
 * Writes the run and frees the recorder, whatever happens. summary->interrupted marks the run. 0, or
 * -1 with *error, then nothing of the run is in the database. result may be NULL.
 *
 * A whole run with the key (scenario with its settings, cell, variant, algorithm, parameters, seed,
 * replication, version) of one recorded before takes that run's place and number and becomes the
 * latest; an interrupted run always gets a number of its own.
 */
int record_finish(struct recorder *recorder, const struct summary *summary,
                  struct record_result *result, struct lb_error *error);
/* Forgets the run and frees the recorder; NULL is fine. */
void record_abandon(struct recorder *recorder);

/* Deletes a run and all that belongs to it. 0, or -1 with *error (LB_ERROR_INVALID: no such run). */
int record_delete(struct record *record, int64_t run, struct lb_error *error);

#endif
