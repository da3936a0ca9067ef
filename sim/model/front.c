/*
 * Requests at a balancer: the pick, the attempt, what follows a failure. Waiting is in line.c, the
 * way through two balancers in hop.c.
 *
 * A balancer's books change here, in step.h and in hop.c, nowhere else in this room. An attempt is in the books from
 * front_send until its answer is back, its client leaves, or a drain cuts it.
 */
#include <stdio.h>
#include <string.h>

#include "sim/model/crowd.h"
#include "sim/model/spoof.h"
#include "sim/model/step.h"

/* The key is the client's name, as a cookie or a header would carry it; each class of requests goes
 * to an address of its own, as sites behind one balancer do. */
void front_ask_key(struct world *w, struct front *f, const struct request *r)
{
    uint32_t client;
    spoof_source(w, f, requests_id(&w->requests, r), &w->ask.source, &client);
    int length = snprintf(w->ask_name, sizeof w->ask_name, "client-%u-%u",
                          w->class_source[r->class] + 1U, client);
    w->ask.key = w->ask_name;
    w->ask.key_size = (size_t)length;
    const char *own = key_of(w, r);
    if (own != NULL) {
        w->ask.key = own;
        w->ask.key_size = strlen(own);
    }
    w->ask.destination = (struct lb_address){
        .family = 4, .port = 80, .bytes = {198, 51, (uint8_t)(r->class >> 8), (uint8_t)r->class}};
    w->ask.size = (uint64_t)r->work;
    if (f->tell.truth)
        tell_truth(w, f, engine_now(w->engine));
}

void front_fail(struct world *w, uint32_t id, enum cause cause, lb_time now)
{
    struct request *r = world_request(w, id);
    step_note(w, false, id, r, -1, LEDGER_END_CAUSE + (uint32_t)cause, now);
    if (w->tallies.at != NULL)
        tally_none(w, world_front(w, id), r);
    if ((r->flags & REQUEST_MEASURED) != 0) {
        w->ledger.classes[r->class].counts.attempts++;
        if (w->ledger.window_count != 0)
            ledger_windows_try(&w->ledger, r, -1);
    }
    front_return(w, id, WORLD_BAD(cause, why_failed(w, id, cause, now)), now);
}

void front_nobody(struct world *w, struct front *f, uint32_t id, lb_time now)
{
    bool cut_off =
        w->breakers && balancer_cut_off(&f->balancer, front_pool(f, world_request(w, id)));
    front_fail(w, id, cut_off ? CAUSE_CIRCUIT : CAUSE_NO_BACKEND, now);
}

uint32_t front_tried(const struct world *w, const struct front *f, uint32_t id,
                     const int32_t **tried)
{
    if (w->requests.tried == NULL) /* no balancer retries */
        return 0;
    *tried = f->outer ? requests_tried_outer(&w->requests, id) : requests_tried(&w->requests, id);
    return f->outer ? w->requests.tries[id].outer_tries : w->requests.tries[id].balancer;
}

bool front_again(struct world *w, struct front *f, uint32_t id, lb_time now)
{
    const int32_t *tried;
    uint32_t count = front_tried(w, f, id, &tried);
    if (count == 0 || f->rule->retries.to_other)
        return false;
    int32_t before = tried[count - 1];
    if (!balancer_usable(&f->balancer, (uint32_t)before))
        return false;
    if (balancer_full(&f->balancer, (uint32_t)before)) { /* not beyond its limit */
        line_join(w, f, id, before, now);
        return true;
    }
    if (!upstream_room(f, (uint32_t)before)) {
        line_join_room(w, f, id, (uint32_t)before, now);
        return true;
    }
    (void)step_ask(w, f, world_request(w, id));
    if (f->outer)
        hop_send(w, f, id, before, LB_BY_RETRY, now);
    else
        step_send(w, false, f, id, before, LB_BY_RETRY, now);
    return true;
}

