/*
 * What befalls backends besides kill, hang and slow: pauses, breakdowns, cold starts, errors, lost
 * packets, flapping; and balancers that do not wait for ever. By hand, and against theory.
 *
 * Theory: 5 standard errors of 20 replications (near.h); with other seeds this file would fail once
 * in 1,000. Sources: B. Avi-Itzhak, P. Naor, Operations Research 11 (1963) for breakdowns; L. Kleinrock,
 * Queueing Systems 1 (1975), 5.6, on completion times for those while serving.
 */
#include <math.h>

#include "sim/base/text.h"
#include "sim/run/private.h"
#include "tests/check.h"
#include "tests/unit/near.h"
#include "tests/unit/scenes.h"

#define MS(n)        ((lb_time)(n)*SCENE_MS)
#define REPLICATIONS 20

static struct scene scene;

static void latencies(uint64_t count, lb_time sum, lb_time min, lb_time max)
{
    SCENE_TIMES(&scene.s->latency, count, sum, min, max);
}

/* One backend "a" with these keys, a request every 100 ms. */
static void one(const char *work, const char *backend, const char *timeline, const char *run)
{
    SCENE_PLAY(&scene, "10/s", work,
               "balancer: {algorithm: random}\nbackends: [{name: a%s}]\ntimeline: [%s]\nrun: "
               "{%s}\n",
               backend, timeline, run);
}

/* --- standing still --------------------------------------------------------------------------- */

/* 100 is served to 150, stands to 350 and ends at 400; 200 and 300 wait: 480, 560; 400: 640. */
static void what_stands_goes_on(void)
{
    one("80ms", "", "{at: 150ms, pause: a, for: 200ms}", "duration: 450ms, settle: 1s");
    latencies(4, MS(280) + MS(260) + MS(240) + MS(220), MS(220), MS(280));
    SCENE_EQUAL(scene.events[0].truth, TRUTH_PAUSED);
    SCENE_EQUAL(scene.events[1].truth, TRUTH_PAUSED); /* it goes on after it was told */
    SCENE_EQUAL(scene.s->counts.failed, 0);
    scene_close(&scene);
    /* shared: 100 has 30 ms left at 350, when 200 and 300 begin: 10 ms each until 380 ... */
    one("80ms", ", discipline: ps", "{at: 150ms, pause: a, for: 200ms}",
        "duration: 250ms, settle: 1s");
    SCENE_EQUAL(scene.s->counts.ok, 2);
    CU_ASSERT(scene.s->latency.min > MS(280));
    scene_close(&scene);
}

/* The queue keeps its limit; a restart ends the pause. */
static void a_pause_has_a_queue_with_a_limit(void)
{
    one("10ms", ", slots: 1, queue: 2", "{at: 50ms, pause: a}, {at: 650ms, restore: a}",
        "duration: 850ms, settle: 1s");
    SCENE_EQUAL(scene_failed(&scene, CAUSE_QUEUE_FULL), 3);
    latencies(5, MS(560) + MS(470) + MS(380) + 2 * MS(10), MS(10), MS(560));
    scene_close(&scene);
}

/* Every 300 ms from the end of the last one for 50 ms: 300-350, 650-700. */
static void pauses_of_itself(void)
{
    one("20ms", ", pauses: {every: constant(310ms), lasts: constant(50ms)}", "",
        "duration: 1s, settle: 1s");
    /* 300 stands from 310 to 360, 700 waits from 670 to 720: 370, 740 */
    latencies(9, 7 * MS(20) + MS(70) + MS(40), MS(20), MS(70));
    scene_close(&scene);
}

static void play_breakdowns(double lambda, const char *failures, struct mean *number)
{
    scene_open(&scene,
               "clients: [{name: c, arrivals: poisson(rate=%.0f/s), requests: [{name: r, work: "
               "exponential(mean=1ms)}]}]\nbalancer: {algorithm: random}\n"
               "backends: [{name: a, failures: {%s}}]\n"
               "run: {kind: steady, duration: 60s, warmup: 2s}\n",
               1000 * lambda, failures);
    for (uint32_t i = 0; i < REPLICATIONS; i++) {
        scene_again(&scene, i);
        scene_end(&scene);
        add(number, lambda * histogram_mean(&scene.s->latency) / 1e6);
    }
    scene_close(&scene);
}

