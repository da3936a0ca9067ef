/* See coverage.h. */
#include "sim/lab/coverage.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "sim/base/units.h"
#include "sim/lab/cell.h"
#include "sim/lab/cell_figure.h"
#include "sim/lab/theory_family.h"
#include "sim/lab/warmup.h"

/* What one experiment came to. */
struct outcome {
    double mean, low, high; /* seconds; NAN = refused */
    double requests, warmup;
};

struct work {
    const struct coverage_setup *setup;
    const struct scenario *scenario;
    uint64_t seed;
    struct outcome *outcomes;
};

/* Whose intervals are hardest: a plain queue, one whose backends depend on each other, skewed work. */
static const char *const cases[] = {"M/M/1 rho=0.8", "shortest-queue rho=0.9 n=2",
                                    "M/G/1 rho=0.8 cv=2"};

const char *coverage_case(uint32_t i)
{
    return i < sizeof cases / sizeof cases[0] ? cases[i] : NULL;
}

void coverage_band(uint32_t n, uint32_t *least, uint32_t *most)
{
    *least = statistics_binomial_quantile(COVERAGE_FALSE_ALARM / 2, n, COVERAGE_LEVEL);
    *most = statistics_binomial_quantile(1 - COVERAGE_FALSE_ALARM / 2, n, COVERAGE_LEVEL);
}

static bool stop(void *self)
{
    const struct coverage_setup *setup = ((struct work *)self)->setup;
    return setup->base.stop != NULL && setup->base.stop(setup->base.self);
}

static double mean_requests(const struct experiment_cell *cell)
{
    double sum = 0;
    for (uint32_t i = 0; i < cell->count; i++)
        sum += (double)cell->trials[i].arrived;
    return sum / cell->count;
}

/* One experiment, on one thread: what cell_make does, but a run that the warm-up rule refuses is told
 * from one that could not be made. */
static int make(void *self, uint32_t index, struct lb_error *error)
{
    struct work *work = self;
    struct outcome *outcome = &work->outcomes[index];
    struct scenario scenario = *work->scenario; /* borrows all but the numbers changed here */
    struct cell cell;
    *outcome = (struct outcome){.mean = NAN, .low = NAN, .high = NAN};
    scenario.run.seed = work->seed + index;
    struct warmup_setup pilot = {.scenario = &scenario,
                                 .replications = work->setup->replications,
                                 .threads = 1,
                                 .self = work,
                                 .stop = stop};
    int status = warmup_find(&pilot, &scenario.run.warmup, error);
    if (status != 0)
        return status < 0 ? -1 : 0;
    scenario.run.warmup_given = true; /* found: the cell need not look for it again */
    struct cell_setup one = {.scenario = &scenario,
                             .replications = work->setup->replications,
                             .threads = 1,
                             .self = work,
                             .stop = stop};
    status = cell_make(&one, "", &cell, error);
    if (status == 0) {
        struct estimate e = cell_figure(&cell.result, CELL_MEAN);
        *outcome =
            (struct outcome){.mean = e.mean / 1e9,
                             .low = e.low / 1e9,
                             .high = e.high / 1e9,
                             .requests = mean_requests(&cell.result),
                             .warmup = (double)scenario.run.warmup / (double)scenario.run.duration};
    }
    cell_done(&cell);
    return status < 0 ? -1 : 0;
}

static void judge(const struct work *work, struct coverage_result *r)
{
    uint32_t made = 0, n = work->setup->experiments;
    for (uint32_t i = 0; i < n; i++) {
        const struct outcome *o = &work->outcomes[i];
        if (isnan(o->mean)) {
            r->refused++;
            continue;
        }
        made++;
        r->below += o->high < r->theory ? 1U : 0U;
        r->above += o->low > r->theory ? 1U : 0U;
        r->mean += o->mean;
        r->width += (o->high - o->low) / 2 / r->theory;
        r->requests += o->requests;
        r->warmup += o->warmup;
    }
    r->mean = made > 0 ? r->mean / made : (double)NAN;
    r->width = made > 0 ? r->width / made : (double)NAN;
    r->requests /= made > 0 ? made : 1;
    r->warmup /= made > 0 ? made : 1;
    r->covered = n - r->refused - r->below - r->above;
    r->holds = r->covered >= r->least && r->covered <= r->most;
}

/* Half of a run may be warm-up, so there is twice as much of it. */
static double planned(const struct theory_case *c)
{
    return 2 * fmax(COVERAGE_REQUESTS, c->effort * COVERAGE_EFFORT);
}

static struct scenario *load(const struct coverage_setup *setup, const struct theory_case *c,
                             struct lb_error *error)
{
    struct text text;
    text_init(&text);
    theory_scenario(c, planned(c), setup->base.seed, &text);
    struct scenario *scenario = setup->base.load(setup->base.self, text.data, text.size, error);
    text_done(&text);
    if (scenario != NULL) {
        scenario->run.duration = units_from_s(planned(c) / c->rate);
        scenario->run.warmup = 0;
        scenario->run.warmup_given = false;
    }
    return scenario;
}

int coverage_make(const struct coverage_setup *setup, const struct theory_case *c,
                  struct coverage_result *result, struct lb_error *error)
{
    struct work work = {.setup = setup, .seed = validate_seed(c, setup->base.seed)};
    uint32_t k = 0;
    *result = (struct coverage_result){.seed = work.seed};
    while (k < c->known_count && c->known[k].quantity != THEORY_MEAN)
        k++;
    if (k == c->known_count || c->family->trial != NULL || c->family->scenario != NULL)
        return lb_error_set(error, LB_ERROR_INVALID,
                            "'%s' has no interval to cover: a queue whose mean response is known "
                            "is meant",
                            c->name);
    result->theory = c->known[k].value;
    coverage_band(setup->experiments, &result->least, &result->most);
    struct scenario *scenario = load(setup, c, error);
    if (scenario == NULL)
        return -1;
    work.scenario = scenario;
    work.outcomes = text_need_zero(setup->experiments, sizeof *work.outcomes);
    struct replicate_setup all = {.count = setup->experiments,
                                  .threads = setup->base.threads,
                                  .self = &work,
                                  .make = make,
                                  .stop = stop};
    int status = replicate(&all, error);
    if (status == 0)
        judge(&work, result);
    free(work.outcomes);
    scenario_destroy(scenario);
    return status;
}
