/*
 * One figure before and after: whether it changed, by how much, and whether that is a regression.
 *
 * The idea: two cells that were made from the same seeds faced the same traffic, so replication r of one is held
 * against replication r of the other (paired t); with other seeds they are independent samples (Welch). Times are
 * compared as ratios, on logarithms; shares and counts as differences. With a tolerance, a change has to be shown
 * to be larger than it: the p value is that of "within the tolerance", two-sided, so that a tolerance of 0 is the
 * ordinary test. All figures of all cells that are looked at are one family: p values are adjusted by Holm over all
 * of them, and the intervals hold together (Bonferroni). So if nothing changed, a regression is shown in at most
 * 2.5 % of diffs, however many cells there are (the other 2.5 % are improvements).
 *
 * Cost: O(replications) a figure. Sources: sim/base/statistics.h; Holm (1979); Schuirmann (1987).
 */
#ifndef LAB_CHANGE_H
#define LAB_CHANGE_H

#include "sim/lab/cell_figure.h"

#define CHANGE_ALPHA 0.05

enum change_is {
    CHANGE_UNKNOWN, /* missing in some replication */
    CHANGE_SAME,    /* equal, replication by replication */
    CHANGE_ONE,     /* one replication: no interval, no verdict */
    CHANGE_NOT_SHOWN,
    CHANGE_WITHIN, /* shown to be within the tolerance */
    CHANGE_WORSE,  /* shown to be worse, by more than the tolerance */
    CHANGE_BETTER
};
extern const char *const change_words[CHANGE_BETTER + 1];

struct change {
    enum cell_figure figure;
    enum change_is is;
    bool paired, ratio;
    double before, after;    /* means */
    double value, low, high; /* after / before, or after - before; NAN ends without an interval */
    double p,
        equal; /* of "within the tolerance" and "not within": adjusted once judged; NAN = none */
};

/* common: the same seeds, so that replications are pairs (the first of the longer one). level: of the interval.
 * tolerance: 0.05 of before; 0 or more. To be judged by changes_judge. */
void change_measure(struct change *c, enum cell_figure figure, const struct experiment_cell *before,
                    const struct experiment_cell *after, bool common, double tolerance,
                    double level);
/* Adjusts the p values of all of them together, and says what they are. */
void changes_judge(struct change *changes, uint32_t count);

#endif
