/*
 * Queues for which there is no formula, solved as Markov chains: the states are whatever a family says
 * they are, found by walking from the empty one, cut off at a number of requests that is practically
 * never reached.
 *
 * The idea: only the steps out of a state must be written. States are ordered by the number of requests
 * present, which a step changes by one at most; Gauss-Seidel sweeps in that order settle the shares
 * within a number, and after each sweep the mass on every number is set right exactly by the flow
 * over the cut below it, as in chain.h, which knows one farm only, but knows it to sixteen backends.
 *
 * Cost: 30 bytes a step, some dozens to hundreds of sweeps.
 * Source: W. Stewart, "Introduction to the numerical solution of Markov chains" (1994), 6.
 */
#ifndef LAB_MARKOV_H
#define LAB_MARKOV_H

#include <stdint.h>

#define MARKOV_PARTS  6
#define MARKOV_MOST   1000 /* a part of a state is 0 to this */
#define MARKOV_STEPS  64   /* out of one state */
#define MARKOV_VALUES 4

struct markov_state {
    uint16_t at[MARKOV_PARTS];
};

/* The steps out of a state, to be filled; those beyond the cut are dropped later. */
struct markov_steps {
    uint32_t count;
    struct markov_state to[MARKOV_STEPS];
    double rate[MARKOV_STEPS];
};

struct markov {
    const void *self;
    struct markov_state first; /* where the walk begins */
    void (*steps)(const void *self, const struct markov_state *from, struct markov_steps *steps);
    /* How many requests are present. */
    unsigned (*present)(const void *self, const struct markov_state *state);
    /* Up to MARKOV_VALUES figures of a state, whose means over time are wanted; NULL = none. */
    void (*values)(const void *self, const struct markov_state *state, double *values);
};

struct markov_result {
    double present; /* mean number present; NAN when the chain is too large to be solved */
    double rate;    /* at which requests come in: present / rate is the mean response */
    double values[MARKOV_VALUES];
    double accuracy; /* relative: of the iteration and of the cut */
};

struct markov_result markov_solve(const struct markov *markov);
/* Adds a step. */
void markov_step(struct markov_steps *steps, const struct markov_state *to, double rate);

#endif
