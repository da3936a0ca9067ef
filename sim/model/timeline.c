/*
 * Actions: what the timeline, or a person, does to the world. One row a kind of action.
 *
 * A command is carried out before every other event of its instant, so that a run that replays an
 * exported timeline goes the same way.
 */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>

#include "sim/base/text.h"
#include "sim/base/units.h"
#include "sim/model/act.h"

static void do_drain(struct world *w, struct world_action *a, uint32_t backend, lb_time now)
{
    struct backend_rest *rest = &w->rest[backend];
    char text[96], count[32];
    (void)snprintf(text, sizeof text, "nothing new; %s in flight",
                   act_requests(count, world_in_flight(w, backend)));
    act_tell(w, a, (int32_t)backend, text);
    if (a->what.limit < LB_NEVER && rest->drain_limit == ENGINE_NO_EVENT)
        rest->drain_limit = engine_at(w->engine, now + a->what.limit, EVENT_DRAIN_LIMIT, backend);
    act_drain(w, backend, true, now);
}

static void do_weight(struct world *w, struct world_action *a, uint32_t backend, lb_time now)
{
    char text[96];
    uint32_t before = balancer_books(&world_main(w)->balancer, backend)->weight;
    (void)snprintf(text, sizeof text, "weight %u, was %u", (unsigned)a->what.to, before);
    a->before = before;
    for (uint32_t i = 0; i < w->front_count; i++)
        if (!w->fronts[i].outer)
            balancer_set_weight(&w->fronts[i].balancer, backend, (uint32_t)a->what.to, now);
    act_tell(w, a, (int32_t)backend, text);
    for (uint32_t i = 0; i < w->front_count; i++) {
        struct front *f = &w->fronts[i];
        if (f->outer)
            continue;
        if (a->what.to > 0)
            line_serve(w, f, backend, now);
        else
            line_repick(w, f, backend, now);
        watch_settle(w, f, now);
    }
}

static void do_rate(struct world *w, struct world_action *a, uint32_t source, lb_time now)
{
    char text[96];
    a->before = w->sources[source].rate;
    (void)snprintf(text, sizeof text, "arrivals %.4g/s, was %.4g/s", a->what.to, a->before);
    client_set_rate(w, source, a->what.to, now);
    act_tell(w, a, -1, text);
}

/* Another algorithm for one balancer; false after an error that ends the run. */
static bool change_algorithm(struct world *w, struct front *f, const struct lb_algorithm *algorithm,
                             lb_time now)
{
    struct lb_error error = {0};
    tell_prepare(w, f, algorithm, now);
    if (balancer_change_algorithm(&f->balancer, algorithm, now, &error) != 0) {
        w->failed = error;
        engine_stop(w->engine);
        return false;
    }
    front_ask_for(w, f, algorithm);
    return true;
}

static void do_algorithm(struct world *w, struct world_action *a, uint32_t unused, lb_time now)
{
    (void)unused;
    char text[160];
    const struct lb_algorithm *algorithm = a->what.algorithm;
    const struct front *first = &w->fronts[a->what.first];
    (void)snprintf(text, sizeof text, "algorithm %s, was %s", algorithm->name,
                   first->balancer.tiers[0].algorithm->name);
    for (uint32_t i = 0; i < a->what.count; i++)
        if (!change_algorithm(w, &w->fronts[a->what.first + i], algorithm, now))
            return;
    act_tell(w, a, -1, text);
    for (uint32_t i = 0; i < a->what.count; i++) {
        struct front *f = &w->fronts[a->what.first + i];
        for (uint32_t k = 0; k < f->balancer.backend_count; k++)
            line_serve(w, f, k, now);
    }
}

static void do_count(struct world *w, struct world_action *a, uint32_t first, lb_time now)
{
    char text[96];
    uint32_t group = w->scenario->backends[first].group, wanted = (uint32_t)a->what.to;
    a->before = change_present(w, group);
    (void)snprintf(text, sizeof text, "%u, were %u", wanted, (unsigned)a->before);
    act_tell(w, a, -1, text);
    change_scale(w, group, wanted, 0, a->what.limit, now);
}

static const struct {
    void (*all)(struct world *w, struct world_action *a, struct backend_set set, lb_time now);
    void (*each)(struct world *w, struct world_action *a, uint32_t backend, lb_time now);
    void (*once)(struct world *w, struct world_action *a, uint32_t subject, lb_time now);
} actions[ACTIONS] = {
    [ACTION_KILL] = {.all = act_kill},       [ACTION_HANG] = {.all = act_hang},
    [ACTION_RESTORE] = {.all = act_restore}, [ACTION_SLOW] = {.all = act_slow},
    [ACTION_PAUSE] = {.all = act_pause},     [ACTION_ERRORS] = {.all = act_errors},
    [ACTION_LOSS] = {.all = act_loss},       [ACTION_ISOLATE] = {.all = act_isolate},
    [ACTION_FLAP] = {.all = act_flap},       [ACTION_DRAIN] = {.each = do_drain},
    [ACTION_WEIGHT] = {.each = do_weight},   [ACTION_RATE] = {.once = do_rate},
    [ACTION_COUNT] = {.once = do_count},     [ACTION_ALGORITHM] = {.once = do_algorithm},
};

