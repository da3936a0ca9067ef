/*
 * Apache bybusyness: the fewest requests in flight, turns by lbfactor among equals.
 *
 * The idea: every worker that may take the request gains its factor in status, as in byrequests,
 * whether it is as idle as the others or not; the least busy is picked, among equals the one with
 * the highest status, then the first, and it pays the sum of the factors. Busy is not divided by
 * the factor: under load all workers are equally busy, whatever their factors.
 *
 * Cost: O(n).
 * Source: httpd 2.4.71, modules/proxy/balancers/mod_lbmethod_bybusyness.c; rules only. All
 * recordings under tests/golden/apache are decided equally.
 */
#include "algorithms/apache/workers.h"

static int32_t pick(void *state, const struct lb_request *request, lb_time now)
{
    struct lb_apache_workers *workers = state;
    const struct lb_pool *pool = workers->pool;
    int64_t total = 0;
    int32_t best = LB_NONE;
    (void)now;
    for (uint32_t i = 0; i < pool->count; i++) {
        if (!lb_may(pool, request, i))
            continue;
        workers->at[i].status += pool->at[i].weight;
        total += pool->at[i].weight;
        if (best == LB_NONE || pool->at[i].in_flight < pool->at[best].in_flight ||
            (pool->at[i].in_flight == pool->at[best].in_flight &&
             workers->at[i].status > workers->at[best].status))
            best = (int32_t)i;
    }
    if (best == LB_NONE)
        return lb_wait_or_none(pool, request);
    workers->at[best].status -= total;
    return best;
}

extern const struct lb_algorithm lb_algorithm_apache_bybusyness;
const struct lb_algorithm lb_algorithm_apache_bybusyness = {
    .abi = LB_ABI,
    .name = "apache-bybusyness",
    .title = "Apache bybusyness",
    .summary = "The fewest requests in flight whatever the factor, turns by factor among equals.",
    .reference = "Apache httpd 2.4.71, mod_lbmethod_bybusyness",
    .cost = "O(n)",
    .changes = "A changed factor counts from the next pick on; a worker that is skipped keeps its "
               "status, one that leaves loses it.",
    .claims = LB_CLAIM_ALWAYS | LB_CLAIM_WEIGHTS,
    .create = lb_apache_workers_create,
    .destroy = lb_apache_workers_destroy,
    .pick = pick,
    .on_pool_change = lb_apache_workers_change,
    .describe = lb_apache_workers_describe,
};
