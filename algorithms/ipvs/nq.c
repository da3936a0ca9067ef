/*
 * IPVS nq: nobody waits behind another while somebody is idle.
 *
 * The idea: the first destination in the list with nothing active; when all have something, as sed.
 * One rule of "better" says both: idle beats busy, an idle one is never replaced.
 *
 * Cost: O(n), one scan.
 * Source: Linux, net/netfilter/ipvs/ip_vs_nq.c; rules only. List order, the overloaded flag and
 * what counts as overhead: service.h.
 */
#include "algorithms/ipvs/service.h"

static bool better(const struct lb_backend *a, const struct lb_backend *best)
{
    if (best->in_flight == 0 || a->in_flight == 0)
        return best->in_flight != 0;
    return lb_ipvs_sooner(a, best);
}

static int32_t pick(void *state, const struct lb_request *request, lb_time now)
{
    (void)request, (void)now;
    return lb_ipvs_scan(state, better);
}

extern const struct lb_algorithm lb_algorithm_ipvs_nq;
const struct lb_algorithm lb_algorithm_ipvs_nq = {
    .abi = LB_ABI,
    .name = "ipvs-nq",
    .title = "IPVS never queue",
    .summary = "The first idle one in the list; when none is, the least (in_flight + 1) / weight.",
    .reference = "Linux, net/netfilter/ipvs/ip_vs_nq.c",
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
