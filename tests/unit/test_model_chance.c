/*
 * The model against exact formulas of probability: detection times of health checks, retries, a
 * queue with a limit, and the laws that hold in every stable system.
 *
 * Seeds are fixed, so nothing here fails by chance; with another seed a comparison would miss by 5
 * standard errors (of at least 20 replications) once in 10,000, the whole file once in 300.
 * Formulas: reference values of failover, retries and single queues; K. Kleinrock, Queueing Systems
 * 1 (1975); D. Little, Operations Research 9 (1961); R. Wolff, Operations Research 30 (1982).
 * timeout: 120 (for the runner of tests, which would take one of a scenario below)
 */
#include <math.h>

#include "tests/check.h"
#include "tests/unit/near.h"
#include "tests/unit/scenes.h"

static struct scene scene;

/* --- health checks --------------------------------------------------------------------------- */

/* Seconds from the action to the belief, in 400 replications; the instant of the action is uniform
 * in an interval, and so is the phase of the checks. */
static struct mean detection(const char *action, int every, int timeout, const char *machine,
                             enum belief to, double after)
{
    struct mean times = {0};
    scene_open_plain(&scene, "1/s", "1ms",
                     "balancer: {algorithm: random, health: {active: {every: %ds, timeout: %ds, "
                     "%s}}}\nbackends: [{name: a}]\n"
                     "timeline: [{at: \"uniform(min=20s, max=%ds)\", %s}]\n"
                     "run: {duration: 90s}\n",
                     every, timeout, machine, 20 + every, action);
    for (uint32_t i = 0; i < 400; i++) {
        scene_again(&scene, i);
        while (run_until(scene.run, LB_NEVER - 1) && scene_belief(&scene, 0, to, 0) == NULL)
            ;
        const struct scene_event *e = scene_belief(&scene, 0, to, 0);
        CU_ASSERT_PTR_NOT_NULL_FATAL(e);
        add(&times, (double)(e->at - scene.events[0].at) / 1e9 - after);
    }
    scene_close(&scene);
    return times;
}

static void detection_times(void)
{
    static const struct {
        const char *action;
        int every, timeout, fall;
        const char *pace;
        double mean;
    } cases[] = {
        {"kill: a", 2, 1, 3, "fixed", 5},   {"kill: a", 2, 1, 3, "after-result", 5},
        {"hang: a", 2, 1, 3, "fixed", 6},   {"hang: a", 2, 1, 3, "after-result", 8},
        {"kill: a", 5, 2, 2, "fixed", 7.5}, {"kill: a", 5, 2, 2, "after-result", 7.5},
        {"hang: a", 5, 2, 2, "fixed", 9.5}, {"hang: a", 5, 2, 2, "after-result", 11.5},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        char machine[64];
        (void)snprintf(machine, sizeof machine, "fall: %d, rise: 1, pace: %s", cases[i].fall,
                       cases[i].pace);
        struct mean seen =
            detection(cases[i].action, cases[i].every, cases[i].timeout, machine, BELIEF_DOWN, 0);
        NEAR(seen, cases[i].mean);
        double half = cases[i].every / 2.0; /* uniform: 400 draws come near both ends */
        CU_ASSERT(seen.least >= cases[i].mean - half && seen.least < cases[i].mean - 0.95 * half);
        CU_ASSERT(seen.most <= cases[i].mean + half && seen.most > cases[i].mean + 0.95 * half);
    }
}

/* Back for 30 s: (R - 1/2) intervals until it is believed. */
static void recovery_times(void)
{
    struct mean two = detection("kill: a, for: 30s", 2, 1, "fall: 1, rise: 2", BELIEF_UP, 30);
    NEAR(two, 3);
    struct mean three = detection("kill: a, for: 30s", 5, 1, "fall: 1, rise: 3", BELIEF_UP, 30);
    NEAR(three, 12.5);
    CU_ASSERT(three.least >= 10.0 && three.most <= 15.0);
}

/* Random picks hand a backend that fails its share until it is detected: rate / N x D. */
static void failures_before_detection(void)
{
    struct mean failed = {0};
    scene_open_plain(&scene, "200/s", "1ms",
                     "balancer: {algorithm: round-robin, health: {active: {every: 2s, timeout: 1s, "
                     "fall: 3}}}\nbackends: [{name: s, count: 4}]\n"
                     "timeline: [{at: \"uniform(min=10s, max=12s)\", kill: s1}]\n"
                     "run: {duration: 20s}\n");
    for (uint32_t i = 0; i < 100; i++) {
        scene_again(&scene, i);
        scene_end(&scene);
        add(&failed, (double)scene_failed(&scene, CAUSE_REFUSED));
    }
    scene_close(&scene);
    NEAR(failed, 200.0 / 4 * 5);
}

