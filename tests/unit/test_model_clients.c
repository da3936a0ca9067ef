/*
 * Clients that give up, ask again, and wait for their own answers, with numbers worked out by hand.
 * timeout: 120 (for the runner of tests, which would take one of a scenario below)
 */
#include "sim/base/stream.h"
#include "tests/check.h"
#include "tests/unit/scenes.h"

#define MS(n) ((lb_time)(n)*SCENE_MS)

static struct scene scene;

/* A client group with equal gaps and constant work, one backend a, and what else is said. */
#define OPEN(client, backend, rest)                                                                \
    scene_open(&scene,                                                                             \
               "clients: [{name: c, arrivals: uniform(" client "]}]\n"                             \
               "balancer: {algorithm: round-robin}\nbackends: [{name: a" backend "}]\n" rest "\n")
#define RUN(client, backend, rest) (OPEN(client, backend, rest), scene_end(&scene))
#define WORK(work)                 "requests: [{name: r, work: constant(" work ")}"

static void latencies(uint64_t count, lb_time sum, lb_time min, lb_time max)
{
    SCENE_TIMES(&scene.s->latency, count, sum, min, max);
}

/* Arrivals at 500 and 1000 ms, 300 ms of work, 200 ms of patience. */
static void a_timeout_ends_it_at_once(void)
{
    RUN("rate=2/s), timeout: 200ms, " WORK("300ms"), "", "run: {duration: 1200ms}");
    SCENE_EQUAL(scene.s->counts.failed, 2);
    SCENE_EQUAL(scene_failed(&scene, CAUSE_RESPONSE_TIMEOUT), 2);
    SCENE_EQUAL(scene.s->backends[0].failed, 2);
    /* Out of the books after 200 ms; served to the end: 300, and 200 of the window. */
    CHECK_CLOSE(scene.s->backends[0].in_flight_mean, 400.0 / 1200, 1e-12);
    CHECK_CLOSE(scene.s->backends[0].utilization, 500.0 / 1200, 1e-12);
    scene_close(&scene);
    RUN("rate=2/s), timeout: 200ms, " WORK("300ms"), ", abandoned: cancel",
        "run: {duration: 1200ms}");
    CHECK_CLOSE(scene.s->backends[0].utilization, 400.0 / 1200, 1e-12);
    scene_close(&scene);
    RUN("rate=2/s), timeout: 200ms, " WORK("300ms"), ", abandoned: cancel, discipline: ps",
        "run: {duration: 1200ms}");
    CHECK_CLOSE(scene.s->backends[0].utilization, 400.0 / 1200, 1e-12);
    scene_close(&scene);
    /* The answer in the very instant of the timeout: the timeout was there first. */
    RUN("rate=2/s), timeout: 300ms, " WORK("300ms"), "", "run: {duration: 1200ms}");
    SCENE_EQUAL(scene_failed(&scene, CAUSE_RESPONSE_TIMEOUT), 2);
    scene_close(&scene);
    RUN("rate=2/s), timeout: 300000001ns, " WORK("300ms"), "", "run: {duration: 1200ms}");
    SCENE_EQUAL(scene.s->counts.ok, 2);
    scene_close(&scene);
}

/* Three arrive at 100, 200, 300 ms and no more; 300 ms of work, 350 ms of patience. The first is
 * served, the second starts at 400 and is left at 550, the third is left in the queue at 650. */
