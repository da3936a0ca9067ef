/*
 * What the event queue costs: nanoseconds of processor time
 *   - a hold (one event carried out, one scheduled in its place) with 10 to 100,000 pending, gaps
 *     exponential with mean 10 ms, the handler called through the table;
 *   - an arm and a cancel of a timeout 1,000 times as far away, among the same events.
 * Each figure is the least of five rounds: what disturbs a measurement only ever adds. Usage: no
 * arguments. Not a test: it prints, it judges nothing.
 */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

#include "algorithms/random.h"
#include "sim/base/wall.h"
#include "sim/base/ziggurat.h"
#include "sim/engine/engine.h"

#define GAP    10e6 /* ns */
#define ROUNDS 5

struct hold {
    struct engine *engine;
    struct lb_random random;
    uint64_t left;
    uint64_t sum; /* of the instants: the work cannot be optimised away */
};

static lb_time hold_gap(struct hold *hold, double mean)
{
    return (lb_time)(ziggurat_exponential(&hold->random) * mean + 0.5);
}

static void hold_on_event(void *context, uint32_t subject, lb_time now)
{
    struct hold *hold = context;
    hold->sum += (uint64_t)now;
    if (--hold->left == 0)
        engine_stop(hold->engine);
    (void)engine_at(hold->engine, now + hold_gap(hold, GAP), 0, subject);
}

static void hold_on_timeout(void *context, uint32_t subject, lb_time now)
{
    struct hold *hold = context;
    hold->sum += subject + (uint64_t)now;
}

static engine_handler *const hold_handlers[] = {hold_on_event, hold_on_timeout};

static double hold_measure(uint32_t pending, uint64_t holds, double *cancel, uint64_t *sum)
{
    struct hold hold = {0};
    lb_random_seed(&hold.random, 1);
    hold.engine = engine_create(hold_handlers, 2, &hold, 0);
    for (uint32_t i = 0; i < pending; i++)
        (void)engine_at(hold.engine, hold_gap(&hold, GAP), 0, i);
    hold.left = 4 * (uint64_t)pending; /* warm */
    engine_run(hold.engine, LB_NEVER);
    hold.left = holds;
    int64_t start = wall_cpu();
    engine_run(hold.engine, LB_NEVER);
    double ns = (double)(wall_cpu() - start) / (double)holds;

    /* Each of `pending` timeouts is replaced in turn: disarmed and armed again further on. */
    engine_event *timeout = malloc(pending * sizeof *timeout);
    if (timeout == NULL)
        exit(3);
    lb_time far = engine_now(hold.engine) + (lb_time)(1000 * GAP);
    for (uint32_t i = 0; i < pending; i++)
        timeout[i] = engine_at(hold.engine, far += 1000, 1, i);
    start = wall_cpu();
    for (uint64_t left = holds; left > 0;)
        for (uint32_t i = 0; i < pending && left > 0; i++, left--) {
            engine_cancel(hold.engine, timeout[i]);
            timeout[i] = engine_at(hold.engine, far += 1000, 1, i);
        }
    *cancel = (double)(wall_cpu() - start) / (double)holds;
    *sum += hold.sum;
    free(timeout);
    engine_destroy(hold.engine);
    return ns;
}

int main(void)
{
    printf("%10s %12s %20s\n", "pending", "ns a hold", "ns an arm + cancel");
    uint64_t sum = 0;
    for (uint32_t pending = 10; pending <= 100000; pending *= 10) {
        double best = 1e9;
        double best_cancel = 1e9;
        for (int round = 0; round < ROUNDS; round++) {
            double cancel;
            double ns = hold_measure(pending, 500000, &cancel, &sum);
            best = ns < best ? ns : best;
            best_cancel = cancel < best_cancel ? cancel : best_cancel;
        }
        printf("%10" PRIu32 " %12.1f %20.1f\n", pending, best, best_cancel);
    }
    printf("checksum %016" PRIx64 "\n", sum);
    return 0;
}
