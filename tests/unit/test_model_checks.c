/*
 * Active health checks: when probes go out, what becomes of them, and how belief follows truth. The
 * phase of the first check is a draw with an address, so the moment of each is known to the test.
 * timeout: 120 (for the runner of tests, which would take one of a scenario below)
 */
#include "sim/base/stream.h"
#include "tests/check.h"
#include "tests/unit/scenes.h"

#define MS(n) ((lb_time)(n)*SCENE_MS)

static struct scene scene;

/* When the first check of a backend starts, seed 1. */
static lb_time phase(uint32_t backend, lb_time every)
{
    struct stream_key key = {.seed = 1};
    struct lb_random random;
    stream_open(&random, &key, STREAM_CHECK, backend, 0);
    return (lb_time)(lb_random_unit(&random) * (double)every);
}

/* The first check at or after t, at a fixed pace. */
static lb_time check_after(uint32_t backend, lb_time every, lb_time t)
{
    lb_time first = phase(backend, every);
    lb_time n = t > first ? (t - first + every - 1) / every : 0;
    return first + n * every;
}

/* When the belief about a backend turned to `to`, for the first time after `from`; -1 = never. */
static lb_time turned(uint32_t backend, enum belief to, lb_time from)
{
    const struct scene_event *e = scene_belief(&scene, backend, to, from);
    return e != NULL ? e->at : -1;
}

#define CHECKS(more) "health: {active: {every: 100ms, timeout: 30ms, rise: 2, fall: 3" more "}}"

/* Backend b dies at 450 and is back at 1650; a is well all the time. */
static void belief_follows_truth(void)
{
    SCENE_PLAY(&scene, "10/s", "1ms",
               "balancer: {algorithm: round-robin, " CHECKS(
                   "") "}\n"
                       "backends: [{name: a}, {name: b}]\n"
                       "timeline: [{at: 450ms, kill: b}, {at: 1650ms, restore: b}]\n"
                       "run: {duration: 3s}\n");
    lb_time down = check_after(1, MS(100), MS(450)) + MS(200); /* the third that is refused */
    lb_time up = check_after(1, MS(100), MS(1650)) + MS(100);  /* the second that is answered */
    SCENE_EQUAL(turned(1, BELIEF_DOWN, 0), down);
    SCENE_EQUAL(turned(1, BELIEF_UP, 0), up);
    SCENE_EQUAL(turned(0, BELIEF_DOWN, 0), -1);
    const struct scene_event *e = scene_belief(&scene, 1, BELIEF_DOWN, 0);
    CU_ASSERT(e->from == BELIEF_UP && e->truth == TRUTH_DOWN);
    /* Refused are the requests that b gets while it is dead and held for up: those of 600 ms and,
     * when detection takes longer, 800 (every other one, from 400 ms on). */
    uint64_t refused = 0;
    for (lb_time t = MS(600); t < down; t += MS(200))
        refused++;
    SCENE_EQUAL(scene_failed(&scene, CAUSE_REFUSED), refused);
    scene_close(&scene);
}

static void belief_and_truth_are_shown_apart(void)
{
    scene_open_plain(&scene, "10/s", "1ms",
                     "balancer: {algorithm: round-robin, " CHECKS(
                         "") "}\n"
                             "backends: [{name: a}]\ntimeline: [{at: 450ms, kill: a}]\n"
                             "run: {duration: 3s}\n");
    run_until(scene.run, MS(450));
    const struct sample_backend *row = run_look(scene.run)->backends;
    CU_ASSERT(row->belief == BELIEF_UP && row->truth == TRUTH_DOWN);
    run_until(scene.run, MS(750));
    row = run_look(scene.run)->backends;
    CU_ASSERT(row->belief == BELIEF_DOWN && row->truth == TRUTH_DOWN);
    scene_command(&scene, ACTION_RESTORE, "a", NULL);
    run_until(scene.run, MS(751));
    row = run_look(scene.run)->backends;
    CU_ASSERT(row->belief == BELIEF_DOWN && row->truth == TRUTH_OK);
    run_until(scene.run, MS(951));
    row = run_look(scene.run)->backends;
    CU_ASSERT(row->belief == BELIEF_UP && row->truth == TRUTH_OK);
    scene_command(&scene, ACTION_SLOW, "a", "50%");
    scene_command(&scene, ACTION_DRAIN, "a", NULL);
    run_until(scene.run, MS(952));
    row = run_look(scene.run)->backends;
    CU_ASSERT(row->belief == BELIEF_DRAINING && row->truth == TRUTH_SLOW);
    scene_end(&scene);
    scene_close(&scene);
}

