/*
 * What is counted for each balancer: requests and their ends, in flight, its lines and workers, in
 * one tier and in two, and what expectations `of balancer NAME` measure. All values worked out by hand.
 */
#include <math.h>
#include <string.h>

#include "tests/check.h"
#include "tests/unit/scenes.h"

#define MS(n) ((n)*1e6)

static struct scene scene;

/* A group with equal gaps and constant work that enters by a balancer of its own. */
#define GROUP(name, via, rate, work, more)                                                         \
    "  - {name: " name ", via: " via ", arrivals: uniform(rate=" rate "), " more                   \
    "requests: [{name: r-" name ", work: constant(" work ")}]}\n"

static const struct summary_balancer *balancer(const char *name)
{
    for (uint32_t i = 0; i < scene.s->balancer_count; i++)
        if (strcmp(scene.s->balancers[i].name, name) == 0)
            return &scene.s->balancers[i];
    CU_FAIL_FATAL("no such balancer");
    return NULL;
}

static void ends(const char *name, uint64_t requests, uint64_t ok, uint64_t failed, uint64_t picks)
{
    const struct summary_balancer *b = balancer(name);
    SCENE_EQUAL(b->requests, requests);
    SCENE_EQUAL(b->ok, ok);
    SCENE_EQUAL(b->failed, failed);
    SCENE_EQUAL(b->picks, picks);
}

/* Measured values of the expectations, in order. */
static void measured(const double *values, uint32_t count)
{
    CU_ASSERT_FATAL(scene.s->expect_count == count);
    for (uint32_t i = 0; i < count; i++) {
        const struct summary_expect *e = &scene.s->expects[i];
        bool same = isnan(values[i])
                        ? !e->known
                        : e->known && fabs(e->value - values[i]) <= 1e-9 * fabs(values[i]) + 1e-15;
        if (!same)
            printf("\n%s: %.12g, not %.12g\n", e->text, e->value, values[i]);
        CU_ASSERT(same);
    }
}

/* x: at 100, 200, ... 900 ms, 20 ms each. y: at 200, 400, 600, 800 ms, 10 ms at the desk and 50. */
static void side_by_side(void)
{
    static const double values[] = {
        MS(20), MS(60), MS(60), 0, 9, 4, 9, 4, 0.18, 0.2, 0.04, 2, 0.2, 0.04, MS(20), 1, 1, 9, NAN,
    };
    SCENE_RUN(
        &scene,
        "clients:\n" GROUP("x", "one", "10/s", "20ms", "") GROUP(
            "y", "two", "5/s", "50ms",
            "objective: 30ms, ") "balancers:\n  - {name: one, algorithm: round-robin}\n"
                                 "  - {name: two, algorithm: round-robin, capacity: {workers: 1, "
                                 "request: 10ms}}\n"
                                 "backends: [{name: b, slots: 100}]\nrun: {duration: 1s}\nexpect:\n"
                                 "  - mean of balancer one >= 0ms\n  - max of balancer two >= 0ms\n"
                                 "  - p50 of balancer two >= 0ms\n  - errors of balancer one >= "
                                 "0%%\n"
                                 "  - throughput of balancer one >= 0/s\n  - throughput of "
                                 "balancer two >= 0/s\n"
                                 "  - goodput of balancer one >= 0/s\n  - picks of balancer two >= "
                                 "0\n"
                                 "  - in-flight of balancer one >= 0\n  - in-flight of balancer "
                                 "two >= 0\n"
                                 "  - utilization of balancer two >= 0%%\n"
                                 "  - picks of balancer two >= 0 after 500ms\n"
                                 "  - in-flight of balancer two >= 0 after 500ms\n"
                                 "  - utilization of balancer two >= 0%% after 500ms\n"
                                 "  - mean of balancer one >= 0ms before 500ms\n"
                                 "  - availability of balancer two >= 0%%\n"
                                 "  - attempts of balancer two >= 0\n  - picks of balancer one >= "
                                 "0\n"
                                 "  - mean of balancer two >= 0ms before 150ms\n");
    ends("one", 9, 9, 0, 9);
    ends("two", 4, 4, 0, 4);
    SCENE_EQUAL(balancer("one")->good, 9);
    SCENE_EQUAL(balancer("two")->good, 0); /* 60 ms, and 30 are wanted */
    SCENE_TIMES(balancer("one")->latency, 9, 9 * MS(20), 20 * SCENE_MS, 20 * SCENE_MS);
    SCENE_TIMES(balancer("two")->latency, 4, 4 * MS(60), 60 * SCENE_MS, 60 * SCENE_MS);
    CHECK_CLOSE(balancer("one")->in_flight_mean, 0.18, 1e-12);
    CHECK_CLOSE(balancer("two")->utilization, 0.04, 1e-12);
    CU_ASSERT(!balancer("one")->capacity);
    measured(values, sizeof values / sizeof values[0]);
    scene_close(&scene);
}

