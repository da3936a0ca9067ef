/*
 * diff, inside: two sides, their cells beside each other, and what is printed of them.
 */
#ifndef CLI_DIFF_H
#define CLI_DIFF_H

#include "sim/lab/change.h"
#include "sim/record/named.h"
#include "ui/cli/cli.h"

#define DIFF_FACTS 15

struct diff_cell {
    struct experiment_cell cell; /* its texts and trials are copies */
    char *key;                   /* name, variant, settings: what cells are matched by */
    bool matched;
};

struct diff_side {
    struct named named;
    char *text;              /* of the scenario's file */
    char *facts[DIFF_FACTS]; /* as diff_facts; NULL = none */
    struct diff_cell *cells; /* of an experiment */
    uint32_t count, planned, size;
    double run[CELL_FIGURES]; /* of a run, in the unit of JSON; NAN = unknown */
};

struct diff_pair {
    const struct diff_cell *before, *after;
    struct change *changes; /* one for each figure looked at */
};

struct diff {
    struct cli *cli;
    struct diff_side side[2];
    enum cell_figure figures[CELL_FIGURES];
    uint32_t figure_count;
    double tolerance;
    bool same, common; /* equal digests; the same seeds */
    struct diff_pair *pairs;
    struct change *changes;
    uint32_t pair_count, worse, better;
    bool markdown;
};

extern const char *const diff_facts[DIFF_FACTS];

/* Reads what side->named stands for. 0; -1 with *error (LB_ERROR_INVALID: a run that was interrupted, ...). */
int diff_read(struct record *record, struct diff_side *side, struct lb_error *error);
void diff_side_done(struct diff_side *side);
/* Puts the cells of equal settings side by side and judges every figure. */
void diff_match(struct diff *diff);

/* The lines that are in one of two texts only, "-" or "+" in front. */
void diff_lines(const char *before, const char *after, struct text *out);

void diff_print(const struct diff *diff);
void diff_print_json(const struct diff *diff);
/* "regression", "improvement", "mixed"..., see reports/README.md. */
const char *diff_verdict(const struct diff *diff);

#endif
