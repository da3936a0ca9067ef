/* See sweep.h. */
#include "sim/lab/sweep.h"

#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "sim/base/check.h"
#include "sim/base/wall.h"
#include "sim/lab/plan.h"

#define QUEUE          64
#define FAILURES_SHOWN 10

struct item {
    struct cell cell;
    struct item *next;
};

struct work {
    const struct sweep_setup *setup;
    struct sweep_result *result;
    uint32_t cells, inner; /* threads of one cell */
    pthread_mutex_t lock;  /* what follows, and the result */
    pthread_cond_t filled, emptied;
    struct item *first, **last;
    uint32_t queued, next, busy; /* busy: threads at work */
    bool stopped;
};

static bool stopped(void *self)
{
    struct work *w = self;
    pthread_mutex_lock(&w->lock);
    bool stopped = w->stopped;
    pthread_mutex_unlock(&w->lock);
    if (!stopped && w->setup->stop != NULL && w->setup->stop(w->setup->self)) {
        pthread_mutex_lock(&w->lock);
        stopped = w->stopped = true;
        pthread_mutex_unlock(&w->lock);
    }
    return stopped;
}

/* Only this function looks at what is done while threads are about: under the lock, as the writer. */
static bool take(struct work *w, uint32_t *cell)
{
    const struct sweep_setup *s = w->setup;
    bool found = false;
    pthread_mutex_lock(&w->lock);
    while (!w->stopped && !found && w->next < w->cells) {
        *cell = w->next;
        w->next += s->shards;
        found = !experiment_has(s->experiment, *cell);
    }
    pthread_mutex_unlock(&w->lock);
    return found;
}

static void put(struct work *w, struct item *item)
{
    pthread_mutex_lock(&w->lock);
    while (w->queued >= QUEUE && !w->stopped)
        pthread_cond_wait(&w->emptied, &w->lock);
    *w->last = item;
    w->last = &item->next;
    if (++w->queued >= QUEUE / 2)
        pthread_cond_signal(&w->filled);
    pthread_mutex_unlock(&w->lock);
}

static void fail(struct work *w, uint32_t cell, const char *settings, const char *why)
{
    pthread_mutex_lock(&w->lock);
    if (w->result->failed++ < FAILURES_SHOWN)
        text_addf(&w->result->failures, "cell %u:\n%s%s%s", cell + 1, settings, why,
                  why[0] != '\0' && why[strlen(why) - 1] == '\n' ? "" : "\n");
    pthread_mutex_unlock(&w->lock);
}

static void make_one(struct work *w, uint32_t n)
{
    const struct sweep_setup *s = w->setup;
    struct text settings, messages;
    struct lb_error error = {.code = LB_ERROR_NONE};
    text_init(&settings);
    text_init(&messages);
    plan_settings(s->scenario, n, &settings);
    struct scenario *scenario = s->load(s->self, n, &messages);
    if (scenario == NULL) {
        fail(w, n, settings.data, messages.data != NULL ? messages.data : "");
    } else {
        struct item *item = text_need_zero(1, sizeof *item);
        struct cell_setup one = {.scenario = scenario,
                                 .n = n,
                                 .replications = s->replications,
                                 .threads = w->inner,
                                 .self = w,
                                 .stop = stopped};
        int status = cell_make(&one, settings.data, &item->cell, &error);
        if (status == 0) {
            put(w, item);
        } else {
            if (status < 0)
                fail(w, n, settings.data, error.text);
            cell_done(&item->cell);
            free(item);
        }
    }
    scenario_destroy(scenario);
    text_done(&settings);
    text_done(&messages);
}

static void *work_on(void *self)
{
    struct work *w = self;
    uint32_t cell;
    while (!stopped(w) && take(w, &cell))
        make_one(w, cell);
    pthread_mutex_lock(&w->lock);
    w->busy--;
    pthread_cond_signal(&w->filled);
    pthread_mutex_unlock(&w->lock);
    return NULL;
}

/* --- the writer ------------------------------------------------------------------------------------- */

/* All that has come in a tenth of a second, or sooner when the queue fills or nothing more will come: a
 * transaction costs a millisecond, whatever is in it. *over: that was all. */
