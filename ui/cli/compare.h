/*
 * What the parts of `lbsim compare` share: the command line as it was understood, the arms, and what came out.
 */
#ifndef CLI_COMPARE_H
#define CLI_COMPARE_H

#include "sim/base/json.h"
#include "sim/lab/claims.h"
#include "sim/lab/compare.h"
#include "sim/lab/contrast.h"
#include "ui/cli/execute.h"
#include "ui/cli/many.h"

struct compare_job {
    struct cli *cli;
    enum many_form form;
    /* What to do. */
    uint32_t threads, replications;
    double precision, margin; /* shares; 0 = not asked */
    int64_t time;             /* wall ns; 0 = no limit */
    uint64_t coins;           /* --seed-of-algorithm */
    bool coins_given;
    enum cell_figure shown[CELL_FIGURES], watched[CELL_FIGURES];
    uint32_t shown_count, watched_count;
    /* Whom. */
    struct scenario *base; /* without what makes the arms differ */
    struct compare_arm *arms;
    char **names; /* what the arms are called; owned */
    uint32_t *groups;
    uint32_t count, baseline;
    /* What came of it. */
    struct compare_result result;
    struct claims claims;
    uint32_t failed;                       /* claims that do not hold */
    struct contrasts tables[CELL_FIGURES]; /* of shown[] */
    char *rule;                            /* when it was to stop */
    uint64_t digest;
    int64_t experiment; /* its number in the record; 0 = not recorded */
    struct progress progress;
    uint32_t runs_planned;
};

/* Fills base, arms, names, groups, count and baseline. CLI_DONE, or another status after a message. */
int compare_arms(struct compare_job *job);
void compare_arms_done(struct compare_job *job);

/* The table of a figure that is shown; NULL when it is not. */
const struct contrasts *compare_table(const struct compare_job *job, enum cell_figure figure);
/* The figures of which the verdict speaks: those named, else the mean, p99, and errors when there are any.
 * Returns how many. */
uint32_t compare_spoken(const struct compare_job *job, enum cell_figure *figures);
/* Adds the verdict on a figure, a sentence. Names stand in it as they are: show it through text_print. */
void compare_verdict(const struct compare_job *job, const struct contrasts *c, struct text *out);
/* Adds "1 a, 2= b, c": who is best by it. */
void compare_ranking(const struct compare_job *job, const struct contrasts *c, struct text *out);
/* Adds how it ended and how precise it is, a sentence. */
void compare_ending(const struct compare_job *job, struct text *out);
/* Adds what pairing gained, a sentence; nothing when there is nothing to say. */
void compare_gain(const struct compare_job *job, const struct contrasts *c, struct text *out);
/* "0.32 (0.29 to 0.37)", or "+0.3 (...)": a difference, of shares in percentage points. Returns buf. */
const char *compare_interval(char *buf, size_t size, const struct contrasts *c,
                             const struct contrast *arm);

/* In the form asked for, on stdout. */
void compare_print(const struct compare_job *job);
void compare_print_json(const struct compare_job *job);
void compare_print_csv(const struct compare_job *job);

#endif
