/*
 * The front of choices held against two figures, worked out by hand: who beats whom, ties, noise that shows
 * nothing, one replication. Fixed numbers, no chance.
 */
#include <stdlib.h>

#include "sim/lab/pareto.h"
#include "tests/check.h"

#define RUNS 10

static double values[2][4][RUNS];
static const double *rows[2][4];

/* Choice i has `first` and `second` in the mean, with the same small wave for all: pairs differ by constants. */
static void set(uint32_t i, double first, double second)
{
    for (int r = 0; r < RUNS; r++) {
        double wave = (r % 2 == 0 ? 0.5 : -0.5) + 0.01 * (r % 5 - 2) * (i + 1.0);
        values[0][i][r] = first + wave;
        values[1][i][r] = second + wave;
    }
    rows[0][i] = values[0][i];
    rows[1][i] = values[1][i];
}

static void test_front(void)
{
    struct pareto p;
    set(0, 10, 1); /* few of the second */
    set(1, 1, 10); /* few of the first */
    set(2, 5, 5);  /* between them */
    set(3, 6, 6);  /* beaten by 2 */
    pareto_make(&p, rows[0], rows[1], 4, RUNS);
    for (uint32_t i = 0; i < 3; i++)
        CU_ASSERT(pareto_on_front(&p, i));
    CU_ASSERT(!pareto_on_front(&p, 3) && p.beaten[3] == 2);
    CU_ASSERT(pareto_less(&p, 0, 1, 2) && !pareto_less(&p, 0, 2, 1));
    CU_ASSERT(pareto_less(&p, 1, 0, 2) && pareto_less(&p, 1, 2, 3));
    CU_ASSERT_DOUBLE_EQUAL(p.means[0][0], 10, 1e-9);
    pareto_done(&p);
}

/* The same in one figure, better in the other: beaten. The same in both: nobody is. */
static void test_ties(void)
{
    struct pareto p;
    for (uint32_t i = 0; i < 4; i++) {
        set(0, 5, 5);
        for (int f = 0; f < 2; f++)
            for (int r = 0; r < RUNS; r++)
                values[f][i][r] = values[f][0][r] + (f == 1 && i == 2 ? 1 : 0);
        rows[0][i] = values[0][i];
        rows[1][i] = values[1][i];
    }
    pareto_make(&p, rows[0], rows[1], 4, RUNS);
    CU_ASSERT(pareto_on_front(&p, 0) && pareto_on_front(&p, 1) && pareto_on_front(&p, 3));
    CU_ASSERT(!pareto_on_front(&p, 2) && p.beaten[2] == 0);
    CU_ASSERT(!pareto_less(&p, 0, 0, 2) && pareto_less(&p, 1, 0, 2));
    pareto_done(&p);
}

/* Smaller means that the replications do not show: on the front, both. */
static void test_noise(void)
{
    struct pareto p;
    static const double noise[RUNS] = {3, -2, 1, -3, 2, -1, 3, -2, -3, 2};
    for (uint32_t i = 0; i < 2; i++) {
        for (int r = 0; r < RUNS; r++) {
            values[0][i][r] = i == 0 ? 10 + noise[r] : 10.2 - noise[r];
            values[1][i][r] = 4;
        }
        rows[0][i] = values[0][i];
        rows[1][i] = values[1][i];
    }
    pareto_make(&p, rows[0], rows[1], 2, RUNS);
    CU_ASSERT(p.means[0][0] < p.means[0][1]);
    CU_ASSERT(pareto_on_front(&p, 0) && pareto_on_front(&p, 1));
    pareto_done(&p);
}

static void test_one_run(void)
{
    struct pareto p;
    set(0, 1, 1);
    set(1, 9, 9);
    pareto_make(&p, rows[0], rows[1], 2, 1);
    CU_ASSERT(pareto_on_front(&p, 0) && pareto_on_front(&p, 1));
    pareto_done(&p);
    pareto_make(&p, rows[0], rows[1], 1, RUNS);
    CU_ASSERT(pareto_on_front(&p, 0));
    pareto_done(&p);
}

static const struct check_test tests[] = {
    {"who beats whom", test_front},
    {"ties", test_ties},
    {"noise", test_noise},
    {"one replication, one choice", test_one_run},
};

CHECK_MAIN("pareto")
