/*
 * One step of the smooth weighted round robin, for all who take turns by it.
 *
 * The idea: whoever takes part gains its weight in credit; the one with the most credit, the first
 * among equals, has the turn and pays the sum of the weights that took part. Over a whole cycle
 * everybody has exactly its share of turns, spread out evenly: {5,1,1} gives a a b a c a a. Who
 * takes part, with which weight, and when credits start afresh, is each algorithm's own.
 *
 * Cost: O(1) for each that takes part.
 * Source: nginx (release 1.22.1) and Apache httpd's byrequests order turns this way; rules only.
 */
#ifndef LB_SMOOTH_H
#define LB_SMOOTH_H

#include "algorithms/lb.h"

/* A pick under way; starts as {.best = LB_NONE}. */
struct lb_smooth {
    int32_t best;        /* the row with the most credit so far */
    int64_t most, total; /* its credit; what best has to pay: the weights that took part */
};

/* The row takes part: its credit grows. */
static inline void lb_smooth_join(struct lb_smooth *turn, uint32_t row, int64_t *credit,
                                  int64_t weight)
{
    *credit += weight;
    turn->total += weight;
    if (turn->best == LB_NONE || *credit > turn->most) {
        turn->best = (int32_t)row;
        turn->most = *credit;
    }
}

#endif
