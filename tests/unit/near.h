/*
 * The mean over replications against theory: within 5 standard errors, which with 20 replications an
 * honest model misses once in 10,000. Seeds are fixed, so nothing fails by chance.
 */
#ifndef TESTS_UNIT_NEAR_H
#define TESTS_UNIT_NEAR_H

#include <math.h>
#include <stdbool.h>
#include <stdint.h>

#include "tests/check.h"

struct mean { /* of replications */
    double sum, squares, least, most;
    uint32_t n;
};

static inline void add(struct mean *m, double x)
{
    m->least = m->n == 0 || x < m->least ? x : m->least;
    m->most = m->n == 0 || x > m->most ? x : m->most;
    m->sum += x;
    m->squares += x * x;
    m->n++;
}

static inline void near(const struct mean *m, double theory, const char *what, int line)
{
    double mean = m->sum / m->n;
    double variance = (m->squares - m->sum * mean) / (m->n - 1);
    double error = sqrt(fmax(variance, 0.0) / m->n);
    bool fine = fabs(mean - theory) <= 5.0 * error + 1e-12;
    if (!fine || error > 0.03 * theory)
        printf("\nline %d: %s is %.6g +- %.3g, theory %.6g\n", line, what, mean, error, theory);
    CU_ASSERT(fine);
    CU_ASSERT(error <= 0.03 * theory); /* or the comparison would mean little */
}
#define NEAR(m, theory) near(&(m), (theory), #m, __LINE__)

#endif
