/*
 * finagle-p2c: Finagle's power of two choices, least loaded.
 *
 * The idea: of two different nodes drawn at random, the one with fewer requests outstanding; see
 * p2c.h for what happens when neither can take the request.
 *
 * Cost: O(1).
 * Source: Finagle 2024-10, loadbalancer/p2c/P2CLeastLoaded.scala, P2CPick.scala.
 */
#include "algorithms/finagle/p2c.h"

static const struct lb_param params[] = {LB_FINAGLE_EFFORT, {.name = NULL}};

struct state {
    struct lb_finagle_p2c p2c;
};

static void destroy(void *state)
{
    struct state *s = state;
    lb_shares_done(&s->p2c.nodes);
    free(s);
}

static void *create(const struct lb_setup *setup, struct lb_error *error)
{
    struct state *s = calloc(1, sizeof *s);
    if (s == NULL) {
        lb_error_set(error, LB_ERROR_MEMORY, "finagle-p2c: no memory");
        return NULL;
    }
    if (lb_finagle_p2c_init(&s->p2c, setup, (uint32_t)lb_value(setup, params, 0), error) != 0) {
        destroy(s);
        return NULL;
    }
    return s;
}

static void on_pool_change(void *state, const int32_t *changed, uint32_t count, lb_time now)
{
    struct state *s = state;
    (void)changed, (void)count, (void)now;
    lb_finagle_p2c_change(&s->p2c);
}

static inline double outstanding(void *state, uint32_t row, lb_time now)
{
    const struct state *s = state;
    (void)now;
    return s->p2c.pool->at[row].in_flight;
}

static int32_t pick(void *state, const struct lb_request *request, lb_time now)
{
    struct state *s = state;
    return lb_finagle_p2c_pick(&s->p2c, request, outstanding, s, now);
}

static void describe(const void *state, lb_emit *emit, void *to)
{
    const struct state *s = state;
    emit(to, -1, "candidates", s->p2c.nodes.count);
    for (uint32_t place = 0; place < s->p2c.nodes.count; place++) {
        uint32_t row = s->p2c.nodes.row[place];
        emit(to, (int32_t)row, "load", s->p2c.pool->at[row].in_flight);
    }
}

extern const struct lb_algorithm lb_algorithm_finagle_p2c;
const struct lb_algorithm lb_algorithm_finagle_p2c = {
    .abi = LB_ABI,
    .name = "finagle-p2c",
    .title = "Finagle p2c, least loaded",
    .summary =
        "Two different backends at random, the less loaded one; takes any after 5 vain draws.",
    .reference = "Finagle 2024-10, loadbalancer/p2c/P2CPick.scala, P2CLeastLoaded.scala",
    .cost = "O(1)",
    .changes = "Follows the books at once; weights other than 0 do not count.",
    .params = params,
    .create = create,
    .destroy = destroy,
    .pick = pick,
    .on_pool_change = on_pool_change,
    .describe = describe,
};
