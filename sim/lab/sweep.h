/*
 * A sweep: every cell of a grid that is not done yet, on several threads, into one database.
 *
 * The idea: threads take cells by number; what comes of one is put in a short queue, and the caller's
 * thread alone writes to the database, as many cells a transaction as have come meanwhile: so nobody
 * waits for the disk but who writes. A cell's figures depend on its scenario alone, so neither does
 * anything in the database on threads, order, shards or interruptions. Scenarios are loaded by the
 * threads, each when its turn comes.
 *
 * Cost: that of the runs; memory for one cell a thread and a queue of QUEUE cells.
 */
#ifndef LAB_SWEEP_H
#define LAB_SWEEP_H

#include "sim/lab/cell.h"

struct sweep_progress {
    uint32_t planned, done; /* cells of this shard; done before and now */
    uint32_t before;        /* done before it began */
    double seconds;         /* since it began */
};

struct sweep_setup {
    const struct scenario *scenario; /* its grid */
    struct experiment *experiment;   /* where results go, and what is done already */
    uint32_t replications, threads;
    uint32_t shard, shards; /* cells n with n mod shards = shard - 1; 1 of 1 = all */
    void *self;
    /* The scenario of a cell, on any thread; NULL after adding to *messages why there is none. */
    struct scenario *(*load)(void *self, uint32_t cell, struct text *messages);
    /* On the caller's thread, several times a second, and after each transaction. */
    void (*tell)(void *self, const struct sweep_progress *progress);
    bool (*stop)(void *self); /* on any thread: true ends it, cells that are done are kept */
};

struct sweep_result {
    uint32_t planned, before, made, failed;
    struct text failures; /* what was wrong with the first ten that failed; text_done it */
};

/* 0 when every cell was tried; 1 when stop() ended it; -1 with *error when the database failed. */
int sweep_make(const struct sweep_setup *setup, struct sweep_result *result,
               struct lb_error *error);

#endif
