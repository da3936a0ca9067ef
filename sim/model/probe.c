/*
 * Active health checks on their way: a probe is a request without work that no client sent.
 *
 * Through the queue, a probe stands in the backend's line like everybody else and is answered when
 * it comes to a slot; through a reserved slot it is answered at once. A hung backend accepts and
 * never answers, a dead one refuses. The first check of a backend starts at a random moment of the
 * interval; the address of that draw is (balancer, backend), so all algorithms see the same phases.
 */
#include "sim/base/text.h"
#include "sim/model/world.h"

/* The first check of a backend that joins for the n-th time, n = 0 at the start; in the process that is the
 * balancer's m-th, m = 0 at first. */
static void first_check(struct world *w, struct front *f, uint32_t backend, uint64_t n, lb_time now)
{
    struct lb_random random;
    stream_open(&random, &w->key, STREAM_CHECK, (uint64_t)f->number << 32 | backend,
                (uint64_t)f->gate.lives << 32 | n);
    lb_time phase = (lb_time)(lb_random_unit(&random) * (double)f->rule->health.every);
    f->watch.checks[backend] =
        engine_at(w->engine, now + phase, EVENT_CHECK, world_place(w, f, backend));
}

void probe_init(struct world *w, struct front *f, lb_time now)
{
    if (!f->rule->health.active)
        return;
    w->checks = true;
    if (f->watch.checks == NULL)
        f->watch.checks = text_need_zero(f->balancer.backend_count, sizeof *f->watch.checks);
    for (uint32_t i = 0; i < f->balancer.backend_count; i++)
        if ((f->balancer.places[i].out & (BALANCER_OUT_SUBSET | BALANCER_OUT_ABSENT)) == 0)
            first_check(w, f, i, 0, now); /* else it does not talk to this one */
}

void probe_join(struct world *w, struct front *f, uint32_t backend, lb_time now)
{
    if (f->watch.checks != NULL && gate_runs(f) &&
        (f->balancer.places[backend].out & BALANCER_OUT_SUBSET) == 0)
        first_check(w, f, backend, w->change.joined[backend], now);
}

void probe_part(struct world *w, struct front *f, uint32_t backend)
{
    if (f->watch.checks == NULL || f->watch.checks[backend] == ENGINE_NO_EVENT)
        return;
    engine_cancel(w->engine, f->watch.checks[backend]);
    f->watch.checks[backend] = ENGINE_NO_EVENT;
}

static void schedule(struct world *w, struct front *f, uint32_t backend, lb_time when)
{
    if (f->watch.checks[backend] != ENGINE_NO_EVENT)
        engine_cancel(w->engine, f->watch.checks[backend]);
    f->watch.checks[backend] = engine_at(w->engine, when, EVENT_CHECK, world_place(w, f, backend));
}

void probe_sooner(struct world *w, struct front *f, uint32_t backend, lb_time when)
{
    engine_event next = f->watch.checks[backend];
    if (next != ENGINE_NO_EVENT && engine_when(w->engine, next) > when)
        schedule(w, f, backend, when);
}

void probe_check_event(void *context, uint32_t subject, lb_time now)
{
    struct world *w = context;
    uint32_t backend;
    struct front *f = world_front_of_place(w, subject, &backend);
    const struct scenario_health *rule = &f->rule->health;
    w->probes++;
    f->watch.checks[backend] = ENGINE_NO_EVENT;
    if (rule->pace == PACE_FIXED)
        schedule(w, f, backend, health_next(&f->balancer.places[backend].health, rule, now, now));
    uint32_t id = requests_take(&w->requests);
    if (id == 0)
        return; /* at the limit the next arrival ends the run with its reason */
    struct request *r = world_request(w, id);
    *r = (struct request){.arrived = now,
                          .sent = now,
                          .backend = (int32_t)backend,
                          .number = w->probes,
                          .state = REQUEST_TO_BACKEND,
                          .flags = REQUEST_PROBE};
    if (w->requests.tries != NULL)
        w->requests.tries[id] = (struct request_tries){.front = (uint16_t)f->number};
    r->timeout = engine_at(w->engine, now + rule->timeout, EVENT_PROBE_TIMEOUT, id);
    if (w->links && !f->outer && !link_probe(w, f, (uint32_t)r->backend))
        r->state = REQUEST_LOST;
    else if (w->to_backend > 0)
        r->event = engine_at(w->engine, now + w->to_backend, EVENT_PROBE_THERE, id);
    else
        probe_there_event(w, id, now);
}

