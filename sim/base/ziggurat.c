/*
 * The rare paths of the ziggurats, about one draw in a hundred: the rims of the layers and the tail.
 * ziggurat.h has the method and its source.
 */
#include "sim/base/ziggurat.h"

#include <math.h>

/* A double in (0, 1]: its logarithm is finite. */
static double ziggurat_open_unit(struct lb_random *random)
{
    return (double)((lb_random_u64(random) >> 11) + 1) * 0x1.0p-53;
}

/* Whether a point at x in layer i, above what is surely inside, is under the curve there. */
static int ziggurat_under(const struct ziggurat_table *table, struct lb_random *random, uint32_t i,
                          double density)
{
    double low = table->height[i];
    double high = table->height[i + 1];
    return low + lb_random_unit(random) * (high - low) < density;
}

double ziggurat_exponential_slow(struct lb_random *random, uint64_t bits)
{
    const struct ziggurat_table *table = &ziggurat_exponential_table;
    double shift = 0;
    for (;;) {
        uint32_t i = (uint32_t)bits & 255U;
        uint64_t u = bits >> 11;
        double x = (double)u * table->layer[i].scale;
        if (u < table->layer[i].sure)
            return shift + x;
        if (i == 0) /* the tail of an exponential is the same exponential again */
            shift += table->tail;
        else if (ziggurat_under(table, random, i, exp(-x)))
            return shift + x;
        bits = lb_random_u64(random);
    }
}

/* Marsaglia's tail: an exponential of rate r, kept with probability exp(-x^2 / 2). */
static double ziggurat_normal_tail(struct lb_random *random)
{
    double r = ziggurat_normal_table.tail;
    double x, y;
    do {
        x = -log(ziggurat_open_unit(random)) / r;
        y = -log(ziggurat_open_unit(random));
    } while (y + y < x * x);
    return r + x;
}

double ziggurat_normal_slow(struct lb_random *random, uint64_t bits)
{
    const struct ziggurat_table *table = &ziggurat_normal_table;
    for (;;) {
        uint32_t i = (uint32_t)bits & 255U;
        double sign = bits & 256U ? -1.0 : 1.0;
        uint64_t u = bits >> 11;
        double x = (double)u * table->layer[i].scale;
        if (u < table->layer[i].sure)
            return sign * x;
        if (i == 0)
            return sign * ziggurat_normal_tail(random);
        if (ziggurat_under(table, random, i, exp(-0.5 * x * x)))
            return sign * x;
        bits = lb_random_u64(random);
    }
}
