/*
 * Actions of the timeline, one by one, with numbers worked out by hand. Requests arrive at 100 ms,
 * 200 ms, ... unless said otherwise, and are called by that.
 * timeout: 120 (for the runner of tests, which would take one of a scenario below)
 */
#include "tests/check.h"
#include "tests/unit/scenes.h"

#define MS(n) ((lb_time)(n)*SCENE_MS)

static struct scene scene;

static void latencies(uint64_t count, lb_time sum, lb_time min, lb_time max)
{
    SCENE_TIMES(&scene.s->latency, count, sum, min, max);
}

#define ROUND_ROBIN "balancer: {algorithm: round-robin}\n"
#define ONE         ROUND_ROBIN "backends: [{name: a}]\n"
#define ONE_PS      ROUND_ROBIN "backends: [{name: a, discipline: ps}]\n"

/* 100, 200 and 300 are there at 350; 400 to 600 find nobody; 700 finds an empty backend. */
static void kill_resets_and_refuses(void)
{
    static const char *const disciplines[] = {"fifo", "ps"};
    for (int i = 0; i < 2; i++) {
        SCENE_PLAY(&scene, "10/s", "300ms",
                   ROUND_ROBIN "backends: [{name: a, discipline: %s}]\n"
                               "timeline: [{at: 350ms, kill: a}, {at: 650ms, restore: a}, "
                               "{at: 749ms, rate: c, to: 0/s}]\n"
                               "run: {duration: 750ms}\n",
                   disciplines[i]);
        SCENE_EQUAL(scene_failed(&scene, CAUSE_RESET), 3);
        SCENE_EQUAL(scene_failed(&scene, CAUSE_REFUSED), 3);
        SCENE_EQUAL(scene.s->counts.ok, 1);
        CHECK_CLOSE(scene.s->backends[0].utilization, 300.0 / 750,
                    1e-12); /* 100 - 350, 700 - 750 */
        if (i == 0)
            latencies(1, MS(300), MS(300), MS(300));
        scene_close(&scene);
    }
}

/* 20 ms to the backend and back. 100 is there from 120 to 150. */
static void kill_and_what_is_under_way(void)
{
    static const struct {
        int at;
        enum cause cause;
    } cases[] = {{110, CAUSE_REFUSED}, {130, CAUSE_RESET}, {160, CAUSES}};
    for (int i = 0; i < 3; i++) {
        SCENE_PLAY(&scene, "10/s", "30ms",
                   "network: {balancer_backend: 20ms}\n" ONE
                   "timeline: [{at: %dms, kill: a}]\nrun: {duration: 190ms}\n",
                   cases[i].at);
        SCENE_EQUAL(scene.s->counts.failed, i < 2);
        if (i < 2)
            SCENE_EQUAL(scene_failed(&scene, cases[i].cause), 1);
        else
            latencies(1, MS(70), MS(70), MS(70)); /* the answer had left */
        scene_close(&scene);
    }
}

/* A slow spell from 50 to 450; killed at 250, it stays dead when the spell is over. 100 and 200 take
 * 20 each at half speed, 300 to 900 are refused. */
static void the_end_of_one_fault_is_not_the_end_of_another(void)
{
    SCENE_PLAY(&scene, "10/s", "10ms",
               ONE "timeline: [{at: 50ms, slow: a, to: 50%%, for: 400ms}, {at: 250ms, kill: a}]\n"
                   "run: {duration: 950ms}\n");
    SCENE_EQUAL(scene_failed(&scene, CAUSE_REFUSED), 7);
    latencies(2, MS(40), MS(20), MS(20));
    scene_close(&scene);
}

static void a_restart_in_one_instant(void)
{
    SCENE_PLAY(&scene, "10/s", "80ms",
               ONE "timeline: [{at: 150ms, kill: a}, {at: 150ms, restore: a}]\n"
                   "run: {duration: 290ms}\n");
    SCENE_EQUAL(scene_failed(&scene, CAUSE_RESET), 1);
    latencies(1, MS(80), MS(80), MS(80));
    SCENE_EQUAL(scene.event_count, 3); /* two commands and the end */
    SCENE_EQUAL(scene.events[0].truth, TRUTH_DOWN);
    SCENE_EQUAL(scene.events[1].truth, TRUTH_OK);
    scene_close(&scene);
}

