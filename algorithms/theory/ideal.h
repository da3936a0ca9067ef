/*
 * What the ideals that compare all backends by the truth have in common: the state and its ends.
 *
 * The idea: shortest-queue, least-work-left and central-queue differ only in how backends compare;
 * the scan and its ties are those of ties.h.
 */
#ifndef LB_THEORY_IDEAL_H
#define LB_THEORY_IDEAL_H

#include <stdlib.h>

#include "algorithms/ties.h"

struct lb_ideal {
    const struct lb_pool *pool;
    const struct lb_truth *truth;
    struct lb_least least;
    bool warming; /* somebody is in slow start; for those who look at weights */
};

static inline void lb_ideal_destroy(void *state)
{
    struct lb_ideal *ideal = state;
    lb_least_done(&ideal->least);
    free(ideal);
}

/* The state of an algorithm of this name, whose first parameter is LB_TIES_PARAM; NULL with *error. */
static inline struct lb_ideal *lb_ideal_new(const struct lb_setup *setup, const char *name,
                                            const struct lb_param *params, struct lb_error *error)
{
    if (setup->truth == NULL) {
        lb_error_set(error, LB_ERROR_INVALID, "%s: needs the truth", name);
        return NULL;
    }
    struct lb_ideal *ideal = calloc(1, sizeof *ideal);
    if (ideal == NULL) {
        lb_error_set(error, LB_ERROR_MEMORY, "%s: no memory", name);
        return NULL;
    }
    ideal->pool = setup->pool;
    ideal->truth = setup->truth;
    if (lb_least_init(&ideal->least, setup, lb_value(setup, params, 0), error) != 0) {
        lb_ideal_destroy(ideal);
        return NULL;
    }
    return ideal;
}

#endif
