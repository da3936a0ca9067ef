/*
 * Session state and sticky sessions: what is lost, moved, logged in again and stale, for each store, and
 * who remembers where a client was.
 *
 * Most cases are exact. Two count coins: `lost at a crash` allows 4.5 standard deviations of a
 * binomial, `without stickiness` as many; both have fixed seeds, and would fail by chance once in
 * 150,000 seeds.
 */
#include <math.h>

#include "tests/check.h"
#include "tests/unit/scenes.h"

#define USERS                                                                                      \
    "clients:\n  - {name: u, users: %d, think: constant(100ms),\n"                                 \
    "     requests: [{name: r, work: constant(1ms)}]}\n"

static uint64_t happened(const struct scene *scene, enum session_event event)
{
    return scene->s->sessions.count[event];
}

static void lost_at_a_crash(void)
{
    struct scene scene;
    SCENE_RUN(&scene,
              USERS "balancer: {algorithm: random, sticky: {by: cookie}}\n"
                    "state: {store: memory}\nbackends: [{name: b, count: 5, slots: 1000}]\n"
                    "timeline: [{at: 10s, kill: b2, for: 1ms}]\nrun: {duration: 20s}\n",
              10000);
    double lost = (double)happened(&scene, SESSION_LOST);
    CU_ASSERT(fabs(lost - 2000.0) < 4.5 * 40.0); /* S/N, deviation sqrt(S/N (1 - 1/N)) */
    SCENE_EQUAL(happened(&scene, SESSION_LOGIN), happened(&scene, SESSION_LOST));
    SCENE_EQUAL(scene.s->sessions.open, 10000);
    scene_close(&scene);
}

static void without_stickiness(void)
{
    struct scene scene;
    double kept;
    SCENE_RUN(&scene,
              USERS "balancer: {algorithm: random}\nstate: {store: memory}\n"
                    "backends: [{name: b, count: 5, slots: 1000}]\nrun: {duration: 20s}\n",
              200);
    uint64_t followed = happened(&scene, SESSION_FOLLOWED);
    CU_ASSERT(
        summary_measure(scene.s, &(struct scenario_measure){.metric = METRIC_STICKINESS}, &kept));
    CU_ASSERT(fabs(kept - 0.2) < 4.5 * sqrt(0.2 * 0.8 / (double)followed));
    SCENE_EQUAL(happened(&scene, SESSION_LOST), happened(&scene, SESSION_MOVED));
    SCENE_EQUAL(happened(&scene, SESSION_KEPT) + happened(&scene, SESSION_MOVED), followed);
    scene_close(&scene);
}

/* One user, two backends in turn: 1 ms of work, 10 ms of logging in. */
static void turns(struct scene *scene, const char *sticky, const char *state)
{
    SCENE_RUN(scene,
              USERS "balancer: {algorithm: round-robin%s}\nstate: {%s}\n"
                    "backends: [{name: b, count: 2}]\nrun: {duration: 1s}\n",
              1, sticky, state);
}

static void logging_in_costs(void)
{
    struct scene scene;
    turns(&scene, "",
          "store: memory, login: 10ms"); /* it asks every 111 ms, and logs in each time */
    SCENE_TIMES(&scene.s->latency, 9, 9 * 11 * SCENE_MS, 11 * SCENE_MS, 11 * SCENE_MS);
    SCENE_EQUAL(happened(&scene, SESSION_LOGIN), 8);
    SCENE_EQUAL(happened(&scene, SESSION_LOST), 8);
    scene_close(&scene);
    turns(&scene, ", sticky: {by: cookie}", "store: memory, login: 10ms");
    SCENE_TIMES(&scene.s->latency, 9, (9 + 10) * SCENE_MS, SCENE_MS, 11 * SCENE_MS);
    SCENE_EQUAL(happened(&scene, SESSION_LOGIN), 0);
    scene_close(&scene);
    turns(&scene, "", "store: token, login: 10ms");
    SCENE_TIMES(&scene.s->latency, 9, (9 + 10) * SCENE_MS, SCENE_MS, 11 * SCENE_MS);
    SCENE_EQUAL(happened(&scene, SESSION_MOVED), 8);
    scene_close(&scene);
}

