/*
 * Choices that are held against two figures at once, both better when smaller, known from replications on the
 * same traffic.
 *
 * The idea: a choice is off the front only when another one is shown to be better: its means are no larger in
 * either figure, and in one of them the paired difference is shown (Holm over all pairs and both figures, so
 * that with 95 % no pair is called different by chance). What is left is the front: nothing beats it for
 * certain. It can hold ties, which more replications would part.
 *
 * Cost: choices^2 x replications. Sources: Holm (1979); Law (2015), 10.3 (all pairs); sim/base/statistics.h.
 */
#ifndef LAB_PARETO_H
#define LAB_PARETO_H

#include <stdbool.h>
#include <stdint.h>

#define PARETO_MAX     256U /* choices */
#define PARETO_FIGURES 2
#define PARETO_ALPHA   0.05

struct pareto {
    uint32_t count, replications;
    const double *const
        *values[PARETO_FIGURES];   /* borrowed: [figure][choice][replication], finite */
    double *means[PARETO_FIGURES]; /* of each choice */
    bool *less[PARETO_FIGURES];    /* [i * count + j]: i is shown to be less than j */
    uint32_t *beaten; /* by which choice, the first of them; UINT32_MAX = by none: on the front */
};

/* count in 1 ... PARETO_MAX, replications >= 1; with one of them nothing is shown. Free with pareto_done. */
void pareto_make(struct pareto *p, const double *const *first, const double *const *second,
                 uint32_t count, uint32_t replications);
void pareto_done(struct pareto *p);

bool pareto_on_front(const struct pareto *p, uint32_t choice);
/* Is i shown to be less than j in this figure? */
bool pareto_less(const struct pareto *p, int figure, uint32_t i, uint32_t j);

#endif