bool front_sticks(struct world *w, struct front *f, uint32_t id, lb_time now)
{
    int32_t backend = stick_find(w, f, id, now);
    if (backend < 0)
        return false;
    bool full = balancer_full(&f->balancer, (uint32_t)backend);
    bool room = upstream_room(f, (uint32_t)backend);
    if ((full || !room) && !balancer_usable(&f->balancer, (uint32_t)backend))
        return false; /* it drains: nobody waits for it */
    if (full) {
        line_join(w, f, id, backend, now);
        return true;
    }
    if (!room) {
        line_join_room(w, f, id, (uint32_t)backend, now);
        return true;
    }
    (void)step_ask(w, f, world_request(w, id));
    if (f->outer)
        hop_send(w, f, id, backend, LB_BY_AFFINITY, now);
    else
        step_send(w, false, f, id, backend, LB_BY_AFFINITY, now);
    return true;
}

void front_place(struct world *w, uint32_t id, lb_time now)
{
    step_pick(w, id, now);
}

void front_send_waiting(struct world *w, uint32_t id, uint32_t backend, enum lb_how how,
                        lb_time now)
{
    struct front *f = world_front(w, id);
    (void)step_ask(w, f, world_request(w, id));
    if (f->outer)
        hop_send(w, f, id, (int32_t)backend, how, now);
    else
        step_send(w, false, f, id, (int32_t)backend, how, now);
}

int32_t front_pick_again(struct world *w, struct front *f, uint32_t id, lb_time now)
{
    const struct request *r = world_request(w, id);
    const int32_t *tried = NULL;
    uint32_t count = front_tried(w, f, id, &tried);
    return balancer_pick(&f->balancer, step_pool(f, r), step_ask(w, f, r), tried, count, now);
}

void front_receive_event(void *context, uint32_t subject, lb_time now)
{
    step_to_balancer(context, subject, now);
}

void front_in_flight_time(struct world *w, const struct request *r, lb_time now)
{
    for (uint32_t i = 0; i < w->ledger.window_count; i++) {
        struct ledger_window *window = &w->ledger.windows[i];
        lb_time from = r->sent > window->from ? r->sent : window->from;
        lb_time until = now < window->until ? now : window->until;
        if (until > from && !window->by_balancer &&
            (uint32_t)r->backend - window->first_backend < window->backend_count)
            window->in_flight += (double)(until - from);
    }
}

/* The size of a request or of its answer: the same at each attempt. What comes in from a client goes
 * out to a backend: bytes_in is the outcome's bytes_out. */
static uint64_t bytes(const struct world *w, const struct request *r, const struct distribution *of,
                      uint64_t side)
{
    struct lb_random random;
    if (of->kind != DISTRIBUTION_CONSTANT)
        stream_open(&random, &w->key, STREAM_BYTES, r->number, side);
    return (uint64_t)distribution_draw_fast(of, &random);
}

void front_tell_outcome(struct world *w, struct front *f, const struct request *r, enum lb_end end,
                        lb_time now)
{
    bool answered = end == LB_END_OK || end == LB_END_ERROR;
    lb_time connected = r->sent + 2 * w->to_backend;
    if (f->upstream != NULL && w->uses.at[requests_id(&w->requests, r)].reused)
        connected = r->sent;
    if (end == LB_END_REFUSED || connected > now) /* never, or its client left before */
        connected = 0;
    const struct scenario_client *rule = world_source(w, r)->rule;
    const struct scenario_class *class = &rule->classes[r->class - rule->class_first];
    struct lb_outcome outcome = {.end = end,
                                 .failed = balancer_counts(&f->balancer, end),
                                 .sent = r->sent,
                                 .connected = connected,
                                 .first_byte = answered ? now : 0,
                                 .bytes_out = bytes(w, r, &class->bytes_in, 0),
                                 .bytes_in = answered ? bytes(w, r, &class->bytes_out, 1) : 0,
                                 .load = tell_report(w, f, requests_id(&w->requests, r), end)};
    if (f->tell.truth)
        tell_truth_of(w, f, (uint32_t)r->backend);
    balancer_tell_finish(&f->balancer, (uint32_t)r->backend, &outcome, now);
    bool cut = (r->flags & REQUEST_CUT) != 0;
    if (f->balancer.watched)
        watch_outcome(w, f, (uint32_t)r->backend, cut, end, now);
    if (w->breakers)
        breakers_ended(w, f, requests_id(&w->requests, r), (uint32_t)r->backend,
                       cut ? LB_END_CANCELLED : end, r->sent, now);
}

