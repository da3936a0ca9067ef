/*
 * A comparison: several arms (algorithms, variants, settings of one scenario), each replication of all of them
 * on the same traffic, until there are enough.
 *
 * The idea: steady arms that leave their warm-up to the lab share one, the longest that any of them needs, so
 * that all are measured over the same time (as a share, when runs differ in length). Then come rounds: every arm
 * makes the same further replications, 20 at first and then 10 at a time. After a round it is over when there
 * are as many as asked for, when the time is up, or when every arm's 95 % interval of every figure looked at is
 * narrow enough: half width at most g/(1+g) of the mean, for a precision of g. Looking in blocks of 10, from 20
 * on, keeps the level of the intervals about what it says (Law 2015, 9.4.1; Chow and Robbins 1965).
 *
 * What an interrupted round has made is forgotten: all arms always have the same replications.
 *
 * Cost: that of the runs; 120 KiB an arm and 150 bytes a replication.
 */
#ifndef LAB_COMPARE_H
#define LAB_COMPARE_H

#include "sim/lab/cell.h"
#include "sim/lab/cell_figure.h"

#define COMPARE_ARMS_MAX 64U
#define COMPARE_FIRST    20U /* replications of the first round, when it may stop early */
#define COMPARE_BLOCK    10U

struct compare_arm {
    const char *name, *settings; /* as in struct experiment_cell */
    struct scenario *scenario;   /* borrowed; its warm-up is written */
    struct cell cell;            /* the result */
};

enum compare_end {
    COMPARE_ALL,     /* as many as asked for */
    COMPARE_PRECISE, /* precise enough */
    COMPARE_TIME,    /* the time was up */
    COMPARE_STOPPED  /* stop() ended it */
};

struct compare_setup {
    struct compare_arm *arms;
    uint32_t count, threads;
    uint32_t replications;           /* at most */
    double precision;                /* 0.05; 0 = does not stop by it */
    int64_t time;                    /* wall ns; 0 = no limit */
    const enum cell_figure *watched; /* what precision looks at */
    uint32_t watched_count;
    bool insist; /* one of them that is unknown in some arm is an error; else it is not looked at */
    void *self;
    bool (*stop)(void *self);
    /* NULL, or: before a round that ends with so many replications; then each finished run of it, on any
     * thread, as in struct cell_setup. */
    void (*round)(void *self, uint32_t replications);
    void (*measured)(void *self, uint32_t arm, uint32_t replication, const struct summary *summary);
};

struct compare_result {
    enum compare_end end;
    uint32_t replications; /* that every arm has */
    bool precise;          /* all figures looked at are, if asked */
    double width;          /* the largest relative half width among them; NAN when not asked */
};

/* Makes the cells of the arms, to be freed with compare_done whatever comes back. 0 when there are
 * replications to look at, whatever ended it; 1 when it ended before the first round was made; -1 with
 * *error. */
int compare_make(const struct compare_setup *setup, struct compare_result *result,
                 struct lb_error *error);
void compare_done(struct compare_arm *arms, uint32_t count);

#endif
