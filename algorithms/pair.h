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

/* A draw whose halves are near a border: it, or the next that favours nobody. About 2n draws in 2^32
 * come here, where the exact test costs two divisions; out of line, so that the others have no loop. */
static __attribute__((noinline, unused)) uint64_t lb_pair_again(struct lb_random *random,
                                                                uint32_t n, uint64_t draw)
{
    while ((uint32_t)((draw >> 32) * n) < (0U - n) % n ||
           (uint32_t)((draw & UINT32_MAX) * (n - 1)) < (0U - (n - 1)) % (n - 1))
        draw = lb_random_u64(random);
    return draw;
}

/* Two different places below n >= 2, each ordered pair equally likely, from one draw. */
static inline void lb_pair_draw(struct lb_random *random, uint32_t n, uint32_t *first,
                                uint32_t *second)
{
    uint64_t draw = lb_random_u64(random);
    uint64_t high = (draw >> 32) * n;
    uint64_t low = (draw & UINT32_MAX) * (n - 1);
    if (__builtin_expect((uint32_t)high < n || (uint32_t)low < n, 0)) {
        draw = lb_pair_again(random, n, draw);
        high = (draw >> 32) * n;
        low = (draw & UINT32_MAX) * (n - 1);
    }
    *first = (uint32_t)(high >> 32);
    *second = (uint32_t)(low >> 32);
    *second += *second >= *first;
}

#endif
