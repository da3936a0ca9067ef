/*
 * See backend.h. First come first served here; processor sharing in ps.c.
 *
 * What a backend does with a request depends on what is true of it, never on what a balancer
 * believes. A client that has left is noticed when its request reaches the head of the queue, as a
 * server notices a closed socket when it turns to it.
 */
#include <math.h>
#include <stdlib.h>

#include "sim/base/text.h"
#include "sim/base/units.h"
#include "sim/model/step.h"

static void set_speed(struct world *w, uint32_t backend, double speed)
{
    w->rest[backend].speed = speed;
    w->backends[backend].at_one = speed == 1.0;
}

void backend_init(struct world *w, uint32_t backend, const struct scenario_backend *rule)
{
    struct backend_rest *rest = &w->rest[backend];
    w->backends[backend] = (struct backend){.slots = rule->slots,
                                            .limit = rule->queue,
                                            .truth = TRUTH_OK,
                                            .discipline = (uint8_t)rule->discipline,
                                            .cancel_abandoned = rule->cancel_abandoned};
    *rest = (struct backend_rest){
        .own_speed = rule->speed, .top_speed = rule->speed, .stopped_at = LB_NEVER};
    set_speed(w, backend, rule->speed);
    if (w->keep_latency) {
        rest->latency = text_need(sizeof *rest->latency);
        histogram_init(rest->latency);
    }
}

void backend_done(struct backend_rest *rest)
{
    free(rest->heap);
    free(rest->latency);
}

backend_area backend_busy_area(const struct world *w, uint32_t backend, lb_time now)
{
    const struct backend *b = &w->backends[backend];
    return (backend_area)now * b->busy - b->busy_turns;
}

backend_area backend_queue_area(const struct world *w, uint32_t backend, lb_time now)
{
    const struct backend *b = &w->backends[backend];
    return (backend_area)now * b->queued - b->queued_turns;
}

void backend_spend(struct world *w, uint32_t backend, lb_time now)
{
    struct backend *b = &w->backends[backend];
    struct backend_rest *rest = &w->rest[backend];
    backend_area area = backend_busy_area(w, backend, now);
    if (!b->frozen)
        rest->work_spent += (double)(area - rest->area_mark) * rest->speed;
    rest->area_mark = area;
}

double backend_work_so_far(struct world *w, uint32_t id, lb_time now)
{
    struct request *r = world_request(w, id);
    struct backend *b = &w->backends[r->backend];
    struct backend_rest *rest = &w->rest[r->backend];
    double work = (double)r->work, left = 0.0;
    rest->doubt += 0x1p-50 * work; /* a difference of large numbers */
    if (b->discipline == DISCIPLINE_PS) {
        ps_tick(w, (uint32_t)r->backend, now);
        left = rest->heap[r->event].finish - rest->virtual_now;
    } else if (r->event == ENGINE_NO_EVENT) {
        return 0.0; /* frozen: counted when it froze */
    } else {
        lb_time when = engine_when(w->engine, r->event);
        left = (double)(when - now) * rest->speed;
        if (when >= WORLD_DELAY_MAX) /* the end was moved to where the clock still reaches */
            rest->doubt += work;
    }
    return left < work ? work - left : 0.0;
}

lb_time backend_work_left(const struct world *w, uint32_t id, lb_time now)
{
    const struct request *r = &w->requests.at[id];
    if (w->backends[r->backend].discipline == DISCIPLINE_PS)
        return ps_work_left(w, id, now);
    if (r->event == ENGINE_NO_EVENT)
        return r->work; /* frozen: what was done of it is not kept */
    lb_time left = engine_when(w->engine, r->event) - now;
    return units_from_ns((double)left * w->rest[r->backend].speed);
}

static void unlink_queued(struct world *w, struct backend *b, struct request *r, lb_time now)
{
    bool first = b->head == requests_id(&w->requests, r);
    if (first)
        b->head = r->next;
    else
        world_request(w, r->event)->next = r->next;
    if (r->next != 0)
        world_request(w, r->next)->event = r->event;
    else
        b->tail = first ? 0 : r->event;
    backend_queued(b, -1, now);
    r->event = ENGINE_NO_EVENT;
}

