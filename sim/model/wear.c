/*
 * What comes by itself: pauses, failures and repairs, and a cold start after a restart.
 *
 * Draws are addressed by (backend, n-th), so every algorithm meets the same pauses and failures. The
 * time to the next pause or failure counts from the end of the last; with `while: busy` it passes only
 * while something is in service. What a person or the timeline does comes first: a backend that is
 * down or hung when its failure is due has the next one instead, and one that was killed or restored
 * meanwhile is not repaired.
 * Cold: linear falls in a hundred steps, each at the factor of its middle.
 */
#include <math.h>

#include "sim/base/stream.h"
#include "sim/model/act.h"

#define COLD_STEPS 100U

static engine_event after(struct world *w, lb_time delay, uint32_t kind, uint32_t backend)
{
    delay = delay > 0 ? world_delay(delay) : 1;
    return engine_at(w->engine, engine_now(w->engine) + delay, kind, backend);
}

static struct backend_set one(const uint32_t *backend)
{
    return (struct backend_set){backend, 1};
}

/* --- pauses ----------------------------------------------------------------------------------- */

static void next_pause(struct world *w, uint32_t backend)
{
    struct backend_rest *rest = &w->rest[backend];
    struct lb_random random;
    stream_open(&random, &w->key, STREAM_PAUSE, backend, 2 * (uint64_t)rest->wear.pauses);
    lb_time every = distribution_draw_time(&rest->nature->pause_every, &random);
    rest->wear.pause = after(w, every, EVENT_PAUSE, backend);
}

void wear_pause_event(void *context, uint32_t subject, lb_time now)
{
    struct world *w = context;
    struct backend_rest *rest = &w->rest[subject];
    struct lb_random random;
    stream_open(&random, &w->key, STREAM_PAUSE, subject, 2 * (uint64_t)rest->wear.pauses + 1);
    lb_time lasts = distribution_draw_time(&rest->nature->pause_lasts, &random);
    rest->wear.pauses++;
    fault_still(w, one(&subject), STILL_PAUSE, true, now);
    rest->wear.pause = after(w, lasts, EVENT_GO_ON, subject);
}

void wear_go_on_event(void *context, uint32_t subject, lb_time now)
{
    struct world *w = context;
    w->rest[subject].wear.pause = ENGINE_NO_EVENT;
    fault_still(w, one(&subject), STILL_PAUSE, false, now);
    next_pause(w, subject);
}

/* --- failures --------------------------------------------------------------------------------- */

static void next_failure(struct world *w, uint32_t backend)
{
    struct backend_rest *rest = &w->rest[backend];
    const struct scenario_failures *rule = &rest->nature->failures;
    struct backend_wear *wear = &rest->wear;
    struct lb_random random;
    stream_open(&random, &w->key, STREAM_FAILURE, backend, ++wear->failures);
    lb_time up = distribution_draw_time(&rule->mtbf, &random);
    wear->lasts = distribution_draw_time(&rule->mttr, &random);
    wear->idle = rule->while_busy && rest->present == 0;
    wear->left = up;
    wear->failure = wear->idle ? ENGINE_NO_EVENT : after(w, up, EVENT_FAILURE, backend);
}

void wear_busy(struct world *w, uint32_t backend, bool busy, lb_time now)
{
    struct backend_wear *wear = &w->rest[backend].wear;
    if (busy && wear->idle) {
        wear->idle = false;
        wear->failure = after(w, wear->left, EVENT_FAILURE, backend);
    } else if (!busy && !wear->idle && wear->failure != ENGINE_NO_EVENT && !wear->repairing) {
        wear->idle = true;
        wear->left = engine_when(w->engine, wear->failure) - now;
        engine_cancel(w->engine, wear->failure);
        wear->failure = ENGINE_NO_EVENT;
    }
}

void wear_failure_event(void *context, uint32_t subject, lb_time now)
{
    struct world *w = context;
    struct backend_rest *rest = &w->rest[subject];
    static const enum action actions[] = {ACTION_KILL, ACTION_HANG, ACTION_PAUSE};
    enum failure_kind kind = rest->nature->failures.kind;
    struct world_action act = {.what = {.action = actions[kind], .limit = LB_NEVER}};
    rest->wear.failure = ENGINE_NO_EVENT;
    if (rest->down || rest->hung) {
        next_failure(w, subject);
        return;
    }
    rest->wear.repairing = true;
    rest->wear.failure = after(w, rest->wear.lasts, EVENT_REPAIR, subject);
    if (kind == FAILURE_KILL)
        act_kill(w, &act, one(&subject), now);
    else if (kind == FAILURE_HANG)
        act_hang(w, &act, one(&subject), now);
    else
        act_fail(w, &act, one(&subject), now);
    rest->wear.failed = true;
}

void wear_repair_event(void *context, uint32_t subject, lb_time now)
{
    struct world *w = context;
    struct backend_rest *rest = &w->rest[subject];
    struct world_action act = {.what = {.action = ACTION_RESTORE, .limit = LB_NEVER}};
    rest->wear.failure = ENGINE_NO_EVENT;
    rest->wear.repairing = false;
    if (rest->wear.failed && rest->nature->failures.kind == FAILURE_PAUSE)
        act_repair(w, &act, one(&subject), now);
    else if (rest->wear.failed)
        act_restore(w, &act, one(&subject), now);
    rest->wear.failed = false;
    next_failure(w, subject);
}

/* --- a cold start ----------------------------------------------------------------------------- */

/* How much of the extra time is gone in this step, in its middle: 0 to 1. */
static double cold_gone(enum cold_curve curve, double share)
{
    switch (curve) {
    case COLD_LINEAR:
        return share;
    case COLD_EXPONENTIAL:
        return 1.0 - exp2(-10.0 * share);
    case COLD_STEP:
        break;
    }
    return 0.0;
}

static void cold_step(struct world *w, uint32_t backend, lb_time now)
{
    struct backend_rest *rest = &w->rest[backend];
    const struct scenario_nature *nature = rest->nature;
    uint32_t steps = nature->cold_curve == COLD_STEP ? 1 : COLD_STEPS, step = rest->wear.cold_step;
    rest->wear.cold = ENGINE_NO_EVENT;
    if (step == steps) {
        fault_cold(w, backend, 1.0, now);
        return;
    }
    double gone = cold_gone(nature->cold_curve, (step + 0.5) / steps);
    fault_cold(w, backend, 1.0 + (nature->cold_factor - 1.0) * (1.0 - gone), now);
    lb_time begun = nature->cold_for / steps * step, next = nature->cold_for / steps * (step + 1);
    rest->wear.cold_step++;
    rest->wear.cold =
        after(w, step + 1 == steps ? nature->cold_for - begun : next - begun, EVENT_COLD, backend);
}

void wear_cold_event(void *context, uint32_t subject, lb_time now)
{
    cold_step(context, subject, now);
}

void wear_stopped(struct world *w, uint32_t backend)
{
    struct backend_wear *wear = &w->rest[backend].wear;
    if (wear->cold != ENGINE_NO_EVENT)
        engine_cancel(w->engine, wear->cold);
    wear->cold = ENGINE_NO_EVENT;
}

void wear_restarted(struct world *w, uint32_t backend, lb_time now)
{
    if (!w->rest[backend].nature->cold)
        return;
    w->rest[backend].wear.cold_step = 0;
    cold_step(w, backend, now);
}

void wear_init(struct world *w, uint32_t backend)
{
    const struct scenario_nature *nature = w->rest[backend].nature;
    if (nature->pauses)
        next_pause(w, backend);
    if (nature->failures.on)
        next_failure(w, backend);
}
