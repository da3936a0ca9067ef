/* See capacity.h. */
#include "sim/lab/capacity.h"

#include <math.h>
#include <stdlib.h>

#include "sim/base/check.h"
#include "sim/base/text.h"
#include "sim/lab/warmup.h"

#define PROBES_MAX 64

struct searching {
    const struct capacity_setup *setup;
    struct capacity *found;
    struct lb_error *error;
    double *values; /* of the probe at hand */
};

static void measure(void *self, uint32_t index, const struct summary *summary)
{
    struct searching *s = self;
    s->values[index] = summary->expects[0].known ? summary->expects[0].value : (double)NAN;
}

static bool stop(void *self)
{
    const struct capacity_setup *setup = ((struct searching *)self)->setup;
    return setup->stop != NULL && setup->stop(setup->self);
}

/* Is the whole interval where the claim wants the value? */
static bool holds(const struct scenario_expect *claim, const struct estimate *e)
{
    if (!isfinite(e->mean))
        return false;
    double low = isfinite(e->low) ? e->low : e->mean, high = isfinite(e->high) ? e->high : e->mean;
    switch (claim->compare) {
    case COMPARE_LT:
        return high < claim->value;
    case COMPARE_LE:
        return high <= claim->value;
    case COMPARE_GT:
        return low > claim->value;
    default:
        return low >= claim->value;
    }
}

static int probe(struct searching *s, double load, struct capacity_point *point)
{
    const struct capacity_setup *setup = s->setup;
    struct scenario *scenario = setup->load(setup->self, &load);
    if (scenario == NULL)
        return -2;
    lb_assert(scenario->expect_count == 1);
    struct replicate_setup work = {.scenario = scenario,
                                   .count = setup->replications,
                                   .threads = setup->threads,
                                   .self = s,
                                   .measure = measure,
                                   .stop = stop};
    struct warmup_setup pilot = {.scenario = scenario,
                                 .replications = setup->replications,
                                 .threads = setup->threads,
                                 .self = s,
                                 .stop = stop};
    bool known = true;
    int status = warmup_wanted(scenario) ? warmup_find(&pilot, &scenario->run.warmup, s->error) : 0;
    if (status == 2) { /* it grows, or is noisy: what its second half says will have to do */
        scenario->run.warmup = scenario->run.duration / 2;
        status = 0;
    }
    if (status == 0)
        status = replicate(&work, s->error);
    if (status == 0) {
        for (uint32_t i = 0; i < setup->replications && known; i++)
            known = isfinite(s->values[i]);
        *point =
            (struct capacity_point){.load = load, .value = {.mean = NAN, .low = NAN, .high = NAN}};
        if (known)
            point->value = statistics_mean(s->values, setup->replications, 0.95);
        point->holds = holds(&scenario->expects[0], &point->value);
        s->found->probes++;
    }
    scenario_destroy(scenario);
    return status;
}

/* Tries a load and takes it as the new end on its side. */
static int narrow(struct searching *s, double load, bool *held)
{
    struct capacity_point point;
    int status = probe(s, load, &point);
    if (status != 0)
        return status;
    *held = point.holds;
    if (point.holds)
        s->found->holds = point;
    else
        s->found->fails = point;
    return 0;
}

/* Leaves the two neighbours of the grid between which the answer lies, or an end of it. */
static int search_grid(struct searching *s)
{
    const struct capacity_setup *setup = s->setup;
    uint32_t low = 0, high = setup->count - 1;
    bool at_low = false, at_high = false, held;
    int status = narrow(s, setup->loads[low], &at_low);
    struct capacity_point lowest = at_low ? s->found->holds : s->found->fails;
    if (status == 0)
        status = narrow(s, setup->loads[high], &at_high);
    if (status != 0)
        return status;
    if (at_low == at_high) {
        s->found->end = at_low ? CAPACITY_ABOVE : CAPACITY_BELOW;
        if (!at_low)
            s->found->fails = lowest;
        return 0;
    }
    while (status == 0 && high - low > 1) {
        uint32_t middle = (low + high) / 2;
        status = narrow(s, setup->loads[middle], &held);
        *(held == at_low ? &low : &high) = middle;
    }
    return status;
}

static int search_between(struct searching *s)
{
    const struct capacity_setup *setup = s->setup;
    bool held;
    int status = 0;
    while (status == 0 && s->found->probes < PROBES_MAX) {
        double low = fmin(s->found->holds.load, s->found->fails.load);
        double high = fmax(s->found->holds.load, s->found->fails.load), middle = (low + high) / 2;
        if (setup->whole)
            middle = floor(middle);
        if (high - low <= setup->precision * high || (setup->whole && high - low <= 1.0) ||
            middle <= low || middle >= high)
            break;
        double before = high - low;
        status = narrow(s, middle, &held);
        if (status == 0 && fabs(s->found->fails.load - s->found->holds.load) >= before)
            break; /* it was rounded to an end */
    }
    return status;
}

int capacity_find(const struct capacity_setup *setup, struct capacity *capacity,
                  struct lb_error *error)
{
    struct searching s = {.setup = setup, .found = capacity, .error = error};
    lb_assert(setup->count >= 2 && setup->precision > 0.0);
    *capacity = (struct capacity){.end = CAPACITY_FOUND};
    s.values = text_need(setup->replications * sizeof *s.values);
    int status = search_grid(&s);
    if (status == 0 && capacity->end == CAPACITY_FOUND)
        status = search_between(&s);
    free(s.values);
    return status;
}