/* Whom the action is about. */
static struct backend_set targets(struct world *w, const struct scenario_action *action)
{
    struct backend_set set = {.at = w->chosen};
    for (uint32_t i = action->first; i < action->first + action->count; i++)
        if ((action->zone == 0 || w->scenario->backends[i].zone == action->zone) &&
            !(w->change.on && w->change.absent[i]))
            w->chosen[set.count++] = i;
    return set;
}

static void store_action(struct world *w, struct world_action *a, lb_time now)
{
    bool down = a->what.action == ACTION_KILL;
    char text[96];
    (void)snprintf(text, sizeof text,
                   down ? "the store of sessions is gone, with %u of them"
                        : "the store of sessions is back, and empty",
                   w->state.open);
    state_store_set(w, down, now);
    act_tell(w, a, -1, text);
}

void world_action_event(void *context, uint32_t subject, lb_time now)
{
    struct world *w = context;
    struct world_action *a = &w->actions[subject];
    if (fate_concerns(&a->what)) {
        fate_apply(w, a, false, now);
        return;
    }
    if (a->what.store) {
        store_action(w, a, now);
        return;
    }
    enum action action = a->what.action;
    if (actions[action].once != NULL) {
        actions[action].once(w, a, a->what.first, now);
        return;
    }
    struct backend_set set = targets(w, &a->what);
    bool fate = action == ACTION_KILL || action == ACTION_HANG || action == ACTION_RESTORE;
    for (uint32_t i = 0; fate && i < set.count; i++)
        w->rest[set.at[i]].flapper = 0; /* what comes later counts */
    if (actions[action].all != NULL)
        actions[action].all(w, a, set, now);
    for (uint32_t i = 0; actions[action].each != NULL && i < set.count; i++)
        actions[action].each(w, a, set.at[i], now);
}

/* `for` is over: a rate or weight goes back to what it was, a backend is restored. */
void world_action_over_event(void *context, uint32_t subject, lb_time now)
{
    struct world *w = context;
    struct world_action undo = w->actions[subject];
    undo.what.lasts = 0;
    if (fate_concerns(&undo.what)) {
        fate_apply(w, &undo, true, now);
        return;
    }
    if (undo.what.store) {
        undo.what.action = ACTION_RESTORE;
        store_action(w, &undo, now);
        return;
    }
    if (undo.what.action == ACTION_RATE) {
        undo.what.to = undo.before;
        do_rate(w, &undo, undo.what.first, now);
    } else if (undo.what.action == ACTION_WEIGHT) {
        undo.what.to = undo.before;
        struct backend_set set = targets(w, &undo.what);
        for (uint32_t i = 0; i < set.count; i++)
            do_weight(w, &undo, set.at[i], now);
    } else {
        act_over(w, subject, targets(w, &undo.what), now);
    }
}

void world_drain_limit_event(void *context, uint32_t subject, lb_time now)
{
    struct world *w = context;
    w->rest[subject].drain_limit = ENGINE_NO_EVENT;
    front_cut(w, subject, now);
}

void world_apply(struct world *w, const struct scenario_action *action, bool by_person)
{
    if (w->action_count == w->action_room) {
        w->action_room = w->action_room == 0 ? 16 : 2 * w->action_room;
        w->actions = text_need_more(w->actions, w->action_room * sizeof *w->actions);
    }
    struct world_action *a = &w->actions[w->action_count];
    *a = (struct world_action){.what = *action, .by_person = by_person};
    if (by_person) {
        a->what.at = engine_now(w->engine) + 1;
    } else if (action->random) {
        struct lb_random random;
        stream_open(&random, &w->key, STREAM_FAILURE, w->action_count, 0);
        a->what.at = world_delay(distribution_draw_time(&action->when, &random));
    }
    /* Its end is scheduled with it: commands of one instant are then carried out in the order in
     * which they were given, in a replay of the exported timeline as in the run itself. */
    (void)engine_at_first(w->engine, a->what.at, EVENT_ACTION, w->action_count);
    if (a->what.lasts > 0 && a->what.lasts < LB_NEVER - a->what.at)
        (void)engine_at_first(w->engine, a->what.at + a->what.lasts, EVENT_ACTION_OVER,
                              w->action_count);
    w->action_count++;
}
