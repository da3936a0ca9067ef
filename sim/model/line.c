/*
 * Requests that wait at the balancer because everybody who could take them is full.
 *
 * A place that comes free goes to whoever waits for it before anything else is asked of the
 * balancer, so nobody waits while a backend could take him. When a backend takes nothing any more,
 * those who waited for it are picked for anew. Cost: O(1) a request; a pick each when a backend
 * goes.
 */
#include "sim/model/world.h"

void line_join(struct world *w, uint32_t id, int32_t backend, lb_time now)
{
    const struct scenario_balancer *rule = w->balancer.rule;
    struct waiting *waiting = &w->balancer.waiting;
    if (rule->queue_size != SCENARIO_UNLIMITED && waiting->total >= rule->queue_size) {
        front_fail(w, id, CAUSE_BALANCER_FULL, now);
        return;
    }
    struct request *r = world_request(w, id);
    bool retried = w->balancer_retries && w->requests.tries[id].balancer > 0;
    uint32_t line = retried ? WAITING_RETRIED : WAITING_FRESH;
    if (backend >= 0) {
        line = WAITING_OWN + (uint32_t)backend;
        balancer_queued(&w->balancer, (uint32_t)backend, +1);
    }
    r->state = REQUEST_WAITING;
    r->next = waiting_join(waiting, line, w->balancer.wait_tier, id);
    r->event = ENGINE_NO_EVENT;
    if (rule->queue_timeout > 0)
        r->event = engine_at(w->engine, now + rule->queue_timeout, EVENT_QUEUE_TIMEOUT, id);
}

void line_leave(struct world *w, uint32_t id)
{
    struct request *r = world_request(w, id);
    uint32_t line = w->balancer.waiting.nodes[r->next].line;
    waiting_leave(&w->balancer.waiting, r->next);
    if (line >= WAITING_OWN)
        balancer_queued(&w->balancer, line - WAITING_OWN, -1);
    if (r->event != ENGINE_NO_EVENT)
        engine_cancel(w->engine, r->event);
    r->event = ENGINE_NO_EVENT;
}

void line_timeout_event(void *context, uint32_t subject, lb_time now)
{
    struct world *w = context;
    world_request(w, subject)->event = ENGINE_NO_EVENT;
    line_leave(w, subject);
    front_fail(w, subject, CAUSE_BALANCER_TIMEOUT, now);
}

static bool has_tried(const struct world *w, uint32_t id, uint32_t backend)
{
    const int32_t *tried = requests_tried(&w->requests, id);
    for (uint32_t i = 0; i < w->requests.tries[id].balancer; i++)
        if (tried[i] == (int32_t)backend)
            return true;
    return false;
}

/* The first of those who want another backend than before for whom this one is another. The search
 * has an end, lest a dead backend that everybody has tried costs O(line) for each refusal. */
#define LINE_LOOK 256U

static uint32_t next_retried(const struct world *w, uint32_t backend, uint32_t tier)
{
    const struct waiting *waiting = &w->balancer.waiting;
    uint32_t node = waiting_first(waiting, WAITING_RETRIED);
    for (uint32_t i = 0; node != WAITING_NONE && i < LINE_LOOK; i++) {
        const struct waiting_node *n = &waiting->nodes[node];
        if (n->tier >= tier && !has_tried(w, n->request, backend))
            return node;
        node = n->next;
    }
    return WAITING_NONE;
}

/* Whom a place at this backend is for: the first of its own line, else the first of the common
 * ones who may go there. A fresh one behind the first never may when the first may not: when a tier
 * loses its last backend all are picked for anew, so who waits for a later tier stands before. */
static uint32_t next_for(const struct world *w, uint32_t backend)
{
    const struct waiting *waiting = &w->balancer.waiting;
    uint32_t node = waiting_first(waiting, WAITING_OWN + backend);
    if (node != WAITING_NONE || w->tell.truth)
        return node;
    uint32_t tier = w->balancer.places[backend].tier;
    node = waiting_first(waiting, WAITING_FRESH);
    if (node != WAITING_NONE && waiting->nodes[node].tier < tier)
        node = WAITING_NONE;
    uint32_t retried = next_retried(w, backend, tier);
    if (retried != WAITING_NONE &&
        (node == WAITING_NONE || waiting->nodes[retried].order < waiting->nodes[node].order))
        return retried;
    return node;
}

