/*
 * See free.h.
 */
#include "algorithms/haproxy/free.h"

#define NOBODY UINT32_MAX

int lb_haproxy_free_init(struct lb_haproxy_free *f, const struct lb_pool *pool,
                         struct lb_error *error)
{
    size_t max = pool->max > pool->count ? pool->max : pool->count;
    *f = (struct lb_haproxy_free){.pool = pool, .slot = calloc(max + 1, sizeof *f->slot)};
    uint32_t *place = calloc(max + 1, sizeof *place);
    if (!lb_haproxy_tree_init(&f->tree, place, max) || place == NULL || f->slot == NULL)
        return lb_error_set(error, LB_ERROR_MEMORY, "haproxy: no memory for %zu servers", max);
    return 0;
}

void lb_haproxy_free_done(struct lb_haproxy_free *f)
{
    lb_haproxy_tree_done(&f->tree);
    free(f->tree.place);
    free(f->slot);
}

/* The full ones have ranks too: for the while they are in. */
void lb_haproxy_free_renumber(struct lb_haproxy_free *f)
{
    for (uint32_t row = 0; row < f->pool->count; row++)
        if (f->slot[row].open && !f->slot[row].in)
            lb_haproxy_tree_insert_at(&f->tree, row, f->slot[row].rank);
    lb_haproxy_tree_renumber(&f->tree);
    for (uint32_t i = 0; i < f->tree.count; i++)
        f->slot[f->tree.at[i].row].rank = f->tree.at[i].rank;
    for (uint32_t row = 0; row < f->pool->count; row++)
        if (f->slot[row].open && !f->slot[row].in)
            lb_haproxy_tree_remove(&f->tree, row);
}

int32_t lb_haproxy_free_pick(struct lb_haproxy_free *f, const struct lb_request *request,
                             lb_time now)
{
    uint32_t avoid = (uint32_t)lb_haproxy_avoid(request); /* NOBODY when there is none */
    uint32_t chain = NOBODY, avoided = NOBODY, picked = NOBODY;
    while (f->tree.count > 0) {
        uint32_t row = f->tree.at[0].row;
        if (!lb_haproxy_saturated(&f->pool->at[row], now)) {
            if (row != avoid) {
                picked = row;
                break;
            }
            avoided = row;
        }
        lb_haproxy_tree_remove(&f->tree, row);
        f->slot[row].chain = chain;
        chain = row;
    }
    for (; chain != NOBODY; chain = f->slot[chain].chain)
        lb_haproxy_tree_insert_at(&f->tree, chain, f->slot[chain].rank);
    if (picked == NOBODY)
        picked = avoided;
    if (picked != NOBODY)
        return (int32_t)picked;
    return f->open > 0 ? lb_haproxy_wait(f->pool, request) : LB_NONE;
}
