/*
 * Hedging in the world, against courses worked out by hand: equal gaps, constant work, no chance. How
 * long the first answer takes by theory is in lbsim validate.
 */
#include "tests/check.h"
#include "tests/unit/scenes.h"

#define MS(n) ((n)*SCENE_MS)

static struct scene scene;

static void latencies(uint64_t count, double sum, lb_time min, lb_time max)
{
    struct histogram all;
    histogram_init(&all);
    for (uint32_t i = 0; i < scene.s->class_count; i++)
        histogram_merge(&all, &scene.s->classes[i].latency);
    SCENE_TIMES(&all, count, sum, min, max);
}

/* One backend works at a tenth of its speed: 100 ms. After 20 ms a copy goes to the other, which answers
 * at 30, and the slow one is cancelled. */
static void the_copy_wins(void)
{
    static const char *const sides[] = {"hedge: {after: 20ms}, ", ""};
    static const char *const inner[] = {"", ", hedge: {after: 20ms}"};
    for (int side = 0; side < 2; side++) {
        SCENE_RUN(&scene,
                  "clients: [{name: c, arrivals: uniform(rate=10/s), %srequests: [{name: r, work: "
                  "constant(10ms)}]}]\nbalancer: {algorithm: round-robin%s}\n"
                  "backends: [{name: slow, speed: 0.1, slots: 9, abandoned: cancel}, {name: b}]\n"
                  "run: {duration: 1001ms}\n",
                  sides[side], inner[side]);
        /* A copy is picked for, too: every request finds the slow one first. */
        SCENE_EQUAL(scene.s->counts.ok, 10);
        SCENE_EQUAL(scene.s->hedges.sent, 10);
        SCENE_EQUAL(scene.s->hedges.won, 10);
        SCENE_EQUAL(scene.s->counts.attempts, 20);
        SCENE_EQUAL(scene.s->backends[0].failed, 10);
        SCENE_EQUAL(scene.s->backends[1].ok, 10);
        latencies(10, 10 * (double)MS(30), MS(30), MS(30));
        /* 9 of 30 ms, and the last one, that came at 1 s, of 1 ms */
        CHECK_CLOSE(scene.s->backends[0].utilization * 9 * 1.001, 0.271, 1e-9);
        scene_close(&scene);
    }
}

/* Nobody is slower than `after`: none. After 99 ms the first answer is a ms away: the copy loses. */
static void the_first_wins(void)
{
    static const char text[] =
        "clients: [{name: c, arrivals: uniform(rate=5/s), hedge: {after: %s}, requests: [{name: r, "
        "work: constant(100ms)}]}]\nbalancer: {algorithm: round-robin}\n"
        "backends: [{name: a}, {name: b}]\nrun: {duration: 1001ms}\n";
    SCENE_RUN(&scene, text, "101ms");
    SCENE_EQUAL(scene.s->hedges.sent, 0);
    SCENE_EQUAL(scene.s->counts.attempts, 5);
    scene_close(&scene);
    SCENE_RUN(&scene, text, "99ms");
    SCENE_EQUAL(scene.s->hedges.sent, 5);
    SCENE_EQUAL(scene.s->hedges.won, 0);
    latencies(5, 5 * (double)MS(100), MS(100), MS(100));
    scene_close(&scene);
}

/* A copy that is refused, and a first attempt that is reset, only drop out. The main one's timeout is
 * that of the request. */