/* An ideal waits for what only it can see, a free slot perhaps: whoever came first is picked for once
 * more, and stays where he is if the answer is the same. */
static bool ask_again(struct world *w, lb_time now)
{
    const struct waiting *waiting = &w->balancer.waiting;
    uint32_t node = waiting_first(waiting, WAITING_FRESH);
    uint32_t retried = waiting_first(waiting, WAITING_RETRIED);
    if (node == WAITING_NONE ||
        (retried != WAITING_NONE && waiting->nodes[retried].order < waiting->nodes[node].order))
        node = retried;
    if (node == WAITING_NONE)
        return false;
    uint32_t id = waiting->nodes[node].request;
    int32_t backend = front_pick_again(w, id, now);
    if (backend < 0 || balancer_full(&w->balancer, (uint32_t)backend))
        return false;
    line_leave(w, id);
    front_send_waiting(w, id, (uint32_t)backend, LB_BY_PICK, now);
    return true;
}

void line_slot_free(struct world *w, uint32_t backend, lb_time now)
{
    if (w->tell.truth && w->balancer.waiting.total != 0)
        (void)engine_at(w->engine, now, EVENT_SERVE, backend);
}

/* Without network delays an attempt may fail inside front_send_waiting, which frees its place and
 * comes here again. The loop below then goes on by itself; another backend's turn becomes an event,
 * so that the depth of calls does not grow with those who wait. */
void line_serve(struct world *w, uint32_t backend, lb_time now)
{
    if (w->serving != 0) {
        if (w->serving != backend + 1)
            (void)engine_at(w->engine, now, EVENT_SERVE, backend);
        return;
    }
    w->serving = backend + 1;
    while (w->balancer.waiting.total != 0 && !balancer_full(&w->balancer, backend) &&
           balancer_usable(&w->balancer, backend)) {
        uint32_t node = next_for(w, backend);
        if (node == WAITING_NONE)
            break;
        uint32_t id = w->balancer.waiting.nodes[node].request;
        line_leave(w, id);
        front_send_waiting(w, id, backend, LB_BY_QUEUE, now);
    }
    while (w->tell.truth && waiting_common(&w->balancer.waiting) != 0 && ask_again(w, now))
        ;
    w->serving = 0;
}

void line_serve_event(void *context, uint32_t subject, lb_time now)
{
    line_serve(context, subject, now);
}

/* Picks anew for everybody in a line; who finds nobody free again stands at its end, or in another,
 * and has waited as long as before. */
static void repick_line(struct world *w, uint32_t line, lb_time now)
{
    const struct waiting *waiting = &w->balancer.waiting;
    for (uint32_t left = waiting->lines[line].count; left > 0; left--) {
        uint32_t node = waiting->lines[line].head;
        if (node == WAITING_NONE)
            return; /* the others went meanwhile */
        uint32_t id = waiting->nodes[node].request;
        struct request *r = world_request(w, id);
        lb_time due = r->event != ENGINE_NO_EVENT ? engine_when(w->engine, r->event) : now;
        line_leave(w, id);
        front_place(w, id, now);
        if (r->state == REQUEST_WAITING && r->event != ENGINE_NO_EVENT) {
            engine_cancel(w->engine, r->event);
            r->event = engine_at(w->engine, due, EVENT_QUEUE_TIMEOUT, id);
        }
    }
}

void line_repick(struct world *w, uint32_t backend, lb_time now)
{
    const struct balancer *b = &w->balancer;
    repick_line(w, WAITING_OWN + backend, now);
    /* It may have been the last that somebody in a common line could wait for. */
    if (b->tiers[b->places[backend].tier].pool.usable == 0)
        repick_line(w, WAITING_FRESH, now);
    repick_line(w, WAITING_RETRIED, now);
}
