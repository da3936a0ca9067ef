/*
 * The end of a request, or of a try, at its client: the answer is there, an error, or the client has
 * waited long enough. What begins there is in client.c.
 */
#include "sim/balancer/retry.h"
#include "sim/model/step.h"

/* The attempt failed as the client sees it: again, or the end. `r` is a copy when the record stays
 * behind at a backend; id is then 0 and a retry takes a new one. */
static void failed(struct world *w, uint32_t id, const struct request *copy,
                   struct request_tries tries, enum cause cause, enum why why, lb_time now)
{
    struct source *s = world_source(w, copy);
    if (retry_allow(&s->budget, &s->rule->retries, tries.client)) {
        struct request saved = *copy;
        if (id == 0 && (id = requests_take(&w->requests)) == 0)
            client_too_many(w);
        if (id != 0) { /* else the run ends here, and the request with it */
            struct request *r = world_request(w, id);
            *r = saved;
            r->work -= tries.extra; /* of logging in where it was */
            tries.extra = 0;
            r->flags &= REQUEST_MEASURED;
            r->state = REQUEST_RESTING;
            tries.client++;
            tries.balancer = 0;
            tries.held = tries.hedge = 0;
            tries.gap = false;
            tries.outer = tries.outer_tries = 0; /* the copy of one that gave up is not past it */
            tries.why = tries.why != 0 ? tries.why : (uint8_t)(1 + why);
            w->requests.tries[id] = tries;
            struct lb_random random;
            stream_open(&random, &w->key, STREAM_BACKOFF, r->number, (uint64_t)tries.client << 32);
            lb_time delay = retry_delay(&s->rule->retries, tries.client, &random);
            r->event = engine_at(w->engine, now + delay, EVENT_AGAIN, id);
            if (w->story != NULL)
                story_asks_again(w, id, delay, now);
            return;
        }
    }
    world_not_again(&s->rule->retries, tries.client, &cause, &why);
    if (w->story != NULL)
        story_fails(w, copy, cause, why, now);
    tally_failed(w, copy, &tries, cause);
    bool last = ledger_failed(&w->ledger, copy, cause, why, now);
    uint32_t user = copy->client;
    if (id != 0)
        requests_give(&w->requests, id);
    client_ended(w, s, user, last, now);
}

void client_gives_up(struct world *w, uint32_t id, lb_time now)
{
    if (w->hedges.on)
        hedge_over(w, HEDGE_CLIENT, id, now);
    struct request copy = *world_request(w, id);
    struct request_tries tries = {0};
    if (w->requests.tries != NULL)
        tries = w->requests.tries[id];
    bool held = copy.state == REQUEST_HELD;
    bool failing = copy.state == REQUEST_TO_CLIENT && copy.next != 0; /* it is on its way */
    enum cause cause = held ? WORLD_BAD_CAUSE(copy.next) : CAUSE_RESPONSE_TIMEOUT;
    enum why why = held || failing ? WORLD_BAD_WHY(copy.next) : why_failed(w, id, cause, now);
    if (w->story != NULL)
        story_gives_up(w, id, now);
    front_leave(w, id, now);
    if (w->connections != NULL)
        connection_release(w, id, &copy, true, now);
    failed(w, 0, &copy, tries, cause, why, now);
}

void client_answer(struct world *w, uint32_t id, uint32_t bad, lb_time now)
{
    struct request *r = world_request(w, id);
    r->state = REQUEST_TO_CLIENT;
    r->next = bad;
    if (w->to_balancer > 0)
        r->event = engine_at(w->engine, now + w->to_balancer, EVENT_AT_CLIENT, id);
    else
        client_answer_event(w, id, now);
}

void client_answer_event(void *context, uint32_t subject, lb_time now)
{
    struct world *w = context;
    struct request *r = world_request(w, subject);
    if (r->next == 0) {
        step_receive(w, false, subject, now);
        return;
    }
    struct source *s = world_source(w, r);
    struct request_tries tries = {0};
    if (w->connections != NULL)
        connection_release(w, subject, r, false, now);
    if (w->hedges.on && hedge_failed(w, subject, now))
        return;
    if (s->rule->timeout > 0)
        deadlines_leave(&s->deadlines, r);
    if (w->requests.tries != NULL)
        tries = w->requests.tries[subject];
    failed(w, subject, r, tries, WORLD_BAD_CAUSE(r->next), WORLD_BAD_WHY(r->next), now);
}
