/*
 * Balancers that die, hang, are drained or cut off: who is reset, who is refused, who waits in vain.
 * timeout: 120 (for the runner of tests, which would take one of a scenario below)
 */
#include <string.h>

#include "tests/check.h"
#include "tests/unit/scenes.h"

#define MS(n) ((lb_time)(n)*SCENE_MS)

static struct scene scene;

static uint64_t why(const char *name)
{
    uint64_t count = 0;
    for (uint32_t i = 0; i < scene.s->ledger_count; i++)
        if (strcmp(scene.s->ledger[i].why, name) == 0 && scene.s->ledger[i].cause >= 0)
            count += scene.s->ledger[i].count;
    return count;
}

/* One balancer, no other: from 250 to 650 ms nobody is served. 200 is there for 100 ms and is reset,
 * 300 to 600 are refused, 700 finds it as new. */
static void alone_and_dead(void)
{
    SCENE_PLAY(&scene, "10/s", "60ms",
               "network: {client_balancer: 1ms}\n"
               "balancer: {algorithm: round-robin}\nbackends: [{name: a}]\n"
               "timeline: [{at: 250ms, kill: balancer, for: 400ms}]\nrun: {duration: 1s}\n");
    SCENE_EQUAL(scene.s->counts.ok, 1 + 3);
    SCENE_EQUAL(scene_failed(&scene, CAUSE_BALANCER_DOWN), 5);
    SCENE_EQUAL(why("in flight at crash"), 1);
    SCENE_EQUAL(why("balancer down"), 4);
    SCENE_EQUAL(scene.s->counts.attempts, 9);
    SCENE_TIMES(&scene.s->latency, 4, MS(4 * 62), MS(62), MS(62));
    SCENE_EQUAL(scene.s->backends[0].picks, 5);
    scene_close(&scene);
}

/* What waits at it goes with it, and what it had sent is served for nobody. */
static void what_waits_goes_with_it(void)
{
    SCENE_PLAY(&scene, "100/s", "200ms",
               "balancer: {algorithm: round-robin}\nbackends: [{name: a, max_in_flight: 1}]\n"
               "timeline: [{at: 55ms, kill: balancer}]\nrun: {duration: 100ms}\n");
    SCENE_EQUAL(scene_failed(&scene, CAUSE_BALANCER_DOWN), 9);
    SCENE_EQUAL(why("in flight at crash"), 5);
    CHECK_CLOSE(scene.s->backends[0].utilization, 0.9, 1e-12);
    scene_close(&scene);
}

/* From 250 ms on nobody is answered: who has no timeout waits for ever, who has one gives up. */
static void hung(void)
{
    SCENE_PLAY(&scene, "10/s", "60ms",
               "balancer: {algorithm: round-robin}\nbackends: [{name: a}]\n"
               "timeline: [{at: 220ms, hang: balancer}]\nrun: {duration: 1s}\n");
    SCENE_EQUAL(scene.s->counts.ok, 1);
    SCENE_EQUAL(scene.s->counts.in_flight, 8);
    scene_close(&scene);
    SCENE_RUN(&scene, "clients: [{name: c, arrivals: uniform(rate=10/s), timeout: 50ms, "
                      "requests: [{name: r, work: constant(40ms)}]}]\n"
                      "balancer: {algorithm: round-robin}\nbackends: [{name: a}]\n"
                      "timeline: [{at: 220ms, hang: balancer, for: 400ms}]\nrun: {duration: 1s}\n");
    SCENE_EQUAL(scene_failed(&scene, CAUSE_RESPONSE_TIMEOUT), 4); /* 200, 300, 400, 500 */
    SCENE_EQUAL(scene_failed(&scene, CAUSE_BALANCER_DOWN), 1);    /* 600: reset at 620 */
    SCENE_EQUAL(why("balancer down"), 3);
    SCENE_EQUAL(why("in flight at crash"), 2);
    SCENE_EQUAL(scene.s->counts.ok, 1 + 3);
    scene_close(&scene);
}

/* A drain lets what is in flight end, up to its limit. */
static void drained(void)
{
    for (int limited = 0; limited < 2; limited++) {
        SCENE_PLAY(&scene, "10/s", "60ms",
                   "balancer: {algorithm: round-robin}\nbackends: [{name: a}]\n"
                   "timeline: [{at: 220ms, drain: balancer%s}, {at: 650ms, restore: balancer}]\n"
                   "run: {duration: 1s}\n",
                   limited ? ", limit: 10ms" : "");
        SCENE_EQUAL(scene_failed(&scene, CAUSE_BALANCER_DOWN), 4); /* 300 ... 600 */
        SCENE_EQUAL(scene_failed(&scene, CAUSE_DRAIN_CUT), limited);
        SCENE_EQUAL(scene.s->counts.ok, 5 - limited);
        scene_close(&scene);
    }
}

/* Packets to it are lost: clients wait until they give up; what it has already is served, and the answer
 * is lost, too. */