/* As a function, for what is rare. */
static void finish(struct world *w, uint32_t id, enum lb_end end, lb_time now)
{
    step_finish(w, false, id, end, now);
}

static enum cause cause_of(const struct world *w, uint32_t id, enum lb_end end)
{
    const struct request *r = &w->requests.at[id];
    if (w->state.on && w->requests.tries[id].store_down)
        return CAUSE_STORE;
    if ((r->flags & REQUEST_CUT) != 0)
        return CAUSE_DRAIN_CUT;
    switch (end) {
    case LB_END_REFUSED:
        return CAUSE_REFUSED;
    case LB_END_QUEUE_FULL:
        return CAUSE_QUEUE_FULL;
    case LB_END_CONNECT_TIMEOUT:
        return CAUSE_CONNECT_TIMEOUT;
    case LB_END_RESET:
        return CAUSE_RESET;
    case LB_END_QUEUE_TIMEOUT:
        return CAUSE_QUEUE_TIMEOUT;
    case LB_END_ERROR:
        return CAUSE_ERROR;
    default:
        return CAUSE_RESPONSE_TIMEOUT;
    }
}

lb_time front_backoff(struct world *w, const struct front *f, uint32_t id, uint32_t n)
{
    struct lb_random random;
    stream_open(&random, &w->key, STREAM_BACKOFF, world_request(w, id)->number,
                requests_attempt(&w->requests, id));
    return retry_delay(&f->rule->retries, n, &random);
}

/* May the balancer try again? Notes the backend as tried. If not, the rule may be the reason. */
static bool retries(struct world *w, struct front *f, uint32_t id, enum lb_end end,
                    enum cause *cause, enum why *why)
{
    const struct scenario_retries *rule = &f->rule->retries;
    if (!w->balancer_retries || (rule->when & (1U << end)) == 0 ||
        (f->rule->layer4 && !layer4_retries(w, f, id, end)))
        return false;
    struct request_tries *tries = &w->requests.tries[id];
    if (!retry_allow(&f->balancer.budget, rule, tries->balancer)) {
        world_not_again(rule, tries->balancer, cause, why);
        return false;
    }
    if (w->guards && !guard_retries(w, f, id, cause, why))
        return false;
    requests_tried(&w->requests, id)[tries->balancer++] = world_request(w, id)->backend;
    if (tries->why == 0)
        tries->why = (uint8_t)(1 + *why);
    return true;
}

void front_failed(struct world *w, uint32_t id, enum lb_end end, lb_time now)
{
    struct request *r = world_request(w, id);
    struct front *f = world_front(w, id);
    enum cause cause = cause_of(w, id, end);
    enum why why = why_failed(w, id, cause, now);
    if (!retries(w, f, id, end, &cause, &why)) {
        front_return(w, id, WORLD_BAD(cause, why), now);
        return;
    }
    r->flags = (uint8_t)(r->flags & ~REQUEST_CUT);
    lb_time delay = front_backoff(w, f, id, w->requests.tries[id].balancer);
    if (w->story != NULL)
        story_tries_again(w, f, id, w->requests.tries[id].balancer, delay, now);
    if (delay > 0) {
        r->state = REQUEST_BACKOFF;
        r->event = engine_at(w->engine, now + delay, EVENT_RETRY, id);
    } else {
        front_place(w, id, now);
    }
}

