/*
 * The simulator against a recursion that knows no events: the free time of each slot, and the same
 * addressed draws. Response and latency of every request must agree to the nanosecond, which is
 * judged by their sums and by the digest, computed here from the recursion alone.
 *
 * First come first served with c slots: a request starts when it has arrived and the slot that is
 * free first is free (Kiefer and Wolfowitz; Lindley for c = 1). Processor sharing is followed by
 * the work that is left, in long double, and agrees up to the rounding of each departure.
 */
#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <xxhash.h>

#include "sim/base/stream.h"
#include "tests/check.h"
#include "tests/unit/scenes.h"

enum { JOBS_MAX = 40000, FARM_MAX = 8, SLOTS_MAX = 4 };

struct job {
    lb_time arrived, work, left; /* left: its answer is at the balancer */
    uint32_t class;
};

struct entry { /* of the digest */
    int64_t time;
    uint64_t request;
    uint32_t attempt;
    int32_t backend;
    uint64_t end;
};

static struct oracle {
    const struct scenario *scenario;
    struct job jobs[JOBS_MAX];
    uint32_t count;
    struct entry entries[JOBS_MAX];
    lb_time free[FARM_MAX][SLOTS_MAX];
    lb_time *gone[FARM_MAX]; /* departures from each backend, as they were computed */
    lb_time *back[FARM_MAX]; /* answers at the balancer, refusals too */
    uint32_t served[FARM_MAX], sent[FARM_MAX];
    uint32_t turn;
    double response, latency;
    uint64_t ok, failed;
} oracle;

static int by_arrival(const void *a, const void *b)
{
    const struct job *x = a, *y = b;
    return (x->arrived > y->arrived) - (x->arrived < y->arrived);
}

/* Draws the traffic of all groups up to `until`. */
static void draw_traffic(lb_time until)
{
    const struct scenario *s = oracle.scenario;
    struct stream_key key = {.seed = s->run.seed};
    oracle.count = 0;
    for (uint32_t g = 0; g < s->client_count; g++) {
        const struct scenario_client *client = &s->clients[g];
        struct lb_random gaps, classes, work;
        stream_open(&gaps, &key, STREAM_ARRIVAL, g, 0);
        stream_open(&classes, &key, STREAM_CLASS, g, 0);
        stream_open(&work, &key, STREAM_WORK, g, 0);
        lb_time now = 0;
        for (;;) {
            now += llround(ziggurat_exponential(&gaps) * (1e9 / client->rate));
            if (now > until)
                break;
            CU_ASSERT_FATAL(oracle.count < JOBS_MAX);
            struct job *job = &oracle.jobs[oracle.count++];
            uint32_t class = 0;
            if (client->class_count > 1)
                class = lb_random_unit(&classes) < client->classes[0].share ? 0 : 1;
            job->arrived = now;
            job->class = client->class_first + class;
            job->work = llround(distribution_draw(&client->classes[class].work, &work));
        }
    }
    qsort(oracle.jobs, oracle.count, sizeof oracle.jobs[0], by_arrival);
}

/* How many of the attempts sent to b are still unanswered at the balancer at `now`; those that end
 * at this very instant count, because an arrival comes first. */
static uint32_t in_flight(uint32_t b, lb_time now)
{
    uint32_t n = 0;
    for (uint32_t i = 0; i < oracle.sent[b]; i++)
        n += oracle.back[b][i] >= now;
    return n;
}

static uint32_t pick(lb_time now)
{
    uint32_t count = oracle.scenario->backend_count, best = 0;
    if (strcmp(oracle.scenario->balancer.algorithm->name, "round-robin") == 0)
        return oracle.turn++ % count;
    for (uint32_t b = 1; b < count; b++) /* least connections, the first of equals */
        if (in_flight(b, now) < in_flight(best, now))
            best = b;
    return best;
}

