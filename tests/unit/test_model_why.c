/*
 * Why requests fail or are slow, each reason in a scene worked out by hand. Requests arrive at 100 ms,
 * 200 ms, ... unless said otherwise. That the sums are right is asserted in every run (identities).
 * timeout: 120 (for the runner of tests, which would take one of a scenario below)
 */
#include <string.h>

#include "sim/model/why.h"
#include "tests/check.h"
#include "tests/unit/scenes.h"

static struct scene scene;

/* Of this cause (-1 = slow) and why; of the class, which is alone, and of all. */
static uint64_t count(int cause, enum why why)
{
    const struct summary *s = scene.s;
    CU_ASSERT(s->ledger_count == s->classes[0].ledger_count);
    for (uint32_t i = 0; i < s->ledger_count; i++)
        if (s->ledger[i].cause == cause && strcmp(s->ledger[i].why, why_name(why)) == 0)
            return s->ledger[i].count;
    return 0;
}

#define WHY(cause, why, number)                                                                    \
    scene_equal(count((cause), (why)), (number), #cause ", " #why, __FILE__, __LINE__)
/* ... and nothing else failed or was slow. */
static void only(uint32_t rows)
{
    SCENE_EQUAL(scene.s->ledger_count, rows);
    scene_close(&scene);
}

#define RR  "balancer: {algorithm: round-robin}\n"
#define ONE RR "backends: [{name: a}]\n"

static void killed(void)
{
    /* 100 to 300 are there at 350, 400 to 600 come later, unnoticed. */
    SCENE_PLAY(&scene, "10/s", "300ms",
               ONE "timeline: [{at: 350ms, kill: a}]\nrun: {duration: 650ms}\n");
    WHY(CAUSE_RESET, WHY_CRASH, 3);
    WHY(CAUSE_REFUSED, WHY_DETECTION, 3);
    only(2);
    /* On its way when it is killed: it was sent to one that lived. */
    SCENE_PLAY(&scene, "10/s", "30ms",
               "network: {balancer_backend: 20ms}\n" ONE
               "timeline: [{at: 110ms, kill: a}]\nrun: {duration: 250ms}\n");
    WHY(CAUSE_REFUSED, WHY_CRASH, 1);
    WHY(CAUSE_REFUSED, WHY_DETECTION, 1);
    only(2);
}

static void hung(void)
{
    /* 100, 200 are frozen at 250; 300 is accepted by a dead one. */
    static const char text[] = "    timeout: 1s\n" ONE "timeline: [{at: 250ms, hang: a}%s]\n"
                               "run: {duration: 350ms}\n";
    SCENE_PLAY(&scene, "10/s", "300ms", text, "");
    WHY(CAUSE_RESPONSE_TIMEOUT, WHY_CRASH, 2);
    WHY(CAUSE_RESPONSE_TIMEOUT, WHY_DETECTION, 1);
    only(2);
    /* The same when it is restarted, or killed, before they give up. */
    SCENE_PLAY(&scene, "10/s", "300ms", text, ", {at: 340ms, restore: a}");
    WHY(CAUSE_RESET, WHY_CRASH, 2);
    WHY(CAUSE_RESET, WHY_DETECTION, 1);
    only(2);
    SCENE_PLAY(&scene, "10/s", "300ms", text, ", {at: 340ms, kill: a}");
    WHY(CAUSE_RESET, WHY_CRASH, 2);
    WHY(CAUSE_RESET, WHY_DETECTION, 1);
    only(2);
}

static void nobody_and_panic(void)
{
    /* Checks every 10 ms: at 300 it is known, and nobody is left; with panic it is asked all the same. */
    static const char text[] =
        "balancer:\n  algorithm: round-robin\n  health: {active: {every: 10ms, "
        "fall: 1}%s}\nbackends: [{name: a}]\n"
        "timeline: [{at: 250ms, kill: a}]\nrun: {duration: 450ms}\n";
    SCENE_PLAY(&scene, "10/s", "10ms", text, "");
    WHY(CAUSE_NO_BACKEND, WHY_NOBODY, 2);
    only(1);
    SCENE_PLAY(&scene, "10/s", "10ms", text, ", panic: 50%");
    WHY(CAUSE_REFUSED, WHY_PANIC, 2);
    only(1);
}

static void queues(void)
{
    /* 100 ms of work each 50 ms for each backend: its queue of one is full at once. With the other one
     * drained it is the fault of those who are away. */
    static const char text[] = RR "backends: [{name: b, count: 2, queue: 1}]\n%s"
                                  "run: {duration: 1s}\n";
    SCENE_PLAY(&scene, "40/s", "100ms", text, "");
    CU_ASSERT(count(CAUSE_QUEUE_FULL, WHY_QUEUEING) == scene.s->counts.failed);
    CU_ASSERT(scene.s->counts.failed > 10);
    only(1);
    SCENE_PLAY(&scene, "16/s", "100ms", text, "timeline: [{at: 1ms, drain: b1}]\n");
    CU_ASSERT(count(CAUSE_QUEUE_FULL, WHY_EJECTION) == scene.s->counts.failed);
    CU_ASSERT(scene.s->counts.failed > 2);
    only(1);
    SCENE_PLAY(&scene, "16/s", "100ms", text, "timeline: [{at: 1ms, slow: b1, to: 10%}]\n");
    CU_ASSERT(count(CAUSE_QUEUE_FULL, WHY_SLOW_BACKEND) == scene.s->counts.failed);
    CU_ASSERT(scene.s->counts.failed > 2);
    only(1);
    /* At the balancer, which has no place for more than one: too many in line, or for too long. */
    SCENE_PLAY(&scene, "10/s", "1s",
               "balancer: {algorithm: round-robin, queue: {size: 1, timeout: 450ms}}\n"
               "backends: [{name: a, max_in_flight: 1}]\nrun: {duration: 450ms}\n");
    WHY(CAUSE_BALANCER_FULL, WHY_QUEUEING, 2);    /* 300, 400 */
    WHY(CAUSE_BALANCER_TIMEOUT, WHY_QUEUEING, 1); /* 200 */
    only(2);
}

static void gives_up(void)
{
    /* In a queue; in service, which takes too long; at the balancer; on the way. */
    SCENE_PLAY(&scene, "10/s", "140ms", "    timeout: 150ms\n" ONE "run: {duration: 250ms}\n");
    WHY(CAUSE_RESPONSE_TIMEOUT, WHY_WORK, 1); /* 200 is served from 240 on */
    only(1);
    SCENE_PLAY(&scene, "10/s", "200ms", "    timeout: 150ms\n" ONE "run: {duration: 250ms}\n");
    WHY(CAUSE_RESPONSE_TIMEOUT, WHY_WORK, 1);
    WHY(CAUSE_RESPONSE_TIMEOUT, WHY_QUEUEING, 1); /* from 200 to 300 */
    only(2);
    SCENE_PLAY(&scene, "10/s", "1s",
               "    timeout: 150ms\n" RR "backends: [{name: a, max_in_flight: 1}]\n"
               "run: {duration: 250ms}\n");
    WHY(CAUSE_RESPONSE_TIMEOUT, WHY_WORK, 1);
    WHY(CAUSE_RESPONSE_TIMEOUT, WHY_QUEUEING, 1);
    only(2);
    SCENE_PLAY(&scene, "10/s", "1ms",
               "    timeout: 150ms\nnetwork: {client_balancer: 50ms, balancer_backend: 30ms}\n" ONE
               "run: {duration: 250ms}\n");
    WHY(CAUSE_RESPONSE_TIMEOUT, WHY_NETWORK, 2);
    only(1);
    /* A slow one: most of the time its work is stretched. */
    SCENE_PLAY(&scene, "10/s", "30ms",
               "    timeout: 150ms\n" ONE "timeline: [{at: 1ms, slow: a, to: 10%%}]\n"
               "run: {duration: 150ms}\n");
    WHY(CAUSE_RESPONSE_TIMEOUT, WHY_SLOW_BACKEND, 1);
    only(1);
    /* A failure that is on its way when the client gives up keeps its reason. */
    SCENE_PLAY(&scene, "10/s", "1ms",
               "    timeout: 15ms\nnetwork: {client_balancer: 10ms}\n" ONE
               "timeline: [{at: 1ms, kill: a}]\nrun: {duration: 150ms}\n");
    WHY(CAUSE_RESPONSE_TIMEOUT, WHY_DETECTION, 1);
    only(1);
}

static void slow_ones(void)
{
    static const char slow[] = "    objective: 50ms\n";
    SCENE_PLAY(&scene, "10/s", "60ms", "%s" ONE "run: {duration: 250ms}\n", slow);
    WHY(-1, WHY_WORK, 2);
    only(1);
    SCENE_PLAY(&scene, "10/s", "50ms", "%s" ONE "run: {duration: 250ms}\n", slow);
    only(0); /* exactly in time */
    /* 10, 20, ... 50 wait 0, 20, ... 80; the first two are in time. */
    SCENE_PLAY(&scene, "100/s", "30ms", "%s" ONE "run: {duration: 55ms, settle: 1s}\n", slow);
    WHY(-1, WHY_QUEUEING, 3);
    WHY(-1, WHY_WORK, 0);
    SCENE_EQUAL(scene.s->counts.good, 2);
    CU_ASSERT(scene.s->counts.ok == 5);
    scene_close(&scene);
    SCENE_PLAY(&scene, "10/s", "10ms",
               "%snetwork: {client_balancer: 20ms, balancer_backend: 2ms}\n" ONE
               "run: {duration: 250ms}\n",
               slow);
    WHY(-1, WHY_NETWORK, 2);
    only(1);
    SCENE_PLAY(&scene, "10/s", "10ms",
               "%s" ONE "timeline: [{at: 1ms, slow: a, to: 10%%}]\nrun: {duration: 150ms}\n", slow);
    WHY(-1, WHY_SLOW_BACKEND, 1);
    only(1);
    /* Saved by a retry after 100 ms: what was wrong is what made the first try fail. */
    SCENE_PLAY(&scene, "10/s", "10ms",
               "%sbalancer: {algorithm: round-robin, retries: {max: 1, backoff: constant(100ms)}}\n"
               "backends: [{name: b, count: 2}]\n"
               "timeline: [{at: 1ms, kill: b1}]\nrun: {duration: 150ms}\n",
               slow);
    WHY(-1, WHY_DETECTION, 1);
    only(1);
    SCENE_PLAY(&scene, "10/s", "10ms",
               "%s    retries: {max: 1, backoff: constant(50ms)}\n" RR
               "backends: [{name: b, count: 2}]\n"
               "timeline: [{at: 1ms, kill: b1}]\nrun: {duration: 150ms}\n",
               slow);
    WHY(-1, WHY_DETECTION, 1);
    only(1);
}

/* A backend that answers errors, also where the queue before them took longer. */
static void errors(void)
{
    SCENE_PLAY(&scene, "10/s", "10ms",
               ONE
               "timeline: [{at: 1ms, errors: a, to: 100%%, in: 2ms}]\nrun: {duration: 250ms}\n");
    WHY(CAUSE_ERROR, WHY_ERROR, 2);
    only(1);
    SCENE_PLAY(&scene, "10/s", "10ms",
               ONE "timeline: [{at: 1ms, errors: a, to: 100%%, in: 150ms}]\n"
                   "run: {duration: 350ms}\n");
    WHY(CAUSE_ERROR, WHY_ERROR, 3);
    only(1);
    SCENE_PLAY(&scene, "10/s", "10ms",
               "balancer: {algorithm: round-robin, retries: {max: 1, to: same, when: error}}\n"
               "backends: [{name: a}]\ntimeline: [{at: 1ms, errors: a, to: 100%%}]\n"
               "run: {duration: 250ms}\n");
    WHY(CAUSE_ERROR, WHY_RETRIES, 2);
    only(1);
}

static void paused(void)
{
    static const char slow[] = "    objective: 50ms\n";
    /* 100 is served until 110 and stands from 105 to 185; 200 and 300 are not concerned. */
    SCENE_PLAY(&scene, "10/s", "10ms",
               "%s" ONE "timeline: [{at: 105ms, pause: a, for: 80ms}]\nrun: {duration: 350ms}\n",
               slow);
    WHY(-1, WHY_PAUSE, 1);
    only(1);
    /* 100 and 200 wait for the end at 290, and 300 for 200, which is served until 330 + 50: it waits
     * 40 of its 90 and is served 40. */
    SCENE_PLAY(&scene, "10/s", "40ms",
               "%s" ONE "timeline: [{at: 90ms, pause: a, for: 200ms}]\nrun: {duration: 350ms}\n",
               slow);
    WHY(-1, WHY_PAUSE, 2);
    WHY(-1, WHY_QUEUEING, 1);
    only(2);
    /* Its own work is longer than the pause in it, and than a pause before it. */
    SCENE_PLAY(&scene, "10/s", "60ms",
               "%s" ONE "timeline: [{at: 110ms, pause: a, for: 20ms}, {at: 170ms, pause: a, "
               "for: 35ms}]\nrun: {duration: 250ms}\n",
               slow);
    WHY(-1, WHY_WORK, 2);
    only(1);
    /* Given up while it stands; and turned away because it stands: 100 and 200 are there. */
    SCENE_PLAY(&scene, "10/s", "10ms",
               "    timeout: 50ms\n" ONE "timeline: [{at: 105ms, pause: a}]\n"
               "run: {duration: 250ms}\n");
    WHY(CAUSE_RESPONSE_TIMEOUT, WHY_PAUSE, 2);
    only(1);
    SCENE_PLAY(&scene, "10/s", "10ms",
               RR "backends: [{name: a, queue: 1}]\n"
                  "timeline: [{at: 105ms, pause: a, for: 300ms}]\nrun: {duration: 350ms}\n");
    WHY(CAUSE_QUEUE_FULL, WHY_PAUSE, 1);
    only(1);
    /* Its balancer gives up, and the request stays behind. */
    SCENE_PLAY(&scene, "10/s", "40ms",
               "balancer: {algorithm: round-robin, timeouts: {response: 60ms}}\n"
               "backends: [{name: a}]\ntimeline: [{at: 105ms, pause: a}]\n"
               "run: {duration: 150ms}\n");
    WHY(CAUSE_RESPONSE_TIMEOUT, WHY_PAUSE, 1);
    only(1);
    /* Three times as much work after a restart. */
    SCENE_PLAY(&scene, "10/s", "30ms",
               "%s" RR "backends: [{name: a, cold_start: {factor: 3, for: 1s, curve: step}}]\n"
               "timeline: [{at: 1ms, kill: a, for: 1ms}]\nrun: {duration: 150ms}\n",
               slow);
    WHY(-1, WHY_COLD, 1);
    only(1);
}

static void lost(void)
{
    /* No packet arrives: who gives up is its client, or its balancer. */
    SCENE_PLAY(&scene, "10/s", "10ms",
               "    timeout: 50ms\n" ONE "timeline: [{at: 1ms, isolate: a}]\n"
               "run: {duration: 250ms}\n");
    WHY(CAUSE_RESPONSE_TIMEOUT, WHY_LOST, 2);
    only(1);
    static const char hasty[] = "network: {balancer_backend: 10ms}\n"
                                "balancer: {algorithm: round-robin, timeouts: {connect: %s}}\n"
                                "backends: [{name: a}]\ntimeline: [{at: %s, isolate: a}]\n"
                                "run: {duration: 250ms}\n";
    SCENE_PLAY(&scene, "10/s", "10ms", hasty, "20ms", "1ms");
    WHY(CAUSE_CONNECT_TIMEOUT, WHY_LOST, 2);
    only(1);
    /* The same end where no packet is lost, but the way is longer than it waits. */
    SCENE_PLAY(&scene, "10/s", "10ms", hasty, "19ms", "240ms");
    WHY(CAUSE_CONNECT_TIMEOUT, WHY_NETWORK, 2);
    only(1);
    /* Its answer is lost, on the way back from 110: it is connected. */
    SCENE_PLAY(&scene, "10/s", "10ms",
               "    timeout: 50ms\n" ONE "timeline: [{at: 105ms, loss: a, to: 100%%}]\n"
               "run: {duration: 150ms}\n");
    WHY(CAUSE_RESPONSE_TIMEOUT, WHY_LOST, 1);
    only(1);
}

static void retried(void)
{
    static const char dead[] = "backends: [{name: a}]\ntimeline: [{at: 1ms, kill: a}]\n"
                               "run: {duration: 250ms}\n";
    SCENE_PLAY(&scene, "10/s", "10ms", "    retries: {max: 2}\n" RR "%s", dead);
    WHY(CAUSE_REFUSED, WHY_RETRIES, 2);
    only(1);
    SCENE_PLAY(&scene, "10/s", "10ms",
               "balancer: {algorithm: round-robin, retries: {max: 2, to: same}}\n%s", dead);
    WHY(CAUSE_REFUSED, WHY_RETRIES, 2);
    only(1);
    /* Ten retries are in the bucket, then one is left of each hundred. */
    SCENE_PLAY(&scene, "100/s", "10ms", "    retries: {max: 1, budget: 1%%}\n" RR "%s", dead);
    WHY(CAUSE_REFUSED, WHY_RETRIES, 10);
    WHY(CAUSE_RETRY_BUDGET, WHY_DETECTION, 14);
    only(2);
    SCENE_PLAY(&scene, "100/s", "10ms",
               "balancer: {algorithm: round-robin, retries: {max: 1, to: same, budget: 1%%}}\n%s",
               dead);
    WHY(CAUSE_REFUSED, WHY_RETRIES, 10);
    WHY(CAUSE_RETRY_BUDGET, WHY_DETECTION, 14);
    only(2);
    /* An end that the rule does not list is not one of its retries. */
    SCENE_PLAY(&scene, "10/s", "10ms",
               "balancer: {algorithm: round-robin, retries: {max: 2, when: reset}}\n%s", dead);
    WHY(CAUSE_REFUSED, WHY_DETECTION, 2);
    only(1);
}

static void cut(void)
{
    SCENE_PLAY(&scene, "10/s", "300ms",
               RR "backends: [{name: b, count: 2}]\n"
                  "timeline: [{at: 350ms, drain: b1, limit: 0}]\nrun: {duration: 350ms}\n");
    WHY(CAUSE_DRAIN_CUT, WHY_DRAIN_CUT, 2);
    only(1);
}

/* Warm-up is not measured, and what has no objective is never slow. */
static void not_counted(void)
{
    SCENE_PLAY(&scene, "10/s", "60ms",
               "    objective: 50ms\n" ONE "run: {duration: 350ms, warmup: 250ms}\n");
    WHY(-1, WHY_WORK, 1);
    only(1);
    SCENE_PLAY(&scene, "10/s", "1h", ONE "run: {duration: 350ms}\n");
    only(0);
}

static void words(void)
{
    for (int i = 0; i < WHYS; i++) {
        CU_ASSERT_FATAL(why_name((enum why)i) != NULL && why_help((enum why)i) != NULL);
        for (int k = 0; k < i; k++)
            CU_ASSERT(strcmp(why_name((enum why)i), why_name((enum why)k)) != 0);
    }
}

static const struct check_test tests[] = {
    {"a backend is killed", killed},
    {"a backend hangs", hung},
    {"nobody usable, and panic", nobody_and_panic},
    {"queues that are full", queues},
    {"clients that give up", gives_up},
    {"ok but slow", slow_ones},
    {"errors", errors},
    {"a backend that stands still", paused},
    {"lost packets", lost},
    {"retries", retried},
    {"a drain that cuts", cut},
    {"what is not counted", not_counted},
    {"words", words},
};

CHECK_MAIN("model_why")
