/*
 * IPVS ovf: the destination with the largest weight until it is full, then the next.
 *
 * The idea: weights are priorities and capacities at once. Among destinations with active <= weight
 * (so one takes up to weight + 1) the largest weight, the first in the list on ties. When all are
 * above, there is no destination: the connection is refused.
 *
 * Cost: O(n), one scan.
 * Source: Linux, net/netfilter/ipvs/ip_vs_ovf.c; rules only. List order, the overloaded flag and
 * what counts as overhead: service.h.
 */
#include "algorithms/ipvs/service.h"

static bool before(const struct lb_backend *a, const struct lb_backend *best)
{
    if (a->in_flight > a->weight || best->in_flight > best->weight)
        return a->in_flight <= a->weight;
    return a->weight > best->weight;
}

static int32_t pick(void *state, const struct lb_request *request, lb_time now)
{
    const struct lb_ipvs *ipvs = state;
    (void)request, (void)now;
    int32_t row = lb_ipvs_scan(ipvs, before);
    bool over = row >= 0 && ipvs->pool->at[row].in_flight > ipvs->pool->at[row].weight;
    return over ? LB_NONE : row;
}

extern const struct lb_algorithm lb_algorithm_ipvs_ovf;
const struct lb_algorithm lb_algorithm_ipvs_ovf = {
    .abi = LB_ABI,
    .name = "ipvs-ovf",
    .title = "IPVS weighted overflow",
    .summary =
        "The largest weight among those with in_flight <= weight; nobody when all are above.",
    .reference = "Linux, net/netfilter/ipvs/ip_vs_ovf.c",
    .cost = "O(n)",
    .changes = "Follows the books at once; a changed weight is a changed capacity.",
    .create = lb_ipvs_create,
    .destroy = lb_ipvs_destroy,
    .pick = pick,
    .on_attempt_start = lb_ipvs_start,
    .on_attempt_finish = lb_ipvs_finish,
    .on_pool_change = lb_ipvs_change,
    .describe = lb_ipvs_describe,
};
