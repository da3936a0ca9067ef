/*
 * Peak EWMA: of two backends, the one where a request would wait less, by its latency and its load.
 *
 * The idea: draw two different backends with chances proportional to the weights, so that large ones
 * are seen often enough, and take the one with less
 *
 *   peak EWMA of the response time x (in_flight + 1) / weight
 *
 * the first on ties. A response time above the average is believed at once (a peak), one below only
 * as time passes, with mean lifetime `decay`; the average of a backend that nobody asks decays
 * towards 0, so that it is tried again. This is linkerd's formula with weights; finagle-peak-ewma and
 * linkerd-peak-ewma are those products to the letter, ingress-nginx's ewma is another rule.
 *
 * A newcomer is believed to take `default-rtt`. A failure counts as the time it took, or as `penalty`
 * where that is longer: without one a backend that fails fast looks good. A request its client gave
 * up only counts when it lasted longer than the average. A backend in slow start counts for the part
 * of its weight it has warmed up to.
 *
 * Cost: O(1), two exponentials; O(log n) with unequal weights, O(n) when most backends are full.
 * Source: Finagle's and linkerd's peak EWMA, see the folder finagle; draws as in power-of-two.
 */
#include <stdlib.h>

#include "algorithms/latency.h"
#include "algorithms/shares.h"
#include "algorithms/warm.h"

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
     .help = "a failure counts as a response time of at least so much"},
    {.name = NULL},
};

struct state {
    const struct lb_pool *pool;
    struct lb_random *random;
    struct lb_shares shares;
    struct lb_latency latency;
    double penalty;
};

static void destroy(void *state)
{
    struct state *s = state;
    lb_shares_done(&s->shares);
    lb_latency_done(&s->latency);
    free(s);
}

static void on_pool_change(void *state, const int32_t *changed, uint32_t count, lb_time now)
{
    struct state *s = state;
    lb_shares_build_warm(&s->shares, s->pool, now);
    lb_latency_change(&s->latency, changed, count, now);
}

static void *create(const struct lb_setup *setup, struct lb_error *error)
{
    struct state *s = calloc(1, sizeof *s);
    if (s == NULL) {
        lb_error_set(error, LB_ERROR_MEMORY, "peak-ewma: no memory");
        return NULL;
    }
    s->pool = setup->pool;
    s->random = setup->random;
    s->penalty = lb_value(setup, params, PENALTY);
    struct lb_ewma start = {.value = lb_value(setup, params, DEFAULT_RTT), .any = true};
    if (lb_shares_init(&s->shares, setup->pool, error) != 0 ||
        lb_latency_init(&s->latency, setup, start, lb_value(setup, params, DECAY), error) != 0) {
        destroy(s);
        return NULL;
    }
    lb_shares_build_warm(&s->shares, s->pool, setup->now);
    return s;
}

static double load_of(const struct state *s, uint32_t row, lb_time now)
{
    const struct lb_backend *b = &s->pool->at[row];
    double weight = b->weight;
    if (s->shares.warming)
        weight *= (double)lb_warm_units(b, now) / LB_WARM_UNITS;
    return s->latency.row[row].rtt.value * (b->in_flight + 1.0) / weight;
}

static double load(struct state *s, uint32_t row, lb_time now)
{
    lb_ewma_peak(&s->latency.row[row].rtt, 0, s->latency.tau, now);
    return load_of(s, row, now);
}

static int32_t pick(void *state, const struct lb_request *request, lb_time now)
{
    struct state *s = state;
    int32_t first = lb_shares_throw(&s->shares, s->pool, request, NULL, 0, s->random);
    if (first < 0)
        return lb_wait_or_none(s->pool, request);
    uint32_t chosen = (uint32_t)first;
    if (s->shares.count == 1)
        return first;
    int32_t second = lb_shares_throw(&s->shares, s->pool, request, &chosen, 1, s->random);
    if (second < 0)
        return first;
    double load_first = load(s, chosen, now);
    return load_first <= load(s, (uint32_t)second, now) ? first : second;
}

static void on_attempt_finish(void *state, int32_t row, const struct lb_outcome *outcome,
                              lb_time now)
{
    struct state *s = state;
    struct lb_ewma *rtt = &s->latency.row[row].rtt;
    double took = lb_latency_took(outcome, now);
    if (outcome->failed && took < s->penalty)
        took = s->penalty;
    if (took < 0 || (outcome->end == LB_END_CANCELLED && took < rtt->value))
        return;
    lb_ewma_peak(rtt, took, s->latency.tau, now);
}

static void describe(const void *state, lb_emit *emit, void *to)
{
    const struct state *s = state;
    emit(to, -1, "candidates", s->shares.count);
    for (uint32_t place = 0; place < s->shares.count; place++) {
        uint32_t row = s->shares.row[place];
        emit(to, (int32_t)row, "rtt", s->latency.row[row].rtt.value);
        emit(to, (int32_t)row, "load", load_of(s, row, s->latency.row[row].rtt.at));
    }
}

extern const struct lb_algorithm lb_algorithm_peak_ewma;
const struct lb_algorithm lb_algorithm_peak_ewma = {
    .abi = LB_ABI,
    .name = "peak-ewma",
    .title = "Peak EWMA",
    .summary = "Of two drawn by weight the one with less peak latency x (in_flight + 1) / weight.",
    .reference = "linkerd's peak EWMA with weights; draws as power-of-two",
    .cost = "O(1), O(log n) with unequal weights",
    .changes = "A newcomer is believed to take default-rtt, less and less so; shares are laid out "
               "anew on each change; a failure counts as what it took, at least `penalty`.",
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
