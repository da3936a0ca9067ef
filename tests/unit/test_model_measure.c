/*
 * What is measured: expectations over windows of time, classes, clients and backends, and figures
 * of runs that were cut short. All values are worked out by hand.
 * timeout: 120 (for the runner of tests, which would take one of a scenario below)
 */
#include <math.h>
#include <string.h>

#include "tests/check.h"
#include "tests/unit/scenes.h"

#define MS(n) ((lb_time)(n)*SCENE_MS)

static struct scene scene;

struct want {
    const char *text; /* up to the comparison */
    double value;
};

/* Opens a scene with these expectations, runs it, and compares what was measured. */
static void measure(const char *clients, const char *rest, const struct want *wants)
{
    struct text lines;
    text_init(&lines);
    for (uint32_t i = 0; wants[i].text != NULL; i++) { /* any bound will do */
        const char *text = wants[i].text;
        bool window = strstr(text, " after") != NULL || strstr(text, " before") != NULL ||
                      strstr(text, " between") != NULL;
        size_t metric = window ? strcspn(text, "@") : strlen(text);
        text_addf(&lines, "  - \"%.*s >= 0%s\"\n", (int)metric, text,
                  window ? text + metric + 1 : "");
    }
    SCENE_RUN(&scene, "clients:\n%s%s\nexpect:\n%s", clients, rest, lines.data);
    text_done(&lines);
    for (uint32_t i = 0; wants[i].text != NULL; i++) {
        const struct summary_expect *e = &scene.s->expects[i];
        bool same = isnan(wants[i].value)
                        ? !e->known && !e->holds
                        : e->known && e->holds &&
                              fabs(e->value - wants[i].value) <= 1e-9 * fabs(wants[i].value);
        if (!same)
            printf("\n%s: %.12g, not %.12g\n", wants[i].text, e->value, wants[i].value);
        CU_ASSERT(same);
    }
}

#define C(rate, work)                                                                              \
    "  - {name: c, arrivals: uniform(rate=" rate "), requests: [{name: r, work: constant(" work    \
    ")}]}\n"
#define ONE "balancer: {algorithm: round-robin}\nbackends: [{name: a}]\n"

/* The growing queue of test_model_service.c: request n of 100n starts at 250n - 150. `@` stands for
 * the comparison. Windows that begin and end together must not disturb each other. */
static void windows_of_time(void)
{
    static const struct want wants[] = {
        {"utilization", 0.9},
        {"utilization@ after 500ms", 1.0},
        {"utilization@ before 500ms", 0.8},
        {"utilization of backend a@ after 500ms", 1.0},
        {"utilization@ between 50ms and 150ms", 0.5},
        {"queue@ after 500ms", (100 + 350 + 500 + 400 + 300 + 200 + 100) / 500.0},
        {"queue@ before 500ms", (150 + 200 + 100) / 500.0},
        {"in-flight", 3.3},
        {"in-flight@ after 500ms", 4.9},
        {"in-flight@ between 500ms and 600ms", 4},
        {"mean@ after 500ms", 1150e6},
        {"max@ before 500ms", 700e6},
        {"throughput@ after 500ms", 10},
        {"picks@ after 500ms", 5},
        {"picks@ between 200ms and 400ms", 2},
        {"errors@ after 500ms", 0},
        {"availability@ before 101ms", 1},
        {"mean@ before 100ms", NAN}, /* nobody arrived */
        {NULL, 0}};
    measure(C("10/s", "250ms"), ONE "run: {duration: 1s, settle: 9s}", wants);
    scene_close(&scene);
}

/* The window and the warm-up: measured is what lies in both. */
static void windows_and_warmup(void)
{
    static const struct want wants[] = {{"utilization@ before 500ms", 0.5},
                                        {"throughput@ before 500ms", 10},
                                        {"picks@ before 500ms", 2},
                                        {"utilization@ after 100ms", 0.5},
                                        {"picks@ after 100ms", 7},
                                        {"picks", 7},
                                        {NULL, 0}};
    measure(C("10/s", "50ms"), ONE "run: {duration: 1s, warmup: 300ms, settle: 9s}", wants);
    scene_close(&scene);
}