/* E[N] = lambda ((f + r)^2 + f mu) / ((f + r)(r mu - lambda (f + r))), at any time; per ms, mu 1. */
static void breakdowns_at_any_time(void)
{
    static const double cases[][3] = {{0.5, 0.05, 0.5}, {0.6, 0.01, 0.1}, {0.3, 0.2, 0.4}};
    for (size_t k = 0; k < 3; k++) {
        double lambda = cases[k][0], f = cases[k][1], r = cases[k][2];
        struct mean number = {0};
        char text[160];
        (void)snprintf(
            text, sizeof text,
            "mtbf: exponential(mean=%.6fms), mttr: exponential(mean=%.6fms), kind: pause", 1 / f,
            1 / r);
        play_breakdowns(lambda, text, &number);
        NEAR(number, lambda * ((f + r) * (f + r) + f) / ((f + r) * (r - lambda * (f + r))));
    }
}

/* The completion time C of a service: E[C] = 1 + f/r, E[C^2] = 2 (1 + f/r)^2 + 2 f / r^2. */
static void breakdowns_while_serving(void)
{
    static const double cases[][3] = {{0.5, 0.05, 0.5}, {0.6, 0.02, 0.1}, {0.3, 0.2, 0.4}};
    for (size_t k = 0; k < 3; k++) {
        double lambda = cases[k][0], f = cases[k][1], r = cases[k][2];
        double c = 1 + f / r, c2 = 2 * c * c + 2 * f / (r * r);
        struct mean number = {0};
        char text[200];
        (void)snprintf(text, sizeof text,
                       "mtbf: exponential(mean=%.6fms), mttr: exponential(mean=%.6fms), kind: "
                       "pause, while: busy",
                       1 / f, 1 / r);
        play_breakdowns(lambda, text, &number);
        NEAR(number, lambda * (c + lambda * c2 / (2 * (1 - lambda * c))));
    }
}

/* Down for MTTR / (MTBF + MTTR) of the time, whatever the distributions: renewal reward. */
static void failures_and_repairs(void)
{
    struct mean refused = {0};
    scene_open(&scene,
               "clients: [{name: c, arrivals: poisson(rate=200/s), requests: [{name: r, work: "
               "constant(1us)}]}]\nbalancer: {algorithm: random}\n"
               "backends: [{name: a, failures: {mtbf: \"uniform(min=1s, max=3s)\", mttr: "
               "exponential(mean=500ms)}}]\nrun: {kind: steady, duration: 300s, warmup: 10s}\n");
    for (uint32_t i = 0; i < REPLICATIONS; i++) {
        scene_again(&scene, i);
        scene_end(&scene);
        add(&refused,
            (double)scene_failed(&scene, CAUSE_REFUSED) / (double)scene.s->counts.arrived);
    }
    scene_close(&scene);
    NEAR(refused, 0.2);
}

/* Who was killed by a person is not repaired; what fails then is left alone. */
static void a_person_comes_before_chance(void)
{
    one("1ms", ", failures: {mtbf: constant(300ms), mttr: constant(200ms)}",
        "{at: 350ms, kill: a}, {at: 1s, restore: a}", "duration: 1150ms, settle: 1s");
    /* down from 300, which resets who came then, and killed at 350: until 1000. Its next failures are
     * due at 800, which finds it down, and at 1100. */
    SCENE_EQUAL(scene.s->counts.ok, 2 + 1);
    SCENE_EQUAL(scene_failed(&scene, CAUSE_REFUSED), 6);
    SCENE_EQUAL(scene_failed(&scene, CAUSE_RESET), 2);
    scene_close(&scene);
}

/* --- cold ------------------------------------------------------------------------------------- */

/* Restored at 200: five times as long to 450, so the request of 300 has 30 of 40 ms done then. */
static void cold_for_a_while(void)
{
    one("40ms", ", slots: 2, cold_start: {factor: 5, for: 250ms, curve: step}",
        "{at: 150ms, kill: a}, {at: 200ms, restore: a}", "duration: 550ms, settle: 1s");
    latencies(5, MS(40) + MS(200) + MS(160) + MS(80) + MS(40), MS(40), MS(200));
    SCENE_EQUAL(scene.events[1].truth, TRUTH_COLD);
    scene_close(&scene);
}

