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

static const struct check_test tests[] = {
    {"a rate for all", a_rate_for_all},
    {"a rate for each client", a_rate_for_each},
    {"forged addresses", forged_addresses},
    {"forged addresses are spread", forged_and_spread},
};

CHECK_MAIN("model_overload")