/* Sends job n to backend b; true when it was served. */
static bool serve(struct job *job, uint32_t b, lb_time at)
{
    const struct scenario_backend *rule = &oracle.scenario->backends[b];
    lb_time there = at + oracle.scenario->balancer_backend;
    uint32_t present = 0, slot = 0;
    for (uint32_t i = 0; i < oracle.served[b]; i++)
        present += oracle.gone[b][i] >= there;
    if (rule->queue != SCENARIO_UNLIMITED && present >= rule->slots + rule->queue) {
        job->left = there + oracle.scenario->balancer_backend;
        return false;
    }
    for (uint32_t k = 1; k < rule->slots; k++)
        if (oracle.free[b][k] < oracle.free[b][slot])
            slot = k;
    lb_time start = oracle.free[b][slot] > there ? oracle.free[b][slot] : there;
    lb_time end = start + llround((double)job->work / rule->speed);
    oracle.free[b][slot] = end;
    oracle.gone[b][oracle.served[b]++] = end;
    job->left = end + oracle.scenario->balancer_backend;
    if (job->arrived >= oracle.scenario->run.warmup && job->arrived < oracle.scenario->run.duration)
        oracle.response += (double)(end - there);
    return true;
}

static int by_time(const void *a, const void *b)
{
    const struct entry *x = a, *y = b;
    return (x->time > y->time) - (x->time < y->time);
}

/* The digest of all attempts that end before the run does. */
static uint64_t digest(lb_time last)
{
    lb_time duration = oracle.scenario->run.duration;
    uint32_t n = 0;
    qsort(oracle.entries, oracle.count, sizeof oracle.entries[0], by_time);
    while (n < oracle.count &&
           (oracle.entries[n].time < duration || oracle.entries[n].time <= last)) {
        CU_ASSERT_FATAL(n == 0 || oracle.entries[n].time > oracle.entries[n - 1].time);
        n++;
    }
    return XXH64(oracle.entries, n * sizeof oracle.entries[0], 0);
}

/* Runs scene and recursion, and compares. */
static void compare(const char *rest)
{
    struct scene scene;
    SCENE_RUN(&scene, "%s", rest);
    const struct scenario *s = scene.scenario;
    memset(&oracle, 0, sizeof oracle);
    oracle.scenario = s;
    draw_traffic(2 * s->run.duration);
    for (uint32_t b = 0; b < s->backend_count; b++)
        oracle.gone[b] = malloc(2 * JOBS_MAX * sizeof *oracle.gone[b]);
    for (uint32_t b = 0; b < s->backend_count; b++)
        oracle.back[b] = oracle.gone[b] + JOBS_MAX;
    lb_time last = 0;
    for (uint32_t n = 0; n < oracle.count; n++) {
        struct job *job = &oracle.jobs[n];
        lb_time at = job->arrived + s->client_balancer;
        uint32_t b = pick(at);
        bool ok = serve(job, b, at);
        oracle.back[b][oracle.sent[b]++] = job->left;
        oracle.entries[n] = (struct entry){.time = job->left,
                                           .request = n,
                                           .backend = (int32_t)b,
                                           .end = ok ? LB_END_OK : LB_END_QUEUE_FULL};
        if (job->arrived < s->run.warmup || job->arrived >= s->run.duration)
            continue;
        lb_time back = job->left + s->client_balancer;
        last = back > last ? back : last;
        oracle.ok += ok;
        oracle.failed += !ok;
        oracle.latency += ok ? (double)(back - job->arrived) : 0.0;
    }
    CU_ASSERT(oracle.ok > 500);
    SCENE_EQUAL(scene.s->counts.ok, oracle.ok);
    SCENE_EQUAL(scene.s->counts.failed, oracle.failed);
    CHECK_CLOSE(scene.s->response.sum, oracle.response, 0);
    CHECK_CLOSE(scene.s->latency.sum, oracle.latency, 0);
    SCENE_EQUAL(scene.s->digest, digest(last));
    for (uint32_t b = 0; b < s->backend_count; b++)
        free(oracle.gone[b]);
    scene_close(&scene);
}

#define EXPONENTIAL(rate, mean)                                                                    \
    "  - {name: c, arrivals: poisson(rate=" rate "), requests: [{name: r, work: "                  \
    "exponential(mean=" mean ")}]}\n"

static void one_server(void)
{
    compare("clients:\n" EXPONENTIAL(
        "90/s", "10ms") "balancer: {algorithm: round-robin}\n"
                        "backends: [{name: a}]\nrun: {duration: 100s, warmup: 10s, seed: 3}\n");
}

static void a_queue_that_fills(void)
{
    compare("clients:\n" EXPONENTIAL(
        "150/s", "10ms") "balancer: {algorithm: round-robin}\n"
                         "backends: [{name: a, queue: 3}]\nrun: {duration: 60s, seed: 4}\n");
}

