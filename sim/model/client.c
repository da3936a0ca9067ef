/*
 * Clients: open arrivals, users in a closed loop, timeouts, and asking again.
 *
 * Draws are addressed (sim/base/stream.h). Open traffic draws in order of arrival from streams of its
 * group; a user's n-th request has its own address, so a closed loop asks the same things whatever
 * the balancer does. Work, class and client are drawn once for a request: a retry asks for the same.
 */
#include <math.h>
#include <stdlib.h>

#include "sim/base/text.h"
#include "sim/base/units.h"
#include "sim/base/ziggurat.h"
#include "sim/model/step.h"
#include "sim/scenario/trace.h"

/* The first groups have a beat of the engine each, which is faster; the others queue like anything.
 * One beat after them is for the deadlines of all. */
#define CLIENT_BEATS (ENGINE_BEATS_MAX - 1)

static inline void arm(struct world *w, struct source *s)
{
    if (s->source_index < CLIENT_BEATS)
        engine_hot_beat(w->engine, s->source_index, s->next_at, EVENT_ARRIVAL, s->source_index);
    else
        s->next = engine_at(w->engine, s->next_at, EVENT_ARRIVAL, s->source_index);
}

/* The next arrival of an open group after `now`; again: after one that is being carried out. Equal gaps
 * carry the fraction of a nanosecond over, so that the rate is exact in the long run. */
STEP void schedule_arrival(struct world *w, struct source *s, bool again, lb_time now)
{
    double gap = s->gap;
    if (s->rule->arrivals == ARRIVALS_POISSON) {
        gap *= ziggurat_exponential(&s->gaps);
        s->next_at = now + world_delay(units_from_ns(gap));
    } else {
        gap += s->rest;
        s->next_at = now + world_delay(units_from_ns(gap));
        s->rest = gap - (double)(s->next_at - now);
    }
    if (again && s->source_index < CLIENT_BEATS)
        engine_hot_again(w->engine, s->source_index, s->next_at);
    else
        arm(w, s);
}

/* Any other process: arrivals.h. */
static void schedule_process(struct world *w, struct source *s, lb_time next_at)
{
    s->next_at = next_at;
    if (next_at < LB_NEVER)
        arm(w, s);
}

/* 0 when nobody comes within any run. */
static double mean_gap(double rate)
{
    double gap = rate > 0.0 ? 1e9 / rate : 0.0;
    return gap < (double)WORLD_DELAY_MAX ? gap : 0.0;
}

static void begin_process(struct world *w, struct source *s)
{
    struct lb_random random;
    lb_time horizon = w->scenario->run.duration + w->scenario->run.settle;
    s->process = text_need_zero(1, sizeof *s->process);
    stream_open(&random, &w->key, STREAM_ARRIVAL, s->source_index, 1);
    schedule_process(w, s, arrivals_begin(s->process, s->rule, &s->gaps, &random, s->gap, horizon));
}

void client_init(struct world *w, uint32_t source)
{
    struct source *s = &w->sources[source];
    const struct scenario_client *rule = &w->scenario->clients[source];
    *s = (struct source){.rule = rule, .rate = rule->rate, .source_index = source};
    s->gap = mean_gap(rule->rate);
    s->mere = connections_mere(w, rule);
    s->crowd = crowd_create(rule);
    s->apart = arrivals_process_of(rule->arrivals) != NULL || rule->sessions.on;
    s->goes_on = rule->arrivals == ARRIVALS_CLOSED || rule->sessions.on;
    retry_budget_init(&s->budget);
    stream_open(&s->gaps, &w->key, STREAM_ARRIVAL, source, 0);
    stream_open(&s->classes, &w->key, STREAM_CLASS, source, 0);
    stream_open(&s->work, &w->key, STREAM_WORK, source, 0);
    stream_open(&s->clients, &w->key, STREAM_CLIENT, source, 0);
    stream_open(&s->entries, &w->key, STREAM_ENTRY, source, 0);
    for (uint32_t i = 0; i < rule->class_count; i++)
        w->class_source[rule->class_first + i] = (uint16_t)source;
    s->only = rule->class_count == 1 ? &rule->classes[0].work : NULL;
    if (arrivals_process_of(rule->arrivals) != NULL) {
        begin_process(w, s);
        return;
    }
    if (rule->arrivals != ARRIVALS_CLOSED) {
        if (s->gap > 0.0)
            schedule_arrival(w, s, false, 0);
        else
            s->rest = rule->arrivals == ARRIVALS_POISSON ? ziggurat_exponential(&s->gaps) : 1.0;
        return;
    }
    s->first_user = w->users;
    s->asked = text_need_zero(rule->users, sizeof *s->asked);
    w->users += rule->users;
    for (uint32_t i = 0; i < rule->users; i++) {
        struct lb_random random;
        stream_open(&random, &w->key, STREAM_THINK, s->first_user + i, 0);
        lb_time think = distribution_draw_time(&rule->think, &random);
        (void)engine_at(w->engine, world_delay(think), EVENT_USER, s->first_user + i);
    }
}

