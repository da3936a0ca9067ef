/*
 * Circuit breakers and connections to backends in the world, against courses worked out by hand: equal gaps,
 * constant work, no chance.
 */
#include "tests/check.h"
#include "tests/unit/scenes.h"

static uint64_t failed(const struct scene *scene, enum cause cause)
{
    return scene->s->counts.cause[cause];
}

/* Errors at 100, 200 and 300 ms: open until 1.3 s, where the arrival comes first; a trial at 1.4 s
 * fails; open to the end. */
static void opens(void)
{
    struct scene scene;
    SCENE_PLAY(&scene, "10/s", "1ms",
               "balancer: {algorithm: random, breaker: {consecutive: 3, open: 1s, permits: 1}}\n"
               "backends: [{name: b}]\ntimeline: [{at: 0, errors: b, to: 100%%}]\n"
               "run: {duration: 2001ms}\n");
    const struct scene_event *open = scene_belief(&scene, 0, BELIEF_OPEN, 0);
    const struct scene_event *half = scene_belief(&scene, 0, BELIEF_HALF_OPEN, 0);
    CU_ASSERT_PTR_NOT_NULL_FATAL(open);
    CU_ASSERT_PTR_NOT_NULL_FATAL(half);
    SCENE_EQUAL(open->at, 300 * SCENE_MS);
    CU_ASSERT_STRING_EQUAL(open->text, "3 failed in a row, for 1s");
    SCENE_EQUAL(half->at, 1300 * SCENE_MS);
    open = scene_belief(&scene, 0, BELIEF_OPEN, half->at);
    CU_ASSERT_PTR_NOT_NULL_FATAL(open);
    SCENE_EQUAL(open->at, 1400 * SCENE_MS);
    SCENE_EQUAL(failed(&scene, CAUSE_ERROR), 4);
    SCENE_EQUAL(failed(&scene, CAUSE_CIRCUIT), 16);
    CU_ASSERT_STRING_EQUAL(scene.s->ledger[0].why, "circuit breaker");
    SCENE_EQUAL(scene.s->breakers.opened, 1);
    SCENE_EQUAL(scene.s->breakers.reopened, 1);
    CHECK_CLOSE(scene.s->breakers.away_s, 2.001 - 0.3, 1e-9);
    CHECK_CLOSE(scene.s->backends[0].breaker_away, 1.701 / 2.001, 1e-9);
    scene_close(&scene);
}

/* A trial that takes 250 ms is under way while two others come, which are refused; then it closes. */
static void one_trial_at_a_time(void)
{
    struct scene scene;
    SCENE_PLAY(&scene, "10/s", "250ms",
               "balancer: {algorithm: random, breaker: {consecutive: 2, open: 350ms, permits: 1}}\n"
               "backends: [{name: b, slots: 9}]\n"
               "timeline: [{at: 0, errors: b, to: 100%%, for: 250ms}]\nrun: {duration: 1001ms}\n");
    /* errors at 100 and 200; open to 550; 300, 400, 500 refused; the trial 600 to 850; 700, 800 refused */
    SCENE_EQUAL(failed(&scene, CAUSE_ERROR), 2);
    SCENE_EQUAL(failed(&scene, CAUSE_CIRCUIT), 5);
    const struct scene_event *up = scene_belief(&scene, 0, BELIEF_UP, 0);
    CU_ASSERT_PTR_NOT_NULL_FATAL(up);
    SCENE_EQUAL(up->at, 850 * SCENE_MS);
    SCENE_EQUAL(scene.s->breakers.closed, 1);
    scene_close(&scene);
}

/* Of two one opens for good. Alone that leaves the other; panic below 60 % uses both all the same; with at
 * most 40 % open none opens. */
