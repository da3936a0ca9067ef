/*
 * IPVS wlc, the default scheduler of ipvsadm: the least overhead for the weight.
 *
 * The idea: overhead / weight by cross multiplication, strictly less replaces, so the first in the
 * list wins ties, and an idle service sends everything to it whatever the weights.
 *
 * Cost: O(n), one scan.
 * Source: Linux, net/netfilter/ipvs/ip_vs_wlc.c; rules only. List order, the overloaded flag and
 * what counts as overhead: service.h.
 */
#include "algorithms/ipvs/service.h"

static int32_t pick(void *state, const struct lb_request *request, lb_time now)
{
    (void)request, (void)now;
    return lb_ipvs_scan(state, lb_ipvs_lighter);
}

extern const struct lb_algorithm lb_algorithm_ipvs_wlc;
const struct lb_algorithm lb_algorithm_ipvs_wlc = {
    .abi = LB_ABI,
    .name = "ipvs-wlc",
    .title = "IPVS weighted least-connection",
    .summary = "The least in_flight / weight, the first in the list on ties.",
    .reference = "Linux, net/netfilter/ipvs/ip_vs_wlc.c",
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
