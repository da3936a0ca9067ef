/*
 * What befalls backends: a kill, a restart, a hang, another speed.
 *
 * The idea: a set of backends meets its fate in one instant. First everything is taken from all of
 * them, or frozen, or made slower; only then is anybody told, so that a request that is reset at one
 * and tried again cannot land on another that is about to go with it. Records are looked through once
 * for the whole set: O(requests + set).
 */
#include <math.h>

#include "sim/base/text.h"
#include "sim/base/units.h"
#include "sim/model/step.h"

/* Those that are at each backend of the set: in its queue, in service, or a probe that it accepted
 * while it hung. In order of their records. */
static void gather(struct world *w, struct backend_set set)
{
    struct gather *g = &w->gather;
    if (g->first == NULL)
        g->first = text_need_zero(w->backend_count, sizeof *g->first);
    if (g->room < w->requests.room) {
        g->room = w->requests.room;
        g->next = text_need_more(g->next, g->room * sizeof *g->next);
    }
    for (uint32_t i = 0; i < set.count; i++)
        g->first[set.at[i]] = GATHER_END;
    for (uint32_t id = w->requests.used; id > 0; id--) {
        const struct request *r = world_request(w, id);
        bool here = r->state == REQUEST_QUEUED || r->state == REQUEST_SERVICE ||
                    (r->state == REQUEST_RESTING && (r->flags & REQUEST_PROBE) != 0);
        if (!here || g->first[r->backend] == 0)
            continue;
        g->next[id] = g->first[r->backend];
        g->first[r->backend] = id;
    }
}

static void forget(struct world *w, struct backend_set set)
{
    for (uint32_t i = 0; i < set.count; i++)
        w->gather.first[set.at[i]] = 0;
}

static void set_speed(struct world *w, uint32_t backend, double speed)
{
    struct backend_rest *rest = &w->rest[backend];
    rest->speed = speed;
    rest->top_speed = fmax(rest->top_speed, speed);
    w->backends[backend].at_one = speed == 1.0;
}

/* Everything out; it waits in the list for its end. */
static void empty(struct world *w, uint32_t backend, lb_time now)
{
    backend_spend(w, backend, now);
    for (uint32_t id = w->gather.first[backend]; id != GATHER_END; id = w->gather.next[id]) {
        struct request *r = world_request(w, id);
        if (r->state == REQUEST_RESTING)
            r->entered = now; /* a probe that a hung process accepted: it was never present */
        else
            backend_take_out(w, id, now);
        r->state = REQUEST_BACK; /* so that no later step takes it for present */
    }
}

void fault_reset(struct world *w, struct backend_set set, enum truth truth, lb_time now)
{
    gather(w, set);
    for (uint32_t i = 0; i < set.count; i++) {
        uint32_t backend = set.at[i];
        empty(w, backend, now);
        if (truth == TRUTH_DOWN && w->backends[backend].truth != TRUTH_DOWN &&
            !w->backends[backend].frozen)
            w->rest[backend].stopped_at = now;
        w->backends[backend].truth = (uint8_t)truth;
        w->backends[backend].frozen = false;
        set_speed(w, backend, w->rest[backend].own_speed);
    }
    for (uint32_t i = 0; w->state.on && i < set.count; i++)
        state_backend_gone(w, set.at[i], now); /* copies at others of the set are gone with it */
    for (uint32_t i = 0; i < set.count; i++) {
        uint32_t id = w->gather.first[set.at[i]];
        while (id != GATHER_END) {
            uint32_t next = w->gather.next[id];
            backend_leave(w, id, LB_END_RESET, now);
            id = next;
        }
    }
    forget(w, set);
}

static void hang(struct world *w, uint32_t backend, lb_time now)
{
    struct backend *b = &w->backends[backend];
    if (b->frozen || b->truth == TRUTH_DOWN)
        return;
    bool plain = b->discipline == DISCIPLINE_FIFO;
    backend_spend(w, backend, now);
    for (uint32_t id = w->gather.first[backend]; id != GATHER_END; id = w->gather.next[id]) {
        struct request *r = world_request(w, id);
        if (r->state != REQUEST_SERVICE)
            continue;
        w->counts[backend].work_done += backend_work_so_far(w, id, now);
        if (plain) {
            engine_cancel(w->engine, r->event);
            r->event = ENGINE_NO_EVENT;
        }
    }
    if (!plain)
        service_freeze(w, backend, now);
    b->frozen = true;
    b->truth = TRUTH_HUNG;
    w->rest[backend].stopped_at = now;
}

void fault_hang(struct world *w, struct backend_set set, lb_time now)
{
    gather(w, set);
    for (uint32_t i = 0; i < set.count; i++)
        hang(w, set.at[i], now);
    forget(w, set);
}

/* Services of a plain backend go on at another speed. */
static void respeed(struct world *w, uint32_t backend, double speed, lb_time now)
{
    for (uint32_t id = w->gather.first[backend]; id != GATHER_END; id = w->gather.next[id]) {
        struct request *r = world_request(w, id);
        if (r->state != REQUEST_SERVICE)
            continue;
        double left = (double)(engine_when(w->engine, r->event) - now) * w->rest[backend].speed;
        engine_cancel(w->engine, r->event);
        lb_time takes = world_delay(units_from_ns(left / speed));
        r->event = engine_at(w->engine, now + takes, EVENT_SERVICE, id);
        w->rest[backend].respeeds++;
    }
}

void fault_slow(struct world *w, struct backend_set set, double fraction, lb_time now)
{
    gather(w, set);
    for (uint32_t i = 0; i < set.count; i++) {
        uint32_t backend = set.at[i];
        struct backend *b = &w->backends[backend];
        if (b->truth == TRUTH_DOWN || b->frozen)
            continue;
        double speed = w->rest[backend].own_speed * fmax(fraction, BACKEND_SLOWEST);
        bool plain = b->discipline == DISCIPLINE_FIFO;
        backend_spend(w, backend, now);
        if (plain)
            respeed(w, backend, speed, now);
        else
            service_tick(w, backend, now);
        set_speed(w, backend, speed);
        b->truth = fraction < 1.0 ? TRUTH_SLOW : TRUTH_OK;
        if (!plain)
            service_reschedule(w, backend, now);
    }
    forget(w, set);
}
