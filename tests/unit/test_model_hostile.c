/*
 * Scenarios that are legal and absurd: times beyond all clocks, loops that stand still, limits that
 * are met. A run of one ends, with a result or a reason, and never by a crash.
 * timeout: 120 (for the runner of tests, which would take one of a scenario below)
 */
#include <math.h>
#include <string.h>

#include "tests/check.h"
#include "tests/unit/scenes.h"

#include "sim/run/private.h" /* to set a limit of 2^24 requests lower */

#define MS(n) ((lb_time)(n)*SCENE_MS)

static struct scene scene;

#define ONE "balancer: {algorithm: round-robin}\nbackends: [{name: a}]\n"

/* One request in 300 years: the next one never comes, but everything else goes on. */
static void gaps_beyond_the_clock(void)
{
    static const char *const to[] = {"0.0000000000001/h", "0.0000000000000000000000001/s",
                                     "0.0000001%"};
    for (int i = 0; i < 3; i++) {
        SCENE_PLAY(&scene, "10/s", "1ms",
                   ONE "timeline: [{at: 350ms, rate: c, to: %s, for: 300ms}]\n"
                       "run: {duration: 1s}\n",
                   to[i]);
        SCENE_EQUAL(scene.s->counts.arrived, 6);
        scene_close(&scene);
    }
    SCENE_PLAY(&scene, "0.0000000000000000000000001/s", "1ms", ONE "run: {duration: 1s}\n");
    SCENE_EQUAL(scene.s->counts.arrived, 0);
    CU_ASSERT(isnan(scene.s->availability));
    scene_close(&scene);
    SCENE_RUN(&scene,
              "clients:\n"
              "  - {name: c, arrivals: poisson(rate=0.0000000000000000000000001/s), requests: "
              "[{name: r, work: "
              "constant(1ms)}]}\n"
              "  - {name: u, users: 3, think: \"pareto(mean=100000h, shape=1.001)\", requests: "
              "[{name: r, work: constant(1ms)}]}\n" ONE "run: {duration: 1s}\n");
    SCENE_EQUAL(scene.s->counts.failed, 0);
    scene_close(&scene);
}

/* Work for a million years: it is in service to the end. */
static void work_beyond_the_clock(void)
{
    SCENE_PLAY(&scene, "10/s", "1ms",
               ONE "timeline: [{at: 150ms, slow: a, to: 0.0000000000000000000000001%%}]\nrun: "
                   "{duration: 1s}\n");
    SCENE_EQUAL(scene.s->counts.ok, 1);
    SCENE_EQUAL(scene.s->counts.in_flight, 8);
    scene_close(&scene);
    SCENE_PLAY(&scene, "10/s", "100ms",
               "balancer: {algorithm: round-robin}\nbackends: [{name: a, discipline: ps}]\n"
               "timeline: [{at: 150ms, slow: a, to: 0.0000000000000000000000001%%, for: 500ms}]\n"
               "run: {duration: 190ms}\n");
    SCENE_EQUAL(scene.s->counts.in_flight, 1);
    scene_close(&scene);
    SCENE_RUN(&scene,
              "clients: [{name: c, arrivals: uniform(rate=100/s), requests: [{name: r, "
              "work: \"pareto(mean=100000h, shape=1.001)\"}]}]\n"
              "balancer: {algorithm: round-robin}\n"
              "backends: [{name: a, speed: 0.001}, {name: b, speed: 0.001, discipline: ps}]\n"
              "run: {duration: 10s}\n");
    SCENE_EQUAL(scene.s->counts.ok, 0);
    SCENE_EQUAL(scene.s->counts.in_flight, 999);
    scene_close(&scene);
}

/* Waits and instants so far away that they are never. */
static void waits_beyond_the_clock(void)
{
    SCENE_RUN(
        &scene,
        "clients: [{name: c, arrivals: uniform(rate=10/s), timeout: 100000h, retries: {max: 9, "
        "backoff: \"exponential(base=100000h, cap=100000h)\"}, "
        "requests: [{name: r, work: constant(1ms)}]}]\n"
        "network: {client_balancer: 100000h, balancer_backend: 100000h}\n" ONE "timeline:\n"
        "  - {at: \"pareto(mean=100000h, shape=1.0001)\", kill: a, for: 100000h}\n"
        "  - {at: 99950ms, rate: c, to: 0/s}\n"
        "run: {duration: 100s, settle: 100000h, sample: 100000h}\n");
    SCENE_EQUAL(scene.s->counts.in_flight, 999);
    scene_close(&scene);
    for (uint32_t i = 0; i < 200; i++) {
        if (i == 0)
            scene_open_plain(&scene, "10/s", "1ms",
                             ONE "timeline: [{at: \"pareto(min=100000h, shape=1.0001)\", drain: a, "
                                 "limit: 100000h}]\nrun: {duration: 1s}\n");
        else
            scene_again(&scene, i);
        scene_end(&scene);
        SCENE_EQUAL(scene.s->counts.ok, 9);
    }
    scene_close(&scene);
}

