/*
 * A run that somebody watches. See live.h.
 */
#include "ui/dashboard/live.h"

#include <string.h>
#include <xxhash.h>

#include "sim/base/text.h"
#include "sim/base/units.h"
#include "sim/base/wall.h"

#define SLICE_SHORT (2 * UNITS_MS) /* wall time of one call of run_until: at least, */
#define SLICE_LONG  (8 * UNITS_MS) /* and at most */
#define COST_SHARE  100            /* looks of a flat-out run cost at most 1/100 of it */
#define COST_JUDGED (20 * UNITS_MS)

static void on_happening(void *self, const struct happening *happening)
{
    struct live *live = self;
    view_happening(live->view, happening);
}

static int begin(struct live *live, struct lb_error *error)
{
    struct run_setup setup = {.scenario = live->setup.scenario,
                              .keep_backend_latency = live->view->detail,
                              .keep_samples = live->setup.record != NULL};
    struct observer eye = {.self = live, .on_happening = on_happening};
    live->run = run_create(&setup, error);
    if (live->run == NULL)
        return -1;
    run_observe(live->run, &eye);
    if (live->setup.record != NULL) {
        struct observer observer;
        struct record_info info = {.scenario = &live->recorded,
                                   .version = live->setup.version,
                                   .build = live->setup.build,
                                   .all_samples = live->setup.all_samples};
        live->recorder = record_begin(live->setup.record, &info, error);
        if (live->recorder == NULL) {
            run_destroy(live->run);
            live->run = NULL;
            return -1;
        }
        record_observer(live->recorder, &observer);
        run_observe(live->run, &observer);
    }
    live->moved = true;
    live->stride = live->view->tick;
    live->slice = live->view->tick;
    live->run_cost = live->look_cost = 0;
    live_look(live);
    return 0;
}

static void forget(struct live *live)
{
    record_abandon(live->recorder);
    run_destroy(live->run);
    live->recorder = NULL;
    live->run = NULL;
    live->summary = NULL;
    live->commanded = false;
    live->recorded = *live->setup.scenario;
}

int live_open(struct live *live, const struct live_setup *setup, struct lb_error *error)
{
    *live = (struct live){.setup = *setup, .recorded = *setup->scenario};
    text_init(&live->settings);
    live->view = view_create(setup->scenario);
    if (begin(live, error) == 0)
        return 0;
    live_close(live);
    return -1;
}

void live_close(struct live *live)
{
    forget(live);
    text_done(&live->settings);
    view_destroy(live->view);
    live->view = NULL;
}

int live_restart(struct live *live, struct lb_error *error)
{
    forget(live);
    view_restart(live->view);
    return begin(live, error);
}

void live_look(struct live *live)
{
    if (!live->moved)
        return; /* a second look would count the same latencies twice */
    live->moved = false;
    view_sample(live->view, run_look(live->run));
}

/* Where the next look is due: at the end of this tick, or stride. */
static lb_time next_look(const struct live *live, lb_time now, bool flat_out)
{
    lb_time every = flat_out ? live->stride : live->view->tick;
    return now > LB_NEVER - 1 - every ? LB_NEVER - 1 : (now / every + 1) * every;
}

/* Keeps the cost of looking below a small share of the run's own. */
static void judge(struct live *live)
{
    if (live->run_cost < COST_JUDGED)
        return;
    if (live->look_cost > live->run_cost / COST_SHARE && live->stride < 1000 * live->view->tick)
        live->stride *= 2;
    else if (live->look_cost < live->run_cost / COST_SHARE / 4 && live->stride > live->view->tick)
        live->stride /= 2;
    live->run_cost = live->look_cost = 0;
}

bool live_advance(struct live *live, lb_time until, int64_t deadline, bool flat_out)
{
    lb_time now = run_now(live->run);
    int64_t before = wall_now();
    bool going = !run_ended(live->run);
    while (going && now < until && before < deadline) {
        lb_time look = next_look(live, now, flat_out), to = until < look ? until : look;
        if (to - now > live->slice && deadline < INT64_MAX)
            to = now + live->slice;
        going = run_until(live->run, to);
        live->moved = true;
        int64_t after = wall_now();
        if (after - before < SLICE_SHORT && live->slice < LB_NEVER / 4)
            live->slice *= 2;
        else if (after - before > SLICE_LONG && live->slice > 1)
            live->slice /= 2;
        live->run_cost += after - before;
        if (!going || to == look) {
            live_look(live);
            before = wall_now();
            live->look_cost += before - after;
            if (flat_out)
                judge(live);
        } else
            before = after;
        now = run_now(live->run);
    }
    return going;
}

bool live_step(struct live *live)
{
    lb_time boundary = next_look(live, run_now(live->run), false);
    bool going = run_step(live->run);
    live->moved = true;
    if (run_now(live->run) >= boundary || !going)
        live_look(live);
    return going;
}

int live_command(struct live *live, enum action action, uint32_t server, struct lb_error *error)
{
    const struct scenario *scenario = live->setup.scenario;
    struct scenario_action command = {.action = action,
                                      .first = server,
                                      .count = 1,
                                      .limit = LB_NEVER,
                                      .target = scenario->backends[server].name};
    if (run_apply(live->run, &command, error) != 0)
        return -1;
    live->commanded = true;
    /* It is due one nanosecond after what was done last: so also when the run is paused its effect
     * is seen. */
    lb_time now = run_now(live->run);
    if (now < LB_NEVER - 2)
        (void)live_advance(live, now + 1, INT64_MAX, false);
    live_look(live);
    return 0;
}

/* A run that a person changed is not the run of the scenario alone: it gets a key of its own, and
 * its commands stand beside the settings, as a timeline that replays it. */
static void note_commands(struct live *live)
{
    const struct scenario *scenario = live->setup.scenario;
    text_clear(&live->settings);
    if (scenario->settings != NULL && scenario->settings[0] != '\0')
        text_addf(&live->settings, "%s", scenario->settings);
    if (live->settings.size > 0 && live->settings.data[live->settings.size - 1] != '\n')
        text_add(&live->settings, "\n", 1);
    text_addf(&live->settings, "# by hand, at the dashboard\n");
    run_export(live->run, &live->settings);
    live->recorded.settings = live->settings.data;
    live->recorded.hash = XXH64(live->settings.data, live->settings.size, scenario->hash);
}

int live_finish(struct live *live, bool interrupted, struct lb_error *error)
{
    if (live->summary != NULL)
        return 0;
    const struct lb_error *failed = run_error(live->run);
    live->summary = run_finish(live->run, interrupted);
    view_summary(live->view, live->summary);
    struct recorder *recorder = live->recorder;
    live->recorder = NULL;
    if (failed != NULL) {
        record_abandon(recorder);
        *error = *failed;
        return -1;
    }
    if (recorder == NULL)
        return 0;
    if (live->commanded)
        note_commands(live);
    return record_finish(recorder, live->summary, &live->result, error);
}
