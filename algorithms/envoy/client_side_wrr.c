/*
 * Envoy's client_side_weighted_round_robin: round robin by weights from the backends' own reports.
 *
 * The idea: each report of load gives a weight (load_weight.h); every `update` the weights of all
 * backends are taken over, as whole numbers of at least 1, and turns.h makes them turns. A backend
 * whose weight is not to be trusted, new or silent, gets the middle one of the trusted weights
 * (the upper of two), or 1 when there is none. Until the first update after it joined it has its
 * configured weight.
 *
 * Readings: the middle weight, the whole numbers and the minimum of 1 are Envoy's, where gRPC has the
 * mean and fractions. The penalty's default is the documented 1.0. A schedule is made anew when an
 * update changed any weight; older versions let it take each new weight at the next pick of its
 * backend.
 *
 * Cost: O(1) with equal weights, else O(log n); an update O(n log n).
 * Source: Envoy, client_side_weighted_round_robin_lb.cc; rules in our own words and code.
 */
#include <stdlib.h>

#include "algorithms/envoy/slow_start.h"
#include "algorithms/envoy/turns.h"
#include "algorithms/load_weight.h"

static const struct lb_param params[] = {
    LB_LOAD_PARAMS,
    {.name = "pre-picks",
     .unit = "bool",
     .value = 0,
     .min = 0,
     .max = 1,
     .help = "whether a schedule starts after a random number of picks, as newer versions do"},
    LB_ENVOY_SLOW_START_PARAMS,
    {.name = NULL},
};

struct host {
    struct lb_load_weight report;
    uint32_t weight; /* in use; 0 = nobody there */
    uint32_t id;
};

struct state {
    struct lb_envoy_turns turns;
    struct lb_envoy_slow_start slow;
    struct lb_load_rule rule;
    const struct lb_pool *pool;
    lb_time due;       /* the next update */
    uint32_t *trusted; /* room for an update: the weights that are */
    struct host host[];
};

static double weigh(const void *state, uint32_t row, lb_time now)
{
    const struct state *s = state;
    return lb_envoy_warm_weight(&s->slow, &s->pool->at[row], s->host[row].weight, now);
}

static void destroy(void *state)
{
    struct state *s = state;
    lb_envoy_turns_done(&s->turns);
    free(s->trusted);
    free(s);
}

/* A newcomer starts with its configured weight and no reports; a leaver's are forgotten. */
static void meet(struct state *s)
{
    for (uint32_t i = 0; i < s->pool->count; i++) {
        const struct lb_backend *b = &s->pool->at[i];
        struct host *host = &s->host[i];
        if ((b->flags & LB_PRESENT) == 0)
            *host = (struct host){.weight = 0};
        else if (host->weight == 0 || host->id != b->id)
            *host = (struct host){.weight = b->weight > 0 ? b->weight : 1, .id = b->id};
    }
}

static void rebuild(struct state *s, lb_time now)
{
    const struct lb_members *members = &s->turns.members;
    bool equal = true;
    for (uint32_t i = 1; i < members->count; i++)
        equal = equal && s->host[members->row[i]].weight == s->host[members->row[0]].weight;
    lb_envoy_turns_build(&s->turns, equal, weigh, s, now);
}

static void on_pool_change(void *state, const int32_t *changed, uint32_t count, lb_time now)
{
    struct state *s = state;
    (void)changed, (void)count;
    meet(s);
    if (lb_members_look(&s->turns.members) || s->turns.plain)
        rebuild(s, now);
}

static void *create(const struct lb_setup *setup, struct lb_error *error)
{
    const struct lb_pool *pool = setup->pool;
    size_t max = pool->max > pool->count ? pool->max : pool->count;
    struct state *s = calloc(1, sizeof *s + max * sizeof s->host[0]);
    if (s == NULL) {
        lb_error_set(error, LB_ERROR_MEMORY, "envoy-client-side-wrr: no memory");
        return NULL;
    }
    s->pool = pool;
    s->rule = lb_load_rule(setup, params, 0);
    s->slow = lb_envoy_slow_start(setup, params, 5);
    s->due = setup->now + s->rule.update;
    s->trusted = malloc((max + 1) * sizeof *s->trusted);
    if (lb_envoy_turns_init(&s->turns, pool, error) != 0 || s->trusted == NULL) {
        if (s->trusted == NULL)
            lb_error_set(error, LB_ERROR_MEMORY, "envoy-client-side-wrr: no memory");
        destroy(s);
        return NULL;
    }
    s->turns.index = lb_random_u64(setup->random);
    if (lb_value(setup, params, 4) != 0)
        s->turns.picks = (uint32_t)(s->turns.index % LB_ENVOY_PICKS_MAX);
    on_pool_change(s, NULL, 0, setup->now);
    return s;
}

