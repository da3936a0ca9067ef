/*
 * How long each backend of a pool took lately: an average of response times for every row.
 *
 * A row keeps its average while it keeps its backend; whoever joins a row that was left, or replaces
 * its backend (another id), starts from `start`. What counts as a sample, and whether peaks are
 * taken as they are, is the algorithm's business (ewma.h).
 *
 * Cost: 32 bytes a row.
 */
#ifndef LB_LATENCY_H
#define LB_LATENCY_H

#include <stdlib.h>

#include "algorithms/ewma.h"

struct lb_latency_row {
    struct lb_ewma rtt; /* ns */
    uint32_t id;        /* whose; 0 = nobody's yet */
};

struct lb_latency {
    const struct lb_pool *pool;
    struct lb_latency_row *row;
    struct lb_ewma start; /* of a newcomer, but for its time */
    double tau;           /* mean lifetime of a sample, ns */
};

/* The rows that changed: newcomers start anew. changed NULL = all rows. */
static inline void lb_latency_change(struct lb_latency *latency, const int32_t *changed,
                                     uint32_t count, lb_time now)
{
    uint32_t rows = changed != NULL ? count : latency->pool->count;
    for (uint32_t k = 0; k < rows; k++) {
        uint32_t row = changed != NULL ? (uint32_t)changed[k] : k;
        const struct lb_backend *b = &latency->pool->at[row];
        uint32_t id = (b->flags & LB_PRESENT) != 0 ? b->id : 0;
        if (id != 0 && id == latency->row[row].id)
            continue;
        latency->row[row] = (struct lb_latency_row){.rtt = latency->start, .id = id};
        latency->row[row].rtt.at = now;
    }
}

/* Room for every row there can be, and everybody new. 0, or -1 with *error; done() either way. */
static inline int lb_latency_init(struct lb_latency *latency, const struct lb_setup *setup,
                                  struct lb_ewma start, double tau, struct lb_error *error)
{
    const struct lb_pool *pool = setup->pool;
    size_t max = pool->max > pool->count ? pool->max : pool->count;
    max += max == 0;
    *latency = (struct lb_latency){
        .pool = pool, .row = calloc(max, sizeof *latency->row), .start = start, .tau = tau};
    if (latency->row == NULL)
        return lb_error_set(error, LB_ERROR_MEMORY, "no memory for a pool of %zu backends", max);
    lb_latency_change(latency, NULL, 0, setup->now);
    return 0;
}

static inline void lb_latency_done(struct lb_latency *latency)
{
    free(latency->row);
    latency->row = NULL;
}

/* What an attempt took, from its dispatch to its end, whichever way it ended; -1 = never sent. */
static inline double lb_latency_took(const struct lb_outcome *outcome, lb_time now)
{
    if (outcome->sent == 0)
        return -1;
    return now > outcome->sent ? (double)(now - outcome->sent) : 0;
}

#endif
