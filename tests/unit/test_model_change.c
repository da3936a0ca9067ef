/*
 * Backends that come and go: joining and leaving, deployments, autoscaling.
 *
 * Equal gaps and constant work make most figures exact; nothing here is left to chance but the phases
 * of checks, which have a fixed seed.
 */
#include <stdlib.h>
#include <string.h>

#include "tests/check.h"
#include "tests/unit/scenes.h"

/* The first moment at or after `from` when this belief about the backend began; -1 = never. */
static lb_time turned(const struct scene *scene, uint32_t backend, enum belief to, lb_time from)
{
    const struct scene_event *event = scene_belief(scene, backend, to, from);
    return event == NULL ? -1 : event->at;
}

/* Four backends, 100 requests a second that take 20 ms each. */
#define PLAIN(scene, ...) SCENE_PLAY(scene, "100/s", "20ms", __VA_ARGS__)

static void counted_out_and_in(void)
{
    struct scene scene;
    PLAIN(&scene, "balancer: {algorithm: round-robin}\n"
                  "backends: [{name: b, count: 2, slots: 4}]\n"
                  "timeline: [{at: 10s, count: b, to: 4}, {at: 20s, count: b, to: 1}]\n"
                  "run: {duration: 30s}\n");
    SCENE_EQUAL(scene.s->backend_count, 4);
    SCENE_EQUAL(scene.s->counts.failed, 0);
    /* 10 s of two, 10 s of four, 10 s of one: 500 + 250 + 1000 */
    CU_ASSERT(labs((long)scene.s->backends[0].picks - 1750) <= 2);
    CU_ASSERT(labs((long)scene.s->backends[1].picks - 750) <= 2);
    CU_ASSERT(labs((long)scene.s->backends[3].picks - 250) <= 2);
    SCENE_EQUAL(turned(&scene, 3, BELIEF_UP, 0), 10 * SCENE_S);
    CU_ASSERT(turned(&scene, 1, BELIEF_DRAINING, 0) == 20 * SCENE_S);
    CU_ASSERT(turned(&scene, 1, BELIEF_ABSENT, 0) - 20 * SCENE_S <= 20 * SCENE_MS);
    scene_close(&scene);
}

/* Each restart: 1 s of draining at most, 2 s of starting, 1 s until ready; one after the other. */
static void rolls(void)
{
    struct scene scene;
    PLAIN(&scene, "balancer: {algorithm: round-robin}\n"
                  "backends: [{name: b, count: 4, slots: 4}]\n"
                  "deployments: [{of: b, at: 10s, drain: 1s, start: 2s, ready: 1s}]\n"
                  "run: {duration: 30s}\n");
    SCENE_EQUAL(scene.s->counts.failed, 0);
    lb_time before = 10 * SCENE_S;
    for (uint32_t i = 0; i < 4; i++) {
        lb_time out = turned(&scene, i, BELIEF_DRAINING, 0), in = turned(&scene, i, BELIEF_UP, 0);
        SCENE_EQUAL(out, before);
        CU_ASSERT(in - out >= 3 * SCENE_S && in - out <= 3 * SCENE_S + 20 * SCENE_MS);
        before = in;
    }
    scene_close(&scene);
}

/* Requests that are longer than the drain are cut: one of each restart, with 1 s of work, 2 a second
 * on each of two backends and none queued. */
static void cut_when_it_takes_too_long(void)
{
    static const struct {
        const char *drain;
        uint64_t cut;
    } rows[] = {{"0", 4}, {"500ms", 2}, {"1s", 0}, {"2s", 0}};
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        struct scene scene;
        SCENE_PLAY(&scene, "4/s", "1s",
                   "balancer: {algorithm: round-robin}\n"
                   "backends: [{name: b, count: 2, slots: 8}]\n"
                   "deployments: [{of: b, at: 10100ms, drain: %s, start: 3900ms}]\n"
                   "run: {duration: 30s}\n",
                   rows[i].drain);
        /* the second restart finds all 4 a second at one backend, which comes to the same 2 + 2 */
        CU_ASSERT(scene_failed(&scene, CAUSE_DRAIN_CUT) == scene.s->counts.failed);
        if (rows[i].cut == 0)
            SCENE_EQUAL(scene.s->counts.failed, 0);
        else
            CU_ASSERT(scene.s->counts.failed >= rows[i].cut);
        scene_close(&scene);
    }
}

