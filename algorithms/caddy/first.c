/*
 * Caddy first: the first upstream that is available.
 *
 * The idea: the order of the list is the order of preference; the rest are spares.
 *
 * Cost: O(1) while the first is up, O(n) else.
 * Source: Caddy v2.6.2, selectionpolicies.go; rules only. Availability: upstreams.h.
 */
#include "algorithms/caddy/upstreams.h"

static int32_t pick(void *state, const struct lb_request *request, lb_time now)
{
    const struct lb_caddy *caddy = state;
    (void)request, (void)now;
    for (uint32_t k = 0; k < caddy->count; k++)
        if (lb_caddy_available(caddy, caddy->row[k]))
            return (int32_t)caddy->row[k];
    return LB_NONE;
}

extern const struct lb_algorithm lb_algorithm_caddy_first;
const struct lb_algorithm lb_algorithm_caddy_first = {
    .abi = LB_ABI,
    .name = "caddy-first",
    .title = "Caddy first",
    .summary = "The first in the list that is available takes everything.",
    .reference = "Caddy 2.6.2, lb_policy first",
    .cost = "O(1) while the first is up, O(n) otherwise",
    .changes =
        "When the first fails or is full, the next takes over, and gives back at its return.",
    .create = lb_caddy_create,
    .destroy = lb_caddy_destroy,
    .pick = pick,
    .on_pool_change = lb_caddy_change,
    .describe = lb_caddy_describe,
};