#define THREE(more) "timeline: [{at: 350ms, rate: c, to: 0.001/s}]\nrun: {duration: 1s" more "}"
static void a_queued_one_leaves_at_the_head(void)
{
    RUN("rate=10/s), timeout: 350ms, " WORK("300ms"), "", THREE(""));
    latencies(1, MS(300), MS(300), MS(300));
    SCENE_EQUAL(scene_failed(&scene, CAUSE_RESPONSE_TIMEOUT), 2);
    CHECK_CLOSE(scene.s->backends[0].utilization, 0.6, 1e-12);   /* 100 to 700 */
    CHECK_CLOSE(scene.s->backends[0].queue_mean, 0.6, 1e-12);    /* 200 to 400, 300 to 700 */
    CHECK_CLOSE(scene.s->backends[0].in_flight_mean, 1., 1e-12); /* 300 + 350 + 350 */
    scene_close(&scene);
    RUN("rate=10/s), timeout: 350ms, " WORK("300ms"), ", abandoned: cancel", THREE(""));
    SCENE_EQUAL(scene_failed(&scene, CAUSE_RESPONSE_TIMEOUT), 2);
    CHECK_CLOSE(scene.s->backends[0].utilization, 0.55, 1e-12); /* the third had 550 to 650 */
    CHECK_CLOSE(scene.s->backends[0].queue_mean, 0.45, 1e-12);  /* 200 + 250 */
    scene_close(&scene);
}

/* An orphan in the queue takes its place there until it comes to the head. */
static void an_orphan_fills_the_queue(void)
{
    /* 100 in service till 700; 200 queued, left at 350; 300, 400 refused; the queue holds one. */
    RUN("rate=10/s), timeout: 150ms, " WORK("600ms"), ", queue: 1",
        "timeline: [{at: 450ms, rate: c, to: 0.001/s}]\nrun: {duration: 1s}");
    SCENE_EQUAL(scene_failed(&scene, CAUSE_QUEUE_FULL), 2);
    SCENE_EQUAL(scene_failed(&scene, CAUSE_RESPONSE_TIMEOUT), 2);
    CHECK_CLOSE(scene.s->backends[0].queue_mean, 0.5, 1e-12);
    CHECK_CLOSE(scene.s->backends[0].utilization, 0.6, 1e-12);
    scene_close(&scene);
}

/* 10 ms each way to the balancer, 20 to the backend, 30 of work: back at the client after 90 ms. It
 * leaves after 5 (before the balancer), 15 (on the way to the backend), 45 (in service), 65 (answer
 * on its way to the balancer), 85 (to the client). */
static void it_leaves_wherever_it_is(void)
{
    static const struct {
        int timeout, in_books, busy;
    } cases[] = {{5, 0, 0}, {15, 5, 30}, {45, 35, 30}, {65, 55, 30}, {85, 70, 30}, {91, 70, 30}};
    for (int i = 0; i < 6; i++) {
        SCENE_RUN(&scene,
                  "clients: [{name: c, arrivals: uniform(rate=2/s), timeout: %dms, " WORK(
                      "30ms") "]}]\n"
                              "network: {client_balancer: 10ms, balancer_backend: 20ms}\n"
                              "balancer: {algorithm: round-robin}\nbackends: [{name: a}]\n"
                              "run: {duration: 800ms}\n",
                  cases[i].timeout);
        SCENE_EQUAL(scene_failed(&scene, CAUSE_RESPONSE_TIMEOUT), i < 5);
        SCENE_EQUAL(scene.s->counts.ok, i == 5);
        SCENE_EQUAL(scene.s->counts.attempts, i > 0);
        CHECK_CLOSE(scene.s->backends[0].in_flight_mean, cases[i].in_books / 800.0, 1e-12);
        CHECK_CLOSE(scene.s->backends[0].utilization, cases[i].busy / 800.0, 1e-12);
        scene_close(&scene);
    }
}

