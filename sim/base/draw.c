/*
 * One draw of each distribution.
 *
 * Exponential and normal come from the ziggurats; gamma, Weibull, Pareto and geometric from GSL, to
 * which the same random stream is shown as a generator type of its own: GSL's own generators have no
 * streams, and its mt19937 keeps 32 bits of a seed. Cost: 2 ns exponential, 10 to 25 ns the others.
 * Every value is the same under every compiler: constants, one libm, no contraction.
 */
#include <gsl/gsl_randist.h>
#include <gsl/gsl_rng.h>
#include <math.h>

#include "sim/base/check.h"
#include "sim/base/distribution.h"

/* A stream is opened by its owner (stream_open); GSL never seeds one. */
static void draw_set(void *state, unsigned long seed)
{
    lb_random_seed(state, seed);
}

static unsigned long draw_get(void *state)
{
    return (unsigned long)(lb_random_u64(state) >> 32);
}

static double draw_get_double(void *state)
{
    return lb_random_unit(state);
}

/* 32 bits where GSL wants a whole number: the same where long has 32. */
static const gsl_rng_type draw_type = {
    .name = "lb_random",
    .max = 0xffffffffUL,
    .min = 0,
    .size = sizeof(struct lb_random),
    .set = draw_set,
    .get = draw_get,
    .get_double = draw_get_double,
};

static double draw_mix(const struct distribution *d, struct lb_random *random)
{
    double u = lb_random_unit(random);
    size_t low = 0; /* the first part whose running share is above u */
    size_t high = d->count - 1;
    while (low < high) {
        size_t middle = (low + high) / 2;
        if (d->cumulative[middle] > u)
            high = middle;
        else
            low = middle + 1;
    }
    return distribution_draw(&d->parts[low], random);
}

double distribution_draw(const struct distribution *d, struct lb_random *random)
{
    const gsl_rng rng = {.type = &draw_type, .state = random};
    switch (d->kind) {
    case DISTRIBUTION_CONSTANT:
        return d->mean;
    case DISTRIBUTION_UNIFORM:
        return d->a + d->b * lb_random_unit(random);
    case DISTRIBUTION_EXPONENTIAL:
        return ziggurat_exponential(random) * d->mean;
    case DISTRIBUTION_ERLANG:
    case DISTRIBUTION_GAMMA:
        return gsl_ran_gamma(&rng, d->a, d->b);
    case DISTRIBUTION_WEIBULL:
        return gsl_ran_weibull(&rng, d->a, d->b);
    case DISTRIBUTION_LOGNORMAL:
        return exp(d->a + d->b * ziggurat_normal(random));
    case DISTRIBUTION_PARETO:
        return gsl_ran_pareto(&rng, d->a, d->b);
    case DISTRIBUTION_BOUNDED_PARETO: /* inversion: 1 - u d runs from 1 down to (min / max)^shape */
        return d->b * exp(-log1p(-lb_random_unit(random) * d->d) / d->a);
    case DISTRIBUTION_HYPEREXPONENTIAL: {
        double mean = lb_random_unit(random) < d->a ? d->b : d->c;
        return ziggurat_exponential(random) * mean;
    }
    case DISTRIBUTION_GEOMETRIC:
        return (double)gsl_ran_geometric(&rng, d->a);
    case DISTRIBUTION_MIX:
        return draw_mix(d, random);
    case DISTRIBUTION_EMPIRICAL:
        return d->values[lb_random_below(random, (uint32_t)d->count)];
    case DISTRIBUTION_KINDS:
        break;
    }
    lb_assert(d->kind < DISTRIBUTION_KINDS);
    return 0;
}

lb_time distribution_draw_time(const struct distribution *d, struct lb_random *random)
{
    return units_from_ns(distribution_draw(d, random));
}