/* --- loops that stand still ------------------------------------------------------------------ */

/* Users who ask, are refused and ask again in one and the same instant. */
static void a_closed_loop_that_stands_still(void)
{
    SCENE_RUN(&scene,
              "clients: [{name: u, users: 10, think: constant(0), requests: [{name: r, work: "
              "constant(1ms)}]}]\n" ONE "timeline: [{at: 500ms, kill: a}]\nrun: {duration: 1s}\n");
    const struct lb_error *error = run_error(scene.run);
    CU_ASSERT_PTR_NOT_NULL_FATAL(error);
    CU_ASSERT_PTR_NOT_NULL(strstr(error->text, "'u'"));
    SCENE_EQUAL(run_now(scene.run), MS(500));
    scene_close(&scene);
    SCENE_RUN(&scene,
              "clients: [{name: u, users: 1, think: constant(0), requests: [{name: r, work: "
              "constant(0)}]}]\n" ONE "run: {duration: 1s}\n");
    CU_ASSERT_PTR_NOT_NULL(run_error(scene.run));
    scene_close(&scene);
    /* It is no fault to ask often, nor to be many. */
    SCENE_RUN(&scene,
              "clients: [{name: u, users: 100000, think: constant(1ms), requests: [{name: r, "
              "work: constant(1us)}]}]\n" ONE "run: {duration: 5ms}\n");
    CU_ASSERT_PTR_NULL(run_error(scene.run));
    scene_close(&scene);
}

/* --- limits ---------------------------------------------------------------------------------- */

/* More in flight than there may be: the run ends with a reason; its books still balance. */
static void too_many_requests(void)
{
    static const char *const clients[] = {
        "arrivals: uniform(rate=1000/s)",
        "arrivals: uniform(rate=1000/s), timeout: 2ms, retries: {max: 9}",
        "users: 200, think: constant(1ms), timeout: 2ms, retries: {max: 1}"};
    for (int i = 0; i < 3; i++) {
        scene_open(&scene,
                   "clients: [{name: c, %s, requests: [{name: r, work: constant(1h)}]}]\n"
                   "balancer: {algorithm: round-robin, health: {active: {every: 10ms, timeout: "
                   "5ms}}}\n"
                   "backends: [{name: s, count: 2}]\nrun: {duration: 1s}\n",
                   clients[i]);
        scene.run->world.requests.max = 100;
        scene_end(&scene);
        CU_ASSERT_PTR_NOT_NULL_FATAL(run_error(scene.run));
        CU_ASSERT_PTR_NOT_NULL(strstr(run_error(scene.run)->text, "more than 100 requests"));
        CU_ASSERT(run_now(scene.run) < MS(1000));
        const struct scene_event *end = &scene.events[scene.event_count - 1]; /* says why */
        CU_ASSERT(end->kind == HAPPENING_PHASE && strstr(end->text, "more than 100") != NULL);
        CU_ASSERT(!run_step(scene.run) && !run_until(scene.run, MS(2000)));
        scene_close(&scene);
    }
}

/* A command for somebody who does not exist is refused. */
static void commands_for_nobody(void)
{
    static const struct {
        enum action action;
        uint32_t first, count;
    } wrong[] = {{ACTION_KILL, 2, 1},          {ACTION_DRAIN, 0, 3},         {ACTION_WEIGHT, 1, 0},
                 {ACTION_SLOW, UINT32_MAX, 1}, {ACTION_HANG, UINT32_MAX, 2}, {ACTION_RATE, 1, 1},
                 {ACTION_ALGORITHM, 0, 1}};
    struct lb_error error;
    scene_open_plain(&scene, "10/s", "1ms",
                     "balancer: {algorithm: round-robin}\nbackends: [{name: s, count: 2}]\n"
                     "run: {duration: 1s}\n");
    for (size_t i = 0; i < sizeof wrong / sizeof wrong[0]; i++) {
        struct scenario_action action = {.action = wrong[i].action,
                                         .first = wrong[i].first,
                                         .count = wrong[i].count,
                                         .to = 1,
                                         .limit = LB_NEVER};
        error = (struct lb_error){0};
        SCENE_EQUAL(run_apply(scene.run, &action, &error) == -1, 1);
        CU_ASSERT(error.code == LB_ERROR_INVALID && error.text[0] != '\0');
    }
    scene_end(&scene);
    SCENE_EQUAL(scene.s->counts.ok, 9);
    struct scenario_action late = {.action = ACTION_KILL, .count = 1, .limit = LB_NEVER};
    SCENE_EQUAL(run_apply(scene.run, &late, &error) == -1, 1); /* the run has ended */
    scene_close(&scene);
}

static const struct check_test tests[] = {
    {"gaps beyond the clock", gaps_beyond_the_clock},
    {"work beyond the clock", work_beyond_the_clock},
    {"waits beyond the clock", waits_beyond_the_clock},
    {"a closed loop that stands still", a_closed_loop_that_stands_still},
    {"too many requests", too_many_requests},
    {"commands for nobody", commands_for_nobody},
};

CHECK_MAIN("model: hostile scenarios")