void backend_leave(struct world *w, uint32_t id, enum lb_end end, lb_time now)
{
    step_leave(w, false, id, end, now);
}

void backend_turn_away(struct world *w, uint32_t id, enum lb_end end, lb_time now)
{
    struct request *r = world_request(w, id);
    r->entered = now; /* it was never present */
    backend_leave(w, id, end, now);
}

/* A hung backend accepts whatever its system still has room for, and serves nobody; neither begins
 * one that cancels what is abandoned with a request whose client left while it was on its way. */
void backend_receive_unserved(struct world *w, uint32_t id, lb_time now)
{
    struct request *r = world_request(w, id);
    struct backend *b = &w->backends[r->backend];
    if ((r->flags & REQUEST_ORPHAN) != 0) {
        backend_turn_away(w, id, LB_END_CANCELLED, now);
        return;
    }
    r->entered = now;
    if (b->discipline == DISCIPLINE_PS)
        ps_enter(w, (uint32_t)r->backend, id, now);
    else
        step_enqueue(w, b, r, now);
}

void backend_receive(struct world *w, uint32_t id, lb_time now)
{
    step_to_backend(w, false, id, now);
}

void backend_receive_event(void *context, uint32_t subject, lb_time now)
{
    step_to_backend(context, false, subject, now);
}

STEP void service_over(struct world *w, bool plain, uint32_t subject, lb_time now)
{
    struct request *r = world_request(w, subject);
    struct backend *b = &w->backends[r->backend];
    b->work_done += (double)r->work;
    step_slot_free(w, b, now);
    step_leave(w, plain, subject, LB_END_OK, now);
}

void backend_service_event(void *context, uint32_t subject, lb_time now)
{
    struct world *w = context;
    if (step_plain(w))
        service_over(w, true, subject, now);
    else
        service_over(w, false, subject, now);
}

void backend_depart(struct world *w, uint32_t backend, lb_time now)
{
    struct backend *b = &w->backends[backend];
    uint32_t id = ps_depart(w, backend, now);
    b->work_done += (double)world_request(w, id)->work;
    backend_leave(w, id, LB_END_OK, now);
}

void backend_departure_event(void *context, uint32_t subject, lb_time now)
{
    struct world *w = context;
    w->rest[subject].departure = ENGINE_NO_EVENT;
    backend_depart(w, subject, now);
}

/* Out of the queue or out of service; the record then belongs to nobody here. */
static void take_out(struct world *w, uint32_t id, lb_time now)
{
    struct request *r = world_request(w, id);
    struct backend *b = &w->backends[r->backend];
    if (r->state == REQUEST_QUEUED) {
        unlink_queued(w, b, r, now);
        return;
    }
    b->work_done += b->frozen ? 0.0 : backend_work_so_far(w, id, now);
    if (b->discipline == DISCIPLINE_PS) {
        ps_remove(w, (uint32_t)r->backend, id, now);
    } else {
        if (r->event != ENGINE_NO_EVENT)
            engine_cancel(w->engine, r->event);
        backend_busy(b, -1, now);
    }
    r->event = ENGINE_NO_EVENT;
}

void backend_remove(struct world *w, uint32_t id, lb_time now)
{
    struct request *r = world_request(w, id);
    struct backend *b = &w->backends[r->backend];
    take_out(w, id, now);
    w->ledger.times_present += (uint64_t)(now - r->entered);
    r->entered = now - r->entered;
    r->event = ENGINE_NO_EVENT;
    if (b->discipline == DISCIPLINE_FIFO)
        step_advance(w, b, now);
    line_slot_free(w, (uint32_t)r->backend, now);
}

