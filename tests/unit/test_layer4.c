/*
 * Layer 4: connections are placed and their requests follow; tables that forget, backends that go,
 * two tiers; and what a few long connections do to the balance.
 *
 * Chance is held to 4.5 standard deviations (once in 10^5); seeds are fixed.
 */
#include <math.h>

#include "sim/run/private.h"
#include "tests/check.h"
#include "tests/unit/scenes.h"
#include "tests/unit/world_check.h"

#define MS(n) ((lb_time)(n)*SCENE_MS)

static struct scene scene;

static uint32_t placed(uint32_t backend)
{
    return scene.run->world.connections->placed[backend];
}

static void until(lb_time when)
{
    run_until(scene.run, when);
    CU_ASSERT_PTR_NULL(world_check(scene.run));
}

/* Users who ask for 10 ms every 100 ms, all in step, behind one balancer of layer 4. */
#define USERS(users, connections, balancer, more)                                                  \
    scene_open(&scene, "clients:\n  - name: c\n    users: " users "\n    think: constant(90ms)\n"  \
                       "    connections: {" connections "}\n"                                      \
                       "    requests: [{name: r, work: constant(10ms)}]\n"                         \
                       "balancer:\n  algorithm: round-robin\n  layer: 4\n" balancer                \
                       "backends: [{name: a, count: 3, slots: 9}]\nrun: {duration: 10s}\n" more)

/* --- placing ------------------------------------------------------------------------------------ */

/* Four connections on three backends: 2, 1, 1, and all of their requests after them. */
static void requests_follow(void)
{
    USERS("4", "idle: 0", "", "");
    until(MS(5555));
    SCENE_EQUAL(placed(0) + 10 * placed(1) + 100 * placed(2), 112);
    SCENE_EQUAL(world_in_flight(&scene.run->world, 0), 2); /* the books count connections */
    scene_end(&scene);
    SCENE_EQUAL(scene.s->backends[0].picks, 2 * 100);
    SCENE_EQUAL(scene.s->backends[1].picks, 100);
    CU_ASSERT_DOUBLE_EQUAL(scene.s->backends[0].connections_mean, 2 * 0.991, 1e-12);
    CU_ASSERT_DOUBLE_EQUAL(scene.s->backends[0].in_flight_mean, 2 * 0.1, 1e-12);
    scene_close(&scene);
}

/* A limit of requests in flight is one of connections: the fourth waits at the balancer until one of
 * the others is closed, after ten requests, at 1 s. */
static void limits(void)
{
    scene_open(&scene,
               "clients:\n  - name: c\n    users: 4\n    think: constant(90ms)\n"
               "    connections: {requests: 10}\n    requests: [{name: r, work: constant(10ms)}]\n"
               "balancer: {algorithm: least-connections, layer: 4}\n"
               "backends: [{name: a, count: 3, max_in_flight: 1}]\nrun: {duration: 10s}\n");
    until(MS(990));
    SCENE_EQUAL(scene.run->world.fronts->balancer.waiting.total, 1);
    until(MS(1001));
    SCENE_EQUAL(placed(0) + placed(1) + placed(2),
                1); /* the others think before they open another */
    scene_end(&scene);
    SCENE_EQUAL(scene.s->counts.ok + scene.s->counts.in_flight, scene.s->counts.arrived);
    SCENE_EQUAL(scene.s->latency.max, MS(920));
    scene_close(&scene);
}

/* --- backends that go --------------------------------------------------------------------------- */

/* Killed between two requests: its connection is closed, and nobody notices. Killed while it serves:
 * one request is reset, the next opens another connection. */
static void killed(void)
{
    USERS("3", "idle: 0", "", "timeline: [{at: 5050ms, kill: a1, for: 1s}]\n");
    until(MS(5051));
    SCENE_EQUAL(placed(0) + placed(1) + placed(2), 2);
    scene_end(&scene);
    SCENE_EQUAL(scene.s->connections.reset, 1);
    SCENE_EQUAL(scene.s->counts.failed, scene_failed(&scene, CAUSE_REFUSED));
    scene_close(&scene);
    USERS("3", "idle: 0", "", "timeline: [{at: 5095ms, kill: a1, for: 1ms}]\n");
    scene_end(&scene);
    SCENE_EQUAL(scene.s->counts.failed, 1);
    SCENE_EQUAL(scene_failed(&scene, CAUSE_RESET), 1);
    SCENE_EQUAL(scene.s->connections.opened, 4);
    scene_close(&scene);
}

/* Two checks fail, a tenth of a second apart: the request that hangs is kept, and waits for its timeout,
 * which closes the connection; or it is cut, and reset. */
