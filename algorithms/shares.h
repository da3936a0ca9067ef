/*
 * The backends of a pool laid end to end, each as long as its weight: a whole number below the
 * total, drawn or hashed, falls on exactly one of them.
 *
 * Equal weights count as 1 each, so that the place of a number is the number itself; else a binary
 * search over the running sums finds it. Full and tried rows stay in: the caller looks and draws
 * again, which keeps a change of the books free and leaves this to be rebuilt on pool changes only.
 * After a few draws in vain the allowed rows are counted out, which gives the same chances in a
 * bounded time.
 *
 * Cost: O(1) a look-up with equal weights, O(log n) without; O(n) a rebuild; 12 bytes a row.
 */
#ifndef LB_SHARES_H
#define LB_SHARES_H

#include "algorithms/lb.h"

#define LB_SHARES_DARTS 16 /* before the allowed rows are counted out */

struct lb_shares {
    uint32_t *row;   /* place -> row of the pool, in order of the rows */
    uint64_t *below; /* place -> total of the places before it */
    uint32_t count;  /* places in use */
    uint64_t total;  /* sum of all shares; 0 = nobody */
    bool equal;      /* all weights are the same: every share is 1 */
    uint64_t weight; /* the total as it would be otherwise: the sum of the weights */
    bool limited;    /* some row has a limit of requests in flight */
    bool warming;    /* some row is in slow start: shares are in LB_WARM_UNITS of a weight */
};

/* Makes room for every row the pool can ever have. 0, or -1 with *error; done() either way. */
int lb_shares_init(struct lb_shares *shares, const struct lb_pool *pool, struct lb_error *error);
void lb_shares_done(struct lb_shares *shares);

/* Lays out the rows of weight that have all of `flags`. Never allocates. */
void lb_shares_build(struct lb_shares *shares, const struct lb_pool *pool, unsigned flags);

/* The same for the rows that are open, those in slow start by what they count for now (warm.h). */
void lb_shares_build_warm(struct lb_shares *shares, const struct lb_pool *pool, lb_time now);

/* Everybody in it counts the same from here on, whatever the weights. */
static inline void lb_shares_level(struct lb_shares *shares)
{
    shares->equal = true;
    shares->total = shares->count;
    for (uint32_t place = 0; place < shares->count; place++)
        shares->below[place] = place;
}

/* The share of a place, in units of total. */
static inline uint64_t lb_shares_of(const struct lb_shares *shares, uint32_t place)
{
    uint64_t end = place + 1 < shares->count ? shares->below[place + 1] : shares->total;
    return end - shares->below[place];
}

/* The place on which x falls; x < total. */
static inline uint32_t lb_shares_at(const struct lb_shares *shares, uint64_t x)
{
    if (shares->equal)
        return (uint32_t)x;
    uint32_t low = 0, high = shares->count;
    while (high - low > 1) {
        uint32_t middle = low + (high - low) / 2;
        if (shares->below[middle] <= x)
            low = middle;
        else
            high = middle;
    }
    return low;
}

/* The same with the weights as they are: x < weight. A product that takes a hash modulo the sum of
 * the weights lands here. */
static inline uint32_t lb_shares_at_weight(const struct lb_shares *shares, uint64_t x)
{
    return lb_shares_at(shares, shares->equal ? x / (shares->weight / shares->total) : x);
}

/* A whole number in [0, n), exactly uniform; n >= 1. Beyond 32 bits it draws 64 at a time. */
static inline uint64_t lb_shares_below(struct lb_random *random, uint64_t n)
{
    if (n <= UINT32_MAX)
        return lb_random_below(random, (uint32_t)n);
    uint64_t limit = UINT64_MAX - UINT64_MAX % n, x;
    do
        x = lb_random_u64(random);
    while (x >= limit);
    return x % n;
}

/* A place drawn with chances proportional to the shares; total >= 1. */
static inline uint32_t lb_shares_draw(const struct lb_shares *shares, struct lb_random *random)
{
    return lb_shares_at(shares, lb_shares_below(random, shares->total));
}

/* May this row take the request, and is it none of the `chosen`? */
static inline bool lb_shares_may(const struct lb_pool *pool, const struct lb_request *request,
                                 const uint32_t *chosen, uint32_t chosen_count, uint32_t row)
{
    if (!lb_may(pool, request, row))
        return false;
    for (uint32_t k = 0; k < chosen_count; k++)
        if (chosen[k] == row)
            return false;
    return true;
}

/* A row drawn among those that may take the request and are none of the `chosen`, by counting them
 * out; -1 when there is none. */
int32_t lb_shares_count_out(const struct lb_shares *shares, const struct lb_pool *pool,
                            const struct lb_request *request, const uint32_t *chosen,
                            uint32_t chosen_count, struct lb_random *random);

/* The same with the same chances, by darts first: fast while most may. */
static inline int32_t lb_shares_throw(const struct lb_shares *shares, const struct lb_pool *pool,
                                      const struct lb_request *request, const uint32_t *chosen,
                                      uint32_t chosen_count, struct lb_random *random)
{
    for (int dart = 0; dart < LB_SHARES_DARTS && shares->count != 0; dart++) {
        uint32_t row = shares->row[lb_shares_draw(shares, random)];
        if (lb_shares_may(pool, request, chosen, chosen_count, row))
            return (int32_t)row;
    }
    return lb_shares_count_out(shares, pool, request, chosen, chosen_count, random);
}

/* The parameters of those who draw several and compare: how many, and whether one may come twice. */
#define LB_CHOICES_MAX 64
#define LB_CHOICES_PARAMS                                                                          \
    {.name = "choices",                                                                            \
     .unit = "",                                                                                   \
     .value = 2,                                                                                   \
     .min = 1,                                                                                     \
     .max = LB_CHOICES_MAX,                                                                        \
     .help = "how many backends are drawn; 1 is random"},                                          \
    {                                                                                              \
        .name = "replacement", .unit = "bool", .value = 0, .min = 0, .max = 1,                     \
        .help = "whether the same backend may be drawn twice"                                      \
    }

#endif
