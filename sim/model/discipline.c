/*
 * See discipline.h: what all disciplines share, and the limits of the wait in a queue.
 *
 * queue_timeout is a patience that is drawn for each request that waits; when it is over the request
 * is turned away. A controlled delay limits the wait too, by how long the queue has not been empty:
 * a long limit (the interval) as long as it was lately, a short one (the target) after that, so that
 * a queue that stands for long cannot make everybody wait.
 * Source: B. Maurer, "Fail at scale", ACM Queue 13 (2015) 8, which names CoDel as its idea.
 */
#include "sim/model/discipline.h"

#include "sim/base/stream.h"

static const struct service_order sharing = {.shares = true};

static const struct service_order *const disciplines[DISCIPLINES + 1] = {
    [DISCIPLINE_PS] = &sharing,
    [DISCIPLINE_LIFO] = &discipline_lifo,
    [DISCIPLINE_ADAPTIVE_LIFO] = &discipline_adaptive_lifo,
    [DISCIPLINE_CODEL] = &discipline_codel,
    [DISCIPLINE_PRIORITY] = &discipline_priority,
    [BACKEND_CLOCKED_FIFO] = &discipline_fifo,
};

static const struct service_order *of(const struct world *w, uint32_t backend)
{
    return disciplines[w->backends[backend].discipline];
}

/* --- the queue -------------------------------------------------------------------------------- */

void queue_put(struct world *w, uint32_t backend, uint32_t after, uint32_t id, lb_time now)
{
    struct backend *b = &w->backends[backend];
    struct request *r = world_request(w, id);
    uint32_t follower = after != 0 ? world_request(w, after)->next : b->head;
    r->next = follower;
    r->event = after;
    if (after != 0)
        world_request(w, after)->next = id;
    else
        b->head = id;
    if (follower != 0)
        world_request(w, follower)->event = id;
    else
        b->tail = id;
    backend_queued(b, +1, now);
}

