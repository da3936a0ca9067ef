/*
 * The least of a pool by some measure, and who gets it among equals.
 *
 * Ties decide what an idle pool does. `random`: uniform among the tied, whatever their weights,
 * with one draw and none when there is nothing to draw. `first`: the lowest row, so that a quiet
 * pool uses only its first backends. `round-robin`: the first tied row behind the one picked last.
 *
 * Cost: O(n) a pick; 4 bytes a row.
 */
#ifndef LB_TIES_H
#define LB_TIES_H

#include <stdlib.h>

#include "algorithms/lb.h"

enum lb_ties { LB_TIES_RANDOM, LB_TIES_FIRST, LB_TIES_ROUND_ROBIN };

static const char *const lb_ties_words[] = {"random", "first", "round-robin", NULL};

/* The row of a parameter table. */
#define LB_TIES_PARAM                                                                              \
    {                                                                                              \
        .name = "ties", .unit = "", .value = LB_TIES_RANDOM, .min = LB_TIES_RANDOM,                \
        .max = LB_TIES_ROUND_ROBIN,                                                                \
        .help = "who gets it among equals: uniform at random, the first, or in turn",              \
        .choices = lb_ties_words                                                                   \
    }

struct lb_least {
    const struct lb_pool *pool;
    struct lb_random *random;
    enum lb_ties ties;
    uint32_t next;  /* ties in turn: where to start looking */
    uint32_t *tied; /* room for a pick: the rows that are least so far */
};

/* 0, or -1 with *error; done() either way. */
static inline int lb_least_init(struct lb_least *least, const struct lb_setup *setup, double ties,
                                struct lb_error *error)
{
    const struct lb_pool *pool = setup->pool;
    size_t max = pool->max > pool->count ? pool->max : pool->count;
    *least = (struct lb_least){.pool = pool, .random = setup->random, .ties = (enum lb_ties)ties};
    least->tied = malloc((max + 1) * sizeof *least->tied);
    if (least->tied == NULL)
        return lb_error_set(error, LB_ERROR_MEMORY, "no memory for a pool of %zu backends", max);
    return 0;
}

static inline void lb_least_done(struct lb_least *least)
{
    free(least->tied);
}

/* Less than zero, zero or more as row a carries less, the same or more than row b. */
typedef int lb_least_compare(const void *context, uint32_t a, uint32_t b, lb_time now);

/* The least of the rows that may take the request, or what lb_wait_or_none answers. */
static inline int32_t lb_least_pick(struct lb_least *least, const struct lb_request *request,
                                    lb_least_compare *compare, const void *context, lb_time now)
{
    const struct lb_pool *pool = least->pool;
    uint32_t *tied = least->tied, count = 0;
    uint32_t i = least->ties == LB_TIES_ROUND_ROBIN ? least->next : 0;
    for (uint32_t step = 0; step < pool->count; step++, i++) {
        if (i >= pool->count)
            i = 0;
        if (!lb_may(pool, request, i))
            continue;
        int order = count == 0 ? -1 : compare(context, i, tied[0], now);
        if (order < 0)
            count = 0;
        if (order <= 0)
            tied[count++] = i;
    }
    if (count == 0)
        return lb_wait_or_none(pool, request);
    uint32_t k =
        least->ties == LB_TIES_RANDOM && count > 1 ? lb_random_below(least->random, count) : 0;
    least->next = tied[k] + 1;
    return (int32_t)tied[k];
}

#endif
