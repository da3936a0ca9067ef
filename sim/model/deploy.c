/*
 * Deployments (see change.h): which backends get the new version, in which order, and when it is taken
 * back.
 *
 * Watched means: every second the attempts that the new version has had since it joined are counted; with
 * 20 of them at least, and more than the share `rollback` failed, every new one goes and every old one
 * comes back, `batch` at a time like forwards.
 */
#include <stdio.h>

#include "sim/base/text.h"
#include "sim/model/act.h"

#define WATCH_EVERY    INT64_C(1000000000)
#define WATCH_ATTEMPTS 20U

static void note(struct world *w, const struct deploy *d, const char *text)
{
    char line[200];
    if (w->listener.noted == NULL)
        return;
    (void)snprintf(line, sizeof line, "%.80s: %s", d->rule->of, text);
    w->listener.noted(w->listener.self, NULL, "deployment", line);
}

static uint32_t number_of(const struct world *w, const struct deploy *d)
{
    return (uint32_t)(d - w->change.deploys);
}

void deploy_init(struct world *w)
{
    const struct scenario *scenario = w->scenario;
    w->change.deploys = text_need_zero(scenario->deploy_count + 1, sizeof *w->change.deploys);
    for (uint32_t i = 0; i < scenario->deploy_count; i++) {
        w->change.deploys[i].rule = &scenario->deploys[i];
        w->change.deploys[i].next_stage =
            engine_at(w->engine, scenario->deploys[i].at, EVENT_DEPLOY, i);
    }
}

static struct change_order order_of(const struct world *w, const struct deploy *d,
                                    enum job_kind kind, bool newer)
{
    return (struct change_order){.kind = kind,
                                 .owner = number_of(w, d),
                                 .newer = newer,
                                 .untold = d->rule->untold,
                                 .drain = d->rule->drain,
                                 .start = d->rule->start,
                                 .ready = d->rule->ready};
}

/* Orders the job for backends of the group that are (or are not) there and have (or have not) the new
 * version, until so many have it ordered. Returns how many. */
static uint32_t order_some(struct world *w, struct deploy *d, enum job_kind kind, bool newer,
                           uint32_t most, lb_time now)
{
    const struct scenario_group *g = &w->scenario->groups[d->rule->group];
    struct change_order order = order_of(w, d, kind, newer);
    uint32_t count = 0;
    if (kind == JOB_REMOVE)
        order.owner = CHANGE_NOBODY;
    for (uint32_t k = 0; count < most && k < g->count; k++) {
        uint32_t i = kind == JOB_REMOVE ? g->first + g->count - 1 - k : g->first + k;
        bool has = w->change.versions[i].newer;
        bool fits = kind == JOB_ADD ? w->change.absent[i] : !w->change.absent[i];
        if (kind == JOB_REPLACE)
            fits = fits && has != newer;
        else if (kind == JOB_REMOVE)
            fits = fits && has == newer;
        if (fits && change_order(w, i, &order, now))
            count++;
    }
    if (order.owner != CHANGE_NOBODY)
        d->active += count;
    return count;
}

static void finish(struct world *w, struct deploy *d, lb_time now)
{
    bool back = d->phase == DEPLOY_BACK;
    if (d->extra && d->rule->strategy == DEPLOY_ROLLING)
        (void)order_some(w, d, JOB_REMOVE, !back, d->rule->surge, now);
    d->phase = DEPLOY_DONE;
    note(w, d, back ? "taken back: every one has the old version again" : "done");
}

/* The next batch; the end, or the end of a stage, when there is none. */
static void advance(struct world *w, struct deploy *d, lb_time now)
{
    bool back = d->phase == DEPLOY_BACK;
    uint32_t left = back ? UINT32_MAX : d->limit - d->next;
    uint32_t most = d->rule->batch < left ? d->rule->batch : left;
    if (!back && d->limit < d->count) /* canaries go together */
        most = left;
    uint32_t ordered = most == 0 ? 0 : order_some(w, d, JOB_REPLACE, !back, most, now);
    d->next += ordered;
    if (ordered > 0)
        return;
    if (back || d->limit == d->count) {
        finish(w, d, now);
        return;
    }
    d->phase = DEPLOY_HOLDING;
    note(w, d, "canaries serve, and are watched");
    d->next_stage = engine_at(w->engine, now + d->rule->hold, EVENT_DEPLOY, number_of(w, d));
}

/* blue-green: all greens are ready and take over. */
static void take_over(struct world *w, struct deploy *d, lb_time now)
{
    const struct scenario_group *g = &w->scenario->groups[d->rule->group];
    note(w, d, "all of the new ones are ready, and take over");
    for (uint32_t i = g->first; i < g->first + g->count; i++) {
        struct change_job *job = &w->change.jobs[i];
        if (job->kind != JOB_ADD || job->step != STEP_HOLD || job->owner != number_of(w, d))
            continue;
        *job = (struct change_job){.kind = JOB_NONE};
        change_mark(w, i);
        change_join(w, i, now);
    }
    for (uint32_t i = g->first; i < g->first + g->count; i++)
        if (!w->change.absent[i] && !w->change.versions[i].newer)
            act_drain(w, i, true, now);
    d->phase = DEPLOY_HOLDING;
    d->next_stage = engine_at(w->engine, now + d->rule->hold, EVENT_DEPLOY, number_of(w, d));
}

