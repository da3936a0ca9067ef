/*
 * Caddy round_robin: a counter over the list, counted before it is used.
 *
 * The idea: counter + 1, then upstream number counter modulo n; when it is not available, again, at
 * most n times. So a fresh process starts with the SECOND upstream, and each one passed over costs
 * a step. The counter has 32 bits and wraps.
 *
 * Cost: O(1), O(n) when many are out.
 * Source: Caddy v2.6.2, selectionpolicies.go; rules only. All recordings under tests/golden/caddy
 * are decided equally. Availability and reloads: upstreams.h.
 */
#include "algorithms/caddy/upstreams.h"

static int32_t pick(void *state, const struct lb_request *request, lb_time now)
{
    struct lb_caddy *caddy = state;
    (void)request, (void)now;
    for (uint32_t step = 0; step < caddy->count; step++) {
        uint32_t row = caddy->row[++caddy->counter % caddy->count];
        if (lb_caddy_available(caddy, row))
            return (int32_t)row;
    }
    return LB_NONE;
}

extern const struct lb_algorithm lb_algorithm_caddy_round_robin;
const struct lb_algorithm lb_algorithm_caddy_round_robin = {
    .abi = LB_ABI,
    .name = "caddy-round-robin",
    .title = "Caddy round_robin",
    .summary = "In turn, starting with the second; one that is not available costs a turn.",
    .reference = "Caddy 2.6.2, lb_policy round_robin",
    .cost = "O(1), O(n) when many are out",
    .changes =
        "A failed or full one is passed over and its turns go to the next. A join or a leave "
        "is a reload: the counter starts afresh.",
    .create = lb_caddy_create,
    .destroy = lb_caddy_destroy,
    .pick = pick,
    .on_pool_change = lb_caddy_change,
    .describe = lb_caddy_describe,
};
