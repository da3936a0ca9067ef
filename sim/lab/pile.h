/*
 * The fullest bin when every ball goes to the emptiest of d bins: exact, for a few bins.
 *
 * The idea: bins are equal, so the state is how many hold more than the emptiest by 1, 2, ...; ball by
 * ball the probabilities of all states are carried on. There are few of them, since choices keep the
 * bins level. What is less likely than 1e-11 is dropped, and counted.
 *
 * Cost: balls x states x levels; refused beyond PILE_STATES states at a time.
 */
#ifndef LAB_PILE_H
#define LAB_PILE_H

#include <stdbool.h>
#include <stdint.h>

#define PILE_STATES 30000U
#define PILE_WORK   1e8 /* steps, at most */

/* The mean of the fullest of `bins` <= 255; NAN when there are too many states. *dropped: the
 * probability that was left out. */
double pile_max(uint32_t bins, uint32_t balls, unsigned choices, bool replacement, double *dropped);

#endif
