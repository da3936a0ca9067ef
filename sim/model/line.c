/*
 * Requests that wait at the balancer because everybody who could take them is full.
 *
 * A place that comes free goes to whoever waits for it before anything else is asked of the
 * balancer, so nobody waits while a backend could take him. When a backend takes nothing any more,
 * those who waited for it are picked for anew. Cost: O(1) a request; a pick each when a backend
 * goes.
 */
#include "sim/model/world.h"

/* The two common lines of the pool that a class of requests goes to. */
static uint32_t common_line(const struct front *f, const struct request *r, bool retried)
{
    uint32_t pool = f->rule->pool;
    if (f->outer)
        pool = 0;
    else if (f->rule->pool_of_class != NULL)
        pool = f->rule->pool_of_class[r->class];
    return 2 * pool + (retried ? WAITING_RETRIED : WAITING_FRESH);
}

void line_join(struct world *w, struct front *f, uint32_t id, int32_t backend, lb_time now)
{
    const struct scenario_balancer *rule = f->rule;
    struct waiting *waiting = &f->balancer.waiting;
    if (rule->queue_size != SCENARIO_UNLIMITED && waiting->total >= rule->queue_size) {
        front_fail(w, id, CAUSE_BALANCER_FULL, now);
        return;
    }
    if (w->guards && !guard_waits(w, f, id, now))
        return;
    struct request *r = world_request(w, id);
    const int32_t *tried;
    uint32_t line = common_line(f, r, front_tried(w, f, id, &tried) > 0);
    if (backend >= 0) {
        line = waiting->own + (uint32_t)backend;
        balancer_queued(&f->balancer, (uint32_t)backend, +1);
    }
    if (w->tallies.at != NULL)
        tally_waits(w, f, now);
    r->state = REQUEST_WAITING;
    r->next = waiting_join(waiting, line, f->balancer.wait_tier, id);
    r->event = ENGINE_NO_EVENT;
    if (rule->queue_timeout > 0)
        r->event = engine_at(w->engine, now + rule->queue_timeout, EVENT_QUEUE_TIMEOUT, id);
    if (w->story != NULL)
        story_waits(w, f, id, backend, now);
}

void line_join_room(struct world *w, struct front *f, uint32_t id, uint32_t backend, lb_time now)
{
    const struct balancer_pool *pool = &f->balancer.pools[f->balancer.places[backend].pool];
    f->balancer.wait_tier = pool->first + pool->count - 1; /* whichever of its tiers it will be */
    line_join(w, f, id, -1, now);
}

void line_leave(struct world *w, struct front *f, uint32_t id)
{
    struct request *r = world_request(w, id);
    struct waiting *waiting = &f->balancer.waiting;
    uint32_t line = waiting->nodes[r->next].line;
    if (w->tallies.at != NULL)
        tally_waits(w, f, engine_now(w->engine));
    waiting_leave(waiting, r->next);
    if (w->guards)
        guard_waits_no_more(f, r);
    if (line >= waiting->own)
        balancer_queued(&f->balancer, line - waiting->own, -1);
    if (r->event != ENGINE_NO_EVENT)
        engine_cancel(w->engine, r->event);
    r->event = ENGINE_NO_EVENT;
}

void line_timeout_event(void *context, uint32_t subject, lb_time now)
{
    struct world *w = context;
    world_request(w, subject)->event = ENGINE_NO_EVENT;
    line_leave(w, world_front(w, subject), subject);
    front_fail(w, subject, CAUSE_BALANCER_TIMEOUT, now);
}

static bool has_tried(const struct world *w, const struct front *f, uint32_t id, uint32_t backend)
{
    const int32_t *tried;
    uint32_t count = front_tried(w, f, id, &tried);
    for (uint32_t i = 0; i < count; i++)
        if (tried[i] == (int32_t)backend)
            return true;
    return false;
}

/* The first of those who want another backend than before for whom this one is another. The search
 * has an end, lest a dead backend that everybody has tried costs O(line) for each refusal. */
#define LINE_LOOK 256U

