/*
 * What outlasts the failover of a balancer: connections of layer 4 and tables of sticky sessions, with
 * and without synchronisation, and with a lag of it. The shares that a lag loses are those of the ages
 * of exponential lives, 1 - exp(-lag / mean); all else is counted exactly.
 * timeout: 240 (under the sanitizers)
 */
#include <math.h>

#include "tests/check.h"
#include "tests/unit/scenes.h"
#include "tests/unit/world_check.h"

#define MS(n) ((lb_time)(n)*SCENE_MS)

static struct scene scene;

/* Users whose connections live exponential times of 20 s in the mean; the master dies at 60 s, so that
 * what is adrift has had the time to become old. */
static const char users[] = "clients:\n"
                            "  - name: c\n"
                            "    users: 300\n"
                            "    think: exponential(mean=2s)\n"
                            "    connections: {idle: 0, max_age: exponential(mean=20s)}\n"
                            "    timeout: 1s\n"
                            "    requests: [{name: r, work: constant(10ms)}]\n"
                            "balancer:\n"
                            "  name: lb\n  count: 2\n  layer: %d\n  algorithm: round-robin\n"
                            "  redundancy: {mode: active-passive, %s}\n"
                            "backends: [{name: a, count: 4, slots: 8}]\n"
                            "timeline: [{at: 60s, kill: lb1%s}]\n"
                            "run: {duration: 90s}\n";

/* Without sync nothing is known to the other, with it and no lag everything; what is unknown is reset. */
static void known_or_not(void)
{
    for (int sync = 0; sync < 2; sync++) {
        scene_open(&scene, users, 4, sync ? "sync: yes" : "sync: no", "");
        for (lb_time t = MS(60000); t < MS(66000); t += MS(250)) {
            run_until(scene.run, t);
            CU_ASSERT_PTR_NULL(world_check(scene.run));
        }
        scene_end(&scene);
        const struct summary_connections *c = &scene.s->connections;
        CU_ASSERT((sync ? c->taken_over : c->unknown) > 50);
        SCENE_EQUAL(sync ? c->unknown : c->taken_over, 0);
        if (sync)
            SCENE_EQUAL(scene_failed(&scene, CAUSE_RESET), 0);
        else
            CU_ASSERT(scene_failed(&scene, CAUSE_RESET) > 20);
        CU_ASSERT(c->reset <= c->unknown + scene_failed(&scene, CAUSE_BALANCER_DOWN));
        scene_close(&scene);
    }
}

/* Younger than the lag: the share 1 - exp(-lag / 20 s) of those that are adrift. About 130 a run and
 * 40 runs: 5,200 coins; 4 standard deviations, one false alarm in 16,000 for each of the three. */
static void a_lag_loses_the_young(void)
{
    static const double lags[] = {2, 10, 30};
    for (size_t i = 0; i < sizeof lags / sizeof lags[0]; i++) {
        char keys[64];
        double taken = 0, unknown = 0, lost = 1.0 - exp(-lags[i] / 20);
        (void)snprintf(keys, sizeof keys, "sync: yes, sync_lag: %.0fs", lags[i]);
        scene_open(&scene, users, 4, keys, "");
        for (uint32_t n = 0; n < 40; n++) {
            scene_again(&scene, n);
            scene_end(&scene);
            taken += (double)scene.s->connections.taken_over;
            unknown += (double)scene.s->connections.unknown;
        }
        scene_close(&scene);
        double all = taken + unknown;
        CU_ASSERT(all > 3000);
        CHECK_WITHIN(unknown / all, lost, 4 * sqrt(lost * (1 - lost) / all));
    }
}

/* A proxy ends connections: of layer 7 none outlasts it, whatever is synchronised. */
static void layer7(void)
{
    SCENE_RUN(&scene, users, 7, "sync: yes", "");
    SCENE_EQUAL(scene.s->connections.taken_over, 0);
    CU_ASSERT(scene.s->connections.reset > 50);
    scene_close(&scene);
}

/* Eight users in step, each on a connection of its own: where they lead stays, exactly, when the master
 * dies, when it is back and takes the address again, and when it is drained. */
