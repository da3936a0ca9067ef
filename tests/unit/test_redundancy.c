/*
 * Who takes over an address, when, and what clients see of it; who goes on asking a dead balancer.
 * Times of VRRP and shares of stale names are those of RFC 3768, RFC 5798 and of a uniform residual
 * ttl: the numbers stand below.
 * timeout: 120 (for the runner of tests, which would take one of a scenario below)
 */
#include <math.h>
#include <string.h>

#include "tests/check.h"
#include "tests/unit/scenes.h"

#define MS(n) ((lb_time)(n)*SCENE_MS)

static struct scene scene;

/* When a note with these words was made, at or after `from`; -1 = never. */
static lb_time noted(const char *words, lb_time from)
{
    for (uint32_t i = 0; i < scene.event_count; i++)
        if (scene.events[i].at >= from && strstr(scene.events[i].text, words) != NULL)
            return scene.events[i].at;
    return -1;
}

static const char pair[] = "clients: [{name: c, arrivals: uniform(rate=10/s), timeout: 500ms, "
                           "requests: [{name: r, work: constant(1ms)}]}]\n"
                           "balancer: {algorithm: round-robin, name: lb, count: 2, "
                           "redundancy: {mode: active-passive%s}}\n"
                           "backends: [{name: a}]\ntimeline: [%s]\nrun: {duration: %s}\n";

/* From the crash to the takeover: in (master down - advert, master down], its mean half an advert below. */
static void times_of_a_takeover(void)
{
    static const struct {
        const char *keys;
        double down, advert; /* s */
    } cases[] = {
        {"", 3.609375, 1},
        {", priorities: [254, 1]", 3.99609375, 1},
        {", protocol: vrrp2, advert: 3s, priorities: [200, 150]", 9.4140625, 3},
        {", protocol: vrrp3, advert: 3s, priorities: [200, 150]", 10.2421875, 3},
    };
    enum { N = 60 };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        double sum = 0;
        scene_open(&scene, pair, cases[i].keys, "{at: 10s, kill: lb1}", "25s");
        for (uint32_t n = 0; n < N; n++) {
            scene_again(&scene, n);
            scene_end(&scene);
            double took = (double)(noted("takes over", 0) - MS(10000)) / 1e9;
            CU_ASSERT(took > cases[i].down - cases[i].advert - 1e-9 &&
                      took <= cases[i].down + 1e-9);
            sum += took;
        }
        scene_close(&scene);
        /* sd of a mean: advert / sqrt(12 N); 4 of them: one false alarm in 16,000 */
        CHECK_WITHIN(sum / N, cases[i].down - cases[i].advert / 2,
                     4 * cases[i].advert / sqrt(12.0 * N));
    }
}

/* Nobody answers from the crash to the takeover: who asks then waits for its timeout. */
static void the_gap(void)
{
    SCENE_RUN(&scene, pair, "", "{at: 10s, kill: lb1}", "20s");
    double gap = (double)(noted("takes over", 0) - MS(10000)) / 1e9;
    CHECK_WITHIN((double)scene_failed(&scene, CAUSE_FAILOVER_GAP), gap * 10, 1.0);
    SCENE_EQUAL(scene.s->counts.failed, scene_failed(&scene, CAUSE_FAILOVER_GAP));
    scene_close(&scene);
    /* a single one: the whole time of its repair */
    SCENE_RUN(&scene, "clients: [{name: c, arrivals: uniform(rate=10/s), timeout: 500ms, "
                      "requests: [{name: r, work: constant(1ms)}]}]\n"
                      "balancer: {algorithm: round-robin, name: lb}\nbackends: [{name: a}]\n"
                      "timeline: [{at: 5s, kill: lb, for: 10s}]\nrun: {duration: 20s}\n");
    CHECK_WITHIN((double)scene_failed(&scene, CAUSE_BALANCER_DOWN), 100.0, 1.0);
    scene_close(&scene);
}

/* An orderly end says so: the backup waits for its skew, 156/256 s. */
static void orderly(void)
{
    SCENE_RUN(&scene, pair, "", "{at: 10s, drain: lb1}", "20s");
    SCENE_EQUAL(noted("takes over", 0), MS(10000) + INT64_C(609375000));
    CHECK_WITHIN((double)scene_failed(&scene, CAUSE_FAILOVER_GAP), 6.0, 1.0);
    scene_close(&scene);
}

/* The first is back at 20 s: of higher priority, it takes the address again after its own 3 adverts and
 * skew, 3 + 56/256 s, unless it may not. */
static void preemption(void)
{
    for (int may = 0; may < 2; may++) {
        SCENE_RUN(&scene, pair, may ? ", preempt: yes" : ", preempt: no",
                  "{at: 10s, kill: lb1, for: 10s}", "30s");
        CU_ASSERT(noted("lb2: takes over from lb1", 0) > MS(10000));
        SCENE_EQUAL(noted("lb1: takes over from lb2", 0),
                    may ? MS(20000) + INT64_C(3218750000) : -1);
        SCENE_EQUAL(noted("lb2: steps down", 0), may ? MS(20000) + INT64_C(3218750000) : -1);
        scene_close(&scene);
    }
}

/* The two cannot hear each other: both are masters, each has half of the addresses of clients, and
 * everybody is served. When the road is mended, the lower one steps down at the next advert. */