/* m(t) = 1 + 4 (1 - t): from a restart at 0 the work done by t is ln(5 / m(t)) / 4 of a second. */
static void colder_and_colder_less(void)
{
    SCENE_RUN(&scene,
              "clients: [{name: c, users: 1, think: constant(0), requests: [{name: r, work: "
              "constant(10ms)}]}]\nbalancer: {algorithm: random}\n"
              "backends: [{name: a, cold_start: {factor: 5, for: 1s}}]\n"
              "timeline: [{at: 1s, kill: a}, {at: 1s, restore: a}]\n"
              "run: {kind: steady, duration: 2s, warmup: 1s}\n");
    double work = 100 * log(5) / 4; /* requests of 10 ms in the second after it */
    CU_ASSERT(fabs((double)scene.s->counts.ok - work) <= 2);
    scene_close(&scene);
}

/* The same with m(t) = 1 + 4 * 2^(-10 t): with k = 10 ln 2 the work is ln((e^k + 4) / 5) / k. */
static void soon_warm(void)
{
    SCENE_RUN(&scene,
              "clients: [{name: c, users: 1, think: constant(0), requests: [{name: r, work: "
              "constant(10ms)}]}]\nbalancer: {algorithm: random}\n"
              "backends: [{name: a, cold_start: {factor: 5, for: 1s, curve: exponential}}]\n"
              "timeline: [{at: 1s, kill: a}, {at: 1s, restore: a}]\n"
              "run: {kind: steady, duration: 2s, warmup: 1s}\n");
    double work = 100 * log((exp2(10) + 4) / 5) / (10 * log(2));
    CU_ASSERT(fabs((double)scene.s->counts.ok - work) <= 2);
    scene_close(&scene);
}

/* --- errors ----------------------------------------------------------------------------------- */

/* Fast errors take a slot for 1 ms; tried again elsewhere they are answered. */
static void errors_are_fast(void)
{
    one("50ms", "", "{at: 50ms, errors: a, to: 100%, in: 1ms, for: 300ms}",
        "duration: 550ms, settle: 1s");
    SCENE_EQUAL(scene_failed(&scene, CAUSE_ERROR), 3); /* 100, 200, 300 */
    latencies(2, 2 * MS(50), MS(50), MS(50));
    SCENE_EQUAL(scene.events[0].truth, TRUTH_ERRORS);
    scene_close(&scene);
    SCENE_PLAY(&scene, "10/s", "50ms",
               "balancer: {algorithm: round-robin, retries: {max: 1, when: error}}\n"
               "backends: [{name: a}, {name: b}]\n"
               "timeline: [{at: 50ms, errors: a, to: 100%%, in: 1ms}]\n"
               "run: {duration: 450ms, settle: 1s}\n");
    SCENE_EQUAL(scene.s->counts.ok, 4);
    SCENE_EQUAL(scene.s->backends[0].failed, scene.s->counts.attempts - 4);
    scene_close(&scene);
}

/* A share of 30 %: binomial. Under least-connections a backend that fails fast draws traffic: the
 * black hole; round-robin hands it its share and no more. */
static void errors_draw_traffic(void)
{
    static const char *const algorithms[] = {"round-robin", "least-connections"};
    double failed[2];
    for (int k = 0; k < 2; k++) {
        SCENE_RUN(&scene,
                  "clients: [{name: c, arrivals: poisson(load=80%%), requests: [{name: r, work: "
                  "exponential(mean=50ms)}]}]\nbalancer: {algorithm: %s}\n"
                  "backends: [{name: a, count: 10, slots: 8}]\n"
                  "timeline: [{at: 1s, errors: a1, to: 100%%, in: 1ms}]\n"
                  "run: {duration: 61s, warmup: 1s}\n",
                  algorithms[k]);
        failed[k] = (double)scene.s->counts.failed / (double)scene.s->counts.arrived;
        scene_close(&scene);
    }
    CHECK_CLOSE(failed[0], 0.1, 0.001);
    CU_ASSERT(failed[1] > 0.5);
    SCENE_RUN(&scene, "clients: [{name: c, arrivals: uniform(rate=1000/s), requests: [{name: r, "
                      "work: constant(100us)}]}]\nbalancer: {algorithm: random}\n"
                      "backends: [{name: a}]\ntimeline: [{at: 0, errors: a, to: 30%%}]\n"
                      "run: {duration: 100s}\n");
    double n = (double)scene.s->counts.arrived;
    CU_ASSERT(fabs((double)scene_failed(&scene, CAUSE_ERROR) - 0.3 * n) < 5 * sqrt(0.21 * n));
    scene_close(&scene);
}