/* On its way when its client left: whoever cancels what is abandoned does not begin with it. */
static void an_orphan_that_arrives(void)
{
    static const char *const keys[] = {"", ", abandoned: cancel", ", discipline: ps",
                                       ", abandoned: cancel, discipline: ps"};
    for (int i = 0; i < 4; i++) {
        SCENE_RUN(&scene,
                  "clients: [{name: c, arrivals: uniform(rate=2/s), timeout: 15ms, " WORK(
                      "30ms") "]}]\n"
                              "network: {balancer_backend: 20ms}\n"
                              "balancer: {algorithm: round-robin}\nbackends: [{name: a%s}]\n"
                              "run: {duration: 800ms}\n",
                  keys[i]);
        SCENE_EQUAL(scene_failed(&scene, CAUSE_RESPONSE_TIMEOUT), 1);
        CHECK_CLOSE(scene.s->backends[0].utilization, i % 2 == 0 ? 30 / 800.0 : 0.0, 1e-12);
        scene_close(&scene);
    }
}

/* --- retries of the client ------------------------------------------------------------------- */

static void retries_are_one_request(void)
{
    OPEN("rate=10/s), retries: {max: 2, backoff: constant(10ms)}, " WORK("1ms"), "",
         "timeline: [{at: 0, kill: a}]\nrun: {duration: 1s}");
    run_until(scene.run, MS(119));
    SCENE_EQUAL(run_look(scene.run)->failed, 0);
    run_until(scene.run, MS(120)); /* tries at 100, 110 and 120 ms */
    SCENE_EQUAL(run_look(scene.run)->failed, 1);
    scene_end(&scene);
    SCENE_EQUAL(scene.s->counts.arrived, 9);
    SCENE_EQUAL(scene_failed(&scene, CAUSE_REFUSED), 9);
    SCENE_EQUAL(scene.s->counts.attempts, 27);
    SCENE_EQUAL(scene.s->backends[0].picks, 27);
    scene_close(&scene);
}

/* The request of 100 ms tries again at 110, 130, 155 and 180 (10, 20, 25, 25: the cap). */
static void backoff_grows(void)
{
    static const int up[] = {99, 101, 111, 131, 156, 181}, latency[] = {1, 11, 31, 56, 81, 0};
    for (int i = 0; i < 6; i++) {
        SCENE_RUN(&scene,
                  "clients: [{name: c, arrivals: uniform(rate=10/s), retries: {max: 4, backoff: "
                  "\"exponential(base=10ms, cap=25ms)\"}, " WORK(
                      "1ms") "]}]\n"
                             "balancer: {algorithm: round-robin}\nbackends: [{name: a}]\n"
                             "timeline: [{at: 0, kill: a, for: %dms}]\nrun: {duration: 190ms}\n",
                  up[i]);
        if (latency[i] > 0)
            latencies(1, MS(latency[i]), MS(latency[i]), MS(latency[i]));
        SCENE_EQUAL(scene.s->counts.failed, latency[i] == 0);
        SCENE_EQUAL(scene.s->counts.attempts, i == 5 ? 5 : i + 1);
        scene_close(&scene);
    }
}

/* Full jitter: nobody waits longer than the back-off, and not everybody as long. */
static void jitter_shortens_the_wait(void)
{
    RUN("rate=10/s), retries: {max: 1, backoff: constant(90ms), jitter: full}, " WORK("1ms"),
        ", queue: 0", "timeline: [{at: 0, kill: a}]\nrun: {duration: 10s}\n");
    SCENE_EQUAL(scene.s->counts.attempts, 2 * 99);
    scene_close(&scene);
    /* Up from 101 ms on: the first request fails, and comes back within 90 ms. */
    RUN("rate=10/s), retries: {max: 1, backoff: constant(90ms), jitter: full}, " WORK("1ms"), "",
        "timeline: [{at: 0, kill: a, for: 100500us}]\nrun: {duration: 190ms}\n");
    CU_ASSERT(scene.s->latency.count == 1 && scene.s->latency.min > MS(1) &&
              scene.s->latency.max < MS(91) && scene.s->latency.max % MS(1) != 0);
    scene_close(&scene);
}

