/*
 * What the balancer does with a request besides the pick: attempts on other backends, waiting for a
 * free place, tiers, and telling the algorithm, in the order that the contract promises.
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

/* --- retries --------------------------------------------------------------------------------- */

/* a is dead. Turns: a then b for the first, a then b again, ...: each request finds a first. */
static void another_backend_is_tried(void)
{
    SCENE_PLAY(&scene, "10/s", "5ms",
               "network: {balancer_backend: 1ms}\n"
               "balancer: {algorithm: round-robin, retries: {max: 1, when: refused}}\n"
               "backends: [{name: a}, {name: b}]\ntimeline: [{at: 0, kill: a}]\n"
               "run: {duration: 1s}\n");
    latencies(9, MS(9 * 9), MS(9), MS(9)); /* there and back for nothing, then there, 5, back */
    SCENE_TIMES(&scene.s->response, 9, MS(45), MS(5), MS(5));
    SCENE_EQUAL(scene.s->counts.attempts, 18);
    SCENE_EQUAL(scene.s->backends[0].picks, 9);
    SCENE_EQUAL(scene.s->backends[0].failed, 9);
    SCENE_EQUAL(scene.s->backends[1].ok, 9);
    scene_close(&scene);
}

static void only_listed_ends_are_tried_again(void)
{
    static const char *const when[] = {"refused", "reset", "[reset, refused]"};
    for (int i = 0; i < 3; i++) { /* served from 100 on, reset at 150, b would have it by 350 */
        SCENE_PLAY(&scene, "10/s", "200ms",
                   "balancer: {algorithm: round-robin, retries: {max: 1, when: %s}}\n"
                   "backends: [{name: a}, {name: b}]\ntimeline: [{at: 150ms, kill: a}]\n"
                   "run: {duration: 190ms}\n",
                   when[i]);
        SCENE_EQUAL(scene_failed(&scene, CAUSE_RESET), i == 0);
        if (i > 0)
            latencies(1, MS(250), MS(250), MS(250));
        scene_close(&scene);
    }
    SCENE_PLAY(&scene, "10/s", "250ms",
               "balancer: {algorithm: round-robin, retries: {max: 1, when: queue-full}}\n"
               "backends: [{name: a, queue: 0}, {name: b, queue: 0}]\nrun: {duration: 1s}\n");
    /* 100 to a, 200 to b; 300 finds a, then b full; 400 a, 500 b, ... */
    SCENE_EQUAL(scene_failed(&scene, CAUSE_QUEUE_FULL), 3);
    SCENE_EQUAL(scene.s->counts.attempts, 9 + 3);
    scene_close(&scene);
}

/* Tries at 100, 110, 130 ms on a, up again from 125 on; b is never asked. */
static void the_same_backend_is_tried(void)
{
    SCENE_PLAY(&scene, "10/s", "1ms",
               "balancer: {algorithm: round-robin, retries: {max: 2, to: same, when: refused, "
               "backoff: \"exponential(base=10ms, cap=1s)\"}}\n"
               "backends: [{name: a}, {name: b}]\ntimeline: [{at: 0, kill: a, for: 125ms}]\n"
               "run: {duration: 190ms}\n");
    latencies(1, MS(31), MS(31), MS(31));
    SCENE_EQUAL(scene.s->backends[0].picks, 3);
    SCENE_EQUAL(scene.s->backends[1].picks, 0);
    scene_close(&scene);
}

static void nobody_is_left_to_try(void)
{
    SCENE_PLAY(&scene, "10/s", "1ms",
               "balancer: {algorithm: round-robin, retries: {max: 9, when: refused}}\n"
               "backends: [{name: s, count: 3}]\ntimeline: [{at: 0, kill: s}]\n"
               "run: {duration: 1s}\n");
    SCENE_EQUAL(scene_failed(&scene, CAUSE_NO_BACKEND), 9);
    SCENE_EQUAL(scene.s->counts.attempts, 9 * 4); /* three backends, then none */
    for (int i = 0; i < 3; i++)
        SCENE_EQUAL(scene.s->backends[i].picks, 9);
    scene_close(&scene);
}

/* The balancer's bucket fills with every request that it sees, those of retrying clients too. */
static void a_budget_bounds_the_attempts(void)
{
    SCENE_PLAY(&scene, "100/s", "1ms",
               "balancer: {algorithm: round-robin, retries: {max: 5, to: same, when: refused, "
               "budget: 20%%}}\n"
               "backends: [{name: a}]\ntimeline: [{at: 0, kill: a}]\nrun: {duration: 10s}\n");
    CU_ASSERT(scene.s->counts.attempts <= 999 + 10 + 199);
    CU_ASSERT(scene.s->counts.attempts >= 999 + 10 + 197);
    scene_close(&scene);
}

