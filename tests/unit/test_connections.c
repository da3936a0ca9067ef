/*
 * Connections of clients: numbers worked out by hand for opening, reuse, age, silence, limits and
 * handshakes; slow clients. Layer 4 is in test_layer4.c.
 */
#include <string.h>

#include "sim/base/text.h"
#include "sim/run/private.h"
#include "tests/check.h"
#include "tests/unit/near.h"
#include "tests/unit/scenes.h"
#include "tests/unit/world_check.h"

#define MS(n) ((lb_time)(n)*SCENE_MS)

static struct scene scene;

/* One user asks, waits 5 + 10 + 5 ms, thinks for 80 ms: ten requests a second on an open connection. */
#define USER(connections, balancer)                                                                \
    SCENE_RUN(&scene, "clients:\n  - name: c\n    users: 1\n    think: constant(80ms)\n"           \
                      "    connections: {" connections "}\n"                                       \
                      "    requests: [{name: r, work: constant(10ms)}]\n"                          \
                      "network: {client_balancer: 5ms}\n"                                          \
                      "balancer: {algorithm: round-robin" balancer "}\nbackends: [{name: a}]\n"    \
                      "run: {duration: 1s}\n")

/* The first opens a connection, 10 ms there and back: requests at 80, 190, 290, ... 990 ms. */
static void kept(void)
{
    USER("idle: 0", "");
    SCENE_TIMES(&scene.s->latency, 10, MS(30 + 9 * 20), MS(20), MS(30));
    SCENE_EQUAL(scene.s->connections.opened, 1);
    SCENE_EQUAL(scene.s->connections.reused, 9);
    SCENE_EQUAL(scene.s->connections.open, 1);
    CU_ASSERT_DOUBLE_EQUAL(scene.s->connections.open_mean, 0.92, 1e-12);
    scene_close(&scene);
}

/* Silent for 79 ms: each opens one, and asks every 110 ms: at 80, ... 960 ms. */
static void silent(void)
{
    USER("idle: 79ms", "");
    SCENE_TIMES(&scene.s->latency, 9, MS(9 * 30), MS(30), MS(30));
    SCENE_EQUAL(scene.s->connections.opened, 9);
    scene_close(&scene);
    USER("idle: 0", ", idle_timeout: 79ms"); /* the same by the balancer */
    SCENE_EQUAL(scene.s->connections.opened, 9);
    scene_close(&scene);
    USER("idle: 81ms", "");
    SCENE_EQUAL(scene.s->connections.opened, 1);
    scene_close(&scene);
}

/* Three requests each: 110 + 100 + 100 ms a connection: at 80, 190, 290; 390, ... */
static void counted(void)
{
    USER("requests: 3", "");
    SCENE_EQUAL(scene.s->counts.ok, 9);
    SCENE_EQUAL(scene.s->connections.opened, 3);
    SCENE_EQUAL(scene.s->connections.reused, 6);
    scene_close(&scene);
}

/* 250 ms old: opened at 80, taken at 190 and 290, closed at 330 while it is silent. */
static void aged(void)
{
    USER("max_age: 250ms", "");
    SCENE_EQUAL(scene.s->connections.opened, 3);
    SCENE_EQUAL(scene.s->connections.reused, 6);
    scene_close(&scene);
    USER("max_age: constant(5ms)", ""); /* closed after the one that opened it */
    SCENE_EQUAL(scene.s->connections.opened, 9);
    SCENE_EQUAL(scene.s->connections.reused, 0);
    scene_close(&scene);
}

/* One client asks every 100 ms for 250 ms of work: three at once. */
#define BUSY(connections, more)                                                                    \
    SCENE_RUN(&scene, "clients:\n  - name: c\n    arrivals: uniform(rate=10/s)\n"                  \
                      "    population: {clients: 1}\n    connections: {" connections "}\n"         \
                      "    requests: [{name: r, work: constant(250ms)}]\n" more                    \
                      "balancer: {algorithm: round-robin}\nbackends: [{name: a, slots: 9}]\n"      \
                      "run: {duration: 3050ms, settle: 10s}\n")

