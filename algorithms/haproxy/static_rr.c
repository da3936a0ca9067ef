/*
 * HAProxy static-rr: turns through a table that is laid out once.
 *
 * The idea: see map.h. Each pick takes the next slot of the static map and skips servers that are
 * saturated or to be avoided; a change of state builds the table anew and keeps the position, unless
 * it lies beyond the new end: then it starts over.
 *
 * Cost: O(1), O(T) when most servers are saturated; see map.h for the table.
 * Source: HAProxy 2.6.12, src/lb_map.c; rules in our own words and code. All recordings under
 * tests/golden/haproxy are decided equally.
 */
#include "algorithms/haproxy/map.h"

static void on_pool_change(void *state, const int32_t *changed, uint32_t count, lb_time now)
{
    (void)now;
    lb_haproxy_map_change(state, changed, count);
}

static void destroy(void *state)
{
    lb_haproxy_map_done(state);
    free(state);
}

static void *create(const struct lb_setup *setup, struct lb_error *error)
{
    struct lb_haproxy_map *map = malloc(sizeof *map);
    if (map == NULL) {
        lb_error_set(error, LB_ERROR_MEMORY, "haproxy-static-rr: no memory");
        return NULL;
    }
    if (lb_haproxy_map_init(map, setup->pool, error) != 0) {
        destroy(map);
        return NULL;
    }
    return map;
}

static int32_t pick(void *state, const struct lb_request *request, lb_time now)
{
    return lb_haproxy_map_turn(state, request, now);
}

static void describe(const void *state, lb_emit *emit, void *to)
{
    lb_haproxy_map_describe(state, emit, to);
}

extern const struct lb_algorithm lb_algorithm_haproxy_static_rr;
const struct lb_algorithm lb_algorithm_haproxy_static_rr = {
    .abi = LB_ABI,
    .name = "haproxy-static-rr",
    .title = "HAProxy static-rr",
    .summary = "Turns through a table laid out by weight; weights are fixed but for 0 and back.",
    .reference = "HAProxy 2.6.12, balance static-rr, src/lb_map.c",
    .cost = "O(1)",
    .changes =
        "The table is built anew, the position kept. A backend keeps the weight it joined with; "
        "no slow start. Everybody saturated: the common queue.",
    .create = create,
    .destroy = destroy,
    .pick = pick,
    .on_pool_change = on_pool_change,
    .describe = describe,
};