static void cut_off(void)
{
    SCENE_RUN(&scene,
              "clients: [{name: c, arrivals: uniform(rate=10/s), timeout: 80ms, "
              "requests: [{name: r, work: constant(40ms)}]}]\n"
              "balancer: {algorithm: round-robin}\nbackends: [{name: a}]\n"
              "timeline: [{at: 220ms, isolate: balancer, for: 200ms}]\nrun: {duration: 1s}\n");
    SCENE_EQUAL(scene_failed(&scene, CAUSE_RESPONSE_TIMEOUT), 1); /* 200 */
    SCENE_EQUAL(scene_failed(&scene, CAUSE_BALANCER_DOWN), 2);    /* 300, 400 */
    SCENE_EQUAL(why("packet lost"), 1);
    SCENE_EQUAL(why("balancer down"), 2);
    SCENE_EQUAL(scene.s->counts.ok, 6);
    scene_close(&scene);
}

/* The road between one balancer and one backend: each has half of the requests, so a quarter is lost,
 * until the checks of that balancer find out: it believes in one backend, the other in both. */
static void one_road_cut(void)
{
    static const char text[] =
        "clients: [{name: c, arrivals: uniform(rate=1000/s), timeout: 50ms, "
        "requests: [{name: r, work: constant(100us)}]}]\n"
        "balancer: {algorithm: round-robin, name: lb, count: 2, clients: random%s}\n"
        "backends: [{name: a}, {name: b}]\n"
        "timeline: [{at: 1s, isolate: b, from: lb1, for: 2s}]\nrun: {duration: 4s}\n";
    SCENE_RUN(&scene, text, "");
    CHECK_CLOSE((double)scene.s->counts.failed, 500.0, 4.0 * 20.0); /* sd about 16 */
    SCENE_EQUAL(why("packet lost"), scene.s->counts.failed);
    SCENE_EQUAL(scene.s->backends[0].failed, 0);
    scene_close(&scene);
    SCENE_RUN(&scene, text,
              ", health: {active: {every: 100ms, timeout: 50ms, rise: 2, fall: 3, "
              "through: reserved}}");
    CU_ASSERT(scene.s->counts.failed > 50 &&
              scene.s->counts.failed < 130); /* 250 to 350 ms of it */
    const struct scene_event *down = scene_belief(&scene, 1, BELIEF_DOWN, 0);
    CU_ASSERT(down != NULL && down->at > MS(1250) && down->at <= MS(1350));
    CU_ASSERT(down != NULL && strncmp(down->text, "lb1: ", 5) == 0);
    CU_ASSERT(down != NULL && scene_belief(&scene, 1, BELIEF_DOWN, down->at + 1) == NULL);
    CU_ASSERT(scene_belief(&scene, 1, BELIEF_UP, MS(3000)) != NULL);
    scene_close(&scene);
}

/* One road that loses a fifth of its packets: of lb1's half, half goes to b, and of that no more than
 * 0.8^2 comes back: 2 s * 250/s * 0.36 = 180 are lost, sd 15. What b loses to all comes on top of it: then
 * lb1 gets 0.8^4 back and lb2 0.8^2. The rest of the run loses nothing. */
static void one_road_lossy(void)
{
    static const char text[] =
        "clients: [{name: c, arrivals: uniform(rate=1000/s), timeout: 50ms, "
        "requests: [{name: r, work: constant(100us)}]}]\n"
        "balancer: {algorithm: round-robin, name: lb, count: 2, clients: random}\n"
        "backends: [{name: a}, {name: b}]\n"
        "timeline: [{at: 1s, loss: b, from: lb1, to: 20%%, for: 2s}%s]\nrun: {duration: 4s}\n";
    SCENE_RUN(&scene, text, "");
    CHECK_CLOSE((double)scene.s->counts.failed, 180.0, 4.0 * 15.0);
    SCENE_EQUAL(why("packet lost"), scene.s->counts.failed);
    SCENE_EQUAL(scene.s->backends[0].failed, 0);
    CU_ASSERT_STRING_EQUAL(scene.events[0].text, "20 % of the packets between it and lb1 are lost");
    CU_ASSERT_STRING_EQUAL(scene.events[1].text, "no packet between it and lb1 is lost any more");
    scene_close(&scene);
    SCENE_RUN(&scene, text, ", {at: 1s, loss: b, to: 20%, for: 2s}");
    CHECK_CLOSE((double)scene.s->counts.failed, 500 * (1 - 0.4096) + 500 * 0.36, 4.0 * 22.0);
    scene_close(&scene);
}

/* A backend that is cut off from all: nothing comes back, and nothing arrives that clients left. */
static void a_backend_cut_off(void)
{
    SCENE_RUN(
        &scene,
        "clients: [{name: c, arrivals: uniform(rate=10/s), timeout: 80ms, "
        "requests: [{name: r, work: constant(40ms)}]}]\n"
        "network: {balancer_backend: 5ms}\n"
        "balancer: {algorithm: round-robin}\nbackends: [{name: a}]\n"
        "timeline: [{at: 220ms, isolate: a}, {at: 550ms, restore: a}]\nrun: {duration: 1s}\n");
    SCENE_EQUAL(scene_failed(&scene, CAUSE_RESPONSE_TIMEOUT),
                4); /* 200, its answer; 300, 400, 500 */
    SCENE_EQUAL(why("packet lost"), 4);
    CHECK_CLOSE(scene.s->backends[0].utilization, 6 * 0.04, 1e-12);
    scene_close(&scene);
}

