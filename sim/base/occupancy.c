/* See occupancy.h. */
#include "sim/base/occupancy.h"

#include <complex.h>
#include <gsl/gsl_cdf.h>
#include <gsl/gsl_integration.h>
#include <gsl/gsl_sf_gamma.h>
#include <math.h>
#include <stdbool.h>
#include <stdlib.h>

#include "sim/base/text.h"

#define NEGLIGIBLE 1e-18 /* of a probability */
#define QUIET      8     /* points of the circle in a row with nothing to add: the rest has none */

/* The levels that can be the extreme one, with the law of one bin. */
struct levels {
    uint32_t bins, balls;
    double v;
    uint32_t low, count;
    double *mass;
    double *within; /* P(max <= low + i); or, for the emptiest, P(min >= low + i) */
    bool emptiest;
};

/* Poisson(mean), or the negative binomial law of the same mean and v, at k. */
static double law(double mean, double v, double k)
{
    if (isinf(v))
        return exp(k * log(mean) - mean - gsl_sf_lngamma(k + 1));
    return exp(gsl_sf_lngamma(v + k) - gsl_sf_lngamma(v) - gsl_sf_lngamma(k + 1) +
               k * log(mean / (mean + v)) - v * log1p(mean / v));
}

/* The highest level that some bin may have. */
static double highest(double mean, const struct levels *levels)
{
    double high = ceil(mean), step = fmax(1, ceil(mean / 16));
    while (high < levels->balls && levels->bins * law(mean, levels->v, high) > NEGLIGIBLE)
        high += step;
    return fmin(high, levels->balls);
}

static void levels_init(struct levels *levels)
{
    double mean = (double)levels->balls / levels->bins;
    double sd = sqrt(mean + mean * mean / levels->v);
    double low = floor(mean - 12 * sd - 1);
    double high = highest(mean, levels);
    levels->low = low > 0 ? (uint32_t)low : 0;
    levels->count = (uint32_t)high - levels->low + 1;
    levels->mass = text_need(levels->count * sizeof(double));
    levels->within = text_need_zero(levels->count, sizeof(double));
    for (uint32_t i = 0; i < levels->count; i++)
        levels->mass[i] = law(mean, levels->v, levels->low + i);
}

static double complex power(double complex z, uint32_t n)
{
    double complex result = 1;
    for (; n > 0; n >>= 1, z *= z)
        if ((n & 1) != 0)
            result *= z;
    return result;
}

/* What one point of the circle adds to every level; false when that is nothing. */
static bool add_point(struct levels *levels, double angle, double weight)
{
    double least = pow(NEGLIGIBLE, 2.0 / levels->bins); /* of |sum|^2 that its power is felt */
    uint32_t first = levels->emptiest ? levels->low + levels->count - 1 : levels->low;
    double complex sum = 0;
    double complex turn = cexp((levels->emptiest ? -I : I) * angle);
    double complex at = cexp(I * fmod(angle * first, 2 * M_PI));
    double complex back = cexp(-I * fmod(angle * levels->balls, 2 * M_PI));
    bool felt = false;
    for (uint32_t n = 0; n < levels->count; n++) {
        uint32_t i = levels->emptiest ? levels->count - 1 - n : n;
        sum += levels->mass[i] * at;
        at *= turn;
        if (creal(sum) * creal(sum) + cimag(sum) * cimag(sum) < least)
            continue;
        levels->within[i] += weight * creal(power(sum, levels->bins) * back);
        felt = true;
    }
    return felt;
}

static void levels_solve(struct levels *levels)
{
    levels_init(levels);
    double balls = levels->balls, whole_v = levels->v * levels->bins;
    /* Beyond so many balls more or fewer the sum has no mass; its tail is exponential with few v. */
    double span = (isinf(levels->v) ? 20 : 30) * sqrt(balls + balls * balls / whole_v) + 40;
    uint32_t points = 2 * (uint32_t)ceil(span);
    unsigned quiet = 0;
    for (uint32_t j = 0; j <= points / 2 && quiet < QUIET; j++) {
        double weight = (j == 0 || j == points / 2 ? 1.0 : 2.0) / points;
        quiet = add_point(levels, 2 * M_PI * j / points, weight) ? 0 : quiet + 1;
    }
    double whole = law(balls, whole_v, balls);
    for (uint32_t i = 0; i < levels->count; i++)
        levels->within[i] = fmin(1, fmax(0, levels->within[i] / whole));
}

static void levels_done(struct levels *levels)
{
    free(levels->mass);
    free(levels->within);
}

static bool can_solve(uint32_t bins, uint32_t balls, double v)
{
    return bins > 0 && balls > 0 && v > 0;
}

double occupancy_max(uint32_t bins, uint32_t balls, double v, uint32_t level, double *exactly)
{
    struct levels levels = {.bins = bins, .balls = balls, .v = v};
    if (!can_solve(bins, balls, v))
        return NAN;
    levels_solve(&levels);
    double mean = levels.low, below = 0;
    if (exactly != NULL)
        *exactly = 0;
    for (uint32_t i = 0; i < levels.count; i++) {
        if (exactly != NULL && levels.low + i == level)
            *exactly = levels.within[i] - below;
        if (i + 1 < levels.count)
            mean += 1 - levels.within[i];
        below = levels.within[i];
    }
    levels_done(&levels);
    return mean;
}

