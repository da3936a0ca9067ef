/*
 * What algorithms are told beyond the books (sim/model/tell.h): reports with answers, probes, the
 * truth, keys. A test algorithm writes down what it hears; arrivals and work are constant, so that
 * every figure follows by hand.
 */
#include <string.h>

#include "tests/check.h"
#include "tests/unit/scenes.h"

#define MS(n)    ((lb_time)(n)*SCENE_MS)
#define HEARD    4096
#define KEY_ROOM 32

static struct scene scene;

/* --- an algorithm that listens ---------------------------------------------------------------- */

struct heard {
    lb_time at;
    int32_t row;
    bool lost;
    struct lb_load load;
};

static struct {
    struct lb_setup setup;
    struct heard report[HEARD], probe[HEARD];
    unsigned reports, silent, probes;
    uint32_t asked;            /* rows to probe after each pick */
    lb_time work_left[HEARD];  /* of row 0, at each pick */
    uint32_t present[HEARD];   /* likewise */
    char key[HEARD][KEY_ROOM]; /* of each pick */
    struct lb_request last;
    unsigned picks;
    bool pinned; /* everything to row 0 */
} ear;

static void *listen(const struct lb_setup *setup, struct lb_error *error)
{
    (void)error;
    uint32_t asked = ear.asked;
    bool pinned = ear.pinned;
    memset(&ear, 0, sizeof ear);
    ear.asked = asked;
    ear.pinned = pinned;
    ear.setup = *setup;
    return &ear;
}

static void stop_listening(void *state)
{
    (void)state;
}

static int32_t pick_and_look(void *state, const struct lb_request *request, lb_time now)
{
    (void)state, (void)now;
    if (ear.picks < HEARD) {
        if (ear.setup.truth != NULL) {
            ear.work_left[ear.picks] = ear.setup.truth->work_left[0];
            ear.present[ear.picks] = ear.setup.truth->present[0];
        }
        if (request->key_size > 0)
            snprintf(ear.key[ear.picks], KEY_ROOM, "%.*s", (int)request->key_size,
                     (const char *)request->key);
    }
    ear.last = *request;
    uint32_t turn = ear.picks++ % ear.setup.pool->count;
    return ear.pinned ? 0 : (int32_t)turn;
}

static void hear_report(void *state, int32_t row, const struct lb_outcome *outcome, lb_time now)
{
    (void)state;
    if (outcome->load == NULL)
        ear.silent++;
    else if (ear.reports < HEARD)
        ear.report[ear.reports++] = (struct heard){now, row, false, *outcome->load};
}

static uint32_t ask(void *state, int32_t *target, uint32_t max, lb_time now)
{
    (void)state, (void)now;
    for (uint32_t i = 0; i < ear.asked && i < max; i++)
        target[i] = (int32_t)i;
    return ear.asked;
}

static void hear_probe(void *state, int32_t row, const struct lb_load *load, lb_time now)
{
    (void)state;
    if (ear.probes < HEARD)
        ear.probe[ear.probes++] = (struct heard){
            now, row, load == NULL, load != NULL ? *load : (struct lb_load){.in_flight = 0}};
}

static struct lb_algorithm listener(unsigned needs)
{
    struct lb_algorithm a = {.abi = LB_ABI,
                             .name = "listener",
                             .needs = needs,
                             .create = listen,
                             .destroy = stop_listening,
                             .pick = pick_and_look,
                             .on_attempt_finish = hear_report};
    if ((needs & LB_NEED_PROBE) != 0) {
        a.probe_targets = ask;
        a.on_probe = hear_probe;
    }
    return a;
}

static struct lb_algorithm current;

static void open_with(unsigned needs, const char *rate, const char *work, const char *rest)
{
    scene_open_plain(&scene, rate, work, "balancer: {algorithm: round-robin}\n%s", rest);
    current = listener(needs);
    scene.scenario->balancer.algorithm = &current;
    scene_again(&scene, 0);
}

/* --- load reports ----------------------------------------------------------------------------- */

/* 10 requests a second of 50 ms on one of two slots: half a slot busy, a quarter of the backend. */
static void reports_come_with_answers(void)
{
    ear.pinned = true;
    open_with(LB_NEED_LOAD, "10/s", "50ms",
              "backends: [{name: a, slots: 2}]\nrun: {duration: 5s}\n");
    scene_end(&scene);
    SCENE_EQUAL(ear.reports, scene.s->counts.ok);
    SCENE_EQUAL(ear.silent, 0);
    for (unsigned i = 0; i < ear.reports; i++) {
        const struct lb_load *load = &ear.report[i].load;
        SCENE_EQUAL(load->in_flight, 0); /* alone, and just gone */
        CU_ASSERT(load->idle);
        SCENE_EQUAL(load->latency, MS(50));
        SCENE_EQUAL(load->service_time, MS(50));
        if (ear.report[i].at > MS(2200)) { /* after two whole windows */
            CHECK_CLOSE(load->rate, 10, 0.051);
            CHECK_CLOSE(load->utilization, 0.25, 0.051);
        }
        CU_ASSERT(load->error_rate == 0);
    }
    scene_close(&scene);
}

