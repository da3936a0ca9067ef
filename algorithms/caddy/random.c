/*
 * Caddy random, its default policy: uniform among the available upstreams, whatever their weights.
 *
 * The idea: Caddy goes through the list and keeps the k-th available one with chance 1/k, which is
 * a uniform choice; here one is drawn until it is available, with the same chances in O(1).
 *
 * Cost: O(1), O(n) when most are out.
 * Source: Caddy v2.6.2, selectionpolicies.go; rules only. Availability: upstreams.h.
 */
#include "algorithms/caddy/upstreams.h"

static int32_t pick(void *state, const struct lb_request *request, lb_time now)
{
    (void)request, (void)now;
    return lb_caddy_random(state);
}

extern const struct lb_algorithm lb_algorithm_caddy_random;
const struct lb_algorithm lb_algorithm_caddy_random = {
    .abi = LB_ABI,
    .name = "caddy-random",
    .title = "Caddy random",
    .summary = "Uniform among the available ones; weights do not count.",
    .reference = "Caddy 2.6.2, lb_policy random",
    .cost = "O(1), O(n) when most are out",
    .changes = "A failed or full one is not drawn; the others share evenly.",
    .create = lb_caddy_create,
    .destroy = lb_caddy_destroy,
    .pick = pick,
    .on_pool_change = lb_caddy_change,
    .describe = lb_caddy_describe,
};
