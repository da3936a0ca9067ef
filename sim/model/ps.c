/*
 * Processor sharing by a virtual clock.
 *
 * With n present every request is served at speed x min(1, slots / n). All rates are equal, so one
 * clock is enough: it advances at that rate, a request that enters at virtual time v with work x
 * leaves at v + x, and the order of leaving never changes. A binary heap holds the virtual finish
 * times; only the next departure is an event. Cost: O(log n) an arrival or departure.
 *
 * The real time of a departure is rounded to the nanosecond; the clock is then set to the finish
 * time that was reached, so errors do not add up. When the backend is empty the clock restarts at 0,
 * which keeps doubles exact to far below a nanosecond.
 * Source: the idea is that of fair queueing's virtual time (Demers, Keshav, Shenker 1989).
 */
#include "sim/base/text.h"
#include "sim/base/units.h"
#include "sim/model/world.h"

static double ps_rate(const struct world *w, uint32_t backend)
{
    const struct backend *b = &w->backends[backend];
    uint32_t present = w->rest[backend].present;
    double speed = w->rest[backend].speed;
    return present <= b->slots ? speed : speed * b->slots / present;
}

void ps_tick(struct world *w, uint32_t backend, lb_time now)
{
    struct backend_rest *ps = &w->rest[backend];
    if (ps->present > 0 && !w->backends[backend].frozen)
        ps->virtual_now += (double)(now - ps->virtual_at) * ps_rate(w, backend);
    ps->virtual_at = now;
}

static void count(struct world *w, uint32_t backend, lb_time now)
{
    struct backend *b = &w->backends[backend];
    uint32_t present = w->rest[backend].present;
    uint32_t busy = present < b->slots ? present : b->slots;
    backend_busy(b, (int32_t)(busy - b->busy), now);
    backend_queued(b, (int32_t)(present - busy - b->queued), now);
}

static bool before(struct world *w, struct ps_entry a, struct ps_entry b)
{
    if (a.finish != b.finish)
        return a.finish < b.finish;
    return world_request(w, a.request)->number < world_request(w, b.request)->number;
}

static void put(struct world *w, struct backend_rest *ps, uint32_t at, struct ps_entry entry)
{
    ps->heap[at] = entry;
    world_request(w, entry.request)->event = at;
}

static void sift_up(struct world *w, struct backend_rest *ps, uint32_t at, struct ps_entry entry)
{
    while (at > 0 && before(w, entry, ps->heap[(at - 1) / 2])) {
        put(w, ps, at, ps->heap[(at - 1) / 2]);
        at = (at - 1) / 2;
    }
    put(w, ps, at, entry);
}

static void sift_down(struct world *w, struct backend_rest *ps, uint32_t at, struct ps_entry entry)
{
    for (;;) {
        uint32_t child = 2 * at + 1;
        if (child >= ps->present)
            break;
        if (child + 1 < ps->present && before(w, ps->heap[child + 1], ps->heap[child]))
            child++;
        if (!before(w, ps->heap[child], entry))
            break;
        put(w, ps, at, ps->heap[child]);
        at = child;
    }
    put(w, ps, at, entry);
}

void ps_reschedule(struct world *w, uint32_t backend, lb_time now)
{
    struct backend_rest *ps = &w->rest[backend];
    if (ps->departure != ENGINE_NO_EVENT)
        engine_cancel(w->engine, ps->departure);
    ps->departure = ENGINE_NO_EVENT;
    if (ps->present == 0 || w->backends[backend].frozen)
        return;
    double left = ps->heap[0].finish - ps->virtual_now;
    lb_time takes = world_delay(units_from_ns(left > 0.0 ? left / ps_rate(w, backend) : 0.0));
    ps->departure = engine_at(w->engine, now + takes, EVENT_DEPARTURE, backend);
}

void ps_enter(struct world *w, uint32_t backend, uint32_t id, lb_time now)
{
    struct backend_rest *ps = &w->rest[backend];
    struct request *r = world_request(w, id);
    ps_tick(w, backend, now);
    if (ps->present == 0)
        ps->virtual_now = 0.0;
    if (ps->present == ps->heap_room) {
        ps->heap_room = ps->heap_room == 0 ? 16 : 2 * ps->heap_room;
        ps->heap = text_need_more(ps->heap, ps->heap_room * sizeof *ps->heap);
    }
    r->state = REQUEST_SERVICE;
    ps->present++;
    sift_up(w, ps, ps->present - 1,
            (struct ps_entry){.finish = ps->virtual_now + (double)r->work, .request = id});
    count(w, backend, now);
    ps_reschedule(w, backend, now);
}

/* Takes the entry at a place of the heap out. */
static void take(struct world *w, uint32_t backend, struct backend_rest *ps, uint32_t at,
                 lb_time now)
{
    struct ps_entry last = ps->heap[--ps->present];
    if (at < ps->present) {
        if (at > 0 && before(w, last, ps->heap[(at - 1) / 2]))
            sift_up(w, ps, at, last);
        else
            sift_down(w, ps, at, last);
    }
    count(w, backend, now);
}

void ps_remove(struct world *w, uint32_t backend, uint32_t id, lb_time now)
{
    struct backend_rest *ps = &w->rest[backend];
    ps_tick(w, backend, now);
    take(w, backend, ps, world_request(w, id)->event, now);
    ps_reschedule(w, backend, now);
}

uint32_t ps_depart(struct world *w, uint32_t backend, lb_time now)
{
    struct backend_rest *ps = &w->rest[backend];
    ps_tick(w, backend, now);
    lb_assert(ps->present > 0);
    struct ps_entry first = ps->heap[0];
    if (ps->virtual_now < first.finish)
        ps->virtual_now = first.finish;
    take(w, backend, ps, 0, now);
    ps_reschedule(w, backend, now);
    return first.request;
}

lb_time ps_work_left(const struct world *w, uint32_t id, lb_time now)
{
    const struct request *r = &w->requests.at[id];
    const struct backend_rest *ps = &w->rest[r->backend];
    double left = ps->heap[r->event].finish - ps->virtual_now;
    if (!w->backends[r->backend].frozen)
        left -= (double)(now - ps->virtual_at) * ps_rate(w, (uint32_t)r->backend);
    return left > 0 ? units_from_ns(left) : 0;
}

void ps_freeze(struct world *w, uint32_t backend, lb_time now)
{
    struct backend_rest *ps = &w->rest[backend];
    ps_tick(w, backend, now);
    if (ps->departure != ENGINE_NO_EVENT)
        engine_cancel(w->engine, ps->departure);
    ps->departure = ENGINE_NO_EVENT;
}
