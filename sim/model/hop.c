/*
 * The outer of two balancers: one that passes requests to other balancers.
 *
 * The idea: it is a balancer like any other whose members are balancers, with an algorithm, books and
 * retries of its own. An attempt of it lasts until the inner balancer is done with the request, all
 * the tries of that one included; so retries of client, outer and inner balancer multiply.
 * The inner one sees the client's address if the outer forwards it, else the outer's own.
 */
#include "sim/model/step.h"

void hop_send(struct world *w, struct front *f, uint32_t id, int32_t member, enum lb_how how,
              lb_time now)
{
    struct request *r = world_request(w, id);
    struct request_tries *tries = &w->requests.tries[id];
    bool follows = w->connections != NULL && layer4_send(w, f, id, &member, now);
    tries->outer = (uint16_t)(f->number + 1);
    tries->front = (uint16_t)(f->to_first + (uint32_t)member);
    tries->inner = (uint16_t)(tries->front + 1U);
    tries->outer_sent = now;
    tries->balancer = 0;
    if (w->story != NULL)
        story_sent_on(w, f, id, member, how, now);
    if (f->stick.on)
        stick_store(w, f, id, member, now);
    if (w->guards)
        guard_sent(f, (uint32_t)member);
    if (!follows) {
        balancer_start(&f->balancer, (uint32_t)member, &w->ask, how, now);
        if (w->boards)
            front_show(w, f, (uint32_t)member, now);
    }
    if (w->breakers)
        breakers_sent(w, f, id, (uint32_t)member, now);
    tally_sent(w, f, r, member);
    r->state = REQUEST_TO_BALANCER;
    if (w->to_front > 0)
        r->event = engine_at(w->engine, now + w->to_front, EVENT_HOP_THERE, id);
    else
        hop_there_event(w, id, now);
}

void hop_there_event(void *context, uint32_t subject, lb_time now)
{
    step_to_balancer(context, subject, now);
}

void hop_hide_source(const struct world *w, uint32_t id, struct lb_address *source)
{
    if (w->front_count == 1 || w->requests.tries[id].outer == 0)
        return;
    const struct front *f = &w->fronts[w->requests.tries[id].outer - 1U];
    if (!f->rule->forward_client_ip) /* one of 203.0.113.0/24, which is kept for documents */
        *source = (struct lb_address){
            .family = 4, .port = source->port, .bytes = {203, 0, 113, (uint8_t)(f->number + 1)}};
}

static void out_of_books(struct world *w, struct front *f, uint32_t id, uint32_t member,
                         enum lb_end end, lb_time now)
{
    lb_time sent = w->requests.tries[id].outer_sent;
    bool answered = end == LB_END_OK || end == LB_END_ERROR;
    if (balancer_finish(&f->balancer, member)) {
        struct lb_outcome outcome = {.end = end,
                                     .failed = balancer_counts(&f->balancer, end),
                                     .sent = sent,
                                     .connected = sent + 2 * w->to_front,
                                     .first_byte = answered ? now : 0};
        if (outcome.connected > now)
            outcome.connected = 0;
        balancer_tell_finish(&f->balancer, member, &outcome, now);
        if (f->balancer.watched)
            watch_outcome(w, f, member, false, end, now);
        breakers_ended(w, f, id, member, end, sent, now);
    }
    if (w->boards)
        front_show(w, f, member, now);
}

/* The attempt of the outer balancer is over: out of its books. Returns it. */
static struct front *finish(struct world *w, uint32_t id, enum lb_end end, lb_time now)
{
    struct request_tries *tries = &w->requests.tries[id];
    struct front *f = &w->fronts[tries->outer - 1U];
    uint32_t member = tries->front - f->to_first;
    tally_finished(w, f, tries->outer_sent, now);
    if (w->guards)
        guard_finished(f, member, end, now - tries->outer_sent, now);
    if (w->connections == NULL || !layer4_finish(w, f, id, end, now))
        out_of_books(w, f, id, member, end, now);
    tries->outer = 0;
    tries->front = (uint16_t)f->number;
    if (f->balancer.waiting.total != 0)
        line_serve(w, f, member, now);
    return f;
}

void hop_back(struct world *w, uint32_t id, uint32_t bad, lb_time now)
{
    struct request *r = world_request(w, id);
    r->state = REQUEST_TO_CLIENT;
    r->next = bad;
    if (w->to_front > 0)
        r->event = engine_at(w->engine, now + w->to_front, EVENT_HOP_BACK, id);
    else
        hop_back_event(w, id, now);
}

/* What the outer balancer sees: an inner one that is gone refuses or resets; one that is there answers
 * with an error, whatever went wrong behind it. */
static enum lb_end end_of(enum cause cause, enum why why)
{
    if (cause != CAUSE_BALANCER_DOWN)
        return LB_END_ERROR;
    return why == WHY_CRASH ? LB_END_RESET : LB_END_REFUSED;
}

/* May the outer balancer try again? Notes the inner one as tried. */
static bool retries(struct world *w, struct front *f, uint32_t id, uint32_t member,
                    enum cause *cause, enum why *why)
{
    const struct scenario_retries *rule = &f->rule->retries;
    struct request_tries *tries = &w->requests.tries[id];
    if (rule->max == 0 || (rule->when & (1U << end_of(*cause, *why))) == 0 || f->rule->layer4)
        return false;
    if (!retry_allow(&f->balancer.budget, rule, tries->outer_tries)) {
        world_not_again(rule, tries->outer_tries, cause, why);
        return false;
    }
    if (w->guards && !guard_retries(w, f, id, cause, why))
        return false;
    requests_tried_outer(&w->requests, id)[tries->outer_tries++] = (int32_t)member;
    if (tries->why == 0)
        tries->why = (uint8_t)(1 + *why);
    return true;
}

void hop_back_event(void *context, uint32_t subject, lb_time now)
{
    struct world *w = context;
    struct request *r = world_request(w, subject);
    if (w->gates && gate_loses_hop(w, subject))
        return;
    const struct request_tries *tries = &w->requests.tries[subject];
    uint32_t member = tries->front - w->fronts[tries->outer - 1U].to_first;
    if (r->next == 0) {
        (void)finish(w, subject, LB_END_OK, now);
        front_return(w, subject, 0, now);
        return;
    }
    enum cause cause = WORLD_BAD_CAUSE(r->next);
    enum why why = WORLD_BAD_WHY(r->next);
    struct front *f = finish(w, subject, end_of(cause, why), now);
    if (!retries(w, f, subject, member, &cause, &why)) {
        front_return(w, subject, WORLD_BAD(cause, why), now);
        return;
    }
    r->flags = (uint8_t)(r->flags & ~REQUEST_CUT);
    lb_time delay = front_backoff(w, f, subject, tries->outer_tries);
    if (w->story != NULL)
        story_tries_again(w, f, subject, tries->outer_tries, delay, now);
    if (delay > 0) {
        r->state = REQUEST_BACKOFF;
        r->event = engine_at(w->engine, now + delay, EVENT_RETRY, subject);
    } else {
        front_place(w, subject, now);
    }
}

void hop_leave(struct world *w, uint32_t id, lb_time now)
{
    uint16_t front = w->requests.tries[id].front;
    if (w->requests.tries[id].outer == 0)
        return;
    (void)finish(w, id, LB_END_CANCELLED, now);
    w->requests.tries[id].front = front; /* its attempt goes on there, without a client */
}
