/*
 * Envoy's least_request: the better of a few draws; by deadlines when weights differ.
 *
 * The idea: while weights are equal and nobody is in slow start, `choices` backends are drawn with
 * replacement and the one with the fewest requests in flight is taken, the earlier draw on ties; or,
 * with `full-scan`, the least loaded of all, any of those that tie with the same chance. Else the
 * schedule of turns.h decides with weight / (in flight + 1)^active-request-bias: bias 0 is a plain
 * weighted round robin, and a larger one sheds load faster. A weight is taken when a backend is put
 * back after its pick, before that request counts, so it is stale until the next one.
 * The option to add pending requests is not here: the rows count what was sent.
 *
 * Cost: O(choices); O(n) with full-scan; O(log n) with unequal weights.
 * Source: Envoy, least_request_lb.cc; rules in our own words and code.
 */
#include <stdlib.h>

#include "algorithms/envoy/slow_start.h"
#include "algorithms/envoy/turns.h"

static const struct lb_param params[] = {
    {.name = "choices",
     .unit = "",
     .value = 2,
     .min = 2,
     .max = 1000,
     .help = "how many backends are drawn, with replacement"},
    {.name = "full-scan",
     .unit = "bool",
     .value = 0,
     .min = 0,
     .max = 1,
     .help = "whether all backends are compared instead"},
    {.name = "active-request-bias",
     .unit = "",
     .value = 1,
     .min = 0,
     .max = 10,
     .help = "exponent of the requests in flight when weights differ; 0 ignores them"},
    {.name = "pre-picks",
     .unit = "bool",
     .value = 0,
     .min = 0,
     .max = 1,
     .help = "whether a schedule starts after a random number of picks, as newer versions do"},
    LB_ENVOY_SLOW_START_PARAMS,
    {.name = NULL},
};

struct state {
    struct lb_envoy_turns turns;
    struct lb_envoy_slow_start slow;
    const struct lb_pool *pool;
    struct lb_random *random;
    uint32_t choices;
    bool full_scan;
    double bias;
};

static double weigh(const void *state, uint32_t row, lb_time now)
{
    const struct state *s = state;
    const struct lb_backend *b = &s->pool->at[row];
    double weight = b->weight, busy = b->in_flight + 1.0;
    if (s->bias == 1)
        weight /= busy;
    else if (s->bias != 0)
        weight /= pow(busy, s->bias);
    return lb_envoy_warm_weight(&s->slow, b, weight, now);
}

static void destroy(void *state)
{
    struct state *s = state;
    lb_envoy_turns_done(&s->turns);
    free(s);
}

static void on_pool_change(void *state, const int32_t *changed, uint32_t count, lb_time now)
{
    struct state *s = state;
    (void)changed, (void)count;
    lb_envoy_turns_change(&s->turns, weigh, s, now);
}

static void *create(const struct lb_setup *setup, struct lb_error *error)
{
    struct state *s = malloc(sizeof *s);
    if (s == NULL) {
        lb_error_set(error, LB_ERROR_MEMORY, "envoy-least-request: no memory");
        return NULL;
    }
    *s = (struct state){.pool = setup->pool,
                        .random = setup->random,
                        .choices = (uint32_t)lb_value(setup, params, 0),
                        .full_scan = lb_value(setup, params, 1) != 0,
                        .bias = lb_value(setup, params, 2),
                        .slow = lb_envoy_slow_start(setup, params, 4)};
    if (lb_envoy_turns_init(&s->turns, setup->pool, error) != 0) {
        destroy(s);
        return NULL;
    }
    if (lb_value(setup, params, 3) != 0)
        s->turns.picks = (uint32_t)(lb_random_u64(setup->random) % LB_ENVOY_PICKS_MAX);
    on_pool_change(s, NULL, 0, setup->now);
    return s;
}

static uint32_t draw(struct state *s)
{
    return s->turns.members.row[lb_random_below(s->random, s->turns.members.count)];
}

/* The least loaded of the draws, the earliest of equals. */
static int32_t pick_drawn(struct state *s)
{
    const struct lb_backend *at = s->pool->at;
    uint32_t best = draw(s);
    for (uint32_t k = 1; k < s->choices; k++) {
        uint32_t row = draw(s);
        if (at[row].in_flight < at[best].in_flight)
            best = row;
    }
    return (int32_t)best;
}

/* The least loaded of all. The k-th of those that tie replaces the one before with chance 1/k, which
 * leaves each of them the same chance in the end. */
static int32_t pick_scanned(struct state *s)
{
    const struct lb_members *members = &s->turns.members;
    const struct lb_backend *at = s->pool->at;
    uint32_t best = members->row[0], ties = 1;
    for (uint32_t i = 1; i < members->count; i++) {
        uint32_t row = members->row[i];
        if (at[row].in_flight > at[best].in_flight)
            continue;
        ties = at[row].in_flight < at[best].in_flight ? 1 : ties + 1;
        if (ties == 1 || lb_random_below(s->random, ties) == 0)
            best = row;
    }
    return (int32_t)best;
}

static int32_t pick(void *state, const struct lb_request *request, lb_time now)
{
    struct state *s = state;
    (void)request;
    if (s->turns.members.count == 0)
        return LB_NONE;
    if (s->turns.plain)
        return s->full_scan ? pick_scanned(s) : pick_drawn(s);
    uint32_t row = lb_edf_first(&s->turns.edf);
    lb_edf_put_back(&s->turns.edf, weigh(s, row, now));
    return (int32_t)row;
}

static void describe(const void *state, lb_emit *emit, void *to)
{
    const struct state *s = state;
    const struct lb_members *members = &s->turns.members;
    if (!s->turns.plain)
        lb_envoy_turns_describe(&s->turns, emit, to);
    for (uint32_t i = 0; i < members->count; i++)
        emit(to, (int32_t)members->row[i], "in_flight", s->pool->at[members->row[i]].in_flight);
}

extern const struct lb_algorithm lb_algorithm_envoy_least_request;
const struct lb_algorithm lb_algorithm_envoy_least_request = {
    .abi = LB_ABI,
    .name = "envoy-least-request",
    .title = "Envoy least request",
    .summary = "The least loaded of two draws; deadlines by weight over load when weights differ.",
    .reference = "Envoy, source/extensions/load_balancing_policies/least_request/"
                 "least_request_lb.cc",
    .cost = "O(choices); O(log n) with unequal weights; O(n) with full-scan",
    .changes =
        "A weight, a join, a leave and a change of health make the schedule anew; with equal "
        "weights there is nothing to keep.",
    .claims = LB_CLAIM_WEIGHTS,
    .params = params,
    .create = create,
    .destroy = destroy,
    .pick = pick,
    .on_pool_change = on_pool_change,
    .describe = describe,
};
