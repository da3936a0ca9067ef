/*
 * Varnish fallback director: the first that is healthy.
 *
 * The idea: the order of the backends is the order of preference; each request looks from the start,
 * so the first gets everything back at its return. With `sticky` it does not: whoever took over keeps
 * everything until it turns sick itself, and then the next in order, around the end, takes over.
 *
 * Cost: O(1); sticky: O(n) when the one that took everything has turned sick.
 * Source: Varnish 7.1.1, vmod_directors_fall_back.c; rules only. Health: director.h.
 */
#include "algorithms/varnish/director.h"

static const struct lb_param params[] = {
    {.name = "sticky",
     .unit = "bool",
     .value = 0,
     .min = 0,
     .max = 1,
     .help = "whether the one that took over keeps everything when the first returns"},
    {.name = NULL},
};

static void *create(const struct lb_setup *setup, struct lb_error *error)
{
    struct lb_varnish *varnish = lb_varnish_create(setup, error);
    if (varnish != NULL)
        varnish->sticky = lb_value(setup, params, 0) != 0;
    return varnish;
}

static int32_t pick(void *state, const struct lb_request *request, lb_time now)
{
    struct lb_varnish *varnish = state;
    const struct lb_pool *pool = varnish->pool;
    (void)request, (void)now;
    if (varnish->shares.count == 0)
        return LB_NONE;
    if (!varnish->sticky)
        return (int32_t)varnish->shares.row[0];
    for (uint32_t step = 0; step < pool->count; step++) {
        uint32_t row = varnish->next < pool->count ? varnish->next : 0;
        varnish->next = row;
        if (lb_open(&pool->at[row]))
            return (int32_t)row;
        varnish->next = row + 1;
    }
    return LB_NONE;
}

extern const struct lb_algorithm lb_algorithm_varnish_fallback;
const struct lb_algorithm lb_algorithm_varnish_fallback = {
    .abi = LB_ABI,
    .name = "varnish-fallback",
    .title = "Varnish fallback director",
    .summary = "The first healthy one takes everything.",
    .reference = "Varnish 7.1.1, vmod directors, fallback",
    .cost = "O(1)",
    .changes = "When the first turns sick the next takes over, and gives back at its return unless "
               "sticky.",
    .params = params,
    .create = create,
    .destroy = lb_varnish_destroy,
    .pick = pick,
    .on_pool_change = lb_varnish_change,
    .describe = lb_varnish_describe,
};