/* What is asked again is the same work: the first draw of the group's stream. */
static void work_is_kept_on_retry(void)
{
    struct stream_key key = {.seed = 1};
    struct lb_random random;
    SCENE_RUN(&scene,
              "clients: [{name: c, arrivals: uniform(rate=10/s), retries: {max: 3, backoff: "
              "constant(10ms)}, requests: [{name: r, work: exponential(mean=5ms)}]}]\n"
              "balancer: {algorithm: round-robin}\nbackends: [{name: a}]\n"
              "timeline: [{at: 0, kill: a, for: 115ms}]\nrun: {duration: 190ms, seed: 1}\n");
    stream_open(&random, &key, STREAM_WORK, 0, 0);
    lb_time work = distribution_draw_time(&scene.scenario->clients[0].classes[0].work, &random);
    latencies(1, work + MS(20), work + MS(20), work + MS(20));
    SCENE_TIMES(&scene.s->response, 1, work, work, work);
    scene_close(&scene);
}

/* One slot, 300 ms of work. Asked at 500, left at 700; again, served from 800 on, left at 900.
 * The cause is that of the last try. */
static void a_timeout_is_for_each_try(void)
{
    RUN("rate=2/s), timeout: 200ms, retries: {max: 1}, " WORK("300ms"), "",
        "run: {duration: 999ms}");
    SCENE_EQUAL(scene.s->counts.arrived, 1);
    SCENE_EQUAL(scene_failed(&scene, CAUSE_RESPONSE_TIMEOUT), 1);
    SCENE_EQUAL(scene.s->counts.attempts, 2);
    CHECK_CLOSE(scene.s->backends[0].utilization, 499.0 / 999, 1e-12);
    scene_close(&scene);
    RUN("rate=2/s), timeout: 400ms, retries: {max: 1}, " WORK("300ms"), "",
        "timeline: [{at: 400ms, hang: a}, {at: 850ms, kill: a, for: 1ms}]\n"
        "run: {duration: 999ms}");
    /* Accepted by a hung process at 500, reset with it at 850, refused in the same instant. */
    SCENE_EQUAL(scene_failed(&scene, CAUSE_REFUSED), 1);
    SCENE_EQUAL(scene.s->counts.attempts, 2);
    scene_close(&scene);
}

/* The bucket holds ten and fills by a tenth a request: 999 requests get 10 + 99.9 retries. */
static void a_budget_bounds_the_attempts(void)
{
    RUN("rate=100/s), retries: {max: 5, budget: 10%%}, " WORK("1ms"), "",
        "timeline: [{at: 0, kill: a}]\nrun: {duration: 10s}\n");
    SCENE_EQUAL(scene.s->counts.arrived, 999);
    CU_ASSERT(scene.s->counts.attempts <= 999 + 10 + 99);
    CU_ASSERT(scene.s->counts.attempts >= 999 + 10 + 98);
    scene_close(&scene);
}

static void goodput_is_within_the_objective(void)
{
    /* Latencies 250, 400, 450, 400, 450 (see the queue of one in test_model_service.c). */
    RUN("rate=10/s), objective: 400ms, " WORK("250ms"), ", queue: 1", "run: {duration: 1s}");
    SCENE_EQUAL(scene.s->counts.good, 3);
    CHECK_CLOSE(scene.s->goodput, 3.0, 1e-12);
    scene_close(&scene);
    RUN("rate=10/s), timeout: 420ms, " WORK("250ms"), ", queue: 1", "run: {duration: 1s}");
    SCENE_EQUAL(scene.s->counts.good, scene.s->counts.ok); /* the timeout is the objective */
    CU_ASSERT(scene.s->counts.ok > 0 && scene.s->latency.max <= MS(420));
    scene_close(&scene);
    /* 100 ms is refused, asked again and served within 40 ms: ok, but late. */
    RUN("rate=10/s), timeout: 20ms, retries: {max: 4, backoff: constant(15ms)}, " WORK("1ms"), "",
        "timeline: [{at: 0, kill: a, for: 129ms}]\nrun: {duration: 300ms}");
    latencies(2, MS(31 + 1), MS(1), MS(31));
    SCENE_EQUAL(scene.s->counts.good, 1);
    scene_close(&scene);
}

