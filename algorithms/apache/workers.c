/*
 * The hooks of workers.h.
 */
#include "algorithms/apache/workers.h"

#include <stdlib.h>

void *lb_apache_workers_create(const struct lb_setup *setup, struct lb_error *error)
{
    const struct lb_pool *pool = setup->pool;
    size_t max = pool->max > pool->count ? pool->max : pool->count;
    struct lb_apache_workers *workers = calloc(1, sizeof *workers + max * sizeof workers->at[0]);
    if (workers == NULL)
        lb_error_set(error, LB_ERROR_MEMORY, "apache workers: no memory for %zu of them", max);
    else
        workers->pool = pool;
    return workers;
}

void lb_apache_workers_destroy(void *state)
{
    free(state);
}

void lb_apache_workers_change(void *state, const int32_t *changed, uint32_t count, lb_time now)
{
    struct lb_apache_workers *workers = state;
    (void)now;
    for (uint32_t k = 0; k < count; k++)
        if ((workers->pool->at[changed[k]].flags & LB_PRESENT) == 0)
            workers->at[changed[k]] = (struct lb_apache_worker){0};
}

void lb_apache_workers_describe(const void *state, lb_emit *emit, void *to)
{
    const struct lb_apache_workers *workers = state;
    for (uint32_t i = 0; i < workers->pool->count; i++) {
        const struct lb_apache_worker *worker = &workers->at[i];
        if ((workers->pool->at[i].flags & LB_PRESENT) == 0)
            continue;
        emit(to, (int32_t)i, "status", (double)worker->status);
        emit(to, (int32_t)i, "transferred", (double)worker->transferred);
        emit(to, (int32_t)i, "read", (double)worker->read);
    }
}
