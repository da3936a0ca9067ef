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
#include "sim/model/world.h"

static void tell(struct world *w, const struct world_action *action, int32_t backend,
                 const char *text)
{
    if (w->listener.happened == NULL)
        return;
    enum belief belief = BELIEF_UP;
    if (backend >= 0)
        belief = balancer_belief(&world_main(w)->balancer, (uint32_t)backend);
    w->listener.happened(w->listener.self, action, NULL, backend, belief, belief, text);
}

static uint32_t present(const struct world *w, uint32_t backend)
{
    return w->backends[backend].busy + w->backends[backend].queued;
}

/* "1 request", "7 requests". */
static const char *requests(char count[32], uint32_t n)
{
    (void)snprintf(count, 32, n == 1 ? "%u request" : "%u requests", n);
    return count;
}

static void kill_all(struct world *w, struct world_action *a, struct backend_set set, lb_time now)
{
    char text[96], count[32];
    uint32_t *were = text_need((set.count + 1) * sizeof *were); /* afterwards nobody is present */
    for (uint32_t i = 0; i < set.count; i++)
        were[i] = present(w, set.at[i]);
    fault_reset(w, set, TRUTH_DOWN, now);
    for (uint32_t i = 0; i < set.count; i++) {
        (void)snprintf(text, sizeof text, "process gone, %s reset", requests(count, were[i]));
        tell(w, a, (int32_t)set.at[i], text);
    }
    free(were);
}

static void hang_all(struct world *w, struct world_action *a, struct backend_set set, lb_time now)
{
    char text[96], count[32];
    fault_hang(w, set, now);
    for (uint32_t i = 0; i < set.count; i++) {
        (void)snprintf(text, sizeof text, "accepts, never answers; %s frozen",
                       requests(count, present(w, set.at[i])));
        tell(w, a, (int32_t)set.at[i], text);
    }
}

/* Every balancer gives the backend nothing new, or again something. */
static void set_drain(struct world *w, uint32_t backend, bool drain, lb_time now)
{
    for (uint32_t i = 0; i < w->front_count; i++) {
        struct front *f = &w->fronts[i];
        if (f->outer)
            continue;
        enum belief before = balancer_belief(&f->balancer, backend);
        balancer_drain(&f->balancer, backend, drain, now);
        enum belief after = balancer_belief(&f->balancer, backend);
        if (after != before && w->listener.happened != NULL)
            w->listener.happened(w->listener.self, NULL, f, (int32_t)backend, before, after,
                                 drain ? "drained" : "no longer drained");
        if (drain)
            line_repick(w, f, backend, now);
        else
            line_serve(w, f, backend, now);
        watch_settle(w, f, now);
    }
}

static bool is_gone(const struct world *w, uint32_t backend)
{
    enum truth truth = (enum truth)w->backends[backend].truth;
    return truth == TRUTH_DOWN || truth == TRUTH_HUNG;
}

static void take_again(struct world *w, struct world_action *a, uint32_t backend, bool anew,
                       lb_time now)
{
    struct backend_rest *rest = &w->rest[backend];
    if (rest->drain_limit != ENGINE_NO_EVENT)
        engine_cancel(w->engine, rest->drain_limit);
    rest->drain_limit = ENGINE_NO_EVENT;
    tell(w, a, (int32_t)backend, anew ? "as new and empty" : "back to normal");
    set_drain(w, backend, false, now);
}

/* Those whose process is gone or hangs start anew; the others lose what slowed them down. */
static void restore_all(struct world *w, struct world_action *a, struct backend_set set,
                        lb_time now)
{
    uint32_t *order = text_need((set.count + 1) * sizeof *order), anew = 0, others = set.count;
    for (uint32_t i = 0; i < set.count; i++)
        if (is_gone(w, set.at[i]))
            order[anew++] = set.at[i];
    for (uint32_t i = set.count; i > 0; i--)
        if (!is_gone(w, set.at[i - 1]))
            order[--others] = set.at[i - 1];
    fault_reset(w, (struct backend_set){order, anew}, TRUTH_OK, now);
    fault_slow(w, (struct backend_set){order + anew, set.count - anew}, 1.0, now);
    for (uint32_t i = 0; i < set.count; i++)
        take_again(w, a, order[i], i < anew, now);
    free(order);
}

