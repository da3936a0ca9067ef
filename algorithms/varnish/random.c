/*
 * Varnish random director: by weight among the healthy.
 *
 * The idea: u uniform in [0, 1); the first healthy backend whose running sum of weights exceeds
 * u x the sum. Weights are whole here, so a whole number below the sum is drawn, exactly uniform.
 *
 * Cost: O(1), O(log n) with unequal weights.
 * Source: Varnish 7.1.1, vmod_directors.c, vdir_pick_by_weight; rules only. Health: director.h.
 */
#include "algorithms/varnish/director.h"

static int32_t pick(void *state, const struct lb_request *request, lb_time now)
{
    const struct lb_varnish *varnish = state;
    (void)request, (void)now;
    if (varnish->shares.count == 0)
        return LB_NONE;
    return (int32_t)varnish->shares.row[lb_shares_draw(&varnish->shares, varnish->random)];
}

extern const struct lb_algorithm lb_algorithm_varnish_random;
const struct lb_algorithm lb_algorithm_varnish_random = {
    .abi = LB_ABI,
    .name = "varnish-random",
    .title = "Varnish random director",
    .summary = "Drawn by weight among the healthy.",
    .reference = "Varnish 7.1.1, vmod directors, random",
    .cost = "O(1), O(log n) with unequal weights",
    .changes = "Chances are laid out anew on each change, among the healthy.",
    .claims = LB_CLAIM_WEIGHTS,
    .create = lb_varnish_create,
    .destroy = lb_varnish_destroy,
    .pick = pick,
    .on_pool_change = lb_varnish_change,
    .describe = lb_varnish_describe,
};