static uint32_t next_retried(const struct world *w, const struct front *f, uint32_t backend)
{
    const struct waiting *waiting = &f->balancer.waiting;
    const struct balancer_place *place = &f->balancer.places[backend];
    uint32_t tier = place->tier;
    uint32_t node = waiting_first(waiting, 2U * place->pool + WAITING_RETRIED);
    for (uint32_t i = 0; node != WAITING_NONE && i < LINE_LOOK; i++) {
        const struct waiting_node *n = &waiting->nodes[node];
        if (n->tier >= tier && !has_tried(w, f, n->request, backend))
            return node;
        node = n->next;
    }
    return WAITING_NONE;
}

/* Whom a place at this backend is for: the first of its own line, else the first of the common
 * ones who may go there. A fresh one behind the first never may when the first may not: when a tier
 * loses its last backend all are picked for anew, so who waits for a later tier stands before. */
static uint32_t next_for(const struct world *w, const struct front *f, uint32_t backend)
{
    const struct waiting *waiting = &f->balancer.waiting;
    uint32_t node = waiting_first(waiting, waiting->own + backend);
    if (node != WAITING_NONE || f->tell.truth || upstream_limited(f->upstream))
        return node;
    const struct balancer_place *place = &f->balancer.places[backend];
    uint32_t tier = place->tier;
    node = waiting_first(waiting, 2U * place->pool + WAITING_FRESH);
    if (node != WAITING_NONE && waiting->nodes[node].tier < tier)
        node = WAITING_NONE;
    uint32_t retried = next_retried(w, f, backend);
    if (retried != WAITING_NONE &&
        (node == WAITING_NONE || waiting->nodes[retried].order < waiting->nodes[node].order))
        return retried;
    return node;
}

/* The request of a node is picked for once more; true when it has gone. */
static bool goes(struct world *w, struct front *f, uint32_t node, lb_time now)
{
    if (node == WAITING_NONE)
        return false;
    uint32_t id = f->balancer.waiting.nodes[node].request;
    int32_t backend = front_pick_again(w, f, id, now);
    if (backend == LB_WAIT) /* for another tier, perhaps, than before */
        f->balancer.waiting.nodes[node].tier = f->balancer.wait_tier;
    if (backend < 0 || balancer_full(&f->balancer, (uint32_t)backend) ||
        !upstream_room(f, (uint32_t)backend))
        return false;
    line_leave(w, f, id);
    front_send_waiting(w, id, (uint32_t)backend, LB_BY_PICK, now);
    return true;
}

/* An ideal waits for what only it can see, a free slot perhaps: whoever came first is picked for once
 * more, and stays where he is if the answer is the same. One who may not go to this backend, where
 * something changed, keeps nobody else from it. */
static bool ask_again(struct world *w, struct front *f, uint32_t backend, lb_time now)
{
    const struct waiting *waiting = &f->balancer.waiting;
    uint32_t pool = f->balancer.places[backend].pool;
    uint32_t fresh = waiting_first(waiting, 2 * pool + WAITING_FRESH);
    uint32_t retried = next_retried(w, f, backend);
    if (retried != WAITING_NONE && fresh != WAITING_NONE &&
        waiting->nodes[retried].order < waiting->nodes[fresh].order)
        return goes(w, f, retried, now) || goes(w, f, fresh, now);
    return goes(w, f, fresh, now) || goes(w, f, retried, now);
}

void line_slot_free(struct world *w, uint32_t backend, lb_time now)
{
    for (uint32_t i = 0; w->truth && i < w->front_count; i++) {
        struct front *f = &w->fronts[i];
        if (f->tell.truth && f->balancer.waiting.total != 0)
            (void)engine_at(w->engine, now, EVENT_SERVE, world_place(w, f, backend));
    }
}

/* Whoever waits is picked for anew, and has waited as long as before. */
static void repick(struct world *w, struct front *f, uint32_t id, lb_time now)
{
    struct request *r = world_request(w, id);
    lb_time due = r->event != ENGINE_NO_EVENT ? engine_when(w->engine, r->event) : now;
    line_leave(w, f, id);
    front_place(w, id, now);
    r = world_request(w, id);
    if (r->state == REQUEST_WAITING && r->event != ENGINE_NO_EVENT) {
        engine_cancel(w->engine, r->event);
        r->event = engine_at(w->engine, due, EVENT_QUEUE_TIMEOUT, id);
    }
}