static void copies_lag(void)
{
    struct scene scene;
    turns(&scene, "", "store: replicated, lag: 90ms"); /* asks every 101 ms: the copy has it */
    SCENE_EQUAL(happened(&scene, SESSION_STALE), 0);
    SCENE_EQUAL(happened(&scene, SESSION_LOST), 0);
    scene_close(&scene);
    turns(&scene, "", "store: replicated, lag: 150ms");
    SCENE_EQUAL(happened(&scene, SESSION_STALE), 8);
    SCENE_EQUAL(happened(&scene, SESSION_LOST), 0);
    scene_close(&scene);
    turns(&scene, "", "store: replicated, copies: 1"); /* nobody else has it, but it can be asked */
    SCENE_EQUAL(happened(&scene, SESSION_LOST), 0);
    scene_close(&scene);
}

/* The holder dies 40 ms after the state began, 20 ms after its last change. */
static void crash_within_the_lag(void)
{
    static const struct {
        const char *lag;
        unsigned lost, stale;
    } rows[] = {{"10ms", 0, 0}, {"30ms", 0, 1}, {"50ms", 1, 0}};
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        struct scene scene;
        SCENE_RUN(&scene,
                  "clients: [{name: u, users: 1, think: constant(19ms),\n"
                  "           requests: [{name: r, work: constant(1ms)}]}]\n"
                  "balancer: {algorithm: round-robin, sticky: {by: cookie},\n"
                  "           retries: {max: 1, when: refused}}\n"
                  "state: {store: replicated, lag: %s}\nbackends: [{name: b, count: 2}]\n"
                  "timeline: [{at: 59ms, kill: b1}]\nrun: {duration: 70ms}\n",
                  rows[i].lag); /* asks at 19, 39, 59 (after the kill), ... */
        SCENE_EQUAL(happened(&scene, SESSION_LOST), rows[i].lost);
        SCENE_EQUAL(happened(&scene, SESSION_STALE), rows[i].stale);
        SCENE_EQUAL(happened(&scene, SESSION_MOVED), 1);
        scene_close(&scene);
    }
}

static void external_store(void)
{
    struct scene scene; /* ten at once, each 1 ms; the store has 2 slots and takes 2 ms */
    SCENE_RUN(&scene,
              USERS "balancer: {algorithm: round-robin}\n"
                    "state: {store: external, latency: constant(2ms), slots: 2}\n"
                    "backends: [{name: b, slots: 10}]\nrun: {duration: 105ms}\n",
              10);
    /* fetched at 2, 2, 4, 4, 6, 6, 8, 8, 10, 10 ms */
    SCENE_TIMES(&scene.s->latency, 10, (60 + 10) * SCENE_MS, 3 * SCENE_MS, 11 * SCENE_MS);
    scene_close(&scene);
    SCENE_RUN(&scene,
              USERS "balancer: {algorithm: round-robin}\n"
                    "state: {store: external, login: 5ms, name: redis}\n"
                    "backends: [{name: b, slots: 10}]\n"
                    "timeline: [{at: 150ms, kill: redis, for: 100ms}]\nrun: {duration: 350ms}\n",
              10); /* asks at 100, 206, 306 ms: fails at 206, logs in at 306 */
    SCENE_EQUAL(scene_failed(&scene, CAUSE_STORE), 10);
    SCENE_EQUAL(happened(&scene, SESSION_LOST), 10);
    SCENE_EQUAL(happened(&scene, SESSION_LOGIN), 10);
    SCENE_EQUAL(scene.s->ledger_count, 1);
    CU_ASSERT_STRING_EQUAL(scene.s->ledger[0].why, "session store");
    scene_close(&scene);
}

