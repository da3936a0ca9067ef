/*
 * Two different backends drawn at random: the coins of every rule with two choices.
 *
 * The idea: both draws come from one 64-bit number; the upper half picks the first place, the lower
 * half one of the others. It is exactly uniform: the rare halves that would favour someone are
 * drawn again. Where some rows may not have the request (tried, full), pairs with such a row are
 * drawn again; after a few in vain the allowed ones are counted out, with the same chances.
 *
 * Cost: about 2 ns a pair; O(n) when most rows are not allowed.
 */
#ifndef LB_PAIR_H
#define LB_PAIR_H

#include "algorithms/lb.h"

#define LB_PAIR_DARTS 16 /* before the allowed rows are counted out */

/* Two different places below n >= 2, each ordered pair equally likely, from one draw. */
static inline void lb_pair_draw(struct lb_random *random, uint32_t n, uint32_t *first,
                                uint32_t *second)
{
    uint64_t high, low;
    for (;;) {
        uint64_t draw = lb_random_u64(random);
        high = (draw >> 32) * n;
        low = (draw & UINT32_MAX) * (n - 1);
        if ((uint32_t)high >= n && (uint32_t)low >= n)
            break;
        /* about 2n draws in 2^32 come here, where the exact test costs two divisions */
        if ((uint32_t)high >= (0U - n) % n && (uint32_t)low >= (0U - (n - 1)) % (n - 1))
            break;
    }
    *first = (uint32_t)(high >> 32);
    *second = (uint32_t)(low >> 32);
    *second += *second >= *first;
}

/* The k-th, from 0, of the listed rows that may have the request. */
static inline uint32_t lb_pair_allowed_at(const struct lb_pool *pool,
                                          const struct lb_request *request, const uint32_t *row,
                                          uint32_t k)
{
    for (;; row++)
        if (lb_may(pool, request, *row) && k-- == 0)
            return *row;
}

/* Two different rows that may have the request, drawn from a list of n. How many there are: 2, 1
 * (*first), or 0 when nobody may. */
static inline uint32_t lb_pair_allowed(const struct lb_pool *pool, const struct lb_request *request,
                                       struct lb_random *random, const uint32_t *row, uint32_t n,
                                       uint32_t *first, uint32_t *second)
{
    for (int dart = 0; n >= 2 && dart < LB_PAIR_DARTS; dart++) {
        uint32_t a, b;
        lb_pair_draw(random, n, &a, &b);
        if (lb_may(pool, request, row[a]) && lb_may(pool, request, row[b])) {
            *first = row[a];
            *second = row[b];
            return 2;
        }
    }
    uint32_t allowed = 0, a = 0, b = 0;
    for (uint32_t place = 0; place < n; place++)
        allowed += lb_may(pool, request, row[place]);
    if (allowed == 0)
        return 0;
    if (allowed >= 2) {
        lb_pair_draw(random, allowed, &a, &b);
        *second = lb_pair_allowed_at(pool, request, row, b);
    }
    *first = lb_pair_allowed_at(pool, request, row, a);
    return allowed >= 2 ? 2 : 1;
}

#endif
