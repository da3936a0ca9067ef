/*
 * Service by a virtual clock: processor sharing, and slots whose speed changes.
 *
 * Those in service at a backend all go at the same rate, whatever that is at the moment: so one clock
 * is enough. It advances at that rate; a request that enters at virtual time v with work x leaves at
 * v + x, and the order of leaving never changes. A binary heap holds the virtual finish times; only
 * the next departure is an event. Cost: O(log n) an arrival or departure, and nothing for those in
 * service when the rate changes.
 *
 * With n in service the rate is speed x min(1, slots / n), which is less than the speed only under
 * ps; where those in service contend it is divided by 1 + sigma (n - 1) + kappa n (n - 1), the
 * universal scalability law: sigma for what is done one at a time, kappa for pairs that must agree.
 *
 * The real time of a departure is rounded to the nanosecond; the clock is then set to the finish
 * time that was reached, so errors do not add up. When nobody is in service the clock restarts at 0,
 * which keeps doubles exact to far below a nanosecond.
 * Sources: the idea is that of fair queueing's virtual time (Demers, Keshav, Shenker 1989); N. J.
 * Gunther, "Guerrilla capacity planning" (2007), 4.3 for the law.
 */
#include "sim/base/text.h"
#include "sim/base/units.h"
#include "sim/model/world.h"

double service_share(const struct backend_rest *rest)
{
    if (!rest->contends || rest->present == 0)
        return 1.0;
    double n = rest->present;
    return 1.0 / (1.0 + rest->nature->sigma * (n - 1.0) + rest->nature->kappa * n * (n - 1.0));
}

/* Work done for each of those in service, ns at speed 1 a ns. */
static double service_rate(const struct world *w, uint32_t backend)
{
    const struct backend *b = &w->backends[backend];
    const struct backend_rest *rest = &w->rest[backend];
    double rate = rest->speed;
    if (rest->present > b->slots)
        rate = rate * b->slots / rest->present;
    return rest->contends ? rate * service_share(rest) : rate;
}

void service_tick(struct world *w, uint32_t backend, lb_time now)
{
    struct backend_rest *s = &w->rest[backend];
    if (s->contends) /* the share is about to change */
        backend_spend(w, backend, now);
    if (s->present > 0 && !w->backends[backend].frozen)
        s->virtual_now += (double)(now - s->virtual_at) * service_rate(w, backend);
    s->virtual_at = now;
}

/* Under ps those beyond the slots count as queued, though they are served. */
static void count(struct world *w, uint32_t backend, lb_time now)
{
    struct backend *b = &w->backends[backend];
    uint32_t present = w->rest[backend].present;
    uint32_t busy = present < b->slots ? present : b->slots;
    backend_busy(b, (int32_t)(busy - b->busy), now);
    if (b->discipline == DISCIPLINE_PS)
        backend_queued(b, (int32_t)(present - busy - b->queued), now);
}

static bool before(struct world *w, struct service_entry a, struct service_entry b)
{
    if (a.finish != b.finish)
        return a.finish < b.finish;
    return world_request(w, a.request)->number < world_request(w, b.request)->number;
}

static void put(struct world *w, struct backend_rest *s, uint32_t at, struct service_entry entry)
{
    s->heap[at] = entry;
    world_request(w, entry.request)->event = at;
}

static void sift_up(struct world *w, struct backend_rest *s, uint32_t at,
                    struct service_entry entry)
{
    while (at > 0 && before(w, entry, s->heap[(at - 1) / 2])) {
        put(w, s, at, s->heap[(at - 1) / 2]);
        at = (at - 1) / 2;
    }
    put(w, s, at, entry);
}

static void sift_down(struct world *w, struct backend_rest *s, uint32_t at,
                      struct service_entry entry)
{
    for (;;) {
        uint32_t child = 2 * at + 1;
        if (child >= s->present)
            break;
        if (child + 1 < s->present && before(w, s->heap[child + 1], s->heap[child]))
            child++;
        if (!before(w, s->heap[child], entry))
            break;
        put(w, s, at, s->heap[child]);
        at = child;
    }
    put(w, s, at, entry);
}

void service_reschedule(struct world *w, uint32_t backend, lb_time now)
{
    struct backend_rest *s = &w->rest[backend];
    if (s->departure != ENGINE_NO_EVENT)
        engine_cancel(w->engine, s->departure);
    s->departure = ENGINE_NO_EVENT;
    if (s->present == 0 || w->backends[backend].frozen)
        return;
    double left = s->heap[0].finish - s->virtual_now;
    lb_time takes = world_delay(units_from_ns(left > 0.0 ? left / service_rate(w, backend) : 0.0));
    s->departure = engine_at(w->engine, now + takes, EVENT_DEPARTURE, backend);
}

void service_enter(struct world *w, uint32_t backend, uint32_t id, double work, lb_time now)
{
    struct backend_rest *s = &w->rest[backend];
    struct request *r = world_request(w, id);
    service_tick(w, backend, now);
    if (s->present == 0)
        s->virtual_now = 0.0;
    if (s->present == s->heap_room) {
        s->heap_room = s->heap_room == 0 ? 16 : 2 * s->heap_room;
        s->heap = text_need_more(s->heap, s->heap_room * sizeof *s->heap);
    }
    r->state = REQUEST_SERVICE;
    s->present++;
    sift_up(w, s, s->present - 1,
            (struct service_entry){.finish = s->virtual_now + work, .request = id});
    count(w, backend, now);
    service_reschedule(w, backend, now);
    if (s->nature->failures.while_busy && s->present == 1)
        wear_busy(w, backend, true, now);
}

/* Takes the entry at a place of the heap out. */
static void take(struct world *w, uint32_t backend, struct backend_rest *s, uint32_t at,
                 lb_time now)
{
    struct service_entry last = s->heap[--s->present];
    if (at < s->present) {
        if (at > 0 && before(w, last, s->heap[(at - 1) / 2]))
            sift_up(w, s, at, last);
        else
            sift_down(w, s, at, last);
    }
    count(w, backend, now);
    if (s->nature->failures.while_busy && s->present == 0)
        wear_busy(w, backend, false, now);
}

void service_remove(struct world *w, uint32_t backend, uint32_t id, lb_time now)
{
    struct backend_rest *s = &w->rest[backend];
    service_tick(w, backend, now);
    take(w, backend, s, world_request(w, id)->event, now);
    service_reschedule(w, backend, now);
}

uint32_t service_depart(struct world *w, uint32_t backend, lb_time now)
{
    struct backend_rest *s = &w->rest[backend];
    service_tick(w, backend, now);
    lb_assert(s->present > 0);
    struct service_entry first = s->heap[0];
    if (s->virtual_now < first.finish)
        s->virtual_now = first.finish;
    take(w, backend, s, 0, now);
    service_reschedule(w, backend, now);
    return first.request;
}

lb_time service_work_left(const struct world *w, uint32_t id, lb_time now)
{
    const struct request *r = &w->requests.at[id];
    const struct backend_rest *s = &w->rest[r->backend];
    double left = s->heap[r->event].finish - s->virtual_now;
    if (!w->backends[r->backend].frozen)
        left -= (double)(now - s->virtual_at) * service_rate(w, (uint32_t)r->backend);
    return left > 0 ? units_from_ns(left) : 0;
}

void service_freeze(struct world *w, uint32_t backend, lb_time now)
{
    struct backend_rest *s = &w->rest[backend];
    service_tick(w, backend, now);
    if (s->departure != ENGINE_NO_EVENT)
        engine_cancel(w->engine, s->departure);
    s->departure = ENGINE_NO_EVENT;
}