/* Two layers of three tries each: nine attempts at the bottom. */
static void layers_multiply(void)
{
    SCENE_RUN(&scene,
              "clients: [{name: c, arrivals: uniform(rate=10/s), retries: {max: 2}, "
              "requests: [{name: r, work: constant(1ms)}]}]\n"
              "balancer: {algorithm: round-robin, retries: {max: 2, to: same, when: refused}}\n"
              "backends: [{name: a}]\ntimeline: [{at: 0, kill: a}]\nrun: {duration: 1s}\n");
    SCENE_EQUAL(scene.s->counts.attempts, 81);
    scene_close(&scene);
}

/* --- waiting at the balancer ----------------------------------------------------------------- */

/* The growing queue of test_model_service.c, but it stands at the balancer. */
static void a_place_is_waited_for(void)
{
    SCENE_PLAY(&scene, "10/s", "250ms",
               "balancer: {algorithm: round-robin}\n"
               "backends: [{name: a, max_in_flight: 1}]\nrun: {duration: 1s, settle: 10s}\n");
    latencies(9, MS(7650), MS(250), MS(1450));
    SCENE_TIMES(&scene.s->response, 9, MS(2250), MS(250), MS(250));
    CHECK_CLOSE(scene.s->backends[0].queue_mean, 0.0, 0);
    CHECK_CLOSE(scene.s->backends[0].in_flight_mean, 0.9, 1e-12);
    CHECK_CLOSE(scene.s->backends[0].utilization, 0.9, 1e-12);
    scene_close(&scene);
}

static void the_waiting_room_has_a_size(void)
{
    SCENE_PLAY(&scene, "10/s", "250ms",
               "balancer: {algorithm: round-robin, "
               "queue: {size: 1}}\nbackends: [{name: a, "
               "max_in_flight: 1}]\nrun: {duration: 1s}\n");
    latencies(5, MS(1950), MS(250), MS(450)); /* the same five as with a queue of 1 there */
    SCENE_EQUAL(scene_failed(&scene, CAUSE_BALANCER_FULL), 4);
    SCENE_EQUAL(scene.s->backends[0].picks, 5);
    scene_close(&scene);
    SCENE_PLAY(&scene, "10/s", "250ms",
               "balancer: {algorithm: round-robin, "
               "queue: {size: 0}}\nbackends: [{name: a, "
               "max_in_flight: 1}]\nrun: {duration: 1s}\n");
    latencies(3, MS(750), MS(250), MS(250)); /* 100, 400, 700 */
    SCENE_EQUAL(scene_failed(&scene, CAUSE_BALANCER_FULL), 6);
    scene_close(&scene);
}

/* 100 is served to 350; 200 gives up at 300; 300 is served at 350; 400 gives up at 500; 500 is
 * served at 600, the instant of its timeout, as that service was to end first; 600 and 700 give
 * up, 800 is served at 850, 900 gives up. */
static void waiting_has_a_limit(void)
{
    SCENE_PLAY(&scene, "10/s", "250ms",
               "balancer: {algorithm: round-robin, "
               "queue: {timeout: 100ms}}\nbackends: [{name: a, max_in_flight: 1}]\n"
               "run: {duration: 1s}\n");
    latencies(4, MS(250 + 300 + 350 + 300), MS(250), MS(350));
    SCENE_EQUAL(scene_failed(&scene, CAUSE_BALANCER_TIMEOUT), 5);
    scene_close(&scene);
}

/* A client that leaves the waiting room leaves no trace there: 100 is served, 200 and 300 leave at
 * 310 and 410 ms, 400 is served at 500. */
static void it_leaves_the_waiting_room(void)
{
    SCENE_RUN(&scene, "clients: [{name: c, arrivals: uniform(rate=10/s), timeout: 110ms, requests: "
                      "[{name: r, work: constant(400ms)}]}]\n"
                      "balancer: {algorithm: round-robin}\n"
                      "backends: [{name: a, max_in_flight: 1, abandoned: cancel}]\n"
                      "run: {duration: 250ms}\n");
    /* 100 leaves at 210, and 200 gets its place at once, to leave at 310. */
    SCENE_EQUAL(scene_failed(&scene, CAUSE_RESPONSE_TIMEOUT), 2);
    SCENE_EQUAL(scene.s->backends[0].picks, 2);
    CHECK_CLOSE(scene.s->backends[0].in_flight_mean, 150.0 / 250, 1e-12);
    scene_close(&scene);
}

