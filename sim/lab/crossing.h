/*
 * Where the ranking of two arms flips along a key of numbers: "round-robin is better up to 60 %, random
 * beyond", by bisection.
 *
 * The idea: at a point both arms make the same replications on the same traffic; the mean of their
 * differences has a sign, and a t interval says whether it is more than noise. Between two points with
 * opposite, significant signs there is a crossing; the gap is halved until it is narrow enough. Where points
 * between show no difference, both edges of that stretch are looked for: nearer, so many replications
 * cannot tell.
 *
 * Cost: two arms of so many replications a probe, log2(gap / precision) probes.
 */
#ifndef LAB_CROSSING_H
#define LAB_CROSSING_H

#include "sim/base/statistics.h"
#include "sim/lab/cell_figure.h"
#include "sim/lab/replicate.h"

/* The sign of first - second where the whole 95 % t interval of the mean of paired differences has it;
 * else 0. *e: that mean. NAN values make it 0. */
int crossing_sign(const double *first, const double *second, uint32_t count, struct estimate *e);

struct crossing_setup {
    enum cell_figure figure;
    uint32_t replications, threads;
    double precision; /* of the place, relative to it */
    bool whole;       /* the key takes whole numbers only */
    void *self;
    /* The scenario of arm 0 or 1 at this place, which it may round; NULL after telling why. */
    struct scenario *(*load)(void *self, int arm, double *at);
    bool (*stop)(void *self);
};

struct crossing {
    double low, high; /* it lies between */
    int sign;         /* of first - second at low; the other one at high */
    bool blurred;     /* no difference is shown between both */
    uint32_t probes;
};

/* Narrows the crossing, whose low, high and sign are set. 0; 1 when stop() ended it; -1 with *error; -2
 * when load() failed. */
int crossing_narrow(const struct crossing_setup *setup, struct crossing *crossing,
                    struct lb_error *error);

#endif
