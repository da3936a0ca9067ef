/*
 * Sessions: numbers worked out by hand, the same traffic whatever the balancer does, memory of what is
 * open, and loads that count all requests of a session.
 *
 * Means are held to 4.5 standard deviations (once in 10^5); seeds are fixed.
 */
#include <math.h>
#include <stdlib.h>

#include "sim/run/private.h"
#include "tests/check.h"
#include "tests/unit/scenes.h"
#include "tests/unit/world_check.h"

#define MS(n) ((lb_time)(n)*SCENE_MS)

static struct scene scene;

/* Sessions of three requests arrive at 1, 2, ... s; 50 ms of work, 100 ms of thinking: requests at
 * 0, 150 and 300 ms of each, over after 350. */
#define SESSIONS(more, arrivals, backend, rest)                                                    \
    scene_open(&scene, "clients:\n  - name: c\n    arrivals: " arrivals "\n"                       \
                       "    sessions: {requests: 3, think: constant(100ms)" more "}\n"             \
                       "    timeout: 400ms\n    requests: [{name: r, work: constant(50ms)}]\n"     \
                       "balancer: {algorithm: round-robin}\nbackends: [{name: a" backend "}]\n"    \
                       "run: {duration: 10s}\n" rest)

static uint32_t open_at(lb_time when)
{
    run_until(scene.run, when);
    CU_ASSERT_PTR_NULL(world_check(scene.run));
    return scene.run->world.sessions.open;
}

static void by_hand(void)
{
    SESSIONS("", "uniform(rate=1/s)", "", "");
    SCENE_EQUAL(open_at(MS(999)), 0);
    SCENE_EQUAL(open_at(MS(1349)), 1);
    SCENE_EQUAL(open_at(MS(1350)), 0);
    SCENE_EQUAL(open_at(MS(4200)), 1);
    scene_end(&scene);
    SCENE_EQUAL(scene.s->counts.arrived, 27);
    SCENE_EQUAL(scene.s->counts.ok, 27);
    SCENE_EQUAL(scene.s->sessions.begun, 9);
    scene_close(&scene);
}

/* Without a log-out a session stays for 2 s after its last answer. */
static void they_expire(void)
{
    SESSIONS(", logout: no, expires: 2s", "uniform(rate=1/s)", "", "");
    SCENE_EQUAL(open_at(MS(1999)), 1);
    SCENE_EQUAL(open_at(MS(3349)), 3);
    SCENE_EQUAL(open_at(MS(3350)), 2);
    SCENE_EQUAL(open_at(MS(9999)), 2); /* 8 and 9 s; that of 7 s went at 9.35 */
    scene_end(&scene);
    SCENE_EQUAL(scene.s->counts.arrived, 27);
    CU_ASSERT(scene.s->sessions.any);
    scene_close(&scene);
}

/* A refused request is one of the three; the user thinks 100 ms and goes on. A hung one is left after
 * 400 ms: requests at 0, 500 and 1000 ms. */
static void failures_are_followed_by_thoughts(void)
{
    SESSIONS("", "uniform(rate=1/s)", "", "timeline: [{at: 0, kill: a}]\n");
    SCENE_EQUAL(open_at(MS(1199)), 1);
    SCENE_EQUAL(open_at(MS(1200)), 0);
    scene_end(&scene);
    SCENE_EQUAL(scene_failed(&scene, CAUSE_REFUSED), 27);
    scene_close(&scene);
    SESSIONS("", "uniform(rate=1/s)", "", "timeline: [{at: 0, hang: a}]\n");
    SCENE_EQUAL(open_at(MS(2399)), 2);
    SCENE_EQUAL(open_at(MS(2400)), 1);
    scene_end(&scene);
    SCENE_EQUAL(scene_failed(&scene, CAUSE_RESPONSE_TIMEOUT), 9 + 9 + 8);
    scene_close(&scene);
}

/* The timeline changes how many sessions come, not what they do. */
static void the_rate_is_of_sessions(void)
{
    SESSIONS("", "uniform(rate=1/s)", "", "timeline: [{at: 4500ms, rate: c, to: 0}]\n");
    scene_end(&scene);
    SCENE_EQUAL(scene.s->counts.arrived, 4 * 3);
    SCENE_EQUAL(scene.s->sessions.open, 0);
    scene_close(&scene);
}

/* --- chance ------------------------------------------------------------------------------------- */

static const char random_traffic[] =
    "clients:\n  - name: c\n    arrivals: \"steps(40/s, 0/s, every=20s)\"\n"
    "    population: {clients: 50, popularity: zipf(s=1), nat: 30%%}\n"
    "    sessions: {requests: geometric(mean=8), think: exponential(mean=%s)}\n"
    "    requests:\n      - {name: page, share: 80%%, work: exponential(mean=10ms)}\n"
    "      - {name: report, share: 20%%, work: \"lognormal(mean=30ms, cv=1.5)\"}\n"
    "balancer: {algorithm: %s}\nbackends: [{name: a, count: 4, slots: 2}]\n"
    "run: {duration: 500s, seed: 3}\n";

/* Every session has ended long before the end: the same requests, whoever picks, and however slow
 * some of them were. */
