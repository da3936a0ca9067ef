/*
 * Least latency: to the backend that answered fastest lately, whatever it carries now.
 *
 * The idea: an average of the response times of each backend, by time, with mean lifetime `decay`;
 * the lowest wins. That is the rule in its plain form, with its plain fault: everybody runs to the
 * fastest until its answers get slow, then to the next. The load is not looked at and weights other
 * than 0 do not count; peak-ewma is the rule that mends that.
 *
 * Newcomers: a backend without an answer so far goes before all others while nothing is in flight to
 * it, and after them while it has not answered; among several that have not, to the one with fewest
 * in flight.
 * Ties: `ties` decides, at random by default.
 * Exploration: what is not asked is not measured anew, so a share `explore` of the picks goes to a
 * backend drawn evenly; with 0 a backend that was slow once is not seen again.
 * Failures: count as at least `penalty`, or a backend that fails fast would look best. A request its
 * client gave up counts only when it lasted longer than the average.
 *
 * Cost: O(n); 36 bytes a row.
 * Source: the textbook rule; nginx least_time and ingress-nginx ewma are other ones.
 */
#include <stdlib.h>

#include "algorithms/latency.h"
#include "algorithms/shares.h"
#include "algorithms/ties.h"

enum { DECAY, EXPLORE, PENALTY, TIES };

static const struct lb_param params[] = {
    {.name = "decay",
     .unit = "ns",
     .value = 10e9,
     .min = 1e6,
     .max = 1e13,
     .help = "mean lifetime of a response time in the average"},
    {.name = "explore",
     .unit = "",
     .value = 0.05,
     .min = 0,
     .max = 1,
     .help = "share of the picks that go to a backend drawn evenly"},
    {.name = "penalty",
     .unit = "ns",
     .value = 1e9,
     .min = 0,
     .max = 1e13,
     .help = "a failure counts as a response time of at least so much"},
    LB_TIES_PARAM,
    {.name = NULL},
};

struct state {
    const struct lb_pool *pool;
    struct lb_random *random;
    struct lb_least least;
    struct lb_shares open; /* for exploring */
    struct lb_latency latency;
    double explore, penalty;
};

static void destroy(void *state)
{
    struct state *s = state;
    lb_least_done(&s->least);
    lb_shares_done(&s->open);
    lb_latency_done(&s->latency);
    free(s);
}

static void spread(struct state *s)
{
    lb_shares_build(&s->open, s->pool, LB_PRESENT | LB_USABLE);
    lb_shares_level(&s->open);
}

static void on_pool_change(void *state, const int32_t *changed, uint32_t count, lb_time now)
{
    struct state *s = state;
    spread(s);
    lb_latency_change(&s->latency, changed, count, now);
}

static void *create(const struct lb_setup *setup, struct lb_error *error)
{
    struct state *s = calloc(1, sizeof *s);
    if (s == NULL) {
        lb_error_set(error, LB_ERROR_MEMORY, "least-latency: no memory");
        return NULL;
    }
    s->pool = setup->pool;
    s->random = setup->random;
    s->explore = lb_value(setup, params, EXPLORE);
    s->penalty = lb_value(setup, params, PENALTY);
    struct lb_ewma start = {0};
    if (lb_least_init(&s->least, setup, lb_value(setup, params, TIES), error) != 0 ||
        lb_shares_init(&s->open, setup->pool, error) != 0 ||
        lb_latency_init(&s->latency, setup, start, lb_value(setup, params, DECAY), error) != 0) {
        destroy(s);
        return NULL;
    }
    spread(s);
    return s;
}

/* Newcomers that nobody asks, those that have answered, newcomers that are being asked. */
static int rank(const struct state *s, uint32_t row)
{
    if (s->latency.row[row].rtt.any)
        return 1;
    return s->pool->at[row].in_flight == 0 ? 0 : 2;
}

static int compare(const void *context, uint32_t a, uint32_t b, lb_time now)
{
    const struct state *s = context;
    int rank_a = rank(s, a), rank_b = rank(s, b);
    (void)now;
    if (rank_a != rank_b)
        return rank_a - rank_b;
    double x = s->latency.row[a].rtt.value, y = s->latency.row[b].rtt.value;
    if (rank_a != 1) {
        x = s->pool->at[a].in_flight;
        y = s->pool->at[b].in_flight;
    }
    return (x > y) - (x < y);
}

static int32_t pick(void *state, const struct lb_request *request, lb_time now)
{
    struct state *s = state;
    if (s->explore > 0 && lb_random_unit(s->random) < s->explore) {
        int32_t row = lb_shares_throw(&s->open, s->pool, request, NULL, 0, s->random);
        return row >= 0 ? row : lb_wait_or_none(s->pool, request);
    }
    return lb_least_pick(&s->least, request, compare, s, now);
}

static void on_attempt_finish(void *state, int32_t row, const struct lb_outcome *outcome,
                              lb_time now)
{
    struct state *s = state;
    struct lb_ewma *rtt = &s->latency.row[row].rtt;
    double took = lb_latency_took(outcome, now);
    if (outcome->failed && took < s->penalty)
        took = s->penalty;
    if (took < 0 || (outcome->end == LB_END_CANCELLED && (!rtt->any || took < rtt->value)))
        return;
    lb_ewma_update(rtt, took, s->latency.tau, now);
}

static void describe(const void *state, lb_emit *emit, void *to)
{
    const struct state *s = state;
    for (uint32_t place = 0; place < s->open.count; place++) {
        uint32_t row = s->open.row[place];
        emit(to, (int32_t)row, "measured", s->latency.row[row].rtt.any);
        emit(to, (int32_t)row, "latency", s->latency.row[row].rtt.value);
    }
}

extern const struct lb_algorithm lb_algorithm_least_latency;
const struct lb_algorithm lb_algorithm_least_latency = {
    .abi = LB_ABI,
    .name = "least-latency",
    .title = "Least latency",
    .summary =
        "To the lowest average response time; some picks explore, newcomers are tried first.",
    .reference = "the textbook rule: exponentially weighted average by time",
    .cost = "O(n)",
    .changes =
        "A newcomer gets one request at once and is ranked by its answer; weights other than "
        "0 do not count; a failure counts as at least `penalty`.",
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
