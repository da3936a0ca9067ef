/*
 * Join the shortest queue, ideal: to the backend where the fewest requests are, in truth.
 *
 * The idea: as least-connections, but by what is at the backends, in service and waiting there,
 * whoever sent it, and not by the books of one balancer. Compared per weight, by cross
 * multiplication; with equal weights it is the textbook's policy. What is still on its way to a
 * backend is not there yet. Ties: see ties.h; slow start: see warm.h.
 *
 * Cost: O(n) a pick, at most one draw; 4 bytes a row.
 * Source: W. Winston, "Optimality of the shortest line discipline", J. Appl. Prob. 14 (1977).
 */
#include "algorithms/theory/ideal.h"
#include "algorithms/warm.h"

static const struct lb_param params[] = {
    LB_TIES_PARAM,
    {.name = NULL},
};

static void on_pool_change(void *state, const int32_t *changed, uint32_t count, lb_time now)
{
    struct lb_ideal *s = state;
    (void)changed, (void)count;
    s->warming = lb_warming(s->pool, now);
}

static void *create(const struct lb_setup *setup, struct lb_error *error)
{
    struct lb_ideal *s = lb_ideal_new(setup, "shortest-queue", params, error);
    if (s != NULL)
        on_pool_change(s, NULL, 0, setup->now);
    return s;
}

static int compare(const void *state, uint32_t a, uint32_t b, lb_time now)
{
    const struct lb_ideal *s = state;
    const uint32_t *present = s->truth->present;
    return lb_warm_compare(s->warming, present[a], &s->pool->at[a], present[b], &s->pool->at[b],
                           now);
}

static int32_t pick(void *state, const struct lb_request *request, lb_time now)
{
    struct lb_ideal *s = state;
    return lb_least_pick(&s->least, request, compare, s, now);
}

static void describe(const void *state, lb_emit *emit, void *to)
{
    const struct lb_ideal *s = state;
    for (uint32_t i = 0; i < s->pool->count; i++)
        if (lb_open(&s->pool->at[i]))
            emit(to, (int32_t)i, "present_per_weight",
                 (double)s->truth->present[i] / s->pool->at[i].weight);
}

extern const struct lb_algorithm lb_algorithm_shortest_queue;
const struct lb_algorithm lb_algorithm_shortest_queue = {
    .abi = LB_ABI,
    .name = "shortest-queue",
    .title = "Join the shortest queue (ideal)",
    .summary = "Ideal: to the backend with the fewest requests present, in truth.",
    .reference = "join the shortest queue, Winston 1977; per weight when weights differ",
    .cost = "O(n)",
    .changes = "Follows the truth at once; a newcomer is empty and gets everything until it has "
               "caught up, less in slow start.",
    .needs = LB_NEED_ORACLE,
    .claims = LB_CLAIM_ALWAYS,
    .params = params,
    .create = create,
    .destroy = lb_ideal_destroy,
    .pick = pick,
    .on_pool_change = on_pool_change,
    .describe = describe,
};