static void failures_drop_out(void)
{
    /* b is dead: the client's copy at 20 is refused there; a answers at 50. */
    SCENE_PLAY(&scene, "10/s", "50ms",
               "balancer: {algorithm: round-robin, hedge: {after: 20ms}}\n"
               "backends: [{name: a}, {name: b}]\ntimeline: [{at: 120ms, kill: b}]\n"
               "run: {duration: 199ms}\n");
    SCENE_EQUAL(scene.s->counts.ok, 1);
    SCENE_EQUAL(scene.s->hedges.sent, 1);
    SCENE_EQUAL(scene.s->backends[1].failed, 1);
    latencies(1, (double)MS(50), MS(50), MS(50));
    scene_close(&scene);
    /* a dies at 140 with the first attempt in it: the copy, since 120 at b, goes on to 170. */
    SCENE_PLAY(&scene, "10/s", "50ms",
               "balancer: {algorithm: round-robin, hedge: {after: 20ms}}\n"
               "backends: [{name: a}, {name: b}]\ntimeline: [{at: 140ms, kill: a}]\n"
               "run: {duration: 199ms}\n");
    SCENE_EQUAL(scene.s->counts.ok, 1);
    latencies(1, (double)MS(70), MS(70), MS(70));
    scene_close(&scene);
    /* And both die: it fails once. */
    SCENE_PLAY(&scene, "10/s", "50ms",
               "balancer: {algorithm: round-robin, hedge: {after: 20ms}}\n"
               "backends: [{name: a}, {name: b}]\n"
               "timeline: [{at: 140ms, kill: a}, {at: 150ms, kill: b}]\nrun: {duration: 199ms}\n");
    SCENE_EQUAL(scene.s->counts.failed, 1);
    SCENE_EQUAL(scene_failed(&scene, CAUSE_RESET), 1);
    scene_close(&scene);
    /* Both hang: the client gives up after its 80 ms, copies or not. */
    SCENE_RUN(
        &scene,
        "clients: [{name: c, arrivals: uniform(rate=10/s), timeout: 80ms, hedge: {after: 20ms, "
        "max: 2}, requests: [{name: r, work: constant(10ms)}]}]\n"
        "balancer: {algorithm: round-robin}\nbackends: [{name: a}, {name: b}]\n"
        "timeline: [{at: 0, hang: a}, {at: 0, hang: b}]\nrun: {duration: 199ms}\n");
    SCENE_EQUAL(scene_failed(&scene, CAUSE_RESPONSE_TIMEOUT), 1);
    SCENE_EQUAL(scene.s->hedges.sent, 2);
    SCENE_EQUAL(scene.s->counts.attempts, 3);
    scene_close(&scene);
}

/* Ten are saved up at the start; then each request pours in a quarter. */
static void within_a_budget(void)
{
    SCENE_PLAY(&scene, "100/s", "5ms",
               "balancer: {algorithm: round-robin, hedge: {after: 1ms, budget: 25%%}}\n"
               "backends: [{name: a}, {name: b}]\nrun: {duration: 4001ms}\n");
    SCENE_EQUAL(scene.s->counts.ok, 400);
    CU_ASSERT(scene.s->hedges.sent >= 108 && scene.s->hedges.sent <= 110);
    SCENE_EQUAL(scene.s->hedges.sent + scene.s->hedges.refused, 400);
    scene_close(&scene);
}

/* With one backend there is nobody else; with two at their limit neither. Copies are two at most. */
static void nobody_else(void)
{
    SCENE_PLAY(&scene, "10/s", "50ms",
               "balancer: {algorithm: random, hedge: {after: 20ms}}\nbackends: [{name: a}]\n"
               "run: {duration: 501ms}\n");
    SCENE_EQUAL(scene.s->hedges.sent, 0);
    SCENE_EQUAL(scene.s->hedges.nobody, 5);
    scene_close(&scene);
    SCENE_PLAY(&scene, "10/s", "90ms",
               "balancer: {algorithm: round-robin, hedge: {after: 20ms, max: 3}}\n"
               "backends: [{name: a}, {name: b}, {name: c}]\nrun: {duration: 501ms}\n");
    SCENE_EQUAL(scene.s->hedges.sent, 10);  /* a copy at each of the others */
    SCENE_EQUAL(scene.s->hedges.nobody, 5); /* and a third nowhere */
    scene_close(&scene);
}

/* A try of a client that failed with its copy is followed by a retry, and that by a race of its own. */
static void retries_race_again(void)
{
    SCENE_RUN(&scene,
              "clients: [{name: c, arrivals: uniform(rate=10/s), retries: {max: 1}, hedge: {after: "
              "20ms}, requests: [{name: r, work: constant(50ms)}]}]\n"
              "balancer: {algorithm: round-robin}\nbackends: [{name: a}, {name: b}]\n"
              "timeline: [{at: 130ms, kill: a}, {at: 130ms, kill: b}, {at: 130ms, restore: a}, "
              "{at: 130ms, restore: b}]\nrun: {duration: 199ms}\n");
    SCENE_EQUAL(scene.s->counts.ok, 1);
    SCENE_EQUAL(scene.s->hedges.sent, 2);
    SCENE_EQUAL(scene.s->counts.attempts, 4);
    latencies(1, (double)MS(80), MS(80), MS(80));
    scene_close(&scene);
}

static const struct check_test tests[] = {
    {"the copy wins", the_copy_wins},
    {"the first wins", the_first_wins},
    {"failures drop out", failures_drop_out},
    {"within a budget", within_a_budget},
    {"nobody else", nobody_else},
    {"retries race again", retries_race_again},
};

CHECK_MAIN("model: hedging")