/* Nobody tells the balancer: what is in flight is reset, and for 2 s a half is refused. */
static void untold(void)
{
    struct scene scene;
    PLAIN(&scene, "balancer: {algorithm: round-robin}\n"
                  "backends: [{name: b, count: 2, slots: 4}]\n"
                  "deployments: [{of: b, at: 10005ms, tell: no, start: 1s, ready: 1s}]\n"
                  "run: {duration: 30s}\n");
    SCENE_EQUAL(scene_failed(&scene, CAUSE_RESET), 2);
    CU_ASSERT(labs((long)scene_failed(&scene, CAUSE_REFUSED) - 200) <= 2);
    SCENE_EQUAL(turned(&scene, 0, BELIEF_DRAINING, 0), (lb_time)-1);
    scene_close(&scene);
}

static void surges(void)
{
    struct scene scene;
    PLAIN(&scene, "balancer: {algorithm: round-robin}\n"
                  "backends: [{name: b, count: 2, slots: 4}]\n"
                  "deployments: [{of: b, at: 10s, surge: 1, drain: 1s, start: 1s}]\n"
                  "run: {duration: 30s}\n");
    SCENE_EQUAL(scene.s->backend_count, 3);
    SCENE_EQUAL(turned(&scene, 2, BELIEF_UP, 0), 11 * SCENE_S);
    SCENE_EQUAL(turned(&scene, 0, BELIEF_DRAINING, 0), 11 * SCENE_S); /* not before */
    CU_ASSERT(turned(&scene, 2, BELIEF_ABSENT, 11 * SCENE_S) > turned(&scene, 1, BELIEF_UP, 0));
    SCENE_EQUAL(scene.s->counts.failed, 0);
    scene_close(&scene);
}

/* All green ones at once, when all are ready; the blue ones go after the hold. */
static void blue_green(void)
{
    struct scene scene;
    PLAIN(&scene, "balancer: {algorithm: round-robin}\n"
                  "backends: [{name: b, count: 2, slots: 4}]\n"
                  "deployments: [{of: b, at: 10s, strategy: blue-green, hold: 5s, start: 1s}]\n"
                  "run: {duration: 30s}\n");
    SCENE_EQUAL(scene.s->backend_count, 4);
    for (uint32_t i = 0; i < 2; i++) {
        SCENE_EQUAL(turned(&scene, 2 + i, BELIEF_UP, 0), 11 * SCENE_S);
        SCENE_EQUAL(turned(&scene, i, BELIEF_DRAINING, 0), 11 * SCENE_S);
        SCENE_EQUAL(turned(&scene, i, BELIEF_ABSENT, 0), 16 * SCENE_S);
        CU_ASSERT(labs((long)scene.s->backends[i].picks - 550) <= 1);
    }
    SCENE_EQUAL(scene.s->counts.failed, 0);
    scene_close(&scene);
}

/* A version that fails is found out at the canary, and taken back; without a guard it goes on. */
static void canaries(void)
{
    static const char *const guards[] = {", rollback: 10%", ""};
    uint64_t failed[2];
    for (int i = 0; i < 2; i++) {
        struct scene scene;
        PLAIN(&scene,
              "balancer: {algorithm: round-robin}\n"
              "backends: [{name: b, count: 4, slots: 4}]\n"
              "deployments: [{of: b, at: 10s, strategy: canary, hold: 5s, errors: 50%%%s}]\n"
              "run: {duration: 60s}\n",
              guards[i]);
        failed[i] = scene.s->counts.failed;
        lb_time next = turned(&scene, 1, BELIEF_DRAINING, 0);
        CU_ASSERT(i == 0 ? next < 0 : next >= 15 * SCENE_S);
        scene_close(&scene);
    }
    CU_ASSERT(failed[0] >= 10 &&
              failed[0] <= 40);  /* a canary's 25 a second, for 1 or 2 s, one half */
    CU_ASSERT(failed[1] > 1500); /* all, for 40 s and more */
}