/* The pool of this backend may have a connection more: whoever waits in its common lines is picked for
 * anew, the fresh ones until one finds nobody free, who would find nobody for the others; then the lines
 * of its backends have their turn. O(backends) when somebody waits for one of them. */
static void serve_room(struct world *w, struct front *f, uint32_t backend, lb_time now)
{
    struct balancer *b = &f->balancer;
    const struct waiting *waiting = &b->waiting;
    uint32_t pool = b->places[backend].pool;
    for (uint32_t line = 2 * pool; line < 2 * pool + 2; line++)
        for (uint32_t left = waiting->lines[line].count;
             left > 0 && waiting->lines[line].head != WAITING_NONE && upstream_room(f, backend);
             left--) {
            uint32_t before = waiting->lines[line].count;
            repick(w, f, waiting->nodes[waiting->lines[line].head].request, now);
            if (line % 2 == WAITING_FRESH && waiting->lines[line].count >= before)
                break;
        }
    if (!upstream_room(f, backend) || waiting->total == waiting_common(waiting))
        return;
    for (uint32_t i = 0; i < b->backend_count; i++)
        if (i != backend && b->places[i].pool == pool && waiting_for(waiting, i) > 0 &&
            !balancer_full(b, i) && balancer_usable(b, i))
            (void)engine_at(w->engine, now, EVENT_SERVE, world_place(w, f, i));
}

/* Without network delays an attempt may fail inside front_send_waiting, which frees its place and
 * comes here again. The loop below then goes on by itself; another backend's turn becomes an event,
 * so that the depth of calls does not grow with those who wait. */
void line_serve(struct world *w, struct front *f, uint32_t backend, lb_time now)
{
    struct balancer *b = &f->balancer;
    if (!gate_runs(f))
        return;
    if (f->serving != 0) {
        if (f->serving != backend + 1)
            (void)engine_at(w->engine, now, EVENT_SERVE, world_place(w, f, backend));
        return;
    }
    f->serving = backend + 1;
    while (b->waiting.total != 0 && !balancer_full(b, backend) && balancer_usable(b, backend) &&
           upstream_room(f, backend)) {
        uint32_t node = next_for(w, f, backend);
        if (node == WAITING_NONE)
            break;
        uint32_t id = b->waiting.nodes[node].request;
        line_leave(w, f, id);
        front_send_waiting(w, id, backend, LB_BY_QUEUE, now);
    }
    while (f->tell.truth && b->waiting.total != 0 && ask_again(w, f, backend, now))
        ;
    if (upstream_limited(f->upstream))
        serve_room(w, f, backend, now);
    f->serving = 0;
}

void line_serve_event(void *context, uint32_t subject, lb_time now)
{
    uint32_t backend;
    struct front *f = world_front_of_place(context, subject, &backend);
    line_serve(context, f, backend, now);
}

/* Picks anew for everybody in a line; who finds nobody free again stands at its end, or in another,
 * and has waited as long as before. */
static void repick_line(struct world *w, struct front *f, uint32_t line, lb_time now)
{
    const struct waiting *waiting = &f->balancer.waiting;
    for (uint32_t left = waiting->lines[line].count; left > 0; left--) {
        uint32_t node = waiting->lines[line].head;
        if (node == WAITING_NONE)
            return; /* the others went meanwhile */
        repick(w, f, waiting->nodes[node].request, now);
    }
}

void line_repick(struct world *w, struct front *f, uint32_t backend, lb_time now)
{
    const struct balancer *b = &f->balancer;
    uint32_t common = 2U * b->places[backend].pool;
    repick_line(w, f, b->waiting.own + backend, now);
    /* It may have been the last that somebody in a common line could wait for. */
    if (b->tiers[b->places[backend].tier].pool.usable == 0)
        repick_line(w, f, common + WAITING_FRESH, now);
    repick_line(w, f, common + WAITING_RETRIED, now);
}
