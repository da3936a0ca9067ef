/* See guard.h. */
#include "sim/model/guard.h"

#include <stdlib.h>

#include "sim/base/text.h"
#include "sim/model/spoof.h"
#include "sim/model/world.h"

static bool wanted(const struct scenario_balancer *rule)
{
    const struct scenario_circuit *circuit = &rule->circuit;
    return rule->rate_limit.on || rule->shed.on || rule->concurrency.kind != LIMITER_NONE ||
           rule->max_in_flight != SCENARIO_UNLIMITED || circuit->requests != SCENARIO_UNLIMITED ||
           circuit->pending != SCENARIO_UNLIMITED || circuit->retries != SCENARIO_UNLIMITED;
}

void guards_init(struct world *w)
{
    for (uint32_t i = 0; i < w->front_count; i++) {
        struct front *f = &w->fronts[i];
        if (!wanted(f->rule))
            continue;
        w->guards = true;
        f->guard = text_need_zero(1, sizeof *f->guard);
        if (f->rule->rate_limit.on)
            rate_limiter_init(&f->guard->rate, &f->rule->rate_limit);
        concurrency_init(&f->guard->limit, &f->rule->concurrency);
        f->guard->pools = text_need_zero(f->balancer.pool_count, sizeof *f->guard->pools);
    }
}

void guards_done(struct world *w)
{
    for (uint32_t i = 0; w->fronts != NULL && i < w->front_count; i++) {
        struct guard *guard = w->fronts[i].guard;
        if (guard == NULL)
            continue;
        if (w->fronts[i].rule->rate_limit.on)
            rate_limiter_done(&guard->rate);
        free(guard->pools);
        free(guard);
    }
}

/* Whose bucket a request takes from. */
static uint64_t rate_key(struct world *w, const struct front *f, uint32_t id)
{
    const struct request *r = world_request(w, id);
    struct lb_address from = {0};
    uint32_t client;
    switch (f->rule->rate_limit.per) {
    case PER_ALL:
        return 1;
    case PER_CLIENT:
        return ((uint64_t)w->class_source[r->class] + 1) << 32 | client_of(w, r);
    default:
        spoof_source(w, f, id, &from, &client);
        return rate_limiter_key(&from);
    }
}

static struct guard_pool *pool_of(const struct front *f, const struct request *r)
{
    uint32_t pool = f->rule->pool;
    if (f->outer)
        pool = 0;
    else if (f->rule->pool_of_class != NULL)
        pool = f->rule->pool_of_class[r->class];
    return &f->guard->pools[pool];
}

/* Is there room for a request of this priority? If not, *cause says which rule it was. */
static bool has_room(const struct front *f, uint32_t priority, enum cause *cause)
{
    const struct scenario_balancer *rule = f->rule;
    uint32_t limit = rule->max_in_flight, waiting = f->balancer.waiting.total;
    double here = (double)f->guard->sent + waiting;
    if (rule->concurrency.kind != LIMITER_NONE && concurrency_limit(&f->guard->limit) < limit)
        limit = concurrency_limit(&f->guard->limit);
    double above = rule->shed.on ? rule->shed.above[priority] : 2;
    *cause = CAUSE_SHED;
    if (above <= 1) {
        bool queue = rule->queue_size != SCENARIO_UNLIMITED && rule->queue_size > 0;
        if (limit != SCENARIO_UNLIMITED && here >= above * limit)
            return false;
        return !queue || waiting < above * rule->queue_size;
    }
    *cause = CAUSE_CONCURRENCY;
    return limit == SCENARIO_UNLIMITED || here < limit;
}

bool guard_admits(struct world *w, struct front *f, uint32_t id, lb_time now)
{
    const struct request *r = world_request(w, id);
    enum cause cause = CAUSE_RATE_LIMITED;
    if (f->guard == NULL)
        return true;
    if (!f->rule->rate_limit.on || rate_limiter_take(&f->guard->rate, rate_key(w, f, id), now)) {
        if (has_room(f, w->ledger.classes[r->class].priority, &cause)) {
            cause = CAUSE_OVERFLOW;
            if (pool_of(f, r)->sent < f->rule->circuit.requests)
                return true;
        }
    }
    front_fail(w, id, cause, now);
    return false;
}

