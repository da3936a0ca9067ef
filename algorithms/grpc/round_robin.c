/*
 * gRPC's round_robin: a counter over the endpoints that are ready.
 *
 * The idea: the counter goes on by one and is taken modulo the number of ready endpoints. A change of
 * who is ready makes a new picker, which starts at a random place, lest each change favour the
 * first. Weights, limits and tries elsewhere do not matter.
 *
 * Readings: the random start is from general knowledge of grpc-go; so is the new start at a change.
 *
 * Cost: O(1).
 * Source: grpc-go, balancer/roundrobin and balancer/endpointsharding; rules only.
 */
#include <stdlib.h>

#include "algorithms/members.h"

struct state {
    struct lb_members members;
    struct lb_random *random;
    uint32_t counter; /* place of the last pick */
};

static void destroy(void *state)
{
    struct state *s = state;
    lb_members_done(&s->members);
    free(s);
}

static void on_pool_change(void *state, const int32_t *changed, uint32_t count, lb_time now)
{
    struct state *s = state;
    (void)changed, (void)count, (void)now;
    if (lb_members_look(&s->members) && s->members.count > 0)
        s->counter = lb_random_below(s->random, s->members.count);
}

static void *create(const struct lb_setup *setup, struct lb_error *error)
{
    struct state *s = calloc(1, sizeof *s);
    if (s == NULL) {
        lb_error_set(error, LB_ERROR_MEMORY, "grpc-round-robin: no memory");
        return NULL;
    }
    s->random = setup->random;
    if (lb_members_init(&s->members, setup->pool, LB_PRESENT | LB_USABLE, error) != 0) {
        destroy(s);
        return NULL;
    }
    on_pool_change(s, NULL, 0, setup->now);
    return s;
}

static int32_t pick(void *state, const struct lb_request *request, lb_time now)
{
    struct state *s = state;
    (void)request, (void)now;
    if (s->members.count == 0)
        return LB_NONE;
    s->counter = s->counter + 1 < s->members.count ? s->counter + 1 : 0;
    return (int32_t)s->members.row[s->counter];
}

static void describe(const void *state, lb_emit *emit, void *to)
{
    const struct state *s = state;
    emit(to, -1, "last", s->members.count > 0 ? s->members.row[s->counter] : -1.0);
}

extern const struct lb_algorithm lb_algorithm_grpc_round_robin;
const struct lb_algorithm lb_algorithm_grpc_round_robin = {
    .abi = LB_ABI,
    .name = "grpc-round-robin",
    .title = "gRPC round robin",
    .summary = "Ready endpoints take turns, from a random one on; weights do not matter.",
    .reference = "grpc-go, balancer/roundrobin and balancer/endpointsharding",
    .cost = "O(1)",
    .changes = "A join, a leave and a change of health start the turns anew at a random place.",
    .create = create,
    .destroy = destroy,
    .pick = pick,
    .on_pool_change = on_pool_change,
    .describe = describe,
};
