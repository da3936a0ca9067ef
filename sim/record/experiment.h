/*
 * A sweep or a comparison in the database: an experiment, its cells, a trial for each replication of a cell.
 *
 * The idea: a cell is written whole, in one transaction with its trials, and a row is the mark that it
 * is done; so whatever happens to the program, a cell is there or it is not, and going on is asking
 * which are missing. What the experiment is known by (scenario with its settings, variant, grid, seed,
 * replications, version) is its key: the same command finds the same experiment again. The cells of a
 * comparison are its arms; how many replications they have depends on when it stopped, so its key has the rule
 * by which it stops, and the build instead of the version, since builds are what baselines tell apart.
 *
 * Cost: about 200 bytes a trial and 2 KB a cell in the file; in memory, a bit a cell.
 */
#ifndef RECORD_EXPERIMENT_H
#define RECORD_EXPERIMENT_H

#include "sim/record/record.h"

struct experiment;

#define EXPERIMENT_SWEEP   "sweep"
#define EXPERIMENT_COMPARE "compare"

struct experiment_info {
    const char *kind;                /* one of these; NULL = a sweep */
    const struct scenario *scenario; /* without the settings of any cell */
    const char *grid;             /* a line a key; see plan_grid. Of a comparison: a line an arm */
    uint32_t cells, replications; /* a comparison: at most so many */
    const char *rule;             /* a comparison's; else NULL */
    uint32_t baseline;            /* a comparison's: the number of that cell */
    const char *version, *build;  /* as in struct record_info */
};

/* One replication. Times in ns, NAN when nothing ended ok. */
struct experiment_trial {
    uint64_t digest, events;
    double simulated_s;
    uint64_t arrived, ok, failed, in_flight, good, attempts, sessions_lost;
    double sum;
    lb_time min, max;
    double quantile[4]; /* 0.5, 0.9, 0.99, 0.999 */
    double imbalance;   /* NAN = unknown */
};

struct experiment_cell {
    uint32_t n;
    const char *settings; /* "path=value" a line */
    const char *name;     /* of a comparison's arm, and the variant that */
    const char *variant;  /* the settings are on top of; "" or NULL in a sweep */
    const char *algorithm;
    bool ideal, transient;
    lb_time duration, warmup;
    uint64_t digest;
    double wall_s;
    const struct histogram *latency;       /* over all trials; when writing only */
    const struct experiment_trial *trials; /* one for each replication */
    uint32_t count;
};

enum experiment_how {
    EXPERIMENT_ANY,  /* found, or made */
    EXPERIMENT_FIND, /* must be there; nothing is written */
    EXPERIMENT_AGAIN /* made; what was there is deleted */
};

/* The experiment of this key. NULL with *error (LB_ERROR_INVALID: there is none to find). */
struct experiment *experiment_open(struct record *record, const struct experiment_info *info,
                                   enum experiment_how how, struct lb_error *error);
void experiment_close(struct experiment *experiment); /* NULL is fine */
/* Is the cell done? How many are? */
bool experiment_has(const struct experiment *experiment, uint32_t cell);
uint32_t experiment_done(const struct experiment *experiment);
int64_t experiment_id(const struct experiment *experiment);

/* Writes cells, all in one transaction or none. 0; or -1 with *error. One that is there already, since
 * another program works on the same experiment, is left as it is when its digest is the same. A comparison,
 * of which all cells are given, takes the place of another one then. */
int experiment_write(struct experiment *experiment, const struct experiment_cell *const *cells,
                     uint32_t count, struct lb_error *error);
/* They have been written: experiment_has knows them from now on. (Apart from experiment_write, so that it
 * can be done under a caller's lock and the other need not.) */
void experiment_mark(struct experiment *experiment, const struct experiment_cell *const *cells,
                     uint32_t count);

/* XXH64 of a cell: warm-up, and of each trial the digest, the counts, sum, extremes and quantiles. */
uint64_t experiment_cell_digest(const struct experiment_cell *cell);
/* XXH64 of number, settings and digest of the cells that are done, in order. 0, or -1 with *error. */
int experiment_digest(struct record *record, int64_t experiment, uint64_t *digest,
                      struct lb_error *error);

/* Hands the done cells to tell() in order, with their trials; all of it is valid during the call only.
 * 0, or -1 with *error. */
int experiment_read(struct record *record, int64_t experiment,
                    void (*tell)(void *self, const struct experiment_cell *cell), void *self,
                    struct lb_error *error);

/* What an experiment of the database is. Free with experiment_about_done. */
struct experiment_about {
    int64_t id;
    int64_t created_s;
    char *name, *grid, *version, *seed, *kind, *rule, *variant;
    char key[17];
    uint32_t baseline; /* of a comparison */
    uint32_t cells, done, replications;
};
/* 1 when there is one, 0 when there is none, -1 with *error. id 0 = the newest; kind NULL = of any. */
int experiment_about(struct record *record, const char *kind, int64_t id,
                     struct experiment_about *about, struct lb_error *error);
void experiment_about_done(struct experiment_about *about);

/*
 * merge: joins the newest sweeps of the databases at `paths` in the one at `out`, which is made when
 * there is none. All must be of one key; a cell that several have must have one digest. All that is looked
 * at before `out` is touched. 0, or -1 with *error (LB_ERROR_INVALID: they do not belong together) and
 * nothing written.
 */
struct experiment_merged {
    int64_t id;
    uint32_t cells, done, duplicates;
};
int experiment_merge(const char *out, const char *const *paths, uint32_t count,
                     struct experiment_merged *merged, struct lb_error *error);

#endif