/* --- the network ------------------------------------------------------------------------------ */

/* Sent at 100 and 200 into nothing: connects time out after 30 ms. 300 arrives. */
static void nothing_reaches_it(void)
{
    SCENE_PLAY(&scene, "10/s", "50ms",
               "balancer: {algorithm: random, timeouts: {connect: 30ms, response: 500ms}}\n"
               "backends: [{name: a}]\ntimeline: [{at: 50ms, isolate: a, for: 200ms}]\n"
               "run: {duration: 350ms, settle: 1s}\n");
    SCENE_EQUAL(scene_failed(&scene, CAUSE_CONNECT_TIMEOUT), 2);
    latencies(1, MS(50), MS(50), MS(50));
    SCENE_EQUAL(scene.events[0].truth, TRUTH_ISOLATED);
    scene_close(&scene);
    /* tried again at the other one; the answer of 100 is lost: no answer by 300 */
    SCENE_PLAY(&scene, "10/s", "50ms",
               "balancer: {algorithm: round-robin, timeouts: {connect: 30ms, response: 200ms}, "
               "retries: {max: 1, when: [connect-timeout, timeout]}}\n"
               "backends: [{name: a}, {name: b, slots: 9}]\n"
               "timeline: [{at: 120ms, isolate: a}]\nrun: {duration: 350ms, settle: 1s}\n");
    SCENE_EQUAL(scene.s->counts.ok, 3);
    latencies(3, MS(250) + MS(50) + MS(80), MS(50), MS(250));
    SCENE_EQUAL(scene.s->backends[0].failed, 2);
    scene_close(&scene);
}

/* A balancer that has waited long enough tries elsewhere; the backend goes on with what it has, or
 * not. The client's own timeout goes on, too. */
static void a_balancer_does_not_wait_for_ever(void)
{
    static const char *const abandoned[] = {"finish", "cancel"};
    for (int k = 0; k < 2; k++) {
        SCENE_PLAY(
            &scene, "10/s", "50ms",
            "balancer: {algorithm: round-robin, timeouts: {response: 80ms}, retries: {max: "
            "1, when: timeout}}\nbackends: [{name: a, speed: 0.5, abandoned: %s}, {name: b}]\n"
            "run: {duration: 150ms, settle: 400ms, sample: 10ms}\n",
            abandoned[k]);
        latencies(1, MS(130), MS(130), MS(130));
        SCENE_EQUAL(scene.s->counts.attempts, 2);
        scene_close(&scene);
    }
    scene_open(&scene,
               "clients: [{name: c, arrivals: uniform(rate=10/s), timeout: 200ms, requests: "
               "[{name: r, work: constant(1s)}]}]\n"
               "balancer: {algorithm: round-robin, timeouts: {response: 80ms}, retries: "
               "{max: 5, when: timeout}}\nbackends: [{name: a, count: 3, slots: 99}]\n"
               "run: {duration: 150ms, settle: 1s}\n");
    scene_end(&scene);
    SCENE_EQUAL(scene_failed(&scene, CAUSE_RESPONSE_TIMEOUT), 1);
    SCENE_EQUAL(scene.s->counts.attempts, 3); /* at 100, 180, 260; the client leaves at 300 */
    scene_close(&scene);
}

/* Each attempt needs two packets: 1 - (1 - p)^2 of them fail, half way or whole. */
static void packets_are_lost(void)
{
    SCENE_RUN(&scene,
              "clients: [{name: c, arrivals: uniform(rate=1000/s), requests: [{name: r, "
              "work: constant(100us)}]}]\nbalancer: {algorithm: random, timeouts: {connect: "
              "10ms, response: 20ms}}\n"
              "backends: [{name: a}]\ntimeline: [{at: 0, loss: a, to: 10%%}]\n"
              "run: {duration: 100s}\n");
    double n = (double)scene.s->counts.arrived;
    CU_ASSERT(fabs((double)scene_failed(&scene, CAUSE_CONNECT_TIMEOUT) - 0.1 * n) <
              5 * sqrt(0.09 * n));
    CU_ASSERT(fabs((double)scene_failed(&scene, CAUSE_RESPONSE_TIMEOUT) - 0.09 * n) <
              5 * sqrt(0.09 * 0.91 * n));
    scene_close(&scene);
}