/* --- retries --------------------------------------------------------------------------------- */

/* N backends of which some are dead; the client asks again, and the pick is random each time. */
static void attempts_per_request(void)
{
    static const struct {
        int backends, dead, retries;
        double attempts, failed;
    } cases[] = {{10, 1, 1, 1.1, 0.01}, {2, 1, 2, 1.75, 0.125}, {10, 9, 3, 3.439, 0.6561}};
    for (int i = 0; i < 3; i++) {
        struct mean attempts = {0}, failed = {0};
        scene_open(&scene,
                   "clients: [{name: c, arrivals: uniform(rate=1000/s), retries: {max: %d}, "
                   "requests: [{name: r, work: constant(1us)}]}]\n"
                   "balancer: {algorithm: random}\n"
                   "backends: [{name: d, count: %d}, {name: s, count: %d}]\n"
                   "timeline: [{at: 0, kill: d}]\nrun: {duration: 20s}\n",
                   cases[i].retries, cases[i].dead, cases[i].backends - cases[i].dead);
        for (uint32_t r = 0; r < 20; r++) {
            scene_again(&scene, r);
            scene_end(&scene);
            double n = (double)scene.s->counts.arrived;
            add(&attempts, (double)scene.s->counts.attempts / n);
            add(&failed, (double)scene.s->counts.failed / n);
        }
        NEAR(attempts, cases[i].attempts);
        NEAR(failed, cases[i].failed);
        scene_close(&scene);
    }
}

/* The balancer tries others: of ten backends three are dead, and two retries find them all. */
static void retries_exclude_the_tried(void)
{
    struct mean failed = {0};
    scene_open_plain(&scene, "1000/s", "1us",
                     "balancer: {algorithm: random, retries: {max: 2, when: refused}}\n"
                     "backends: [{name: d, count: 3}, {name: s, count: 7}]\n"
                     "timeline: [{at: 0, kill: d}]\nrun: {duration: 20s}\n");
    for (uint32_t r = 0; r < 20; r++) {
        scene_again(&scene, r);
        scene_end(&scene);
        add(&failed, (double)scene.s->counts.failed / (double)scene.s->counts.arrived);
    }
    NEAR(failed, 3.0 / 10 * 2 / 9 * 1 / 8);
    scene_close(&scene);
}

/* 800/s for a capacity of 1000/s, three tries each: after 10 s at a hundredth of the speed the load
 * is 2400/s of which all wait too long. But what its client has left is dropped at the head of the
 * queue, so the backlog goes and the service recovers. */
static void a_retry_storm_passes(void)
{
    SCENE_RUN(&scene,
              "clients: [{name: c, arrivals: poisson(rate=800/s), timeout: 100ms, retries: {max: "
              "2}, requests: [{name: r, work: exponential(mean=1ms)}]}]\n"
              "balancer: {algorithm: random}\nbackends: [{name: a}]\n"
              "timeline: [{at: 20s, slow: a, to: 1%%, for: 10s}]\nrun: {duration: 60s}\n"
              "expect: [errors < 0.1%% before 19s, errors > 80%% between 21s and 29s, errors < "
              "0.1%% after 40s, attempts < 1.01 after 40s]\n");
    for (uint32_t i = 0; i < 4; i++)
        CU_ASSERT(scene.s->expects[i].holds);
    scene_close(&scene);
}

/* --- a queue with a limit -------------------------------------------------------------------- */

/* M/M/1/5 at load 0.8: times are in units of 10 ms. */
static void a_limited_queue(void)
{
    struct mean blocked = {0}, response = {0}, present = {0}, utilization = {0};
    scene_open(&scene, "clients: [{name: c, arrivals: poisson(rate=80/s), requests: [{name: r, "
                       "work: exponential(mean=10ms)}]}]\n"
                       "balancer: {algorithm: random}\nbackends: [{name: a, queue: 4}]\n"
                       "run: {duration: 110s, warmup: 10s}\n");
    for (uint32_t r = 0; r < 40; r++) {
        scene_again(&scene, r);
        scene_end(&scene);
        add(&blocked, (double)scene.s->counts.failed / (double)scene.s->counts.arrived);
        add(&response, histogram_mean(&scene.s->response) / 10e6);
        add(&present, scene.s->backends[0].utilization + scene.s->backends[0].queue_mean);
        add(&utilization, scene.s->backends[0].utilization);
    }
    NEAR(blocked, 0.08881949866);
    NEAR(response, 2.563065207);
    NEAR(present, 1.868332032);
    NEAR(utilization, 0.7289444011);
    scene_close(&scene);
}

