/*
 * The Mersenne Twister MT19937, for where a product's order depends on its very numbers.
 *
 * The idea: Envoy shuffles with std::mt19937 seeded by a hash, so the same key always tries the same
 * backends in the same order. The state is twisted a word at a time, when it is asked for: a shuffle
 * needs a few numbers only. Not for drawing anything else: random.h is better and faster.
 *
 * Cost: 624 multiplications to seed, about 1 us; then some ns a number.
 * Source: M. Matsumoto and T. Nishimura, ACM Trans. Model. Comput. Simul. 8 (1998); the C++ standard
 * fixes the 10,000th number of seed 5489, which a test pins.
 */
#ifndef LB_ENVOY_MT19937_H
#define LB_ENVOY_MT19937_H

#include <stdint.h>

#define LB_MT19937_WORDS 624U

struct lb_mt19937 {
    uint32_t word[LB_MT19937_WORDS], at;
};

static inline void lb_mt19937_seed(struct lb_mt19937 *mt, uint32_t seed)
{
    mt->word[0] = seed;
    for (uint32_t i = 1; i < LB_MT19937_WORDS; i++)
        mt->word[i] = UINT32_C(1812433253) * (mt->word[i - 1] ^ mt->word[i - 1] >> 30) + i;
    mt->at = 0;
}

static inline uint32_t lb_mt19937_next(struct lb_mt19937 *mt)
{
    uint32_t i = mt->at, next = i + 1 < LB_MT19937_WORDS ? i + 1 : 0;
    uint32_t middle = i + 397 < LB_MT19937_WORDS ? i + 397 : i + 397 - LB_MT19937_WORDS;
    uint32_t y = (mt->word[i] & UINT32_C(0x80000000)) | (mt->word[next] & UINT32_C(0x7fffffff));
    y = mt->word[middle] ^ y >> 1 ^ (y & 1 ? UINT32_C(0x9908b0df) : 0);
    mt->word[i] = y;
    mt->at = next;
    y ^= y >> 11;
    y ^= y << 7 & UINT32_C(0x9d2c5680);
    y ^= y << 15 & UINT32_C(0xefc60000);
    return y ^ y >> 18;
}

#endif
