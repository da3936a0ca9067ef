/*
 * Varnish round_robin director: in order, skipping the sick.
 *
 * The idea: a position that moves on by one each look; the first healthy one from there on.
 *
 * Cost: O(1), O(n) when many are sick.
 * Source: Varnish 7.1.1, vmod_directors_round_robin.c; rules only. Health: director.h.
 */
#include "algorithms/varnish/director.h"

static int32_t pick(void *state, const struct lb_request *request, lb_time now)
{
    struct lb_varnish *varnish = state;
    const struct lb_pool *pool = varnish->pool;
    (void)request, (void)now;
    for (uint32_t step = 0; step < pool->count; step++) {
        uint32_t row = varnish->next < pool->count ? varnish->next : 0;
        varnish->next = row + 1;
        if (lb_open(&pool->at[row]))
            return (int32_t)row;
    }
    return LB_NONE;
}

extern const struct lb_algorithm lb_algorithm_varnish_round_robin;
const struct lb_algorithm lb_algorithm_varnish_round_robin = {
    .abi = LB_ABI,
    .name = "varnish-round-robin",
    .title = "Varnish round_robin director",
    .summary = "In turn among the healthy; weights do not count.",
    .reference = "Varnish 7.1.1, vmod directors, round_robin",
    .cost = "O(1), O(n) when many are sick",
    .changes = "A sick one is passed over and its turns go to the next; the position is kept.",
    .create = lb_varnish_create,
    .destroy = lb_varnish_destroy,
    .pick = pick,
    .on_pool_change = lb_varnish_change,
    .describe = lb_varnish_describe,
};
