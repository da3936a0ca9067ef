/* See advise.h. */
#include "sim/lab/advise.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "sim/base/text.h"

/* --- one run ----------------------------------------------------------------------------------------- */

/* Hears what balancers believe. Two balancers do not tell theirs apart here: of a failed backend the first so
 * many ejections are counted as there are balancers. */
struct ear {
    const struct scenario *scenario;
    lb_time *failed;     /* by backend: since when it is gone; 0 = it is not */
    uint32_t *unnoticed; /* by backend: balancers that have not taken it out since then */
    uint64_t wrong, right, noticed;
    double noticed_s;
};

struct job {
    const struct advise_setup *setup;
    struct advice *advice;
    uint32_t setting;
    struct ear *ears; /* by replication; arrays only while its run lasts */
};

/* Balancers that have backends behind them, not other balancers: those that check. */
static uint32_t checking(const struct scenario *s)
{
    uint32_t count = 0;
    for (uint32_t i = 0; i < s->balancer_count; i++)
        count += s->balancers[i].health.active ? s->balancers[i].count : 0;
    return count;
}

static void hear_belief(struct ear *ear, const struct happening *h)
{
    uint32_t b = (uint32_t)h->backend;
    if (h->to != BELIEF_DOWN)
        return;
    if (h->at >= ear->scenario->run.warmup && h->at <= ear->scenario->run.duration) {
        bool gone = h->truth == TRUTH_DOWN || h->truth == TRUTH_HUNG || h->truth == TRUTH_ISOLATED;
        ear->wrong += gone ? 0 : 1;
        ear->right += gone ? 1 : 0;
    }
    if (ear->failed[b] > 0 && ear->unnoticed[b] > 0) {
        ear->unnoticed[b]--;
        ear->noticed++;
        ear->noticed_s += (double)(h->at - ear->failed[b]) / 1e9;
    }
}

static void hear(void *self, const struct happening *h)
{
    struct ear *ear = self;
    if (h->backend < 0)
        return;
    if (h->kind == HAPPENING_BELIEF) {
        hear_belief(ear, h);
    } else if (h->kind == HAPPENING_COMMAND &&
               (h->action == ACTION_KILL || h->action == ACTION_HANG)) {
        ear->failed[h->backend] = h->at;
        ear->unnoticed[h->backend] = checking(ear->scenario);
    } else if (h->kind == HAPPENING_COMMAND && h->action == ACTION_RESTORE) {
        ear->failed[h->backend] = 0;
    }
}

static void begin(void *self, uint32_t index, struct run *run)
{
    struct job *job = self;
    struct ear *ear = &job->ears[index];
    *ear = (struct ear){.scenario = job->setup->settings[job->setting].scenario};
    ear->failed = text_need_zero(ear->scenario->backend_count + 1U, sizeof *ear->failed);
    ear->unnoticed = text_need_zero(ear->scenario->backend_count + 1U, sizeof *ear->unnoticed);
    run_observe(run, &(struct observer){.self = ear, .on_happening = hear});
}

static void forget(struct ear *ear)
{
    free(ear->failed);
    free(ear->unnoticed);
    ear->failed = NULL;
    ear->unnoticed = NULL;
}

static void measure(void *self, uint32_t index, const struct summary *s)
{
    struct job *job = self;
    struct ear *ear = &job->ears[index];
    double ended = (double)(s->counts.ok + s->counts.failed), hours = s->simulated_s / 3600.0;
    double bad =
        (double)(s->counts.failed + (job->setup->late ? s->counts.ok - s->counts.good : 0));
    double figures[ADVISE_FIGURES] = {
        [ADVISE_FAILED] = ended > 0 ? bad / ended : 0,
        [ADVISE_FALSE] = (double)ear->wrong / hours,
        [ADVISE_DETECTION] = ended > 0 ? (double)summary_unnoticed(s) / ended : 0,
        [ADVISE_RIGHT] = (double)ear->right / hours,
        [ADVISE_NOTICED] = ear->noticed > 0 ? ear->noticed_s / (double)ear->noticed : NAN};
    for (int f = 0; f < ADVISE_FIGURES; f++)
        job->advice->values[f][job->setting][index] = figures[f];
    forget(ear);
    if (job->setup->made != NULL)
        job->setup->made(job->setup->self);
}

/* --- all runs ---------------------------------------------------------------------------------------- */

static bool stopped(void *self)
{
    const struct job *job = self;
    return job->setup->stop != NULL && job->setup->stop(job->setup->self);
}

static int run_setting(const struct advise_setup *setup, struct advice *advice, uint32_t setting,
                       struct lb_error *error)
{
    struct job job = {.setup = setup, .advice = advice, .setting = setting};
    job.ears = text_need_zero(setup->replications, sizeof *job.ears);
    struct replicate_setup all = {.scenario = setup->settings[setting].scenario,
                                  .count = setup->replications,
                                  .threads = setup->threads,
                                  .self = &job,
                                  .begin = begin,
                                  .measure = measure,
                                  .stop = stopped};
    int status = replicate(&all, error);
    for (uint32_t r = 0; r < setup->replications; r++)
        forget(&job.ears[r]); /* of runs that did not come to their end */
    free(job.ears);
    return status;
}

static double checks_a_second(const struct advise_setting *setting)
{
    const struct scenario *s = setting->scenario;
    return (double)checking(s) * s->backend_count / ((double)setting->every / 1e9);
}