/* Its one worker takes 10 ms a request, at half its speed 20. */
static void slowed(void)
{
    SCENE_PLAY(&scene, "10/s", "1ms",
               "balancer: {algorithm: round-robin, capacity: {workers: 1, request: 10ms}}\n"
               "backends: [{name: a}]\n"
               "timeline: [{at: 250ms, slow: balancer, to: 50%%, for: 300ms}]\n"
               "run: {duration: 1s}\n");
    SCENE_TIMES(&scene.s->latency, 9, MS(6 * 11 + 3 * 21), MS(11), MS(21));
    scene_close(&scene);
}

/* --- two tiers -------------------------------------------------------------------------------- */

/* Client, outer and inner balancer try three times more each, and everything fails: 4 x 4 x 4. */
static void tries_multiply(void)
{
    SCENE_RUN(&scene, "clients: [{name: c, arrivals: uniform(rate=10/s), retries: {max: 3}, "
                      "requests: [{name: r, work: constant(1ms)}]}]\n"
                      "balancers:\n"
                      "  - {name: outer, algorithm: round-robin, to: inner, "
                      "retries: {max: 3, to: same, when: error}}\n"
                      "  - {name: inner, algorithm: round-robin, "
                      "retries: {max: 3, to: same, when: refused}}\n"
                      "backends: [{name: a}]\ntimeline: [{at: 0, kill: a}]\nrun: {duration: 1s}\n");
    SCENE_EQUAL(scene.s->counts.arrived, 9);
    SCENE_EQUAL(scene.s->counts.attempts, 9 * 64);
    SCENE_EQUAL(scene.s->backends[0].failed, 9 * 64);
    scene_close(&scene);
}

/* An inner balancer dies: what is in flight through it is tried at the other, what is refused, too; with
 * checks the outer one asks it no more. */
static void an_inner_one_dies(void)
{
    static const char text[] = "clients: [{name: c, arrivals: uniform(rate=1000/s), "
                               "requests: [{name: r, work: constant(2ms)}]}]\n"
                               "balancers:\n"
                               "  - {name: outer, algorithm: round-robin, to: inner%s}\n"
                               "  - {name: inner, count: 2, algorithm: least-connections}\n"
                               "backends: [{name: a, count: 4}]\n"
                               "timeline: [{at: 500ms, kill: inner1}]\nrun: {duration: 1s}\n";
    SCENE_RUN(&scene, text, "");
    CHECK_WITHIN((double)scene_failed(&scene, CAUSE_BALANCER_DOWN), 250.0, 2.0);
    CU_ASSERT(why("in flight at crash") >= 1);
    scene_close(&scene);
    SCENE_RUN(&scene, text, ", retries: {max: 1, when: [refused, reset]}");
    SCENE_EQUAL(scene.s->counts.ok, 999);
    scene_close(&scene);
    SCENE_RUN(&scene, text,
              ", health: {active: {every: 10ms, timeout: 5ms, rise: 2, fall: 1, "
              "through: reserved}}");
    CU_ASSERT(scene_failed(&scene, CAUSE_BALANCER_DOWN) <= 1 + 6);
    scene_close(&scene);
}

/* The outer one dies: what it had passed on goes on at the backends, and nobody waits for it. */
static void the_outer_one_dies(void)
{
    SCENE_RUN(&scene, "clients: [{name: c, arrivals: uniform(rate=100/s), timeout: 5s, "
                      "requests: [{name: r, work: constant(25ms)}]}]\n"
                      "network: {balancer_balancer: 1ms}\n"
                      "balancers:\n"
                      "  - {name: outer, algorithm: round-robin, to: inner}\n"
                      "  - {name: inner, count: 2, algorithm: round-robin}\n"
                      "backends: [{name: a, slots: 8}]\n"
                      "timeline: [{at: 505ms, kill: outer, for: 100ms}]\nrun: {duration: 1s}\n");
    SCENE_EQUAL(why("in flight at crash"), 3);
    SCENE_EQUAL(why("balancer down"), 10);
    SCENE_EQUAL(scene.s->counts.ok, 99 - 13);
    CHECK_CLOSE(scene.s->backends[0].utilization, 89.0 * 25e-3 / 8, 0.01);
    scene_close(&scene);
}

static const struct check_test tests[] = {
    {"alone and dead", alone_and_dead},
    {"what waits goes with it", what_waits_goes_with_it},
    {"hung", hung},
    {"drained", drained},
    {"cut off", cut_off},
    {"one road cut", one_road_cut},
    {"one road lossy", one_road_lossy},
    {"a backend cut off", a_backend_cut_off},
    {"slowed", slowed},
    {"tries multiply", tries_multiply},
    {"an inner one dies", an_inner_one_dies},
    {"the outer one dies", the_outer_one_dies},
};

CHECK_MAIN("gate")
