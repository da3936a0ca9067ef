/* See desk.h. */
#include "sim/model/desk.h"

#include "sim/model/step.h"

void desk_tick(const struct world *w, struct desk *desk, lb_time now)
{
    lb_time from = desk->since > w->ledger.from ? desk->since : w->ledger.from;
    lb_time until = now < w->ledger.until ? now : w->ledger.until;
    if (until > from) {
        desk->busy_area += (double)(until - from) * desk->busy;
        desk->queued_area += (double)(until - from) * desk->queued;
    }
    desk->busy_all += (double)(now - desk->since) * desk->busy;
    desk->since = now;
}

/* What this request takes of a worker. */
static lb_time cost(const struct world *w, const struct front *f, uint32_t id)
{
    lb_time takes = f->rule->capacity.request;
    if (w->connections == NULL)
        return world_delay(takes + f->rule->capacity.connection);
    if (connection_opened(w, id))
        takes += f->rule->capacity.connection;
    return world_delay(takes + connection_costs(w, f, id));
}

static void begin(struct world *w, struct front *f, uint32_t id, lb_time now)
{
    struct request *r = world_request(w, id);
    f->desk.busy++;
    r->state = REQUEST_DESK;
    lb_time takes = cost(w, f, id);
    if (f->gate.truth == TRUTH_SLOW)
        takes = world_delay(units_from_ns((double)takes / f->gate.speed));
    r->event = engine_at(w->engine, world_delay(now + takes), EVENT_DESK, id);
}

static void unlink_queued(struct world *w, struct desk *desk, struct request *r)
{
    if (r->event != 0)
        world_request(w, r->event)->next = r->next;
    else
        desk->head = r->next;
    if (r->next != 0)
        world_request(w, r->next)->event = r->event;
    else
        desk->tail = r->event;
    r->event = ENGINE_NO_EVENT;
    desk->queued--;
}

/* A worker is free: the first of those that wait has it. */
static void next(struct world *w, struct front *f, lb_time now)
{
    uint32_t id = f->desk.head;
    if (id == 0 || f->desk.busy >= f->rule->capacity.workers)
        return;
    unlink_queued(w, &f->desk, world_request(w, id));
    begin(w, f, id, now);
}

bool desk_takes(struct world *w, struct front *f, uint32_t id, lb_time now)
{
    struct desk *desk = &f->desk;
    struct request *r = world_request(w, id);
    if (f->rule->capacity.workers == 0)
        return false;
    desk_tick(w, desk, now);
    if (desk->busy < f->rule->capacity.workers) {
        begin(w, f, id, now);
        return true;
    }
    if (desk->queued >= f->rule->capacity.queue) {
        front_fail(w, id, CAUSE_BALANCER_FULL, now);
        return true;
    }
    r->state = REQUEST_DESK_QUEUED;
    r->next = 0;
    r->event = desk->tail;
    if (desk->tail != 0)
        world_request(w, desk->tail)->next = id;
    else
        desk->head = id;
    desk->tail = id;
    desk->queued++;
    return true;
}

void desk_over_event(void *context, uint32_t subject, lb_time now)
{
    struct world *w = context;
    struct front *f = world_front(w, subject);
    world_request(w, subject)->event = ENGINE_NO_EVENT;
    desk_tick(w, &f->desk, now);
    f->desk.busy--;
    next(w, f, now);
    step_pick(w, subject, now);
}

void desk_leave(struct world *w, struct front *f, uint32_t id, lb_time now)
{
    struct request *r = world_request(w, id);
    desk_tick(w, &f->desk, now);
    if (r->state == REQUEST_DESK_QUEUED) {
        unlink_queued(w, &f->desk, r);
        return;
    }
    engine_cancel(w->engine, r->event);
    r->event = ENGINE_NO_EVENT;
    f->desk.busy--;
    next(w, f, now);
}