void queue_take(struct world *w, uint32_t backend, uint32_t id, lb_time now)
{
    struct backend *b = &w->backends[backend];
    struct request *r = world_request(w, id);
    bool first = b->head == id; /* then the link to before it means nothing */
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

/* --- limits of the wait ----------------------------------------------------------------------- */

static lb_time patience(struct world *w, const struct backend_rest *rest, uint32_t id, lb_time now)
{
    const struct scenario_nature *nature = rest->nature;
    const struct request *r = world_request(w, id);
    lb_time wait = LB_NEVER;
    if (nature->control.on)
        wait = now - rest->filled_at > nature->control.interval ? nature->control.target
                                                                : nature->control.interval;
    if (nature->impatient) {
        struct lb_random random;
        uint64_t probe = (r->flags & REQUEST_PROBE) != 0 ? UINT64_C(1) << 63 : 0;
        stream_open(&random, &w->key, STREAM_PATIENCE, probe | r->number,
                    requests_attempt(&w->requests, id));
        lb_time drawn = distribution_draw_time(&nature->patience, &random);
        wait = drawn < wait ? drawn : wait;
    }
    return wait;
}

static void arm(struct world *w, uint32_t backend, uint32_t id, lb_time now)
{
    struct backend_rest *rest = &w->rest[backend];
    if (w->backends[backend].queued == 1)
        rest->filled_at = now;
    lb_time wait = patience(w, rest, id, now);
    struct request_more *more = &w->requests.more[id];
    more->overdue = false;
    if (wait < LB_NEVER)
        more->patience = engine_at(w->engine, now + world_delay(wait), EVENT_PATIENCE, id);
}

static void disarm(struct world *w, uint32_t id)
{
    struct request_more *more = &w->requests.more[id];
    if (more->patience != ENGINE_NO_EVENT)
        engine_cancel(w->engine, more->patience);
    more->patience = ENGINE_NO_EVENT;
}

/* Patience is over. A backend that stands still turns nobody away before it goes on. */
void backend_patience_event(void *context, uint32_t subject, lb_time now)
{
    struct world *w = context;
    uint32_t backend = (uint32_t)world_request(w, subject)->backend;
    w->requests.more[subject].patience = ENGINE_NO_EVENT;
    if (w->backends[backend].frozen) {
        w->requests.more[subject].overdue = true;
        return;
    }
    of(w, backend)->leave(w, backend, subject, now);
    backend_leave(w, subject, LB_END_QUEUE_TIMEOUT, now);
}

/* --- in and out ------------------------------------------------------------------------------- */

static void begin(struct world *w, uint32_t backend, uint32_t id, lb_time now)
{
    struct backend_rest *rest = &w->rest[backend];
    const struct request *r = world_request(w, id);
    bool error = rest->error_share > 0 && (r->flags & REQUEST_PROBE) == 0 &&
                 lb_random_unit(&rest->errors) < rest->error_share;
    double work = (double)(error ? rest->error_in : r->work);
    if (w->requests.more != NULL) {
        w->requests.more[id].work = work;
        w->requests.more[id].error = error;
    }
    service_enter(w, backend, id, work, now);
}

void discipline_wait(struct world *w, uint32_t id, lb_time now)
{
    struct request *r = world_request(w, id);
    uint32_t backend = (uint32_t)r->backend;
    if (of(w, backend)->shares) {
        begin(w, backend, id, now);
        return;
    }
    r->state = REQUEST_QUEUED;
    of(w, backend)->join(w, backend, id, now);
    arm(w, backend, id, now);
}

void discipline_receive(struct world *w, uint32_t id, lb_time now)
{
    uint32_t backend = (uint32_t)world_request(w, id)->backend;
    const struct backend *b = &w->backends[backend];
    if (of(w, backend)->shares || b->busy >= b->slots)
        discipline_wait(w, id, now);
    else
        begin(w, backend, id, now);
}

uint32_t queue_first(struct world *w, uint32_t backend, lb_time now)
{
    const struct backend *b = &w->backends[backend];
    while (b->head != 0) {
        uint32_t id = b->head;
        queue_take(w, backend, id, now);
        if ((world_request(w, id)->flags & REQUEST_ORPHAN) == 0)
            return id;
        disarm(w, id);
        backend_leave(w, id, LB_END_CANCELLED, now);
    }
    return 0;
}

void discipline_advance(struct world *w, uint32_t backend, lb_time now)
{
    const struct backend *b = &w->backends[backend];
    while (b->busy < b->slots && !b->frozen) {
        uint32_t id = of(w, backend)->shares ? 0 : of(w, backend)->next(w, backend, now);
        if (id == 0)
            return;
        disarm(w, id);
        if ((world_request(w, id)->flags & REQUEST_ORPHAN) == 0)
            begin(w, backend, id, now);
        else
            backend_leave(w, id, LB_END_CANCELLED, now);
    }
}

/* What one of them leads to may come back here, and then goes on with the same chain. */
void discipline_turn_away(struct world *w, uint32_t backend, lb_time now)
{
    struct backend_rest *rest = &w->rest[backend];
    while (rest->dropped != 0) {
        uint32_t id = rest->dropped;
        rest->dropped = world_request(w, id)->next;
        disarm(w, id);
        backend_leave(w, id, LB_END_QUEUE_TIMEOUT, now);
    }
}

void discipline_go_on(struct world *w, uint32_t backend, lb_time now)
{
    uint32_t next = of(w, backend)->shares ? 0 : w->backends[backend].head;
    while (next != 0) {
        uint32_t id = next;
        struct request *r = world_request(w, id);
        next = r->next;
        if (!w->requests.more[id].overdue)
            continue;
        of(w, backend)->leave(w, backend, id, now);
        r->state = REQUEST_BACK;
        r->next = w->rest[backend].dropped;
        w->rest[backend].dropped = id;
    }
    discipline_advance(w, backend, now);
}

void discipline_take_out(struct world *w, uint32_t id, lb_time now)
{
    uint32_t backend = (uint32_t)world_request(w, id)->backend;
    of(w, backend)->leave(w, backend, id, now);
    disarm(w, id);
}