/* --- tiers ----------------------------------------------------------------------------------- */

static void backups_stand_by(void)
{
    SCENE_PLAY(&scene, "10/s", "30ms",
               "balancer: {algorithm: round-robin}\n"
               "backends: [{name: b, tier: 1}, {name: a}]\n"
               "timeline: [{at: 350ms, drain: a}, {at: 650ms, restore: a}]\n"
               "run: {duration: 1s}\n");
    SCENE_EQUAL(scene.s->backends[0].picks, 3); /* 400, 500, 600 */
    SCENE_EQUAL(scene.s->backends[1].picks, 6);
    SCENE_EQUAL(scene.s->counts.ok, 9);
    CHECK_CLOSE(scene.s->imbalance, 1.0, 1e-12); /* of the primaries */
    scene_close(&scene);
}

static void a_failed_primary_leads_to_the_backup(void)
{
    SCENE_PLAY(&scene, "10/s", "30ms",
               "balancer: {algorithm: round-robin, retries: {max: 2, when: refused}}\n"
               "backends: [{name: b, tier: 1}, {name: p, count: 2}]\n"
               "timeline: [{at: 0, kill: p}]\nrun: {duration: 1s}\n");
    SCENE_EQUAL(scene.s->counts.ok, 9);
    SCENE_EQUAL(scene.s->counts.attempts, 27);
    SCENE_EQUAL(scene.s->backends[0].ok, 9);
    scene_close(&scene);
}

static void nobody_at_all(void)
{
    SCENE_PLAY(&scene, "10/s", "30ms",
               "balancer: {algorithm: least-connections}\n"
               "backends: [{name: b, tier: 1}, {name: a}]\n"
               "timeline: [{at: 0, drain: a}, {at: 450ms, weight: b, to: 0}]\n"
               "run: {duration: 1s}\n");
    SCENE_EQUAL(scene_failed(&scene, CAUSE_NO_BACKEND), 5);
    SCENE_EQUAL(scene.s->backends[0].ok, 4);
    SCENE_EQUAL(scene.s->counts.attempts, 9); /* one that finds nobody counts, too */
    scene_close(&scene);
}

/* --- what the algorithm is told -------------------------------------------------------------- */

static struct spy {
    const struct lb_pool *pool;
    char log[512];
    struct lb_outcome last;
    unsigned wrong;
} spy;

static void note(char kind, int32_t row)
{
    size_t size = strlen(spy.log);
    if (size + 3 < sizeof spy.log) {
        spy.log[size] = kind;
        spy.log[size + 1] = (char)(row >= 0 ? '0' + row : '-');
    }
}

static void *spy_create(const struct lb_setup *setup, struct lb_error *error)
{
    (void)error;
    spy = (struct spy){.pool = setup->pool};
    return &spy;
}

static void spy_destroy(void *state)
{
    (void)state;
}

/* The first that may; like an algorithm, it believes the books alone. */
static int32_t spy_pick(void *state, const struct lb_request *request, lb_time now)
{
    (void)state, (void)now;
    for (uint32_t i = 0; i < spy.pool->count; i++)
        if (lb_may(spy.pool, request, i)) {
            note('p', (int32_t)i);
            return (int32_t)i;
        }
    note('p', -1);
    return lb_wait_or_none(spy.pool, request);
}

static void spy_start(void *state, int32_t row, const struct lb_request *request, enum lb_how how,
                      lb_time now)
{
    (void)state, (void)now;
    note(how == LB_BY_PICK ? 's' : how == LB_BY_QUEUE ? 'q' : 'r', row);
    spy.wrong += spy.pool->at[row].in_flight == 0; /* books first */
    spy.wrong += request->tried_count > 0 && request->tried == NULL;
}

static void spy_finish(void *state, int32_t row, const struct lb_outcome *outcome, lb_time now)
{
    (void)state;
    note(outcome->failed ? 'x' : 'f', row);
    uint64_t sum = 0;
    for (uint32_t i = 0; i < spy.pool->count; i++)
        sum += spy.pool->at[i].in_flight;
    spy.wrong += sum != spy.pool->in_flight;
    spy.wrong += outcome->sent > now || outcome->connected > now || outcome->first_byte > now;
    spy.last = *outcome;
}