/* In turns, c (100 ms apart) and d (200 ms apart, refused at b): who failed, where, of what. */
static void classes_clients_and_backends(void)
{
    static const struct want wants[] = {{"errors of clients c", 0},
                                        {"errors of clients d", 1},
                                        {"failed(response-timeout) of class slow", 1},
                                        {"failed(refused)", 0},
                                        {"errors", 4.0 / 13},
                                        {"attempts", 1},
                                        {"attempts of clients d", 1},
                                        {"throughput of clients d", 4},
                                        {"goodput of clients c", 9},
                                        {"goodput of clients d", 0},
                                        {"mean of class r", 1e6},
                                        {"mean of clients d", NAN},
                                        {"errors of clients d@ after 500ms", 1},
                                        {"mean of class r@ after 500ms", 1e6},
                                        {NULL, 0}};
    measure(C("10/s", "1ms") "  - {name: d, arrivals: uniform(rate=5/s), timeout: 2ms, requests: "
                             "[{name: slow, work: constant(3ms)}]}\n",
            "balancer: {algorithm: round-robin}\nbackends: [{name: a, slots: 9}]\n"
            "run: {duration: 1s}",
            wants);
    scene_close(&scene);
}

static void backends_apart(void)
{
    /* a is dead from 450 on: 100 300 | 500 700 900 go there, 200 400 600 800 to b. */
    static const struct want wants[] = {{"picks of backend a", 5},
                                        {"picks of backend b", 4},
                                        {"errors of backend a", 0.6},
                                        {"errors of backend b", 0},
                                        {"errors of backend a@ after 500ms", 1},
                                        {"failed(refused) of backend a", 0.6},
                                        {"utilization of backend a", 0.1},
                                        {"utilization of backend b", 0.2},
                                        {"utilization", 0.15},
                                        {"utilization of backend b@ after 500ms", 0.2},
                                        {"mean of backend b", 50e6},
                                        {"in-flight of backend b", 0.2},
                                        {"picks of backend a@ after 500ms", 3},
                                        {"imbalance", 10.0 / 9},
                                        {"imbalance@ before 350ms", 4.0 / 3},
                                        {NULL, 0}};
    measure(C("10/s", "50ms"),
            "balancer: {algorithm: round-robin}\nbackends: [{name: a}, {name: b}]\n"
            "timeline: [{at: 450ms, kill: a}]\nrun: {duration: 1s}",
            wants);
    scene_close(&scene);
}

/* Shares of picks over shares of weight; a backup and a weight of 0 do not count. */
static void imbalance_is_by_weight(void)
{
    static const struct want wants[] = {{"imbalance", 16.0 / 9}, {NULL, 0}};
    measure(C("10/s", "1ms"),
            "balancer: {algorithm: round-robin}\n"
            "backends: [{name: a, weight: 3}, {name: b}, {name: n, weight: 0}, "
            "{name: z, tier: 1, weight: 9}]\nrun: {duration: 1s}",
            wants);
    CHECK_CLOSE(scene.s->imbalance, 16.0 / 9, 1e-12);
    scene_close(&scene);
    static const struct want fair[] = {{"imbalance", 1}, {NULL, 0}};
    measure(C("10/s", "1ms"),
            "balancer: {algorithm: weighted-round-robin}\n"
            "backends: [{name: a, weight: 2}, {name: b}]\nrun: {duration: 1s}",
            fair); /* 6 : 3 */
    scene_close(&scene);
}

