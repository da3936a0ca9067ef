/*
 * Random numbers for algorithms and for the simulator: xoshiro256++ seeded through splitmix64.
 *
 * A stream is 32 bytes of state that its owner keeps; there is no global generator. All functions
 * are static inline: a pick may draw several times, and a call would cost more than the draw.
 *
 * Cost: about 0.9 ns a draw. Source: D. Blackman and S. Vigna, "Scrambled linear pseudorandom
 * number generators", ACM Trans. Math. Softw. 47 (2021); bounded draws: D. Lemire, "Fast random
 * integer generation in an interval", ACM Trans. Model. Comput. Simul. 29 (2019). The tests pin
 * both to published vectors.
 */
#ifndef LB_RANDOM_H
#define LB_RANDOM_H

#include <stdint.h>

struct lb_random {
    uint64_t s[4];
};

/* One step of splitmix64: advances *state and returns 64 well mixed bits. */
static inline uint64_t lb_splitmix64(uint64_t *state)
{
    uint64_t z = (*state += UINT64_C(0x9e3779b97f4a7c15));
    z = (z ^ (z >> 30)) * UINT64_C(0xbf58476d1ce4e5b9);
    z = (z ^ (z >> 27)) * UINT64_C(0x94d049bb133111eb);
    return z ^ (z >> 31);
}

/* Starts a stream from 64 bits. Every seed is fine, 0 too: splitmix64 never fills s with zeros. */
static inline void lb_random_seed(struct lb_random *random, uint64_t seed)
{
    for (int i = 0; i < 4; i++)
        random->s[i] = lb_splitmix64(&seed);
}

static inline uint64_t lb_rotl64(uint64_t x, int k)
{
    return (x << k) | (x >> (64 - k));
}

/* 64 uniform bits. */
static inline uint64_t lb_random_u64(struct lb_random *random)
{
    uint64_t *s = random->s;
    uint64_t result = lb_rotl64(s[0] + s[3], 23) + s[0];
    uint64_t t = s[1] << 17;
    s[2] ^= s[0];
    s[3] ^= s[1];
    s[1] ^= s[2];
    s[0] ^= s[3];
    s[2] ^= t;
    s[3] = lb_rotl64(s[3], 45);
    return result;
}

/* A whole number in [0, n), exactly uniform; n >= 1. Multiplies, and rejects at most n in 2^32. */
static inline uint32_t lb_random_below(struct lb_random *random, uint32_t n)
{
    uint64_t product = (lb_random_u64(random) >> 32) * n;
    uint32_t low = (uint32_t)product;
    if (low < n) {
        uint32_t threshold = (0U - n) % n;
        while (low < threshold) {
            product = (lb_random_u64(random) >> 32) * n;
            low = (uint32_t)product;
        }
    }
    return (uint32_t)(product >> 32);
}

/* A double in [0, 1) with 53 random bits. */
static inline double lb_random_unit(struct lb_random *random)
{
    return (double)(lb_random_u64(random) >> 11) * 0x1.0p-53;
}

#endif