static const struct lb_algorithm spying = {.abi = LB_ABI,
                                           .name = "spy",
                                           .create = spy_create,
                                           .destroy = spy_destroy,
                                           .pick = spy_pick,
                                           .on_attempt_start = spy_start,
                                           .on_attempt_finish = spy_finish};

/* Runs the scene that has been opened with the spy instead, and compares what it was told. */
static void spy_run(const char *want)
{
    scene.scenario->balancer.algorithm = &spying;
    scene_again(&scene, 0);
    scene_end(&scene);
    if (strcmp(spy.log, want) != 0)
        printf("\n%s, not %s\n", spy.log, want);
    CU_ASSERT(strcmp(spy.log, want) == 0);
    SCENE_EQUAL(spy.wrong, 0);
}

/* The end of a failed attempt comes before the next pick of the same request. */
static void finish_comes_before_the_next_pick(void)
{
    scene_open_plain(&scene, "10/s", "5ms",
                     "network: {balancer_backend: 1ms}\n"
                     "balancer: {algorithm: round-robin, retries: {max: 1, when: refused}}\n"
                     "backends: [{name: a}, {name: b}]\ntimeline: [{at: 0, kill: a}]\n"
                     "run: {duration: 150ms}\n");
    spy_run("p0s0x0p1s1f1");
    SCENE_EQUAL(spy.last.end, LB_END_OK);
    SCENE_EQUAL(spy.last.sent, MS(102));
    SCENE_EQUAL(spy.last.connected, MS(104));
    SCENE_EQUAL(spy.last.first_byte, MS(109));
    scene_close(&scene);
    scene_open_plain(&scene, "10/s", "5ms",
                     "balancer: {algorithm: round-robin, retries: {max: 1, to: same, "
                     "when: refused}}\n"
                     "backends: [{name: a}, {name: b}]\ntimeline: [{at: 0, kill: a}]\n"
                     "run: {duration: 150ms}\n");
    spy_run("p0s0x0r0x0");
    SCENE_EQUAL(spy.last.end, LB_END_REFUSED);
    SCENE_EQUAL(spy.last.connected, 0);
    scene_close(&scene);
}

/* A place that comes free is given away before anything else is asked. */
static void a_freed_place_is_told_as_queue(void)
{
    scene_open_plain(&scene, "10/s", "150ms",
                     "balancer: {algorithm: round-robin}\nbackends: [{name: a, max_in_flight: 1}]\n"
                     "timeline: [{at: 220ms, rate: c, to: 0.001/s}]\nrun: {duration: 290ms}\n");
    spy_run("p0s0p-f0q0f0");
    scene_close(&scene);
}

/* A client that leaves does not count against the backend; nothing is said that did not happen. */
static void leaving_is_no_failure(void)
{
    scene_open(&scene, "clients: [{name: c, arrivals: uniform(rate=10/s), timeout: 1ms, requests: "
                       "[{name: r, work: constant(5ms)}]}]\n"
                       "network: {balancer_backend: 3ms}\nbalancer: {algorithm: round-robin}\n"
                       "backends: [{name: a}]\nrun: {duration: 150ms}\n");
    spy_run("p0s0f0");
    SCENE_EQUAL(spy.last.end, LB_END_CANCELLED);
    SCENE_EQUAL(spy.last.first_byte, 0);
    SCENE_EQUAL(spy.last.connected, 0); /* it left before it could know */
    scene_close(&scene);
}

static const struct check_test tests[] = {
    {"retries: another backend", another_backend_is_tried},
    {"retries: when", only_listed_ends_are_tried_again},
    {"retries: the same backend", the_same_backend_is_tried},
    {"retries: nobody left", nobody_is_left_to_try},
    {"retries: budget", a_budget_bounds_the_attempts},
    {"retries: two layers", layers_multiply},
    {"waiting: for a place", a_place_is_waited_for},
    {"waiting: size", the_waiting_room_has_a_size},
    {"waiting: timeout", waiting_has_a_limit},
    {"waiting: clients leave", it_leaves_the_waiting_room},
    {"tiers: backups", backups_stand_by},
    {"tiers: after a failure", a_failed_primary_leads_to_the_backup},
    {"tiers: nobody", nobody_at_all},
    {"told: finish before the next pick", finish_comes_before_the_next_pick},
    {"told: from the queue", a_freed_place_is_told_as_queue},
    {"told: a client that leaves", leaving_is_no_failure},
};

CHECK_MAIN("model: the balancer's side")