/* A hung backend accepts: each probe costs its timeout; the interval runs from start to start, or
 * from the end of one to the start of the next. Restored, it answers at once. */
static void hang_at_both_paces(void)
{
    static const char *const paces[] = {"fixed", "after-result"};
    for (int i = 0; i < 2; i++) {
        SCENE_PLAY(&scene, "10/s", "1ms",
                   "balancer: {algorithm: round-robin, " CHECKS(
                       ", pace: %s") "}\n"
                                     "backends: [{name: a}]\n"
                                     "timeline: [{at: 450ms, hang: a}, {at: 2s, restore: a}]\nrun: "
                                     "{duration: 3s}\n",
                   paces[i]);
        lb_time first = check_after(0, MS(100), MS(450)); /* healthy checks take no time */
        lb_time down = first + 2 * MS(i == 0 ? 100 : 130) + MS(30);
        SCENE_EQUAL(turned(0, BELIEF_DOWN, 0), down);
        lb_time every = MS(i == 0 ? 100 : 130), next = first;
        while (next < MS(2000))
            next += every;
        /* A probe that went out before 2 s times out after: at a fixed pace it does not matter. */
        SCENE_EQUAL(turned(0, BELIEF_UP, 0), next + MS(100));
        scene_close(&scene);
    }
}

/* 20 ms there and back: a probe that takes longer than its timeout has failed. */
static void probes_travel(void)
{
    static const int timeouts[] = {39, 41};
    for (int i = 0; i < 2; i++) {
        SCENE_PLAY(&scene, "10/s", "1ms",
                   "network: {balancer_backend: 20ms}\n"
                   "balancer: {algorithm: round-robin, health: {active: {every: 100ms, "
                   "timeout: %dms, fall: 1, rise: 1, pace: after-result}}}\n"
                   "backends: [{name: a}]\ntimeline: [{at: 1s, kill: a}]\nrun: {duration: 2s}\n",
                   timeouts[i]);
        if (i == 0) {
            SCENE_EQUAL(turned(0, BELIEF_DOWN, 0), phase(0, MS(100)) + MS(39));
        } else { /* each takes 140 ms; the first that arrives after 1 s is refused */
            lb_time start = phase(0, MS(100));
            while (start + MS(20) < MS(1000))
                start += MS(140);
            SCENE_EQUAL(turned(0, BELIEF_DOWN, 0), start + MS(40));
        }
        scene_close(&scene);
    }
}

/* One slot, busy for 80 ms of every 100 from 100 ms on. A probe through the queue waits, or is
 * turned away when the queue is full; a reserved one is answered at once. */
static void through_the_queue_or_past_it(void)
{
    static const struct {
        const char *through, *queue;
        bool fails;
    } cases[] = {{"queue", "1", true}, {"queue", "0", true}, {"reserved", "0", false}};
    for (int i = 0; i < 3; i++) {
        SCENE_PLAY(&scene, "10/s", "80ms",
                   "balancer: {algorithm: round-robin, health: {active: {every: 100ms, "
                   "timeout: 1ms, fall: 1, rise: 1, through: %s}}}\n"
                   "backends: [{name: a, queue: %s}]\nrun: {duration: 1s}\n",
                   cases[i].through, cases[i].queue);
        lb_time first = check_after(0, MS(100), MS(100)), into = first % MS(100);
        CU_ASSERT_FATAL(into > 0 && into < MS(78)); /* seed 1: while the slot is busy */
        lb_time expected = !cases[i].fails ? -1 : first + (i == 0 ? MS(1) : 0);
        SCENE_EQUAL(turned(0, BELIEF_DOWN, 0), expected);
        scene_close(&scene);
    }
    /* With patience it waits for the slot and passes. */
    SCENE_PLAY(&scene, "10/s", "80ms",
               "balancer: {algorithm: round-robin, health: {active: {every: 100ms, fall: 1, "
               "timeout: 90ms}}}\nbackends: [{name: a}]\nrun: {duration: 1s}\n");
    SCENE_EQUAL(turned(0, BELIEF_DOWN, 0), -1);
    SCENE_EQUAL(scene.s->counts.ok, 9);
    CHECK_CLOSE(scene.s->backends[0].utilization, 0.72, 1e-12); /* a probe takes no time there */
    SCENE_EQUAL(scene.s->backends[0].picks, 9);                 /* and is no pick */
    scene_close(&scene);
}