static void split_brain(void)
{
    SCENE_RUN(&scene,
              "clients: [{name: c, arrivals: uniform(rate=100/s), timeout: 500ms, "
              "requests: [{name: r, work: constant(1ms)}]}]\n"
              "balancer: {algorithm: round-robin, name: lb, count: 2, "
              "redundancy: {mode: active-passive}}\n"
              "backends: [{name: a}]\n"
              "timeline: [{at: 10s, isolate: lb1, from: lb2, for: 10s}]\nrun: {duration: 30s}\n");
    CU_ASSERT(noted("lb2: takes over from lb1, which it cannot hear", 0) > MS(12600));
    lb_time back = noted("lb2: steps down", 0);
    CU_ASSERT(back > MS(20000) && back <= MS(21000));
    SCENE_EQUAL(scene.s->counts.failed, 0);
    scene_close(&scene);
    /* cut off from all, also from clients: they reach the other, once it has taken over */
    SCENE_RUN(&scene, pair, "", "{at: 10s, isolate: lb1}", "20s");
    double gap = (double)(noted("takes over", 0) - MS(10000)) / 1e9;
    CHECK_WITHIN((double)scene_failed(&scene, CAUSE_FAILOVER_GAP), gap * 10, 1.0);
    scene_close(&scene);
}

/* Two addresses, each with a standby: half of the clients meet the gap. */
static void both_active(void)
{
    SCENE_RUN(&scene,
              "clients: [{name: c, arrivals: uniform(rate=1000/s), timeout: 500ms, "
              "requests: [{name: r, work: constant(100us)}]}]\n"
              "balancer: {algorithm: round-robin, name: lb, count: 2, "
              "redundancy: {mode: active-active}}\n"
              "backends: [{name: a}]\ntimeline: [{at: 10s, kill: lb1}]\nrun: {duration: 20s}\n");
    double gap = (double)(noted("takes over", 0) - MS(10000)) / 1e9;
    CHECK_WITHIN((double)scene_failed(&scene, CAUSE_FAILOVER_GAP), gap * 500,
                 4 * sqrt(gap * 1000 * 0.25));
    scene_close(&scene);
}

/* --- names and next hops ---------------------------------------------------------------------- */

/* A dead balancer of two is out of the names after detect; t after that the share (1 - t / ttl) of those
 * who had it still ask it: so of 60 s the failures are half the rate x (detect + ttl / 2). */
static void stale_names(void)
{
    SCENE_RUN(&scene,
              "clients: [{name: c, arrivals: uniform(rate=200/s), timeout: 500ms, "
              "population: {clients: 4000}, requests: [{name: r, work: constant(100us)}]}]\n"
              "balancer: {algorithm: round-robin, name: lb, count: 2, clients: dns(ttl=60s), "
              "redundancy: {detect: 10s}}\n"
              "backends: [{name: a}]\ntimeline: [{at: 20s, kill: lb1}]\nrun: {duration: 95s}\n"
              "expect:\n"
              "  - failed(balancer-down) = 50%% +- 5%% between 20s and 30s\n"   /* nobody knows */
              "  - failed(balancer-down) = 48.3%% +- 7%% between 30s and 34s\n" /* 1 - 2/60 */
              "  - failed(balancer-down) = 25%% +- 6%% between 58s and 62s\n"   /* 1 - 30/60 */
              "  - failed(balancer-down) = 8.3%% +- 4%% between 78s and 82s\n"  /* 1 - 50/60 */
              "  - failed(balancer-down) < 0.1%% after 90s\n");
    for (uint32_t i = 0; i < scene.s->expect_count; i++) {
        if (!scene.s->expects[i].holds)
            printf("\n%s: %g\n", scene.s->expects[i].text, scene.s->expects[i].value);
        CU_ASSERT(scene.s->expects[i].holds);
    }
    /* 100/s x (10 + 30) s, of clients whose turns differ: sd of the share of 4,000 about 1 % */
    CHECK_WITHIN((double)scene.s->counts.failed, 4000.0, 4 * 70.0);
    scene_close(&scene);
}

/* Routers take a dead next hop out after detect, and all requests are spread anew; or never. */
static void next_hops(void)
{
    static const char text[] =
        "clients: [{name: c, arrivals: uniform(rate=1000/s), timeout: 500ms, "
        "requests: [{name: r, work: constant(100us)}]}]\n"
        "balancer: {algorithm: round-robin, name: lb, count: 4, clients: ecmp%s}\n"
        "backends: [{name: a}]\ntimeline: [{at: 2s, kill: lb3, for: 5s}]\nrun: {duration: 10s}\n";
    SCENE_RUN(&scene, text, ", redundancy: {detect: 1s}");
    CHECK_WITHIN((double)scene.s->counts.failed, 250.0, 4 * 14.0);
    SCENE_EQUAL(noted("next hops", 0), MS(3000));
    SCENE_EQUAL(noted("next hops", MS(3001)), MS(8000));
    scene_close(&scene);
    SCENE_RUN(&scene, text, "");
    CHECK_WITHIN((double)scene.s->counts.failed, 1250.0, 4 * 31.0);
    scene_close(&scene);
}

static const struct check_test tests[] = {
    {"times of a takeover", times_of_a_takeover},
    {"the gap", the_gap},
    {"orderly", orderly},
    {"pre-emption", preemption},
    {"split brain", split_brain},
    {"both active", both_active},
    {"stale names", stale_names},
    {"next hops", next_hops},
};

CHECK_MAIN("redundancy")
