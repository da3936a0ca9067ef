/*
 * Probes that algorithms ask for (see tell.h): to the backend, answered beside its queue, and back.
 */
#include <stdlib.h>

#include "sim/base/text.h"
#include "sim/model/world.h"

#define PROBES_MAX 65536U /* on their way at once; beyond it none is sent */

static int by_value(const void *a, const void *b)
{
    lb_time x = *(const lb_time *)a, y = *(const lb_time *)b;
    return (x > y) - (x < y);
}

/* The median latency of the requests that came when about so many were present: those at the
 * smallest distances from it, until there are enough. 0 when nothing was answered yet. */
static lb_time latency_at(const struct tell_meter *m, uint32_t present)
{
    lb_time near[TELL_SAMPLES] = {0};
    uint32_t known = m->samples < TELL_SAMPLES ? m->samples : TELL_SAMPLES, count = 0;
    uint32_t enough = known < TELL_NEAR ? known : TELL_NEAR;
    uint32_t done = 0; /* samples at a distance below this are in */
    while (count < enough) {
        uint32_t next = UINT32_MAX;
        for (uint32_t i = 0; i < known; i++) {
            uint32_t at = m->sample[i].present;
            uint32_t distance = at > present ? at - present : present - at;
            if (distance >= done && distance < next)
                next = distance;
        }
        for (uint32_t i = 0; i < known; i++) {
            uint32_t at = m->sample[i].present;
            if ((at > present ? at - present : present - at) == next)
                near[count++] = m->sample[i].latency;
        }
        done = next + 1;
    }
    if (count == 0)
        return 0;
    qsort(near, count, sizeof near[0], by_value);
    return near[count / 2];
}

static struct lb_load load_of(struct world *w, uint32_t backend)
{
    const struct backend *b = &w->backends[backend];
    const struct tell_meter *m = &w->tell.meters[backend];
    uint32_t present = b->busy + b->queued;
    return (struct lb_load){.in_flight = present,
                            .queue = b->queued,
                            .utilization = m->utilization,
                            .rate = m->rate,
                            .error_rate = m->error_rate,
                            .latency = latency_at(m, present),
                            .idle = present == 0};
}

/* The answer, or its absence, is at the balancer. */
static void hear(struct world *w, const struct tell_probe *probe, lb_time now)
{
    struct front *f = &w->fronts[probe->front];
    struct balancer_tier *tier = &f->balancer.tiers[probe->tier];
    if (probe->generation != f->tell.generation)
        return;
    tier->algorithm->on_probe(tier->state, (int32_t)f->balancer.places[probe->backend].row,
                              probe->answered ? &probe->load : NULL, now);
}

/* At the backend: true when it will be heard of it, now or after the way back. */
static bool answer(struct world *w, struct tell_probe *probe)
{
    const struct backend *b = &w->backends[probe->backend];
    const struct backend_rest *rest = &w->rest[probe->backend];
    bool lost = w->links && !link_probe(w, &w->fronts[probe->front], probe->backend);
    probe->answered = !rest->down && !b->frozen && !lost;
    if (probe->answered)
        probe->load = load_of(w, probe->backend);
    return !b->frozen && !lost;
}

static uint32_t take(struct tell *tell)
{
    uint32_t id = tell->probe_free;
    if (id != 0) {
        tell->probe_free = tell->flying[id].next;
        return id;
    }
    if (tell->probe_used + 1 >= PROBES_MAX)
        return 0;
    if (tell->probe_used + 1 >= tell->probe_room) {
        tell->probe_room = tell->probe_room == 0 ? 64 : 2 * tell->probe_room;
        tell->flying = text_need_more(tell->flying, tell->probe_room * sizeof *tell->flying);
    }
    return ++tell->probe_used;
}

static void give(struct tell *tell, uint32_t id)
{
    tell->flying[id].next = tell->probe_free;
    tell->probe_free = id;
}

static void send(struct world *w, struct tell_probe probe, lb_time now)
{
    if (w->to_backend == 0 && answer(w, &probe)) {
        hear(w, &probe, now);
        return;
    }
    uint32_t id = take(&w->tell);
    if (id == 0)
        return;
    w->tell.flying[id] = probe;
    if (w->to_backend > 0)
        (void)engine_at(w->engine, now + w->to_backend, EVENT_TELL_THERE, id);
    else
        (void)engine_at(w->engine, now + TELL_LOST, EVENT_TELL_BACK, id);
}

void tell_there_event(void *context, uint32_t subject, lb_time now)
{
    struct world *w = context;
    bool heard = answer(w, &w->tell.flying[subject]);
    lb_time back = heard || w->to_backend > TELL_LOST ? w->to_backend : TELL_LOST - w->to_backend;
    (void)engine_at(w->engine, now + back, EVENT_TELL_BACK, subject);
}

void tell_back_event(void *context, uint32_t subject, lb_time now)
{
    struct world *w = context;
    struct tell_probe probe = w->tell.flying[subject];
    give(&w->tell, subject);
    hear(w, &probe, now);
}

void tell_ask(struct world *w, struct front *f, lb_time now)
{
    int32_t target[64];
    for (uint32_t t = 0; t < f->balancer.tier_count; t++) {
        struct balancer_tier *tier = &f->balancer.tiers[t];
        uint32_t count = tier->algorithm->probe_targets(tier->state, target, 64, now);
        for (uint32_t k = 0; k < count; k++)
            send(w,
                 (struct tell_probe){.front = f->number,
                                     .backend = tier->backend_of[target[k]],
                                     .tier = t,
                                     .generation = f->tell.generation},
                 now);
    }
}