void probe_there_event(void *context, uint32_t subject, lb_time now)
{
    struct world *w = context;
    struct front *f = world_front(w, subject);
    struct request *r = world_request(w, subject);
    r->event = ENGINE_NO_EVENT;
    if (gate_loses_probe(w, f, (uint32_t)r->backend)) {
        r->state = REQUEST_LOST; /* only its timeout knows it now */
        return;
    }
    if (f->outer) { /* a balancer answers by itself */
        const struct gate *inner = &w->fronts[f->to_first + (uint32_t)r->backend].gate;
        bool refuses = inner->truth == TRUTH_DOWN || inner->drained;
        probe_answer(w, subject, refuses ? LB_END_REFUSED : LB_END_OK, now);
        return;
    }
    struct backend *b = &w->backends[r->backend];
    const struct backend_rest *rest = &w->rest[r->backend];
    if (rest->hung)
        r->state = REQUEST_RESTING; /* accepted; only its timeout knows it now */
    else if (!rest->down && !b->frozen && f->rule->health.reserved)
        probe_answer(w, subject, LB_END_OK, now);
    else
        backend_receive(w, subject, now);
}

/* A backend that turns the probe away answers it, with an error; a process that is gone does not. */
static enum check verdict(enum lb_end end)
{
    if (end == LB_END_OK)
        return CHECK_PASSED;
    bool answered = end == LB_END_ERROR || end == LB_END_QUEUE_FULL || end == LB_END_QUEUE_TIMEOUT;
    return answered ? CHECK_BAD_STATUS : CHECK_FAILED;
}

void probe_answer(struct world *w, uint32_t id, enum lb_end end, lb_time now)
{
    struct request *r = world_request(w, id);
    r->state = REQUEST_BACK;
    r->next = (uint32_t)verdict(end);
    const struct front *f = world_front(w, id);
    if (w->links && !f->outer && !link_probe(w, f, (uint32_t)r->backend))
        r->state = REQUEST_LOST;
    else if (w->to_backend > 0)
        r->event = engine_at(w->engine, now + w->to_backend, EVENT_PROBE_BACK, id);
    else
        probe_back_event(w, id, now);
}

/* The next check, as the result has it: at a fixed pace it is scheduled already, but the state may
 * have another interval now. */
static void next_check(struct world *w, struct front *f, uint32_t backend, lb_time started,
                       lb_time now)
{
    const struct scenario_health *rule = &f->rule->health;
    lb_time when = health_next(&f->balancer.places[backend].health, rule, started, now);
    bool varies = rule->fastinter > 0 || rule->downinter > 0;
    if (rule->pace == PACE_AFTER_RESULT || (varies && when > now))
        schedule(w, f, backend, when);
}

/* The balancer learns the result of a check that began at `started`. */
static void result(struct world *w, struct front *f, uint32_t backend, enum check check,
                   lb_time started, lb_time now)
{
    char why[BALANCER_WHY];
    enum belief before = balancer_belief(&f->balancer, backend);
    if (before == BELIEF_ABSENT)
        return; /* it has left meanwhile */
    bool changed = balancer_check_result(&f->balancer, backend, check, why, now);
    next_check(w, f, backend, started, now);
    if (!changed)
        return;
    watch_belief(w, f, backend, before, why, now);
    if (check == CHECK_PASSED)
        line_serve(w, f, backend, now);
    else
        line_repick(w, f, backend, now);
    watch_settle(w, f, now);
}

void probe_back_event(void *context, uint32_t subject, lb_time now)
{
    struct world *w = context;
    struct request copy = *world_request(w, subject);
    struct front *f = world_front(w, subject);
    if (gate_loses_probe(w, f, (uint32_t)copy.backend)) {
        world_request(w, subject)->state = REQUEST_LOST;
        world_request(w, subject)->event = ENGINE_NO_EVENT;
        return;
    }
    engine_cancel(w->engine, copy.timeout);
    requests_give(&w->requests, subject);
    result(w, f, (uint32_t)copy.backend, (enum check)copy.next, copy.arrived, now);
}

void probe_forget(struct world *w, uint32_t id, lb_time now)
{
    struct request *r = world_request(w, id);
    if (r->state == REQUEST_QUEUED || r->state == REQUEST_SERVICE) {
        backend_abandon(w, id, now); /* it leaves when it reaches the head */
        return;
    }
    if (r->event != ENGINE_NO_EVENT)
        engine_cancel(w->engine, r->event);
    requests_give(&w->requests, id);
}

void probe_timeout_event(void *context, uint32_t subject, lb_time now)
{
    struct world *w = context;
    struct request copy = *world_request(w, subject);
    struct front *f = world_front(w, subject);
    probe_forget(w, subject, now);
    result(w, f, (uint32_t)copy.backend, CHECK_FAILED, copy.arrived, now);
}
