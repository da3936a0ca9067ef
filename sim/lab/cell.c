/* See cell.h. */
#include "sim/lab/cell.h"

#include <math.h>
#include <pthread.h>
#include <stdlib.h>

#include "sim/base/check.h"
#include "sim/base/wall.h"
#include "sim/lab/warmup.h"

struct making {
    const struct cell_setup *setup;
    struct experiment_trial *trials; /* of this step */
    uint32_t first;
    struct histogram latency;
    pthread_mutex_t lock; /* of the histogram: whole numbers, so the order is all the same */
};

static void measure(void *self, uint32_t index, const struct summary *s)
{
    static const double quantiles[4] = {0.5, 0.9, 0.99, 0.999};
    struct making *making = self;
    struct experiment_trial *t = &making->trials[index];
    *t = (struct experiment_trial){
        .digest = s->digest,
        .events = s->events,
        .simulated_s = s->simulated_s,
        .arrived = s->counts.arrived,
        .ok = s->counts.ok,
        .failed = s->counts.failed,
        .in_flight = s->counts.in_flight,
        .good = s->counts.good,
        .attempts = s->counts.attempts,
        .sessions_lost = s->sessions.count[SESSION_LOST],
        .sum = s->latency.sum,
        .min = s->latency.min,
        .max = s->latency.max,
        .imbalance = s->imbalance,
    };
    for (int i = 0; i < 4; i++)
        t->quantile[i] = histogram_quantile(&s->latency, quantiles[i]);
    if (making->setup->measured != NULL)
        making->setup->measured(making->setup->self, making->first + index, s);
    pthread_mutex_lock(&making->lock);
    histogram_merge(&making->latency, &s->latency);
    pthread_mutex_unlock(&making->lock);
}

static bool stop(void *self)
{
    const struct cell_setup *setup = ((struct making *)self)->setup;
    return setup->stop != NULL && setup->stop(setup->self);
}

static int find_warmup(const struct cell_setup *setup, struct scenario *s, struct lb_error *error)
{
    struct warmup_setup pilot = {.scenario = s,
                                 .replications = setup->replications,
                                 .threads = setup->threads,
                                 .self = setup->self,
                                 .stop = setup->stop};
    if (!warmup_wanted(s))
        return 0;
    int status = warmup_find(&pilot, &s->run.warmup, error);
    return status == 2 ? -1 : status;
}

void cell_init(struct cell *cell, const char *settings)
{
    *cell = (struct cell){.trials = text_need_zero(1, sizeof *cell->trials),
                          .latency = text_need(sizeof *cell->latency)};
    histogram_init(cell->latency);
    text_init(&cell->settings);
    text_addf(&cell->settings, "%s", settings);
}

static void describe(const struct cell_setup *setup, struct cell *cell, double wall_s)
{
    const struct scenario *s = setup->scenario;
    cell->result = (struct experiment_cell){
        .n = setup->n,
        .settings = cell->settings.data,
        .algorithm = s->balancer.algorithm->name,
        .ideal = lb_ideal(s->balancer.algorithm),
        .transient = s->run.transient,
        .duration = s->run.duration,
        .warmup = s->run.warmup,
        .wall_s = cell->result.wall_s + wall_s,
        .latency = cell->latency,
        .trials = cell->trials,
        .count = setup->replications,
    };
    cell->result.digest = experiment_cell_digest(&cell->result);
}

int cell_add(const struct cell_setup *setup, struct cell *cell, struct lb_error *error)
{
    uint32_t first = cell->result.count;
    lb_assert(setup->replications >= first);
    int64_t began = wall_now();
    struct making *making = text_need(sizeof *making); /* a histogram is large */
    cell->trials = text_need_more(cell->trials, (setup->replications + 1U) * sizeof *cell->trials);
    making->setup = setup;
    making->trials = cell->trials + first;
    making->first = first;
    histogram_init(&making->latency);
    lb_assert(pthread_mutex_init(&making->lock, NULL) == 0);
    struct replicate_setup work = {.scenario = setup->scenario,
                                   .first = first,
                                   .count = setup->replications - first,
                                   .threads = setup->threads,
                                   .self = making,
                                   .measure = measure,
                                   .stop = stop};
    int status = replicate(&work, error);
    pthread_mutex_destroy(&making->lock);
    if (status == 0) {
        histogram_merge(cell->latency, &making->latency);
        describe(setup, cell, (double)(wall_now() - began) / 1e9);
    }
    cell->result.trials = cell->trials;
    free(making);
    return status;
}

void cell_back(struct cell *cell, uint32_t count, const struct histogram *latency)
{
    *cell->latency = *latency;
    cell->result.count = count;
    cell->result.digest = experiment_cell_digest(&cell->result);
}

int cell_make(const struct cell_setup *setup, const char *settings, struct cell *cell,
              struct lb_error *error)
{
    struct scenario copy = *setup->scenario; /* borrows all but the warm-up */
    struct cell_setup with = *setup;
    int64_t began = wall_now();
    with.scenario = &copy;
    cell_init(cell, settings);
    int status = find_warmup(setup, &copy, error);
    cell->result.wall_s = (double)(wall_now() - began) / 1e9;
    if (status == 0)
        status = cell_add(&with, cell, error);
    return status;
}

void cell_done(struct cell *cell)
{
    free(cell->trials);
    free(cell->latency);
    text_done(&cell->settings);
    *cell = (struct cell){0};
}
