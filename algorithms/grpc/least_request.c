/*
 * gRPC's least_request: the least loaded of a few draws.
 *
 * The idea: `choices` ready endpoints are drawn with replacement, and the one with the fewest
 * requests in flight is taken, the earlier draw on ties. Weights do not matter.
 *
 * Cost: O(choices).
 * Source: grpc-go, balancer/leastrequest; rules only.
 */
#include <stdlib.h>

#include "algorithms/members.h"

static const struct lb_param params[] = {
    {.name = "choices",
     .unit = "",
     .value = 2,
     .min = 2,
     .max = 10,
     .help = "how many endpoints are drawn, with replacement"},
    {.name = NULL},
};

struct state {
    struct lb_members members;
    struct lb_random *random;
    uint32_t choices;
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
    (void)lb_members_look(&s->members);
}

static void *create(const struct lb_setup *setup, struct lb_error *error)
{
    struct state *s = calloc(1, sizeof *s);
    if (s == NULL) {
        lb_error_set(error, LB_ERROR_MEMORY, "grpc-least-request: no memory");
        return NULL;
    }
    s->random = setup->random;
    s->choices = (uint32_t)lb_value(setup, params, 0);
    if (lb_members_init(&s->members, setup->pool, LB_PRESENT | LB_USABLE, error) != 0) {
        destroy(s);
        return NULL;
    }
    on_pool_change(s, NULL, 0, setup->now);
    return s;
}

static uint32_t draw(struct state *s)
{
    return s->members.row[lb_random_below(s->random, s->members.count)];
}

static int32_t pick(void *state, const struct lb_request *request, lb_time now)
{
    struct state *s = state;
    (void)request, (void)now;
    if (s->members.count == 0)
        return LB_NONE;
    const struct lb_backend *at = s->members.pool->at;
    uint32_t best = draw(s);
    for (uint32_t k = 1; k < s->choices; k++) {
        uint32_t row = draw(s);
        if (at[row].in_flight < at[best].in_flight)
            best = row;
    }
    return (int32_t)best;
}

static void describe(const void *state, lb_emit *emit, void *to)
{
    const struct state *s = state;
    for (uint32_t i = 0; i < s->members.count; i++)
        emit(to, (int32_t)s->members.row[i], "in_flight",
             s->members.pool->at[s->members.row[i]].in_flight);
}

extern const struct lb_algorithm lb_algorithm_grpc_least_request;
const struct lb_algorithm lb_algorithm_grpc_least_request = {
    .abi = LB_ABI,
    .name = "grpc-least-request",
    .title = "gRPC least request",
    .summary = "The least loaded of two draws with replacement; weights do not matter.",
    .reference = "grpc-go, balancer/leastrequest",
    .cost = "O(choices)",
    .changes = "Draws among those that are ready now; weights do not matter.",
    .params = params,
    .create = create,
    .destroy = destroy,
    .pick = pick,
    .on_pool_change = on_pool_change,
    .describe = describe,
};
