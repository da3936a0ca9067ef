/*
 * Requests at the balancer: the pick, the attempt, what follows a failure. Waiting is in line.c.
 *
 * The balancer's books change here and nowhere else in this room. An attempt is in the books from
 * front_send until its answer is back, its client leaves, or a drain cuts it.
 */
#include <stdio.h>
#include <string.h>

#include "sim/model/crowd.h"
#include "sim/model/step.h"

/* The key is the client's name, as a cookie or a header would carry it; each class of requests goes
 * to an address of its own, as sites behind one balancer do. */
void front_ask_key(struct world *w, const struct request *r)
{
    uint32_t client;
    address_of(w, r, &w->ask.source, &client);
    int length = snprintf(w->ask_name, sizeof w->ask_name, "client-%u-%u",
                          w->class_source[r->class] + 1U, client);
    w->ask.key = w->ask_name;
    w->ask.key_size = (size_t)length;
    w->ask.destination = (struct lb_address){
        .family = 4, .port = 80, .bytes = {198, 51, (uint8_t)(r->class >> 8), (uint8_t)r->class}};
    w->ask.size = (uint64_t)r->work;
    if (w->tell.truth)
        tell_truth(w, engine_now(w->engine));
}

void front_fail(struct world *w, uint32_t id, enum cause cause, lb_time now)
{
    struct request *r = world_request(w, id);
    step_note(w, false, id, r, -1, LEDGER_END_CAUSE + (uint32_t)cause, now);
    if ((r->flags & REQUEST_MEASURED) != 0) {
        w->ledger.classes[r->class].counts.attempts++;
        if (w->ledger.window_count != 0)
            ledger_windows_try(&w->ledger, r, -1);
    }
    client_failure(w, id, cause, why_failed(w, id, cause, now), now);
}

bool front_again(struct world *w, uint32_t id, lb_time now)
{
    const struct request *r = world_request(w, id);
    if (w->requests.tries[id].balancer == 0 || w->balancer.rule->retries.to_other ||
        !balancer_usable(&w->balancer, (uint32_t)r->backend))
        return false;
    if (balancer_full(&w->balancer, (uint32_t)r->backend)) { /* not beyond its limit */
        line_join(w, id, r->backend, now);
    } else {
        (void)step_ask(w, false, r);
        step_send(w, false, id, r->backend, LB_BY_RETRY, now);
    }
    return true;
}

void front_place(struct world *w, uint32_t id, lb_time now)
{
    step_pick(w, false, id, now);
}

void front_send_waiting(struct world *w, uint32_t id, uint32_t backend, enum lb_how how,
                        lb_time now)
{
    (void)step_ask(w, false, world_request(w, id));
    step_send(w, false, id, (int32_t)backend, how, now);
}

int32_t front_pick_again(struct world *w, uint32_t id, lb_time now)
{
    const int32_t *tried = w->balancer_retries ? requests_tried(&w->requests, id) : NULL;
    uint32_t count = w->balancer_retries ? w->requests.tries[id].balancer : 0;
    return balancer_pick(&w->balancer, step_ask(w, false, world_request(w, id)), tried, count, now);
}

void front_receive_event(void *context, uint32_t subject, lb_time now)
{
    step_to_balancer(context, false, subject, now);
}

void front_in_flight_windows(struct ledger *l, const struct request *r, lb_time now)
{
    for (uint32_t i = 0; i < l->window_count; i++) {
        struct ledger_window *window = &l->windows[i];
        if ((uint32_t)r->backend - window->first_backend < window->backend_count)
            step_add_clipped(&window->in_flight, r->sent, now, window->from, window->until);
    }
}