/* --- closed loops ---------------------------------------------------------------------------- */

/* Users think 100 ms, are served 50 ms by one slot. All ask at 100 ms; from then on the slot is
 * never idle and each cycle takes 150 ms: 6 requests each before 1 s. */
static void users_wait_for_their_answers(void)
{
    SCENE_RUN(&scene, "clients: [{name: u, users: 3, think: constant(100ms), " WORK(
                          "50ms") "]}]\n"
                                  "balancer: {algorithm: round-robin}\nbackends: [{name: a}]\n"
                                  "run: {duration: 1s}\n");
    SCENE_EQUAL(scene.s->counts.arrived, 18);
    latencies(18, MS(16 * 50 + 100 + 150), MS(50), MS(150));
    CHECK_CLOSE(scene.s->backends[0].utilization, 0.9, 1e-12);
    scene_close(&scene);
}

/* A failure, too, sends the user back to thinking: 5 requests in a second, 200 ms apart. */
static void users_think_after_a_failure(void)
{
    SCENE_RUN(&scene,
              "clients: [{name: u, users: 2, think: constant(150ms), timeout: 50ms, " WORK(
                  "70ms") "]}]\n"
                          "balancer: {algorithm: round-robin}\nbackends: [{name: a, slots: 8}]\n"
                          "run: {duration: 1s}\n");
    SCENE_EQUAL(scene.s->counts.arrived, 10); /* 150, 350, 550, 750, 950 ms */
    SCENE_EQUAL(scene_failed(&scene, CAUSE_RESPONSE_TIMEOUT), 10);
    scene_close(&scene);
}

/* Open and closed groups side by side: numbers of users and groups do not mix. */
static void users_of_several_groups(void)
{
    SCENE_RUN(&scene,
              "clients:\n"
              "  - {name: u, users: 2, think: constant(100ms), " WORK(
                  "1ms") "]}\n"
                         "  - {name: c, arrivals: uniform(rate=20/s), " WORK(
                             "2ms") "]}\n"
                                    "  - {name: v, users: 3, think: constant(199ms), " WORK(
                                        "1ms") "]}\n"
                                               "balancer: {algorithm: round-robin}\nbackends: "
                                               "[{name: a, slots: 9}]\n"
                                               "run: {duration: 1s}\n");
    SCENE_EQUAL(scene.s->classes[0].counts.arrived, 2 * 9); /* 100, 201, ... 908 */
    SCENE_EQUAL(scene.s->classes[1].counts.arrived, 19);
    SCENE_EQUAL(scene.s->classes[2].counts.arrived, 3 * 5); /* 199, 399, ... 999 */
    SCENE_EQUAL(scene.s->counts.ok, 52);
    scene_close(&scene);
}

static const struct check_test tests[] = {
    {"timeout: the books at once", a_timeout_ends_it_at_once},
    {"timeout: queued", a_queued_one_leaves_at_the_head},
    {"timeout: an orphan keeps its place", an_orphan_fills_the_queue},
    {"timeout: wherever it is", it_leaves_wherever_it_is},
    {"timeout: on its way", an_orphan_that_arrives},
    {"retries: one request", retries_are_one_request},
    {"retries: back-off", backoff_grows},
    {"retries: jitter", jitter_shortens_the_wait},
    {"retries: the same work", work_is_kept_on_retry},
    {"retries: timeouts", a_timeout_is_for_each_try},
    {"retries: budget", a_budget_bounds_the_attempts},
    {"objective", goodput_is_within_the_objective},
    {"users: throughput", users_wait_for_their_answers},
    {"users: failures", users_think_after_a_failure},
    {"users: several groups", users_of_several_groups},
};

CHECK_MAIN("model: clients")
