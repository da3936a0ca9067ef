/*
 * Distributions of times and counts: one const struct per kind, and a draw.
 *
 * A distribution is plain data. Times are in ns; a count (requests a session) has no unit.
 * Parameters are those of the scenario language (mean is always the mean of the distribution).
 */
#ifndef BASE_DISTRIBUTION_H
#define BASE_DISTRIBUTION_H

#include <stdbool.h>
#include <stddef.h>

#include "algorithms/random.h"
#include "algorithms/types.h"
#include "sim/base/units.h"
#include "sim/base/ziggurat.h"

enum distribution_kind {
    DISTRIBUTION_CONSTANT,
    DISTRIBUTION_UNIFORM,
    DISTRIBUTION_EXPONENTIAL,
    DISTRIBUTION_ERLANG,
    DISTRIBUTION_GAMMA,
    DISTRIBUTION_WEIBULL,
    DISTRIBUTION_LOGNORMAL,
    DISTRIBUTION_PARETO,
    DISTRIBUTION_BOUNDED_PARETO,
    DISTRIBUTION_HYPEREXPONENTIAL,
    DISTRIBUTION_GEOMETRIC,
    DISTRIBUTION_MIX,
    DISTRIBUTION_EMPIRICAL,
    DISTRIBUTION_KINDS
};

/* What a value given to distribution_make means. */
enum distribution_parameter {
    PARAMETER_VALUE, /* constant */
    PARAMETER_MEAN,
    PARAMETER_MIN,
    PARAMETER_MAX,
    PARAMETER_CV, /* coefficient of variation, above 0 */
    PARAMETER_SHAPE,
    PARAMETER_K /* whole number of stages, erlang */
};
#define DISTRIBUTION_PARAMETERS 7

struct distribution {
    enum distribution_kind kind;
    double a, b, c, d; /* what the kind derived from its parameters */
    double mean, scv;  /* squared coefficient of variation: INFINITY allowed, 0 if mean is 0 */
    struct distribution *parts; /* mix */
    double *cumulative;         /* mix: running sum of shares */
    double *values;             /* empirical: the sample, sorted */
    size_t count;               /* of parts or values */
};

/* The name in the scenario language ("bounded-pareto"). */
const char *distribution_name(enum distribution_kind kind);
/* A bit 1 << enum distribution_parameter for each parameter that the kind knows. */
unsigned distribution_knows(enum distribution_kind kind);

/*
 * Makes a distribution from parameters: given[p] tells whether values[p] was written (times in ns).
 * Returns 0, or -1 with *error: which parameter is missing, superfluous or out of range. Gamma
 * takes shape or cv; pareto takes mean or min (shape above 1 in any case: otherwise it has no mean, and
 * bounded-pareto is what to write).
 */
int distribution_make(struct distribution *d, enum distribution_kind kind, const bool *given,
                      const double *values, struct lb_error *error);
/* A mix of count parts with shares that sum to 1; copies the parts, takes over what they own. */
int distribution_make_mix(struct distribution *d, const struct distribution *parts,
                          const double *shares, size_t count, struct lb_error *error);
/* The sample's own distribution (a draw is one of the values); copies values. */
int distribution_make_empirical(struct distribution *d, const double *values, size_t count,
                                struct lb_error *error);
void distribution_done(struct distribution *d);
/* A deep copy. */
void distribution_copy(struct distribution *to, const struct distribution *from);

/* One draw. The same stream state gives the same value on every compiler. */
double distribution_draw(const struct distribution *d, struct lb_random *random);
/* One draw of a time: rounded to the nearest nanosecond, never negative. */
lb_time distribution_draw_time(const struct distribution *d, struct lb_random *random);

/* The same draw; exponential and constant without a call, for the hot path. */
static inline lb_time distribution_draw_fast(const struct distribution *d, struct lb_random *random)
{
    if (d->kind == DISTRIBUTION_EXPONENTIAL)
        return units_from_ns(ziggurat_exponential(random) * d->mean);
    if (d->kind == DISTRIBUTION_CONSTANT)
        return units_from_ns(d->mean);
    return distribution_draw_time(d, random);
}

#endif
