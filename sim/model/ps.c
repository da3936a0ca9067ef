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

static double ps_rate(const struct backend *b)
{
    return b->present <= b->slots ? b->speed : b->speed * b->slots / b->present;
}

void ps_tick(struct backend *b, lb_time now)
{
    if (b->present > 0 && !b->frozen)
        b->virtual_now += (double)(now - b->virtual_at) * ps_rate(b);
    b->virtual_at = now;
}

static void count(struct backend *b)
{
    b->busy = b->present < b->slots ? b->present : b->slots;
    b->queued = b->present - b->busy;
}

static bool before(struct world *w, struct ps_entry a, struct ps_entry b)
{
    if (a.finish != b.finish)
        return a.finish < b.finish;
    return world_request(w, a.request)->number < world_request(w, b.request)->number;
}

static void put(struct world *w, struct backend *b, uint32_t at, struct ps_entry entry)
{
    b->heap[at] = entry;
    world_request(w, entry.request)->event = at;
}

static void sift_up(struct world *w, struct backend *b, uint32_t at, struct ps_entry entry)
{
    while (at > 0 && before(w, entry, b->heap[(at - 1) / 2])) {
        put(w, b, at, b->heap[(at - 1) / 2]);
        at = (at - 1) / 2;
    }
    put(w, b, at, entry);
}

static void sift_down(struct world *w, struct backend *b, uint32_t at, struct ps_entry entry)
{
    for (;;) {
        uint32_t child = 2 * at + 1;
        if (child >= b->present)
            break;
        if (child + 1 < b->present && before(w, b->heap[child + 1], b->heap[child]))
            child++;
        if (!before(w, b->heap[child], entry))
            break;
        put(w, b, at, b->heap[child]);
        at = child;
    }
    put(w, b, at, entry);
}

void ps_reschedule(struct world *w, uint32_t backend, lb_time now)
{
    struct backend *b = &w->backends[backend];
    if (b->departure != ENGINE_NO_EVENT)
        engine_cancel(w->engine, b->departure);
    b->departure = ENGINE_NO_EVENT;
    if (b->present == 0 || b->frozen)
        return;
    double left = b->heap[0].finish - b->virtual_now;
    lb_time when = now + units_from_ns(left > 0.0 ? left / ps_rate(b) : 0.0);
    b->departure = engine_at(w->engine, when, EVENT_DEPARTURE, backend);
}

void ps_enter(struct world *w, uint32_t backend, uint32_t id, lb_time now)
{
    struct backend *b = &w->backends[backend];
    struct request *r = world_request(w, id);
    ps_tick(b, now);
    if (b->present == 0)
        b->virtual_now = 0.0;
    if (b->present == b->heap_room) {
        b->heap_room = b->heap_room == 0 ? 16 : 2 * b->heap_room;
        b->heap = text_need_more(b->heap, b->heap_room * sizeof *b->heap);
    }
    r->state = REQUEST_SERVICE;
    b->starts++;
    b->present++;
    sift_up(w, b, b->present - 1,
            (struct ps_entry){.finish = b->virtual_now + (double)r->work, .request = id});
    count(b);
    ps_reschedule(w, backend, now);
}

/* Takes the entry at a place of the heap out. */
static void take(struct world *w, struct backend *b, uint32_t at)
{
    struct ps_entry last = b->heap[--b->present];
    if (at < b->present) {
        if (at > 0 && before(w, last, b->heap[(at - 1) / 2]))
            sift_up(w, b, at, last);
        else
            sift_down(w, b, at, last);
    }
    count(b);
}

void ps_remove(struct world *w, uint32_t backend, uint32_t id, lb_time now)
{
    struct backend *b = &w->backends[backend];
    ps_tick(b, now);
    take(w, b, world_request(w, id)->event);
    ps_reschedule(w, backend, now);
}

uint32_t ps_depart(struct world *w, uint32_t backend, lb_time now)
{
    struct backend *b = &w->backends[backend];
    ps_tick(b, now);
    lb_assert(b->present > 0);
    struct ps_entry first = b->heap[0];
    if (b->virtual_now < first.finish)
        b->virtual_now = first.finish;
    take(w, b, 0);
    ps_reschedule(w, backend, now);
    return first.request;
}

void ps_freeze(struct world *w, uint32_t backend, lb_time now)
{
    struct backend *b = &w->backends[backend];
    ps_tick(b, now);
    if (b->departure != ENGINE_NO_EVENT)
        engine_cancel(w->engine, b->departure);
    b->departure = ENGINE_NO_EVENT;
}
