/*
 * IPVS fo: everything to the destination with the largest weight.
 *
 * The idea: weights are priorities. The heaviest that is available and not overloaded takes every
 * connection, the first in the list on ties; loads do not count.
 *
 * Cost: O(n), one scan.
 * Source: Linux, net/netfilter/ipvs/ip_vs_fo.c; rules only. List order, the overloaded flag and
 * what counts as overhead: service.h.
 */
#include "algorithms/ipvs/service.h"

static bool heavier(const struct lb_backend *a, const struct lb_backend *best)
{
    return a->weight > best->weight;
}

static int32_t pick(void *state, const struct lb_request *request, lb_time now)
{
    (void)request, (void)now;
    return lb_ipvs_scan(state, heavier);
}

extern const struct lb_algorithm lb_algorithm_ipvs_fo;
const struct lb_algorithm lb_algorithm_ipvs_fo = {
    .abi = LB_ABI,
    .name = "ipvs-fo",
    .title = "IPVS weighted failover",
    .summary = "Everything to the largest weight that is available; the first in the list on ties.",
    .reference = "Linux, net/netfilter/ipvs/ip_vs_fo.c",
    .cost = "O(n)",
    .changes = "A heavier one that comes back or joins takes over at once; a failure passes "
               "everything to the "
               "next in weight.",
    .create = lb_ipvs_create,
    .destroy = lb_ipvs_destroy,
    .pick = pick,
    .on_attempt_start = lb_ipvs_start,
    .on_attempt_finish = lb_ipvs_finish,
    .on_pool_change = lb_ipvs_change,
    .describe = lb_ipvs_describe,
};
