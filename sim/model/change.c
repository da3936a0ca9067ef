/* See change.h: jobs, joining and leaving, and scaling to a number. */
#include "sim/model/change.h"

#include <stdio.h>
#include <stdlib.h>

#include "sim/base/text.h"
#include "sim/model/act.h"

/* A backend that is cut and still gets requests, from clients who stick to it, is cut again. */
#define CUT_AGAIN  INT64_C(1000000)
#define ERROR_WORK INT64_C(1000000) /* ns: what an error of a bad version costs */

static void process(struct world *w, uint32_t backend, bool down, lb_time now)
{
    fault_reset(w, (struct backend_set){&backend, 1}, down, now);
}

void change_init(struct world *w)
{
    struct change *c = &w->change;
    const struct scenario *scenario = w->scenario;
    c->on = scenario->changes;
    if (!c->on)
        return;
    c->jobs = text_need_zero(w->backend_count, sizeof *c->jobs);
    c->absent = text_need_zero(w->backend_count, sizeof *c->absent);
    c->joined = text_need_zero(w->backend_count, sizeof *c->joined);
    c->versions = text_need_zero(w->backend_count, sizeof *c->versions);
    for (uint32_t i = 0; i < w->backend_count; i++) {
        c->absent[i] = scenario->backends[i].absent;
        if (c->absent[i])
            process(w, i, true, 0);
    }
    deploy_init(w);
    autoscale_init(w);
}

void change_done(struct change *c)
{
    free(c->jobs);
    free(c->absent);
    free(c->joined);
    free(c->versions);
    free(c->deploys);
    free(c->autoscales);
    *c = (struct change){0};
}

/* --- joining and leaving ------------------------------------------------------------------------ */

void change_join(struct world *w, uint32_t backend, lb_time now)
{
    w->change.absent[backend] = false;
    w->change.joined[backend]++;
    for (uint32_t i = 0; i < w->front_count; i++) {
        struct front *f = &w->fronts[i];
        if (f->outer)
            continue;
        enum belief before = balancer_belief(&f->balancer, backend);
        balancer_join(&f->balancer, backend, now);
        breakers_anew(w, f, backend, now);
        watch_belief(w, f, backend, before, "it has joined", now);
        probe_join(w, f, backend, now);
        line_serve(w, f, backend, now);
        watch_settle(w, f, now);
    }
}

void change_part(struct world *w, uint32_t backend, lb_time now)
{
    for (uint32_t i = 0; i < w->front_count; i++) {
        struct front *f = &w->fronts[i];
        if (f->outer || (f->balancer.places[backend].out & BALANCER_OUT_ABSENT) != 0)
            continue;
        enum belief before = balancer_belief(&f->balancer, backend);
        balancer_part(&f->balancer, backend, now);
        upstream_part(w, f, backend, now);
        watch_belief(w, f, backend, before, "it has left", now);
        probe_part(w, f, backend);
        line_repick(w, f, backend, now);
        watch_settle(w, f, now);
    }
}

/* --- jobs --------------------------------------------------------------------------------------- */

static void step_after(struct world *w, uint32_t backend, enum job_step step, lb_time delay,
                       lb_time now)
{
    struct change_job *job = &w->change.jobs[backend];
    job->step = (uint8_t)step;
    job->event = delay < LB_NEVER - now ? engine_at(w->engine, now + delay, EVENT_CHANGE, backend)
                                        : ENGINE_NO_EVENT;
}

static void job_over(struct world *w, uint32_t backend, lb_time now)
{
    struct change_job job = w->change.jobs[backend];
    w->change.jobs[backend] = (struct change_job){.kind = JOB_NONE};
    if (job.owner != CHANGE_NOBODY)
        deploy_job_over(w, job.owner, backend, now);
}

/* The version that a backend starts with. */
static void set_version(struct world *w, uint32_t backend, const struct change_job *job)
{
    const struct scenario_backend *rule = &w->scenario->backends[backend];
    struct change_version *version = &w->change.versions[backend];
    version->newer = false;
    w->rest[backend].own_speed = rule->speed;
    if (job->owner != CHANGE_NOBODY) {
        const struct scenario_deploy *deploy = w->change.deploys[job->owner].rule;
        version->newer = job->newer;
        if (job->newer)
            w->rest[backend].own_speed = rule->speed * deploy->speed;
        if (deploy->errors > 0)
            fault_errors(w, (struct backend_set){&backend, 1}, job->newer ? deploy->errors : 0.0,
                         ERROR_WORK, engine_now(w->engine));
    }
    fault_slow(w, (struct backend_set){&backend, 1}, 1.0, engine_now(w->engine));
}

void change_attempts(const struct world *w, uint32_t backend, uint64_t *ok, uint64_t *failed)
{
    struct backend_tally before = backend_tally(w, backend, 0), in = backend_tally(w, backend, 1);
    *ok = before.ok + in.ok;
    *failed = before.failed + in.failed;
}

void change_mark(struct world *w, uint32_t backend)
{
    struct change_version *version = &w->change.versions[backend];
    change_attempts(w, backend, &version->ok, &version->failed);
}