/* 100 requests of 20 ms keep 2 slots busy: at 50 % that is 4 backends of one slot. */
static void scales_itself(void)
{
    struct scene scene;
    PLAIN(&scene, "balancer: {algorithm: least-connections}\n"
                  "backends: [{name: b, count: 8}]\n"
                  "autoscale: [{of: b, target: 50%%, min: 2, max: 10, every: 10s, cooldown: 30s}]\n"
                  "timeline: [{at: 100s, rate: c, to: 400/s}]\nrun: {duration: 200s}\n");
    SCENE_EQUAL(turned(&scene, 4, BELIEF_DRAINING, 0), 10 * SCENE_S);
    SCENE_EQUAL(turned(&scene, 3, BELIEF_DRAINING, 0), (lb_time)-1);
    /* 8 slots busy: the four that there are, all of the time, then as many as would do */
    CU_ASSERT(turned(&scene, 4, BELIEF_UP, 100 * SCENE_S) == 110 * SCENE_S);
    CU_ASSERT(turned(&scene, 9, BELIEF_UP, 100 * SCENE_S) > 0);
    SCENE_EQUAL(scene.s->counts.failed, 0);
    scene_close(&scene);
}

/* The checks of one that joins begin anew, those of one that leaves end; sticky clients move. */
static void with_the_rest(void)
{
    struct scene scene;
    SCENE_RUN(&scene,
              "clients:\n  - {name: u, users: 40, think: constant(100ms),\n"
              "     requests: [{name: r, work: constant(1ms)}]}\n"
              "balancer: {algorithm: round-robin, sticky: {by: cookie},\n"
              "           health: {active: {every: 100ms, fall: 1, rise: 1}, slow_start: 1s}}\n"
              "state: {store: memory}\nbackends: [{name: b, count: 4, slots: 100}]\n"
              "timeline: [{at: 5s, count: b, to: 2, limit: 0}, {at: 10s, count: b, to: 4}]\n"
              "run: {duration: 20s}\n");
    SCENE_EQUAL(scene.s->sessions.count[SESSION_LOST], 20); /* with the two that went */
    CU_ASSERT(turned(&scene, 3, BELIEF_WARMING, 0) == 10 * SCENE_S);
    CU_ASSERT(turned(&scene, 3, BELIEF_UP, 0) == 11 * SCENE_S);
    scene_close(&scene);
}

/* A person can change a group as a whole, within the places that the scenario has for it. */
static void by_hand(void)
{
    static const char *const wrong[][2] = {{"b", "5"}, {"b2", "1"}, {"a", "1"}};
    struct scene scene;
    struct scenario_action command;
    scene_open_plain(
        &scene, "10/s", "1ms",
        "balancer: {algorithm: round-robin}\nbackends: [{name: a}, {name: b, count: 3}]\n"
        "timeline: [{at: 1s, count: b, to: 4}]\nrun: {duration: 4s}\n");
    CU_ASSERT(run_until(scene.run, 2 * SCENE_S));
    for (size_t i = 0; i < sizeof wrong / sizeof wrong[0]; i++) {
        CU_ASSERT_FATAL(scenario_parse_action(scene.scenario, ACTION_COUNT, wrong[i][0],
                                              wrong[i][1], &command, NULL) == 0);
        CU_ASSERT(run_apply(scene.run, &command, NULL) == -1);
    }
    scene_command(&scene, ACTION_COUNT, "b", "1");
    scene_end(&scene);
    CU_ASSERT(turned(&scene, 4, BELIEF_UP, 0) == SCENE_S);
    lb_time left = turned(&scene, 2, BELIEF_ABSENT, 0); /* once it is empty, 1 ms later at most */
    CU_ASSERT(left >= 2 * SCENE_S && left <= 2 * SCENE_S + 2 * SCENE_MS);
    scene_close(&scene);
}

static const struct check_test tests[] = {
    {"counted out and in", counted_out_and_in},
    {"rolls", rolls},
    {"cut when it takes too long", cut_when_it_takes_too_long},
    {"untold", untold},
    {"surges", surges},
    {"blue-green", blue_green},
    {"canaries", canaries},
    {"scales itself", scales_itself},
    {"with the rest", with_the_rest},
    {"by hand", by_hand},
};

CHECK_MAIN("model_change")
