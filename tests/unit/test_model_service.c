/*
 * Backends and the road to them, with constant work and equal gaps, so that every number follows by
 * hand: slots, queues, processor sharing, speeds, network delays, arrivals, the measured window.
 *
 * uniform(rate=10/s) arrives at 100 ms, 200 ms, ...; a run of 1 s measures the nine before its end.
 */
#include "tests/check.h"
#include "tests/unit/scenes.h"

#define MS(n) ((lb_time)(n)*SCENE_MS)

#define CLIENT(rate, work)                                                                         \
    "{name: c, arrivals: uniform(rate=" rate "), requests: [{name: r, work: constant(" work ")}]}"
#define ANOTHER(name, rate, work)                                                                  \
    "{name: " name ", arrivals: uniform(rate=" rate "), requests: [{name: r, work: constant(" work \
    ")}]}"
#define ONE_BALANCER "balancer: {algorithm: round-robin}\n"

static struct scene scene;

/* One client group, one backend a with these keys. */
static void run_one(const char *client, const char *backend, const char *run)
{
    SCENE_RUN(&scene, "clients: [%s]\n" ONE_BALANCER "backends: [{name: a%s}]\nrun: {%s}\n", client,
              backend, run);
}

static void latencies(uint64_t count, lb_time sum, lb_time min, lb_time max)
{
    SCENE_TIMES(&scene.s->latency, count, sum, min, max);
}

/* Request n arrives at 100n, starts at 250n - 150 and ends at 250n + 100 ms. */
static void one_slot_and_a_growing_queue(void)
{
    run_one(CLIENT("10/s", "250ms"), "", "duration: 1s, settle: 10s");
    latencies(9, MS(7650), MS(250), MS(1450));
    SCENE_TIMES(&scene.s->response, 9, MS(7650), MS(250), MS(1450));
    SCENE_EQUAL(scene.s->counts.arrived, 9);
    SCENE_EQUAL(scene.s->counts.ok, 9);
    SCENE_EQUAL(scene.s->counts.attempts, 9);
    SCENE_EQUAL(scene.s->backends[0].picks, 9);
    SCENE_EQUAL(scene.s->backends[0].ok, 9);
    CHECK_CLOSE(scene.s->simulated_s, 1.0, 0);
    CHECK_CLOSE(scene.s->throughput, 9.0, 1e-12);
    CHECK_CLOSE(scene.s->availability, 1.0, 0);
    CHECK_CLOSE(scene.s->imbalance, 1.0, 0);
    /* In service from 100 ms on; waiting: 150 + 300 + 450 + 500 + 400 + 300 + 200 + 100 ms. */
    CHECK_CLOSE(scene.s->backends[0].utilization, 0.9, 1e-12);
    CHECK_CLOSE(scene.s->backends[0].queue_mean, 2.4, 1e-12);
    CHECK_CLOSE(scene.s->backends[0].in_flight_mean, 3.3, 1e-12);
    scene_close(&scene);
}

static void three_slots_and_nobody_waits(void)
{
    run_one(CLIENT("10/s", "250ms"), ", slots: 3", "duration: 1s");
    latencies(9, MS(2250), MS(250), MS(250));
    /* 7 x 250 ms and the beginnings of two more, of 3 slot-seconds. */
    CHECK_CLOSE(scene.s->backends[0].utilization, 2.05 / 3, 1e-12);
    CHECK_CLOSE(scene.s->backends[0].queue_mean, 0.0, 0);
    scene_close(&scene);
}

/* Served are those of 100, 200, 400, 700 and 900 ms. At 600 ms one arrives as another ends: the
 * arrival comes first and finds the place in the queue still taken. */
static void a_full_queue_refuses(void)
{
    run_one(CLIENT("10/s", "250ms"), ", queue: 1", "duration: 1s");
    latencies(5, MS(1950), MS(250), MS(450));
    SCENE_EQUAL(scene.s->counts.failed, 4);
    SCENE_EQUAL(scene_failed(&scene, CAUSE_QUEUE_FULL), 4);
    SCENE_EQUAL(scene.s->backends[0].picks, 9);
    SCENE_EQUAL(scene.s->backends[0].failed, 4);
    CHECK_CLOSE(scene.s->throughput, 9.0, 1e-12);
    CHECK_CLOSE(scene.s->goodput, 5.0, 1e-12);
    CHECK_CLOSE(scene.s->availability, 5.0 / 9.0, 1e-12);
    scene_close(&scene);
}

