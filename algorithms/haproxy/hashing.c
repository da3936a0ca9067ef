/*
 * See hashing.h.
 */
#include "algorithms/haproxy/hashing.h"

#define BOUND_MIN 101U

const char *const lb_haproxy_types[] = {"map-based", "consistent", NULL};

void lb_haproxy_hashing_destroy(void *state)
{
    struct lb_haproxy_hashing *h = state;
    if (h->consistent)
        lb_haproxy_chash_done(&h->chash);
    else
        lb_haproxy_map_done(&h->map);
    free(h);
}

void *lb_haproxy_hashing_create(const struct lb_setup *setup, const struct lb_param *params,
                                struct lb_error *error)
{
    struct lb_haproxy_hashing *h = calloc(1, sizeof *h);
    if (h == NULL) {
        lb_error_set(error, LB_ERROR_MEMORY, "haproxy: no memory");
        return NULL;
    }
    h->consistent = lb_value(setup, params, 0) != 0;
    h->avalanche = lb_value(setup, params, 1) != 0;
    h->bound = (uint32_t)lb_value(setup, params, 2);
    if (h->bound != 0 && h->bound < BOUND_MIN)
        h->bound = BOUND_MIN;
    if (params[3].name != NULL)
        h->function = (uint32_t)lb_value(setup, params, 3);
    h->turn_alone = params[3].name != NULL && lb_value(setup, params, 4) != 0;
    int failed = h->consistent ? lb_haproxy_chash_init(&h->chash, setup->pool, setup->now, error)
                               : lb_haproxy_map_init(&h->map, setup->pool, error);
    if (failed == 0)
        return h;
    lb_haproxy_hashing_destroy(h);
    return NULL;
}

void lb_haproxy_hashing_change(void *state, const int32_t *changed, uint32_t count, lb_time now)
{
    struct lb_haproxy_hashing *h = state;
    if (h->consistent)
        lb_haproxy_chash_change(&h->chash, changed, count, now);
    else
        lb_haproxy_map_change(&h->map, changed, count);
}

void lb_haproxy_hashing_describe(const void *state, lb_emit *emit, void *to)
{
    const struct lb_haproxy_hashing *h = state;
    if (h->consistent)
        lb_haproxy_chash_describe(&h->chash, emit, to);
    else
        lb_haproxy_map_describe(&h->map, emit, to);
}