double occupancy_min(uint32_t bins, uint32_t balls, double v)
{
    struct levels levels = {.bins = bins, .balls = balls, .v = v, .emptiest = true};
    if (!can_solve(bins, balls, v))
        return NAN;
    levels_solve(&levels);
    double mean = levels.low;
    for (uint32_t i = 1; i < levels.count; i++)
        mean += levels.within[i];
    levels_done(&levels);
    return mean;
}

double occupancy_idle(uint32_t bins, uint32_t balls)
{
    return bins > 0 ? bins * exp(balls * log1p(-1.0 / bins)) : NAN;
}

/* O(bins x balls): a ball falls into an empty bin with probability empty / bins. */
double occupancy_some_idle(uint32_t bins, uint32_t balls)
{
    if (bins == 0)
        return NAN;
    double *occupied = text_need_zero(bins + 1, sizeof *occupied); /* probability of so many */
    occupied[0] = 1;
    for (uint32_t ball = 1; ball <= balls; ball++)
        for (uint32_t k = ball < bins ? ball : bins; k > 0; k--) {
            occupied[k] = occupied[k] * k / bins + occupied[k - 1] * (bins - k + 1) / bins;
            if (k == 1)
                occupied[0] = 0;
        }
    double some = 0;
    for (uint32_t k = 0; k < bins; k++)
        some += occupied[k];
    free(occupied);
    return some;
}

/* --- choices ---------------------------------------------------------------------------------- */

#define FLUID_STEPS  4000
#define FLUID_LEVELS 64

static void fluid_slope(const double *z, unsigned choices, double *slope)
{
    double above = 1;
    for (unsigned k = 0; k < FLUID_LEVELS; k++) {
        double own = pow(z[k], choices);
        slope[k] = above - own;
        above = own;
    }
}

/* Runge-Kutta of order four; z[0] is z_1. */
double occupancy_fluid(double per_bin, unsigned choices, unsigned k)
{
    if (!(per_bin > 0 && per_bin < FLUID_LEVELS / 2) || choices < 1 || k < 1 || k > FLUID_LEVELS)
        return NAN;
    static const double share[4] = {0.5, 0.5, 1, 0}, weight[4] = {1, 2, 2, 1};
    double z[FLUID_LEVELS] = {0}, step = per_bin / FLUID_STEPS;
    for (unsigned n = 0; n < FLUID_STEPS; n++) {
        double at[FLUID_LEVELS], slope[FLUID_LEVELS], sum[FLUID_LEVELS] = {0};
        for (unsigned i = 0; i < FLUID_LEVELS; i++)
            at[i] = z[i];
        for (unsigned stage = 0; stage < 4; stage++) {
            fluid_slope(at, choices, slope);
            for (unsigned i = 0; i < FLUID_LEVELS; i++) {
                sum[i] += weight[stage] * slope[i];
                at[i] = z[i] + share[stage] * step * slope[i];
            }
        }
        for (unsigned i = 0; i < FLUID_LEVELS; i++)
            z[i] += step / 6 * sum[i];
    }
    return z[k - 1];
}

/* --- the ring --------------------------------------------------------------------------------- */

struct gammas {
    double n, v;
    bool most;
};

/* P(the largest > x), P(the smallest > x). */
static double beyond(double x, void *self)
{
    const struct gammas *g = self;
    if (g->most)
        return -expm1(g->n * log1p(-gsl_cdf_gamma_Q(x, g->v, 1)));
    return exp(g->n * log(gsl_cdf_gamma_Q(x, g->v, 1)));
}

/* Beyond 40 sd there is nothing; in pieces, since the step is narrow when v is large. */
static double gamma_extreme(uint32_t n, double v, bool most)
{
    if (n == 0 || !(v > 0) || !isfinite(v))
        return NAN;
    struct gammas gammas = {n, v, most};
    gsl_function function = {beyond, &gammas};
    gsl_integration_workspace *space = gsl_integration_workspace_alloc(1000);
    double end = v + 40 * sqrt(v) + 40, sum = 0;
    for (int piece = 0; space != NULL && piece < 100; piece++) {
        double value = NAN, error;
        gsl_integration_qag(&function, end / 100 * piece, end / 100 * (piece + 1), 1e-13 * v, 1e-10,
                            1000, GSL_INTEG_GAUSS21, space, &value, &error);
        sum += value;
    }
    gsl_integration_workspace_free(space);
    return space != NULL ? sum / v : NAN;
}

double occupancy_ring_max(uint32_t n, double v)
{
    return gamma_extreme(n, v, true);
}

double occupancy_ring_min(uint32_t n, double v)
{
    return gamma_extreme(n, v, false);
}

/* That of Beta(v, (n-1) v). */
double occupancy_ring_cv(uint32_t n, double v)
{
    if (n == 0 || !(v > 0))
        return NAN;
    return isinf(v) ? 0 : sqrt((n - 1) / (n * v + 1));
}

/* The law of total variance. */
double occupancy_keys_cv(uint32_t n, double v, double keys)
{
    double ring = occupancy_ring_cv(n, v);
    return keys > 0 ? sqrt(ring * ring * (1 - 1 / keys) + (n - 1) / keys) : NAN;
}

double occupancy_zipf(uint32_t clients, double s)
{
    double sum = 0, squares = 0;
    for (uint32_t i = clients; i > 0; i--) {
        double weight = pow(i, -s);
        sum += weight;
        squares += weight * weight;
    }
    return clients > 0 ? sqrt(squares) / sum : NAN;
}
