/*
 * Apache byrequests: smooth turns by lbfactor.
 *
 * The idea: the step of smooth.h over all workers that may take the request, so {5,1,1} gives
 * a a b a c a a, as nginx does. Statuses outlast a change of the factors.
 *
 * Cost: O(n).
 * Source: httpd 2.4.71, modules/proxy/balancers/mod_lbmethod_byrequests.c; rules only. All
 * recordings under tests/golden/apache are decided equally.
 */
#include "algorithms/apache/workers.h"

static int32_t pick(void *state, const struct lb_request *request, lb_time now)
{
    struct lb_apache_workers *workers = state;
    const struct lb_pool *pool = workers->pool;
    struct lb_smooth turn = {.best = LB_NONE};
    (void)now;
    for (uint32_t i = 0; i < pool->count; i++)
        if (lb_may(pool, request, i))
            lb_smooth_join(&turn, i, &workers->at[i].status, pool->at[i].weight);
    if (turn.best == LB_NONE)
        return lb_wait_or_none(pool, request);
    workers->at[turn.best].status -= turn.total;
    return turn.best;
}

extern const struct lb_algorithm lb_algorithm_apache_byrequests;
const struct lb_algorithm lb_algorithm_apache_byrequests = {
    .abi = LB_ABI,
    .name = "apache-byrequests",
    .title = "Apache byrequests",
    .summary = "Smooth turns by lbfactor, the default of mod_proxy_balancer.",
    .reference = "Apache httpd 2.4.71, mod_lbmethod_byrequests",
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