static void the_same_whoever_picks(void)
{
    static const char *const algorithms[] = {"round-robin", "power-of-two", "source-hash"};
    uint64_t arrived[2] = {0};
    double work = 0;
    for (int i = 0; i < 3; i++) {
        scene_open(&scene, random_traffic, "1s", algorithms[i]);
        scene_end(&scene);
        double done = 0;
        for (uint32_t b = 0; b < 4; b++)
            done += scene.run->world.counts[b].work_done;
        if (i == 0) {
            work = done;
            for (int c = 0; c < 2; c++)
                arrived[c] = scene.s->classes[c].counts.arrived;
        }
        for (int c = 0; c < 2; c++)
            SCENE_EQUAL(scene.s->classes[c].counts.arrived, arrived[c]);
        CHECK_CLOSE(done, work, 1e-12);
        SCENE_EQUAL(scene.s->sessions.open, 0);
        scene_close(&scene);
    }
}

/* About 800 sessions of 8 requests in the mean, whose number has a variance of 8 x 7. */
static void their_length(void)
{
    double sessions = 0, requests = 0;
    scene_open(&scene, random_traffic, "1s", "random");
    for (uint32_t replication = 0; replication < 10; replication++) {
        scene_again(&scene, replication);
        scene_end(&scene);
        sessions += (double)scene.s->sessions.begun;
        requests += (double)scene.s->counts.arrived;
    }
    CU_ASSERT(fabs(sessions - 8000) < 4.5 * sqrt(8000));
    CU_ASSERT(fabs(requests / sessions - 8) < 4.5 * sqrt(56 / sessions));
    scene_close(&scene);
}

/* Of 20 sessions a second, each open for 8 answers and 7 thoughts of 500 ms, 70 are open and some
 * (Little); memory is what was open at once, not what came. */
static void memory_is_what_is_open(void)
{
    scene_open(&scene,
               "clients:\n  - name: c\n    arrivals: poisson(rate=20/s)\n"
               "    sessions: {requests: geometric(mean=8), think: exponential(mean=500ms)}\n"
               "    requests: [{name: r, work: constant(1ms)}]\n"
               "balancer: {algorithm: random}\nbackends: [{name: a, slots: 100}]\n"
               "run: {duration: 2000s}\n");
    double sum = 0;
    uint32_t most = 0;
    for (int t = 100; t <= 2000; t++) {
        run_until(scene.run, t * SCENE_S);
        uint32_t open = scene.run->world.sessions.open;
        sum += open;
        most = open > most ? open : most;
    }
    /* M/G/inf: Poisson of mean 20 x 3.508; a session lasts some 4 s, so about 500 counts of those
     * are independent. */
    CU_ASSERT(fabs(sum / 1901 - 70.16) < 4.5 * sqrt(70.16 / 300));
    CU_ASSERT(scene.run->world.sessions.begun > 38000);
    CU_ASSERT(scene.run->world.sessions.used < 2 * most);
    scene_close(&scene);
}

/* 8 requests of 10 ms on 4 slots: 50 sessions a second are the whole capacity. */
static void loads_count_requests(void)
{
    scene_open(&scene, "clients:\n  - name: c\n    arrivals: poisson(load=50%%)\n"
                       "    sessions: {requests: geometric(mean=8), think: constant(1s)}\n"
                       "    requests: [{name: r, work: constant(10ms)}]\n"
                       "balancer: {algorithm: random}\nbackends: [{name: a, slots: 4}]\n"
                       "run: {duration: 1s}\n");
    CHECK_CLOSE(scene.scenario->clients[0].rate, 25, 1e-12);
    CHECK_CLOSE(scenario_offered_load(scene.scenario), 0.5, 1e-12);
    scene_close(&scene);
}

/* Who it is stays who it is: the client of all requests of a session. */
static void a_session_is_one_client(void)
{
    scene_open(&scene, random_traffic, "100ms", "random");
    struct world *w = &scene.run->world;
    uint32_t seen = 0, client[64] = {0};
    uint64_t number[64] = {0};
    for (lb_time t = 0; t < 10 * SCENE_S; t += MS(3)) {
        run_until(scene.run, t);
        for (uint32_t id = 1; id <= w->requests.used; id++) {
            struct request *r = world_request(w, id);
            if (r->state == REQUEST_FREE)
                continue;
            const struct session *session = session_of(w, r);
            CU_ASSERT_FATAL(session != NULL && session->open && session->busy);
            uint32_t slot = session->number % 64, who;
            struct lb_address address;
            address_of(w, r, &address, &who);
            CU_ASSERT(who == session->client && who < 50);
            if (number[slot] == session->number + 1)
                CU_ASSERT(client[slot] == who);
            number[slot] = session->number + 1;
            client[slot] = who;
            seen++;
        }
    }
    CU_ASSERT(seen > 1000);
    scene_close(&scene);
}

static const struct check_test tests[] = {
    {"by hand", by_hand},
    {"expiry", they_expire},
    {"failures", failures_are_followed_by_thoughts},
    {"the rate", the_rate_is_of_sessions},
    {"the same whoever picks", the_same_whoever_picks},
    {"length", their_length},
    {"memory", memory_is_what_is_open},
    {"loads", loads_count_requests},
    {"one client", a_session_is_one_client},
};

CHECK_MAIN("model: sessions")