static void few_are_left(void)
{
    static const struct {
        const char *more;
        bool opens, used;
    } rows[] = {{"", true, false}, {", health: {panic: 60%}", true, true}, {NULL, false, true}};
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        struct scene scene;
        SCENE_PLAY(&scene, "10/s", "1ms",
                   "balancer: {algorithm: round-robin, breaker: {consecutive: 2, open: 1h%s}%s}\n"
                   "backends: [{name: b, count: 2}]\n"
                   "timeline: [{at: 0, errors: b1, to: 100%%}]\nrun: {duration: 10001ms}\n",
                   rows[i].more == NULL ? ", max_open: 40%" : "",
                   rows[i].more == NULL ? "" : rows[i].more);
        SCENE_EQUAL(scene.s->breakers.opened, rows[i].opens);
        SCENE_EQUAL(scene.s->backends[0].picks, rows[i].used ? 50 : 2);
        SCENE_EQUAL(failed(&scene, CAUSE_CIRCUIT), 0);
        SCENE_EQUAL(failed(&scene, CAUSE_ERROR), rows[i].used ? 50 : 2);
        scene_close(&scene);
    }
}

/* --- connections ------------------------------------------------------------------------------ */

#define FAR "network: {balancer_backend: 10ms}\n"

/* 2 x 20 + 1 ms once, 20 + 5 ms each. */
static void opening_takes_round_trips(void)
{
    static const struct {
        const char *rule;
        uint64_t opened;
        double mean, max;
    } rows[] = {{"round_trips: 2, handshake: 1ms", 1, 25 + 4.1, 66},
                {"round_trips: 0", 1, 25, 25},
                {"keep: 0", 10, 45, 45},
                {"requests: 4", 3, 25 + 3 * 2, 45},
                {"idle: 75ms", 5, 35, 45} /* one that was opened is idle for 55 ms only */,
                {"idle: 76ms", 1, 25 + 2, 45},
                {"max_age: 250ms", 4, 25 + 4 * 2, 45}};
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        struct scene scene;
        SCENE_PLAY(&scene, "10/s", "5ms",
                   FAR "balancer: {algorithm: random, connections: {%s}}\nbackends: [{name: b}]\n"
                       "run: {duration: 1001ms}\n",
                   rows[i].rule);
        SCENE_EQUAL(scene.s->upstream.opened, rows[i].opened);
        SCENE_EQUAL(scene.s->upstream.opened + scene.s->upstream.reused, 10);
        CHECK_CLOSE(histogram_mean(&scene.s->latency) / 1e6, rows[i].mean, 1e-6);
        CHECK_CLOSE((double)scene.s->latency.max / 1e6, rows[i].max, 1e-6);
        scene_close(&scene);
    }
}

/* A process that dies closes what is idle, which its balancer hears 10 ms later; when the network kept that
 * from it, the next request is reset. Who knocks at a dead one is refused after 20 ms. */
static void processes_go(void)
{
    struct scene scene;
    SCENE_PLAY(&scene, "10/s", "5ms",
               FAR "balancer: {algorithm: random, connections: {}}\nbackends: [{name: b}]\n"
                   "timeline: [{at: 450ms, kill: b}, {at: 470ms, restore: b}]\n"
                   "run: {duration: 1001ms}\n");
    SCENE_EQUAL(scene.s->counts.ok, 10);
    SCENE_EQUAL(scene.s->upstream.opened, 2);
    SCENE_EQUAL(scene.s->upstream.closed[REUSE_GONE], 1);
    scene_close(&scene);
    SCENE_PLAY(
        &scene, "10/s", "5ms",
        FAR "balancer: {algorithm: random, connections: {}}\nbackends: [{name: b}]\n"
            "timeline: [{at: 430ms, isolate: b}, {at: 440ms, kill: b}, {at: 470ms, restore: b}]\n"
            "run: {duration: 1001ms}\n");
    SCENE_EQUAL(failed(&scene, CAUSE_RESET), 1);
    SCENE_EQUAL(scene.s->counts.ok, 9);
    SCENE_EQUAL(scene.s->upstream.closed[REUSE_BROKEN], 1);
    SCENE_EQUAL(scene.s->upstream.opened, 2);
    scene_close(&scene);
    SCENE_PLAY(&scene, "10/s", "5ms",
               FAR "balancer: {algorithm: random, connections: {}}\nbackends: [{name: b}]\n"
                   "timeline: [{at: 450ms, kill: b}]\nrun: {duration: 1001ms}\n");
    SCENE_EQUAL(failed(&scene, CAUSE_REFUSED), 6);
    SCENE_EQUAL(scene.s->upstream.closed[REUSE_REFUSED], 5); /* the last after the window */
    scene_close(&scene);
}

