/*
 * One figure of several arms that faced the same traffic: means, each arm against the baseline, and a ranking.
 *
 * The idea: replication r of every arm has the same arrivals, work and failures, so arms are compared pair by
 * pair: the mean of the differences, not the difference of the means. Times are compared as ratios, on the
 * paired differences of their logarithms; shares and counts as differences. The intervals against the baseline
 * are simultaneous: each of the k - 1 at the level 1 - 0.05 / (k - 1) (Bonferroni), so that all of them hold
 * together in 95 % of experiments. "Differs" is another question, and Holm answers it: the p value of an arm's
 * paired t test, adjusted over the k - 1 pairs, is below 5 %. "Equivalent" is not the absence of a difference,
 * but the presence of an interval inside a margin: two one-sided tests, adjusted the same way.
 *
 * The ranking looks at all k (k - 1) / 2 pairs, by Holm: an arm's rank is 1 + how many are shown to be better.
 *
 * Cost: k^2 x replications. Sources: Law (2015), 10.2 and 10.3; Holm (1979); Schuirmann (1987);
 * sim/base/statistics.h.
 */
#ifndef LAB_CONTRAST_H
#define LAB_CONTRAST_H

#include "sim/lab/cell_figure.h"

#define CONTRAST_ALPHA 0.05

struct contrast { /* an arm against the baseline */
    bool known;   /* false: a figure is missing in some replication; nothing else is set */
    bool same;    /* equal in every replication */
    double value, low,
        high;       /* a ratio, or a difference in the figure's unit; NAN ends of one replication */
    double p, holm; /* of "no difference"; adjusted */
    bool differs, equivalent; /* shown to */
    double equal; /* adjusted p value of "not within the margin"; NAN without a margin */
    double correlation,
        gain; /* as in struct paired, of the values compared; NAN when there is none */
};

struct contrasts {
    enum cell_figure figure;
    uint32_t count, baseline, replications;
    bool ratio;             /* else differences */
    double level;           /* of each interval */
    bool zero;              /* 0 in every replication of every arm */
    bool any;               /* some arm has it */
    struct estimate *means; /* of each arm, 95 % each; NAN = unknown */
    struct contrast *arms;  /* [baseline] is not set */
    uint32_t *ranks;        /* from 1; 0 = unknown */
    bool *tied;             /* another has the same */
};

/* Is more of it better? */
bool contrast_more_is_better(enum cell_figure figure);
/* Fills *c for `count` >= 2 arms of the same number of replications; margin: for equivalence, as a share of
 * the baseline's (0.02), 0 = do not ask. Free with contrasts_done. */
void contrasts_make(struct contrasts *c, enum cell_figure figure,
                    const struct experiment_cell *const *arms, uint32_t count, uint32_t baseline,
                    double margin);
void contrasts_done(struct contrasts *c);

#endif