/* A second backend is dead: what it refuses brings no report. A slow one says so in its times. */
static void who_answers_nothing_reports_nothing(void)
{
    ear.pinned = false;
    open_with(LB_NEED_LOAD, "10/s", "20ms",
              "backends: [{name: a}, {name: b}]\n"
              "timeline: [{at: 0, kill: b}, {at: 0, slow: a, to: 50%}]\nrun: {duration: 5s}\n");
    scene_end(&scene);
    SCENE_EQUAL(ear.reports, scene.s->counts.ok);
    SCENE_EQUAL(ear.silent, scene_failed(&scene, CAUSE_REFUSED));
    CU_ASSERT(ear.silent > 10);
    for (unsigned i = 0; i < ear.reports; i++) {
        SCENE_EQUAL(ear.report[i].row, 0);
        SCENE_EQUAL(ear.report[i].load.service_time, MS(40));
    }
    scene_close(&scene);
}

/* Whoever does not ask for reports gets none. */
static void nobody_else_is_told(void)
{
    ear.pinned = true;
    open_with(0, "10/s", "20ms", "backends: [{name: a}]\nrun: {duration: 2s}\n");
    scene_end(&scene);
    SCENE_EQUAL(ear.reports, 0);
    SCENE_EQUAL(ear.silent, scene.s->counts.ok);
    CU_ASSERT(ear.setup.truth == NULL && ear.last.key_size == 0);
    scene_close(&scene);
}

/* --- probes ----------------------------------------------------------------------------------- */

/* One slot, 10/s of 350 ms: the queue grows. A probe is answered beside the queue, one way there and
 * one way back after its pick, and counts who is present. */
static void probes_go_beside_the_queue(void)
{
    ear.pinned = true;
    ear.asked = 1;
    open_with(LB_NEED_PROBE, "10/s", "350ms",
              "network: {balancer_backend: 3ms}\nbackends: [{name: a}]\n"
              "run: {duration: 1050ms, settle: 9s}\n");
    run_until(scene.run, MS(1050));
    SCENE_EQUAL(ear.probes, ear.picks);
    for (unsigned i = 0; i < ear.probes; i++) {
        CU_ASSERT(!ear.probe[i].lost);
        SCENE_EQUAL(ear.probe[i].at, MS(100) * (i + 1) + MS(6));
    }
    /* it leaves with its request, and arrives after it: 1 present, 2, 3; the first ends at 453 */
    SCENE_EQUAL(ear.probe[0].load.in_flight, 1);
    SCENE_EQUAL(ear.probe[3].load.in_flight, 4);
    SCENE_EQUAL(ear.probe[4].load.in_flight, 4);
    SCENE_EQUAL(ear.probe[4].load.queue, 3);
    SCENE_EQUAL(ear.probe[3].load.latency, 0); /* nothing answered yet */
    SCENE_EQUAL(ear.probe[4].load.latency, MS(350));
    scene_end(&scene);
    scene_close(&scene);
}

/* A dead process refuses: lost at once. A hung one is heard of never: lost after a second. */
static void probes_are_lost(void)
{
    ear.pinned = true;
    ear.asked = 3;
    open_with(LB_NEED_PROBE, "1/s", "1ms",
              "backends: [{name: a}, {name: b}, {name: c}]\n"
              "timeline: [{at: 0, kill: b}, {at: 0, hang: c}]\nrun: {duration: 3500ms}\n");
    run_until(scene.run, MS(1500));
    SCENE_EQUAL(ear.probes, 2); /* of the pick at 1 s: a answers, b refuses */
    CU_ASSERT(!ear.probe[0].lost && ear.probe[0].row == 0);
    CU_ASSERT(ear.probe[1].lost && ear.probe[1].row == 1);
    SCENE_EQUAL(ear.probe[1].at, MS(1000));
    run_until(scene.run, MS(2500));
    SCENE_EQUAL(ear.probes, 5); /* c of the first pick, given up, and a and b of the second */
    unsigned given_up = 0;
    for (unsigned i = 2; i < 5; i++)
        given_up += ear.probe[i].row == 2 && ear.probe[i].lost && ear.probe[i].at == MS(2000);
    SCENE_EQUAL(given_up, 1);
    scene_end(&scene);
    scene_close(&scene);
}

