/*
 * The desk of a balancer: workers, their queue, what connections and handshakes cost, and what becomes
 * of those who wait there. Equal gaps and constant work: every figure is exact.
 */
#include "tests/check.h"
#include "tests/unit/scenes.h"

#define ONE "backends: [{name: b, slots: 100}]\nrun: {duration: 1s}\n"

/* A request every 10 ms takes 4 ms at the desk and 5 ms behind it. */
static void takes_its_time(void)
{
    struct scene scene;
    double busy;
    SCENE_PLAY(&scene, "100/s", "5ms",
               "balancer: {algorithm: random, capacity: {workers: 1, request: 4ms}}\n" ONE);
    SCENE_TIMES(&scene.s->latency, 99, 99 * 9 * SCENE_MS, 9 * SCENE_MS, 9 * SCENE_MS);
    SCENE_TIMES(&scene.s->response, 99, 99 * 5 * SCENE_MS, 5 * SCENE_MS, 5 * SCENE_MS);
    SCENE_EQUAL(scene.s->balancer_count, 1);
    SCENE_EQUAL(scene.s->balancers[0].requests, 99);
    struct scenario_measure m = {
        .metric = METRIC_UTILIZATION, .selector = SELECT_BALANCER, .count = 1};
    CU_ASSERT(summary_measure(scene.s, &m, &busy));
    CHECK_CLOSE(busy, 0.396, 1e-12); /* 99 x 4 ms of 1 s */
    scene_close(&scene);
}

/* Five at once, 10 ms each: two workers, then a queue of two places. */
static void queues(void)
{
    static const struct {
        const char *capacity;
        uint64_t ok, full;
        lb_time sum; /* ms */
    } rows[] = {
        {"workers: 2, request: 10ms", 5, 0, 10 + 10 + 20 + 20 + 30},
        {"workers: 2, request: 10ms, queue: 2", 4, 1, 10 + 10 + 20 + 20},
        {"workers: 1, request: 10ms, queue: 0", 1, 4, 10},
        {"workers: 1, request: 4ms, connection: 6ms", 5, 0, 10 + 20 + 30 + 40 + 50},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        struct scene scene;
        SCENE_RUN(&scene,
                  "clients:\n  - {name: u, users: 5, think: constant(100ms),\n"
                  "     requests: [{name: r, work: constant(0)}]}\n"
                  "balancer: {algorithm: random, capacity: {%s}}\n"
                  "backends: [{name: b}]\nrun: {duration: 105ms}\n",
                  rows[i].capacity);
        SCENE_EQUAL(scene.s->counts.ok, rows[i].ok);
        SCENE_EQUAL(scene_failed(&scene, CAUSE_BALANCER_FULL), rows[i].full);
        CU_ASSERT((lb_time)scene.s->latency.sum == rows[i].sum * SCENE_MS);
        scene_close(&scene);
    }
}

/* Who gives up at the desk makes room for the next; nobody is sent to a backend for nobody. */
static void giving_up(void)
{
    struct scene scene;
    SCENE_RUN(&scene, "clients:\n  - {name: u, users: 3, think: constant(100ms), timeout: 15ms,\n"
                      "     requests: [{name: r, work: constant(0)}]}\n"
                      "balancer: {algorithm: random, capacity: {workers: 1, request: 10ms}}\n"
                      "backends: [{name: b}]\nrun: {duration: 105ms}\n");
    SCENE_EQUAL(scene.s->counts.ok, 1);
    SCENE_EQUAL(scene_failed(&scene, CAUSE_RESPONSE_TIMEOUT), 2);
    SCENE_EQUAL(scene.s->backends[0].picks, 1);
    scene_close(&scene);
}

/* A handshake that the balancer makes is work of its workers: full the first time, then resumed. */
static void handshakes(void)
{
    struct scene scene;
    SCENE_RUN(&scene, "clients:\n  - {name: u, users: 1, think: constant(100ms),\n"
                      "     connections: {protocol: http1, requests: 1},\n"
                      "     requests: [{name: r, work: constant(0)}]}\n"
                      "balancer:\n  algorithm: random\n  capacity: {workers: 1, request: 1ms}\n"
                      "  tls: {terminate: yes, handshake: 20ms, resumed: 4ms, resume: 100%%}\n"
                      "backends: [{name: b}]\nrun: {duration: 450ms}\n");
    /* 100 to 121 ms, 221 to 226, 326 to 331, 431 to 436 */
    SCENE_TIMES(&scene.s->latency, 4, (21 + 3 * 5) * SCENE_MS, 5 * SCENE_MS, 21 * SCENE_MS);
    scene_close(&scene);
}

static const struct check_test tests[] = {
    {"takes its time", takes_its_time},
    {"queues", queues},
    {"giving up", giving_up},
    {"handshakes", handshakes},
};

CHECK_MAIN("model_desk")
