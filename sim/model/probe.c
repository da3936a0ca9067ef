/*
 * Active health checks on their way: a probe is a request without work that no client sent.
 *
 * Through the queue, a probe stands in the backend's line like everybody else and is answered when
 * it comes to a slot; through a reserved slot it is answered at once. A hung backend accepts and
 * never answers, a dead one refuses. The first check of a backend starts at a random moment of the
 * interval; the address of that draw is (balancer, backend), so all algorithms see the same phases.
 */
#include <stdio.h>

#include "sim/base/units.h"
#include "sim/model/world.h"

void probe_init(struct world *w)
{
    const struct scenario_health *rule = &w->balancer.rule->health;
    w->checks = rule->active;
    for (uint32_t i = 0; w->checks && i < w->backend_count; i++) {
        struct lb_random random;
        stream_open(&random, &w->key, STREAM_CHECK, (uint64_t)w->balancer.index << 32 | i, 0);
        lb_time phase = (lb_time)(lb_random_unit(&random) * (double)rule->every);
        (void)engine_at(w->engine, phase, EVENT_CHECK, i);
    }
}

void probe_check_event(void *context, uint32_t subject, lb_time now)
{
    struct world *w = context;
    const struct scenario_health *rule = &w->balancer.rule->health;
    w->probes++;
    if (rule->pace == PACE_FIXED)
        (void)engine_at(w->engine, health_next(rule, now, now), EVENT_CHECK, subject);
    uint32_t id = requests_take(&w->requests);
    if (id == 0)
        return; /* at the limit the next arrival ends the run with its reason */
    struct request *r = world_request(w, id);
    *r = (struct request){.arrived = now,
                          .sent = now,
                          .backend = (int32_t)subject,
                          .number = w->probes,
                          .state = REQUEST_TO_BACKEND,
                          .flags = REQUEST_PROBE};
    r->timeout = engine_at(w->engine, now + rule->timeout, EVENT_PROBE_TIMEOUT, id);
    if (w->to_backend > 0)
        r->event = engine_at(w->engine, now + w->to_backend, EVENT_PROBE_THERE, id);
    else
        probe_there_event(w, id, now);
}

void probe_there_event(void *context, uint32_t subject, lb_time now)
{
    struct world *w = context;
    struct request *r = world_request(w, subject);
    struct backend *b = &w->backends[r->backend];
    r->event = ENGINE_NO_EVENT;
    if (b->truth == TRUTH_HUNG)
        r->state = REQUEST_RESTING; /* accepted; only its timeout knows it now */
    else if (b->truth != TRUTH_DOWN && w->balancer.rule->health.reserved)
        probe_answer(w, subject, true, now);
    else
        backend_receive(w, subject, now);
}

void probe_answer(struct world *w, uint32_t id, bool passed, lb_time now)
{
    struct request *r = world_request(w, id);
    r->state = REQUEST_BACK;
    r->next = passed ? 1U : 0U;
    if (w->to_backend > 0)
        r->event = engine_at(w->engine, now + w->to_backend, EVENT_PROBE_BACK, id);
    else
        probe_back_event(w, id, now);
}

/* The balancer learns the result of a check that began at `started`. */
static void result(struct world *w, uint32_t backend, bool passed, lb_time started, lb_time now)
{
    const struct scenario_health *rule = &w->balancer.rule->health;
    if (rule->pace == PACE_AFTER_RESULT)
        (void)engine_at(w->engine, health_next(rule, started, now), EVENT_CHECK, backend);
    enum belief before = balancer_belief(&w->balancer, backend);
    if (!balancer_check_result(&w->balancer, backend, passed, now))
        return;
    enum belief after = balancer_belief(&w->balancer, backend);
    char why[96];
    (void)snprintf(why, sizeof why, "%u checks in a row %s", passed ? rule->rise : rule->fall,
                   passed ? "passed" : "failed");
    if (w->listener.happened != NULL)
        w->listener.happened(w->listener.self, NULL, (int32_t)backend, before, after, why);
    if (passed)
        line_serve(w, backend, now);
    else
        line_repick(w, backend, now);
}

void probe_back_event(void *context, uint32_t subject, lb_time now)
{
    struct world *w = context;
    struct request copy = *world_request(w, subject);
    engine_cancel(w->engine, copy.timeout);
    requests_give(&w->requests, subject);
    result(w, (uint32_t)copy.backend, copy.next != 0, copy.arrived, now);
}

void probe_timeout_event(void *context, uint32_t subject, lb_time now)
{
    struct world *w = context;
    struct request *r = world_request(w, subject);
    struct request copy = *r;
    if (r->state == REQUEST_QUEUED || r->state == REQUEST_SERVICE) {
        backend_abandon(w, subject, now); /* it leaves when it reaches the head */
    } else {
        if (r->event != ENGINE_NO_EVENT)
            engine_cancel(w->engine, r->event);
        requests_give(&w->requests, subject);
    }
    result(w, (uint32_t)copy.backend, false, copy.arrived, now);
}