/* Nobody was picked: there is nothing to compare, and an expectation does not hold. */
static void nothing_is_not_balanced(void)
{
    static const struct want wants[] = {
        {"imbalance", NAN}, {"imbalance@ after 500ms", NAN}, {"availability", NAN}, {NULL, 0}};
    measure(C("1/s", "1ms"), ONE "run: {duration: 1s}", wants);
    CU_ASSERT(isnan(scene.s->imbalance));
    scene_close(&scene);
    static const struct want backup[] = {{"imbalance", NAN}, {"picks", 9}, {NULL, 0}};
    measure(C("10/s", "1ms"),
            "balancer: {algorithm: random}\nbackends: [{name: a, weight: 0}, {name: b, tier: 1}]\n"
            "run: {duration: 1s}",
            backup);
    scene_close(&scene);
}

/* Interrupted at 350 ms of 1 s: figures are over what there was; nothing is made up. */
static void a_run_cut_short(void)
{
    scene_open_plain(&scene, "10/s", "250ms",
                     ONE "run: {duration: 1s, warmup: 100ms}\n"
                         "expect: [\"utilization > 0 before 300ms\", \"utilization > 0 after "
                         "300ms\", \"picks > 0\"]\n");
    run_until(scene.run, MS(350));
    const struct summary *s = run_finish(scene.run, true);
    CU_ASSERT(s->interrupted);
    CHECK_CLOSE(s->simulated_s, 0.25, 1e-12);
    SCENE_EQUAL(s->counts.arrived, 3);
    SCENE_EQUAL(s->counts.ok, 1);
    SCENE_EQUAL(s->counts.in_flight, 2);
    CHECK_CLOSE(s->throughput, 4.0, 1e-12);
    CHECK_CLOSE(s->backends[0].utilization, 1.0, 1e-12);
    CHECK_CLOSE(s->backends[0].queue_mean, (150 + 50) / 250.0, 1e-12);
    CHECK_CLOSE(s->backends[0].in_flight_mean, (250 + 150 + 50) / 250.0, 1e-12);
    CU_ASSERT(s->expects[0].known && s->expects[0].value == 1.0);
    CU_ASSERT(!s->expects[1].known && !s->expects[1].holds);
    CU_ASSERT(s->expects[2].known && s->expects[2].value == 3.0);
    CU_ASSERT(!run_until(scene.run, MS(400)) && run_finish(scene.run, false) == s);
    scene_close(&scene);
    /* In the warm-up: nothing was measured yet. */
    scene_open_plain(&scene, "10/s", "250ms", ONE "run: {duration: 1s, warmup: 500ms}\n");
    run_until(scene.run, MS(350));
    s = run_finish(scene.run, true);
    CHECK_CLOSE(s->simulated_s, 0.0, 0);
    SCENE_EQUAL(s->counts.arrived, 0);
    CHECK_CLOSE(s->backends[0].utilization, 0.0, 0);
    scene_close(&scene);
    /* Before the first event. */
    scene_open_plain(&scene, "10/s", "250ms", ONE "run: {duration: 1s}\n");
    s = run_finish(scene.run, true);
    SCENE_EQUAL(s->counts.arrived + s->events, 0);
    scene_close(&scene);
}

/* --- samples --------------------------------------------------------------------------------- */

static struct {
    unsigned count;
    lb_time at[8], interval[8];
    double utilization[8];
    uint64_t finished[8], arrived[8];
    uint32_t queue[8];
} samples;

static void on_sample(void *self, const struct sample *sample)
{
    unsigned i = samples.count++;
    (void)self;
    if (i >= 8)
        return;
    samples.at[i] = sample->at;
    samples.interval[i] = sample->interval;
    samples.utilization[i] = sample->backends[0].utilization;
    samples.finished[i] = sample->latency->count;
    samples.arrived[i] = sample->arrived;
    samples.queue[i] = sample->backends[0].queue;
}

