/*
 * IPVS sed: the destination with the shortest expected delay.
 *
 * The idea: (active + 1) / weight, the new connection counted in; strictly less replaces. Unlike
 * wlc an idle service sends to the heaviest, and to a light one only when the heavy ones carry
 * enough: weights 3 and 1 give the light one its first connection when 3 are at the heavy one.
 *
 * Cost: O(n), one scan.
 * Source: Linux, net/netfilter/ipvs/ip_vs_sed.c; rules only. List order, the overloaded flag and
 * what counts as overhead: service.h.
 */
#include "algorithms/ipvs/service.h"

static int32_t pick(void *state, const struct lb_request *request, lb_time now)
{
    (void)request, (void)now;
    return lb_ipvs_scan(state, lb_ipvs_sooner);
}

extern const struct lb_algorithm lb_algorithm_ipvs_sed;
const struct lb_algorithm lb_algorithm_ipvs_sed = {
    .abi = LB_ABI,
    .name = "ipvs-sed",
    .title = "IPVS shortest expected delay",
    .summary = "The least (in_flight + 1) / weight, the first in the list on ties.",
    .reference = "Linux, net/netfilter/ipvs/ip_vs_sed.c",
    .cost = "O(n)",
    .changes = "Follows the books at once; a newcomer is empty and gets everything until it has "
               "caught up.",
    .create = lb_ipvs_create,
    .destroy = lb_ipvs_destroy,
    .pick = pick,
    .on_attempt_start = lb_ipvs_start,
    .on_attempt_finish = lb_ipvs_finish,
    .on_pool_change = lb_ipvs_change,
    .describe = lb_ipvs_describe,
};
