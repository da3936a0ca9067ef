/*
 * What befalls balancers and roads: kill, hang, restore, drain, isolate, loss; and the end of each.
 *
 * A set of balancers meets its fate in one instant: first it is true of all, then what was in flight
 * through them ends, lest a try that moves on finds the next that is about to go.
 */
#include <stdio.h>

#include "sim/model/act.h"
#include "sim/model/step.h"
#include "sim/model/takeover.h"

struct set { /* balancers [first, first + count) of an action */
    struct world *w;
    struct world_action *a;
    uint32_t first, count;
};

static void tell(const struct set *set, const struct front *f, const char *text)
{
    struct world *w = set->w;
    if (w->listener.happened != NULL)
        w->listener.happened(w->listener.self, set->a, f, -1, BELIEF_UP, BELIEF_UP, text);
}

static void kill(const struct set *set, lb_time now)
{
    for (uint32_t i = set->first; i < set->first + set->count; i++) {
        struct front *f = &set->w->fronts[i];
        gate_stop(set->w, f, now);
        f->gate.truth = TRUTH_DOWN;
        upstream_end(set->w, f, now);
        redundancy_changed(set->w, f, false, now);
    }
    for (uint32_t i = set->first; i < set->first + set->count; i++) {
        tell(set, &set->w->fronts[i], "process gone, what is in flight through it is reset");
        gate_reset(set->w, &set->w->fronts[i], TAKEOVER_ALL, CAUSE_BALANCER_DOWN, now);
    }
}

static void hang(const struct set *set, lb_time now)
{
    for (uint32_t i = set->first; i < set->first + set->count; i++) {
        struct front *f = &set->w->fronts[i];
        if (!gate_runs(f))
            continue;
        gate_stop(set->w, f, now);
        f->gate.truth = TRUTH_HUNG;
        gate_hold(set->w, f);
        redundancy_changed(set->w, f, false, now);
        tell(set, f, "accepts, never answers");
    }
}

static void cancel_limit(const struct set *set, struct front *f)
{
    if (f->gate.drain_limit != ENGINE_NO_EVENT)
        engine_cancel(set->w->engine, f->gate.drain_limit);
    f->gate.drain_limit = ENGINE_NO_EVENT;
}

static void restore(const struct set *set, lb_time now)
{
    for (uint32_t i = set->first; i < set->first + set->count; i++) {
        struct front *f = &set->w->fronts[i];
        struct scenario_action roads = {.at_balancers = true, .first = i, .count = 1};
        bool anew = !gate_runs(f);
        if (f->gate.truth == TRUTH_HUNG) { /* the old process goes at last */
            f->gate.truth = TRUTH_DOWN;
            gate_reset(set->w, f, TAKEOVER_ALL, CAUSE_BALANCER_DOWN, now);
        }
        cancel_limit(set, f);
        gate_isolate(set->w, &roads, false);
        f->gate.drained = false;
        f->gate.truth = TRUTH_OK;
        if (anew)
            gate_begin(set->w, f, now);
        redundancy_changed(set->w, f, true, now);
        tell(set, f, anew ? "as new and empty" : "back to normal");
    }
}

/* What its workers begin from now on takes so much longer. */
static void slow(const struct set *set, double speed)
{
    char text[96];
    (void)snprintf(text, sizeof text, "speed is %.3g %% of its own", 100.0 * speed);
    for (uint32_t i = set->first; i < set->first + set->count; i++) {
        struct front *f = &set->w->fronts[i];
        if (!gate_runs(f))
            continue;
        f->gate.truth = speed == 1.0 ? TRUTH_OK : TRUTH_SLOW;
        f->gate.speed = speed > BACKEND_SLOWEST ? speed : BACKEND_SLOWEST;
        tell(set, f, text);
    }
}

static void drain(const struct set *set, lb_time now)
{
    for (uint32_t i = set->first; i < set->first + set->count; i++) {
        struct front *f = &set->w->fronts[i];
        if (set->a->what.limit < LB_NEVER && f->gate.drain_limit == ENGINE_NO_EVENT)
            f->gate.drain_limit =
                engine_at(set->w->engine, now + set->a->what.limit, EVENT_GATE_LIMIT, f->number);
        f->gate.drained = true;
        redundancy_changed(set->w, f, true, now);
        tell(set, f, "takes nothing new; what is in flight goes on");
    }
}

