/* See warmup.h. Sums are of whole numbers, so the order in which threads add them is all the same. */
#include "sim/lab/warmup.h"

#include <math.h>
#include <pthread.h>
#include <stdlib.h>

#include "sim/base/check.h"
#include "sim/base/text.h"
#include "sim/base/units.h"

#define BATCHES (WARMUP_SLICES / WARMUP_BATCH)

struct pilot {
    const struct warmup_setup *setup;
    lb_time slice;
    pthread_mutex_t lock;
    uint64_t sum[BATCHES], count[BATCHES]; /* ns; requests */
    struct lane *lanes;
};

/* One replication's way to the pilot. */
struct lane {
    struct pilot *pilot;
};

uint32_t warmup_cut(const double *batches, uint32_t n)
{
    double sum = 0.0, squares = 0.0, least = INFINITY, shift = NAN;
    uint32_t kept = 0, best = 0;
    for (uint32_t i = 0; i < n && isnan(shift); i++)
        shift = batches[i]; /* so that little is lost in the difference of squares */
    for (uint32_t d = n; d-- > 0;) {
        if (isnan(batches[d]))
            continue;
        double x = batches[d] - shift;
        sum += x;
        squares += x * x;
        kept++;
        if (kept < WARMUP_BATCH)
            continue; /* of so few the variance says nothing */
        double left = fmax(squares - sum * sum / kept, 0.0);
        double mser = left / ((double)kept * kept);
        if (mser <= least) {
            least = mser;
            best = d;
        }
    }
    return best > n / 2 ? n : best;
}

bool warmup_wanted(const struct scenario *scenario)
{
    return !scenario->run.transient && !scenario->run.warmup_given;
}

static void on_sample(void *self, const struct sample *sample)
{
    struct pilot *p = ((struct lane *)self)->pilot;
    lb_time middle = sample->at - sample->interval / 2;
    uint64_t batch = (uint64_t)(middle / p->slice) / WARMUP_BATCH;
    if (sample->latency == NULL || batch >= BATCHES)
        return;
    pthread_mutex_lock(&p->lock);
    p->sum[batch] += (uint64_t)sample->latency->sum;
    p->count[batch] += sample->latency->count;
    pthread_mutex_unlock(&p->lock);
}

static void begin(void *self, uint32_t index, struct run *run)
{
    struct pilot *p = self;
    p->lanes[index].pilot = p;
    struct observer observer = {.self = &p->lanes[index], .on_sample = on_sample};
    run_observe(run, &observer);
}

static void measure(void *self, uint32_t index, const struct summary *summary)
{
    (void)self;
    (void)index;
    (void)summary;
}

static bool stop(void *self)
{
    const struct warmup_setup *setup = ((struct pilot *)self)->setup;
    return setup->stop != NULL && setup->stop(setup->self);
}

int warmup_find(const struct warmup_setup *setup, lb_time *warmup, struct lb_error *error)
{
    struct scenario scenario = *setup->scenario; /* borrows all but the numbers changed here */
    uint32_t runs =
        setup->replications < WARMUP_REPLICATIONS ? setup->replications : WARMUP_REPLICATIONS;
    struct pilot *p = text_need_zero(1, sizeof *p);
    double batches[BATCHES];
    p->setup = setup;
    p->slice =
        scenario.run.duration / WARMUP_SLICES > 0 ? scenario.run.duration / WARMUP_SLICES : 1;
    p->lanes = text_need_zero(runs, sizeof *p->lanes);
    scenario.run.warmup = 0;
    scenario.run.sample = p->slice;
    lb_assert(pthread_mutex_init(&p->lock, NULL) == 0);
    struct replicate_setup work = {.scenario = &scenario,
                                   .count = runs,
                                   .threads = setup->threads,
                                   .samples = true,
                                   .self = p,
                                   .begin = begin,
                                   .measure = measure,
                                   .stop = stop};
    int status = replicate(&work, error);
    pthread_mutex_destroy(&p->lock);
    for (uint32_t b = 0; b < BATCHES; b++)
        batches[b] = p->count[b] > 0 ? (double)p->sum[b] / (double)p->count[b] : (double)NAN;
    free(p->lanes);
    free(p);
    if (status != 0)
        return status;
    uint32_t cut = warmup_cut(batches, BATCHES);
    if (cut == BATCHES) {
        char duration[32];
        lb_error_set(
            error, LB_ERROR_INVALID,
            "the latency has not settled in the first half of %s: make run.duration longer, or "
            "write run.warmup",
            units_format(duration, sizeof duration, scenario.run.duration));
        return 2;
    }
    cut = cut > BATCHES / 10 ? cut : BATCHES / 10;
    *warmup = scenario.run.duration / BATCHES * cut;
    return 0;
}
