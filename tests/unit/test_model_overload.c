/*
 * Overload control in the world: who is refused, with which cause and why. Exact, but for the cases
 * that say otherwise.
 */
#include <string.h>

#include "tests/check.h"
#include "tests/unit/scenes.h"

#define ONE_BACKEND "backends: [{name: b, slots: 1000}]\n"

static bool why_is(const struct scene *scene, uint32_t row, const char *why)
{
    return row < scene->s->ledger_count && strcmp(scene->s->ledger[row].why, why) == 0;
}

/* 100 requests a second for a second, the first at 10 ms. */
static void a_rate_for_all(void)
{
    struct scene scene;
    SCENE_PLAY(&scene, "100/s", "1ms",
               "balancer: {algorithm: random, rate_limit: {rate: 50/s, burst: 10}}\n" ONE_BACKEND
               "run: {duration: 1005ms}\n");
    /* ten and 50 a second from the first request on, 990 ms before the last */
    SCENE_EQUAL(scene.s->counts.ok, 10 + 49);
    SCENE_EQUAL(scene_failed(&scene, CAUSE_RATE_LIMITED), 100 - 59);
    SCENE_EQUAL(scene.s->ledger_count, 1);
    CU_ASSERT(why_is(&scene, 0, "rate limit"));
    scene_close(&scene);
}

/* Two clients: one asks ten times as often as he may. */
static void a_rate_for_each(void)
{
    struct scene scene;
    SCENE_RUN(&scene,
              "clients:\n"
              "  - {name: calm, users: 1, think: constant(99ms),\n"
              "     requests: [{name: r, work: constant(1ms)}]}\n"
              "  - {name: wild, users: 1, think: constant(1ms),\n"
              "     requests: [{name: s, work: constant(1ms)}]}\n"
              "balancer: {algorithm: random, rate_limit: {rate: 20/s, per: client}}\n" ONE_BACKEND
              "run: {duration: 10s}\n");
    CU_ASSERT(scene_failed(&scene, CAUSE_RATE_LIMITED) > 1000);
    struct scenario_measure errors = {
        .metric = METRIC_ERRORS, .selector = SELECT_CLIENTS, .first = 0, .count = 1};
    double share = 1;
    CU_ASSERT(summary_measure(scene.s, &errors, &share) && share == 0);
    scene_close(&scene);
}

/* A client who gives a new address with each request, for one balancer and for two tiers. */
static void forged(struct scene *scene, const char *balancers)
{
    SCENE_RUN(scene,
              "clients:\n"
              "  - {name: c, users: 1, think: constant(9ms), spoof: {addresses: 1000000},\n"
              "     requests: [{name: r, work: constant(1ms)}]}\n"
              "%s\n" ONE_BACKEND "run: {duration: 1s}\n",
              balancers);
}

static void forged_addresses(void)
{
#define LIMIT "algorithm: random, rate_limit: {rate: 10/s, per: source}"
    static const struct {
        const char *balancers;
        bool believed;
    } rows[] = {
        {"balancer: {" LIMIT "}", false},
        {"balancer: {" LIMIT ", trust_forwarded: yes}", true},
        {"balancers: [{name: o, algorithm: random, to: i},\n"
         "  {name: i, trust_forwarded: yes, " LIMIT "}]",
         true}, /* it hands on what the client wrote */
        {"balancers: [{name: o, algorithm: random, to: i, forward_client_ip: yes},\n"
         "  {name: i, trust_forwarded: yes, " LIMIT "}]",
         false}, /* it writes the true one over it */
        {"balancers: [{name: o, algorithm: random, to: i, forward_client_ip: yes,\n"
         "  trust_forwarded: yes}, {name: i, trust_forwarded: yes, " LIMIT "}]",
         true},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        struct scene scene;
        forged(&scene, rows[i].balancers);
        bool believed = scene.s->counts.failed == 0;
        if (believed != rows[i].believed)
            printf("\n%s\n", rows[i].balancers);
        CU_ASSERT(believed == rows[i].believed);
        scene_close(&scene);
    }
}

/* Sticky by source and source hash see what is believed, too. */
static void forged_and_spread(void)
{
    static const char *const ways[] = {"algorithm: source-hash",
                                       "algorithm: round-robin, sticky: {by: source}"};
    for (int i = 0; i < 4; i++) {
        struct scene scene;
        SCENE_RUN(&scene,
                  "clients:\n"
                  "  - {name: c, users: 1, think: constant(9ms), spoof: {addresses: 1000000},\n"
                  "     requests: [{name: r, work: constant(1ms)}]}\n"
                  "balancer: {%s, trust_forwarded: %s}\n"
                  "backends: [{name: b, count: 2}]\nrun: {duration: 1s}\n",
                  ways[i % 2], i < 2 ? "no" : "yes");
        uint64_t one = scene.s->backends[0].picks, two = scene.s->backends[1].picks;
        CU_ASSERT((one == 0 || two == 0) == (i < 2));
        scene_close(&scene);
    }
}

