/*
 * Least work left, ideal: to the backend that would be done first with what it has.
 *
 * The idea: the work at the backend, whole requests that wait and the rest of those in service,
 * over how fast it gets done there: speed x workers. With first-come-first-served backends of one
 * worker that is exactly how long the request would wait, and the policy serves as a common queue
 * does. The work of the request itself and the weights do not matter. A backend that serves nothing
 * now (speed 0) comes last. Ties: see ties.h.
 *
 * Cost: O(n) a pick, at most one draw; 4 bytes a row.
 * Source: M. Harchol-Balter, "Performance Modeling and Design of Computer Systems", 2013, chapter
 * 24. Dividing by the workers is our reading for backends that serve several at once.
 */
#include <math.h>

#include "algorithms/theory/ideal.h"

static const struct lb_param params[] = {
    LB_TIES_PARAM,
    {.name = NULL},
};

static void *create(const struct lb_setup *setup, struct lb_error *error)
{
    return lb_ideal_new(setup, "least-work-left", params, error);
}

/* Nanoseconds until the backend would be done. */
static double time_left(const struct lb_ideal *s, uint32_t row)
{
    double pace = s->truth->speed[row] * s->truth->slots[row];
    return pace > 0 ? (double)s->truth->work_left[row] / pace : INFINITY;
}

static int compare(const void *state, uint32_t a, uint32_t b, lb_time now)
{
    (void)now;
    double left = time_left(state, a), right = time_left(state, b);
    return (left > right) - (left < right);
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
            emit(to, (int32_t)i, "work_left_ms", (double)s->truth->work_left[i] / 1e6);
}

extern const struct lb_algorithm lb_algorithm_least_work_left;
const struct lb_algorithm lb_algorithm_least_work_left = {
    .abi = LB_ABI,
    .name = "least-work-left",
    .title = "Least work left (ideal)",
    .summary = "Ideal: to the backend that would be done first with the work it has.",
    .reference = "least work left, Harchol-Balter 2013; work / (speed x workers)",
    .cost = "O(n)",
    .changes =
        "Follows the truth at once, weights and slow start do not matter; a newcomer is empty "
        "and gets everything until it has caught up.",
    .needs = LB_NEED_ORACLE | LB_NEED_WORK,
    .claims = LB_CLAIM_ALWAYS,
    .params = params,
    .create = create,
    .destroy = lb_ideal_destroy,
    .pick = pick,
    .describe = describe,
};