static void queue_0_leaves_the_slots_only(void)
{
    run_one(CLIENT("10/s", "250ms"), ", queue: 0, slots: 2", "duration: 1s");
    latencies(6, MS(1500), MS(250), MS(250)); /* 100 200 . 400 500 . 700 800 . */
    SCENE_EQUAL(scene_failed(&scene, CAUSE_QUEUE_FULL), 3);
    scene_close(&scene);
}

static void delays_add_up_both_ways(void)
{
    SCENE_RUN(&scene,
              "clients: [" CLIENT(
                  "10/s",
                  "10ms") "]\n"
                          "network: {client_balancer: 3ms, balancer_backend: 500us}\n" ONE_BALANCER
                          "backends: [{name: a}]\nrun: {duration: 1s}\n");
    latencies(9, MS(9 * 17), MS(17), MS(17));
    SCENE_TIMES(&scene.s->response, 9, MS(90), MS(10), MS(10));
    /* In the books from the balancer to the balancer: 500 us, 10 ms, 500 us. */
    CHECK_CLOSE(scene.s->backends[0].in_flight_mean, 0.099, 1e-12);
    CHECK_CLOSE(scene.s->backends[0].utilization, 0.09, 1e-12);
    scene_close(&scene);
}

static void a_speed_divides_the_work(void)
{
    run_one(CLIENT("10/s", "25ms"), ", speed: 2", "duration: 1s");
    latencies(9, 9 * 12500000, 12500000, 12500000);
    scene_close(&scene);
    run_one(CLIENT("10/s", "10ms"), ", speed: 1.5", "duration: 1s"); /* 6666666.67 ns: nearest */
    latencies(9, 9 * INT64_C(6666667), 6666667, 6666667);
    scene_close(&scene);
    run_one(CLIENT("10/s", "10ms"), ", speed: 3", "duration: 1s");
    latencies(9, 9 * INT64_C(3333333), 3333333, 3333333);
    scene_close(&scene);
    run_one(CLIENT("10/s", "10ms"), ", speed: 0.5, discipline: ps", "duration: 1s");
    latencies(9, MS(180), MS(20), MS(20));
    scene_close(&scene);
}

/* Two or three groups of which one request each arrives at 100 ms. */
static void sharing_divides_the_slots(void)
{
    SCENE_RUN(
        &scene,
        "clients: [" CLIENT("10/s", "10ms") ", " ANOTHER(
            "d", "10/s", "10ms") "]\n" ONE_BALANCER
                                 "backends: [{name: a, discipline: ps}]\nrun: {duration: 150ms}\n");
    latencies(2, MS(40), MS(20), MS(20));
    CHECK_CLOSE(scene.s->backends[0].utilization, 20.0 / 150, 1e-12);
    CHECK_CLOSE(scene.s->backends[0].queue_mean, 20.0 / 150, 1e-12); /* present beyond the slots */
    scene_close(&scene);
    SCENE_RUN(
        &scene,
        "clients: [" CLIENT("10/s", "20ms") ", " ANOTHER("d", "10/s", "20ms") ", " ANOTHER(
            "e", "10/s",
            "20ms") "]\n" ONE_BALANCER
                    "backends: [{name: a, discipline: ps, slots: 2}]\nrun: {duration: 150ms}\n");
    latencies(3, MS(90), MS(30), MS(30)); /* each at 2/3 */
    CHECK_CLOSE(scene.s->backends[0].utilization, 30.0 / 150, 1e-12);
    CHECK_CLOSE(scene.s->backends[0].queue_mean, 30.0 / 150, 1e-12);
    scene_close(&scene);
    SCENE_RUN(&scene, "clients: [" CLIENT("10/s", "1000001ns") ", " ANOTHER(
                          "d", "10/s",
                          "1000001ns") ", " ANOTHER("e", "10/s",
                                                    "1000001ns") "]\n" ONE_BALANCER
                                                                 "backends: [{name: a, discipline: "
                                                                 "ps}]\nrun: {duration: 150ms}\n");
    latencies(3, 3 * INT64_C(3000003), 3000003, 3000003);
    scene_close(&scene);
}