/* Accepted from 100 on, frozen at 350, reset at 650: six requests, though the queue holds one. */
static void hang_accepts_and_never_answers(void)
{
    static const char *const disciplines[] = {"fifo", "ps"};
    for (int i = 0; i < 2; i++) {
        SCENE_PLAY(&scene, "10/s", "300ms",
                   ROUND_ROBIN "backends: [{name: a, queue: 9, discipline: %s}]\n"
                               "timeline: [{at: 350ms, hang: a, for: 300ms}, "
                               "{at: 749ms, rate: c, to: 0/s}]\n"
                               "run: {duration: 750ms}\n",
                   disciplines[i]);
        SCENE_EQUAL(scene_failed(&scene, CAUSE_RESET), 6);
        SCENE_EQUAL(scene.s->counts.ok, 1);
        CHECK_CLOSE(scene.s->backends[0].utilization, 600.0 / 750, 1e-12);
        CHECK_CLOSE(scene.s->backends[0].in_flight_mean,
                    (550 + 450 + 350 + 250 + 150 + 50 + 50) / 750.0, 1e-12);
        scene_close(&scene);
        /* With patience of 120 ms each leaves the hung process as it leaves the client. */
        SCENE_RUN(&scene,
                  "clients: [{name: c, arrivals: uniform(rate=10/s), timeout: 120ms, requests: "
                  "[{name: r, work: constant(30ms)}]}]\n" ROUND_ROBIN
                  "backends: [{name: a, discipline: %s}]\ntimeline: [{at: 350ms, hang: a}]\n"
                  "run: {duration: 750ms}\n",
                  disciplines[i]);
        SCENE_EQUAL(scene.s->counts.ok, 3);
        SCENE_EQUAL(scene_failed(&scene, CAUSE_RESPONSE_TIMEOUT), 4);
        CHECK_CLOSE(scene.s->backends[0].in_flight_mean, (90 + 3 * 120 + 50) / 750.0, 1e-12);
        scene_close(&scene);
    }
}

/* A hung process that is killed resets what it holds; a dead one cannot hang or be slow. */
static void states_follow_each_other(void)
{
    SCENE_PLAY(&scene, "10/s", "300ms",
               ONE "timeline: [{at: 150ms, hang: a}, {at: 250ms, kill: a}, {at: 260ms, hang: a}, "
                   "{at: 270ms, slow: a, to: 50%%}, {at: 350ms, restore: a}]\n"
                   "run: {duration: 450ms}\n");
    SCENE_EQUAL(scene_failed(&scene, CAUSE_RESET), 2);
    SCENE_EQUAL(scene_failed(&scene, CAUSE_REFUSED), 1);
    latencies(1, MS(300), MS(300), MS(300));
    static const enum truth truths[] = {TRUTH_HUNG, TRUTH_DOWN, TRUTH_DOWN, TRUTH_DOWN, TRUTH_OK};
    for (int i = 0; i < 5; i++)
        SCENE_EQUAL(scene.events[i].truth, truths[i]);
    scene_close(&scene);
}

static void slow_changes_what_is_in_service(void)
{
    static const struct {
        const char *action;
        int latency;
    } cases[] = {{"to: 50%", 150},            /* 50 ms at 1, 100 ms at 1/2 */
                 {"to: 50%, for: 50ms", 125}, /* 50, then 50 at 1/2, then 25 */
                 {"to: 200%", 75},            /* 50, then 25 at 2 */
                 {"to: 25%, for: 20ms", 115}, /* 50, 20 at 1/4, 45 */
                 {"to: 100%", 100},
                 {"to: 30%", 217}}; /* 50, 50 / 0.3 = 166.67 */
    for (int i = 0; i < 6; i++)
        for (int ps = 0; ps < 2; ps++) {
            SCENE_PLAY(&scene, "10/s", "100ms",
                       "%stimeline: [{at: 110ms, rate: c, to: 0/s}, {at: 150ms, slow: a, %s}]\n"
                       "run: {duration: 190ms, settle: 9s}\n",
                       ps ? ONE_PS : ONE, cases[i].action);
            SCENE_EQUAL(scene.s->latency.count, 1);
            lb_time latency = i < 5 ? MS(cases[i].latency) : 216666667;
            SCENE_EQUAL(scene.s->latency.max, latency);
            scene_close(&scene);
        }
}

