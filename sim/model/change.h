/*
 * Backends that come and go: scaling by hand, deployments and autoscaling.
 *
 * Each backend goes through the steps of a job, one at a time: it is drained (nothing new, what is in
 * flight may finish within a limit), stops, starts, becomes ready, takes requests. A job replaces a
 * backend by itself in another version, adds one that was absent, or removes one. Who ordered the job is
 * told when it is over:
 *   scale      by the timeline's `count`, or by autoscaling: adds or removes at once
 *   rolling    batch by batch, with `surge` more beside them
 *   canary     some first; if they do well for `hold`, the others follow like rolling
 *   blue-green as many new ones beside the old; when all are ready they take over at once, and the old
 *              ones go after `hold`
 * Canaries and greens that fail too much are taken back.
 *
 * Places for all that may ever come exist from the start (absent), since rows of a pool never move.
 * Cost: nothing in a world where nobody comes or goes; else a comparison an attempt.
 */
#ifndef MODEL_CHANGE_H
#define MODEL_CHANGE_H

#include <stdint.h>

#include "sim/engine/engine.h"
#include "sim/scenario/scenario.h"

struct world;

enum job_kind { JOB_NONE, JOB_REPLACE, JOB_ADD, JOB_REMOVE };
enum job_step {
    STEP_DRAIN, /* nothing new; waits until empty */
    STEP_START, /* the process is being started */
    STEP_READY, /* it runs and takes nothing yet */
    STEP_HOLD   /* ready; its owner says when it joins */
};

#define CHANGE_NOBODY UINT32_MAX /* owner of jobs of the timeline and of autoscaling */

struct change_job { /* by backend */
    uint8_t kind, step;
    bool newer;  /* to the new version, or back to the old */
    bool untold; /* the balancers hear nothing of it */
    uint32_t owner;
    engine_event event; /* the end of the step */
    lb_time cut_at;     /* what is still in flight then is cut */
    lb_time start, ready;
};

struct change_version { /* by backend */
    bool newer;
    uint64_t ok, failed; /* attempts when it joined */
};

enum deploy_phase { DEPLOY_WAITING, DEPLOY_GOING, DEPLOY_HOLDING, DEPLOY_BACK, DEPLOY_DONE };

struct deploy { /* a deployment under way */
    const struct scenario_deploy *rule;
    enum deploy_phase phase;
    uint32_t first, count;   /* the backends that there were when it began */
    uint32_t next;           /* of these, how many were ordered so far */
    uint32_t active;         /* jobs that are not over */
    uint32_t limit;          /* goes no further than so many: canaries */
    bool extra;              /* surge, or greens, are there */
    engine_event next_stage; /* its begin, or the end of the hold */
    engine_event next_look;  /* of who watches it */
};

struct autoscale {
    const struct scenario_autoscale *rule;
    double busy; /* area of busy slots at the last look */
    lb_time looked, changed;
    engine_event next_look;
};

struct change {
    bool on;
    uint32_t draining;       /* jobs that wait until their backend is empty */
    struct change_job *jobs; /* by backend */
    bool *absent;            /* by backend */
    uint32_t *joined;        /* by backend: how often, for the phase of its checks */
    struct change_version *versions;
    struct deploy *deploys;
    struct autoscale *autoscales;
};

void change_init(struct world *w);
void change_done(struct change *change);

/* --- change.c: jobs --------------------------------------------------------------------------- */

/* Orders a job. drain: how long those in flight may take, LB_NEVER = for ever; start, ready: delays. A
 * backend that has a job is left alone: false. */
struct change_order {
    enum job_kind kind;
    uint32_t owner;
    bool newer, untold;
    lb_time drain, start, ready;
};
bool change_order(struct world *w, uint32_t backend, const struct change_order *order, lb_time now);
/* It takes requests from now on, at every balancer; or stops taking any, and is not in the pool. */
void change_join(struct world *w, uint32_t backend, lb_time now);
void change_part(struct world *w, uint32_t backend, lb_time now);
/* An attempt at this backend is out of the books: the job that waited for the last one goes on. */
void change_finished(struct world *w, uint32_t backend, lb_time now);
void change_step_event(void *context, uint32_t subject, lb_time now);
/* All attempts that ended at this backend so far; and notes them as those before its version. */
void change_attempts(const struct world *w, uint32_t backend, uint64_t *ok, uint64_t *failed);
void change_mark(struct world *w, uint32_t backend);
/* Backends of a group that are there, or coming, and not about to go. */
uint32_t change_present(const struct world *w, uint32_t group);
/* The timeline or autoscaling wants so many of the group. */
void change_scale(struct world *w, uint32_t group, uint32_t count, lb_time start, lb_time drain,
                  lb_time now);

/* --- deploy.c, autoscale.c -------------------------------------------------------------------- */

void deploy_init(struct world *w);
/* A job that the deployment ordered is over. */
void deploy_job_over(struct world *w, uint32_t deploy, uint32_t backend, lb_time now);
/* Is this backend to wait, ready, until all are? */
bool deploy_holds(const struct world *w, uint32_t deploy);
void deploy_event(void *context, uint32_t subject, lb_time now);
void deploy_watch_event(void *context, uint32_t subject, lb_time now);
void autoscale_init(struct world *w);
void autoscale_event(void *context, uint32_t subject, lb_time now);

#endif
