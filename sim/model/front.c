/*
 * Requests at the balancer: the pick, the attempt, what follows a failure. Waiting is in line.c.
 *
 * The balancer's books change here and nowhere else in this room. An attempt is in the books from
 * front_send until its answer is back, its client leaves, or a drain cuts it.
 */
#include <string.h>

#include "sim/model/world.h"

static uint32_t attempt_number(const struct world *w, uint32_t id)
{
    if (w->requests.tries == NULL)
        return 0;
    return (uint32_t)w->requests.tries[id].client << 16 | w->requests.tries[id].balancer;
}

/* A try that found no backend, or one that ends: into the digest. */
static inline void note_try(struct world *w, uint32_t id, const struct request *r, int32_t backend,
                            uint32_t end, lb_time now)
{
    ledger_try(&w->ledger, now, r->number, attempt_number(w, id), backend, end);
}

/* Spreads client numbers over the IPv4 addresses, one to one (a Feistel-free 32-bit mixer), so that
 * hashing algorithms see addresses like those of the open network. */
static void set_source(struct lb_request *ask, uint32_t source, uint32_t client)
{
    uint32_t x = client + source * UINT32_C(0x9e3779b9);
    x = (x ^ (x >> 16)) * UINT32_C(0x7feb352d);
    x = (x ^ (x >> 15)) * UINT32_C(0x846ca68b);
    x ^= x >> 16;
    ask->source.family = 4;
    ask->source.port = (uint16_t)(1024U + (x % 60000U));
    ask->source.bytes[0] = (uint8_t)(x >> 24);
    ask->source.bytes[1] = (uint8_t)(x >> 16);
    ask->source.bytes[2] = (uint8_t)(x >> 8);
    ask->source.bytes[3] = (uint8_t)x;
}

static inline struct lb_request *ask_for(struct world *w, const struct request *r)
{
    if (w->ask_key) {
        const struct scenario_client *rule = world_source(w, r)->rule;
        uint32_t client = r->client; /* users of a closed loop fold into the population */
        if (rule->arrivals == ARRIVALS_CLOSED && rule->population > 0)
            client %= rule->population;
        set_source(&w->ask, w->class_source[r->class], client);
        w->ask.size = (uint64_t)r->work;
    }
    return &w->ask;
}

REQUEST_STEP void front_send(struct world *w, uint32_t id, int32_t backend, enum lb_how how,
                             lb_time now)
{
    struct request *r = world_request(w, id);
    struct backend *b = &w->backends[backend];
    r->backend = backend;
    r->sent = now;
    r->state = REQUEST_TO_BACKEND;
    balancer_start(&w->balancer, (uint32_t)backend, &w->ask, how, now);
    unsigned measured = r->flags & REQUEST_MEASURED;
    b->tally[measured].picks++;
    if (measured != 0) {
        w->ledger.classes[r->class].counts.attempts++;
        if (w->ledger.window_count != 0)
            ledger_windows_try(&w->ledger, r, backend);
    }
    if (w->to_backend > 0)
        r->event = engine_at(w->engine, now + w->to_backend, EVENT_AT_BACKEND, id);
    else
        backend_receive(w, id, now);
}

void front_fail(struct world *w, uint32_t id, enum cause cause, lb_time now)
{
    struct request *r = world_request(w, id);
    note_try(w, id, r, -1, LEDGER_END_CAUSE + (uint32_t)cause, now);
    if ((r->flags & REQUEST_MEASURED) != 0) {
        w->ledger.classes[r->class].counts.attempts++;
        if (w->ledger.window_count != 0)
            ledger_windows_try(&w->ledger, r, -1);
    }
    client_failure(w, id, cause, now);
}

/* To the same backend again, without a pick: but not beyond its limit. */
static void again(struct world *w, uint32_t id, int32_t backend, lb_time now)
{
    if (balancer_full(&w->balancer, (uint32_t)backend)) {
        line_join(w, id, backend, now);
        return;
    }
    ask_for(w, world_request(w, id));
    front_send(w, id, backend, LB_BY_RETRY, now);
}