void client_done(struct source *s)
{
    free(s->asked);
    free(s->process);
    free(s->crowd);
    deadlines_done(&s->deadlines);
}

uint32_t client_draw_class(const struct scenario_client *rule, struct lb_random *random)
{
    double u = lb_random_unit(random);
    for (uint32_t i = 0; i + 1 < rule->class_count; i++) {
        u -= rule->classes[i].share;
        if (u < 0.0)
            return i;
    }
    return rule->class_count - 1;
}

/* Sees to it that the engine comes back for a deadline. */
static void deadline_at(struct world *w, lb_time due)
{
    uint32_t beat = w->source_count < CLIENT_BEATS ? w->source_count : CLIENT_BEATS;
    w->deadline = due;
    engine_beat(w->engine, beat, due, EVENT_TIMEOUT, 0);
}

/* The request sets out for the balancer, with its timeout armed. picked: where to, if plain. */
STEP void send(struct world *w, bool plain, struct source *s, uint32_t id, int32_t picked,
               lb_time now)
{
    struct request *r = world_request(w, id);
    r->backend = -1;
    if (s->rule->timeout > 0) {
        deadlines_join(&s->deadlines, &w->requests, id);
        if (__builtin_expect(now + s->rule->timeout < w->deadline, 0))
            deadline_at(w, now + s->rule->timeout);
    }
    if (!plain && __builtin_expect(w->requests.tries != NULL, 0))
        w->requests.tries[id].set_out = now;
    if (!plain && __builtin_expect(w->hedges.on, 0))
        hedge_begins(w, s, id, now);
    if (!plain) {
        client_set_out(w, s, id, now);
        return;
    }
    r->state = REQUEST_TO_BALANCER;
    step_place(w, true, step_front(w, true, id), id, picked, now);
}

void client_too_many(struct world *w)
{
    lb_error_set(&w->failed, LB_ERROR_INVALID,
                 "more than %u requests in flight at once: the load is beyond the capacity; "
                 "lower it, or give clients a timeout or backends a queue limit",
                 w->requests.max);
    engine_stop(w->engine);
}

static inline uint32_t take(struct world *w)
{
    uint32_t id = requests_take(&w->requests);
    if (__builtin_expect(id == 0, 0))
        client_too_many(w);
    return id;
}

/* A new request of this group; class and work are drawn by the caller, picked as in send. */
STEP void arrive(struct world *w, bool plain, struct source *s, uint32_t class, lb_time work,
                 uint32_t client, int32_t picked, lb_time now)
{
    uint32_t id = take(w);
    if (__builtin_expect(id == 0, 0))
        return;
    struct request *r = world_request(w, id);
    r->arrived = now;
    r->work = world_delay(work);
    r->number = w->numbers++;
    r->class = (uint16_t)(s->rule->class_first + class);
    r->client = client;
    r->flags = 0;
    if (!plain) {
        if (w->requests.tries != NULL)
            w->requests.tries[id] = (struct request_tries){0};
        retry_first(&s->budget, &s->rule->retries);
    }
    ledger_arrived(&w->ledger, plain, r);
    if (!plain && w->story != NULL)
        story_arrives(w, id, now);
    send(w, plain, s, id, picked, now);
}

