/*
 * Envoy's round_robin: turns by a plain counter, by deadlines when weights differ.
 *
 * The idea: see turns.h. `pre-picks` is what newer versions do, a schedule that starts in the middle
 * (createWithPicks); older versions start it at its start, and so does the default, whose order the
 * recordings pin. The counter starts at a random place in every version: `seed` fixes it, and the
 * number of pre-picks, for those who replay. Requests that were tried elsewhere are not kept away
 * from where they have been, and limits of single backends are not looked at: Envoy has neither.
 *
 * Cost: O(1) with equal weights, else O(log n).
 * Source: Envoy, load_balancer_impl.{h,cc} (RoundRobinLoadBalancer, EdfLoadBalancerBase).
 */
#include <stdlib.h>

#include "algorithms/envoy/slow_start.h"
#include "algorithms/envoy/turns.h"

static const struct lb_param params[] = {
    {.name = "pre-picks",
     .unit = "bool",
     .value = 0,
     .min = 0,
     .max = 1,
     .help = "whether a schedule starts after a random number of picks, as newer versions do"},
    {.name = "seed",
     .unit = "",
     .value = -1,
     .min = -1,
     .max = 4294967295,
     .help = "where the counter starts, and how many pre-picks there are; -1 draws it"},
    LB_ENVOY_SLOW_START_PARAMS,
    {.name = NULL},
};

struct state {
    struct lb_envoy_turns turns;
    struct lb_envoy_slow_start slow;
    const struct lb_pool *pool;
};

static double weigh(const void *state, uint32_t row, lb_time now)
{
    const struct state *s = state;
    const struct lb_backend *b = &s->pool->at[row];
    return lb_envoy_warm_weight(&s->slow, b, b->weight, now);
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
        lb_error_set(error, LB_ERROR_MEMORY, "envoy-round-robin: no memory");
        return NULL;
    }
    *s = (struct state){.pool = setup->pool, .slow = lb_envoy_slow_start(setup, params, 2)};
    if (lb_envoy_turns_init(&s->turns, setup->pool, error) != 0) {
        destroy(s);
        return NULL;
    }
    double seed = lb_value(setup, params, 1);
    s->turns.index = seed < 0 ? lb_random_u64(setup->random) : (uint64_t)seed;
    if (lb_value(setup, params, 0) != 0)
        s->turns.picks = (uint32_t)(s->turns.index % LB_ENVOY_PICKS_MAX);
    on_pool_change(s, NULL, 0, setup->now);
    return s;
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
    lb_envoy_turns_describe(&s->turns, emit, to);
}

extern const struct lb_algorithm lb_algorithm_envoy_round_robin;
const struct lb_algorithm lb_algorithm_envoy_round_robin = {
    .abi = LB_ABI,
    .name = "envoy-round-robin",
    .title = "Envoy round robin",
    .summary = "Turns by a counter; by earliest deadline when weights differ or somebody warms up.",
    .reference = "Envoy, source/common/upstream/edf_scheduler.h, round_robin policy",
    .cost = "O(log n); O(1) with equal weights",
    .changes = "A weight, a join, a leave and a change of health make the schedule anew, from its "
               "start; the counter goes on.",
    .claims = LB_CLAIM_WEIGHTS,
    .params = params,
    .create = create,
    .destroy = destroy,
    .pick = pick,
    .on_pool_change = on_pool_change,
    .describe = describe,
};
