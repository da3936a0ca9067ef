/*
 * Least connections: to the backend with the fewest requests in flight for its weight.
 *
 * The idea: compare in_flight / weight, by cross multiplication so that nothing is rounded. The
 * number in flight is counted as it stands, without the request being placed: (in_flight + 1) /
 * weight is another rule, shortest expected delay, and the two cross over with the load. With
 * equal weights this is join the shortest queue, as far as the books of one balancer tell.
 *
 * Ties: see ties.h. In slow start a backend counts for the part of its weight that it has warmed up
 * to, see warm.h.
 *
 * Cost: O(n) a pick, at most one draw; 4 bytes a row.
 * Source: IPVS wlc and HAProxy leastconn compare the same ratio and differ in the ties; uniform
 * ties are those of Caddy and of the theory tables (join the shortest queue).
 */
#include <stdlib.h>

#include "algorithms/ties.h"
#include "algorithms/warm.h"

static const struct lb_param params[] = {
    LB_TIES_PARAM,
    {.name = NULL},
};

struct state {
    const struct lb_pool *pool;
    struct lb_least least;
    bool warming; /* somebody is in slow start */
};

static void destroy(void *state)
{
    struct state *s = state;
    lb_least_done(&s->least);
    free(s);
}

static void on_pool_change(void *state, const int32_t *changed, uint32_t count, lb_time now)
{
    struct state *s = state;
    (void)changed, (void)count;
    s->warming = lb_warming(s->pool, now);
}

static void *create(const struct lb_setup *setup, struct lb_error *error)
{
    struct state *s = calloc(1, sizeof *s);
    if (s == NULL) {
        lb_error_set(error, LB_ERROR_MEMORY, "least-connections: no memory");
        return NULL;
    }
    s->pool = setup->pool;
    if (lb_least_init(&s->least, setup, lb_value(setup, params, 0), error) != 0) {
        destroy(s);
        return NULL;
    }
    on_pool_change(s, NULL, 0, setup->now);
    return s;
}

static int compare(const void *state, uint32_t a, uint32_t b, lb_time now)
{
    const struct lb_backend *at = ((const struct state *)state)->pool->at;
    return lb_warm_compare(false, at[a].in_flight, &at[a], at[b].in_flight, &at[b], now);
}

static int compare_warming(const void *state, uint32_t a, uint32_t b, lb_time now)
{
    const struct lb_backend *at = ((const struct state *)state)->pool->at;
    return lb_warm_compare(true, at[a].in_flight, &at[a], at[b].in_flight, &at[b], now);
}

static int32_t pick(void *state, const struct lb_request *request, lb_time now)
{
    struct state *s = state;
    return s->warming ? lb_least_pick(&s->least, request, compare_warming, s, now)
                      : lb_least_pick(&s->least, request, compare, s, now);
}

static void describe(const void *state, lb_emit *emit, void *to)
{
    const struct state *s = state;
    for (uint32_t i = 0; i < s->pool->count; i++)
        if (lb_open(&s->pool->at[i]))
            emit(to, (int32_t)i, "in_flight_per_weight",
                 (double)s->pool->at[i].in_flight / s->pool->at[i].weight);
}

extern const struct lb_algorithm lb_algorithm_least_connections;
const struct lb_algorithm lb_algorithm_least_connections = {
    .abi = LB_ABI,
    .name = "least-connections",
    .title = "Least connections",
    .summary = "To the backend with the least in_flight / weight; ties at random by default.",
    .reference = "join the shortest queue; ratio as IPVS wlc, uniform ties as Caddy least_conn",
    .cost = "O(n)",
    .changes = "Follows the books at once; a newcomer is empty and gets everything until it has "
               "caught up, less in slow start.",
    .claims = LB_CLAIM_ALWAYS,
    .params = params,
    .create = create,
    .destroy = destroy,
    .pick = pick,
    .on_pool_change = on_pool_change,
    .describe = describe,
};