/* Checks of an isolated backend time out; a backend that pauses is late, not down. */
static void checks_see_the_network(void)
{
    SCENE_PLAY(&scene, "10/s", "5ms",
               "balancer: {algorithm: random, health: {active: {every: 100ms, timeout: 80ms, fall: "
               "2}}}\nbackends: [{name: a}, {name: b}]\n"
               "timeline: [{at: 1s, isolate: a, for: 1s}, {at: 3s, pause: b, for: 50ms}]\n"
               "run: {duration: 5s}\n");
    const struct scene_event *down = scene_belief(&scene, 0, BELIEF_DOWN, 0);
    CU_ASSERT_PTR_NOT_NULL_FATAL(down);
    CU_ASSERT(down->at > SCENE_S + MS(180) && down->at <= SCENE_S + MS(280));
    CU_ASSERT(down->truth == TRUTH_ISOLATED);
    CU_ASSERT_PTR_NOT_NULL(scene_belief(&scene, 0, BELIEF_UP, down->at));
    CU_ASSERT_PTR_NULL(scene_belief(&scene, 1, BELIEF_DOWN, 0));
    scene_close(&scene);
}

/* --- flapping and zones ----------------------------------------------------------------------- */

/* Down 150-250, up to 450, down 450-550, up ... until 900, when it is up: 200, 500 and 800 fail. */
static void up_and_down(void)
{
    one("1ms", "", "{at: 150ms, flap: a, up: 200ms, down: 100ms, for: 750ms}",
        "duration: 1250ms, settle: 1s");
    SCENE_EQUAL(scene_failed(&scene, CAUSE_REFUSED), 3);
    SCENE_EQUAL(scene.s->counts.ok, 9);
    scene_close(&scene);
    one("1ms", "", "{at: 150ms, flap: a, up: 200ms, down: 100ms}, {at: 380ms, restore: a}",
        "duration: 1250ms, settle: 1s");
    SCENE_EQUAL(scene_failed(&scene, CAUSE_REFUSED), 1); /* restored for good */
    scene_close(&scene);
}

static void a_zone_is_a_target(void)
{
    SCENE_PLAY(&scene, "10/s", "1ms",
               "balancer: {algorithm: round-robin}\n"
               "backends: [{name: a, count: 2, zone: x}, {name: b, zone: y}, {name: c, zone: x}]\n"
               "timeline: [{at: 50ms, kill: zone x}]\nrun: {duration: 850ms}\n");
    SCENE_EQUAL(scene_failed(&scene, CAUSE_REFUSED), 6);
    SCENE_EQUAL(scene.s->counts.ok, 2);
    struct text out;
    text_init(&out);
    run_export(scene.run, &out);
    CU_ASSERT_STRING_EQUAL(out.data, "timeline:\n  - {at: 50ms, kill: 'zone x'}\n");
    text_done(&out);
    scene_close(&scene);
}

static const struct check_test tests[] = {
    {"pause", what_stands_goes_on},
    {"pause and a limit", a_pause_has_a_queue_with_a_limit},
    {"pauses", pauses_of_itself},
    {"breakdowns at any time", breakdowns_at_any_time},
    {"breakdowns while serving", breakdowns_while_serving},
    {"failures and repairs", failures_and_repairs},
    {"a person comes first", a_person_comes_before_chance},
    {"cold: step", cold_for_a_while},
    {"cold: linear", colder_and_colder_less},
    {"cold: exponential", soon_warm},
    {"errors", errors_are_fast},
    {"errors draw traffic", errors_draw_traffic},
    {"isolate", nothing_reaches_it},
    {"timeouts of the balancer", a_balancer_does_not_wait_for_ever},
    {"loss", packets_are_lost},
    {"checks and the network", checks_see_the_network},
    {"flap", up_and_down},
    {"zone", a_zone_is_a_target},
};

CHECK_MAIN("model: faults")
