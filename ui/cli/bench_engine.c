/* See bench.h: the engine alone, and a whole simulation. */
#include <math.h>

#include "algorithms/random.h"
#include "sim/base/wall.h"
#include "sim/base/ziggurat.h"
#include "sim/engine/engine.h"
#include "sim/run/run.h"
#include "sim/scenario/load.h"
#include "ui/cli/bench.h"

#define ROUNDS    3
#define GAP       10e6 /* ns, mean, exponential */
#define HOLDS     300000U
#define REQUESTS  1e6
#define WORK_MS   100.0
#define LOAD      0.9
#define TIMEOUT_S 100.0 /* 1,000 x the mean work */

struct hold {
    struct engine *engine;
    struct lb_random random;
    uint64_t left;
};

static void on_hold(void *context, uint32_t subject, lb_time now)
{
    struct hold *hold = context;
    if (--hold->left == 0)
        engine_stop(hold->engine);
    (void)engine_at(hold->engine, now + units_from_ns(ziggurat_exponential(&hold->random) * GAP), 0,
                    subject);
}

static engine_handler *const handlers[] = {on_hold};

double bench_hold(uint32_t pending, bool quick)
{
    struct hold hold = {0};
    double best = NAN;
    lb_random_seed(&hold.random, 1);
    hold.engine = engine_create(handlers, 1, &hold, 0);
    for (uint32_t i = 0; i < pending; i++)
        (void)engine_at(hold.engine, units_from_ns(ziggurat_exponential(&hold.random) * GAP), 0, i);
    hold.left = 4 * (uint64_t)pending; /* until the queue has its shape */
    engine_run(hold.engine, LB_NEVER);
    for (int round = 0; round < (quick ? 1 : ROUNDS); round++) {
        hold.left = HOLDS;
        int64_t start = wall_cpu();
        engine_run(hold.engine, LB_NEVER);
        best = fmin(best, (double)(wall_cpu() - start) / HOLDS);
    }
    engine_destroy(hold.engine);
    return best;
}

static struct scenario *load(const struct bench_simulation *simulation, struct lb_error *error)
{
    struct text text, messages;
    int status;
    double rate = LOAD * simulation->backends / (WORK_MS / 1e3);
    text_init(&text);
    text_init(&messages);
    text_addf(&text,
              "lbsim: 1\nname: bench\nclients:\n  - name: clients\n"
              "    arrivals: poisson(rate=%.6f/s)\n"
              "    requests: [{name: r, work: exponential(mean=%.0fms)}]\n",
              rate, WORK_MS);
    if (simulation->all)
        text_addf(&text, "    timeout: %.0fs\n", TIMEOUT_S);
    text_addf(&text, "balancer:\n  algorithm: power-of-two\n");
    if (simulation->all)
        text_addf(&text, "  health: {active: {every: 2s, timeout: 1s, rise: 2, fall: 3, "
                         "through: reserved}}\n");
    text_addf(&text,
              "backends: [{name: b, count: %u}]\nrun: {duration: %.6fs, settle: 0, seed: 1}\n",
              (unsigned)simulation->backends, REQUESTS / rate);
    struct scenario_request request = {.path = "bench", .text = text.data, .text_size = text.size};
    struct scenario *scenario = scenario_load(&request, &messages, &status);
    if (scenario == NULL)
        lb_error_set(error, LB_ERROR_INVALID, "%.1000s", messages.data);
    text_done(&messages);
    text_done(&text);
    return scenario;
}

int bench_simulate(struct bench_simulation *simulation, struct lb_error *error)
{
    struct scenario *scenario = load(simulation, error);
    int status = scenario != NULL ? 0 : -1;
    double best = INFINITY;
    for (int round = 0; round < (simulation->quick ? 1 : ROUNDS) && status == 0; round++) {
        struct run_setup setup = {.scenario = scenario};
        int64_t start = wall_cpu();
        struct run *run = run_create(&setup, error);
        if (run == NULL) {
            status = -1;
            break;
        }
        while (run_until(run, LB_NEVER - 1))
            ;
        const struct summary *summary = run_finish(run, false);
        best = fmin(best, (double)(wall_cpu() - start));
        simulation->events_request = (double)summary->events / (double)summary->counts.arrived;
        simulation->ns_request = best / (double)summary->counts.arrived;
        simulation->ns_event = best / (double)summary->events;
        run_destroy(run);
    }
    scenario_destroy(scenario);
    return status;
}
