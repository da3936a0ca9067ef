/*
 * Envoy's random: one number modulo the usable backends, whatever their weights.
 *
 * The idea: nothing to remember and nothing to compare, and so nothing that herds; Envoy documents
 * that weights are ignored. The number is 64 bits wide and taken modulo n as Envoy does, which
 * favours nobody by more than n / 2^64.
 *
 * Cost: O(1).
 * Source: Envoy, random_lb.cc [from general knowledge and the documentation].
 */
#include <stdlib.h>

#include "algorithms/members.h"

struct state {
    struct lb_members members;
    struct lb_random *random;
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
    struct state *s = malloc(sizeof *s);
    if (s == NULL) {
        lb_error_set(error, LB_ERROR_MEMORY, "envoy-random: no memory");
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
    return (int32_t)s->members.row[lb_random_u64(s->random) % s->members.count];
}

static void describe(const void *state, lb_emit *emit, void *to)
{
    const struct state *s = state;
    emit(to, -1, "members", s->members.count);
}

extern const struct lb_algorithm lb_algorithm_envoy_random;
const struct lb_algorithm lb_algorithm_envoy_random = {
    .abi = LB_ABI,
    .name = "envoy-random",
    .title = "Envoy random",
    .summary = "A uniform draw among the usable backends; weights are ignored.",
    .reference = "Envoy, source/extensions/load_balancing_policies/random/random_lb.cc",
    .cost = "O(1)",
    .changes = "Draws among those that are usable now; weights do not matter.",
    .create = create,
    .destroy = destroy,
    .pick = pick,
    .on_pool_change = on_pool_change,
    .describe = describe,
};