/* The mean over the replications that have the figure. */
static struct estimate mean_of(const double *values, uint32_t count)
{
    double *known = text_need((count + 1U) * sizeof *known);
    struct estimate e = {.mean = NAN, .low = NAN, .high = NAN};
    uint32_t n = 0;
    for (uint32_t r = 0; r < count; r++)
        if (isfinite(values[r]))
            known[n++] = values[r];
    if (n > 0)
        e = statistics_mean(known, n, 0.95);
    free(known);
    return e;
}

/* --- judging ------------------------------------------------------------------------------------------ */

static double mean(const struct advice *a, enum advise_figure figure, uint32_t setting)
{
    return a->rows[setting].figures[figure].mean;
}

static int by(double x, double y)
{
    return (x > y) - (x < y);
}

/* Is i before j in the table: by failures, false ejections, checks? */
static bool before(const struct advice *a, uint32_t i, uint32_t j)
{
    int order = by(mean(a, ADVISE_FAILED, i), mean(a, ADVISE_FAILED, j));
    if (order == 0)
        order = by(mean(a, ADVISE_FALSE, i), mean(a, ADVISE_FALSE, j));
    if (order == 0)
        order = by(a->rows[i].checks, a->rows[j].checks);
    return order < 0 || (order == 0 && i < j);
}

/* Is i rather recommended than j, when failures do not decide: fewer false ejections, fewer checks, patience? */
static bool calmer(const struct advice *a, uint32_t i, uint32_t j)
{
    int order = by(mean(a, ADVISE_FALSE, i), mean(a, ADVISE_FALSE, j));
    if (order == 0)
        order = by(a->rows[i].checks, a->rows[j].checks);
    if (order == 0)
        order = by(mean(a, ADVISE_FAILED, i), mean(a, ADVISE_FAILED, j));
    if (order == 0)
        order = by((double)a->settings[j].timeout, (double)a->settings[i].timeout);
    return order < 0 || (order == 0 && i < j);
}

static void sort(struct advice *a)
{
    for (uint32_t n = 0; n < a->count; n++) {
        uint32_t at = n;
        for (; at > 0 && before(a, n, a->order[at - 1]); at--)
            a->order[at] = a->order[at - 1];
        a->order[at] = n;
    }
}

static bool within(const struct advice *a, uint32_t i)
{
    return a->most_false < 0 || mean(a, ADVISE_FALSE, i) <= a->most_false;
}

bool advice_candidate(const struct advice *a, uint32_t i)
{
    return within(a, i) && pareto_on_front(&a->front, i);
}

bool advice_as_good(const struct advice *a, uint32_t i)
{
    if (a->best == UINT32_MAX || !advice_candidate(a, i))
        return false;
    struct paired pair = advice_difference(a, ADVISE_FAILED, i, a->best);
    return i == a->best || pair.difference.mean == 0 ||
           (pair.p >= PARETO_ALPHA && a->replications > 1);
}

/* See the top of advise.h. */
static void recommend(struct advice *a)
{
    uint32_t chosen = UINT32_MAX;
    a->best = UINT32_MAX;
    for (uint32_t n = a->count; n-- > 0;)
        if (within(a, a->order[n]))
            a->best = a->order[n];
    for (uint32_t i = 0; i < a->count; i++)
        if ((a->best == UINT32_MAX || advice_as_good(a, i)) &&
            (chosen == UINT32_MAX || calmer(a, i, chosen)))
            chosen = i;
    a->recommended = chosen != UINT32_MAX ? chosen : a->best;
}

static void judge(struct advice *a, const struct advise_setup *setup)
{
    a->nothing_fails = true;
    a->own = UINT32_MAX;
    for (uint32_t i = 0; i < a->count; i++) {
        for (int f = 0; f < ADVISE_FIGURES; f++)
            a->rows[i].figures[f] = mean_of(a->values[f][i], a->replications);
        a->rows[i].checks = checks_a_second(&setup->settings[i]);
        if (mean(a, ADVISE_DETECTION, i) > 0 || mean(a, ADVISE_RIGHT, i) > 0)
            a->nothing_fails = false;
        if (setup->settings[i].own)
            a->own = i;
    }
    pareto_make(&a->front, (const double *const *)a->values[ADVISE_FAILED],
                (const double *const *)a->values[ADVISE_FALSE], a->count, a->replications);
    sort(a);
    recommend(a);
}

int advise_make(const struct advise_setup *setup, struct advice *advice, struct lb_error *error)
{
    int status = 0;
    *advice = (struct advice){.settings = setup->settings,
                              .count = setup->count,
                              .replications = setup->replications,
                              .most_false = setup->most_false};
    advice->rows = text_need_zero(setup->count, sizeof *advice->rows);
    advice->order = text_need_zero(setup->count, sizeof *advice->order);
    for (int f = 0; f < ADVISE_FIGURES; f++) {
        advice->values[f] = text_need_zero(setup->count, sizeof(double *));
        for (uint32_t i = 0; i < setup->count; i++)
            advice->values[f][i] = text_need_zero(setup->replications, sizeof(double));
    }
    for (uint32_t i = 0; i < setup->count && status == 0; i++)
        status = run_setting(setup, advice, i, error);
    if (status == 0)
        judge(advice, setup);
    return status;
}

void advice_done(struct advice *advice)
{
    for (int f = 0; f < ADVISE_FIGURES; f++) {
        for (uint32_t i = 0; i < advice->count && advice->values[f] != NULL; i++)
            free(advice->values[f][i]);
        free(advice->values[f]);
    }
    pareto_done(&advice->front);
    free(advice->rows);
    free(advice->order);
    *advice = (struct advice){0};
}

struct paired advice_difference(const struct advice *advice, enum advise_figure figure, uint32_t i,
                                uint32_t j)
{
    return statistics_paired(advice->values[figure][i], advice->values[figure][j],
                             advice->replications, 0.95);
}