static void same_backend(void)
{
    static const char *const courses[] = {"{at: 2s, kill: lb1}", "{at: 2s, kill: lb1, for: 3s}",
                                          "{at: 2s, drain: lb1}",
                                          "{at: 2s, isolate: lb1, from: lb2, for: 3s}"};
    for (size_t i = 0; i < sizeof courses / sizeof courses[0]; i++) {
        scene_open(&scene,
                   "clients:\n  - name: c\n    users: 8\n    think: constant(90ms)\n"
                   "    connections: {idle: 0}\n    timeout: 200ms\n"
                   "    requests: [{name: r, work: constant(10ms)}]\n"
                   "balancer:\n  name: lb\n  count: 2\n  layer: 4\n  algorithm: round-robin\n"
                   "  sticky: {by: source}\n"
                   "  redundancy: {mode: active-passive, advert: 100ms, sync: yes}\n"
                   "backends: [{name: a, count: 4, slots: 8}]\ntimeline: [%s]\n"
                   "state: {store: memory}\nrun: {duration: 10s}\n",
                   courses[i]);
        for (lb_time t = MS(1955); t < MS(10000); t += MS(45)) {
            run_until(scene.run, t);
            const char *wrong = world_check(scene.run);
            CU_ASSERT_PTR_NULL(wrong);
            if (wrong != NULL)
                printf("%s at %g s: %s\n", courses[i], (double)t / 1e9, wrong);
        }
        scene_end(&scene);
        SCENE_EQUAL(scene_failed(&scene, CAUSE_RESET), 0);
        SCENE_EQUAL(scene.s->sessions.count[SESSION_MOVED], 0);
        scene_close(&scene);
    }
}

/* --- tables ------------------------------------------------------------------------------------- */

/* A thousand clients ask about once a second, known again by their address, and the master dies at 20 s.
 * A client that moves is one whom the other did not know. Without sync that is 3 of 4, by the draw of a
 * new backend; with a lag it is only those who were new within it: clients that come for the first time.
 * Everybody has come before 20 s. */
static uint64_t moved(const char *keys, const char *more)
{
    SCENE_RUN(&scene,
              "clients:\n  - name: c\n    arrivals: poisson(rate=1000/s)\n"
              "    population: {clients: 1000}\n    timeout: 1s\n"
              "    requests: [{name: r, work: constant(1ms)}]\n"
              "balancer:\n  name: lb\n  count: 2\n  algorithm: random\n  sticky: {by: source%s}\n"
              "  redundancy: {mode: active-passive, %s}\n"
              "backends: [{name: a, count: 4, slots: 8}]\nstate: {store: memory}\n"
              "timeline: [{at: 20s, kill: lb1}]\nrun: {duration: 40s}\n",
              more, keys);
    uint64_t n = scene.s->sessions.count[SESSION_MOVED];
    scene_close(&scene);
    return n;
}

static void tables(void)
{
    /* 1000 clients, each elsewhere with probability 3/4: sd 13.7 */
    CHECK_WITHIN((double)moved("sync: no", ""), 750.0, 4 * 13.7);
    SCENE_EQUAL(moved("sync: yes", ""), 0);
    SCENE_EQUAL(moved("sync: yes, sync_lag: 1s", ""), 0);
    /* Told by then are those who came in the first 20 s - lag; 1 - exp(-1) and 1 - exp(-0.1) of all. */
    CHECK_WITHIN((double)moved("sync: yes, sync_lag: 19s", ""), 750.0 * exp(-1.0),
                 4 * sqrt(1000 * 0.276 * 0.724));
    CHECK_WITHIN((double)moved("sync: yes, sync_lag: 19900ms", ""), 750.0 * exp(-0.1),
                 4 * sqrt(1000 * 0.679 * 0.321));
}

/* One of two addresses moves back: what was sent to the other is not touched. */
static void the_other_address(void)
{
    SCENE_RUN(&scene, "clients: [{name: c, arrivals: uniform(rate=1000/s), timeout: 500ms, "
                      "requests: [{name: r, work: constant(50ms)}]}]\n"
                      "balancer: {name: lb, count: 2, algorithm: round-robin, "
                      "redundancy: {mode: active-active, advert: 100ms}}\n"
                      "backends: [{name: a, slots: 100}]\n"
                      "timeline: [{at: 2s, kill: lb1, for: 2s}]\nrun: {duration: 8s}\n");
    /* About 50 are in flight when the address goes back, half of them sent to it. The others' standard
     * deviation is 3.5; and as many were in flight when the machine died. */
    uint64_t back = 0, gap = scene_failed(&scene, CAUSE_FAILOVER_GAP);
    for (uint32_t i = 0; i < scene.s->ledger_count; i++)
        back += scene.s->ledger[i].cause == CAUSE_BALANCER_DOWN ? scene.s->ledger[i].count : 0;
    CHECK_WITHIN((double)back, 25.0, 14.0);
    CU_ASSERT(gap > 100 && gap < 1000);
    scene_close(&scene);
}

static const struct check_test tests[] = {
    {"known or not", known_or_not},
    {"a lag loses the young", a_lag_loses_the_young},
    {"layer 7", layer7},
    {"the same backend", same_backend},
    {"tables", tables},
    {"the other address", the_other_address},
};

CHECK_MAIN("takeover")
