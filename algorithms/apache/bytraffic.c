/*
 * Apache bytraffic: who has carried the fewest bytes for its lbfactor.
 *
 * The idea: each worker counts the bytes sent to it and read from it since it joined; the least
 * transferred / factor + read / factor is picked, the first among equals. Factors are hundredths
 * (of the weight, or the weight itself) and the two quotients are whole numbers. Requests in flight count nothing until they end, and a
 * newcomer is picked until it has caught up with all that was ever carried. Where the host reports
 * no bytes, everybody is equal and the first takes all.
 *
 * Cost: O(n).
 * Source: httpd 2.4.71, modules/proxy/balancers/mod_lbmethod_bytraffic.c; rules only. The
 * recordings under tests/golden/apache lack the bytes of the requests; with 162 for each, all of
 * them are decided equally.
 */
#include "algorithms/apache/workers.h"

#define FACTOR 100 /* an lbfactor of 1, in hundredths */

static const struct lb_param params[] = {
    {.name = "hundredths",
     .unit = "bool",
     .value = 0,
     .min = 0,
     .max = 1,
     .help = "whether weights are hundredths of an lbfactor, which may be 1.25"},
    {.name = NULL},
};

static void *create(const struct lb_setup *setup, struct lb_error *error)
{
    struct lb_apache_workers *workers = lb_apache_workers_create(setup, error);
    if (workers != NULL)
        workers->unit = lb_value(setup, params, 0) != 0 ? 1 : FACTOR;
    return workers;
}

static uint64_t carried(const struct lb_apache_worker *worker, uint64_t factor)
{
    return worker->transferred / factor + worker->read / factor;
}

static int32_t pick(void *state, const struct lb_request *request, lb_time now)
{
    const struct lb_apache_workers *workers = state;
    const struct lb_pool *pool = workers->pool;
    uint64_t least = 0;
    int32_t best = LB_NONE;
    (void)now;
    for (uint32_t i = 0; i < pool->count; i++) {
        if (!lb_may(pool, request, i))
            continue;
        uint64_t own = carried(&workers->at[i], (uint64_t)pool->at[i].weight * workers->unit);
        if (best == LB_NONE || own < least) {
            best = (int32_t)i;
            least = own;
        }
    }
    return best != LB_NONE ? best : lb_wait_or_none(pool, request);
}

static void on_attempt_finish(void *state, int32_t row, const struct lb_outcome *outcome,
                              lb_time now)
{
    struct lb_apache_workers *workers = state;
    (void)now;
    workers->at[row].transferred += outcome->bytes_out;
    workers->at[row].read += outcome->bytes_in;
}

extern const struct lb_algorithm lb_algorithm_apache_bytraffic;
const struct lb_algorithm lb_algorithm_apache_bytraffic = {
    .abi = LB_ABI,
    .name = "apache-bytraffic",
    .title = "Apache bytraffic",
    .summary = "The fewest bytes carried for the lbfactor, both ways together.",
    .reference = "Apache httpd 2.4.71, mod_lbmethod_bytraffic",
    .cost = "O(n)",
    .changes = "A changed factor divides all bytes carried so far; a worker that joins starts at "
               "none and is picked until it has caught up.",
    .claims = LB_CLAIM_ALWAYS,
    .params = params,
    .create = create,
    .destroy = lb_apache_workers_destroy,
    .pick = pick,
    .on_attempt_finish = on_attempt_finish,
    .on_pool_change = lb_apache_workers_change,
    .describe = lb_apache_workers_describe,
};
