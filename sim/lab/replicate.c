/* See replicate.h. The threads share one number, the next replication to make. */
#include "sim/lab/replicate.h"

#include <pthread.h>
#include <string.h>

#include "sim/base/check.h"

struct work {
    const struct replicate_setup *setup;
    pthread_mutex_t lock; /* what follows */
    uint32_t next;
    bool stopped;
    uint32_t failed_at; /* the lowest index that failed; count = none */
    struct lb_error error;
};

/* The next index to work on, or -1 when there is nothing left to do. */
static int64_t take(struct work *work)
{
    pthread_mutex_lock(&work->lock);
    bool over = work->stopped || work->next >= work->setup->count || work->next > work->failed_at;
    int64_t index = over ? -1 : (int64_t)work->next++;
    pthread_mutex_unlock(&work->lock);
    return index;
}

static void fail(struct work *work, uint32_t index, const struct lb_error *error)
{
    pthread_mutex_lock(&work->lock);
    if (index < work->failed_at) {
        work->failed_at = index;
        work->error = *error;
    }
    pthread_mutex_unlock(&work->lock);
}

static bool asked_to_stop(struct work *work)
{
    const struct replicate_setup *setup = work->setup;
    if (setup->stop == NULL || !setup->stop(setup->self))
        return false;
    pthread_mutex_lock(&work->lock);
    work->stopped = true;
    pthread_mutex_unlock(&work->lock);
    return true;
}

#define SLICES 16 /* of a run, between which stop() is asked */

/* True when the run came to its end. */
static bool advance(struct work *work, struct run *run)
{
    lb_time duration = work->setup->scenario->run.duration;
    for (int i = 1; i <= SLICES; i++) {
        if (asked_to_stop(work))
            return false;
        if (!run_until(run, i < SLICES ? duration / SLICES * i : LB_NEVER - 1))
            return true;
    }
    return true;
}

static void make_one(struct work *work, uint32_t index)
{
    const struct replicate_setup *setup = work->setup;
    struct run_setup one = {.scenario = setup->scenario,
                            .replication = setup->first + index,
                            .keep_samples = setup->samples};
    struct lb_error error = {.code = LB_ERROR_NONE};
    if (setup->make != NULL) {
        if (!asked_to_stop(work) && setup->make(setup->self, index, &error) != 0)
            fail(work, index, &error);
        return;
    }
    struct run *run = run_create(&one, &error);
    if (run == NULL) {
        fail(work, index, &error);
        return;
    }
    if (setup->begin != NULL)
        setup->begin(setup->self, index, run);
    if (advance(work, run)) {
        const struct summary *summary = run_finish(run, false);
        if (run_error(run) != NULL)
            fail(work, index, run_error(run));
        else
            setup->measure(setup->self, index, summary);
    }
    run_destroy(run);
}

static void *work_on(void *self)
{
    struct work *work = self;
    for (int64_t index = take(work); index >= 0; index = take(work))
        make_one(work, (uint32_t)index);
    return NULL;
}

int replicate(const struct replicate_setup *setup, struct lb_error *error)
{
    struct work work = {.setup = setup, .failed_at = setup->count};
    pthread_t threads[REPLICATE_THREADS_MAX];
    uint32_t wanted = setup->threads < setup->count ? setup->threads : setup->count;
    uint32_t started = 0;
    lb_assert(setup->threads <= REPLICATE_THREADS_MAX);
    lb_assert(pthread_mutex_init(&work.lock, NULL) == 0);
    /* The caller's thread is one of them; a thread that cannot be had is work for the others. */
    while (started + 1 < wanted && pthread_create(&threads[started], NULL, work_on, &work) == 0)
        started++;
    work_on(&work);
    for (uint32_t i = 0; i < started; i++)
        pthread_join(threads[i], NULL);
    pthread_mutex_destroy(&work.lock);
    if (work.failed_at < setup->count) {
        if (error != NULL)
            *error = work.error;
        return -1;
    }
    return work.stopped ? 1 : 0;
}