static struct item *receive(struct work *w, bool *over)
{
    struct timespec until;
    wall_deadline(100000000, &until);
    pthread_mutex_lock(&w->lock);
    while (w->queued < QUEUE / 2 && w->busy > 0 &&
           pthread_cond_timedwait(&w->filled, &w->lock, &until) == 0)
        ;
    struct item *items = w->first;
    w->first = NULL;
    w->last = &w->first;
    w->queued = 0;
    *over = items == NULL && w->busy == 0;
    pthread_cond_broadcast(&w->emptied);
    pthread_mutex_unlock(&w->lock);
    return items;
}

/* What was made before a stop is kept, too. */
static int write_items(struct work *w, struct item *items, struct lb_error *error)
{
    const struct experiment_cell *cells[QUEUE + REPLICATE_THREADS_MAX];
    uint32_t n = 0;
    for (struct item *item = items; item != NULL; item = item->next)
        cells[n++] = &item->cell.result;
    int status = experiment_write(w->setup->experiment, cells, n, error);
    pthread_mutex_lock(&w->lock);
    if (status == 0) {
        experiment_mark(w->setup->experiment, cells, n);
        w->result->made += n;
    } else {
        w->stopped = true;
        pthread_cond_broadcast(&w->emptied);
    }
    pthread_mutex_unlock(&w->lock);
    return status;
}

static int write_on(struct work *w, struct lb_error *error)
{
    int64_t began = wall_now();
    int status = 0;
    for (bool over = false; !over;) {
        struct item *items = receive(w, &over);
        if (items != NULL && status == 0)
            status = write_items(w, items, error);
        while (items != NULL) {
            struct item *next = items->next;
            cell_done(&items->cell);
            free(items);
            items = next;
        }
        struct sweep_progress progress = {.planned = w->result->planned,
                                          .before = w->result->before,
                                          .done = w->result->before + w->result->made,
                                          .seconds = (double)(wall_now() - began) / 1e9};
        if (w->setup->tell != NULL)
            w->setup->tell(w->setup->self, &progress);
    }
    return status;
}

static void count(struct work *w)
{
    const struct sweep_setup *s = w->setup;
    for (uint32_t n = s->shard - 1; n < w->cells; n += s->shards) {
        w->result->planned++;
        w->result->before += experiment_has(s->experiment, n) ? 1U : 0U;
    }
}

int sweep_make(const struct sweep_setup *setup, struct sweep_result *result, struct lb_error *error)
{
    struct work w = {.setup = setup, .result = result, .cells = plan_cells(setup->scenario)};
    pthread_t threads[REPLICATE_THREADS_MAX];
    uint32_t started = 0;
    lb_assert(setup->threads >= 1 && setup->threads <= REPLICATE_THREADS_MAX);
    lb_assert(setup->shard >= 1 && setup->shard <= setup->shards);
    *result = (struct sweep_result){0};
    text_init(&result->failures);
    w.last = &w.first;
    w.next = setup->shard - 1;
    count(&w);
    uint32_t left = result->planned - result->before;
    uint32_t wanted = setup->threads < left ? setup->threads : left;
    if (wanted == 0)
        return 0;
    w.inner = setup->threads / wanted; /* few cells: several threads each */
    lb_assert(pthread_mutex_init(&w.lock, NULL) == 0);
    lb_assert(pthread_cond_init(&w.filled, NULL) == 0 && pthread_cond_init(&w.emptied, NULL) == 0);
    w.busy = wanted;
    while (started < wanted && pthread_create(&threads[started], NULL, work_on, &w) == 0)
        started++;
    pthread_mutex_lock(&w.lock);
    w.busy -= wanted - started;
    pthread_mutex_unlock(&w.lock);
    int status = started == 0 ? lb_error_set(error, LB_ERROR_SYSTEM, "cannot start a thread")
                              : write_on(&w, error);
    for (uint32_t i = 0; i < started; i++)
        pthread_join(threads[i], NULL);
    pthread_cond_destroy(&w.filled);
    pthread_cond_destroy(&w.emptied);
    pthread_mutex_destroy(&w.lock);
    return status != 0 ? -1 : w.stopped ? 1 : 0;
}
