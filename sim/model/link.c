/*
 * Between a balancer and a backend: packets that are lost, and how long the balancer waits.
 *
 * A packet that is lost is lost for good: of an attempt either the way there (no connection) or the
 * way back (no answer). Nothing is sent again by itself, so the attempt stays in the books until
 * somebody gives up: its balancer (timeouts.connect, then timeouts.response, both since it was sent)
 * or its client; with neither it waits to the end of the run. Isolated is: every packet is lost. What
 * the backend has begun it finishes, and it does not learn that a client has left.
 *
 * When a balancer gives up, the record stays behind at the backend, as when a client leaves, and the
 * request goes on with another. Cost: nothing without any of this; a timeout costs an event pushed
 * and cancelled an attempt.
 */
#include <string.h>

#include "sim/model/step.h"

void link_needed(struct world *w)
{
    requests_need_more(&w->requests);
    w->links = true;
    w->plain = !world_rare(w);
}

static bool lost(struct world *w, const struct front *f, uint32_t backend)
{
    struct backend_rest *rest = &w->rest[backend];
    double loss = gate_loss(w, f, backend, rest->loss);
    return rest->isolated || gate_apart(w, f, backend) ||
           (loss > 0 && lb_random_unit(&rest->losses) < loss);
}

bool link_send(struct world *w, const struct front *f, uint32_t id, lb_time now)
{
    struct request *r = world_request(w, id);
    struct request_more *more = &w->requests.more[id];
    lb_time connect = f->rule->connect_timeout, response = f->rule->response_timeout;
    bool open = w->upstream && f->upstream != NULL && w->uses.at[id].reused; /* no connecting */
    bool late = connect > 0 && 2 * w->to_backend > connect; /* nobody waits for that answer */
    connect = open ? 0 : connect;
    more->connected = !lost(w, f, (uint32_t)r->backend) && !(late && !open);
    more->over = ENGINE_NO_EVENT;
    if (!more->connected && connect > 0)
        more->over = engine_at(w->engine, now + connect, EVENT_ATTEMPT_OVER, id);
    else if (response > 0)
        more->over = engine_at(w->engine, now + response, EVENT_ATTEMPT_OVER, id);
    if (!more->connected)
        r->state = REQUEST_LOST;
    return more->connected;
}

bool link_answer(struct world *w, uint32_t id)
{
    struct request *r = world_request(w, id);
    if (!lost(w, world_front(w, id), (uint32_t)r->backend))
        return true;
    r->state = REQUEST_LOST;
    return false;
}

bool link_probe(struct world *w, const struct front *f, uint32_t backend)
{
    return !lost(w, f, backend);
}

void link_finish(struct world *w, uint32_t id)
{
    struct request_more *more = &w->requests.more[id];
    if (more->over != ENGINE_NO_EVENT)
        engine_cancel(w->engine, more->over);
    more->over = ENGINE_NO_EVENT;
}

/* The request leaves its record behind at the backend, and goes on with a new one. */
static void leave_behind(struct world *w, uint32_t id, uint32_t new, lb_time now)
{
    struct request *r = world_request(w, new), *old = world_request(w, id);
    bool present = old->state == REQUEST_QUEUED || old->state == REQUEST_SERVICE;
    *r = *old;
    r->state = REQUEST_BACK;
    r->entered = present ? now - old->entered : 0;
    r->event = ENGINE_NO_EVENT;
    if (w->requests.tries != NULL)
        w->requests.tries[new] = w->requests.tries[id];
    if (w->requests.stride > 0)
        memcpy(requests_tried(&w->requests, new), requests_tried(&w->requests, id),
               w->requests.stride * sizeof *w->requests.tried);
    w->requests.more[new] = (struct request_more){.work = (double)r->work};
    if (w->connections != NULL)
        connection_hand_on(w, id, new);
    if (w->state.on)
        state_leave(w, new); /* its work is its own again */
    if (w->hedges.on)
        hedge_hand_on(w, id, new);
    struct source *s = world_source(w, r);
    if (s->rule->timeout > 0 && (r->flags & REQUEST_COPY) == 0)
        deadlines_hand_on(&s->deadlines, r, new);
    if (present)
        backend_abandon(w, id, now);
    else
        old->flags |= REQUEST_ORPHAN; /* it arrives all the same */
}

void link_over_event(void *context, uint32_t subject, lb_time now)
{
    struct world *w = context;
    enum request_state state = (enum request_state)world_request(w, subject)->state;
    bool stays = state != REQUEST_BACK && state != REQUEST_LOST;
    uint32_t id = stays ? requests_take(&w->requests) : subject;
    w->requests.more[subject].over = ENGINE_NO_EVENT;
    if (id == 0) {
        client_too_many(w);
        return;
    }
    struct request *r = world_request(w, subject);
    struct front *f = world_front(w, subject);
    uint32_t backend = (uint32_t)r->backend;
    bool open = w->upstream && f->upstream != NULL && w->uses.at[subject].reused;
    bool connecting = !w->requests.more[subject].connected && f->rule->connect_timeout > 0 && !open;
    enum lb_end end = connecting ? LB_END_CONNECT_TIMEOUT : LB_END_TIMEOUT;
    step_finish(w, false, subject, end, now);
    if (stays) {
        leave_behind(w, subject, id, now);
    } else if (state == REQUEST_BACK) {
        engine_cancel(w->engine, r->event);
        r->event = ENGINE_NO_EVENT;
    }
    if (f->balancer.waiting.total != 0)
        line_serve(w, f, backend, now);
    if (w->hedges.on && hedge_answered(w, id, false, now))
        return;
    front_failed(w, id, end, now);
}
