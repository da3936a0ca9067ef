/*
 * The waiting room at the balancer in odd places: limits under retries, backups that come free,
 * backends tried before, everybody gone, long lines before a dead backend.
 * timeout: 120 (for the runner of tests, which would take one of a scenario below)
 */
#include <string.h>

#include "tests/check.h"
#include "tests/unit/scenes.h"

#define MS(n) ((lb_time)(n)*SCENE_MS)

static struct scene scene;

static void latencies(uint64_t count, lb_time sum, lb_time min, lb_time max)
{
    SCENE_TIMES(&scene.s->latency, count, sum, min, max);
}

/* A hundred thousand wait for a dead backend that is held for alive: each in turn is refused. Taken
 * by recursion this needs more stack than there is. */
static void a_long_line_before_a_dead_backend(void)
{
    SCENE_PLAY(&scene, "100000/s", "10s",
               "balancer: {algorithm: round-robin}\n"
               "backends: [{name: a, max_in_flight: 1}]\n"
               "timeline: [{at: 1s, rate: c, to: 0.001/s}, {at: 1500ms, kill: a}]\n"
               "run: {duration: 2s}\n");
    SCENE_EQUAL(scene.s->counts.arrived, 100000);
    SCENE_EQUAL(scene_failed(&scene, CAUSE_RESET), 1);
    SCENE_EQUAL(scene_failed(&scene, CAUSE_REFUSED), 99999);
    scene_close(&scene);
    /* Many backends that refer to each other. */
    SCENE_PLAY(&scene, "100000/s", "10s",
               "balancer: {algorithm: round-robin, retries: {max: 3, when: [refused, reset]}}\n"
               "backends: [{name: s, count: 500, max_in_flight: 1}]\n"
               "timeline: [{at: 1s, rate: c, to: 0.001/s}, {at: 1500ms, kill: s}]\n"
               "run: {duration: 2s}\n");
    SCENE_EQUAL(scene.s->counts.failed, 100000);
    scene_close(&scene);
}

/* Two at 100 ms for one place on a dead backend, 1 ms away. The first is refused at 102 and asks
 * again at 103, when the second has the place: it waits until 104. Then they take turns. */
static void a_retry_keeps_to_the_limit(void)
{
    scene_open(&scene,
               "clients:\n"
               "  - {name: c, arrivals: uniform(rate=10/s), requests: [{name: r, work: "
               "constant(1ms)}]}\n"
               "  - {name: d, arrivals: uniform(rate=10/s), requests: [{name: r, work: "
               "constant(1ms)}]}\n"
               "network: {balancer_backend: 1ms}\n"
               "balancer: {algorithm: round-robin, retries: {max: 2, to: same, when: refused, "
               "backoff: constant(1ms)}}\n"
               "backends: [{name: a, max_in_flight: 1}]\n"
               "timeline: [{at: 0, kill: a}]\nrun: {duration: 150ms}\n");
    static const struct {
        int at, picks, waiting;
    } steps[] = {{100, 1, 1}, {102, 2, 0}, {103, 2, 1}, {104, 3, 0},
                 {106, 4, 0}, {108, 5, 0}, {110, 6, 0}, {112, 6, 0}};
    for (int i = 0; i < 8; i++) {
        run_until(scene.run, MS(steps[i].at));
        const struct sample *sample = run_look(scene.run);
        SCENE_EQUAL(sample->backends[0].picks, steps[i].picks);
        SCENE_EQUAL(sample->backends[0].line + sample->waiting, steps[i].waiting);
        CU_ASSERT(sample->backends[0].in_flight <= 1);
    }
    scene_end(&scene);
    SCENE_EQUAL(scene_failed(&scene, CAUSE_REFUSED), 2);
    scene_close(&scene);
}

/* "The same" is no way to a backend that takes nothing new. */
static void a_retry_spares_a_drained_backend(void)
{
    SCENE_PLAY(&scene, "10/s", "5ms",
               "balancer: {algorithm: round-robin, retries: {max: 1, to: same, when: refused, "
               "backoff: constant(50ms)}}\n"
               "backends: [{name: a}, {name: b}]\n"
               "timeline: [{at: 0, kill: a}, {at: 120ms, drain: a}]\nrun: {duration: 190ms}\n");
    latencies(1, MS(55), MS(55), MS(55));
    SCENE_EQUAL(scene.s->backends[0].picks, 1);
    SCENE_EQUAL(scene.s->backends[1].picks, 1);
    scene_close(&scene);
}