/* Every 200 ms: 100 is served until 350, 200 until 600, 300 until 850. */
static void samples_are_of_their_interval(void)
{
    scene_open_plain(&scene, "10/s", "250ms", ONE "run: {duration: 1s, sample: 200ms}\n");
    run_destroy(scene.run);
    struct run_setup setup = {.scenario = scene.scenario, .keep_samples = true};
    struct observer observer = {.on_sample = on_sample};
    scene.run = run_create(&setup, NULL);
    run_observe(scene.run, &observer);
    memset(&samples, 0, sizeof samples);
    run_until(scene.run, MS(300));
    (void)run_look(scene.run); /* whoever looks in between has an interval of his own */
    run_until(scene.run, MS(900));
    static const double utilization[] = {0.5, 1, 1, 1};
    static const uint64_t finished[] = {0, 1, 1, 0}, arrived[] = {2, 4, 6, 8};
    static const uint32_t queue[] = {1, 2, 3, 5};
    SCENE_EQUAL(samples.count, 4);
    for (unsigned i = 0; i < 4; i++) {
        SCENE_EQUAL(samples.at[i], MS(200 * (i + 1)));
        SCENE_EQUAL(samples.interval[i], MS(200));
        CHECK_CLOSE(samples.utilization[i], utilization[i], 1e-12);
        SCENE_EQUAL(samples.finished[i], finished[i]);
        SCENE_EQUAL(samples.arrived[i], arrived[i]);
        SCENE_EQUAL(samples.queue[i], queue[i]);
    }
    const struct sample *look = run_look(scene.run);
    SCENE_EQUAL(look->interval, MS(600));
    SCENE_EQUAL(look->latency->count, 3);
    CHECK_CLOSE(look->backends[0].utilization, 1.0, 1e-12);
    scene_close(&scene);
}

/* Round-robin over one, then over two from 2.5 s on (a half second of slices of one, so the third is
 * mixed: 25 % of its picks are not 45 %). Weights 1 and 3: the fair share of the new one is 3/4, and
 * round-robin without weights gives it a half, for ever. A backend that is down has no share. */
static void rebalanced(void)
{
    static const char text[] =
        "clients: [{name: c, arrivals: uniform(rate=100/s), requests: [{name: r, work: "
        "constant(1ms)}]}]\nbalancer: {algorithm: %s}\n"
        "backends: [{name: old}, {name: new, weight: %d}]\n"
        "timeline: [{at: 2500ms, weight: new, to: %d}%s]\nrun: {duration: 6s}\n"
        "expect: [rebalance of new < 10s after 2s, rebalance of new < 10s after 3s, rebalance of "
        "old < 10s after 1s]\n";
    SCENE_RUN(&scene, text, "round-robin", 0, 1, "");
    CHECK_CLOSE(scene.s->expects[0].value, 2e9, 1.0);
    CHECK_CLOSE(scene.s->expects[1].value, 1e9, 1.0);
    CHECK_CLOSE(scene.s->expects[2].value, 1e9, 1.0);
    scene_close(&scene);
    SCENE_RUN(&scene, text, "least-connections", 0, 3, "");
    CHECK_CLOSE(scene.s->expects[1].value, 3e9, 1.0); /* never: idle ones take turns */
    scene_close(&scene);
    SCENE_RUN(&scene, text, "round-robin", 0, 1, ", {at: 2500ms, kill: new}");
    CHECK_CLOSE(scene.s->expects[1].value, 1e9,
                1.0); /* every other pick is tried there, and fails */
    scene_close(&scene);
}

static const struct check_test tests[] = {
    {"windows of time", windows_of_time},
    {"windows and warm-up", windows_and_warmup},
    {"classes and clients", classes_clients_and_backends},
    {"backends", backends_apart},
    {"imbalance", imbalance_is_by_weight},
    {"imbalance of nothing", nothing_is_not_balanced},
    {"a run cut short", a_run_cut_short},
    {"rebalance", rebalanced},
    {"samples", samples_are_of_their_interval},
};

CHECK_MAIN("model: what is measured")