/* Empty, or cut off: the process stops. */
static void stop(struct world *w, uint32_t backend, lb_time now)
{
    struct change_job *job = &w->change.jobs[backend];
    if (!job->untold)
        change_part(w, backend, now);
    process(w, backend, true, now);
    if (job->kind == JOB_REMOVE) {
        w->change.absent[backend] = true;
        job_over(w, backend, now);
        return;
    }
    step_after(w, backend, STEP_START, job->start, now);
}

static void drained(struct world *w, uint32_t backend, lb_time now)
{
    struct change_job *job = &w->change.jobs[backend];
    if (world_in_flight(w, backend) > 0) {
        if (now >= job->cut_at) {
            front_cut(w, backend, now);
            job->cut_at = now + CUT_AGAIN;
            if (job->event != ENGINE_NO_EVENT)
                return; /* it is empty now, and comes here again in this instant */
        }
        if (world_in_flight(w, backend) > 0) {
            step_after(w, backend, STEP_DRAIN, job->cut_at - now, now);
            return;
        }
    }
    w->change.draining--;
    stop(w, backend, now);
}

static void ready(struct world *w, uint32_t backend, lb_time now)
{
    struct change_job *job = &w->change.jobs[backend];
    if (job->untold) { /* the balancers never knew that it was gone */
        process(w, backend, false, now);
        set_version(w, backend, job);
        change_mark(w, backend);
        job_over(w, backend, now);
        return;
    }
    if (job->owner != CHANGE_NOBODY && deploy_holds(w, job->owner)) {
        job->step = STEP_HOLD;
        deploy_job_over(w, job->owner, backend, now);
        return;
    }
    change_mark(w, backend);
    change_join(w, backend, now);
    job_over(w, backend, now);
}

void change_step_event(void *context, uint32_t subject, lb_time now)
{
    struct world *w = context;
    struct change_job *job = &w->change.jobs[subject];
    job->event = ENGINE_NO_EVENT;
    switch ((enum job_step)job->step) {
    case STEP_DRAIN:
        drained(w, subject, now);
        break;
    case STEP_START:
        if (!job->untold) {
            process(w, subject, false, now);
            set_version(w, subject, job);
        }
        step_after(w, subject, STEP_READY, job->ready, now);
        break;
    case STEP_READY:
        ready(w, subject, now);
        break;
    case STEP_HOLD:
        break;
    }
}

void change_finished(struct world *w, uint32_t backend, lb_time now)
{
    struct change_job *job = &w->change.jobs[backend];
    if (job->kind == JOB_NONE || job->step != STEP_DRAIN || world_in_flight(w, backend) > 0)
        return;
    if (job->event != ENGINE_NO_EVENT)
        engine_cancel(w->engine, job->event);
    job->event = engine_at(w->engine, now, EVENT_CHANGE, backend);
}

bool change_order(struct world *w, uint32_t backend, const struct change_order *order, lb_time now)
{
    struct change_job *job = &w->change.jobs[backend];
    if (job->kind != JOB_NONE)
        return false;
    *job = (struct change_job){.kind = (uint8_t)order->kind,
                               .newer = order->newer,
                               .untold = order->untold && order->kind == JOB_REPLACE,
                               .owner = order->owner,
                               .start = order->start,
                               .ready = order->ready,
                               .cut_at =
                                   order->drain < LB_NEVER - now ? now + order->drain : LB_NEVER};
    if (order->kind == JOB_ADD) {
        step_after(w, backend, STEP_START, order->start, now);
    } else if (job->untold) {
        job->step = STEP_START; /* it waits for nobody to finish */
        process(w, backend, true, now);
        step_after(w, backend, STEP_START, order->start, now);
    } else {
        w->change.draining++;
        bool empty = world_in_flight(w, backend) == 0;
        step_after(w, backend, STEP_DRAIN, empty ? 0 : job->cut_at - now, now);
        act_drain(w, backend, true, now);
    }
    return true;
}

/* --- scaling ------------------------------------------------------------------------------------ */

static bool is_going(const struct world *w, uint32_t backend)
{
    return w->change.jobs[backend].kind == JOB_REMOVE;
}

static bool is_coming(const struct world *w, uint32_t backend)
{
    return w->change.jobs[backend].kind == JOB_ADD;
}

uint32_t change_present(const struct world *w, uint32_t group)
{
    const struct scenario_group *g = &w->scenario->groups[group];
    uint32_t count = 0;
    for (uint32_t i = g->first; i < g->first + g->count; i++)
        count += (!w->change.absent[i] || is_coming(w, i)) && !is_going(w, i);
    return count;
}

void change_scale(struct world *w, uint32_t group, uint32_t count, lb_time start, lb_time drain,
                  lb_time now)
{
    const struct scenario_group *g = &w->scenario->groups[group];
    struct change_order add = {.kind = JOB_ADD, .owner = CHANGE_NOBODY, .start = start};
    struct change_order remove = {.kind = JOB_REMOVE, .owner = CHANGE_NOBODY, .drain = drain};
    uint32_t have = change_present(w, group);
    for (uint32_t i = g->first; have < count && i < g->first + g->count; i++)
        if (w->change.absent[i])
            have += change_order(w, i, &add, now);
    for (uint32_t i = g->first + g->count; have > count && i-- > g->first;)
        if (!w->change.absent[i])
            have -= change_order(w, i, &remove, now);
}
