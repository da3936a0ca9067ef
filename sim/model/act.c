/* See act.h. */
#include "sim/model/act.h"

#include <stdio.h>
#include <stdlib.h>

#include "sim/base/text.h"

void act_tell(struct world *w, const struct world_action *action, int32_t backend, const char *text)
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
const char *act_requests(char count[32], uint32_t n)
{
    (void)snprintf(count, 32, n == 1 ? "%u request" : "%u requests", n);
    return count;
}

void act_kill(struct world *w, struct world_action *a, struct backend_set set, lb_time now)
{
    char text[96], count[32];
    uint32_t *were = text_need((set.count + 1) * sizeof *were); /* afterwards nobody is present */
    for (uint32_t i = 0; i < set.count; i++)
        were[i] = present(w, set.at[i]);
    fault_reset(w, set, true, now);
    for (uint32_t i = 0; i < set.count; i++) {
        (void)snprintf(text, sizeof text, "process gone, %s reset", act_requests(count, were[i]));
        act_tell(w, a, (int32_t)set.at[i], text);
    }
    free(were);
}

void act_hang(struct world *w, struct world_action *a, struct backend_set set, lb_time now)
{
    char text[96], count[32];
    fault_hang(w, set, now);
    for (uint32_t i = 0; i < set.count; i++) {
        (void)snprintf(text, sizeof text, "accepts, never answers; %s frozen",
                       act_requests(count, present(w, set.at[i])));
        act_tell(w, a, (int32_t)set.at[i], text);
    }
}

