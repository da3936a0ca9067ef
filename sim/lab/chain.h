/*
 * The mean response of a farm whose arrivals join the shortest of several queues, to as many digits
 * as one likes: n equal backends with one slot each, Poisson arrivals, exponential work, ties at
 * random. No closed formula is known for it.
 *
 * The idea: backends are equal, so the state is the sorted vector of queue lengths; cut off at a
 * length that is practically never reached, it is a finite Markov chain. Its stationary distribution
 * comes by Gauss-Seidel sweeps; after each sweep the mass on "so many requests in the farm" is set
 * right exactly, for that number is a birth-death chain once the shares inside are given. Without
 * this the sweeps would need thousands of rounds under high load.
 *
 * Cost: states x backends a sweep, some dozens of sweeps; C(n + length, n) states of 8 bytes.
 * Source: W. Stewart, "Introduction to the numerical solution of Markov chains" (1994), 6.
 */
#ifndef LAB_CHAIN_H
#define LAB_CHAIN_H

#include <stdbool.h>

struct chain_farm {
    unsigned backends; /* 2 to 16 */
    unsigned
        choices; /* how many are looked at; all of them = least connections; 0 = an idle one when there is
                          any, else any: join idle queue */
    bool replacement; /* may the same one be looked at twice? */
    double rho;       /* load of each, below 1 */
};

struct chain_result {
    double mean;     /* mean response in mean service times; NAN when the chain is too large */
    double accuracy; /* relative: of the iteration and of the cut */
    double at_least_2,
        at_least_3;  /* share of the backends that have so many, in the mean over time */
    double all_busy; /* share of time in which no backend is idle */
    double longest;  /* mean of the longest queue, its request in service included */
    unsigned length; /* queues were cut there */
};

struct chain_result chain_solve(const struct chain_farm *farm);

#endif
