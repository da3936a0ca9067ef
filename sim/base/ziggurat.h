/*
 * Exponential and normal numbers by 256-layer ziggurats, inline where it counts.
 *
 * The idea: the density is covered by 256 layers of equal area; a random layer and a random place
 * in it lie under the curve for sure in 99 % of draws, and then one 64-bit draw, one comparison and
 * one multiplication make a number. Bits 0 to 7 choose the layer, bit 8 the sign, bits 11 to 63 the
 * place: no bit is used twice. Cost: about 2 ns. The tables are constants (integers and hexadecimal
 * floats), so every compiler draws the same bits.
 *
 * Source: G. Marsaglia and W. W. Tsang, "The ziggurat method for generating random variables",
 * J. Stat. Softw. 5 (2000); the flaw of sharing bits: J. Doornik, "An improved ziggurat method to
 * generate normal random samples", 2005.
 */
#ifndef BASE_ZIGGURAT_H
#define BASE_ZIGGURAT_H

#include "algorithms/random.h"

struct ziggurat_table {
    double tail; /* where the tail begins */
    struct {
        uint64_t sure; /* a place below this is under the curve */
        double scale;  /* from a place in [0, 2^53) to x */
    } layer[256];
    double height[257]; /* the density at the right end of each layer; the last is that at 0 */
};

extern const struct ziggurat_table ziggurat_exponential_table, ziggurat_normal_table;

/* What to do with `bits` that are not surely under the curve. */
double ziggurat_exponential_slow(struct lb_random *random, uint64_t bits);
double ziggurat_normal_slow(struct lb_random *random, uint64_t bits);

/* Exponential with mean 1; may be 0, always finite. */
static inline double ziggurat_exponential(struct lb_random *random)
{
    uint64_t bits = lb_random_u64(random);
    uint32_t i = (uint32_t)bits & 255U;
    int64_t place = (int64_t)(bits >> 11);
    if (__builtin_expect((uint64_t)place < ziggurat_exponential_table.layer[i].sure, 1))
        return (double)place * ziggurat_exponential_table.layer[i].scale;
    struct lb_random copy = *random; /* so that the caller's state need not leave its registers */
    double x = ziggurat_exponential_slow(&copy, bits);
    *random = copy;
    return x;
}

/* Normal with mean 0 and variance 1. */
static inline double ziggurat_normal(struct lb_random *random)
{
    uint64_t bits = lb_random_u64(random);
    uint32_t i = (uint32_t)bits & 255U;
    int64_t place = (int64_t)(bits >> 11);
    if (__builtin_expect((uint64_t)place < ziggurat_normal_table.layer[i].sure, 1)) {
        double x = (double)place * ziggurat_normal_table.layer[i].scale;
        return (bits & 256U) != 0 ? -x : x;
    }
    struct lb_random copy = *random;
    double x = ziggurat_normal_slow(&copy, bits);
    *random = copy;
    return x;
}

#endif
