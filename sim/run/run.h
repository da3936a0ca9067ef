/*
 * One run: one replication of one scenario, advanced by its caller.
 *
 * The caller owns the loop: run_until(run, t) carries out everything due up to t and returns. There
 * are no globals and no threads in here; two runs live side by side in one process.
 */
#ifndef RUN_RUN_H
#define RUN_RUN_H

#include "sim/model/story.h"
#include "sim/run/observer.h"
#include "sim/run/summary.h"

struct run;

struct run_setup {
    const struct scenario *scenario; /* borrowed, unchanged, until run_destroy */
    uint32_t replication;
    bool keep_backend_latency; /* per-backend histograms in samples (the dashboard wants them) */
    bool keep_samples;         /* call observers every scenario->run.sample */
    /* The story of one request (sim/model/story.h), told while the run goes on; NULL = none. */
    story_tell *tell_story;
    void *story_self;
    uint64_t story_of;
};

/* A new run at time 0, or NULL with *error (the algorithm refused the pool, limits). */
struct run *run_create(const struct run_setup *setup, struct lb_error *error);
void run_destroy(struct run *run);

/* Adds an observer (copied); at most 8, before the first run_until. */
void run_observe(struct run *run, const struct observer *observer);

/* Carries out everything due at or before t, then stands at t. Returns false once the run has
 * ended (measured requests finished, or the settling time over). */
bool run_until(struct run *run, lb_time t);
/* Carries out the next event; false once the run has ended. */
bool run_step(struct run *run);
bool run_ended(const struct run *run);
/* Why a run ended before its time (a limit was met), or NULL. */
const struct lb_error *run_error(const struct run *run);
lb_time run_now(const struct run *run);
/* The request whose story was wanted has come; has ended. */
bool run_story_begun(const struct run *run);
bool run_story_ended(const struct run *run);
/* Requests so far, which are numbered from 0. */
uint64_t run_requests(const struct run *run);
uint64_t run_events(const struct run *run);

/* A person's command: carried out at the last processed time + 1 ns, before every other event of
 * that instant, and told to the observers. 0, or -1 with *error (unknown target). */
int run_apply(struct run *run, const struct scenario_action *action, struct lb_error *error);
/* Every command a person gave so far, as a timeline in YAML that replays to the same digest. */
void run_export(const struct run *run, struct text *out);

/* The state now, in the form of a sample; valid until the next call on this run. `latency` fields
 * cover the time since the last run_look. For the dashboard, which looks when it wants to. */
const struct sample *run_look(struct run *run);

/* Ends the run (where it stands, if it has not ended: `interrupted`) and gives its summary, valid
 * until run_destroy. Asserts the identities. Calls on_end of the observers the first time. */
const struct summary *run_finish(struct run *run, bool interrupted);

#endif