static int by_size(const void *a, const void *b)
{
    uint32_t x = *(const uint32_t *)a, y = *(const uint32_t *)b;
    return (x > y) - (x < y);
}

/* The weight of a trusted report as Envoy keeps it; 0 when it is not trusted. */
static uint32_t whole_weight(struct state *s, uint32_t row, lb_time now)
{
    double weight = lb_load_weight_at(&s->host[row].report, &s->rule, now);
    if (weight <= 0)
        return 0;
    return weight >= UINT32_MAX ? UINT32_MAX : weight >= 1 ? (uint32_t)weight : 1;
}

/* Takes the weights over; did any change? */
static bool update(struct state *s, lb_time now)
{
    uint32_t trusted = 0;
    bool changed = false;
    for (uint32_t i = 0; i < s->pool->count; i++)
        if (s->host[i].weight != 0 && (s->trusted[trusted] = whole_weight(s, i, now)) != 0)
            trusted++;
    qsort(s->trusted, trusted, sizeof *s->trusted, by_size);
    uint32_t otherwise = trusted > 0 ? s->trusted[trusted / 2] : 1;
    for (uint32_t i = 0; i < s->pool->count; i++) {
        if (s->host[i].weight == 0)
            continue;
        uint32_t weight = whole_weight(s, i, now);
        weight = weight != 0 ? weight : otherwise;
        changed = changed || weight != s->host[i].weight;
        s->host[i].weight = weight;
    }
    return changed;
}

static lb_time on_timer(void *state, lb_time now)
{
    struct state *s = state;
    if (now >= s->due) {
        s->due = now + s->rule.update;
        if (update(s, now))
            rebuild(s, now);
    }
    return s->due;
}

static void on_load(void *state, int32_t backend, const struct lb_load *load, lb_time now)
{
    struct state *s = state;
    lb_load_weight_report(&s->host[backend].report, &s->rule, load, now);
}

static void on_attempt_finish(void *state, int32_t backend, const struct lb_outcome *outcome,
                              lb_time now)
{
    if (outcome->load != NULL)
        on_load(state, backend, outcome->load, now);
}

static int32_t pick(void *state, const struct lb_request *request, lb_time now)
{
    struct state *s = state;
    (void)request;
    if (s->turns.members.count == 0)
        return LB_NONE;
    if (s->turns.plain)
        return lb_envoy_turns_next(&s->turns);
    uint32_t row = lb_edf_first(&s->turns.edf);
    lb_edf_put_back(&s->turns.edf, weigh(s, row, now));
    return (int32_t)row;
}

static void describe(const void *state, lb_emit *emit, void *to)
{
    const struct state *s = state;
    const struct lb_members *members = &s->turns.members;
    lb_envoy_turns_describe(&s->turns, emit, to);
    for (uint32_t i = 0; i < members->count; i++)
        emit(to, (int32_t)members->row[i], "weight", s->host[members->row[i]].weight);
}

extern const struct lb_algorithm lb_algorithm_envoy_client_side_wrr;
const struct lb_algorithm lb_algorithm_envoy_client_side_wrr = {
    .abi = LB_ABI,
    .name = "envoy-client-side-wrr",
    .title = "Envoy client-side weighted round robin",
    .summary = "Turns by deadline, with weights worked out from the backends' reports of load.",
    .reference = "Envoy, client_side_weighted_round_robin_lb.cc; weights as gRFC A58",
    .cost = "O(log n); O(1) with equal weights",
    .changes = "A join and a change of health make the schedule anew; configured weights matter "
               "until the next update only; a leaver's reports are forgotten.",
    .needs = LB_NEED_LOAD,
    .params = params,
    .create = create,
    .destroy = destroy,
    .pick = pick,
    .on_attempt_finish = on_attempt_finish,
    .on_pool_change = on_pool_change,
    .on_load = on_load,
    .on_timer = on_timer,
    .describe = describe,
};