#define TWO                                                                                        \
    "clients: [" CLIENT("10/s", "40ms") ", " ANOTHER(                                              \
        "d", "8/s", "40ms") "]\n" ONE_BALANCER                                                     \
                            "backends: [{name: a, discipline: ps%s}]\nrun: {duration: 190ms}\n"

/* The first alone from 100 to 125 ms, both at half speed until the first ends at 155 ms (work 40:
 * 25 + 30 / 2), the second alone until 180 ms. */
static void shares_change_as_others_come_and_go(void)
{
    SCENE_RUN(&scene, TWO, "");
    latencies(2, MS(110), MS(55), MS(55));
    CHECK_CLOSE(scene.s->backends[0].utilization, 80.0 / 190, 1e-12);
    scene_close(&scene);
    SCENE_RUN(&scene, TWO, ", slots: 2"); /* a slot each: nothing is shared */
    latencies(2, MS(80), MS(40), MS(40));
    scene_close(&scene);
    SCENE_RUN(&scene, TWO, ", queue: 0"); /* one may be present */
    latencies(1, MS(40), MS(40), MS(40));
    SCENE_EQUAL(scene_failed(&scene, CAUSE_QUEUE_FULL), 1);
    scene_close(&scene);
}

/* Gaps of 333333333.33 ns: arrivals lie at the nearest nanosecond and do not drift. */
static void equal_gaps_carry_the_fraction(void)
{
    static const lb_time at[] = {333333333, 666666667, 1000000000, 1333333333, 9666666667};
    static const uint64_t number[] = {1, 2, 3, 4, 29};
    scene_open(&scene,
               "clients: [" CLIENT("3/s", "1ms") "]\n" ONE_BALANCER
                                                 "backends: [{name: a}]\nrun: {duration: 10s}\n");
    for (int i = 0; i < 5; i++) {
        run_until(scene.run, at[i] - 1);
        SCENE_EQUAL(run_look(scene.run)->arrived, number[i] - 1);
        run_until(scene.run, at[i]);
        SCENE_EQUAL(run_look(scene.run)->arrived, number[i]);
    }
    scene_end(&scene);
    SCENE_EQUAL(scene.s->counts.arrived, 29); /* that of 10 s is not measured */
    scene_close(&scene);
}

/* Capacity 2 x 2, mean work 40 ms: half of it is 50 a second. */
static void a_load_becomes_a_rate(void)
{
    SCENE_RUN(&scene, "clients: [{name: c, arrivals: uniform(load=50%%),\n"
                      "           requests: [{name: r, work: constant(40ms)}]}]\n" ONE_BALANCER
                      "backends: [{name: a, slots: 2, speed: 2}]\nrun: {duration: 1s}\n");
    SCENE_EQUAL(scene.s->counts.arrived, 49);
    latencies(49, MS(980), MS(20), MS(20));
    scene_close(&scene);
}

static void measured_are_arrivals_in_the_window(void)
{
    run_one(CLIENT("10/s", "50ms"), "", "duration: 750ms, warmup: 250ms");
    SCENE_EQUAL(scene.s->counts.arrived, 5); /* 300 ... 700 ms */
    CHECK_CLOSE(scene.s->simulated_s, 0.5, 1e-12);
    CHECK_CLOSE(scene.s->throughput, 10.0, 1e-12);
    CHECK_CLOSE(scene.s->backends[0].utilization, 0.5, 1e-12);
    SCENE_EQUAL(scene.s->backends[0].picks, 5);
    scene_close(&scene);
    run_one(CLIENT("10/s", "50ms"), "", "duration: 700ms, warmup: 200ms");
    SCENE_EQUAL(scene.s->counts.arrived, 5); /* the window holds its beginning, not its end */
    CHECK_CLOSE(scene.s->backends[0].utilization, 0.5, 1e-12);
    scene_close(&scene);
}