/* Every balancer gives the backend nothing new, or again something. */
void act_drain(struct world *w, uint32_t backend, bool drain, lb_time now)
{
    for (uint32_t i = 0; i < w->front_count; i++) {
        struct front *f = &w->fronts[i];
        if (f->outer)
            continue;
        enum belief before = balancer_belief(&f->balancer, backend);
        balancer_drain(&f->balancer, backend, drain, now);
        enum belief after = balancer_belief(&f->balancer, backend);
        if (after != before && w->tallies.at != NULL)
            tally_note(w, &w->tallies.at[i].beliefs, now);
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
    return w->rest[backend].down || w->rest[backend].hung;
}

static void take_again(struct world *w, struct world_action *a, uint32_t backend, bool anew,
                       lb_time now)
{
    struct backend_rest *rest = &w->rest[backend];
    if (rest->drain_limit != ENGINE_NO_EVENT)
        engine_cancel(w->engine, rest->drain_limit);
    rest->drain_limit = ENGINE_NO_EVENT;
    act_tell(w, a, (int32_t)backend, anew ? "as new and empty" : "back to normal");
    act_drain(w, backend, false, now);
}

/* Those whose process is gone or hangs start anew; the others lose what slowed them down. */
void act_restore(struct world *w, struct world_action *a, struct backend_set set, lb_time now)
{
    uint32_t *order = text_need((set.count + 1) * sizeof *order), anew = 0, others = set.count;
    for (uint32_t i = 0; i < set.count; i++)
        if (is_gone(w, set.at[i]))
            order[anew++] = set.at[i];
    for (uint32_t i = set.count; i > 0; i--)
        if (!is_gone(w, set.at[i - 1]))
            order[--others] = set.at[i - 1];
    fault_reset(w, (struct backend_set){order, anew}, false, now);
    fault_heal(w, (struct backend_set){order + anew, set.count - anew}, now);
    for (uint32_t i = 0; i < set.count; i++)
        take_again(w, a, order[i], i < anew, now);
    free(order);
}

void act_slow(struct world *w, struct world_action *a, struct backend_set set, lb_time now)
{
    char text[96];
    (void)snprintf(text, sizeof text, "speed is %.3g %% of its own", 100.0 * a->what.to);
    fault_slow(w, set, a->what.to, now);
    for (uint32_t i = 0; i < set.count; i++)
        act_tell(w, a, (int32_t)set.at[i], text);
}

static void tell_all(struct world *w, struct world_action *a, struct backend_set set,
                     const char *text)
{
    for (uint32_t i = 0; i < set.count; i++)
        act_tell(w, a, (int32_t)set.at[i], text);
}

void act_pause(struct world *w, struct world_action *a, struct backend_set set, lb_time now)
{
    fault_still(w, set, STILL_ACTION, true, now);
    tell_all(w, a, set, "stands still, requests wait");
}

void act_fail(struct world *w, struct world_action *a, struct backend_set set, lb_time now)
{
    fault_still(w, set, STILL_FAILURE, true, now);
    tell_all(w, a, set, "breaks down, requests wait");
}

void act_repair(struct world *w, struct world_action *a, struct backend_set set, lb_time now)
{
    tell_all(w, a, set, "repaired, goes on");
    fault_still(w, set, STILL_FAILURE, false, now);
}

void act_errors(struct world *w, struct world_action *a, struct backend_set set, lb_time now)
{
    char text[96];
    (void)snprintf(text, sizeof text, "%.3g %% end in an error", 100.0 * a->what.to);
    fault_errors(w, set, a->what.to, a->what.in, now);
    tell_all(w, a, set, text);
}

void act_loss(struct world *w, struct world_action *a, struct backend_set set, lb_time now)
{
    char text[96];
    (void)now;
    (void)snprintf(text, sizeof text, "%.3g %% of its packets are lost", 100.0 * a->what.to);
    fault_loss(w, set, a->what.to);
    tell_all(w, a, set, text);
}

void act_isolate(struct world *w, struct world_action *a, struct backend_set set, lb_time now)
{
    (void)now;
    fault_isolate(w, set, true);
    tell_all(w, a, set, "no packet reaches it or comes from it");
}

/* --- flapping --------------------------------------------------------------------------------- */

/* Down now, up after `down`, down again after `up`, until something else befalls it. */
void act_flap(struct world *w, struct world_action *a, struct backend_set set, lb_time now)
{
    uint32_t action = (uint32_t)(a - w->actions);
    for (uint32_t i = 0; i < set.count; i++)
        w->rest[set.at[i]].flapper = action + 1;
    a->before = 1.0; /* down */
    a->turn = engine_at(w->engine, now + a->what.down, EVENT_FLAP, action);
    act_kill(w, a, set, now);
}

/* Those that this action still makes flap. */
static struct backend_set flapping(struct world *w, uint32_t action)
{
    struct backend_set set = {.at = w->chosen};
    for (uint32_t i = 0; i < w->backend_count; i++)
        if (w->rest[i].flapper == action + 1)
            w->chosen[set.count++] = i;
    return set;
}

void act_flap_event(void *context, uint32_t subject, lb_time now)
{
    struct world *w = context;
    struct world_action *a = &w->actions[subject];
    struct backend_set set = flapping(w, subject);
    a->turn = ENGINE_NO_EVENT;
    if (set.count == 0)
        return;
    bool was_down = a->before > 0.0;
    a->before = was_down ? 0.0 : 1.0;
    a->turn =
        engine_at(w->engine, now + (was_down ? a->what.up : a->what.down), EVENT_FLAP, subject);
    if (was_down)
        act_restore(w, a, set, now);
    else
        act_kill(w, a, set, now);
}

/* --- the end of an action --------------------------------------------------------------------- */

/* The end of one fault is not the end of another that came since: a backend that was killed while it
 * was slow stays dead. */
static bool still(const struct world *w, uint32_t action, uint32_t backend)
{
    const struct backend_rest *rest = &w->rest[backend];
    switch (w->actions[action].what.action) {
    case ACTION_SLOW:
    case ACTION_PAUSE:
    case ACTION_ERRORS:
        return !rest->down && !rest->hung;
    case ACTION_KILL:
        return rest->down;
    case ACTION_HANG:
        return rest->hung;
    case ACTION_FLAP:
        return rest->flapper == action + 1;
    default:
        return true;
    }
}

/* A flapping one that is up stays as it is. */
static void stop_flapping(struct world *w, struct world_action *undo, struct backend_set set,
                          lb_time now)
{
    uint32_t *down = text_need((set.count + 1) * sizeof *down), count = 0;
    for (uint32_t i = 0; i < set.count; i++) {
        w->rest[set.at[i]].flapper = 0;
        if (w->rest[set.at[i]].down)
            down[count++] = set.at[i];
    }
    act_restore(w, undo, (struct backend_set){down, count}, now);
    free(down);
}

void act_over(struct world *w, uint32_t action, struct backend_set set, lb_time now)
{
    struct world_action undo = w->actions[action];
    enum action fault = undo.what.action;
    uint32_t count = 0;
    undo.what.action = ACTION_RESTORE;
    undo.what.lasts = 0;
    for (uint32_t i = 0; i < set.count; i++)
        if (still(w, action, set.at[i]))
            w->chosen[count++] = set.at[i];
    set = (struct backend_set){w->chosen, count};
    switch (fault) {
    case ACTION_SLOW:
        fault_slow(w, set, 1.0, now);
        tell_all(w, &undo, set, "back to its own speed");
        break;
    case ACTION_PAUSE:
        tell_all(w, &undo, set, "goes on");
        fault_still(w, set, STILL_ACTION, false, now);
        break;
    case ACTION_ERRORS:
        fault_errors(w, set, 0.0, 0, now);
        tell_all(w, &undo, set, "no more errors");
        break;
    case ACTION_LOSS:
        fault_loss(w, set, 0.0);
        tell_all(w, &undo, set, "no packet is lost any more");
        break;
    case ACTION_ISOLATE:
        fault_isolate(w, set, false);
        tell_all(w, &undo, set, "can be reached again");
        break;
    case ACTION_FLAP:
        stop_flapping(w, &undo, set, now);
        break;
    default:
        act_restore(w, &undo, set, now);
        break;
    }
}
