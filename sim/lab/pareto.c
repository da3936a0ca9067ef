/* See pareto.h. */
#include "sim/lab/pareto.h"

#include <stdlib.h>
#include <string.h>

#include "sim/base/check.h"
#include "sim/base/statistics.h"
#include "sim/base/text.h"

/* p values of all pairs i < j, one figure after the other, and Holm over all of them. */
static void show(struct pareto *p)
{
    size_t pairs = (size_t)p->count * (p->count - 1) / 2, at = 0;
    double *tests = text_need((2 * pairs + 1) * sizeof *tests);
    for (int f = 0; f < PARETO_FIGURES; f++)
        for (uint32_t i = 0; i < p->count; i++)
            for (uint32_t j = i + 1; j < p->count; j++)
                tests[at++] = statistics_paired(p->values[f][i], p->values[f][j], p->replications,
                                                1.0 - PARETO_ALPHA)
                                  .p;
    if (at > 0)
        statistics_holm(tests, at, tests);
    at = 0;
    for (int f = 0; f < PARETO_FIGURES; f++)
        for (uint32_t i = 0; i < p->count; i++)
            for (uint32_t j = i + 1; j < p->count; j++)
                if (tests[at++] < PARETO_ALPHA) {
                    bool first = p->means[f][i] < p->means[f][j];
                    p->less[f][first ? i * p->count + j : j * p->count + i] = true;
                }
    free(tests);
}

/* j beats i for certain. */
static bool beats(const struct pareto *p, uint32_t j, uint32_t i)
{
    bool shown = false;
    for (int f = 0; f < PARETO_FIGURES; f++) {
        if (p->means[f][j] > p->means[f][i])
            return false;
        shown |= pareto_less(p, f, j, i);
    }
    return shown;
}

void pareto_make(struct pareto *p, const double *const *first, const double *const *second,
                 uint32_t count, uint32_t replications)
{
    lb_assert(count >= 1 && count <= PARETO_MAX && replications >= 1);
    *p = (struct pareto){.count = count, .replications = replications, .values = {first, second}};
    p->beaten = text_need(count * sizeof *p->beaten);
    for (int f = 0; f < PARETO_FIGURES; f++) {
        p->means[f] = text_need(count * sizeof(double));
        p->less[f] = text_need_zero((size_t)count * count, sizeof(bool));
        for (uint32_t i = 0; i < count; i++)
            p->means[f][i] = statistics_mean(p->values[f][i], replications, 0.95).mean;
    }
    show(p);
    for (uint32_t i = 0; i < count; i++) {
        p->beaten[i] = UINT32_MAX;
        for (uint32_t j = 0; j < count && p->beaten[i] == UINT32_MAX; j++)
            if (j != i && beats(p, j, i))
                p->beaten[i] = j;
    }
}

void pareto_done(struct pareto *p)
{
    for (int f = 0; f < PARETO_FIGURES; f++) {
        free(p->means[f]);
        free(p->less[f]);
    }
    free(p->beaten);
}

bool pareto_on_front(const struct pareto *p, uint32_t choice)
{
    return p->beaten[choice] == UINT32_MAX;
}

bool pareto_less(const struct pareto *p, int figure, uint32_t i, uint32_t j)
{
    return p->less[figure][(size_t)i * p->count + j];
}
