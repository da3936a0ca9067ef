/* See watch.h. */
#include "sim/model/watch.h"

#include <stdio.h>
#include <stdlib.h>

#include "sim/base/text.h"
#include "sim/model/world.h"

void watch_init(struct world *w)
{
    const struct scenario_health *rule = &w->balancer.rule->health;
    if (rule->slow_start > 0)
        w->watch.warm = text_need_zero(w->backend_count, sizeof *w->watch.warm);
    if (rule->outlier.on)
        (void)engine_at(w->engine, rule->outlier.every, EVENT_SWEEP, 0);
}

void watch_done(struct watch *watch)
{
    free(watch->checks);
    free(watch->warm);
}

/* --- beliefs ---------------------------------------------------------------------------------- */

static void tell_belief(struct world *w, uint32_t backend, enum belief before, const char *why)
{
    if (w->listener.happened != NULL)
        w->listener.happened(w->listener.self, NULL, (int32_t)backend, before,
                             balancer_belief(&w->balancer, backend), why);
}

static void warm_from(struct world *w, uint32_t backend, lb_time now)
{
    engine_event *event = &w->watch.warm[backend];
    if (*event != ENGINE_NO_EVENT)
        engine_cancel(w->engine, *event);
    *event = ENGINE_NO_EVENT;
    if (balancer_books(&w->balancer, backend)->warm_for == 0)
        return;
    lb_time next = balancer_warm_step(&w->balancer, backend, now);
    if (next < LB_NEVER)
        *event = engine_at(w->engine, next, EVENT_WARM, backend);
}

void watch_belief(struct world *w, uint32_t backend, enum belief before, const char *why,
                  lb_time now)
{
    if (w->watch.warm != NULL)
        warm_from(w, backend, now);
    tell_belief(w, backend, before, why);
}

void watch_warm_event(void *context, uint32_t subject, lb_time now)
{
    struct world *w = context;
    enum belief before = balancer_belief(&w->balancer, subject);
    w->watch.warm[subject] = ENGINE_NO_EVENT;
    lb_time next = balancer_warm_step(&w->balancer, subject, now);
    if (next < LB_NEVER)
        w->watch.warm[subject] = engine_at(w->engine, next, EVENT_WARM, subject);
    else if (balancer_belief(&w->balancer, subject) != before)
        tell_belief(w, subject, before, "slow start is over");
}

/* --- passive health --------------------------------------------------------------------------- */

void watch_outcome(struct world *w, const struct request *r, enum lb_end end, lb_time now)
{
    char why[BALANCER_WHY];
    bool sooner;
    uint32_t backend = (uint32_t)r->backend;
    if ((r->flags & REQUEST_CUT) != 0)
        return; /* the balancer itself ended it */
    enum belief before = balancer_belief(&w->balancer, backend);
    bool changed = balancer_watch(&w->balancer, backend, end, &sooner, why, now);
    lb_time fastinter = w->balancer.rule->health.fastinter;
    if (sooner && fastinter > 0)
        probe_sooner(w, backend, now + fastinter);
    if (!changed)
        return;
    watch_belief(w, backend, before, why, now);
    watch_settle(w, now);
}

static void swept(void *to, uint32_t backend, enum belief before, const char *why)
{
    struct world *w = to;
    watch_belief(w, backend, before, why, engine_now(w->engine));
}

void watch_sweep_event(void *context, uint32_t subject, lb_time now)
{
    struct world *w = context;
    balancer_sweep(&w->balancer, swept, w, now);
    (void)engine_at(w->engine, now + w->balancer.rule->health.outlier.every, EVENT_SWEEP, subject);
    watch_settle(w, now);
}

/* --- filters ---------------------------------------------------------------------------------- */

static bool untold(const struct balancer *b)
{
    for (uint32_t t = 0; b->filter.on && t < b->tier_count; t++) {
        const struct filter_tier *tier = &b->filter.tiers[t];
        if (tier->panic != tier->panic_told || tier->away != tier->away_told)
            return true;
    }
    return false;
}

void watch_settle(struct world *w, lb_time now)
{
    if (w->watch.filtered || (w->balancer.filter.moved == 0 && !untold(&w->balancer)))
        return;
    w->watch.filtered = true;
    (void)engine_at(w->engine, now, EVENT_FILTERED, 0);
}

static void note(struct world *w, const char *word, uint32_t tier, const char *text)
{
    char line[128];
    if (w->listener.noted == NULL)
        return;
    if (w->balancer.single)
        (void)snprintf(line, sizeof line, "%s", text);
    else
        (void)snprintf(line, sizeof line, "tier %u: %s", tier, text);
    w->listener.noted(w->listener.self, word, line);
}

static void note_tier(struct world *w, uint32_t t)
{
    struct filter_tier *tier = &w->balancer.filter.tiers[t];
    char text[96];
    double percent = tier->members == 0 ? 0.0 : 100.0 * tier->good / tier->members;
    if (tier->panic != tier->panic_told) {
        (void)snprintf(text, sizeof text, "%.3g %% usable, %s", percent,
                       tier->panic ? "all are used" : "panic is over");
        note(w, "panic", t, text);
    }
    if (tier->away != tier->away_told) {
        (void)snprintf(text, sizeof text, "%.40s %s", w->balancer.rule->zone_name,
                       tier->away ? "has nobody usable, all zones are used"
                                  : "has somebody again, only it is used");
        note(w, "zone", t, text);
    }
    tier->panic_told = tier->panic;
    tier->away_told = tier->away;
}

void watch_filtered_event(void *context, uint32_t subject, lb_time now)
{
    struct world *w = context;
    struct balancer *b = &w->balancer;
    (void)subject;
    w->watch.filtered = false;
    for (uint32_t t = 0; b->filter.on && t < b->tier_count; t++)
        note_tier(w, t);
    for (uint32_t i = 0; b->filter.moved > 0 && i < b->backend_count; i++) {
        if (!b->places[i].moved)
            continue;
        b->places[i].moved = false;
        b->filter.moved--;
        if (balancer_usable(b, i))
            line_serve(w, i, now);
        else
            line_repick(w, i, now);
    }
}
