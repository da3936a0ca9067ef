/*
 * What befalls backends: a kill, a restart, a hang, another speed, a pause, errors, a bad network.
 *
 * What a backend is (enum truth) follows from all that has befallen it; the worst is shown.
 * The idea: a set of backends meets its fate in one instant. First everything is taken from all of
 * them, or frozen, or made slower; only then is anybody told, so that a request that is reset at one
 * and tried again cannot land on another that is about to go with it. Records are looked through once
 * for the whole set: O(requests + set).
 */
#include <math.h>

#include "sim/base/stream.h"
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

/* Speed, truth and standing still follow from what has befallen it. */
static void follow(struct world *w, uint32_t backend)
{
    struct backend *b = &w->backends[backend];
    struct backend_rest *rest = &w->rest[backend];
    rest->speed = rest->own_speed * fmax(rest->fraction, BACKEND_SLOWEST) / rest->cold;
    rest->top_speed = fmax(rest->top_speed, rest->speed);
    b->at_one = rest->speed == 1.0;
    b->frozen = rest->hung || rest->still != 0;
    b->truth = rest->down              ? TRUTH_DOWN
               : rest->hung            ? TRUTH_HUNG
               : rest->isolated        ? TRUTH_ISOLATED
               : rest->still != 0      ? TRUTH_PAUSED
               : rest->error_share > 0 ? TRUTH_ERRORS
               : rest->loss > 0        ? TRUTH_LOSSY
               : rest->fraction < 1.0  ? TRUTH_SLOW
               : rest->cold > 1.0      ? TRUTH_COLD
                                       : TRUTH_OK;
}

/* From now on it serves by the virtual clock. Those in service go on where they are. */
static void set_clocked(struct world *w, uint32_t backend, lb_time now)
{
    struct backend *b = &w->backends[backend];
    struct backend_rest *rest = &w->rest[backend];
    requests_need_more(&w->requests);
    if (b->discipline != DISCIPLINE_FIFO)
        return;
    service_tick(w, backend, now);
    b->discipline = BACKEND_CLOCKED_FIFO;
    for (uint32_t id = w->gather.first[backend]; id != GATHER_END; id = w->gather.next[id]) {
        struct request *r = world_request(w, id);
        if (r->state != REQUEST_SERVICE)
            continue;
        double left = (double)(engine_when(w->engine, r->event) - now) * rest->speed;
        engine_cancel(w->engine, r->event);
        backend_busy(b, -1, now); /* and service_enter counts it again */
        service_enter(w, backend, id, left, now);
        w->requests.more[id].work = (double)r->work;
        w->requests.more[id].error = false;
        rest->doubt += 0x1p-50 * (double)r->work;
        rest->respeeds++;
    }
}