/* 100 is in service until 500; 200 and 300 wait, and nobody is left to wait for at 350. */
static void the_last_backend_goes(void)
{
    static const char *const gone[] = {"drain: a", "weight: a, to: 0"};
    for (int i = 0; i < 2; i++) {
        SCENE_PLAY(&scene, "10/s", "400ms",
                   "balancer: {algorithm: least-connections}\n"
                   "backends: [{name: a, max_in_flight: 1}]\n"
                   "timeline: [{at: 350ms, %s}]\nrun: {duration: 390ms, settle: 9s}\n",
                   gone[i]);
        latencies(1, MS(400), MS(400), MS(400));
        SCENE_EQUAL(scene_failed(&scene, CAUSE_NO_BACKEND), 2);
        scene_close(&scene);
        SCENE_PLAY(&scene, "10/s", "400ms",
                   "balancer: {algorithm: least-connections}\n"
                   "backends: [{name: a, max_in_flight: 1}, {name: b, tier: 1, slots: 9}]\n"
                   "timeline: [{at: 350ms, %s}]\nrun: {duration: 390ms, settle: 9s}\n",
                   gone[i]);
        latencies(3, MS(400 + 550 + 450), MS(400), MS(550)); /* both go to the backup at 350 */
        SCENE_EQUAL(scene.s->backends[1].picks, 2);
        scene_close(&scene);
    }
    SCENE_PLAY(&scene, "10/s", "400ms",
               "balancer: {algorithm: least-connections, health: {active: "
               "{every: 10ms, fall: 1, "
               "timeout: 5ms}}}\n"
               "backends: [{name: a, max_in_flight: 1}]\n"
               "timeline: [{at: 350ms, hang: a}]\nrun: {duration: 390ms, settle: 9s}\n");
    SCENE_EQUAL(scene_failed(&scene, CAUSE_NO_BACKEND), 2);
    scene_close(&scene);
}

/* a is dead and held for alive, b has one place. 100 goes to b by way of a. 200 finds a, then b
 * full, and waits; so does 300. A place at a, which refused 300, is none for 200. */
static void a_tried_backend_is_not_waited_for(void)
{
    SCENE_PLAY(&scene, "10/s", "250ms",
               "balancer: {algorithm: round-robin, retries: {max: 1, when: refused}}\n"
               "backends: [{name: a}, {name: b, max_in_flight: 1}]\n"
               "timeline: [{at: 0, kill: a}]\nrun: {duration: 350ms, settle: 9s}\n");
    latencies(3, MS(250 + 400 + 550), MS(250), MS(550));
    SCENE_EQUAL(scene.s->counts.attempts, 6);
    scene_close(&scene);
    /* When b takes nothing any more, nobody is left for those who have tried a. */
    SCENE_PLAY(&scene, "10/s", "250ms",
               "balancer: {algorithm: round-robin, retries: {max: 1, when: refused}}\n"
               "backends: [{name: a}, {name: b, max_in_flight: 1}]\n"
               "timeline: [{at: 0, kill: a}, {at: 330ms, drain: b}]\nrun: {duration: "
               "340ms}\n");
    latencies(1, MS(250), MS(250), MS(250));
    SCENE_EQUAL(scene_failed(&scene, CAUSE_NO_BACKEND), 2);
    scene_close(&scene);
}

/* Served by the backup from 100 to 400. From 150 on the primary is back: 200 goes there until 500,
 * and 300 waits for it, though a place comes free at the backup at 400. */
static void a_backup_takes_nobody_who_waits_for_a_primary(void)
{
    SCENE_PLAY(&scene, "10/s", "300ms",
               "balancer: {algorithm: least-connections}\n"
               "backends: [{name: a, max_in_flight: 1}, {name: b, tier: 1, slots: 9}]\n"
               "timeline: [{at: 0, drain: a}, {at: 150ms, restore: a}]\nrun: {duration: 390ms, "
               "settle: 9s}\n");
    latencies(3, MS(300 + 300 + 500), MS(300), MS(500));
    SCENE_EQUAL(scene.s->backends[1].picks, 1);
    scene_close(&scene);
    /* Those who wait for the backup go to the primary as soon as it is back. */
    SCENE_PLAY(&scene, "10/s", "300ms",
               "balancer: {algorithm: least-connections}\n"
               "backends: [{name: a, slots: 9}, {name: b, tier: 1, max_in_flight: 1}]\n"
               "timeline: [{at: 0, drain: a}, {at: 350ms, restore: a}]\nrun: {duration: 390ms, "
               "settle: 9s}\n");
    latencies(3, MS(300 + 450 + 350), MS(300), MS(450));
    SCENE_EQUAL(scene.s->backends[1].picks, 1);
    scene_close(&scene);
    /* Another algorithm is no reason, either. */
    SCENE_PLAY(&scene, "10/s", "300ms",
               "balancer: {algorithm: least-connections}\n"
               "backends: [{name: a, max_in_flight: 1}, {name: b, tier: 1, slots: 9}]\n"
               "timeline: [{at: 250ms, algorithm: balancer, to: round-robin}]\n"
               "run: {duration: 390ms, settle: 9s}\n");
    SCENE_EQUAL(scene.s->backends[1].picks, 0);
    scene_close(&scene);
}

