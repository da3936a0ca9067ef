/*
 * finagle-peak-ewma: Finagle's power of two choices by peak EWMA of the response time.
 *
 * The idea: a node's cost is its round trip, averaged with mean lifetime `decay`; a round trip above
 * the cost is believed at once (a peak), one below only as time passes. A node that nobody asks
 * decays towards 0 and is tried again. load = cost x (outstanding + 1), the work a request would
 * find there.
 *
 *   observe(rtt): rtt > cost: cost = rtt; else with w = exp(-dt / decay): cost = rtt (1-w) + cost w
 *   load():       observe(0), which writes the state; cost 0 and something outstanding: a node
 *                 without history, probed once and then left alone until it answers:
 *                 (2^63 - 1) >> 16, and the outstanding on top; else cost x (outstanding + 1)
 *
 * A round trip lasts from dispatch to the end, failures included: a backend that fails fast looks
 * good, as it does to Finagle, which leaves that to failure accrual. The choice is that of p2c.h.
 *
 * Cost: O(1), two exponentials a pick.
 * Source: Finagle 2024-10, loadbalancer/PeakEwma.scala, util/Ema.scala, p2c/P2CPeakEwma.scala.
 */
#include "algorithms/finagle/p2c.h"
#include "algorithms/latency.h"

#define PENALTY ((double)(INT64_MAX >> 16)) /* 2^47 - 1 */

enum { DECAY, EFFORT };

static const struct lb_param params[] = {
    {.name = "decay",
     .unit = "ns",
     .value = 10e9,
     .min = 1e6,
     .max = 1e13,
     .help = "mean lifetime of a round trip in the average"},
    LB_FINAGLE_EFFORT,
    {.name = NULL},
};

struct state {
    struct lb_finagle_p2c p2c;
    struct lb_latency latency;
};

static void destroy(void *state)
{
    struct state *s = state;
    lb_shares_done(&s->p2c.nodes);
    lb_latency_done(&s->latency);
    free(s);
}

static void *create(const struct lb_setup *setup, struct lb_error *error)
{
    struct state *s = calloc(1, sizeof *s);
    if (s == NULL) {
        lb_error_set(error, LB_ERROR_MEMORY, "finagle-peak-ewma: no memory");
        return NULL;
    }
    struct lb_ewma start = {0};
    uint32_t effort = (uint32_t)lb_value(setup, params, EFFORT);
    if (lb_finagle_p2c_init(&s->p2c, setup, effort, error) != 0 ||
        lb_latency_init(&s->latency, setup, start, lb_value(setup, params, DECAY), error) != 0) {
        destroy(s);
        return NULL;
    }
    return s;
}

static void on_pool_change(void *state, const int32_t *changed, uint32_t count, lb_time now)
{
    struct state *s = state;
    lb_finagle_p2c_change(&s->p2c);
    lb_latency_change(&s->latency, changed, count, now);
}

static double load_of(double cost, uint32_t outstanding)
{
    return cost == 0 && outstanding != 0 ? PENALTY + outstanding : cost * (outstanding + 1.0);
}

static inline double load(void *state, uint32_t row, lb_time now)
{
    struct state *s = state;
    struct lb_ewma *rtt = &s->latency.row[row].rtt;
    lb_ewma_peak(rtt, 0, s->latency.tau, now);
    return load_of(rtt->value, s->p2c.pool->at[row].in_flight);
}

static int32_t pick(void *state, const struct lb_request *request, lb_time now)
{
    struct state *s = state;
    return lb_finagle_p2c_pick(&s->p2c, request, load, s, now);
}

static void on_attempt_finish(void *state, int32_t row, const struct lb_outcome *outcome,
                              lb_time now)
{
    struct state *s = state;
    double took = lb_latency_took(outcome, now);
    if (took >= 0)
        lb_ewma_peak(&s->latency.row[row].rtt, took, s->latency.tau, now);
}

static void describe(const void *state, lb_emit *emit, void *to)
{
    const struct state *s = state;
    emit(to, -1, "candidates", s->p2c.nodes.count);
    for (uint32_t place = 0; place < s->p2c.nodes.count; place++) {
        uint32_t row = s->p2c.nodes.row[place];
        double cost = s->latency.row[row].rtt.value;
        emit(to, (int32_t)row, "cost", cost);
        emit(to, (int32_t)row, "load", load_of(cost, s->p2c.pool->at[row].in_flight));
    }
}

extern const struct lb_algorithm lb_algorithm_finagle_peak_ewma;
const struct lb_algorithm lb_algorithm_finagle_peak_ewma = {
    .abi = LB_ABI,
    .name = "finagle-peak-ewma",
    .title = "Finagle p2c, peak EWMA",
    .summary = "Of two backends the one with less peak EWMA of round trips x (outstanding + 1).",
    .reference = "Finagle 2024-10, loadbalancer/PeakEwma.scala, p2c/P2CPeakEwma.scala",
    .cost = "O(1)",
    .changes = "A newcomer has load 0, gets one request, and no more until it answers; weights "
               "other than 0 do not count; a failure counts as its round trip.",
    .needs = LB_NEED_LATENCY,
    .params = params,
    .create = create,
    .destroy = destroy,
    .pick = pick,
    .on_attempt_finish = on_attempt_finish,
    .on_pool_change = on_pool_change,
    .describe = describe,
};