/* Own speed 2; slowed to a quarter of it, then restored; what waits gets the speed of its time. */
static void slow_is_a_share_of_its_own_speed(void)
{
    SCENE_PLAY(&scene, "10/s", "100ms",
               ROUND_ROBIN "backends: [{name: a, speed: 2}]\n"
                           "timeline: [{at: 50ms, slow: a, to: 25%%}, {at: 350ms, restore: a}]\n"
                           "run: {duration: 390ms}\n");
    /* 100 to 300 at 1/2; 200 from 300: 25 done at 350, 75 at 2; 300 from 387.5. */
    latencies(3, MS(200) + 187500000 + 137500000, 137500000, MS(200));
    scene_close(&scene);
}

/* Services of 100.4 ns, rounded to 100: the sums must bear it, whatever the speed. */
static void rounding_at_high_speeds(void)
{
    SCENE_PLAY(&scene, "1000/s", "1004ns",
               ONE "timeline: [{at: 0, slow: a, to: 1000%%}]\nrun: {duration: 10s}\n");
    latencies(9999, 9999 * 100, 100, 100);
    scene_close(&scene);
    SCENE_PLAY(&scene, "1000/s", "1004ns",
               ONE_PS "timeline: [{at: 0, slow: a, to: 1000%%}]\nrun: {duration: 10s}\n");
    latencies(9999, 9999 * 100, 100, 100);
    scene_close(&scene);
}

/* In turns: 100 and 300 are at a, which serves 300 ms each; 200 at b. */
#define TWO ROUND_ROBIN "backends: [{name: a}, {name: b, slots: 9}]\n"
static void drain_takes_nothing_new(void)
{
    SCENE_PLAY(&scene, "10/s", "300ms",
               TWO "timeline: [{at: 350ms, drain: a}, {at: 750ms, restore: a}]\n"
                   "run: {duration: 950ms}\n");
    SCENE_EQUAL(scene.s->counts.ok, 9);
    SCENE_EQUAL(scene.s->backends[0].picks, 3);        /* 100, 300 and one of 800 and 900 */
    latencies(9, MS(9 * 300 + 100), MS(300), MS(400)); /* 300 waits for 100 */
    CU_ASSERT(scene.events[0].kind == HAPPENING_COMMAND && scene.events[0].at == MS(350));
    CU_ASSERT(scene.events[1].kind == HAPPENING_BELIEF && scene.events[1].to == BELIEF_DRAINING);
    CU_ASSERT(scene_belief(&scene, 0, BELIEF_UP, 0)->at == MS(750));
    scene_close(&scene);
}

static void drain_comes_to_its_limit(void)
{
    SCENE_PLAY(&scene, "10/s", "300ms",
               TWO "timeline: [{at: 350ms, drain: a, limit: 100ms}]\nrun: {duration: 950ms}\n");
    SCENE_EQUAL(scene_failed(&scene, CAUSE_DRAIN_CUT), 1); /* 300, in service from 400 to 450 */
    SCENE_EQUAL(scene.s->counts.ok, 8);
    CHECK_CLOSE(scene.s->backends[0].utilization, 350.0 / 950, 1e-12);
    CHECK_CLOSE(scene.s->backends[0].in_flight_mean, 450.0 / 950, 1e-12);
    scene_close(&scene);
    SCENE_PLAY(&scene, "10/s", "300ms",
               TWO "timeline: [{at: 350ms, drain: a, limit: 0}]\nrun: {duration: 950ms}\n");
    SCENE_EQUAL(scene_failed(&scene, CAUSE_DRAIN_CUT), 2); /* at once */
    scene_close(&scene);
    SCENE_PLAY(&scene, "10/s", "300ms",
               TWO "timeline: [{at: 350ms, drain: a, limit: 100ms}, {at: 449ms, restore: a}]\n"
                   "run: {duration: 950ms}\n");
    SCENE_EQUAL(scene.s->counts.ok, 9); /* restored in time */
    scene_close(&scene);
}