/* Ten a second of each priority, for ever in service: 10 at once at most. */
static void shedding(void)
{
    struct scene scene;
    SCENE_RUN(
        &scene,
        "clients:\n"
        "  - {name: a, arrivals: uniform(rate=10/s), requests: [{name: a, work: constant(1h)}]}\n"
        "  - {name: b, arrivals: uniform(rate=10/s),\n"
        "     requests: [{name: b, work: constant(1h), priority: 1}]}\n"
        "  - {name: c, arrivals: uniform(rate=10/s),\n"
        "     requests: [{name: c, work: constant(1h), priority: 3}]}\n"
        "balancer: {algorithm: random, max_in_flight: 10, shed: {1: 80%%, 2: 50%%}}\n" ONE_BACKEND
        "run: {duration: 1001ms, settle: 0}\n");
    /* let in: a b c, a b, a b, a, a, a; then 10 are there */
    SCENE_EQUAL(scene.s->counts.failed, 20);
    SCENE_EQUAL(scene_failed(&scene, CAUSE_SHED), 7 + 9);
    SCENE_EQUAL(scene_failed(&scene, CAUSE_CONCURRENCY), 4);
    scene_close(&scene);
}

/* 5 in flight, 2 pending; a backend takes 3 at once. */
static void circuits(void)
{
    struct scene scene;
    SCENE_PLAY(&scene, "10/s", "1h",
               "balancer: {algorithm: random, circuit: {requests: 5}}\n" ONE_BACKEND
               "run: {duration: 1001ms, settle: 0}\n");
    SCENE_EQUAL(scene_failed(&scene, CAUSE_OVERFLOW), 5);
    CU_ASSERT(why_is(&scene, 0, "overflow"));
    scene_close(&scene);
    SCENE_PLAY(&scene, "10/s", "1h",
               "balancer: {algorithm: least-connections, circuit: {pending: 2}}\n"
               "backends: [{name: b, max_in_flight: 3}]\nrun: {duration: 1001ms, settle: 0}\n");
    SCENE_EQUAL(scene_failed(&scene, CAUSE_OVERFLOW), 5);
    scene_close(&scene);
}

/* Every try is refused at once and again 250 ms later: at 10 a second three would be on their way. */
static void active_retries(void)
{
    struct scene scene;
    SCENE_PLAY(&scene, "10/s", "1ms",
               "balancer: {algorithm: random, circuit: {retries: %s},\n"
               "  retries: {max: 1, to: same, when: error, backoff: constant(250ms)}}\n" ONE_BACKEND
               "timeline: [{at: 0, errors: b, to: 100%%}]\nrun: {duration: 1001ms}\n",
               "1");
    /* tried again: the 1st (100 to 350 ms), the 4th, the 7th, the 10th */
    SCENE_EQUAL(scene_failed(&scene, CAUSE_OVERFLOW), 6);
    SCENE_EQUAL(scene_failed(&scene, CAUSE_ERROR), 4);
    scene_close(&scene);
}

/* Twice as much as can be served by 10 slots of 20 ms: a limit keeps answers short, where the queue would be
 * 20 s long. The one that follows answers one by one is cautious and lets slots idle; the one that compares
 * with the long run gets used to a queue. Fixed seed. */
static void a_limit_that_finds_itself(void)
{
    static const char *const limits[] = {
        "max_in_flight: 20", "concurrency: {limit: gradient, min: 5}",
        "concurrency: {limit: aimd, min: 5, initial: 100, timeout: 50ms}"};
    for (size_t i = 0; i < sizeof limits / sizeof limits[0]; i++) {
        struct scene scene;
        SCENE_RUN(&scene,
                  "clients:\n  - {name: c, arrivals: poisson(rate=1000/s),\n"
                  "     requests: [{name: r, work: constant(20ms)}]}\n"
                  "balancer: {algorithm: random, %s}\nbackends: [{name: b, slots: 10}]\n"
                  "run: {duration: 60s, warmup: 30s, kind: steady}\n",
                  limits[i]);
        double served = (double)scene.s->counts.ok / 30;
        CU_ASSERT(served > 400 && served < 501);
        CU_ASSERT(scene.s->counts.ok + scene_failed(&scene, CAUSE_CONCURRENCY) ==
                  scene.s->counts.arrived);
        double mean = scene.s->latency.sum / (double)scene.s->latency.count / 1e6;
        CU_ASSERT(mean > 20 && mean < 400);
        scene_close(&scene);
    }
}

static const struct check_test tests[] = {
    {"a rate for all", a_rate_for_all},
    {"a rate for each client", a_rate_for_each},
    {"forged addresses", forged_addresses},
    {"forged addresses are spread", forged_and_spread},
    {"shedding by priority", shedding},
    {"circuit breakers", circuits},
    {"active retries", active_retries},
    {"a limit that finds itself", a_limit_that_finds_itself},
};

CHECK_MAIN("model_overload")
