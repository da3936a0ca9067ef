/* See breakers.h. */
#include "sim/model/breakers.h"

#include <stdlib.h>

#include "sim/base/text.h"
#include "sim/model/world.h"

void breakers_init(struct world *w, struct front *f)
{
    if (!f->rule->breaker.on)
        return;
    w->breakers = true;
    f->breakers = text_need_zero(f->balancer.backend_count, sizeof *f->breakers);
    for (uint32_t i = 0; i < f->balancer.backend_count; i++)
        f->breakers[i] = (struct breakers){.since = LB_NEVER, .due = ENGINE_NO_EVENT};
}

void breakers_done(struct front *f)
{
    free(f->breakers);
    f->breakers = NULL;
}

lb_time breakers_away(const struct world *w, const struct front *f, uint32_t backend, lb_time now)
{
    const struct breakers *b = &f->breakers[backend];
    lb_time from = b->since > w->ledger.from ? b->since : w->ledger.from;
    lb_time until = now < w->ledger.until ? now : w->ledger.until;
    return b->away + (b->since < LB_NEVER && until > from ? until - from : 0);
}

/* Its state has changed. */
static void count(struct world *w, struct front *f, uint32_t backend, lb_time now)
{
    struct breakers *b = &f->breakers[backend];
    enum breaker_state state = f->balancer.breaker.hosts[backend].state;
    bool measured = now >= w->ledger.from && now < w->ledger.until;
    if (state == BREAKER_CLOSED) {
        b->away = breakers_away(w, f, backend, now);
        b->since = LB_NEVER;
        b->closed += measured;
    } else if (state == BREAKER_OPEN && b->since < LB_NEVER) {
        b->reopened += measured;
    } else if (state == BREAKER_OPEN) {
        b->since = now;
        b->opened += measured;
    }
}

static uint8_t mark_of(const struct front *f)
{
    return f->outer ? REQUEST_TRIAL_OUTER : REQUEST_TRIAL;
}

void breakers_sent(struct world *w, struct front *f, uint32_t id, uint32_t backend, lb_time now)
{
    if (f->breakers == NULL || !balancer_sent(&f->balancer, backend, now))
        return;
    world_request(w, id)->flags |= mark_of(f);
    watch_settle(w, f, now);
}

void breakers_ended(struct world *w, struct front *f, uint32_t id, uint32_t backend,
                    enum lb_end end, lb_time sent, lb_time now)
{
    struct request *r = world_request(w, id);
    char why[BALANCER_WHY];
    if (f->breakers == NULL)
        return;
    bool trial = (r->flags & mark_of(f)) != 0;
    r->flags &= (uint8_t)~mark_of(f);
    if (!gate_runs(f))
        return; /* nobody there knows what comes back; the next process begins anew */
    enum belief before = balancer_belief(&f->balancer, backend);
    if (balancer_ended(&f->balancer, backend, trial, end, sent, why, now)) {
        count(w, f, backend, now);
        if (f->balancer.breaker.hosts[backend].state == BREAKER_OPEN)
            f->breakers[backend].due = engine_at(
                w->engine, world_delay(now + breaker_pause(&f->balancer.breaker, backend)),
                EVENT_BREAKER, world_place(w, f, backend));
        if (balancer_belief(&f->balancer, backend) != before) /* else something worse hides it */
            watch_belief(w, f, backend, before, why, now);
    }
    watch_settle(w, f, now);
}

void breakers_due_event(void *context, uint32_t subject, lb_time now)
{
    struct world *w = context;
    uint32_t backend;
    struct front *f = world_front_of_place(w, subject, &backend);
    enum belief before = balancer_belief(&f->balancer, backend);
    f->breakers[backend].due = ENGINE_NO_EVENT;
    if (!gate_runs(f) || !balancer_breaker_due(&f->balancer, backend, now))
        return;
    if (balancer_belief(&f->balancer, backend) != before)
        watch_belief(w, f, backend, before, "its time is over, some may try", now);
    watch_settle(w, f, now);
}

void breakers_anew(struct world *w, struct front *f, uint32_t backend, lb_time now)
{
    if (f->breakers == NULL)
        return;
    struct breakers *b = &f->breakers[backend];
    if (b->due != ENGINE_NO_EVENT)
        engine_cancel(w->engine, b->due);
    b->due = ENGINE_NO_EVENT;
    b->away = breakers_away(w, f, backend, now);
    b->since = LB_NEVER;
}