static void a_farm_in_turns(void)
{
    compare("clients:\n"
            "  - name: c\n    arrivals: poisson(rate=300/s)\n"
            "    requests:\n"
            "      - {name: a, share: 80%, work: exponential(mean=8ms)}\n"
            "      - {name: b, share: 20%, work: \"lognormal(mean=30ms, cv=3)\"}\n"
            "  - name: d\n    arrivals: poisson(rate=100/s)\n"
            "    requests: [{name: r, work: \"uniform(min=1ms, max=20ms)\"}]\n"
            "network: {client_balancer: 3217us, balancer_backend: 411us}\n"
            "balancer: {algorithm: round-robin}\n"
            "backends:\n"
            "  - {name: s, count: 3, slots: 2}\n"
            "  - {name: t, count: 2, slots: 1, speed: 1.5, queue: 5}\n"
            "run: {duration: 15s, warmup: 2s, seed: 5}\n");
}

static void the_shortest_line(void)
{
    compare("clients:\n" EXPONENTIAL(
        "270/s", "10ms") "balancer: {algorithm: least-connections, params: {ties: first}}\n"
                         "backends: [{name: s, count: 3}]\nrun: {duration: 20s, seed: 6}\n");
    compare("clients:\n" EXPONENTIAL(
        "500/s", "10ms") "network: {balancer_backend: 2ms}\n"
                         "balancer: {algorithm: least-connections, params: {ties: first}}\n"
                         "backends: [{name: s, count: 3, slots: 2, queue: 4}]\nrun: {duration: "
                         "10s, seed: 7}\n");
}

/* --- processor sharing ----------------------------------------------------------------------- */

/* Everybody present gets the same share, from one arrival or departure to the next. */
static double sharing_response(lb_time duration, long double slots, long double speed)
{
    static long double left[JOBS_MAX];
    static uint32_t who[JOBS_MAX];
    uint32_t present = 0, next = 0;
    long double now = 0, sum = 0;
    while (next < oracle.count || present > 0) {
        long double share = present > slots ? speed * slots / present : speed, least = INFINITY;
        uint32_t first = 0;
        for (uint32_t i = 0; i < present; i++)
            if (left[i] < least) {
                least = left[i];
                first = i;
            }
        long double departs = now + least / share;
        bool arrival = next < oracle.count && (long double)oracle.jobs[next].arrived <= departs;
        long double then = arrival ? (long double)oracle.jobs[next].arrived : departs;
        for (uint32_t i = 0; i < present; i++)
            left[i] -= (then - now) * share;
        now = then;
        if (arrival) {
            left[present] = oracle.jobs[next].work;
            who[present++] = next++;
            continue;
        }
        const struct job *job = &oracle.jobs[who[first]];
        if (job->arrived < duration)
            sum += now - job->arrived;
        left[first] = left[--present];
        who[first] = who[present];
    }
    return (double)sum;
}

static void shared_slots(void)
{
    static const int slots[] = {1, 3};
    for (int i = 0; i < 2; i++) {
        struct scene scene;
        SCENE_RUN(
            &scene,
            "clients:\n" EXPONENTIAL(
                "%d/s", "10ms") "balancer: {algorithm: round-robin}\n"
                                "backends: [{name: a, discipline: ps, slots: %d, speed: 1.25}]\n"
                                "run: {duration: 100s, settle: 100s, seed: 8}\n",
            80 * slots[i], slots[i]);
        memset(&oracle, 0, sizeof oracle);
        oracle.scenario = scene.scenario;
        draw_traffic(120 * SCENE_S);
        double sum = sharing_response(scene.scenario->run.duration, slots[i], 1.25L);
        double n = (double)scene.s->counts.ok;
        SCENE_EQUAL(scene.s->counts.ok, scene.s->counts.arrived);
        CU_ASSERT(n > 5000);
        /* A departure is rounded by half a nanosecond; the errors do not add up. */
        CU_ASSERT(fabs(scene.s->response.sum - sum) < 2.0 * n);
        scene_close(&scene);
    }
}

static const struct check_test tests[] = {
    {"one server", one_server},           {"a queue that fills", a_queue_that_fills},
    {"a farm in turns", a_farm_in_turns}, {"the shortest line", the_shortest_line},
    {"processor sharing", shared_slots},
};

CHECK_MAIN("model: against a recursion")
