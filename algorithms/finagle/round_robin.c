/*
 * finagle-round-robin: Finagle's round robin over the nodes that were open when the list was built.
 *
 * The idea: a counter, modulo the number of usable backends. A node that cannot take the request
 * (full, or tried by it: Finagle would say not open) costs a step and an effort; after `max-effort`
 * in vain the list is built anew of those that can, and its first one is taken; when nobody can, the
 * next of all, whatever it is. A list that changed starts at its first entry, as in Finagle, where
 * the counter belongs to the list.
 *
 * Reading: Finagle leaves a node that was found closed out of the list from the next request on; a
 * full row counts again as soon as it has room, so here each pick looks anew.
 *
 * Cost: O(1); O(n) after vain efforts.
 * Source: Finagle 2024-10, loadbalancer/roundrobin/RoundRobinBalancer.scala, Balancer.scala.
 */
#include "algorithms/finagle/p2c.h"

static const struct lb_param params[] = {LB_FINAGLE_EFFORT, {.name = NULL}};

struct state {
    const struct lb_pool *pool;
    struct lb_shares nodes; /* the usable rows */
    uint64_t counter;
    uint64_t list; /* a fingerprint of the rows in nodes */
    uint32_t effort;
};

static void destroy(void *state)
{
    struct state *s = state;
    lb_shares_done(&s->nodes);
    free(s);
}

static void on_pool_change(void *state, const int32_t *changed, uint32_t count, lb_time now)
{
    struct state *s = state;
    (void)changed, (void)count, (void)now;
    lb_shares_build(&s->nodes, s->pool, LB_PRESENT | LB_USABLE);
    uint64_t list = s->nodes.count;
    for (uint32_t place = 0; place < s->nodes.count; place++) {
        list ^= (uint64_t)s->nodes.row[place] << 32 | s->pool->at[s->nodes.row[place]].id;
        list = lb_splitmix64(&list);
    }
    if (list != s->list)
        s->counter = 0;
    s->list = list;
}

static void *create(const struct lb_setup *setup, struct lb_error *error)
{
    struct state *s = calloc(1, sizeof *s);
    if (s == NULL) {
        lb_error_set(error, LB_ERROR_MEMORY, "finagle-round-robin: no memory");
        return NULL;
    }
    s->pool = setup->pool;
    s->effort = (uint32_t)lb_value(setup, params, 0);
    if (lb_shares_init(&s->nodes, setup->pool, error) != 0) {
        destroy(s);
        return NULL;
    }
    on_pool_change(s, NULL, 0, setup->now);
    return s;
}

static uint32_t next(struct state *s)
{
    return s->nodes.row[s->counter++ % s->nodes.count];
}

static int32_t pick(void *state, const struct lb_request *request, lb_time now)
{
    struct state *s = state;
    (void)now;
    if (s->nodes.count == 0)
        return LB_NONE;
    for (uint32_t effort = 0; effort < s->effort; effort++) {
        uint32_t row = next(s);
        if (lb_may(s->pool, request, row))
            return (int32_t)row;
    }
    for (uint32_t place = 0; place < s->nodes.count; place++)
        if (lb_may(s->pool, request, s->nodes.row[place])) {
            s->counter = place + 1;
            return (int32_t)s->nodes.row[place];
        }
    return (int32_t)next(s);
}

static void describe(const void *state, lb_emit *emit, void *to)
{
    const struct state *s = state;
    emit(to, -1, "candidates", s->nodes.count);
    if (s->nodes.count != 0)
        emit(to, -1, "next", s->nodes.row[s->counter % s->nodes.count]);
}

extern const struct lb_algorithm lb_algorithm_finagle_round_robin;
const struct lb_algorithm lb_algorithm_finagle_round_robin = {
    .abi = LB_ABI,
    .name = "finagle-round-robin",
    .title = "Finagle round robin",
    .summary = "In turn over those open when the list was built; a new list starts at its first.",
    .reference = "Finagle 2024-10, loadbalancer/roundrobin/RoundRobinBalancer.scala",
    .cost = "O(1), O(n) when 5 in turn are full or tried",
    .changes =
        "A join, leave or failure starts the turn at the first usable backend; weights other "
        "than 0 do not count.",
    .params = params,
    .create = create,
    .destroy = destroy,
    .pick = pick,
    .on_pool_change = on_pool_change,
    .describe = describe,
};