/* Cut wherever it is: on the way there (50 ms), in service (300 ms), on the way back (50 ms). */
static void a_cut_reaches_everything_in_flight(void)
{
    static const int at[] = {120, 300, 470, 501};
    for (int i = 0; i < 4; i++) {
        SCENE_PLAY(
            &scene, "10/s", "300ms",
            "network: {balancer_backend: 50ms}\n" ONE
            "timeline: [{at: 101ms, drain: a, limit: %dms}]\nrun: {duration: 190ms, settle: 9s}\n",
            at[i] - 101);
        SCENE_EQUAL(scene_failed(&scene, CAUSE_DRAIN_CUT), i < 3);
        SCENE_EQUAL(scene.s->counts.ok, i == 3);
        SCENE_EQUAL(run_now(scene.run), MS(i == 0 ? 190 : i == 3 ? 500 : at[i]));
        scene_close(&scene);
    }
    /* A cut attempt is tried again elsewhere, when resets are. */
    SCENE_PLAY(
        &scene, "10/s", "300ms",
        "balancer: {algorithm: round-robin, retries: {max: 1, when: reset}}\n"
        "backends: [{name: a}, {name: b}]\n"
        "timeline: [{at: 101ms, drain: a, limit: 89ms}]\nrun: {duration: 190ms, settle: 9s}\n");
    latencies(1, MS(390), MS(390), MS(390));
    scene_close(&scene);
}

static void weights_change(void)
{
    SCENE_PLAY(&scene, "10/s", "1ms",
               "balancer: {algorithm: weighted-round-robin}\nbackends: [{name: s, count: 2}]\n"
               "timeline: [{at: 450ms, weight: s1, to: 0}, {at: 850ms, weight: s1, to: 3}]\n"
               "run: {duration: 2050ms}\n");
    SCENE_EQUAL(scene.s->backends[0].picks, 2 + 0 + 9); /* 4, 4 and 12 requests */
    SCENE_EQUAL(scene.s->backends[1].picks, 2 + 4 + 3);
    SCENE_EQUAL(scene.s->backends[0].weight, 3);
    scene_close(&scene);
}

/* Half a gap is left at 450: 25 ms at 20/s. Then 525 ... 675; half a gap is left at 700. */
static void rates_change(void)
{
    static const char *const to[] = {"20/s, for: 250ms", "200%, for: 250ms"};
    for (int i = 0; i < 2; i++) {
        scene_open_plain(&scene, "10/s", "1ms",
                         ONE "timeline: [{at: 450ms, rate: c, to: %s}]\nrun: {duration: 1s}\n",
                         to[i]);
        static const int arrivals[] = {100, 200, 300, 400, 475, 525, 575, 625, 675, 750, 850, 950};
        for (uint64_t n = 0; n < 12; n++) {
            run_until(scene.run, MS(arrivals[n]) - 1);
            SCENE_EQUAL(run_look(scene.run)->arrived, n);
            run_until(scene.run, MS(arrivals[n]));
            SCENE_EQUAL(run_look(scene.run)->arrived, n + 1);
        }
        scene_end(&scene);
        SCENE_EQUAL(scene.s->counts.arrived, 12);
        scene_close(&scene);
    }
}

/* The ninth group has no beat of the engine; its rate changes all the same. */
static void rates_of_many_groups_change(void)
{
    struct text text;
    text_init(&text);
    for (int i = 0; i < 10; i++)
        text_addf(&text,
                  "  - {name: c%d, arrivals: uniform(rate=10/s), requests: [{name: r, work: "
                  "constant(1us)}]}\n",
                  i);
    SCENE_RUN(&scene,
              "clients:\n%s" ONE "timeline: [{at: 450ms, rate: c0, to: 20/s, for: 250ms}, "
              "{at: 450ms, rate: c9, to: 20/s, for: 250ms}]\nrun: {duration: 1s}\n",
              text.data);
    for (uint32_t i = 0; i < 10; i++)
        SCENE_EQUAL(scene.s->classes[i].counts.arrived, i == 0 || i == 9 ? 12 : 9);
    text_done(&text);
    scene_close(&scene);
}

