/*
 * Pearson's chi-square test, for tests of what is drawn at random.
 */
#ifndef TESTS_UNIT_CHI_SQUARE_H
#define TESTS_UNIT_CHI_SQUARE_H

#include <math.h>
#include <stdbool.h>
#include <stdint.h>

/* The chance that chi-square of so many degrees of freedom exceeds x: the closed form for whole
 * degrees, from 1 or 2 up in steps of two. */
static inline double chi_square_tail(uint32_t freedom, double x)
{
    double tail = freedom % 2 != 0 ? erfc(sqrt(x / 2)) : exp(-x / 2);
    for (uint32_t k = freedom % 2 != 0 ? 1 : 2; k < freedom; k += 2)
        tail += pow(x / 2, k / 2.0) * exp(-x / 2) / tgamma(k / 2.0 + 1);
    return tail;
}

/* Could these counts have come from these chances? An honest source is called false once in 10^6.
 * A class of chance 0 must be empty. Chances add up to 1. */
static inline bool chi_square_fits(const uint32_t *count, const double *chance, uint32_t classes)
{
    double total = 0, chi_square = 0;
    uint32_t used = 0;
    for (uint32_t i = 0; i < classes; i++)
        total += count[i];
    for (uint32_t i = 0; i < classes; i++) {
        if (chance[i] == 0 && count[i] != 0)
            return false;
        if (chance[i] == 0)
            continue;
        double expected = total * chance[i], difference = count[i] - expected;
        chi_square += difference * difference / expected;
        used++;
    }
    return used < 2 || chi_square_tail(used - 1, chi_square) >= 1e-6;
}

#endif
