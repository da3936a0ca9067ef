/*
 * Caddy least_conn: the fewest active requests, uniform among equals.
 *
 * The idea: one pass finds the fewest, and the k-th upstream that has as few replaces the choice
 * with chance 1/k (a reservoir), which is uniform; here those that tie are counted and one is drawn,
 * with the same chances and one coin a pick. Weights do not count.
 *
 * Cost: O(n), two passes when there are ties.
 * Source: Caddy v2.6.2, selectionpolicies.go; rules only. Availability: upstreams.h.
 */
#include "algorithms/caddy/upstreams.h"

static int32_t pick(void *state, const struct lb_request *request, lb_time now)
{
    const struct lb_caddy *caddy = state;
    const struct lb_backend *at = caddy->pool->at;
    uint32_t fewest = UINT32_MAX, ties = 0, first = 0;
    (void)request, (void)now;
    for (uint32_t k = 0; k < caddy->count; k++) {
        uint32_t row = caddy->row[k];
        if (!lb_caddy_available(caddy, row) || (ties > 0 && at[row].in_flight > fewest))
            continue;
        if (ties == 0 || at[row].in_flight < fewest) {
            fewest = at[row].in_flight;
            first = k;
            ties = 0;
        }
        ties++;
    }
    if (ties == 0)
        return LB_NONE;
    uint32_t left = ties > 1 ? lb_random_below(caddy->random, ties) : 0;
    for (uint32_t k = first;; k++) {
        uint32_t row = caddy->row[k];
        if (lb_caddy_available(caddy, row) && at[row].in_flight == fewest && left-- == 0)
            return (int32_t)row;
    }
}

extern const struct lb_algorithm lb_algorithm_caddy_least_conn;
const struct lb_algorithm lb_algorithm_caddy_least_conn = {
    .abi = LB_ABI,
    .name = "caddy-least-conn",
    .title = "Caddy least_conn",
    .summary = "The fewest in flight, uniform among equals; weights do not count.",
    .reference = "Caddy 2.6.2, lb_policy least_conn",
    .cost = "O(n)",
    .changes = "Follows the books at once; a newcomer is empty and gets everything until it has "
               "caught up.",
    .create = lb_caddy_create,
    .destroy = lb_caddy_destroy,
    .pick = pick,
    .on_pool_change = lb_caddy_change,
    .describe = lb_caddy_describe,
};