static void at_once(void)
{
    BUSY("protocol: http1", "");
    SCENE_EQUAL(scene.s->counts.ok, 30);
    SCENE_EQUAL(scene.s->connections.opened, 3);
    scene_close(&scene);
    BUSY("protocol: http2", "");
    SCENE_EQUAL(scene.s->connections.opened, 1);
    SCENE_TIMES(&scene.s->latency, 30, MS(30 * 250), MS(250), MS(250));
    scene_close(&scene);
    BUSY("protocol: http2, streams: 2", "");
    SCENE_EQUAL(scene.s->connections.opened, 2);
    scene_close(&scene);
}

/* One connection bears four a second of the ten: the n-th, from 0, comes at 100 (n + 1) ms and waits for
 * 150 n ms at its client. */
static void waiting(void)
{
    BUSY("per_client: 1", "");
    SCENE_EQUAL(scene.s->connections.opened, 1);
    SCENE_TIMES(&scene.s->latency, 30, MS(30 * 250 + 150 * (29 * 30 / 2)), MS(250),
                MS(250 + 29 * 150));
    scene_close(&scene);
    /* The second comes at 200 ms, gets the connection at 350 and is left at 550, which closes it: the
     * third has a new one then, and is left 100 ms later, and so on: at 550, ... 2950 within 3050. */
    BUSY("per_client: 1", "    timeout: 350ms\n");
    SCENE_EQUAL(scene.s->counts.ok, 1);
    SCENE_EQUAL(scene_failed(&scene, CAUSE_RESPONSE_TIMEOUT), 29);
    SCENE_EQUAL(scene.s->connections.opened, 26);
    scene_close(&scene);
}

/* --- handshakes --------------------------------------------------------------------------------- */

/* A connection a request: 10 ms to open, 10 for the handshake's way, and its cost. */
static void handshakes(void)
{
    USER("requests: 1", ", tls: {handshake: 4ms, resumed: 1ms}");
    SCENE_EQUAL(scene.s->connections.full, 1);
    SCENE_EQUAL(scene.s->connections.resumed, 7);
    SCENE_TIMES(&scene.s->latency, 8, MS(44 + 7 * 41), MS(41), MS(44));
    scene_close(&scene);
    USER("requests: 1", ", tls: {handshake: 4ms, resumed: 1ms, resume: 0}");
    SCENE_EQUAL(scene.s->connections.full, 8);
    scene_close(&scene);
    USER("requests: 1", ", tls: {handshake: 4ms, resumed: 1ms, ticket_life: 100ms}");
    SCENE_EQUAL(scene.s->connections.resumed, 0);
    scene_close(&scene);
    USER("requests: 1", ", tls: {handshake: 4ms, round_trips: 0}");
    SCENE_TIMES(&scene.s->latency, 9, MS(9 * 34), MS(34), MS(34));
    scene_close(&scene);
    USER("idle: 0", ", tls: {handshake: 4ms}");
    SCENE_TIMES(&scene.s->latency, 9, MS(44 + 8 * 20), MS(20), MS(44));
    scene_close(&scene);
}

/* A backend that makes them works for them: 10 ms a request and 4 a connection. */
static void passed_through(void)
{
    USER("requests: 2", ", layer: 4, tls: {terminate: no, handshake: 4ms}");
    SCENE_EQUAL(scene.s->counts.ok, 9);
    SCENE_EQUAL(scene.s->connections.full + scene.s->connections.resumed, 5);
    CU_ASSERT_DOUBLE_EQUAL(scene.run->world.counts[0].work_done, 1e6 * (9 * 10 + 5 * 4), 1);
    SCENE_TIMES(&scene.s->latency, 9, MS(5 * 44 + 4 * 20), MS(20), MS(44));
    scene_close(&scene);
}