void front_in_flight_time(struct world *w, const struct request *r, lb_time now)
{
    step_in_flight(w, false, r, now);
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

void front_tell_outcome(struct world *w, const struct request *r, enum lb_end end, lb_time now)
{
    bool answered = end == LB_END_OK || end == LB_END_ERROR;
    lb_time connected = r->sent + 2 * w->to_backend;
    if (end == LB_END_REFUSED || connected > now) /* never, or its client left before */
        connected = 0;
    const struct scenario_client *rule = world_source(w, r)->rule;
    const struct scenario_class *class = &rule->classes[r->class - rule->class_first];
    struct lb_outcome outcome = {.end = end,
                                 .failed = balancer_counts(&w->balancer, end),
                                 .sent = r->sent,
                                 .connected = connected,
                                 .first_byte = answered ? now : 0,
                                 .bytes_out = bytes(w, r, &class->bytes_in, 0),
                                 .bytes_in = answered ? bytes(w, r, &class->bytes_out, 1) : 0,
                                 .load = tell_report(w, requests_id(&w->requests, r), end)};
    if (w->tell.truth)
        tell_truth_of(w, (uint32_t)r->backend);
    balancer_tell_finish(&w->balancer, (uint32_t)r->backend, &outcome, now);
    if (w->balancer.watched)
        watch_outcome(w, r, end, now);
}

/* As a function, for what is rare. */
static void finish(struct world *w, uint32_t id, enum lb_end end, lb_time now)
{
    step_finish(w, false, id, end, now);
}

static enum cause cause_of(const struct request *r, enum lb_end end)
{
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
    default:
        return CAUSE_RESPONSE_TIMEOUT;
    }
}

/* May the balancer try again? Notes the backend as tried. If not, the rule may be the reason. */
static bool retries(struct world *w, uint32_t id, enum lb_end end, enum cause *cause, enum why *why)
{
    const struct scenario_retries *rule = &w->balancer.rule->retries;
    if (!w->balancer_retries || (rule->when & (1U << end)) == 0)
        return false;
    struct request_tries *tries = &w->requests.tries[id];
    if (!retry_allow(&w->balancer.budget, rule, tries->balancer)) {
        world_not_again(rule, tries->balancer, cause, why);
        return false;
    }
    requests_tried(&w->requests, id)[tries->balancer++] = world_request(w, id)->backend;
    if (tries->why == 0)
        tries->why = (uint8_t)(1 + *why);
    return true;
}

void front_failed(struct world *w, uint32_t id, enum lb_end end, lb_time now)
{
    struct request *r = world_request(w, id);
    enum cause cause = cause_of(r, end);
    enum why why = why_failed(w, id, cause, now);
    if (!retries(w, id, end, &cause, &why)) {
        client_failure(w, id, cause, why, now);
        return;
    }
    r->flags = (uint8_t)(r->flags & ~REQUEST_CUT);
    uint32_t n = w->requests.tries[id].balancer;
    struct lb_random random;
    stream_open(&random, &w->key, STREAM_BACKOFF, r->number, requests_attempt(&w->requests, id));
    lb_time delay = retry_delay(&w->balancer.rule->retries, n, &random);
    if (delay > 0) {
        r->state = REQUEST_BACKOFF;
        r->event = engine_at(w->engine, now + delay, EVENT_RETRY, id);
    } else {
        front_place(w, id, now);
    }
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
    struct request *r = world_request(w, id);
    int32_t backend = r->backend;
    bool in_books = false;
    switch ((enum request_state)r->state) {
    case REQUEST_WAITING:
        line_leave(w, id);
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
    default: /* between client and balancer, or before a retry: nobody but the event knows it */
        engine_cancel(w->engine, r->event);
        requests_give(&w->requests, id);
        break;
    }
    if (in_books && w->balancer.waiting.total != 0)
        line_serve(w, (uint32_t)backend, now);
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
        else
            continue;
        r->flags |= REQUEST_CUT;
        r->event = ENGINE_NO_EVENT;
        step_answered(w, false, id, LB_END_RESET, now);
    }
}

void front_timer_event(void *context, uint32_t subject, lb_time now)
{
    struct world *w = context;
    struct balancer_tier *tier = &w->balancer.tiers[subject];
    w->timers[subject] = ENGINE_NO_EVENT;
    if (w->tell.truth)
        tell_truth(w, now);
    lb_time next = tier->algorithm->on_timer(tier->state, now);
    if (w->tell.probes)
        tell_ask(w, now);
    if (next < LB_NEVER)
        w->timers[subject] =
            engine_at(w->engine, next > now ? next : now + 1, EVENT_TIMER, subject);
}