/* The pick, and where it leads. */
REQUEST_STEP void place(struct world *w, uint32_t id, lb_time now)
{
    struct request *r = world_request(w, id);
    const int32_t *tried = NULL;
    uint32_t tried_count = 0;
    r->event = ENGINE_NO_EVENT;
    if (w->balancer_retries) {
        tried_count = w->requests.tries[id].balancer;
        tried = requests_tried(&w->requests, id);
        if (tried_count > 0 && !w->balancer.rule->retries.to_other &&
            balancer_usable(&w->balancer, (uint32_t)r->backend)) {
            again(w, id, r->backend, now);
            return;
        }
    }
    int32_t backend = balancer_pick(&w->balancer, ask_for(w, r), tried, tried_count, now);
    if (__builtin_expect(backend < 0, 0)) {
        if (backend == LB_WAIT)
            line_join(w, id, -1, now);
        else
            front_fail(w, id, CAUSE_NO_BACKEND, now);
        return;
    }
    lb_require(&w->where, (uint32_t)backend < w->backend_count,
               "algorithm '%s' picked row %d, which does not exist",
               w->balancer.tiers[0].algorithm->name, backend);
    /* Both lines of the backend will be needed, and among thousands neither is in the cache. */
    __builtin_prefetch(&w->backends[backend], 1);
    __builtin_prefetch(&w->backends[backend].tally, 1);
    if (balancer_full(&w->balancer, (uint32_t)backend))
        line_join(w, id, backend, now);
    else
        front_send(w, id, backend, LB_BY_PICK, now);
}

void front_place(struct world *w, uint32_t id, lb_time now)
{
    place(w, id, now);
}

void front_send_waiting(struct world *w, uint32_t id, uint32_t backend, lb_time now)
{
    ask_for(w, world_request(w, id));
    front_send(w, id, (int32_t)backend, LB_BY_QUEUE, now);
}

void front_receive(struct world *w, uint32_t id, lb_time now)
{
    if (w->balancer_retries)
        retry_first(&w->balancer.budget, &w->balancer.rule->retries);
    place(w, id, now);
}

void front_receive_event(void *context, uint32_t subject, lb_time now)
{
    front_receive(context, subject, now);
}

/* Adds the part of [sent, now) that lies in [from, until) to *sum. */
static inline void add_clipped(double *sum, lb_time sent, lb_time now, lb_time from, lb_time until)
{
    lb_time a = sent > from ? sent : from;
    lb_time b = now < until ? now : until;
    if (b > a)
        *sum += (double)(b - a);
}

static void in_flight_windows(struct ledger *l, const struct request *r, lb_time now)
{
    for (uint32_t i = 0; i < l->window_count; i++) {
        struct ledger_window *window = &l->windows[i];
        if ((uint32_t)r->backend - window->first_backend < window->backend_count)
            add_clipped(&window->in_flight, r->sent, now, window->from, window->until);
    }
}

void front_in_flight_time(struct world *w, const struct request *r, lb_time now)
{
    struct ledger *l = &w->ledger;
    add_clipped(&w->backends[r->backend].in_flight_time, r->sent, now, l->from, l->until);
    if (l->window_count != 0)
        in_flight_windows(l, r, now);
}

/* The hook of an algorithm that wants to know how attempts end. */
static void tell_outcome(struct world *w, const struct request *r, enum lb_end end, lb_time now)
{
    bool answered = end == LB_END_OK || end == LB_END_ERROR;
    lb_time connected = r->sent + 2 * w->to_backend;
    if (end == LB_END_REFUSED || connected > now) /* never, or its client left before */
        connected = 0;
    struct lb_outcome outcome = {.end = end,
                                 .failed = balancer_counts(&w->balancer, end),
                                 .sent = r->sent,
                                 .connected = connected,
                                 .first_byte = answered ? now : 0};
    balancer_tell_finish(&w->balancer, (uint32_t)r->backend, &outcome, now);
}

