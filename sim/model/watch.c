/* See watch.h. */
#include "sim/model/watch.h"

#include <stdio.h>
#include <stdlib.h>

#include "sim/base/text.h"
#include "sim/model/world.h"

void watch_init(struct world *w, struct front *f)
{
    const struct scenario_health *rule = &f->rule->health;
    if (rule->slow_start > 0)
        f->watch.warm = text_need_zero(f->balancer.backend_count, sizeof *f->watch.warm);
    breakers_init(w, f);
    if (rule->outlier.on)
        (void)engine_at(w->engine, rule->outlier.every, EVENT_SWEEP, f->number);
}

void watch_done(struct watch *watch)
{
    free(watch->checks);
    free(watch->warm);
}

/* --- beliefs ---------------------------------------------------------------------------------- */

static void tell_belief(struct world *w, struct front *f, uint32_t backend, enum belief before,
                        const char *why)
{
    if (w->tallies.at != NULL)
        tally_note(w, &w->tallies.at[f->number].beliefs, engine_now(w->engine));
    if (w->listener.happened != NULL)
        w->listener.happened(w->listener.self, NULL, f, (int32_t)backend, before,
                             balancer_belief(&f->balancer, backend), why);
}

static void warm_from(struct world *w, struct front *f, uint32_t backend, lb_time now)
{
    engine_event *event = &f->watch.warm[backend];
    if (*event != ENGINE_NO_EVENT)
        engine_cancel(w->engine, *event);
    *event = ENGINE_NO_EVENT;
    if (balancer_books(&f->balancer, backend)->warm_for == 0)
        return;
    lb_time next = balancer_warm_step(&f->balancer, backend, now);
    if (next < LB_NEVER)
        *event = engine_at(w->engine, next, EVENT_WARM, world_place(w, f, backend));
}

void watch_belief(struct world *w, struct front *f, uint32_t backend, enum belief before,
                  const char *why, lb_time now)
{
    if (f->watch.warm != NULL)
        warm_from(w, f, backend, now);
    if (w->connections != NULL && balancer_belief(&f->balancer, backend) == BELIEF_DOWN)
        layer4_believed_down(w, f, backend, now);
    tell_belief(w, f, backend, before, why);
}

void watch_warm_event(void *context, uint32_t subject, lb_time now)
{
    struct world *w = context;
    uint32_t backend;
    struct front *f = world_front_of_place(w, subject, &backend);
    enum belief before = balancer_belief(&f->balancer, backend);
    f->watch.warm[backend] = ENGINE_NO_EVENT;
    lb_time next = balancer_warm_step(&f->balancer, backend, now);
    if (next < LB_NEVER)
        f->watch.warm[backend] = engine_at(w->engine, next, EVENT_WARM, subject);
    else if (balancer_belief(&f->balancer, backend) != before)
        tell_belief(w, f, backend, before, "slow start is over");
}

/* --- passive health --------------------------------------------------------------------------- */

void watch_outcome(struct world *w, struct front *f, uint32_t backend, bool cut, enum lb_end end,
                   lb_time now)
{
    char why[BALANCER_WHY];
    bool sooner;
    if (cut)
        return; /* the balancer itself ended it */
    enum belief before = balancer_belief(&f->balancer, backend);
    bool changed = balancer_watch(&f->balancer, backend, end, &sooner, why, now);
    lb_time fastinter = f->balancer.rule->health.fastinter;
    if (sooner && fastinter > 0)
        probe_sooner(w, f, backend, now + fastinter);
    if (!changed)
        return;
    watch_belief(w, f, backend, before, why, now);
    watch_settle(w, f, now);
}

struct sweeper {
    struct world *w;
    struct front *f;
};

static void swept(void *to, uint32_t backend, enum belief before, const char *why)
{
    struct sweeper *sweeper = to;
    watch_belief(sweeper->w, sweeper->f, backend, before, why, engine_now(sweeper->w->engine));
}

void watch_sweep_event(void *context, uint32_t subject, lb_time now)
{
    struct world *w = context;
    struct front *f = &w->fronts[subject];
    struct sweeper sweeper = {w, f};
    if (gate_runs(f))
        balancer_sweep(&f->balancer, swept, &sweeper, now);
    (void)engine_at(w->engine, now + f->rule->health.outlier.every, EVENT_SWEEP, subject);
    watch_settle(w, f, now);
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

void watch_settle(struct world *w, struct front *f, lb_time now)
{
    if (f->watch.filtered || (f->balancer.filter.moved == 0 && !untold(&f->balancer)))
        return;
    f->watch.filtered = true;
    (void)engine_at(w->engine, now, EVENT_FILTERED, f->number);
}

static void note(struct world *w, struct front *f, const char *word, uint32_t tier,
                 const char *text)
{
    char line[128];
    if (w->listener.noted == NULL)
        return;
    if (f->balancer.single)
        (void)snprintf(line, sizeof line, "%s", text);
    else
        (void)snprintf(line, sizeof line, "tier %u: %s", tier, text);
    w->listener.noted(w->listener.self, f, word, line);
}

static void note_tier(struct world *w, struct front *f, uint32_t t)
{
    struct filter_tier *tier = &f->balancer.filter.tiers[t];
    char text[96];
    double percent = tier->members == 0 ? 0.0 : 100.0 * tier->good / tier->members;
    if (tier->panic != tier->panic_told) {
        (void)snprintf(text, sizeof text, "%.3g %% usable, %s", percent,
                       tier->panic ? "all are used" : "panic is over");
        note(w, f, "panic", t, text);
    }
    if (tier->away != tier->away_told) {
        (void)snprintf(text, sizeof text, "%.40s %s", f->balancer.rule->zone_name,
                       tier->away ? "has nobody usable, all zones are used"
                                  : "has somebody again, only it is used");
        note(w, f, "zone", t, text);
    }
    tier->panic_told = tier->panic;
    tier->away_told = tier->away;
}

void watch_filtered_event(void *context, uint32_t subject, lb_time now)
{
    struct world *w = context;
    struct front *f = &w->fronts[subject];
    struct balancer *b = &f->balancer;
    f->watch.filtered = false;
    for (uint32_t t = 0; b->filter.on && t < b->tier_count; t++)
        note_tier(w, f, t);
    for (uint32_t i = 0; b->filter.moved > 0 && i < b->backend_count; i++) {
        if (!b->places[i].moved)
            continue;
        b->places[i].moved = false;
        b->filter.moved--;
        if (balancer_usable(b, i))
            line_serve(w, f, i, now);
        else
            line_repick(w, f, i, now);
    }
}
