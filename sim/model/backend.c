/*
 * See backend.h. What befalls one is in fault.c.
 *
 * What a backend does with a request depends on what is true of it, never on what a balancer
 * believes. A client that has left is noticed when its request reaches the head of the queue, as a
 * server notices a closed socket when it turns to it.
 */
#include <stdlib.h>

#include "sim/base/text.h"
#include "sim/base/units.h"
#include "sim/model/discipline.h"
#include "sim/model/step.h"

/* Is there anything about it that a plain backend cannot do? */
static bool needs_clock(const struct scenario_nature *nature)
{
    bool stops =
        nature->pauses || (nature->failures.on &&
                           (nature->failures.kind == FAILURE_PAUSE || nature->failures.while_busy));
    return nature->impatient || nature->control.on || nature->sigma > 0 || nature->kappa > 0 ||
           nature->cold || stops;
}

void backend_init(struct world *w, uint32_t backend, const struct scenario_backend *rule)
{
    struct backend_rest *rest = &w->rest[backend];
    const struct scenario_nature *nature = &w->scenario->groups[rule->group].nature;
    w->backends[backend] = (struct backend){.slots = rule->slots,
                                            .limit = rule->queue,
                                            .truth = TRUTH_OK,
                                            .discipline = (uint8_t)rule->discipline,
                                            .cancel_abandoned = rule->cancel_abandoned};
    *rest = (struct backend_rest){.own_speed = rule->speed,
                                  .top_speed = rule->speed,
                                  .speed = rule->speed,
                                  .fraction = 1.0,
                                  .cold = 1.0,
                                  .stopped_at = LB_NEVER,
                                  .still_at = LB_NEVER,
                                  .nature = nature,
                                  .contends = nature->sigma > 0 || nature->kappa > 0};
    w->backends[backend].at_one = rule->speed == 1.0;
    if (rule->discipline != DISCIPLINE_PS &&
        (rule->discipline != DISCIPLINE_FIFO || needs_clock(nature)))
        requests_need_more(&w->requests);
    if (rule->discipline == DISCIPLINE_FIFO && needs_clock(nature))
        w->backends[backend].discipline = BACKEND_CLOCKED_FIFO;
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

struct backend_tally backend_tally(const struct world *w, uint32_t backend, int measured)
{
    return (struct backend_tally){.ok = w->counts[backend].ok[measured],
                                  .failed = w->rest[backend].failed[measured],
                                  .open = w->rest[backend].open[measured]};
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
        rest->work_spent += (double)(area - rest->area_mark) * (rest->speed * service_share(rest));
    rest->area_mark = area;
}

/* Work of a request in service, ns at speed 1. */
static double work_of(const struct world *w, uint32_t id)
{
    const struct request *r = &w->requests.at[id];
    bool plain = w->backends[r->backend].discipline == DISCIPLINE_FIFO;
    return plain || w->requests.more == NULL ? (double)r->work : w->requests.more[id].work;
}

double backend_work_so_far(struct world *w, uint32_t id, lb_time now)
{
    struct request *r = world_request(w, id);
    struct backend *b = &w->backends[r->backend];
    struct backend_rest *rest = &w->rest[r->backend];
    double work = work_of(w, id), left = 0.0;
    rest->doubt += 0x1p-50 * work; /* a difference of large numbers */
    if (b->discipline != DISCIPLINE_FIFO) {
        service_tick(w, (uint32_t)r->backend, now);
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
    if (w->backends[r->backend].discipline != DISCIPLINE_FIFO)
        return service_work_left(w, id, now);
    if (r->event == ENGINE_NO_EVENT)
        return r->work; /* frozen: what was done of it is not kept */
    lb_time left = engine_when(w->engine, r->event) - now;
    return units_from_ns((double)left * w->rest[r->backend].speed);
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

/* A backend that stands still lets as many wait as ever. */
static void wait_for_it(struct world *w, uint32_t id, lb_time now)
{
    struct request *r = world_request(w, id);
    const struct backend *b = &w->backends[r->backend];
    bool outside = w->state.rule != NULL && w->state.rule->store == STORE_EXTERNAL;
    if (outside && state_fetch(w, id, now))
        return;
    uint32_t present = b->busy + b->queued;
    if (present >= b->slots && present - b->slots >= b->limit) {
        backend_turn_away(w, id, LB_END_QUEUE_FULL, now);
        return;
    }
    r->entered = now;
    if (w->state.on)
        state_enter(w, id, now);
    if (w->tell.entries)
        tell_entered(w, id);
    discipline_wait(w, id, now);
    if (w->story != NULL)
        story_enters(w, id, now);
}

/* A hung backend accepts whatever its system still has room for, and serves nobody; neither begins
 * one that cancels what is abandoned with a request whose client left while it was on its way. */
void backend_receive_unserved(struct world *w, uint32_t id, lb_time now)
{
    struct request *r = world_request(w, id);
    struct backend *b = &w->backends[r->backend];
    if ((r->flags & REQUEST_ORPHAN) != 0 && (b->cancel_abandoned || w->rest[r->backend].hung)) {
        backend_turn_away(w, id, LB_END_CANCELLED, now);
        return;
    }
    if (!w->rest[r->backend].hung) {
        wait_for_it(w, id, now);
        return;
    }
    r->entered = now;
    if (b->discipline != DISCIPLINE_FIFO)
        discipline_wait(w, id, now);
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
    w->counts[r->backend].work_done += (double)r->work;
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
    uint32_t id = service_depart(w, backend, now);
    bool error = w->requests.more != NULL && w->requests.more[id].error;
    w->counts[backend].work_done += work_of(w, id);
    discipline_advance(w, backend, now);
    backend_leave(w, id, error ? LB_END_ERROR : LB_END_OK, now);
    discipline_turn_away(w, backend, now);
}

void backend_departure_event(void *context, uint32_t subject, lb_time now)
{
    struct world *w = context;
    w->rest[subject].departure = ENGINE_NO_EVENT;
    backend_depart(w, subject, now);
}

void backend_take_out(struct world *w, uint32_t id, lb_time now)
{
    struct request *r = world_request(w, id);
    struct backend *b = &w->backends[r->backend];
    bool clocked = b->discipline != DISCIPLINE_FIFO;
    if (r->state == REQUEST_QUEUED) {
        if (clocked)
            discipline_take_out(w, id, now);
        else
            queue_take(w, (uint32_t)r->backend, id, now);
        return;
    }
    w->counts[r->backend].work_done +=
        w->rest[r->backend].hung ? 0.0 : backend_work_so_far(w, id, now);
    if (clocked) {
        service_remove(w, (uint32_t)r->backend, id, now);
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
    uint32_t backend = (uint32_t)r->backend;
    backend_take_out(w, id, now);
    if (w->state.on)
        state_leave(w, id);
    w->ledger.times_present += (uint64_t)(now - r->entered);
    r->entered = now - r->entered;
    r->event = ENGINE_NO_EVENT;
    if (w->backends[backend].discipline == DISCIPLINE_FIFO) {
        step_advance(w, &w->backends[backend], now);
    } else {
        discipline_advance(w, backend, now);
        discipline_turn_away(w, backend, now);
    }
    line_slot_free(w, backend, now);
}

void backend_abandon(struct world *w, uint32_t id, lb_time now)
{
    struct request *r = world_request(w, id);
    struct backend *b = &w->backends[r->backend];
    r->flags |= REQUEST_ORPHAN;
    const struct backend_rest *rest = &w->rest[r->backend];
    bool knows = !rest->isolated && b->cancel_abandoned;
    if (rest->hung || (knows && r->state == REQUEST_SERVICE)) {
        backend_remove(w, id, now);
        requests_give(&w->requests, id);
    }
}
