/*
 * The coverage gate: do intervals that promise 95 % hold the truth in 95 of 100 experiments?
 *
 * The idea: a queue whose mean response is known exactly is put through the very protocol that a sweep
 * uses, warm-up rule, replications, t interval and all, in hundreds of experiments with seeds of their
 * own. How many intervals cover is then binomial: a number outside the band of 99 % says that the
 * intervals are too narrow, or too wide. A run that the warm-up rule refuses gives no interval, which is
 * an experiment that does not cover.
 *
 * Cost: that of the runs, twice (each experiment has its pilot). Source: A. Law, "Simulation modeling and
 * analysis" (2015), 9.4.1; K. Pawlikowski and others, ACM TOMACS 8 (1998), on coverage as the test.
 */
#ifndef LAB_COVERAGE_H
#define LAB_COVERAGE_H

#include "sim/lab/validate.h"

#define COVERAGE_EXPERIMENTS     400U
#define COVERAGE_EXPERIMENTS_MIN 20U
#define COVERAGE_EXPERIMENTS_MAX 10000U
#define COVERAGE_REPLICATIONS    20U
/* Measured in each replication on average: at least so many, and the share of a case's effort that keeps
 * its half width to 4 % or so. A mean over fewer is skewed, and its t interval too seldom covers: with
 * 36,000 requests of lognormal work with cv 2 at load 0.8, 91 of 100 do. */
#define COVERAGE_REQUESTS    2e4
#define COVERAGE_EFFORT      (1.0 / 80)
#define COVERAGE_LEVEL       0.95
#define COVERAGE_FALSE_ALARM 0.01 /* of a right interval, at a seed that nobody has tried */

struct coverage_setup {
    struct validate_setup base; /* seed, threads, load, stop; precision is not looked at */
    uint32_t experiments, replications;
};

struct coverage_result {
    double theory, mean, width; /* mean of all means; mean half width over theory */
    uint32_t covered, below, above,
        refused;          /* their sum: all experiments. below: the whole interval */
    uint32_t least, most; /* the band */
    uint64_t seed;        /* of the first experiment */
    double requests;      /* measured by a replication, mean over all */
    double warmup;        /* share of a run thrown away, mean */
    bool holds;
};

/* The band of n experiments: the quantiles 0.005 and 0.995 of the binomial distribution. */
void coverage_band(uint32_t n, uint32_t *least, uint32_t *most);
/* The cases that stand for all when none is asked for; NULL beyond the last. */
const char *coverage_case(uint32_t i);
/* Makes the experiments; a case without a queue or a known mean is refused. 0; 1 when stop() ended it;
 * -1 with *error. Does not depend on the number of threads. */
int coverage_make(const struct coverage_setup *setup, const struct theory_case *c,
                  struct coverage_result *result, struct lb_error *error);

#endif
