/*
 * IPVS lc: the destination with the least overhead, whatever its weight.
 *
 * The idea: overhead = 256 x active + inactive, the first in the list on ties. Weights only say who
 * is quiesced (0). An idle service sends everything to the first.
 *
 * Cost: O(n), one scan.
 * Source: Linux, net/netfilter/ipvs/ip_vs_lc.c; rules only. List order, the overloaded flag and
 * what counts as overhead: service.h.
 */
#include "algorithms/ipvs/service.h"

static bool fewer(const struct lb_backend *a, const struct lb_backend *best)
{
    return a->in_flight < best->in_flight;
}

static int32_t pick(void *state, const struct lb_request *request, lb_time now)
{
    (void)request, (void)now;
    return lb_ipvs_scan(state, fewer);
}

extern const struct lb_algorithm lb_algorithm_ipvs_lc;
const struct lb_algorithm lb_algorithm_ipvs_lc = {
    .abi = LB_ABI,
    .name = "ipvs-lc",
    .title = "IPVS least-connection",
    .summary = "The fewest in flight, the first in the list on ties; weights do not count.",
    .reference = "Linux, net/netfilter/ipvs/ip_vs_lc.c",
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