/* A probe in the queue of a process that dies is reset with it: that is a failed check. */
static void a_probe_dies_with_the_process(void)
{
    SCENE_PLAY(&scene, "10/s", "90ms",
               "balancer: {algorithm: round-robin, health: {active: {every: 100ms, fall: 1, "
               "timeout: 95ms}}}\nbackends: [{name: a}]\n"
               "timeline: [{at: 185ms, kill: a}]\nrun: {duration: 1s}\n");
    lb_time first = check_after(0, MS(100), MS(100));
    CU_ASSERT_FATAL(first < MS(185));
    SCENE_EQUAL(turned(0, BELIEF_DOWN, 0), MS(185));
    scene_close(&scene);
}

/* So is one that a hung process has accepted and will never answer. */
static void a_probe_dies_with_a_hung_process(void)
{
    static const char *const ends[] = {"kill", "restore"};
    for (int i = 0; i < 2; i++) {
        SCENE_PLAY(&scene, "10/s", "1ms",
                   "balancer: {algorithm: round-robin, health: {active: {every: 100ms, fall: 1, "
                   "rise: 1, timeout: 95ms}}}\nbackends: [{name: a}]\n"
                   "timeline: [{at: 105ms, hang: a}, {at: 185ms, %s: a}]\nrun: {duration: 1s}\n",
                   ends[i]);
        lb_time first = check_after(0, MS(100), MS(105));
        CU_ASSERT_FATAL(first < MS(185));
        SCENE_EQUAL(turned(0, BELIEF_DOWN, 0), MS(185));
        SCENE_EQUAL(turned(0, BELIEF_UP, 0), i == 0 ? -1 : first + MS(100));
        scene_close(&scene);
    }
}

/* Down by checks, up again, while a person drains: the reasons do not undo each other. */
static void drained_and_down(void)
{
    SCENE_PLAY(&scene, "10/s", "1ms",
               "balancer: {algorithm: round-robin, " CHECKS(
                   "") "}\n"
                       "backends: [{name: a}, {name: b}]\n"
                       "timeline: [{at: 50ms, drain: a}, {at: 450ms, kill: a, for: 1s}]\n"
                       "run: {duration: 3s}\n");
    /* `for` ends with a restore, which takes back the drain, too; the checks decide the rest. */
    SCENE_EQUAL(turned(0, BELIEF_DRAINING, 0), MS(50));
    SCENE_EQUAL(turned(0, BELIEF_DOWN, 0), check_after(0, MS(100), MS(450)) + MS(200));
    SCENE_EQUAL(turned(0, BELIEF_UP, 0), check_after(0, MS(100), MS(1450)) + MS(100));
    lb_time up = turned(0, BELIEF_UP, 0);
    SCENE_EQUAL(scene.s->counts.failed, 0); /* nothing went there all the while */
    uint64_t picks = 0;
    for (lb_time t = MS(100); t < MS(3000); t += MS(100))
        picks += t > up;
    CU_ASSERT(scene.s->backends[0].picks >= picks / 2 &&
              scene.s->backends[0].picks <= picks / 2 + 1);
    scene_close(&scene);
}

/* Checks have phases of their own for each backend, the same whatever algorithm is in force. */
static void phases_do_not_depend_on_the_algorithm(void)
{
    static const char *const algorithms[] = {"round-robin", "random", "least-connections"};
    lb_time down[3][2];
    for (int i = 0; i < 3; i++) {
        SCENE_PLAY(&scene, "100/s", "3ms",
                   "balancer: {algorithm: %s, " CHECKS(
                       "") "}\n"
                           "backends: [{name: s, count: 2}]\ntimeline: [{at: 450ms, kill: s}]\n"
                           "run: {duration: 1s}\n",
                   algorithms[i]);
        for (uint32_t b = 0; b < 2; b++)
            down[i][b] = turned(b, BELIEF_DOWN, 0);
        scene_close(&scene);
    }
    for (int i = 1; i < 3; i++)
        CU_ASSERT(down[i][0] == down[0][0] && down[i][1] == down[0][1]);
    CU_ASSERT(down[0][0] != down[0][1]);
}

static const struct check_test tests[] = {
    {"belief follows truth", belief_follows_truth},
    {"belief and truth apart", belief_and_truth_are_shown_apart},
    {"hang, at both paces", hang_at_both_paces},
    {"probes travel", probes_travel},
    {"through the queue", through_the_queue_or_past_it},
    {"a probe dies with the process", a_probe_dies_with_the_process},
    {"a probe dies with a hung process", a_probe_dies_with_a_hung_process},
    {"drained and down", drained_and_down},
    {"phases", phases_do_not_depend_on_the_algorithm},
};

CHECK_MAIN("model: checks")