/* Attempts of a measured request count for the window, time in the books only inside it. */
static void time_averages_are_cut_at_the_window(void)
{
    run_one(CLIENT("2/s", "400ms"), "", "duration: 1200ms, warmup: 600ms");
    SCENE_EQUAL(scene.s->counts.arrived, 1); /* at 1 s, ends at 1.4 s */
    latencies(1, MS(400), MS(400), MS(400));
    /* The request of 500 ms is in service until 900 ms: 300 ms of the window, 200 of the other. */
    CHECK_CLOSE(scene.s->backends[0].utilization, 0.5 / 0.6, 1e-12);
    CHECK_CLOSE(scene.s->backends[0].in_flight_mean, 0.5 / 0.6, 1e-12);
    SCENE_EQUAL(scene.s->backends[0].picks, 1);
    scene_close(&scene);
}

static void settling_ends(void)
{
    run_one(CLIENT("10/s", "2s"), "", "duration: 1s, settle: 500ms");
    SCENE_EQUAL(run_now(scene.run), MS(1500));
    SCENE_EQUAL(scene.s->counts.in_flight, 9);
    SCENE_EQUAL(scene.s->counts.ok + scene.s->counts.failed, 0);
    CHECK_CLOSE(scene.s->backends[0].in_flight_mean, 4.5, 1e-12); /* 900 + 800 + ... + 100 ms */
    scene_close(&scene);
    run_one(CLIENT("10/s", "2s"), "", "duration: 1s"); /* default: as long as the run */
    SCENE_EQUAL(run_now(scene.run), MS(2000));
    scene_close(&scene);
    run_one(CLIENT("10/s", "100ms"), "", "duration: 1s, settle: 0");
    SCENE_EQUAL(scene.s->counts.ok, 9); /* the last ends at 1 s, still in time */
    SCENE_EQUAL(run_now(scene.run), MS(1000));
    scene_close(&scene);
    run_one(CLIENT("10/s", "99ms"), "", "duration: 1s, settle: 10s");
    SCENE_EQUAL(run_now(scene.run), MS(1000)); /* nothing to wait for */
    scene_close(&scene);
}

static void many_groups_arrive(void)
{
    struct text text;
    text_init(&text);
    for (int i = 0; i < 20; i++) /* more than have a beat of the engine */
        text_addf(&text,
                  "  - {name: c%d, arrivals: uniform(rate=%d/s), requests: [{name: r, "
                  "work: constant(1us)}]}\n",
                  i, 10 * (i + 1));
    SCENE_RUN(&scene, "clients:\n%s" ONE_BALANCER "backends: [{name: a}]\nrun: {duration: 1s}\n",
              text.data);
    for (uint32_t i = 0; i < 20; i++)
        SCENE_EQUAL(scene.s->classes[i].counts.arrived, 10 * (i + 1) - 1);
    SCENE_EQUAL(scene.s->counts.ok, 2100 - 20);
    text_done(&text);
    scene_close(&scene);
}

static const struct check_test tests[] = {
    {"fifo: one slot, a growing queue", one_slot_and_a_growing_queue},
    {"fifo: three slots", three_slots_and_nobody_waits},
    {"fifo: queue full", a_full_queue_refuses},
    {"fifo: queue 0", queue_0_leaves_the_slots_only},
    {"network delays", delays_add_up_both_ways},
    {"speeds", a_speed_divides_the_work},
    {"ps: slots are shared", sharing_divides_the_slots},
    {"ps: shares change", shares_change_as_others_come_and_go},
    {"arrivals: equal gaps", equal_gaps_carry_the_fraction},
    {"arrivals: a load", a_load_becomes_a_rate},
    {"arrivals: twenty groups", many_groups_arrive},
    {"window: arrivals in it", measured_are_arrivals_in_the_window},
    {"window: time averages", time_averages_are_cut_at_the_window},
    {"settling", settling_ends},
};

CHECK_MAIN("model: service")