bool guard_hedges(const struct front *f, uint32_t backend)
{
    if (f->guard == NULL)
        return true;
    uint32_t limit = f->rule->max_in_flight;
    if (f->rule->concurrency.kind != LIMITER_NONE && concurrency_limit(&f->guard->limit) < limit)
        limit = concurrency_limit(&f->guard->limit);
    const struct guard_pool *pool = &f->guard->pools[f->balancer.places[backend].pool];
    return pool->sent < f->rule->circuit.requests &&
           (limit == SCENARIO_UNLIMITED || f->guard->sent + f->balancer.waiting.total < limit);
}

void guard_sent(struct front *f, uint32_t backend)
{
    if (f->guard == NULL)
        return;
    f->guard->sent++;
    f->guard->pools[f->balancer.places[backend].pool].sent++;
}

void guard_finished(struct front *f, uint32_t backend, enum lb_end end, lb_time took, lb_time now)
{
    struct guard *guard = f->guard;
    if (guard == NULL)
        return;
    /* What was refused, reset or answered with an error says nothing about how busy a backend is. */
    bool dropped = end == LB_END_CANCELLED || end == LB_END_TIMEOUT ||
                   end == LB_END_CONNECT_TIMEOUT || end == LB_END_QUEUE_FULL ||
                   end == LB_END_QUEUE_TIMEOUT;
    if (f->rule->concurrency.kind != LIMITER_NONE && (end == LB_END_OK || dropped))
        concurrency_answer(&guard->limit, took, guard->sent + f->balancer.waiting.total, dropped,
                           now);
    guard->sent--;
    guard->pools[f->balancer.places[backend].pool].sent--;
}

bool guard_waits(struct world *w, struct front *f, uint32_t id, lb_time now)
{
    if (f->guard == NULL)
        return true;
    struct guard_pool *pool = pool_of(f, world_request(w, id));
    if (pool->waiting >= f->rule->circuit.pending) {
        front_fail(w, id, CAUSE_OVERFLOW, now);
        return false;
    }
    pool->waiting++;
    return true;
}

void guard_waits_no_more(struct front *f, const struct request *r)
{
    if (f->guard != NULL)
        pool_of(f, r)->waiting--;
}

/* How a record says that it is counted as an active retry: by an inner balancer, by an outer one. */
static uint8_t mark_of(const struct front *f)
{
    return f->outer ? 2 : 1;
}

bool guard_retries(struct world *w, struct front *f, uint32_t id, enum cause *cause, enum why *why)
{
    struct request_tries *tries = &w->requests.tries[id];
    if (f->guard == NULL || (tries->held & mark_of(f)) != 0)
        return true;
    struct guard_pool *pool = pool_of(f, world_request(w, id));
    if (pool->retrying >= f->rule->circuit.retries) {
        *cause = CAUSE_OVERFLOW;
        *why = WHY_OVERFLOW;
        return false;
    }
    pool->retrying++;
    tries->held |= mark_of(f);
    return true;
}

void guard_release(struct world *w, struct front *f, uint32_t id)
{
    if (f->guard == NULL || w->requests.tries == NULL ||
        (w->requests.tries[id].held & mark_of(f)) == 0)
        return;
    w->requests.tries[id].held &= (uint8_t)~mark_of(f);
    pool_of(f, world_request(w, id))->retrying--;
}

void guard_leave(struct world *w, uint32_t id)
{
    struct front *f = world_front(w, id);
    guard_release(w, f, id);
    if (w->front_count > 1 && w->requests.tries[id].outer != 0)
        guard_release(w, &w->fronts[w->requests.tries[id].outer - 1U], id);
}

void guard_hand_on(struct world *w, uint32_t id, uint32_t other, bool leaves_outer)
{
    struct request_tries *tries = w->requests.tries;
    if (tries == NULL)
        return;
    tries[other].held = leaves_outer ? tries[id].held & 2U : tries[id].held;
    tries[id].held = leaves_outer ? tries[id].held & 1U : 0;
}

void guard_restart(struct front *f)
{
    if (f->guard == NULL)
        return;
    if (f->rule->rate_limit.on) {
        rate_limiter_done(&f->guard->rate);
        rate_limiter_init(&f->guard->rate, &f->rule->rate_limit);
    }
    concurrency_init(&f->guard->limit, &f->rule->concurrency);
}