/* One place at a: of three who ask at 100 ms, two wait for it at their balancer to the end. */
static void lines(void)
{
    static const double values[] = {1, 2, 2, 0};
    SCENE_RUN(&scene, "clients:\n  - {name: u, via: one, users: 3, think: constant(100ms),\n"
                      "     requests: [{name: r, work: constant(100ms)}]}\n"
                      "  - {name: v, via: two, users: 1, think: constant(900ms),\n"
                      "     requests: [{name: s, work: constant(100ms)}]}\n"
                      "balancers:\n  - {name: one, algorithm: round-robin, to: main}\n"
                      "  - {name: two, algorithm: round-robin, to: rest}\n"
                      "backends: [{name: a, max_in_flight: 1}, {name: b, pool: rest}]\n"
                      "run: {duration: 200ms}\nexpect:\n"
                      "  - queue of balancer one >= 0\n  - queue of balancer one >= 0 after 150ms\n"
                      "  - queue of balancer one >= 0 between 100ms and 150ms\n"
                      "  - queue of balancer two >= 0\n");
    measured(values, 4);
    CHECK_CLOSE(balancer("one")->waiting_mean, 1, 1e-12);
    scene_close(&scene);
}

/* An outer balancer before two inner ones; the first dies at 450 ms, in the middle of a request. */
static void two_tiers(void)
{
    SCENE_RUN(
        &scene,
        "clients:\n" GROUP(
            "x", "outer", "10/s", "80ms",
            "") "balancers:\n  - {name: outer, algorithm: round-robin, to: inner,\n"
                "     retries: {max: 1, when: [refused]}}\n"
                "  - {name: inner, count: 2, algorithm: round-robin}\n"
                "backends: [{name: b, slots: 100}]\n"
                "timeline: [{at: 550ms, kill: inner1}]\nrun: {duration: 1s}\nexpect:\n"
                "  - errors of balancer outer >= 0%%\n  - picks of balancer inner >= 0\n"
                "  - picks of balancer outer >= 0\n  - picks of balancer inner1 >= 0\n"
                "  - throughput of balancer inner2 >= 0/s\n  - failed(balancer down) of balancer "
                "inner1 >= 0%%\n");
    /* Turns: 100, 300, 500 to the first, cut at 550; 600 to the second; 700 and 900 were
     * refused and went to the second, and so was 800, since that try had its turn. */
    ends("outer", 9, 8, 1, 9 + 3);
    ends("inner1", 3, 2, 1, 3);
    ends("inner2", 6, 6, 0, 6);
    const double want[] = {1 / 9.0, 9, 12, 3, 6, 1 / 3.0};
    measured(want, 6);
    SCENE_EQUAL(scene.s->counts.ok, 8);
    scene_close(&scene);
}

/* One connection for three requests: whoever waits for it has not been at a balancer yet, and comes to
 * one when the one before gives up. */
static void waiting_for_a_connection(void)
{
    SCENE_RUN(&scene,
              "clients:\n  - {name: c, arrivals: uniform(rate=10/s), timeout: 150ms,\n"
              "     population: {clients: 1}, connections: {protocol: http1, per_client: 1},\n"
              "     requests: [{name: r, work: constant(1s)}]}\n"
              "balancer: {name: lb, count: 2, algorithm: round-robin}\n"
              "backends: [{name: b, slots: 100}]\nrun: {duration: 350ms, settle: 1s}\n");
    SCENE_EQUAL(scene.s->counts.failed, 3);
    SCENE_EQUAL(balancer("lb1")->failed + balancer("lb2")->failed, 3);
    SCENE_EQUAL(balancer("lb1")->connections + balancer("lb2")->connections, 2); /* by 350 ms */
    SCENE_EQUAL(scene.s->nowhere, 0);
    double held = balancer("lb1")->connections_mean + balancer("lb2")->connections_mean;
    CHECK_CLOSE(held, 250 / 350.0, 1e-12); /* one of them, from 100 ms on */
    scene_close(&scene);
}

/* One balancer without a capacity costs nothing, and is the whole. */
static void alone(void)
{
    SCENE_PLAY(&scene, "10/s", "20ms",
               "balancer: {name: lb, algorithm: round-robin}\nbackends: [{name: b}]\n"
               "run: {duration: 1s}\nexpect:\n  - mean of balancer lb >= 0ms\n"
               "  - utilization of balancer lb >= 0%%\n");
    const double want[] = {MS(20), 0.18};
    SCENE_EQUAL(scene.s->balancer_count, 0);
    measured(want, 2);
    scene_close(&scene);
}

static const struct check_test tests[] = {
    {"side by side", side_by_side},
    {"lines", lines},
    {"two tiers", two_tiers},
    {"waiting for a connection", waiting_for_a_connection},
    {"alone", alone},
};

CHECK_MAIN("tally")