/* By address: those who share one go the same way; by cookie: those who refuse it are balanced. */
static void who_is_known(void)
{
    struct scene scene;
    SCENE_RUN(&scene, "clients:\n  - {name: c, arrivals: uniform(rate=100/s),\n"
                      "     population: {clients: 50, nat: 100%%},\n"
                      "     requests: [{name: r, work: constant(1ms)}]}\n"
                      "balancer: {algorithm: round-robin, sticky: {by: source}}\n"
                      "backends: [{name: b, count: 4}]\nrun: {duration: 10s}\n");
    SCENE_EQUAL(scene.s->backends[0].picks, scene.s->counts.arrived);
    scene_close(&scene);
    SCENE_RUN(&scene, "clients:\n  - {name: c, arrivals: uniform(rate=100/s),\n"
                      "     population: {clients: 50, no_cookies: 100%%},\n"
                      "     requests: [{name: r, work: constant(1ms)}]}\n"
                      "balancer: {algorithm: round-robin, sticky: {by: cookie}}\n"
                      "backends: [{name: b, count: 4}]\nrun: {duration: 10s}\n");
    CU_ASSERT(scene.s->backends[0].picks - scene.s->backends[3].picks <= 1); /* turns */
    scene_close(&scene);
}

/* A cookie holds for ttl since it was set, an entry of a table since it was used; a full table forgets
 * the oldest. One user asks every 101 ms. */
static void forgetting(void)
{
    static const struct {
        const char *rule;
        int users;
        uint64_t moved;
    } rows[] = {
        {"by: cookie, ttl: 350ms", 1, 2}, /* set at 100, holds until 450; set at 504, until 854 */
        {"by: header, ttl: 350ms", 1, 0}, {"by: header, ttl: 50ms", 1, 8},
        {"by: source, size: 1", 1, 0},    {"by: source, size: 3", 3, 0},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        struct scene scene;
        SCENE_RUN(&scene,
                  USERS "balancer: {algorithm: round-robin, sticky: {%s}}\nstate: {store: token}\n"
                        "backends: [{name: b, count: 2}]\nrun: {duration: 1s}\n",
                  rows[i].users, rows[i].rule);
        SCENE_EQUAL(happened(&scene, SESSION_MOVED), rows[i].moved);
        scene_close(&scene);
    }
}

/* A client follows its cookie to a backend that drains, and leaves one that is believed down. */
static void drained_and_down(void)
{
    struct scene scene;
    SCENE_RUN(&scene,
              USERS "balancer: {algorithm: round-robin, sticky: {by: cookie},\n"
                    "           health: {active: {every: 10ms, fall: 1, rise: 1}}}\n"
                    "state: {store: memory}\nbackends: [{name: b, count: 2, slots: 100}]\n"
                    "timeline: [{at: 150ms, drain: b1}, {at: 550ms, kill: b1}]\n"
                    "run: {duration: 1s}\n",
              10);
    SCENE_EQUAL(happened(&scene, SESSION_MOVED), 5);
    SCENE_EQUAL(happened(&scene, SESSION_LOST), 5);
    SCENE_EQUAL(happened(&scene, SESSION_LOGIN), 5);
    SCENE_EQUAL(scene.s->counts.failed, 0);
    scene_close(&scene);
}

static void sessions_end(void)
{
    struct scene scene;
    SCENE_RUN(&scene,
              "clients:\n  - {name: c, arrivals: uniform(rate=10/s),\n"
              "     sessions: {requests: constant(3), think: constant(10ms)},\n"
              "     requests: [{name: r, work: constant(1ms)}]}\n"
              "balancer: {algorithm: round-robin, sticky: {by: cookie}}\nstate: {store: memory}\n"
              "backends: [{name: b, count: 2}]\nrun: {duration: 10s, settle: 1s}\n");
    SCENE_EQUAL(happened(&scene, SESSION_MOVED), 0);
    CU_ASSERT(scene.run != NULL && scene.s->sessions.begun >= 99);
    CU_ASSERT(scene.s->sessions.open <= 2);
    scene_close(&scene);
}

static const struct check_test tests[] = {
    {"lost at a crash", lost_at_a_crash},
    {"without stickiness", without_stickiness},
    {"logging in costs", logging_in_costs},
    {"copies lag", copies_lag},
    {"a crash within the lag", crash_within_the_lag},
    {"an external store", external_store},
    {"who is known", who_is_known},
    {"forgetting", forgetting},
    {"drained and down", drained_and_down},
    {"sessions end", sessions_end},
};

CHECK_MAIN("model_state")