static void believed_down(void)
{
    static const char more[] =
        "clients:\n  - name: c\n    users: 3\n    think: constant(90ms)\n    timeout: 5s\n"
        "    connections: {idle: 0}\n    requests: [{name: r, work: constant(10ms)}]\n"
        "balancer:\n  algorithm: round-robin\n  layer: 4\n%s"
        "  health: {active: {every: 100ms, timeout: 50ms, rise: 1, fall: 2}}\n"
        "backends: [{name: a, count: 3, slots: 9}]\nrun: {duration: 9s}\n"
        "timeline: [{at: 3050ms, hang: a1}]\n";
    scene_open(&scene, more, "");
    until(MS(6000));
    SCENE_EQUAL(placed(0), 1);
    scene_end(&scene);
    SCENE_EQUAL(scene_failed(&scene, CAUSE_RESPONSE_TIMEOUT), 1);
    SCENE_EQUAL(scene.s->connections.reset, 0);
    scene_close(&scene);
    scene_open(&scene, more, "  on_down: cut\n");
    until(MS(3400));
    SCENE_EQUAL(placed(0), 0);
    scene_end(&scene);
    SCENE_EQUAL(scene_failed(&scene, CAUSE_RESET), 1);
    SCENE_EQUAL(scene.s->counts.failed, 1);
    SCENE_EQUAL(scene.s->connections.reset, 1);
    SCENE_EQUAL(scene.s->ledger_count, 1);
    CU_ASSERT_STRING_EQUAL(scene.s->ledger[0].why, "detection window");
    scene_close(&scene);
}

/* Draining gives a1 no connection; the one it has goes on until the limit cuts it. */
static void drained(void)
{
    USERS("3", "idle: 0", "", "timeline: [{at: 2s, drain: a1, limit: 3s}]\n");
    until(MS(4900));
    SCENE_EQUAL(placed(0), 1);
    until(MS(5001));
    SCENE_EQUAL(placed(0), 0);
    scene_end(&scene);
    CU_ASSERT(scene.s->counts.failed <= 1);
    SCENE_EQUAL(scene.s->connections.opened, 4);
    scene_close(&scene);
}

/* --- tables ------------------------------------------------------------------------------------- */

/* Silent for 90 ms, forgotten after 80: each second request is reset, and closes its connection. */
static void forgotten(void)
{
    USERS("1", "idle: 0", "  connection_table: {idle: 80ms}\n", "");
    until(MS(185)); /* answered at 100 */
    SCENE_EQUAL(placed(0) + placed(1) + placed(2), 0);
    scene_end(&scene);
    CU_ASSERT(scene_failed(&scene, CAUSE_RESET) >= 50 && scene.s->counts.ok >= 50);
    SCENE_EQUAL(scene_failed(&scene, CAUSE_RESET), scene.s->counts.failed);
    SCENE_EQUAL(scene.s->connections.forgotten, scene.s->counts.ok - 1); /* not the last */
    CU_ASSERT_STRING_EQUAL(scene.s->ledger[0].why, "connection lost");
    scene_close(&scene);
    USERS("1", "idle: 0", "  connection_table: {idle: 95ms}\n", "");
    scene_end(&scene);
    SCENE_EQUAL(scene.s->counts.failed, 0);
    scene_close(&scene);
}

/* Nine users and six entries: who was silent longest is forgotten. */
static void too_small(void)
{
    USERS("9", "idle: 0", "  connection_table: {size: 6}\n", "");
    until(MS(5555));
    SCENE_EQUAL(scene.run->world.connections->fronts->open, 6);
    scene_end(&scene);
    CU_ASSERT(scene_failed(&scene, CAUSE_RESET) > 100);
    scene_close(&scene);
    USERS("9", "idle: 0", "  connection_table: {size: 9}\n", "");
    scene_end(&scene);
    SCENE_EQUAL(scene.s->counts.failed, 0);
    scene_close(&scene);
}

/* --- two tiers ---------------------------------------------------------------------------------- */

/* The first places connections on the second, which ends them: it makes the handshakes, and places
 * each request by itself. */
static void two_tiers(void)
{
    scene_open(&scene,
               "clients:\n  - name: c\n    users: 4\n    think: constant(90ms)\n"
               "    connections: {requests: 7}\n    requests: [{name: r, work: constant(10ms)}]\n"
               "balancers:\n  - {name: edge, layer: 4, algorithm: round-robin, to: in}\n"
               "  - {name: in, count: 2, algorithm: round-robin, tls: {handshake: 5ms}}\n"
               "backends: [{name: a, count: 3}]\nrun: {duration: 20s}\n"
               "timeline: [{at: 7s, kill: a1, for: 2s}]\n");
    until(MS(6200));
    SCENE_EQUAL(balancer_in_flight(&scene.run->world.fronts[0].balancer, 0) +
                    balancer_in_flight(&scene.run->world.fronts[0].balancer, 1),
                scene.run->world.connections->open);
    SCENE_EQUAL(scene.run->world.connections->fronts[1].open +
                    scene.run->world.connections->fronts[2].open,
                scene.run->world.connections->open);
    scene_end(&scene);
    SCENE_EQUAL(scene.s->connections.full, 4);
    SCENE_EQUAL(scene.s->connections.full + scene.s->connections.resumed,
                scene.s->connections.opened);
    SCENE_EQUAL(scene.s->counts.failed, scene_failed(&scene, CAUSE_REFUSED));
    scene_close(&scene);
    /* both of layer 4: a connection has a place in the books of either */
    scene_open(&scene,
               "clients:\n  - name: c\n    users: 4\n    think: constant(90ms)\n"
               "    connections: {requests: 7}\n    requests: [{name: r, work: constant(10ms)}]\n"
               "balancers:\n  - {name: edge, layer: 4, algorithm: round-robin, to: in}\n"
               "  - {name: in, count: 2, layer: 4, algorithm: round-robin}\n"
               "backends: [{name: a, count: 3}]\nrun: {duration: 20s}\n"
               "timeline: [{at: 7s, kill: a1, for: 2s}]\n");
    for (lb_time t = MS(33); t < MS(20000); t += MS(777))
        until(t);
    scene_end(&scene);
    CU_ASSERT(scene.s->counts.ok > 700);
    scene_close(&scene);
}