void front_return(struct world *w, uint32_t id, uint32_t bad, lb_time now)
{
    if (w->guards)
        guard_release(w, world_front(w, id), id);
    if (bad != 0 && w->story != NULL)
        story_given_up(w, id, WORLD_BAD_CAUSE(bad), WORLD_BAD_WHY(bad), now);
    if (w->gates && gate_loses_end(w, id))
        return;
    if (w->front_count > 1 && w->requests.tries[id].outer != 0)
        hop_back(w, id, bad, now);
    else
        client_answer(w, id, bad, now);
}

void front_back_event(void *context, uint32_t subject, lb_time now)
{
    struct world *w = context;
    struct request *r = world_request(w, subject);
    r->event = ENGINE_NO_EVENT;
    step_answered(w, false, subject, (enum lb_end)r->next, now);
}

void front_retry_event(void *context, uint32_t subject, lb_time now)
{
    front_place(context, subject, now);
}

void front_leave(struct world *w, uint32_t id, lb_time now)
{
    if (w->guards)
        guard_leave(w, id);
    if (w->front_count > 1)
        hop_leave(w, id, now);
    front_detach(w, id, now);
}

void front_detach(struct world *w, uint32_t id, lb_time now)
{
    if (w->hedges.on)
        hedge_over(w, HEDGE_BALANCER, id, now);
    struct request *r = world_request(w, id);
    struct front *f = world_front(w, id);
    int32_t backend = r->backend;
    bool in_books = false;
    switch ((enum request_state)r->state) {
    case REQUEST_WAITING:
        line_leave(w, f, id);
        requests_give(&w->requests, id);
        break;
    case REQUEST_DESK:
    case REQUEST_DESK_QUEUED:
        desk_leave(w, f, id, now);
        requests_give(&w->requests, id);
        break;
    case REQUEST_CONNECTING:
        connection_wait_leave(w, id);
        requests_give(&w->requests, id);
        break;
    case REQUEST_TO_BACKEND: /* the request is on its way: it will arrive all the same */
        in_books = true;
        finish(w, id, LB_END_CANCELLED, now);
        r->flags |= REQUEST_ORPHAN;
        break;
    case REQUEST_QUEUED:
    case REQUEST_SERVICE:
        in_books = true;
        finish(w, id, LB_END_CANCELLED, now);
        backend_abandon(w, id, now);
        break;
    case REQUEST_BACK:
        in_books = true;
        finish(w, id, LB_END_CANCELLED, now);
        engine_cancel(w->engine, r->event);
        requests_give(&w->requests, id);
        break;
    case REQUEST_LOST:
        in_books = true;
        finish(w, id, LB_END_CANCELLED, now);
        requests_give(&w->requests, id);
        break;
    case REQUEST_HELD:
        requests_give(&w->requests, id);
        break;
    default: /* between client and balancer, or before a retry: nobody but the event knows it */
        engine_cancel(w->engine, r->event);
        requests_give(&w->requests, id);
        break;
    }
    if (in_books && f->balancer.waiting.total != 0)
        line_serve(w, f, (uint32_t)backend, now);
}

void front_cut(struct world *w, uint32_t backend, lb_time now)
{
    for (uint32_t id = 1; id <= w->requests.used; id++) {
        struct request *r = world_request(w, id);
        if (r->backend != (int32_t)backend || (r->flags & (REQUEST_ORPHAN | REQUEST_PROBE)) != 0)
            continue;
        if (r->state == REQUEST_QUEUED || r->state == REQUEST_SERVICE)
            backend_remove(w, id, now);
        else if (r->state == REQUEST_TO_BACKEND || r->state == REQUEST_BACK)
            engine_cancel(w->engine, r->event);
        else if (r->state != REQUEST_LOST)
            continue;
        r->flags |= REQUEST_CUT;
        r->event = ENGINE_NO_EVENT;
        step_answered(w, false, id, LB_END_RESET, now);
    }
    if (w->connections != NULL)
        layer4_gone(w, (struct backend_set){&backend, 1}, now);
}
