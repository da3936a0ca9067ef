/* See gate.h. What is true of balancers and roads; who gets through. */
#include "sim/model/gate.h"

#include <stdlib.h>
#include <string.h>

#include "sim/base/text.h"
#include "sim/model/step.h"
#include "sim/model/takeover.h"

void gate_watch(struct world *w)
{
    if (w->gates)
        return;
    w->gates = true;
    w->roads.to_backend = text_need_zero((size_t)w->front_count * w->places, 1);
    w->roads.between = text_need_zero((size_t)w->front_count * w->front_count, 1);
    link_needed(w);
}

void gate_done(struct world *w)
{
    free(w->roads.to_backend);
    free(w->roads.between);
    free(w->roads.loss);
}

bool gate_runs(const struct front *f)
{
    return f->gate.truth != TRUTH_HUNG && f->gate.truth != TRUTH_DOWN;
}

bool gate_apart(const struct world *w, const struct front *f, uint32_t backend)
{
    return w->gates && (f->gate.cut || w->roads.to_backend[world_place(w, f, backend)] != 0);
}

bool gate_apart_fronts(const struct world *w, const struct front *f, const struct front *g)
{
    return w->gates && (f->gate.cut || g->gate.cut ||
                        w->roads.between[f->number * w->front_count + g->number] != 0);
}

/* --- cuts ------------------------------------------------------------------------------------- */

static void cut_pair(struct world *w, uint32_t a, uint32_t b, bool cut)
{
    w->roads.between[a * w->front_count + b] = cut;
    w->roads.between[b * w->front_count + a] = cut;
}

static void cut_place(struct world *w, uint32_t front, uint32_t backend, bool cut)
{
    if (!w->fronts[front].outer)
        w->roads.to_backend[world_place(w, &w->fronts[front], backend)] = cut;
}

/* One machine from a set of others; from count 0: from everybody. */
static void cut_one(struct world *w, bool balancer, uint32_t which,
                    const struct scenario_machines *from, bool cut)
{
    if (from->count == 0 && balancer) {
        w->fronts[which].gate.cut = cut;
        return;
    }
    uint32_t first = from->first, count = from->count;
    if (count == 0)
        count = w->front_count;
    for (uint32_t i = first; i < first + count; i++) {
        if (!balancer)
            cut_place(w, i, which, cut);
        else if (!from->balancers)
            cut_place(w, which, i, cut);
        else if (i != which)
            cut_pair(w, which, i, cut);
    }
}

void gate_isolate(struct world *w, const struct scenario_action *action, bool cut)
{
    for (uint32_t i = action->first; i < action->first + action->count; i++)
        cut_one(w, action->at_balancers, i, &action->from, cut);
}

void gate_lose(struct world *w, const struct scenario_action *action, double share)
{
    if (w->roads.loss == NULL)
        w->roads.loss = text_need_zero((size_t)w->front_count * w->places, sizeof *w->roads.loss);
    for (uint32_t i = action->first; i < action->first + action->count; i++) {
        fault_draws(w, i);
        for (uint32_t k = 0; k < action->from.count; k++) {
            const struct front *f = &w->fronts[action->from.first + k];
            if (!f->outer)
                w->roads.loss[world_place(w, f, i)] = share;
        }
    }
}

double gate_loss(const struct world *w, const struct front *f, uint32_t backend, double own)
{
    if (w->roads.loss == NULL)
        return own;
    return 1.0 - (1.0 - own) * (1.0 - w->roads.loss[world_place(w, f, backend)]);
}

/* --- who gets through ------------------------------------------------------------------------- */

/* Nobody will answer this request: its client waits until it gives up. */
static void hold(struct world *w, uint32_t id, uint32_t bad)
{
    struct request *r = world_request(w, id);
    r->state = REQUEST_HELD;
    r->event = ENGINE_NO_EVENT;
    r->next = bad;
}

/* Has its connection gone to another balancer while it was on its way, or is nobody there yet? */
static bool passed_by(const struct world *w, uint32_t id, const struct front *f)
{
    if (w->connections->use[id].mere)
        return false;
    const struct connection *c = &w->connections->at[w->connections->use[id].connection];
    return c->front != f->number || (c->flags & CONNECTION_ADRIFT) != 0;
}

