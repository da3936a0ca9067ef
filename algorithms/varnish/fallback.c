/*
 * Varnish fallback director: the first that is healthy.
 *
 * The idea: the order of the backends is the order of preference; each request looks from the start,
 * so the first gets everything back at its return (Varnish's default, sticky = false).
 *
 * Cost: O(1): the list of the healthy is made when health changes.
 * Source: Varnish 7.1.1, vmod_directors_fall_back.c; rules only. Health: director.h.
 */
#include "algorithms/varnish/director.h"

static int32_t pick(void *state, const struct lb_request *request, lb_time now)
{
    const struct lb_varnish *varnish = state;
    (void)request, (void)now;
    return varnish->shares.count > 0 ? (int32_t)varnish->shares.row[0] : LB_NONE;
}

extern const struct lb_algorithm lb_algorithm_varnish_fallback;
const struct lb_algorithm lb_algorithm_varnish_fallback = {
    .abi = LB_ABI,
    .name = "varnish-fallback",
    .title = "Varnish fallback director",
    .summary = "The first healthy one takes everything.",
    .reference = "Varnish 7.1.1, vmod directors, fallback",
    .cost = "O(1)",
    .changes = "When the first turns sick the next takes over, and gives back at its return.",
    .create = lb_varnish_create,
    .destroy = lb_varnish_destroy,
    .pick = pick,
    .on_pool_change = lb_varnish_change,
    .describe = lb_varnish_describe,
};
