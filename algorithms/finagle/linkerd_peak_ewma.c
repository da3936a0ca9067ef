/*
 * linkerd-peak-ewma: linkerd2's power of two choices by tower's peak EWMA of the response time.
 *
 * The idea: Finagle's peak EWMA with another start: an endpoint without history is held for one that
 * takes `default-rtt`, and that belief decays like any other.
 *
 *   update(r): r > rtt: rtt = r; else with d = exp(-dt / decay): rtt = rtt d + r (1 - d)
 *   load():    update(0), which writes the state; rtt x (in_flight + 1)
 *
 * `penalty`: the opt-in of linkerd2 2026 (linkerd/load-biaser): a failed attempt counts as a response
 * time of `penalty`, which linkerd sets to 5 s; 0 = off. A hint of the server (Retry-After) is not
 * known here. Which ends are failures is the host's rule. The choice is that of linkerd.h. Library
 * users of tower choose their own default-rtt; its documentation suggests 1 s.
 *
 * Cost: O(1), two exponentials a pick; O(n) when most backends are full.
 * Source: tower 2026, tower/src/load/peak_ewma.rs; linkerd2-proxy 2026, app/outbound profile.rs.
 */
#include "algorithms/finagle/linkerd.h"
#include "algorithms/latency.h"

enum { DEFAULT_RTT, DECAY, PENALTY };

static const struct lb_param params[] = {
    {.name = "default-rtt",
     .unit = "ns",
     .value = 30e6,
     .min = 1,
     .max = 1e13,
     .help = "what a backend without history is believed to take"},
    {.name = "decay",
     .unit = "ns",
     .value = 10e9,
     .min = 1e6,
     .max = 1e13,
     .help = "mean lifetime of a response time in the average"},
    {.name = "penalty",
     .unit = "ns",
     .value = 0,
     .min = 0,
     .max = 1e13,
     .help = "a failure counts as a response time of so much; 0 = as what it took"},
    {.name = NULL},
};

struct state {
    const struct lb_pool *pool;
    struct lb_random *random;
    struct lb_shares endpoints;
    struct lb_latency latency;
    double penalty;
};

static void destroy(void *state)
{
    struct state *s = state;
    lb_shares_done(&s->endpoints);
    lb_latency_done(&s->latency);
    free(s);
}

static void on_pool_change(void *state, const int32_t *changed, uint32_t count, lb_time now)
{
    struct state *s = state;
    lb_linkerd_change(&s->endpoints, s->pool);
    lb_latency_change(&s->latency, changed, count, now);
}

static void *create(const struct lb_setup *setup, struct lb_error *error)
{
    struct state *s = calloc(1, sizeof *s);
    if (s == NULL) {
        lb_error_set(error, LB_ERROR_MEMORY, "linkerd-peak-ewma: no memory");
        return NULL;
    }
    s->pool = setup->pool;
    s->random = setup->random;
    s->penalty = lb_value(setup, params, PENALTY);
    struct lb_ewma start = {.value = lb_value(setup, params, DEFAULT_RTT), .any = true};
    if (lb_shares_init(&s->endpoints, setup->pool, error) != 0 ||
        lb_latency_init(&s->latency, setup, start, lb_value(setup, params, DECAY), error) != 0) {
        destroy(s);
        return NULL;
    }
    lb_linkerd_change(&s->endpoints, s->pool);
    return s;
}

static inline double load(void *state, uint32_t row, lb_time now)
{
    struct state *s = state;
    struct lb_ewma *rtt = &s->latency.row[row].rtt;
    lb_ewma_peak(rtt, 0, s->latency.tau, now);
    return rtt->value * (s->pool->at[row].in_flight + 1.0);
}

static int32_t pick(void *state, const struct lb_request *request, lb_time now)
{
    struct state *s = state;
    return lb_linkerd_pick(&s->endpoints, s->pool, s->random, request, load, s, now);
}

static void on_attempt_finish(void *state, int32_t row, const struct lb_outcome *outcome,
                              lb_time now)
{
    struct state *s = state;
    double took = lb_latency_took(outcome, now);
    if (outcome->failed && s->penalty > 0)
        took = s->penalty;
    if (took >= 0)
        lb_ewma_peak(&s->latency.row[row].rtt, took, s->latency.tau, now);
}

static void describe(const void *state, lb_emit *emit, void *to)
{
    const struct state *s = state;
    emit(to, -1, "candidates", s->endpoints.count);
    for (uint32_t place = 0; place < s->endpoints.count; place++) {
        uint32_t row = s->endpoints.row[place];
        double rtt = s->latency.row[row].rtt.value;
        emit(to, (int32_t)row, "rtt", rtt);
        emit(to, (int32_t)row, "load", rtt * (s->pool->at[row].in_flight + 1.0));
    }
}

extern const struct lb_algorithm lb_algorithm_linkerd_peak_ewma;
const struct lb_algorithm lb_algorithm_linkerd_peak_ewma = {
    .abi = LB_ABI,
    .name = "linkerd-peak-ewma",
    .title = "linkerd p2c, peak EWMA",
    .summary = "Of two ready backends the one with less peak EWMA of latency x (in_flight + 1).",
    .reference = "tower 2026, load/peak_ewma.rs; linkerd2-proxy 2026, app/outbound profile.rs",
    .cost = "O(1), O(n) when most backends are full",
    .changes = "A newcomer is believed to take default-rtt, less and less so; weights other than 0 "
               "do not count; a failure counts as what it took, or as `penalty`.",
    .needs = LB_NEED_LATENCY,
    .claims = LB_CLAIM_ALWAYS,
    .params = params,
    .create = create,
    .destroy = destroy,
    .pick = pick,
    .on_attempt_finish = on_attempt_finish,
    .on_pool_change = on_pool_change,
    .describe = describe,
};