void gate_limit_event(void *context, uint32_t subject, lb_time now)
{
    struct world *w = context;
    struct front *f = &w->fronts[subject];
    f->gate.drain_limit = ENGINE_NO_EVENT;
    gate_reset(w, f, TAKEOVER_ALL, CAUSE_DRAIN_CUT, now);
}

/* --- roads ------------------------------------------------------------------------------------ */

static void isolate(const struct set *set, bool cut, lb_time now)
{
    const struct scenario_action *what = &set->a->what;
    char text[200];
    gate_isolate(set->w, what, cut);
    if (!cut)
        set->a->what.action = ACTION_RESTORE;
    if (what->from.count > 0)
        (void)snprintf(text, sizeof text, "%s %.100s", cut ? "cut off from" : "reached again by",
                       what->from_name);
    else
        (void)snprintf(text, sizeof text, "%s", cut ? "cut off from all" : "reached again");
    for (uint32_t i = 0; what->at_balancers && i < what->count; i++)
        redundancy_changed(set->w, &set->w->fronts[what->first + i], false, now);
    if (set->w->listener.happened == NULL)
        return;
    for (uint32_t i = what->first; i < what->first + what->count; i++) {
        int32_t backend = what->at_balancers ? -1 : (int32_t)i;
        const struct front *f = what->at_balancers ? &set->w->fronts[i] : NULL;
        set->w->listener.happened(set->w->listener.self, set->a, f, backend, BELIEF_UP, BELIEF_UP,
                                  text);
    }
}

/* Packets on the roads between backends and the balancers of `from`. */
static void lose(const struct set *set, double share)
{
    const struct scenario_action *what = &set->a->what;
    char text[200];
    gate_lose(set->w, what, share);
    if (share > 0)
        (void)snprintf(text, sizeof text, "%.3g %% of the packets between it and %.100s are lost",
                       100.0 * share, what->from_name);
    else
        (void)snprintf(text, sizeof text, "no packet between it and %.100s is lost any more",
                       what->from_name);
    for (uint32_t i = what->first; i < what->first + what->count; i++)
        act_tell(set->w, set->a, (int32_t)i, text);
}

/* --- actions ---------------------------------------------------------------------------------- */

bool fate_concerns(const struct scenario_action *action)
{
    return (action->at_balancers && action->action != ACTION_ALGORITHM) || action->from.count > 0;
}

/* The end of one fault is not the end of another that came since. */
static void end(struct set *set, lb_time now)
{
    enum truth truth = set->a->what.action == ACTION_KILL ? TRUTH_DOWN : TRUTH_HUNG;
    bool slowed = set->a->what.action == ACTION_SLOW;
    set->a->what.action = ACTION_RESTORE;
    if (slowed) {
        slow(set, 1.0);
        return;
    }
    uint32_t first = set->first, count = set->count;
    set->count = 1;
    for (set->first = first; set->first < first + count; set->first++)
        if (set->w->fronts[set->first].gate.truth == truth)
            restore(set, now);
}

void fate_apply(struct world *w, struct world_action *a, bool over, lb_time now)
{
    struct world_action undo = *a;
    struct set set = {w, over ? &undo : a, a->what.first, a->what.count};
    enum action action = a->what.action;
    gate_watch(w);
    if (action == ACTION_ISOLATE) {
        isolate(&set, !over, now);
    } else if (action == ACTION_LOSS) {
        if (over)
            undo.what.action = ACTION_RESTORE;
        lose(&set, over ? 0.0 : a->what.to);
    } else if (over) {
        end(&set, now);
    } else if (action == ACTION_KILL) {
        kill(&set, now);
    } else if (action == ACTION_HANG) {
        hang(&set, now);
    } else if (action == ACTION_RESTORE) {
        restore(&set, now);
    } else if (action == ACTION_SLOW) {
        slow(&set, a->what.to);
    } else if (action == ACTION_DRAIN) {
        drain(&set, now);
    }
}