/* A request of an open group: class, work and client are drawn, picked as in send. */
STEP void ask_one(struct world *w, struct source *s, int32_t picked, lb_time now)
{
    uint32_t class = 0;
    const struct distribution *work = s->only;
    if (work == NULL) {
        class = client_draw_class(s->rule, &s->classes);
        work = &s->rule->classes[class].work;
    }
    lb_time takes = distribution_draw_fast(work, &s->work);
    uint32_t client = s->strangers++;
    if (s->rule->population > 0)
        client = s->crowd == NULL ? lb_random_below(&s->clients, s->rule->population)
                                  : crowd_draw(s->crowd, &s->clients);
    if (step_plain(w))
        arrive(w, true, s, class, takes, client, picked, now);
    else
        arrive(w, false, s, class, takes, client, LB_NONE, now);
}

/* A request of a trace: what its row does not say is drawn. Its client is the row. */
static void ask_row(struct world *w, struct source *s, uint32_t row, lb_time now)
{
    const struct trace *trace = s->rule->process.trace;
    uint32_t class = trace->class == NULL ? TRACE_NO_CLASS : trace->class[row];
    if (class == TRACE_NO_CLASS)
        class = s->only != NULL ? 0 : client_draw_class(s->rule, &s->classes);
    lb_time work = trace->work == NULL ? TRACE_NO_WORK : trace->work[row];
    if (work == TRACE_NO_WORK)
        work = distribution_draw_fast(&s->rule->classes[class].work, &s->work);
    arrive(w, false, s, class, work, row, LB_NONE, now);
}

/* Arrivals of processes, and of sessions. */
static void arrival_of_process(struct world *w, struct source *s, lb_time now)
{
    uint32_t row = s->process == NULL ? 0 : s->process->walk.row;
    if (s->process == NULL)
        schedule_arrival(w, s, true, now);
    else
        schedule_process(w, s, arrivals_next(s->process, now));
    if (s->rule->sessions.on)
        session_begin(w, s, now);
    else if (s->rule->arrivals == ARRIVALS_TRACE)
        ask_row(w, s, row, now);
    else
        ask_one(w, s, step_plain(w) ? step_pick_early(w, now) : LB_NONE, now);
}

void client_arrival_event(void *context, uint32_t subject, lb_time now)
{
    struct world *w = context;
    struct source *s = &w->sources[subject];
    if (__builtin_expect(s->apart, 0)) {
        arrival_of_process(w, s, now);
        return;
    }
    int32_t picked = step_plain(w) ? step_pick_early(w, now) : LB_NONE;
    schedule_arrival(w, s, true, now);
    ask_one(w, s, picked, now);
}

void client_ask(struct world *w, struct source *s, uint32_t class, lb_time work, uint32_t client,
                lb_time now)
{
    arrive(w, false, s, class, work, client, LB_NONE, now);
}

static struct source *source_of_user(struct world *w, uint32_t user)
{
    struct source *s = w->sources;
    while (s->rule->arrivals != ARRIVALS_CLOSED || user - s->first_user >= s->rule->users)
        s++;
    return s;
}

/* Users who are answered, or refused, at once and do not think would ask for ever in one instant. */
#define CLIENT_ASKED_MAX 1000000U /* and 100 times for each user */

static bool stands_still(struct world *w, struct source *s, lb_time now)
{
    if (s->asked_at != now) {
        s->asked_at = now;
        s->asked_then = 0;
    }
    if (++s->asked_then <= CLIENT_ASKED_MAX + UINT64_C(100) * s->rule->users)
        return false;
    lb_error_set(&w->failed, LB_ERROR_INVALID,
                 "the users of '%s' ask again and again in one instant, because answers take no "
                 "time and they do not think: give them a think time, work or a network delay",
                 s->rule->name);
    engine_stop(w->engine);
    return true;
}

