/*
 * Samples: the state at an instant, and what finished since the last one.
 *
 * The model adds latencies to one live histogram a class and knows no intervals. run_flush moves
 * them on, to the totals of the run and to whoever watches at his own pace: the tick of the record,
 * and the eye of the dashboard.
 */
#include <stdlib.h>
#include <string.h>

#include "sim/base/text.h"
#include "sim/run/private.h"

void run_intervals_init(struct run *run)
{
    struct world *w = &run->world;
    for (int i = 0; i < RUN_WATCHERS; i++) {
        struct run_interval *interval = &run->intervals[i];
        histogram_init(&interval->latency);
        interval->busy = text_need_zero(w->backend_count, sizeof *interval->busy);
        interval->rows = text_need_zero(w->backend_count, sizeof *interval->rows);
    }
    run->buckets = text_need(w->ledger.class_count * sizeof *run->buckets);
    for (uint32_t c = 0; c < w->ledger.class_count; c++)
        histogram_init(&run->buckets[c]);
}

void run_intervals_done(struct run *run)
{
    for (int i = 0; i < RUN_WATCHERS; i++) {
        free(run->intervals[i].busy);
        free(run->intervals[i].rows);
    }
    free(run->buckets);
}

/* Empties a histogram; touches only the buckets that were used. */
static void clear(struct histogram *h)
{
    if (h->count == 0)
        return;
    uint32_t first = histogram_bucket(h->min), last = histogram_bucket(h->max);
    memset(&h->bucket[first], 0, (last - first + 1) * sizeof h->bucket[0]);
    h->count = 0;
    h->sum = 0.0;
    h->min = LB_NEVER;
    h->max = -1;
}

void run_flush(struct run *run)
{
    struct ledger *l = &run->world.ledger;
    for (uint32_t c = 0; c < l->class_count; c++) {
        struct ledger_class *class = &l->classes[c];
        for (int m = 0; m < 2; m++) {
            if (class->live[m].count == 0)
                continue;
            for (int i = 0; i < RUN_WATCHERS; i++)
                histogram_merge(&run->intervals[i].latency, &class->live[m]);
            if (m == 1) {
                histogram_merge(&class->total, &class->live[1]);
                histogram_merge(&run->buckets[c], &class->live[1]);
            }
            clear(&class->live[m]);
        }
    }
}

/* At all balancers: who waits for this backend, and who for any. */
static uint32_t waiting_for_all(const struct world *w, uint32_t backend)
{
    uint32_t sum = 0;
    for (uint32_t i = 0; i < w->front_count; i++)
        sum += w->fronts[i].outer ? 0 : waiting_for(&w->fronts[i].balancer.waiting, backend);
    return sum;
}

static uint32_t waiting_all(const struct world *w)
{
    uint32_t sum = 0;
    for (uint32_t i = 0; i < w->front_count; i++)
        sum += waiting_common(&w->fronts[i].balancer.waiting);
    return sum;
}

static void fill_row(struct run *run, uint32_t i, struct run_interval *interval, lb_time now)
{
    struct world *w = &run->world;
    const struct backend *b = &w->backends[i];
    const struct balancer *balancer = &world_main(w)->balancer;
    const struct lb_backend *books = balancer_books(balancer, i);
    uint32_t in_flight = world_in_flight(w, i);
    backend_area busy = backend_busy_area(w, i, now) - interval->busy[i];
    uint64_t ok = w->counts[i].ok[0] + w->counts[i].ok[1];
    uint64_t failed = w->rest[i].failed[0] + w->rest[i].failed[1];
    double slot_time = (double)(now - interval->since) * b->slots;
    interval->rows[i] =
        (struct sample_backend){.name = w->scenario->backends[i].name,
                                .belief = balancer_belief(balancer, i),
                                .truth = (enum truth)b->truth,
                                .weight = books->weight,
                                .slots = b->slots,
                                .busy = b->busy,
                                .queue = b->queued,
                                .in_flight = in_flight,
                                .line = waiting_for_all(w, i),
                                .utilization = slot_time > 0.0 ? (double)busy / slot_time : 0.0,
                                .picks = ok + failed + in_flight,
                                .ok = ok,
                                .failed = failed,
                                .latency = w->rest[i].latency};
}