void fault_draws(struct world *w, uint32_t backend)
{
    struct backend_rest *rest = &w->rest[backend];
    if (rest->draws)
        return;
    rest->draws = true;
    stream_open(&rest->errors, &w->key, STREAM_ERRORS, backend, 0);
    stream_open(&rest->losses, &w->key, STREAM_LOSS, backend, 0);
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

static void start_anew(struct world *w, uint32_t backend, bool down, lb_time now)
{
    struct backend_rest *rest = &w->rest[backend];
    if (down && !rest->down && !rest->hung)
        rest->stopped_at = now;
    if (!rest->down) { /* what its process had open is closed, as long as the network lets that through */
        rest->lives++;
        if (w->upstream)
            upstream_backend_gone(w, backend, now);
    }
    rest->down = down;
    rest->hung = false;
    if (rest->still != 0)
        rest->moved_at = now;
    rest->still = 0;
    rest->fraction = rest->cold = 1.0;
    rest->error_share = 0.0;
    if (!down) { /* a network does not mend because a process dies */
        rest->isolated = false;
        rest->loss = 0.0;
    }
    rest->wear.failed = false;
    wear_stopped(w, backend);
    follow(w, backend);
    if (!down)
        wear_restarted(w, backend, now);
}

void fault_reset(struct world *w, struct backend_set set, bool down, lb_time now)
{
    gather(w, set);
    for (uint32_t i = 0; i < set.count; i++)
        empty(w, set.at[i], now);
    for (uint32_t i = 0; i < set.count; i++)
        start_anew(w, set.at[i], down, now);
    for (uint32_t i = 0; w->state.on && i < set.count; i++)
        state_backend_gone(w, set.at[i], now); /* copies at others of the set are gone with it */
    if (w->connections != NULL)
        layer4_gone(w, set, now);
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
    struct backend_rest *rest = &w->rest[backend];
    if (rest->hung || rest->down)
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
    rest->hung = true;
    rest->stopped_at = now;
    follow(w, backend);
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

/* Speed changes: services of a backend that is not plain need no more than its clock told. */
static void set_fraction(struct world *w, uint32_t backend, double fraction, lb_time now)
{
    struct backend_rest *rest = &w->rest[backend];
    bool plain = w->backends[backend].discipline == DISCIPLINE_FIFO;
    if (rest->down || rest->hung)
        return;
    backend_spend(w, backend, now);
    if (plain)
        respeed(w, backend, rest->own_speed * fmax(fraction, BACKEND_SLOWEST), now);
    else
        service_tick(w, backend, now);
    rest->fraction = fraction;
    follow(w, backend);
    if (!plain)
        service_reschedule(w, backend, now);
}

void fault_slow(struct world *w, struct backend_set set, double fraction, lb_time now)
{
    gather(w, set);
    for (uint32_t i = 0; i < set.count; i++)
        set_fraction(w, set.at[i], fraction, now);
    forget(w, set);
}

void fault_cold(struct world *w, uint32_t backend, double times, lb_time now)
{
    backend_spend(w, backend, now);
    service_tick(w, backend, now);
    w->rest[backend].cold = times;
    follow(w, backend);
    service_reschedule(w, backend, now);
}

static void go_on(struct world *w, uint32_t backend, unsigned why, lb_time now)
{
    struct backend_rest *rest = &w->rest[backend];
    if ((rest->still & why) == 0 || rest->down || rest->hung)
        return;
    backend_spend(w, backend, now);
    service_tick(w, backend, now);
    rest->still &= (uint8_t)~why;
    follow(w, backend);
    if (rest->still != 0)
        return;
    rest->moved_at = now;
    service_reschedule(w, backend, now);
    discipline_go_on(w, backend, now);
    discipline_turn_away(w, backend, now);
    line_slot_free(w, backend, now);
}

void fault_still(struct world *w, struct backend_set set, unsigned why, bool still, lb_time now)
{
    if (!still) {
        for (uint32_t i = 0; i < set.count; i++)
            go_on(w, set.at[i], why, now);
        return;
    }
    gather(w, set);
    for (uint32_t i = 0; i < set.count; i++) {
        struct backend_rest *rest = &w->rest[set.at[i]];
        if (rest->down || rest->hung)
            continue;
        set_clocked(w, set.at[i], now);
        backend_spend(w, set.at[i], now);
        service_freeze(w, set.at[i], now);
        if (rest->still == 0) {
            rest->still_at = now;
            rest->moved_at = LB_NEVER;
        }
        rest->still |= (uint8_t)why;
        follow(w, set.at[i]);
    }
    forget(w, set);
}

void fault_errors(struct world *w, struct backend_set set, double share, lb_time in, lb_time now)
{
    gather(w, set);
    for (uint32_t i = 0; i < set.count; i++) {
        struct backend_rest *rest = &w->rest[set.at[i]];
        if (rest->down || rest->hung)
            continue;
        set_clocked(w, set.at[i], now);
        fault_draws(w, set.at[i]);
        rest->error_share = share;
        rest->error_in = in;
        follow(w, set.at[i]);
    }
    forget(w, set);
}

void fault_loss(struct world *w, struct backend_set set, double share)
{
    for (uint32_t i = 0; i < set.count; i++) {
        fault_draws(w, set.at[i]);
        w->rest[set.at[i]].loss = share;
        follow(w, set.at[i]);
    }
    link_needed(w);
}

void fault_isolate(struct world *w, struct backend_set set, bool isolated)
{
    for (uint32_t i = 0; i < set.count; i++) {
        w->rest[set.at[i]].isolated = isolated;
        follow(w, set.at[i]);
    }
    link_needed(w);
}

void fault_heal(struct world *w, struct backend_set set, lb_time now)
{
    for (uint32_t i = 0; i < set.count; i++) {
        struct backend_rest *rest = &w->rest[set.at[i]];
        rest->isolated = false;
        rest->loss = rest->error_share = 0.0;
        rest->wear.failed = false;
    }
    fault_slow(w, set, 1.0, now);
    fault_still(w, set, STILL_PAUSE | STILL_FAILURE | STILL_ACTION, false, now);
}