/* Two clients in turn, and a table for one ticket: nobody ever finds his. */
static void tickets(void)
{
    static const char text[] =
        "clients:\n  - name: c\n    users: 2\n    think: constant(50ms)\n"
        "    connections: {requests: 1}\n    requests: [{name: r, work: constant(10ms)}]\n"
        "balancer: {algorithm: round-robin, tls: {handshake: 4ms, resumed: 1ms, tickets: %d}}\n"
        "backends: [{name: a}]\nrun: {duration: 2s}\n";
    scene_open(&scene, text, 1);
    scene_end(&scene);
    SCENE_EQUAL(scene.s->connections.resumed, 0);
    CU_ASSERT(scene.s->connections.full > 20);
    scene_close(&scene);
    scene_open(&scene, text, 2);
    scene_end(&scene);
    SCENE_EQUAL(scene.s->connections.full, 2);
    scene_close(&scene);
}

/* --- slow clients ------------------------------------------------------------------------------- */

/* Twenty slow ones, who take 10 s to send a request, and one user who asks each 100 ms. */
#define SLOW(balancer)                                                                             \
    SCENE_RUN(&scene,                                                                              \
              "clients:\n  - name: slow\n    users: 20\n    think: exponential(mean=100ms)\n"      \
              "    connections: {hold: 10s}\n"                                                     \
              "    requests: [{name: s, work: constant(1ms)}]\n"                                   \
              "  - name: c\n    users: 1\n    think: constant(90ms)\n"                             \
              "    connections: {idle: 0, requests: 1}\n"                                          \
              "    requests: [{name: r, work: constant(10ms)}]\n"                                  \
              "balancer: {algorithm: round-robin" balancer "}\nbackends: [{name: a}]\n"            \
              "run: {duration: 30s, warmup: 5s, kind: steady}\n")

static void slow_clients(void)
{
    const struct summary_counts *quick;
    SLOW("");
    quick = &scene.s->classes[1].counts;
    SCENE_EQUAL(quick->ok, quick->arrived);
    scene_close(&scene);
    /* ten places, taken for 10 s, and ten who are ready to take one as soon as it is free */
    SLOW(", max_connections: 10");
    quick = &scene.s->classes[1].counts;
    CU_ASSERT(quick->cause[CAUSE_CONNECTIONS_FULL] > quick->arrived * 8 / 10);
    SCENE_EQUAL(scene.s->connections.refused, scene_failed(&scene, CAUSE_CONNECTIONS_FULL));
    scene_close(&scene);
    /* the remedy: places are free from 50 ms after they were taken */
    SLOW(", max_connections: 10, header_timeout: 50ms");
    quick = &scene.s->classes[1].counts;
    CU_ASSERT(quick->arrived > 200 && quick->ok > quick->arrived * 9 / 10);
    CU_ASSERT(scene_failed(&scene, CAUSE_HEADER_TIMEOUT) > 1000);
    scene_close(&scene);
}

/* Half of the way is sending: the ledger of those who are late says so. */
static void why(void)
{
    SCENE_RUN(&scene, "clients:\n  - name: c\n    users: 1\n    think: constant(1s)\n"
                      "    connections: {hold: 30ms}\n    objective: 10ms\n"
                      "    requests: [{name: r, work: constant(10ms)}]\n"
                      "balancer: {algorithm: round-robin}\nbackends: [{name: a}]\n"
                      "run: {duration: 10s}\n");
    SCENE_EQUAL(scene.s->ledger_count, 1);
    CU_ASSERT_STRING_EQUAL(scene.s->ledger[0].why, "slow client");
    scene_close(&scene);
    SCENE_RUN(&scene, "clients:\n  - name: c\n    users: 1\n    think: constant(1s)\n"
                      "    connections: {idle: 10ms}\n    objective: 10ms\n"
                      "    requests: [{name: r, work: constant(10ms)}]\n"
                      "network: {client_balancer: 8ms}\n"
                      "balancer: {algorithm: round-robin, tls: {handshake: 1ms}}\n"
                      "backends: [{name: a}]\nrun: {duration: 10s}\n");
    SCENE_EQUAL(scene.s->ledger_count, 1);
    CU_ASSERT_STRING_EQUAL(scene.s->ledger[0].why, "opening");
    scene_close(&scene);
}