/* A client that leaves takes its connection along, open or half open; what had not set out never does. */
static void clients_leave(void)
{
    struct scene scene;
    SCENE_RUN(&scene, "clients: [{name: c, arrivals: uniform(rate=10/s), timeout: 30ms,\n"
                      "  requests: [{name: r, work: constant(5ms)}]}]\n" FAR
                      "balancer: {algorithm: random, connections: {round_trips: 2}}\n"
                      "backends: [{name: b}]\nrun: {duration: 1001ms}\n");
    SCENE_EQUAL(scene.s->counts.failed, 10);
    SCENE_EQUAL(scene.s->upstream.opened, 10);
    SCENE_EQUAL(scene.s->upstream.closed[REUSE_BROKEN], 9); /* the same */
    CHECK_CLOSE(scene.s->backends[0].utilization + 1.0, 1.0, 1e-12);
    scene_close(&scene);
}

/* One connection for the pool of two, 250 ms a request, one may wait: at 100 ms the first begins, at 350 the
 * one of 200, at 600 that of 400, ... 300, 500, 600, 800 and 1000 overflow. */
static void a_pool_has_so_many(void)
{
    struct scene scene;
    SCENE_PLAY(&scene, "10/s", "250ms",
               "balancer: {algorithm: least-connections, connections: {},\n"
               "  circuit: {connections: 1, pending: 1}}\n"
               "backends: [{name: b, count: 2}]\nrun: {duration: 1001ms}\n");
    SCENE_EQUAL(failed(&scene, CAUSE_OVERFLOW), 5);
    SCENE_EQUAL(scene.s->counts.ok, 5);
    CU_ASSERT_STRING_EQUAL(scene.s->ledger[0].why, "overflow");
    CU_ASSERT(scene.s->upstream.open == 1);
    scene_close(&scene);
}

/* One a backend, 120 ms a request, 20 a second: what is in flight is 1 of 9 slots, and the rest waits here. */
static void a_backend_has_so_many(void)
{
    struct scene scene;
    SCENE_PLAY(&scene, "20/s", "120ms",
               "balancer: {algorithm: least-connections, connections: {max: 1}}\n"
               "backends: [{name: b, count: 2, slots: 9}]\n"
               "run: {duration: 10s, warmup: 1s, settle: 0}\n");
    CHECK_CLOSE(scene.s->backends[0].in_flight_mean, 1.0, 1e-9);
    CHECK_CLOSE(scene.s->backends[1].utilization, 1.0 / 9.0, 1e-9);
    SCENE_EQUAL(scene.s->upstream.opened, 0);
    SCENE_EQUAL(scene.s->upstream.open, 2);
    CHECK_CLOSE(scene.s->upstream.open_mean, 2.0, 1e-9);
    scene_close(&scene);
}

static const struct check_test tests[] = {
    {"opens", opens},
    {"one trial at a time", one_trial_at_a_time},
    {"few are left", few_are_left},
    {"opening takes round trips", opening_takes_round_trips},
    {"processes go", processes_go},
    {"clients leave", clients_leave},
    {"a pool has so many", a_pool_has_so_many},
    {"a backend has so many", a_backend_has_so_many},
};

CHECK_MAIN("circuit breakers and connections to backends, in the world")