/* --- an algorithm that picks whether or not there is a place -------------------------------- */

static const struct lb_pool *the_pool;
static int nothing;

static void *stubborn_create(const struct lb_setup *setup, struct lb_error *error)
{
    (void)error;
    the_pool = setup->pool;
    return &nothing;
}

static void stubborn_destroy(void *state)
{
    (void)state;
}

static int32_t stubborn_pick(void *state, const struct lb_request *request, lb_time now)
{
    (void)state, (void)request, (void)now;
    for (uint32_t i = 0; i < the_pool->count; i++)
        if (lb_open(&the_pool->at[i]))
            return (int32_t)i;
    return LB_NONE;
}

static const struct lb_algorithm stubborn = {.abi = LB_ABI,
                                             .name = "stubborn",
                                             .create = stubborn_create,
                                             .destroy = stubborn_destroy,
                                             .pick = stubborn_pick};

static void stubborn_run(const char *rest)
{
    scene_open_plain(&scene, "10/s", "1s",
                     "balancer: {algorithm: round-robin, queue: {timeout: "
                     "300ms}}\nbackends: [{name: a, max_in_flight: 1}, {name: b, "
                     "max_in_flight: 1}]\n%s",
                     rest);
    scene.scenario->balancer.algorithm = &stubborn;
    scene_again(&scene, 0);
}

/* 100 is at a; 200, 300 and 400 wait for it. At 450 a is drained: 200 goes to b, the others wait
 * for b now. 300 has waited long enough at 600, not 300 ms after it moved. */
static void moving_to_another_line_does_not_start_the_wait_again(void)
{
    stubborn_run("timeline: [{at: 450ms, drain: a}]\nrun: {duration: 500ms, settle: 9s}\n");
    run_until(scene.run, MS(449));
    SCENE_EQUAL(run_look(scene.run)->backends[0].line, 3);
    run_until(scene.run, MS(450));
    const struct sample *sample = run_look(scene.run);
    SCENE_EQUAL(sample->backends[0].line, 0);
    SCENE_EQUAL(sample->backends[1].line, 2);
    SCENE_EQUAL(sample->backends[1].in_flight, 1);
    run_until(scene.run, MS(600) - 1);
    SCENE_EQUAL(run_look(scene.run)->failed, 0);
    run_until(scene.run, MS(600));
    SCENE_EQUAL(run_look(scene.run)->failed, 1);
    scene_end(&scene);
    SCENE_EQUAL(scene_failed(&scene, CAUSE_BALANCER_TIMEOUT), 2);
    SCENE_EQUAL(scene.s->counts.ok, 2);
    scene_close(&scene);
}

/* Its own line is served, first come first served, and only with a place. */
static void an_own_line_is_served_in_order(void)
{
    stubborn_run("timeline: [{at: 350ms, rate: c, to: 0.001/s}, {at: 360ms, slow: a, to: 1000%}]\n"
                 "run: {duration: 500ms, settle: 10s}\n");
    scene_end(&scene);
    /* 100 has 740 ms left at 360, ten times as fast: 434; then 200 to 534, 300 to 634. */
    latencies(3, MS(334 + 334 + 334), MS(334), MS(334));
    SCENE_EQUAL(scene.s->backends[0].picks, 3);
    scene_close(&scene);
}

static const struct check_test tests[] = {
    {"a long line before a dead backend", a_long_line_before_a_dead_backend},
    {"retries keep to the limit", a_retry_keeps_to_the_limit},
    {"retries and drain", a_retry_spares_a_drained_backend},
    {"the last backend goes", the_last_backend_goes},
    {"tried backends", a_tried_backend_is_not_waited_for},
    {"backups", a_backup_takes_nobody_who_waits_for_a_primary},
    {"own line: order", an_own_line_is_served_in_order},
    {"own line: the wait goes on", moving_to_another_line_does_not_start_the_wait_again},
};

CHECK_MAIN("model: waiting")