bool deploy_holds(const struct world *w, uint32_t deploy)
{
    const struct deploy *d = &w->change.deploys[deploy];
    return d->rule->strategy == DEPLOY_BLUE_GREEN && d->phase == DEPLOY_GOING;
}

void deploy_job_over(struct world *w, uint32_t deploy, uint32_t backend, lb_time now)
{
    struct deploy *d = &w->change.deploys[deploy];
    (void)backend;
    if (--d->active > 0)
        return;
    if (deploy_holds(w, deploy))
        take_over(w, d, now);
    else if (d->phase == DEPLOY_GOING || d->phase == DEPLOY_BACK)
        advance(w, d, now);
}

static void begin(struct world *w, struct deploy *d, lb_time now)
{
    const struct scenario_deploy *rule = d->rule;
    const struct scenario_group *g = &w->scenario->groups[rule->group];
    d->phase = DEPLOY_GOING;
    d->count = d->next = 0;
    for (uint32_t i = g->first; i < g->first + g->count; i++) {
        w->change.versions[i].newer = false; /* what there is, is the old one now */
        d->count += !w->change.absent[i];
    }
    d->limit =
        rule->strategy == DEPLOY_CANARY && rule->canaries < d->count ? rule->canaries : d->count;
    note(w, d, "a new version");
    if (rule->guarded)
        d->next_look = engine_at(w->engine, now + WATCH_EVERY, EVENT_DEPLOY_WATCH, number_of(w, d));
    if (rule->strategy == DEPLOY_BLUE_GREEN)
        d->extra = order_some(w, d, JOB_ADD, true, d->count, now) > 0;
    else if (rule->strategy == DEPLOY_ROLLING && rule->surge > 0)
        d->extra = order_some(w, d, JOB_ADD, true, rule->surge, now) > 0;
    if (d->active == 0)
        advance(w, d, now);
}

void deploy_event(void *context, uint32_t subject, lb_time now)
{
    struct world *w = context;
    struct deploy *d = &w->change.deploys[subject];
    d->next_stage = ENGINE_NO_EVENT;
    if (d->phase == DEPLOY_WAITING) {
        begin(w, d, now);
    } else if (d->phase == DEPLOY_HOLDING && d->rule->strategy == DEPLOY_BLUE_GREEN) {
        (void)order_some(w, d, JOB_REMOVE, false, UINT32_MAX, now);
        finish(w, d, now);
    } else if (d->phase == DEPLOY_HOLDING) {
        d->phase = DEPLOY_GOING;
        d->limit = d->count;
        advance(w, d, now);
    }
}

/* --- watching ----------------------------------------------------------------------------------- */

/* Does too large a share of the new version's attempts fail? */
static bool is_bad(const struct world *w, const struct deploy *d)
{
    const struct scenario_group *g = &w->scenario->groups[d->rule->group];
    uint64_t ok = 0, failed = 0;
    for (uint32_t i = g->first; i < g->first + g->count; i++) {
        const struct change_version *version = &w->change.versions[i];
        uint64_t all_ok, all_failed;
        if (!version->newer || w->change.absent[i])
            continue;
        change_attempts(w, i, &all_ok, &all_failed);
        ok += all_ok - version->ok;
        failed += all_failed - version->failed;
    }
    return ok + failed >= WATCH_ATTEMPTS &&
           (double)failed > d->rule->rollback * (double)(ok + failed);
}

static void take_back(struct world *w, struct deploy *d, lb_time now)
{
    const struct scenario_group *g = &w->scenario->groups[d->rule->group];
    d->phase = DEPLOY_BACK;
    if (d->next_stage != ENGINE_NO_EVENT)
        engine_cancel(w->engine, d->next_stage);
    d->next_stage = ENGINE_NO_EVENT;
    note(w, d, "too much of it fails: it is taken back");
    if (d->rule->strategy != DEPLOY_BLUE_GREEN) {
        if (d->active == 0)
            advance(w, d, now);
        return;
    }
    for (uint32_t i = g->first; i < g->first + g->count; i++)
        if (!w->change.absent[i] && !w->change.versions[i].newer)
            act_drain(w, i, false, now);
    (void)order_some(w, d, JOB_REMOVE, true, UINT32_MAX, now);
    finish(w, d, now);
}

void deploy_watch_event(void *context, uint32_t subject, lb_time now)
{
    struct world *w = context;
    struct deploy *d = &w->change.deploys[subject];
    d->next_look = ENGINE_NO_EVENT;
    if (d->phase == DEPLOY_BACK || d->phase == DEPLOY_DONE)
        return;
    if (is_bad(w, d))
        take_back(w, d, now);
    else
        d->next_look = engine_at(w->engine, now + WATCH_EVERY, EVENT_DEPLOY_WATCH, subject);
}
