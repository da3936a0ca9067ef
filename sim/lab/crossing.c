/* See crossing.h. */
#include "sim/lab/crossing.h"

#include <math.h>
#include <stdlib.h>

#include "sim/base/text.h"
#include "sim/lab/cell.h"

#define PROBES_MAX 32

int crossing_sign(const double *first, const double *second, uint32_t count, struct estimate *e)
{
    double *difference = text_need((count + 1U) * sizeof *difference);
    bool known = count >= 2;
    *e = (struct estimate){.mean = NAN, .low = NAN, .high = NAN};
    for (uint32_t i = 0; i < count; i++) {
        difference[i] = first[i] - second[i];
        known = known && isfinite(difference[i]);
    }
    if (known)
        *e = statistics_mean(difference, count, 0.95);
    free(difference);
    return e->low > 0.0 ? 1 : e->high < 0.0 ? -1 : 0;
}

/* The figures of one arm at a place, which may be rounded. */
static int measure(const struct crossing_setup *setup, int arm, double *at, double *values,
                   struct lb_error *error)
{
    struct scenario *scenario = setup->load(setup->self, arm, at);
    if (scenario == NULL)
        return -2;
    struct cell_setup one = {.scenario = scenario,
                             .replications = setup->replications,
                             .threads = setup->threads,
                             .self = setup->self,
                             .stop = setup->stop};
    struct cell cell;
    int status = cell_make(&one, "", &cell, error);
    for (uint32_t i = 0; i < setup->replications && status == 0; i++)
        values[i] = cell_trial_figure(&cell.trials[i], setup->figure);
    cell_done(&cell);
    scenario_destroy(scenario);
    return status;
}

static int probe(const struct crossing_setup *setup, double *at, int *sign, struct lb_error *error)
{
    double *values = text_need(2U * setup->replications * sizeof *values);
    struct estimate e;
    int status = measure(setup, 0, at, values, error);
    if (status == 0)
        status = measure(setup, 1, at, values + setup->replications, error);
    if (status == 0)
        *sign = crossing_sign(values, values + setup->replications, setup->replications, &e);
    free(values);
    return status;
}

/* Is the gap narrow enough, or as narrow as whole numbers get? */
static bool narrow_enough(const struct crossing_setup *setup, double low, double high)
{
    return high - low <= setup->precision * fabs(high) || (setup->whole && high - low <= 1.0);
}

/* Halves the gap between a place where the sign is `sign` and one where it is not, until it is narrow. */
static int halve(const struct crossing_setup *setup, struct crossing *c, double *has, double * not,
                 int sign, int *other, struct lb_error *error)
{
    int status = 0;
    while (status == 0 && c->probes < PROBES_MAX) {
        double low = fmin(*has, *not ), high = fmax(*has, *not ), middle = (low + high) / 2.0;
        if (setup->whole)
            middle = floor(middle);
        int found = 0;
        if (narrow_enough(setup, low, high))
            break;
        status = probe(setup, &middle, &found, error);
        if (status != 0 || middle <= low || middle >= high)
            break;
        c->probes++;
        *(found == sign ? has : not ) = middle;
        if (found != sign)
            *other = found;
    }
    return status;
}

int crossing_narrow(const struct crossing_setup *setup, struct crossing *crossing,
                    struct lb_error *error)
{
    /* From below: the last place with the sign of `low`, and the first without. */
    double edge = crossing->high;
    int other = -crossing->sign;
    int status = halve(setup, crossing, &crossing->low, &edge, crossing->sign, &other, error);
    if (status != 0 || other != 0) {
        crossing->high = edge;
        return status;
    }
    /* There no difference is shown; from above: the first place with the sign of `high`. */
    crossing->blurred = true;
    return halve(setup, crossing, &crossing->high, &edge, -crossing->sign, &other, error);
}
