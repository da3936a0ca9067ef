/*
 * The central queue, ideal: no request waits at a backend while a worker is free anywhere.
 *
 * The idea: a request goes to a backend with a free worker; when there is none it waits in the
 * balancer's own queue (LB_WAIT) and goes to the first worker that gets free. That is M/G/n, the
 * bound for all that place requests without knowing their size, when workers are alike. Of several
 * free ones the fastest is taken; ties: see ties.h. Weights and slow start do not matter.
 *
 * A worker is free when fewer requests are at the backend, by the truth, and in flight to it, by
 * the books, than it has workers: what is on its way is counted, or two would be sent to one
 * worker, and over a network a worker is free when its answer is back. A backend that serves
 * nothing now (speed 0) has none. When everything is taken but nothing of it is this balancer's, no
 * end of a request would wake the queue: then it goes to the backend with the fewest present for
 * each worker that works.
 *
 * It does not claim to pick whenever somebody could: waiting here is its point.
 *
 * Cost: O(n) a pick, at most one draw; 4 bytes a row.
 * Source: the queue M/G/n; M. Harchol-Balter, "Performance Modeling and Design of Computer
 * Systems", 2013, chapter 14.
 */
#include "algorithms/theory/ideal.h"

static const struct lb_param params[] = {
    LB_TIES_PARAM,
    {.name = NULL},
};

static void *create(const struct lb_setup *setup, struct lb_error *error)
{
    return lb_ideal_new(setup, "central-queue", params, error);
}

/* Requests at the backend or on their way. */
static uint32_t taken(const struct lb_ideal *s, uint32_t row)
{
    uint32_t present = s->truth->present[row], in_flight = s->pool->at[row].in_flight;
    return present > in_flight ? present : in_flight;
}

/* The speed of a free worker; 0 = none is free. */
static double free_speed(const struct lb_ideal *s, uint32_t row)
{
    return taken(s, row) < s->truth->slots[row] ? s->truth->speed[row] : 0;
}

/* Free workers first, the fastest of all; then who serves at all, by how much is at a worker. */
static int compare(const void *state, uint32_t a, uint32_t b, lb_time now)
{
    const struct lb_ideal *s = state;
    (void)now;
    double speed_a = free_speed(s, a), speed_b = free_speed(s, b);
    if (speed_a != speed_b)
        return speed_a > speed_b ? -1 : 1;
    if (speed_a > 0)
        return 0;
    bool serves_a = s->truth->speed[a] > 0, serves_b = s->truth->speed[b] > 0;
    if (serves_a != serves_b)
        return serves_a ? -1 : 1;
    uint64_t left = (uint64_t)taken(s, a) * s->truth->slots[b];
    uint64_t right = (uint64_t)taken(s, b) * s->truth->slots[a];
    return (left > right) - (left < right);
}

static int32_t pick(void *state, const struct lb_request *request, lb_time now)
{
    struct lb_ideal *s = state;
    int32_t row = lb_least_pick(&s->least, request, compare, s, now);
    if (row >= 0 && free_speed(s, (uint32_t)row) <= 0 && s->pool->in_flight > 0)
        return LB_WAIT;
    return row;
}

static void describe(const void *state, lb_emit *emit, void *to)
{
    const struct lb_ideal *s = state;
    for (uint32_t i = 0; i < s->pool->count; i++) {
        if (!lb_open(&s->pool->at[i]))
            continue;
        uint32_t workers = s->truth->slots[i], busy = taken(s, i);
        bool serves = s->truth->speed[i] > 0 && workers > busy;
        emit(to, (int32_t)i, "free_workers", serves ? workers - busy : 0);
    }
}

extern const struct lb_algorithm lb_algorithm_central_queue;
const struct lb_algorithm lb_algorithm_central_queue = {
    .abi = LB_ABI,
    .name = "central-queue",
    .title = "Central queue (ideal)",
    .summary = "Ideal: to a free worker; with none free it waits in one common queue, M/G/n.",
    .reference = "the queue M/G/n, the bound of what knows no sizes",
    .cost = "O(n)",
    .changes = "Follows the truth at once; weights and slow start do not matter.",
    .needs = LB_NEED_ORACLE,
    .params = params,
    .create = create,
    .destroy = lb_ideal_destroy,
    .pick = pick,
    .describe = describe,
};