static void rates_stop_and_go(void)
{
    SCENE_PLAY(&scene, "10/s", "1ms",
               ONE "timeline: [{at: 350ms, rate: c, to: 0/s, for: 300ms}]\nrun: {duration: 1s}\n");
    SCENE_EQUAL(scene.s->counts.arrived, 6); /* 100 200 300, then 700 800 900 */
    scene_close(&scene);
}

static void another_algorithm(void)
{
    SCENE_PLAY(&scene, "10/s", "1ms",
               "balancer: {algorithm: round-robin}\nbackends: [{name: s, count: 3}]\n"
               "timeline: [{at: 250ms, algorithm: balancer, to: least-connections},\n"
               "           {at: 255ms, algorithm: balancer, to: round-robin}]\n"
               "run: {duration: 450ms}\n");
    SCENE_EQUAL(scene.s->backends[0].picks, 2); /* 100 and, with a fresh state, 300 */
    SCENE_EQUAL(scene.s->backends[1].picks, 2);
    SCENE_EQUAL(scene.s->backends[2].picks, 0);
    scene_close(&scene);
}

static void a_group_is_all_of_it(void)
{
    SCENE_PLAY(&scene, "10/s", "1ms",
               "balancer: {algorithm: round-robin}\n"
               "backends: [{name: s, count: 3}, {name: t, count: 2}]\n"
               "timeline: [{at: 50ms, kill: s}, {at: 60ms, drain: t}]\nrun: {duration: 450ms}\n");
    SCENE_EQUAL(scene_failed(&scene, CAUSE_REFUSED), 4);
    SCENE_EQUAL(scene.event_count, 5 + 2 + 1); /* commands, beliefs, the end */
    scene_close(&scene);
}

/* Drawn once a replication, between 100 and 900 ms, whoever balances. */
static void a_random_instant(void)
{
    lb_time at[3];
    scene_open_plain(&scene, "10/s", "1ms",
                     ONE "timeline: [{at: \"uniform(min=100ms, max=900ms)\", kill: a}]\n"
                         "run: {duration: 1s}\n");
    for (uint32_t i = 0; i < 3; i++) {
        scene_again(&scene, i % 2);
        scene_end(&scene);
        at[i] = scene.events[0].at;
        CU_ASSERT(at[i] >= MS(100) && at[i] <= MS(900) && scene.events[0].truth == TRUTH_DOWN);
    }
    CU_ASSERT(at[0] == at[2] && at[0] != at[1]);
    scene_close(&scene);
}

static const struct check_test tests[] = {
    {"kill", kill_resets_and_refuses},
    {"kill: what is under way", kill_and_what_is_under_way},
    {"the end of one fault is not the end of another",
     the_end_of_one_fault_is_not_the_end_of_another},
    {"kill and restore at once", a_restart_in_one_instant},
    {"hang", hang_accepts_and_never_answers},
    {"one state after another", states_follow_each_other},
    {"slow", slow_changes_what_is_in_service},
    {"slow: a share", slow_is_a_share_of_its_own_speed},
    {"slow: rounding", rounding_at_high_speeds},
    {"drain", drain_takes_nothing_new},
    {"drain: limit", drain_comes_to_its_limit},
    {"drain: a cut", a_cut_reaches_everything_in_flight},
    {"weight", weights_change},
    {"rate", rates_change},
    {"rate: many groups", rates_of_many_groups_change},
    {"rate: 0", rates_stop_and_go},
    {"algorithm", another_algorithm},
    {"groups", a_group_is_all_of_it},
    {"a random instant", a_random_instant},
};

CHECK_MAIN("model: timeline")