/* --- balls in bins ------------------------------------------------------------------------------ */

/* C connections at random on n backends leave n (1 - 1/n)^C of them idle; with ten on ten the fullest
 * has 2.74 times the mean. The mean over 400 replications, to 4.5 of its standard deviations. */
static void bins(int connections, double fullest)
{
    enum { N = 10, REPLICATIONS = 400 };
    double empty = 0, most = 0, most2 = 0;
    scene_open(
        &scene,
        "clients:\n  - name: c\n    users: %d\n    think: exponential(mean=10ms)\n"
        "    connections: {idle: 0}\n    requests: [{name: r, work: constant(1ms)}]\n"
        "balancer: {algorithm: random, layer: 4}\nbackends: [{name: a, count: 10, slots: 99}]\n"
        "run: {duration: 1s, seed: 5}\n",
        connections);
    for (uint32_t r = 0; r < REPLICATIONS; r++) {
        uint32_t max = 0, sum = 0;
        scene_again(&scene, r);
        run_until(scene.run, MS(400)); /* all have asked, but once in 10^15 */
        for (uint32_t i = 0; i < N; i++) {
            empty += placed(i) == 0;
            sum += placed(i);
            max = placed(i) > max ? placed(i) : max;
        }
        SCENE_EQUAL(sum, connections);
        most += max;
        most2 += (double)max * max;
    }
    double n = N, c = connections, r = REPLICATIONS;
    double one = n * pow(1 - 1 / n, c), two = n * (n - 1) * pow(1 - 2 / n, c);
    double sd = sqrt((two + one - one * one) / r);
    CU_ASSERT_DOUBLE_EQUAL(empty / r, one, 4.5 * sd);
    if (fullest > 0) {
        double mean = most / r / (c / n);
        sd = sqrt((most2 / r - most / r * (most / r)) / r) / (c / n);
        CU_ASSERT_DOUBLE_EQUAL(mean, fullest, 4.5 * sd + 0.005);
    }
    scene_close(&scene);
}

static void few_on_many(void)
{
    bins(10, 2.74);
    bins(5, 0);
    bins(30, 0);
}

/* A tenth backend comes back among nine that have all connections. With ages of mean A it has a share
 * of (1 - e^(-t/A)) / 10 after t; without a limit none. Ten replications of 1,000 connections: the
 * standard deviation of the share p is sqrt(p (1 - p) / 10,000). */
static void newcomer(void)
{
    static const double times[] = {0.5, 1, 2}; /* of A = 2 s */
    double shares[3] = {0};
    for (int aged = 1; aged >= 0; aged--) {
        scene_open(&scene,
                   "clients:\n  - name: c\n    users: 1000\n    think: exponential(mean=4ms)\n"
                   "    connections: {idle: 0%s}\n    requests: [{name: r, work: constant(1ms)}]\n"
                   "balancer: {algorithm: random, layer: 4, retries: {max: 20}}\n"
                   "backends: [{name: a, count: 10, slots: 999}]\n"
                   "timeline: [{at: 0, kill: a10}, {at: 100ms, restore: a10}]\n"
                   "run: {duration: 10s, seed: 8}\n",
                   aged ? ", max_age: exponential(mean=2s)" : "");
        for (uint32_t r = 0; r < (aged ? 10U : 1U); r++) {
            scene_again(&scene, r);
            for (int k = 0; k < 3; k++) {
                uint32_t all = 0;
                run_until(scene.run, MS(100) + (lb_time)(times[k] * 2e9));
                for (uint32_t i = 0; i < 10; i++)
                    all += placed(i);
                shares[k] += aged ? (double)placed(9) / all / 10 : 0;
                if (!aged)
                    SCENE_EQUAL(placed(9), 0);
            }
        }
        for (int k = 0; aged && k < 3; k++) {
            double p = (1 - exp(-times[k])) / 10;
            CU_ASSERT_DOUBLE_EQUAL(shares[k], p, 4.5 * sqrt(p * (1 - p) / 10000));
        }
        scene_close(&scene);
    }
}

static const struct check_test tests[] = {
    {"requests follow their connection", requests_follow},
    {"limits are of connections", limits},
    {"a backend is killed", killed},
    {"kept or cut", believed_down},
    {"a drain", drained},
    {"a table forgets", forgotten},
    {"a table is too small", too_small},
    {"two tiers", two_tiers},
    {"few connections on many backends", few_on_many},
    {"a newcomer's share", newcomer},
};

CHECK_MAIN("layer 4")
