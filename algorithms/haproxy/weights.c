/*
 * See weights.h: changes and the steps of slow starts.
 */
#include "algorithms/haproxy/weights.h"

#include <stdlib.h>

int lb_haproxy_weights_init(struct lb_haproxy_weights *weights, const struct lb_pool *pool,
                            struct lb_error *error)
{
    size_t max = (pool->max > pool->count ? pool->max : pool->count) + (size_t)1;
    *weights = (struct lb_haproxy_weights){.pool = pool,
                                           .e = calloc(max, sizeof *weights->e),
                                           .warming = calloc(max, sizeof *weights->warming),
                                           .listed = calloc(max, sizeof *weights->listed),
                                           .due = LB_NEVER};
    if (weights->e == NULL || weights->warming == NULL || weights->listed == NULL)
        return lb_error_set(error, LB_ERROR_MEMORY, "haproxy: no memory for %zu servers", max - 1);
    return 0;
}

void lb_haproxy_weights_done(struct lb_haproxy_weights *weights)
{
    free(weights->e);
    free(weights->warming);
    free(weights->listed);
}

/* When the row makes its next step after `now`; LB_NEVER when it is warm. */
static lb_time next_step(const struct lb_backend *b, lb_time now)
{
    int64_t t = lb_haproxy_up_seconds(b->warm_since, now);
    if (b->warm_for <= 0 || t >= lb_haproxy_warm_seconds(b->warm_for))
        return LB_NEVER;
    return b->warm_since + (t + 1) * LB_HAPROXY_SECOND;
}

static void reweigh_row(struct lb_haproxy_weights *weights, uint32_t row, lb_time now,
                        lb_haproxy_reweigh *reweigh, void *state)
{
    const struct lb_backend *b = &weights->pool->at[row];
    uint32_t e = lb_open(b) ? lb_haproxy_eweight(b->weight, b->warm_since, b->warm_for, now) : 0;
    if (e != weights->e[row]) {
        reweigh(state, row, e, now);
        weights->e[row] = e;
    }
}

void lb_haproxy_weights_catch_up(struct lb_haproxy_weights *weights, lb_time now,
                                 lb_haproxy_reweigh *reweigh, void *state)
{
    while (weights->due <= now) {
        lb_time at = weights->due, next = LB_NEVER;
        uint32_t kept = 0;
        for (uint32_t k = 0; k < weights->warming_count; k++) {
            uint32_t row = weights->warming[k];
            const struct lb_backend *b = &weights->pool->at[row];
            lb_time step = LB_NEVER;
            if (lb_open(b) && weights->e[row] != 0) { /* else change() will see to it */
                reweigh_row(weights, row, at, reweigh, state);
                step = next_step(b, at);
            }
            weights->listed[row] = step != LB_NEVER;
            if (step != LB_NEVER)
                weights->warming[kept++] = row;
            next = step < next ? step : next;
        }
        weights->warming_count = kept;
        weights->due = next;
    }
}

void lb_haproxy_weights_change(struct lb_haproxy_weights *weights, const int32_t *changed,
                               uint32_t count, lb_time now, lb_haproxy_reweigh *reweigh,
                               void *state)
{
    lb_haproxy_weights_tick(weights, now, reweigh, state);
    if (changed == NULL)
        count = weights->pool->count;
    for (uint32_t k = 0; k < count; k++) {
        uint32_t row = changed != NULL ? (uint32_t)changed[k] : k;
        const struct lb_backend *b = &weights->pool->at[row];
        reweigh_row(weights, row, now, reweigh, state);
        lb_time step = lb_open(b) ? next_step(b, now) : LB_NEVER;
        if (step == LB_NEVER)
            continue;
        if (!weights->listed[row])
            weights->warming[weights->warming_count++] = row;
        weights->listed[row] = true;
        if (step < weights->due)
            weights->due = step;
    }
}