const struct sample *run_fill(struct run *run, enum run_watcher watcher)
{
    struct world *w = &run->world;
    struct run_interval *interval = &run->intervals[watcher];
    lb_time now = engine_now(w->engine);
    for (uint32_t i = 0; i < w->backend_count; i++)
        fill_row(run, i, interval, now);
    interval->sample =
        (struct sample){.at = now,
                        .interval = now - interval->since,
                        .arrived = w->ledger.arrived,
                        .ok = w->ledger.ok,
                        .failed = w->ledger.failed,
                        .in_flight = w->ledger.arrived - w->ledger.ok - w->ledger.failed,
                        .waiting = waiting_all(w),
                        .latency = &interval->latency,
                        .backends = interval->rows,
                        .backend_count = w->backend_count};
    return &interval->sample;
}

void run_next_interval(struct run *run, enum run_watcher watcher)
{
    struct run_interval *interval = &run->intervals[watcher];
    interval->since = engine_now(run->world.engine);
    clear(&interval->latency);
    for (uint32_t i = 0; i < run->world.backend_count; i++)
        interval->busy[i] = backend_busy_area(&run->world, i, interval->since);
}

/* What run_look showed belongs to the past as soon as the run goes on. */
void run_clear_look(struct run *run)
{
    if (!run->look_read)
        return;
    run->look_read = false;
    run_next_interval(run, RUN_LOOK);
    for (uint32_t i = 0; i < run->world.backend_count; i++)
        if (run->world.rest[i].latency != NULL)
            clear(run->world.rest[i].latency);
}

static void tell_bucket(struct run *run, uint32_t client, uint32_t class, int cause,
                        const struct histogram *latency)
{
    struct bucket bucket = {.from = run->bucket_from,
                            .until = engine_now(run->world.engine),
                            .client = client,
                            .class = class,
                            .cause = cause,
                            .latency = latency};
    for (uint32_t i = 0; i < run->observer_count; i++)
        if (run->observers[i].on_bucket != NULL)
            run->observers[i].on_bucket(run->observers[i].self, &bucket);
}

static void tell_buckets(struct run *run)
{
    struct ledger *l = &run->world.ledger;
    const struct scenario *scenario = run->world.scenario;
    for (uint32_t s = 0; s < scenario->client_count; s++) {
        for (uint32_t k = 0; k < scenario->clients[s].class_count; k++) {
            uint32_t c = scenario->clients[s].class_first + k;
            if (run->buckets[c].count > 0)
                tell_bucket(run, s, k, -1, &run->buckets[c]);
            for (int cause = 0; cause < CAUSES; cause++) {
                struct histogram *failed = l->classes[c].failed[cause];
                if (failed != NULL && failed->count > 0) {
                    tell_bucket(run, s, k, cause, failed);
                    clear(failed);
                }
            }
        }
    }
}

void run_tick(void *self)
{
    struct run *run = self;
    if (!run->wants_samples && !run->wants_buckets)
        return;
    run_flush(run);
    if (run->wants_buckets)
        tell_buckets(run);
    for (uint32_t c = 0; c < run->world.ledger.class_count; c++)
        clear(&run->buckets[c]);
    run->bucket_from = engine_now(run->world.engine);
    if (run->wants_samples) {
        const struct sample *sample = run_fill(run, RUN_TICK);
        for (uint32_t i = 0; i < run->observer_count; i++)
            if (run->observers[i].on_sample != NULL)
                run->observers[i].on_sample(run->observers[i].self, sample);
    }
    run_next_interval(run, RUN_TICK);
}