bool gate_stops(struct world *w, uint32_t id, lb_time now)
{
    const struct front *f = world_front(w, id);
    uint32_t outer = w->requests.tries != NULL ? w->requests.tries[id].outer : 0;
    bool lost = f->gate.cut;
    if (outer == 0 && w->front_count > 1 && redundancy_shared(w, f) &&
        (w->requests.tries[id].gap || lost || f->gate.truth == TRUTH_DOWN || f->gate.drained)) {
        hold(w, id, WORLD_BAD(CAUSE_FAILOVER_GAP, WHY_FAILOVER)); /* the machine is gone */
        return true;
    }
    if (outer == 0 && w->connections != NULL && passed_by(w, id, f)) {
        hold(w, id, WORLD_BAD(CAUSE_FAILOVER_GAP, WHY_FAILOVER));
        return true;
    }
    if (outer != 0)
        lost = gate_apart_fronts(w, f, &w->fronts[outer - 1U]);
    if (lost) {
        hold(w, id, WORLD_BAD(CAUSE_BALANCER_DOWN, WHY_BALANCER));
        return true;
    }
    if (f->gate.truth == TRUTH_HUNG) {
        hold(w, id, WORLD_BAD(CAUSE_RESPONSE_TIMEOUT, WHY_BALANCER));
        return true;
    }
    if (f->gate.truth != TRUTH_DOWN && !f->gate.drained)
        return false;
    world_request(w, id)->event = ENGINE_NO_EVENT;
    if (w->connections != NULL && outer == 0 && !w->connections->use[id].mere)
        connection_end(w, w->connections->use[id].connection, LB_END_REFUSED, now);
    front_fail(w, id, CAUSE_BALANCER_DOWN, now);
    return true;
}

bool gate_loses_answer(struct world *w, uint32_t id)
{
    struct request *r = world_request(w, id);
    if (world_front(w, id)->gate.truth != TRUTH_HUNG || (r->flags & REQUEST_CUT) != 0)
        return false;
    r->state = REQUEST_LOST;
    r->event = ENGINE_NO_EVENT;
    return true;
}

bool gate_loses_end(struct world *w, uint32_t id)
{
    const struct front *f = world_front(w, id);
    uint32_t outer = w->requests.tries != NULL ? w->requests.tries[id].outer : 0;
    if (outer != 0 ? !gate_apart_fronts(w, f, &w->fronts[outer - 1U]) : !f->gate.cut)
        return false;
    hold(w, id, WORLD_BAD(CAUSE_RESPONSE_TIMEOUT, WHY_LOST));
    return true;
}

bool gate_loses_hop(struct world *w, uint32_t id)
{
    const struct front *f = &w->fronts[w->requests.tries[id].outer - 1U];
    if (f->gate.truth != TRUTH_HUNG)
        return false;
    hold(w, id, WORLD_BAD(CAUSE_RESPONSE_TIMEOUT, WHY_CRASH));
    return true;
}

bool gate_loses_probe(const struct world *w, const struct front *f, uint32_t member)
{
    if (!w->gates || !f->outer)
        return false; /* between balancer and backend: link.c */
    const struct front *inner = &w->fronts[f->to_first + member];
    return gate_apart_fronts(w, f, inner) || inner->gate.truth == TRUTH_HUNG;
}

/* --- the end of a process --------------------------------------------------------------------- */

static bool is_at(const struct world *w, uint32_t id, const struct front *f)
{
    return w->front_count == 1 || w->requests.tries[id].front == f->number;
}

/* Its own checks are forgotten with it. */
static void drop_probes(struct world *w, struct front *f, lb_time now)
{
    for (uint32_t id = 1; id <= w->requests.used; id++) {
        struct request *r = world_request(w, id);
        if (r->state == REQUEST_FREE ||
            (r->flags & (REQUEST_PROBE | REQUEST_ORPHAN)) != REQUEST_PROBE || !is_at(w, id, f))
            continue;
        engine_cancel(w->engine, r->timeout);
        probe_forget(w, id, now);
    }
}

static void cancel(struct world *w, engine_event *event)
{
    if (*event != ENGINE_NO_EVENT)
        engine_cancel(w->engine, *event);
    *event = ENGINE_NO_EVENT;
}

void gate_stop(struct world *w, struct front *f, lb_time now)
{
    drop_probes(w, f, now);
    for (uint32_t i = 0; i < f->balancer.backend_count; i++) {
        if (f->watch.checks != NULL)
            cancel(w, &f->watch.checks[i]);
        if (f->watch.warm != NULL)
            cancel(w, &f->watch.warm[i]);
    }
    for (uint32_t t = 0; t < f->balancer.tier_count; t++)
        cancel(w, &f->timers[t]);
    f->tell.generation++;
    if (gate_runs(f))
        f->gate.stopped_at = now;
    takeover_silenced(w, f);
}

/* Is this request in flight through the balancer, so that it goes with it? What is on its way to it
 * finds out when it arrives. */
static bool goes_with(const struct world *w, uint32_t id, const struct front *f)
{
    const struct request *r = &w->requests.at[id];
    if (r->state == REQUEST_FREE || r->state == REQUEST_RESTING ||
        (r->flags & (REQUEST_ORPHAN | REQUEST_PROBE)) != 0)
        return false;
    if (w->requests.tries != NULL && w->requests.tries[id].outer == f->number + 1U)
        return true; /* an attempt of the outer of two, wherever it is */
    if (!is_at(w, id, f) || r->state == REQUEST_TO_BALANCER || r->state == REQUEST_TO_CLIENT)
        return false;
    if (r->state == REQUEST_HELD) /* accepted and held, or never arrived? */
        return WORLD_BAD_CAUSE(r->next) == CAUSE_RESPONSE_TIMEOUT &&
               WORLD_BAD_WHY(r->next) != WHY_LOST;
    return true;
}

