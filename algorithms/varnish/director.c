/*
 * See director.h.
 */
#include "algorithms/varnish/director.h"

#include <stdlib.h>

void *lb_varnish_create(const struct lb_setup *setup, struct lb_error *error)
{
    struct lb_varnish *varnish = calloc(1, sizeof *varnish);
    if (varnish == NULL) {
        lb_error_set(error, LB_ERROR_MEMORY, "varnish: no memory for a director");
        return NULL;
    }
    varnish->pool = setup->pool;
    varnish->random = setup->random;
    varnish->tail = lb_sha256_tail32_fastest();
    if (lb_shares_init(&varnish->shares, setup->pool, error) != 0) {
        lb_varnish_destroy(varnish);
        return NULL;
    }
    lb_varnish_change(varnish, NULL, 0, setup->now);
    return varnish;
}

void lb_varnish_destroy(void *state)
{
    struct lb_varnish *varnish = state;
    lb_shares_done(&varnish->shares);
    free(varnish);
}

void lb_varnish_change(void *state, const int32_t *changed, uint32_t count, lb_time now)
{
    struct lb_varnish *varnish = state;
    (void)changed, (void)count, (void)now;
    lb_shares_build(&varnish->shares, varnish->pool, LB_PRESENT | LB_USABLE);
}

void lb_varnish_describe(const void *state, lb_emit *emit, void *to)
{
    const struct lb_varnish *varnish = state;
    emit(to, -1, "healthy", varnish->shares.count);
    emit(to, -1, "next", varnish->next);
    for (uint32_t place = 0; place < varnish->shares.count; place++)
        emit(to, (int32_t)varnish->shares.row[place], "share",
             (double)lb_shares_of(&varnish->shares, place) / (double)varnish->shares.total);
}