/* --- the truth -------------------------------------------------------------------------------- */

/* 10/s of 250 ms at one slot: when the n-th comes, at 100 n, 250 (n - 1) has come and what has been
 * done since 100 is done. */
static void the_truth_is_true(void)
{
    static const char *const disciplines[] = {"fifo", "ps"};
    for (int d = 0; d < 2; d++) {
        char rest[128];
        ear.pinned = true;
        snprintf(rest, sizeof rest,
                 "backends: [{name: a, discipline: %s, speed: 2}]\n"
                 "run: {duration: 1050ms, settle: 9s}\n",
                 disciplines[d]);
        open_with(LB_NEED_ORACLE | LB_NEED_WORK, "10/s", "250ms", rest);
        scene_end(&scene);
        CU_ASSERT(ear.picks >= 10);
        for (unsigned i = 0; i < 10; i++) {
            lb_time left = MS(250) * i - MS(200) * i; /* speed 2: 200 ms of work in 100 ms */
            CU_ASSERT(ear.work_left[i] >= left - 2 && ear.work_left[i] <= left + 2);
            /* an end every 125 ms; one at the instant of an arrival comes after it */
            CU_ASSERT(ear.present[i] == i - (i == 0 ? 0 : (100 * i - 1) / 125) || d == 1);
        }
        CU_ASSERT(ear.setup.truth != NULL && ear.setup.truth->slots[0] == 1);
        CU_ASSERT(ear.setup.truth->speed[0] == 2);
        scene_close(&scene);
    }
}

/* A dead or a hung backend serves nothing: its speed is 0; a slow one is as slow as it is. */
static void the_truth_has_speeds(void)
{
    ear.pinned = false;
    open_with(LB_NEED_ORACLE, "10/s", "1ms",
              "backends: [{name: a}, {name: b}, {name: c}, {name: d, slots: 7}]\n"
              "timeline: [{at: 500ms, kill: a}, {at: 500ms, hang: b}, {at: 500ms, slow: c, to: "
              "25%}, {at: 1500ms, restore: a}]\nrun: {duration: 2s}\n");
    run_until(scene.run, MS(1050));
    CU_ASSERT(ear.setup.truth->speed[0] == 0 && ear.setup.truth->speed[1] == 0);
    CU_ASSERT(ear.setup.truth->speed[2] == 0.25 && ear.setup.truth->speed[3] == 1);
    SCENE_EQUAL(ear.setup.truth->slots[3], 7);
    run_until(scene.run, MS(1950));
    CU_ASSERT(ear.setup.truth->speed[0] == 1);
    scene_end(&scene);
    scene_close(&scene);
}

/* --- keys ------------------------------------------------------------------------------------- */

static void a_client_has_a_key_and_an_address(void)
{
    ear.pinned = true;
    scene_open(&scene, "clients:\n"
                       "  - {name: c, arrivals: uniform(rate=100/s), population: {clients: 3},\n"
                       "     requests: [{name: r, work: constant(1ms)}]}\n"
                       "balancer: {algorithm: round-robin}\nbackends: [{name: a}]\n"
                       "run: {duration: 2s}\n");
    current = listener(LB_NEED_KEY);
    scene.scenario->balancer.algorithm = &current;
    scene_again(&scene, 0);
    scene_end(&scene);
    unsigned counts[3] = {0};
    CU_ASSERT(ear.picks >= 190);
    for (unsigned i = 0; i < ear.picks; i++)
        for (unsigned c = 0; c < 3; c++) {
            char name[KEY_ROOM];
            snprintf(name, sizeof name, "client-1-%u", c);
            counts[c] += strcmp(ear.key[i], name) == 0;
        }
    SCENE_EQUAL(counts[0] + counts[1] + counts[2], ear.picks);
    CU_ASSERT(counts[0] > 30 && counts[1] > 30 && counts[2] > 30);
    CU_ASSERT(ear.last.source.family == 4 && ear.last.destination.family == 4);
    scene_close(&scene);
}

static const struct check_test tests[] = {
    {"reports come with answers", reports_come_with_answers},
    {"who answers nothing", who_answers_nothing_reports_nothing},
    {"nobody else is told", nobody_else_is_told},
    {"probes beside the queue", probes_go_beside_the_queue},
    {"probes are lost", probes_are_lost},
    {"the truth is true", the_truth_is_true},
    {"the truth has speeds", the_truth_has_speeds},
    {"keys and addresses", a_client_has_a_key_and_an_address},
};

CHECK_MAIN("model: what algorithms are told")