/* Those that go with it, by number; to be freed. */
static uint32_t *gather(const struct world *w, const struct front *f, uint32_t *count)
{
    uint32_t *ids = text_need((w->requests.used + 1U) * sizeof *ids);
    *count = 0;
    for (uint32_t id = 1; id <= w->requests.used; id++)
        if (goes_with(w, id, f))
            ids[(*count)++] = id;
    return ids;
}

/* A new record in which the request goes on as it is; 0 when there is no room, and the run ends. The old
 * one is then nobody's. */
static uint32_t carry_on(struct world *w, uint32_t id)
{
    uint32_t other = requests_take(&w->requests);
    if (other == 0) {
        client_too_many(w);
        return 0;
    }
    struct requests *requests = &w->requests;
    struct request *r = world_request(w, other);
    *r = *world_request(w, id);
    r->flags &= REQUEST_MEASURED | REQUEST_COPY;
    r->event = ENGINE_NO_EVENT;
    if (requests->tries != NULL)
        requests->tries[other] = requests->tries[id];
    if (requests->stride > 0)
        memcpy(requests_tried(requests, other), requests_tried(requests, id),
               requests->stride * sizeof(int32_t));
    if (requests->more != NULL)
        requests->more[other] = (struct request_more){.work = (double)r->work};
    if (w->state.on)
        state_leave(w, other); /* its work is its own again */
    if (w->hedges.on)
        hedge_hand_on(w, id, other);
    struct source *s = world_source(w, r);
    if (s->rule->timeout > 0 && (r->flags & REQUEST_COPY) == 0)
        deadlines_hand_on(&s->deadlines, r, other);
    return other;
}

/* What is at the backend goes on there without anybody; the request itself ends in a record of its
 * own. */
static void reset(struct world *w, struct front *f, uint32_t id, uint32_t bad, lb_time now)
{
    if (w->hedges.on)
        hedge_over(w, HEDGE_BALANCER, id, now);
    uint8_t trial = world_request(w, id)->flags & REQUEST_TRIAL_OUTER;
    bool leaves_outer = w->requests.tries != NULL && w->requests.tries[id].outer == f->number + 1U;
    uint32_t other = carry_on(w, id);
    if (other == 0)
        return;        /* the run ends here */
    if (!leaves_outer) /* the attempt of the outer one goes on */
        world_request(w, other)->flags |= trial;
    if (w->guards)
        guard_hand_on(w, id, other, leaves_outer);
    if (leaves_outer) {
        front_leave(w, id, now);
        w->requests.tries[other].outer = 0;
        w->requests.tries[other].front = (uint16_t)f->number;
    } else {
        front_detach(w, id, now);
    }
    if (w->connections != NULL) { /* not before: its books may be those of its connection */
        connection_hand_on(w, id, other);
        const struct connection_use *use = &w->connections->use[other];
        if (use->connection != 0 && !use->waits)
            connection_end(w, use->connection, LB_END_RESET, now); /* with this request */
    }
    front_return(w, other, bad, now);
}

void gate_reset(struct world *w, struct front *f, uint32_t address, enum cause cause, lb_time now)
{
    uint32_t count;
    uint32_t *ids = gather(w, f, &count);
    enum why why = WHY_CRASH;
    if (cause == CAUSE_DRAIN_CUT || cause == CAUSE_FAILOVER_GAP)
        why = cause == CAUSE_DRAIN_CUT ? WHY_DRAIN_CUT : WHY_FAILOVER;
    for (uint32_t i = 0; i < count; i++)
        if ((address == TAKEOVER_ALL || w->requests.tries[ids[i]].address == address) &&
            goes_with(w, ids[i], f) &&                    /* another's end may have moved it on */
            !(w->hedges.on && hedge_is_inner(w, ids[i]))) /* with its main one */
            reset(w, f, ids[i], WORLD_BAD(cause, why), now);
    free(ids);
    if (w->connections != NULL)
        connections_gone(w, f, address, now);
}

void gate_hold(struct world *w, struct front *f)
{
    for (uint32_t id = 1; id <= w->requests.used; id++) {
        struct request *r = world_request(w, id);
        if ((r->flags & (REQUEST_ORPHAN | REQUEST_PROBE)) != 0 || !is_at(w, id, f))
            continue;
        if (!f->outer && request_in_books(r))
            link_finish(w, id); /* it gives up no attempt */
        if (r->state == REQUEST_WAITING)
            line_leave(w, f, id);
        else if (r->state == REQUEST_DESK || r->state == REQUEST_DESK_QUEUED)
            desk_leave(w, f, id, engine_now(w->engine));
        else if (r->state == REQUEST_BACKOFF)
            engine_cancel(w->engine, r->event);
        else
            continue;
        hold(w, id, WORLD_BAD(CAUSE_RESPONSE_TIMEOUT, WHY_CRASH));
    }
}

void gate_begin(struct world *w, struct front *f, lb_time now)
{
    f->gate.lives++;
    stick_lose(w, f, now);
    guard_restart(f);
    front_restart(w, f, now);
    probe_init(w, f, now);
    takeover_resume(w, f, now);
}