static void slow_all(struct world *w, struct world_action *a, struct backend_set set, lb_time now)
{
    char text[96];
    (void)snprintf(text, sizeof text, "speed is %.3g %% of its own", 100.0 * a->what.to);
    fault_slow(w, set, a->what.to, now);
    for (uint32_t i = 0; i < set.count; i++)
        tell(w, a, (int32_t)set.at[i], text);
}

static void do_drain(struct world *w, struct world_action *a, uint32_t backend, lb_time now)
{
    struct backend_rest *rest = &w->rest[backend];
    char text[96], count[32];
    (void)snprintf(text, sizeof text, "nothing new; %s in flight",
                   requests(count, world_in_flight(w, backend)));
    tell(w, a, (int32_t)backend, text);
    if (a->what.limit < LB_NEVER && rest->drain_limit == ENGINE_NO_EVENT)
        rest->drain_limit = engine_at(w->engine, now + a->what.limit, EVENT_DRAIN_LIMIT, backend);
    set_drain(w, backend, true, now);
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
    tell(w, a, (int32_t)backend, text);
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
    tell(w, a, -1, text);
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
    tell(w, a, -1, text);
    for (uint32_t i = 0; i < a->what.count; i++) {
        struct front *f = &w->fronts[a->what.first + i];
        for (uint32_t k = 0; k < f->balancer.backend_count; k++)
            line_serve(w, f, k, now);
    }
}

static const struct {
    void (*all)(struct world *w, struct world_action *a, struct backend_set set, lb_time now);
    void (*each)(struct world *w, struct world_action *a, uint32_t backend, lb_time now);
    void (*once)(struct world *w, struct world_action *a, uint32_t subject, lb_time now);
} actions[ACTIONS] = {
    [ACTION_KILL] = {.all = kill_all},       [ACTION_HANG] = {.all = hang_all},
    [ACTION_RESTORE] = {.all = restore_all}, [ACTION_SLOW] = {.all = slow_all},
    [ACTION_DRAIN] = {.each = do_drain},     [ACTION_WEIGHT] = {.each = do_weight},
    [ACTION_RATE] = {.once = do_rate},       [ACTION_ALGORITHM] = {.once = do_algorithm},
};

/* Whom the action is about. */
static struct backend_set targets(struct world *w, const struct scenario_action *action)
{
    struct backend_set set = {.at = w->chosen};
    for (uint32_t i = action->first; i < action->first + action->count; i++)
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
    tell(w, a, -1, text);
}

void world_action_event(void *context, uint32_t subject, lb_time now)
{
    struct world *w = context;
    struct world_action *a = &w->actions[subject];
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
    if (actions[action].all != NULL)
        actions[action].all(w, a, set, now);
    for (uint32_t i = 0; actions[action].each != NULL && i < set.count; i++)
        actions[action].each(w, a, set.at[i], now);
}

/* The end of one fault is not the end of another that came since: a backend that was killed while it
 * was slow stays dead. */
static bool still(const struct world *w, enum action fault, uint32_t backend)
{
    enum truth truth = (enum truth)w->backends[backend].truth;
    switch (fault) {
    case ACTION_SLOW:
        return truth != TRUTH_DOWN && truth != TRUTH_HUNG;
    case ACTION_KILL:
        return truth == TRUTH_DOWN;
    case ACTION_HANG:
        return truth == TRUTH_HUNG;
    default:
        return true;
    }
}

static void end_fault(struct world *w, struct world_action *undo, enum action fault, lb_time now)
{
    struct backend_set set = targets(w, &undo->what);
    uint32_t count = 0;
    for (uint32_t i = 0; i < set.count; i++)
        if (still(w, fault, set.at[i]))
            w->chosen[count++] = set.at[i];
    set.count = count;
    if (fault != ACTION_SLOW) {
        restore_all(w, undo, set, now);
        return;
    }
    fault_slow(w, set, 1.0, now);
    for (uint32_t i = 0; i < set.count; i++)
        tell(w, undo, (int32_t)set.at[i], "back to its own speed");
}

/* `for` is over: a rate or weight goes back to what it was, a backend is restored. */
void world_action_over_event(void *context, uint32_t subject, lb_time now)
{
    struct world *w = context;
    struct world_action undo = w->actions[subject];
    undo.what.lasts = 0;
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
        for (uint32_t i = 0; i < undo.what.count; i++)
            do_weight(w, &undo, undo.what.first + i, now);
    } else {
        undo.what.action = ACTION_RESTORE;
        end_fault(w, &undo, w->actions[subject].what.action, now);
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