void backend_abandon(struct world *w, uint32_t id, lb_time now)
{
    struct request *r = world_request(w, id);
    struct backend *b = &w->backends[r->backend];
    r->flags |= REQUEST_ORPHAN;
    if (b->frozen || (b->cancel_abandoned && r->state == REQUEST_SERVICE)) {
        backend_remove(w, id, now);
        requests_give(&w->requests, id);
    }
}

void backend_reset(struct world *w, uint32_t backend, enum truth truth, lb_time now)
{
    struct backend *b = &w->backends[backend];
    backend_spend(w, backend, now);
    for (uint32_t id = 1; id <= w->requests.used; id++) {
        struct request *r = world_request(w, id);
        if (r->backend != (int32_t)backend)
            continue;
        if (r->state == REQUEST_QUEUED || r->state == REQUEST_SERVICE)
            take_out(w, id, now);
        else if (r->state == REQUEST_RESTING && (r->flags & REQUEST_PROBE) != 0)
            r->entered = now; /* a probe that a hung process accepted: it was never present */
        else
            continue;
        r->state = REQUEST_BACK; /* so that no later step takes it for present */
    }
    if (truth == TRUTH_DOWN && b->truth != TRUTH_DOWN && !b->frozen)
        w->rest[backend].stopped_at = now;
    b->truth = (uint8_t)truth;
    b->frozen = false;
    set_speed(w, backend, w->rest[backend].own_speed);
    for (uint32_t id = 1; id <= w->requests.used; id++) {
        struct request *r = world_request(w, id);
        if (r->state == REQUEST_BACK && r->backend == (int32_t)backend &&
            r->event == ENGINE_NO_EVENT && (r->flags & REQUEST_CUT) == 0)
            backend_leave(w, id, LB_END_RESET, now);
    }
}

void backend_hang(struct world *w, uint32_t backend, lb_time now)
{
    struct backend *b = &w->backends[backend];
    if (b->frozen || b->truth == TRUTH_DOWN)
        return;
    backend_spend(w, backend, now);
    for (uint32_t id = 1; id <= w->requests.used; id++) {
        struct request *r = world_request(w, id);
        if (r->state != REQUEST_SERVICE || r->backend != (int32_t)backend)
            continue;
        b->work_done += backend_work_so_far(w, id, now);
        if (b->discipline == DISCIPLINE_FIFO) {
            engine_cancel(w->engine, r->event);
            r->event = ENGINE_NO_EVENT;
        }
    }
    if (b->discipline == DISCIPLINE_PS)
        ps_freeze(w, backend, now);
    b->frozen = true;
    b->truth = TRUTH_HUNG;
    w->rest[backend].stopped_at = now;
}

void backend_set_speed(struct world *w, uint32_t backend, double fraction, lb_time now)
{
    struct backend *b = &w->backends[backend];
    if (b->truth == TRUTH_DOWN || b->frozen)
        return;
    double speed = w->rest[backend].own_speed * fmax(fraction, BACKEND_SLOWEST);
    backend_spend(w, backend, now);
    if (b->discipline == DISCIPLINE_PS)
        ps_tick(w, backend, now);
    for (uint32_t id = 1; b->discipline == DISCIPLINE_FIFO && id <= w->requests.used; id++) {
        struct request *r = world_request(w, id);
        if (r->state != REQUEST_SERVICE || r->backend != (int32_t)backend)
            continue;
        double left = (double)(engine_when(w->engine, r->event) - now) * w->rest[backend].speed;
        engine_cancel(w->engine, r->event);
        lb_time takes = world_delay(units_from_ns(left / speed));
        r->event = engine_at(w->engine, now + takes, EVENT_SERVICE, id);
        w->rest[backend].respeeds++;
    }
    set_speed(w, backend, speed);
    if (speed > w->rest[backend].top_speed)
        w->rest[backend].top_speed = speed;
    b->truth = fraction < 1.0 ? TRUTH_SLOW : TRUTH_OK;
    if (b->discipline == DISCIPLINE_PS)
        ps_reschedule(w, backend, now);
}