void client_user_event(void *context, uint32_t subject, lb_time now)
{
    struct world *w = context;
    struct source *s = source_of_user(w, subject);
    if (__builtin_expect(stands_still(w, s, now), 0))
        return;
    uint32_t ordinal = ++s->asked[subject - s->first_user];
    struct lb_random random;
    uint32_t class = 0;
    if (s->only == NULL) {
        stream_open(&random, &w->key, STREAM_CLASS, UINT64_C(1) << 32 | subject, ordinal);
        class = client_draw_class(s->rule, &random);
    }
    stream_open(&random, &w->key, STREAM_WORK, UINT64_C(1) << 32 | subject, ordinal);
    lb_time takes = distribution_draw_fast(&s->rule->classes[class].work, &random);
    arrive(w, false, s, class, takes, subject, LB_NONE, now);
}

void client_ended(struct world *w, const struct source *s, uint32_t user, bool last, lb_time now)
{
    if (s->rule->arrivals == ARRIVALS_CLOSED) {
        struct lb_random random;
        stream_open(&random, &w->key, STREAM_THINK, user, s->asked[user - s->first_user]);
        lb_time think = distribution_draw_time(&s->rule->think, &random);
        (void)engine_at(w->engine, now + world_delay(think), EVENT_USER, user);
    } else if (s->rule->sessions.on) {
        session_answered(w, user, now);
    }
    if (last && w->past_end) {
        w->settled = true;
        engine_stop(w->engine);
    }
}

void client_again_event(void *context, uint32_t subject, lb_time now)
{
    struct world *w = context;
    send(w, false, world_source(w, world_request(w, subject)), subject, LB_NONE, now);
}

/* When the client that has waited longest of this group gives up; LB_NEVER = nobody waits. */
static lb_time first_deadline(struct world *w, struct source *s)
{
    uint32_t id = deadlines_first(&s->deadlines);
    if (id == 0)
        return LB_NEVER;
    lb_time set_out =
        w->requests.tries != NULL ? w->requests.tries[id].set_out : world_request(w, id)->arrived;
    return set_out + s->rule->timeout;
}

/* One client gives up, or nobody when the answer it waited for came in time: the engine was asked to
 * come back for a request that was the oldest then. */
void client_timeout_event(void *context, uint32_t subject, lb_time now)
{
    struct world *w = context;
    (void)subject;
    w->deadline = LB_NEVER;
    for (uint32_t i = 0; i < w->source_count; i++) {
        struct source *s = &w->sources[i];
        if (first_deadline(w, s) != now)
            continue;
        uint32_t id = deadlines_first(&s->deadlines);
        deadlines_leave(&s->deadlines, world_request(w, id));
        client_gives_up(w, id, now);
        break;
    }
    lb_time due = LB_NEVER;
    for (uint32_t i = 0; i < w->source_count; i++) {
        lb_time first = first_deadline(w, &w->sources[i]);
        due = first < due ? first : due;
    }
    if (due < LB_NEVER)
        deadline_at(w, due);
}

/* The next arrival is not to come after all. */
static void disarm(struct world *w, struct source *s)
{
    if (s->next_at == LB_NEVER)
        return;
    if (s->source_index < CLIENT_BEATS)
        engine_beat(w->engine, s->source_index, LB_NEVER, EVENT_ARRIVAL, s->source_index);
    else
        engine_cancel(w->engine, s->next);
}

void client_set_rate(struct world *w, uint32_t source, double rate, lb_time now)
{
    struct source *s = &w->sources[source];
    if (s->rule->arrivals == ARRIVALS_CLOSED)
        return;
    if (s->process != NULL) {
        disarm(w, s);
        s->rate = rate;
        s->gap = mean_gap(rate);
        schedule_process(w, s, arrivals_change(s->process, s->gap, now));
        return;
    }
    /* What is left of the gap, in mean gaps: memoryless and equal gaps both keep it. */
    double left = s->rest;
    if (s->gap > 0.0) {
        left = (double)(s->next_at - now) * s->rate / 1e9;
        disarm(w, s);
    }
    s->rate = rate;
    s->gap = mean_gap(rate);
    s->rest = s->gap > 0.0 ? 0.0 : left;
    if (s->gap > 0.0) {
        s->next_at = now + world_delay(units_from_ns(left * 1e9 / rate));
        arm(w, s);
    }
}