/* The attempt leaves the books. */
REQUEST_STEP void finish(struct world *w, uint32_t id, enum lb_end end, lb_time now)
{
    struct request *r = world_request(w, id);
    struct backend *b = &w->backends[r->backend];
    front_in_flight_time(w, r, now);
    struct backend_tally *tally = &b->tally[r->flags & REQUEST_MEASURED];
    if (end == LB_END_OK)
        tally->ok++;
    else
        tally->failed++;
    if (w->keep_latency && end == LB_END_OK)
        histogram_add(w->rest[r->backend].latency, now - r->sent);
    if (balancer_finish(&w->balancer, (uint32_t)r->backend))
        tell_outcome(w, r, end, now);
    note_try(w, id, r, r->backend, (uint32_t)end, now);
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

/* May the balancer try again? Notes the backend as tried. */
static bool retries(struct world *w, uint32_t id, enum lb_end end)
{
    const struct scenario_retries *rule = &w->balancer.rule->retries;
    if (!w->balancer_retries || (rule->when & (1U << end)) == 0)
        return false;
    struct request_tries *tries = &w->requests.tries[id];
    if (!retry_allow(&w->balancer.budget, rule, tries->balancer))
        return false;
    requests_tried(&w->requests, id)[tries->balancer++] = world_request(w, id)->backend;
    return true;
}

REQUEST_STEP void answered(struct world *w, uint32_t id, enum lb_end end, lb_time now)
{
    struct request *r = world_request(w, id);
    uint32_t backend = (uint32_t)r->backend;
    finish(w, id, end, now);
    if (w->balancer.waiting.total != 0)
        line_serve(w, backend, now);
    if (__builtin_expect(end == LB_END_OK, 1)) {
        client_answer(w, id, now);
        return;
    }
    if (!retries(w, id, end)) {
        client_failure(w, id, cause_of(r, end), now);
        return;
    }
    r->flags = (uint8_t)(r->flags & ~REQUEST_CUT);
    uint32_t n = w->requests.tries[id].balancer;
    struct lb_random random;
    stream_open(&random, &w->key, STREAM_BACKOFF, r->number, attempt_number(w, id));
    lb_time delay = retry_delay(&w->balancer.rule->retries, n, &random);
    if (delay > 0) {
        r->state = REQUEST_BACKOFF;
        r->event = engine_at(w->engine, now + delay, EVENT_RETRY, id);
    } else {
        place(w, id, now);
    }
}

void front_answer(struct world *w, uint32_t id, enum lb_end end, lb_time now)
{
    struct request *r = world_request(w, id);
    r->state = REQUEST_BACK;
    if (w->to_backend > 0) {
        r->next = (uint32_t)end;
        r->event = engine_at(w->engine, now + w->to_backend, EVENT_BACK, id);
    } else {
        answered(w, id, end, now);
    }
}

void front_back_event(void *context, uint32_t subject, lb_time now)
{
    struct world *w = context;
    struct request *r = world_request(w, subject);
    r->event = ENGINE_NO_EVENT;
    answered(w, subject, (enum lb_end)r->next, now);
}

void front_retry_event(void *context, uint32_t subject, lb_time now)
{
    place(context, subject, now);
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
        answered(w, id, LB_END_RESET, now);
    }
}

void front_timer_event(void *context, uint32_t subject, lb_time now)
{
    struct world *w = context;
    struct balancer_tier *tier = &w->balancer.tiers[subject];
    w->timers[subject] = ENGINE_NO_EVENT;
    lb_time next = tier->algorithm->on_timer(tier->state, now);
    if (next < LB_NEVER)
        w->timers[subject] =
            engine_at(w->engine, next > now ? next : now + 1, EVENT_TIMER, subject);
}
