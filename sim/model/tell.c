/* See tell.h: meters, reports and the truth. Probes are in tell_probe.c. */
#include "sim/model/tell.h"

#include <stdlib.h>

#include "sim/base/text.h"
#include "sim/base/units.h"
#include "sim/model/world.h"

void tell_prepare(struct world *w, struct front *f, const struct lb_algorithm *algorithm,
                  lb_time now)
{
    struct tell_front *tell = &f->tell;
    tell->reports = (algorithm->needs & LB_NEED_LOAD) != 0;
    tell->probes = (algorithm->needs & LB_NEED_PROBE) != 0;
    tell->work = (algorithm->needs & LB_NEED_WORK) != 0;
    tell->truth = tell->work || (algorithm->needs & LB_NEED_ORACLE) != 0;
    tell->key = tell->truth || (algorithm->needs & (LB_NEED_KEY | LB_NEED_SIZE)) != 0;
    tell->generation++;
    w->tell.entries = w->truth = false;
    for (uint32_t i = 0; i < w->front_count; i++) {
        w->tell.entries |= w->fronts[i].tell.reports || w->fronts[i].tell.probes;
        w->truth |= w->fronts[i].tell.truth;
    }
    if (w->tell.entries && w->tell.meters == NULL)
        w->tell.meters = text_need_zero(w->backend_count, sizeof *w->tell.meters);
    if (tell->truth)
        tell_truth(w, f, now);
}

void tell_done(struct tell *tell)
{
    free(tell->meters);
    free(tell->notes);
    free(tell->flying);
    *tell = (struct tell){0};
}

/* --- meters ----------------------------------------------------------------------------------- */

static uint32_t present_at(const struct world *w, uint32_t backend)
{
    return w->backends[backend].busy + w->backends[backend].queued;
}

/* Averages over a window that lasts from meter->since until now. */
static void measure(const struct world *w, uint32_t backend, struct tell_meter *m, lb_time now)
{
    double length = (double)(now - m->since);
    backend_area busy = backend_busy_area(w, backend, now) - m->area;
    m->utilization = (double)busy / (length * w->backends[backend].slots);
    m->rate = 1e9 * (m->ok + m->bad) / length;
    m->error_rate = 1e9 * m->bad / length;
}

/* Closes the window when it is over; before the first one has closed the figures grow with it. */
static void read_meter(const struct world *w, uint32_t backend, struct tell_meter *m, lb_time now)
{
    if (now - m->since >= TELL_WINDOW) {
        measure(w, backend, m, now);
        m->since = now;
        m->area = backend_busy_area(w, backend, now);
        m->ok = m->bad = 0;
        m->whole = true;
    } else if (!m->whole && now > m->since) {
        measure(w, backend, m, now);
    }
}

static struct tell_note *note_of(struct world *w, uint32_t id)
{
    struct tell *tell = &w->tell;
    if (id >= tell->note_room) {
        uint32_t room = w->requests.room;
        tell->notes = text_need_more(tell->notes, room * sizeof *tell->notes);
        for (uint32_t i = tell->note_room; i < room; i++)
            tell->notes[i] = (struct tell_note){0};
        tell->note_room = room;
    }
    return &tell->notes[id];
}

void tell_entered(struct world *w, uint32_t id)
{
    note_of(w, id)->present = present_at(w, (uint32_t)world_request(w, id)->backend);
}

void tell_leaving(struct world *w, uint32_t id, enum lb_end end, lb_time now)
{
    const struct request *r = world_request(w, id);
    uint32_t backend = (uint32_t)r->backend;
    struct tell_meter *m = &w->tell.meters[backend];
    bool answered = end == LB_END_OK || end == LB_END_ERROR;
    if ((r->flags & REQUEST_PROBE) != 0 || !answered)
        return;
    m->ok += end == LB_END_OK;
    m->bad += end != LB_END_OK;
    read_meter(w, backend, m, now);
    struct tell_note *note = note_of(w, id);
    double speed = w->rest[backend].speed;
    lb_time latency = now - r->entered;
    note->load = (struct lb_load){.in_flight = present_at(w, backend),
                                  .queue = w->backends[backend].queued,
                                  .utilization = m->utilization,
                                  .rate = m->rate,
                                  .error_rate = m->error_rate,
                                  .latency = latency,
                                  .service_time = units_from_ns((double)r->work / speed),
                                  .idle = present_at(w, backend) == 0};
    m->sample[m->samples % TELL_SAMPLES].present = note->present;
    m->sample[m->samples % TELL_SAMPLES].latency = latency;
    m->samples++;
}

const struct lb_load *tell_report(const struct world *w, const struct front *f, uint32_t id,
                                  enum lb_end end)
{
    bool answered = end == LB_END_OK || end == LB_END_ERROR;
    return f->tell.reports && answered && id < w->tell.note_room ? &w->tell.notes[id].load : NULL;
}

/* --- the truth -------------------------------------------------------------------------------- */

void tell_truth_of(struct world *w, struct front *f, uint32_t backend)
{
    const struct balancer_place *place = &f->balancer.places[backend];
    struct balancer_truth *truth = &f->balancer.tiers[place->tier].truth;
    const struct backend *b = &w->backends[backend];
    bool serves = b->truth != TRUTH_DOWN && !b->frozen;
    truth->present[place->row] = present_at(w, backend);
    truth->slots[place->row] = b->slots;
    truth->speed[place->row] = serves ? w->rest[backend].speed : 0;
}

/* Work left of everything that is present anywhere. */
static void add_up_work(struct world *w, struct front *f, lb_time now)
{
    for (uint32_t t = 0; t < f->balancer.tier_count; t++)
        for (uint32_t i = 0; i < f->balancer.tiers[t].pool.count; i++)
            f->balancer.tiers[t].truth.work_left[i] = 0;
    for (uint32_t id = 1; id <= w->requests.used; id++) {
        const struct request *r = world_request(w, id);
        if (r->state != REQUEST_QUEUED && r->state != REQUEST_SERVICE)
            continue;
        const struct balancer_place *place = &f->balancer.places[r->backend];
        struct balancer_truth *truth = &f->balancer.tiers[place->tier].truth;
        truth->work_left[place->row] +=
            r->state == REQUEST_QUEUED ? r->work : backend_work_left(w, id, now);
    }
}

void tell_truth(struct world *w, struct front *f, lb_time now)
{
    for (uint32_t t = 0; t < f->balancer.tier_count; t++)
        balancer_truth_open(&f->balancer.tiers[t].truth, f->balancer.tiers[t].pool.count);
    for (uint32_t i = 0; i < w->backend_count; i++)
        tell_truth_of(w, f, i);
    if (f->tell.work)
        add_up_work(w, f, now);
}
