/* See guard.h. */
#include "sim/model/guard.h"

#include <stdlib.h>

#include "sim/base/text.h"
#include "sim/model/spoof.h"
#include "sim/model/world.h"

static bool wanted(const struct scenario_balancer *rule)
{
    return rule->rate_limit.on;
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

bool guard_admits(struct world *w, struct front *f, uint32_t id, lb_time now)
{
    struct guard *guard = f->guard;
    if (guard == NULL)
        return true;
    if (f->rule->rate_limit.on && !rate_limiter_take(&guard->rate, rate_key(w, f, id), now)) {
        front_fail(w, id, CAUSE_RATE_LIMITED, now);
        return false;
    }
    return true;
}
