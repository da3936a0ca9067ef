/*
 * Two different places drawn at random: the coins of every rule with two choices.
 *
 * The idea: both draws come from one 64-bit number; the upper half picks the first place, the lower
 * half one of the others. It is exactly uniform: the rare halves that would favour someone are
 * drawn again.
 *
 * Cost: about 2 ns a pair.
 */
#ifndef LB_PAIR_H
#define LB_PAIR_H

#include "algorithms/random.h"

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

#endif