/* PASTA: of Poisson arrivals the share that finds the one place taken is the share of time that it
 * is taken, whatever the work. M/G/1/1 at load 2: 2/3 of both. */
static void poisson_arrivals_see_time_averages(void)
{
    struct mean blocked = {0}, busy = {0};
    scene_open(&scene, "clients: [{name: c, arrivals: poisson(rate=200/s), requests: [{name: r, "
                       "work: \"lognormal(mean=10ms, cv=2)\"}]}]\n"
                       "balancer: {algorithm: random}\nbackends: [{name: a, queue: 0}]\n"
                       "run: {duration: 110s, warmup: 10s}\n");
    for (uint32_t r = 0; r < 20; r++) {
        scene_again(&scene, r);
        scene_end(&scene);
        double share = (double)scene.s->counts.failed / (double)scene.s->counts.arrived;
        add(&blocked, share);
        add(&busy, scene.s->backends[0].utilization);
        CU_ASSERT(fabs(share - scene.s->backends[0].utilization) < 0.03);
    }
    NEAR(blocked, 2.0 / 3);
    NEAR(busy, 2.0 / 3);
    scene_close(&scene);
}

/* --- laws, exact but for the ends of the window ---------------------------------------------- */

static void utilization_law(void)
{
    for (uint32_t r = 0; r < 5; r++) {
        scene_open(&scene,
                   "clients: [{name: c, arrivals: poisson(rate=300/s), requests: [{name: r, "
                   "work: constant(7ms)}]}]\n"
                   "balancer: {algorithm: random}\nbackends: [{name: a, slots: 3}]\n"
                   "run: {duration: 60s, warmup: 10s}\n");
        scene_again(&scene, r);
        scene_end(&scene);
        double busy = scene.s->backends[0].utilization * 3 * 50;
        double work =
            (double)scene.s->counts.ok * 7e-3; /* those of the queue at both ends differ */
        CU_ASSERT(fabs(busy - work) < 0.007 * (3 + 200));
        scene_close(&scene);
    }
}

/* L = lambda W: what the books held over the window is the sum of the times in them, except for
 * what those who were still there had before them at the end. */
static void littles_law(void)
{
    for (uint32_t r = 0; r < 5; r++) {
        scene_open(&scene,
                   "clients: [{name: c, arrivals: poisson(rate=300/s), requests: [{name: r, "
                   "work: exponential(mean=9ms)}]}]\n"
                   "balancer: {algorithm: power-of-two}\n"
                   "backends: [{name: s, count: 3}]\nrun: {duration: 30s}\n");
        scene_again(&scene, r);
        run_until(scene.run, 30 * SCENE_S);
        double there = (double)run_look(scene.run)->in_flight;
        scene_end(&scene);
        double books = 0;
        for (int b = 0; b < 3; b++)
            books += scene.s->backends[b].in_flight_mean * 30e9;
        double over = scene.s->latency.sum - books;
        CU_ASSERT(over >= 0.0 && over <= there * (double)scene.s->latency.max);
        CU_ASSERT(books > 100 * over);
        scene_close(&scene);
    }
}

/* M/M/1 at load 1/2, in units of 10 ms: E[T] = 2, p99 = 2 ln 100, one present. */
static void one_server(void)
{
    struct mean response = {0}, tail = {0}, present = {0};
    scene_open(&scene, "clients: [{name: c, arrivals: poisson(rate=50/s), requests: [{name: r, "
                       "work: exponential(mean=10ms)}]}]\n"
                       "balancer: {algorithm: random}\nbackends: [{name: a}]\n"
                       "run: {duration: 210s, warmup: 10s}\n");
    for (uint32_t r = 0; r < 30; r++) {
        scene_again(&scene, r);
        scene_end(&scene);
        add(&response, histogram_mean(&scene.s->latency) / 10e6);
        add(&tail, histogram_quantile(&scene.s->latency, 0.99) / 10e6);
        add(&present, scene.s->backends[0].in_flight_mean);
    }
    NEAR(response, 2);
    NEAR(tail, 9.210340372);
    NEAR(present, 1);
    scene_close(&scene);
}

static const struct check_test tests[] = {
    {"checks: detection times", detection_times},
    {"checks: recovery times", recovery_times},
    {"checks: failures before", failures_before_detection},
    {"retries: attempts", attempts_per_request},
    {"retries: others", retries_exclude_the_tried},
    {"retries: a storm", a_retry_storm_passes},
    {"M/M/1/5", a_limited_queue},
    {"PASTA", poisson_arrivals_see_time_averages},
    {"utilization law", utilization_law},
    {"Little's law", littles_law},
    {"M/M/1", one_server},
};

CHECK_MAIN("model: chance")