/* --- several balancers -------------------------------------------------------------------------- */

/* Which of four balancers have had a request of the one client, seen every 10 ms for 4 s. */
static unsigned ways(const char *requests)
{
    unsigned seen = 0;
    scene_open(&scene,
               "clients:\n  - name: c\n    arrivals: uniform(rate=100/s)\n"
               "    population: {clients: 1}\n    connections: {requests: %s}\n"
               "    requests: [{name: r, work: constant(5ms)}]\n"
               "balancer: {algorithm: round-robin, count: 4, clients: ecmp}\n"
               "backends: [{name: a, count: 2}]\nrun: {duration: 4s}\n",
               requests);
    for (lb_time t = MS(12); t < MS(4000); t += MS(10)) {
        run_until(scene.run, t);
        for (unsigned i = 0; i < 4; i++)
            if (balancer_in_flight(&scene.run->world.fronts[i].balancer, 0) +
                    balancer_in_flight(&scene.run->world.fronts[i].balancer, 1) >
                0)
                seen |= 1U << i;
    }
    scene_close(&scene);
    return seen;
}

/* A router that hashes flows sends each connection one way, whatever it carries. */
static void one_way(void)
{
    unsigned one = ways("unlimited");
    CU_ASSERT(one != 0 && (one & (one - 1)) == 0);
    SCENE_EQUAL(ways("1"), 15);
}

/* --- the story ---------------------------------------------------------------------------------- */

static void hear(void *self, const struct story_step *step)
{
    struct text *all = self;
    text_addf(all, "%s: %s\n", step->what, step->text);
}

static void story(void)
{
    struct text all;
    text_init(&all);
    scene_open(&scene,
               "clients:\n  - name: c\n    users: 1\n    think: constant(80ms)\n"
               "    connections: {idle: 0}\n    requests: [{name: r, work: constant(10ms)}]\n"
               "network: {client_balancer: 5ms}\n"
               "balancer: {algorithm: round-robin, layer: 4}\nbackends: [{name: a}]\n"
               "run: {duration: 1s}\n");
    for (uint64_t number = 0; number < 2; number++) {
        struct run_setup setup = {
            .scenario = scene.scenario, .tell_story = hear, .story_self = &all, .story_of = number};
        struct run *run = run_create(&setup, NULL);
        run_until(run, LB_NEVER - 1);
        run_destroy(run);
    }
    CU_ASSERT_PTR_NOT_NULL(strstr(all.data, "connection: opens a connection to the balancer, "
                                            "which takes 10 ms\n"));
    CU_ASSERT_PTR_NOT_NULL(strstr(all.data,
                                  "connection: goes on a connection opened 110 ms before, "
                                  "which leads to a, 1 request on it\n"));
    CU_ASSERT_PTR_NOT_NULL(strstr(all.data, "sent: sent to a, by affinity, without a pick\n"));
    text_done(&all);
    scene_close(&scene);
}

static const struct check_test tests[] = {
    {"a connection is kept", kept},
    {"and closed when it is silent", silent},
    {"or has carried enough", counted},
    {"or is old", aged},
    {"one request at a time, or several", at_once},
    {"clients wait for their own", waiting},
    {"handshakes", handshakes},
    {"handshakes of a backend", passed_through},
    {"tickets", tickets},
    {"slow clients", slow_clients},
    {"why", why},
    {"one way for each", one_way},
    {"the story", story},
};

CHECK_MAIN("connections")
