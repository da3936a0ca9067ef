/*
 * Distributions from their parameters: one table row a kind, and the moments of each.
 *
 * What a kind keeps in a, b, c, d is written beside the code that sets it; draw.c reads it.
 * Sources: N. Johnson, S. Kotz, N. Balakrishnan, "Continuous univariate distributions" 1 (1994) for
 * the moments; balanced means: P. Morse, "Queues, inventories and maintenance" (1958), as in
 * H. Tijms, "A first course in stochastic models" (2003), appendix B; bounded Pareto: M.
 * Harchol-Balter, "Performance modeling and design of computer systems" (2013), 20.3.
 */
#include "sim/base/distribution.h"

#include <gsl/gsl_sf_gamma.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "sim/base/check.h"
#include "sim/base/text.h"

#define BIT(parameter) (1U << (parameter))
#define TIME_MAX       0x1.0p62 /* ns: 146 years */

/* What a kind takes: all of `needs`, exactly one of `either`; and the ranges it makes sense in. */
static const struct distribution_row {
    const char *name;
    unsigned needs, either;
    double mean_min, mean_max, cv_min, cv_max, shape_min, shape_max;
} distribution_rows[DISTRIBUTION_KINDS] = {
    [DISTRIBUTION_CONSTANT] = {.name = "constant", .needs = BIT(PARAMETER_VALUE)},
    [DISTRIBUTION_UNIFORM] = {.name = "uniform", .needs = BIT(PARAMETER_MIN) | BIT(PARAMETER_MAX)},
    [DISTRIBUTION_EXPONENTIAL] = {.name = "exponential", .needs = BIT(PARAMETER_MEAN)},
    [DISTRIBUTION_ERLANG] = {.name = "erlang", .needs = BIT(PARAMETER_MEAN) | BIT(PARAMETER_K)},
    [DISTRIBUTION_GAMMA] = {.name = "gamma",
                            .needs = BIT(PARAMETER_MEAN),
                            .either = BIT(PARAMETER_SHAPE) | BIT(PARAMETER_CV),
                            .cv_min = 0.001,
                            .cv_max = 30,
                            .shape_min = 0.001,
                            .shape_max = 1e6},
    [DISTRIBUTION_WEIBULL] = {.name = "weibull",
                              .needs = BIT(PARAMETER_MEAN) | BIT(PARAMETER_SHAPE),
                              .shape_min = 0.05,
                              .shape_max = 1000},
    [DISTRIBUTION_LOGNORMAL] = {.name = "lognormal",
                                .needs = BIT(PARAMETER_MEAN) | BIT(PARAMETER_CV),
                                .cv_min = 0.001,
                                .cv_max = 1000},
    [DISTRIBUTION_PARETO] = {.name = "pareto",
                             .needs = BIT(PARAMETER_SHAPE),
                             .either = BIT(PARAMETER_MEAN) | BIT(PARAMETER_MIN),
                             .shape_min = 0,
                             .shape_max = 1000},
    [DISTRIBUTION_BOUNDED_PARETO] = {.name = "bounded-pareto",
                                     .needs = BIT(PARAMETER_MIN) | BIT(PARAMETER_MAX) |
                                              BIT(PARAMETER_SHAPE),
                                     .shape_min = 0.001,
                                     .shape_max = 1000},
    [DISTRIBUTION_HYPEREXPONENTIAL] = {.name = "hyperexponential",
                                       .needs = BIT(PARAMETER_MEAN) | BIT(PARAMETER_CV),
                                       .cv_min = 1,
                                       .cv_max = 1000},
    [DISTRIBUTION_GEOMETRIC] = {.name = "geometric",
                                .needs = BIT(PARAMETER_MEAN),
                                .mean_min = 1,
                                .mean_max = 1e8}, /* so that a draw stays below 2^32 */
    [DISTRIBUTION_MIX] = {.name = "mix"},
    [DISTRIBUTION_EMPIRICAL] = {.name = "empirical"},
};

static const char *const parameter_names[DISTRIBUTION_PARAMETERS] = {
    [PARAMETER_VALUE] = "value", [PARAMETER_MEAN] = "mean", [PARAMETER_MIN] = "min",
    [PARAMETER_MAX] = "max",     [PARAMETER_CV] = "cv",     [PARAMETER_SHAPE] = "shape",
    [PARAMETER_K] = "k",
};

const char *distribution_name(enum distribution_kind kind)
{
    lb_assert(kind < DISTRIBUTION_KINDS);
    return distribution_rows[kind].name;
}

unsigned distribution_knows(enum distribution_kind kind)
{
    lb_assert(kind < DISTRIBUTION_KINDS);
    return distribution_rows[kind].needs | distribution_rows[kind].either;
}

/* "mean and shape or cv": what a kind takes, in words. */
static const char *distribution_takes(const struct distribution_row *row, char *buf, size_t size)
{
    size_t used = 0;
    buf[0] = '\0';
    for (int pass = 0; pass < 2; pass++) {
        unsigned mask = pass == 0 ? row->needs : row->either;
        const char *joint = pass == 0 ? " and " : " or ";
        for (unsigned p = 0, first = 1; p < DISTRIBUTION_PARAMETERS; p++) {
            if ((mask & BIT(p)) == 0)
                continue;
            const char *before = used == 0 ? "" : first ? " and " : joint;
            int n = snprintf(buf + used, size - used, "%s%s", before, parameter_names[p]);
            used += n > 0 ? (size_t)n : 0;
            lb_assert(used < size);
            first = 0;
        }
    }
    return buf;
}

/* Whether what was given is what the kind takes. */
static int distribution_check_given(const struct distribution_row *row, const bool *given,
                                    struct lb_error *error)
{
    char takes[80];
    (void)distribution_takes(row, takes, sizeof takes);
    int chosen = 0;
    for (unsigned p = 0; p < DISTRIBUTION_PARAMETERS; p++) {
        bool needed = (row->needs & BIT(p)) != 0;
        bool possible = (row->either & BIT(p)) != 0;
        if (given[p] && !needed && !possible)
            return lb_error_set(error, LB_ERROR_INVALID, "%s has no %s, it takes %s", row->name,
                                parameter_names[p], takes);
        if (!given[p] && needed)
            return lb_error_set(error, LB_ERROR_INVALID, "%s needs %s, it takes %s", row->name,
                                parameter_names[p], takes);
        chosen += given[p] && possible;
    }
    if (row->either != 0 && chosen != 1)
        return lb_error_set(error, LB_ERROR_INVALID, "%s takes %s%s", row->name, takes,
                            chosen == 0 ? "" : ", not both");
    return 0;
}

/* One value against [low, high]; `open`: low itself is out. The unit is for the message only. */
static int distribution_check_range(const struct distribution_row *row, unsigned p, double value,
                                    double low, double high, bool open, struct lb_error *error)
{
    if (value <= high && (open ? value > low : value >= low))
        return 0;
    const char *name = parameter_names[p];
    if (open)
        return lb_error_set(error, LB_ERROR_INVALID, "%s: %s must be above %g%s", row->name, name,
                            low, value > high ? " and at most 146 years" : "");
    if (high == TIME_MAX)
        return lb_error_set(error, LB_ERROR_INVALID, "%s: %s must be at least %g%s", row->name,
                            name, low, value > high ? " and at most 146 years" : "");
    return lb_error_set(error, LB_ERROR_INVALID, "%s: %s must be between %g and %g", row->name,
                        name, low, high);
}

static int distribution_check_values(enum distribution_kind kind, const bool *given,
                                     const double *values, struct lb_error *error)
{
    const struct distribution_row *row = &distribution_rows[kind];
    for (unsigned p = 0; p < DISTRIBUTION_PARAMETERS; p++) {
        if (!given[p])
            continue;
        double low = 0;
        double high = TIME_MAX;
        bool open = false;
        switch ((enum distribution_parameter)p) {
        case PARAMETER_MEAN:
            open = row->mean_max == 0;
            if (!open) {
                low = row->mean_min;
                high = row->mean_max;
            }
            break;
        case PARAMETER_CV:
            low = row->cv_min;
            high = row->cv_max;
            break;
        case PARAMETER_SHAPE:
            low = row->shape_min;
            high = row->shape_max;
            break;
        case PARAMETER_K:
            low = 1;
            high = 1e6;
            break;
        case PARAMETER_MIN:
            open = kind != DISTRIBUTION_UNIFORM;
            break;
        case PARAMETER_VALUE:
        case PARAMETER_MAX:
            break;
        }
        if (distribution_check_range(row, p, values[p], low, high, open, error) != 0)
            return -1;
    }
    if (kind == DISTRIBUTION_PARETO && values[PARAMETER_SHAPE] <= 1)
        return lb_error_set(error, LB_ERROR_INVALID,
                            "pareto: shape must be above 1, there is no mean otherwise; "
                            "bounded-pareto always has one");
    if (given[PARAMETER_K] && values[PARAMETER_K] != floor(values[PARAMETER_K]))
        return lb_error_set(error, LB_ERROR_INVALID, "%s: k must be a whole number", row->name);
    if (given[PARAMETER_MAX] && values[PARAMETER_MAX] < values[PARAMETER_MIN])
        return lb_error_set(error, LB_ERROR_INVALID, "%s: max is below min", row->name);
    if (kind == DISTRIBUTION_BOUNDED_PARETO && values[PARAMETER_MAX] <= values[PARAMETER_MIN])
        return lb_error_set(error, LB_ERROR_INVALID, "%s: max must be above min", row->name);
    return 0;
}

/* a = shape, b = min, c = ln(max / min). E[X^k] = min^k shape (e^((k - shape) c) - 1) /
 * ((k - shape) (1 - e^(-shape c))), and (e^(rc) - 1) / r tends to c as r does to 0. */
static double bounded_pareto_moment(const struct distribution *d, double k)
{
    double r = k - d->a;
    double growth = fabs(r * d->c) < 1e-12 ? d->c : expm1(r * d->c) / r;
    return pow(d->b, k) * d->a * growth / -expm1(-d->a * d->c);
}

static void distribution_make_heavy(struct distribution *d, const bool *given, const double *values)
{
    double shape = values[PARAMETER_SHAPE];
    if (d->kind == DISTRIBUTION_PARETO) { /* a = shape, b = min */
        double ratio = shape / (shape - 1);
        d->a = shape;
        d->b = given[PARAMETER_MIN] ? values[PARAMETER_MIN] : values[PARAMETER_MEAN] / ratio;
        d->mean = d->b * ratio;
        d->scv = shape > 2 ? 1 / (shape * (shape - 2)) : INFINITY;
    } else if (d->kind == DISTRIBUTION_BOUNDED_PARETO) { /* d = 1 - (min / max)^shape */
        d->a = shape;
        d->b = values[PARAMETER_MIN];
        d->c = log(values[PARAMETER_MAX] / values[PARAMETER_MIN]);
        d->d = -expm1(-d->a * d->c);
        d->mean = bounded_pareto_moment(d, 1);
        d->scv = bounded_pareto_moment(d, 2) / (d->mean * d->mean) - 1;
    } else { /* weibull: a = scale, b = shape; mean = scale Gamma(1 + 1 / shape) */
        double log1 = gsl_sf_lngamma(1 + 1 / shape);
        double log2 = gsl_sf_lngamma(1 + 2 / shape);
        d->mean = values[PARAMETER_MEAN];
        d->a = d->mean / exp(log1);
        d->b = shape;
        d->scv = expm1(log2 - 2 * log1);
    }
}

static void distribution_make_light(struct distribution *d, const bool *given, const double *values)
{
    double cv = values[PARAMETER_CV];
    d->mean = values[PARAMETER_MEAN];
    switch (d->kind) {
    case DISTRIBUTION_CONSTANT:
        d->mean = values[PARAMETER_VALUE];
        break;
    case DISTRIBUTION_UNIFORM: /* a = min, b = width */
        d->a = values[PARAMETER_MIN];
        d->b = values[PARAMETER_MAX] - d->a;
        d->mean = d->a + d->b / 2;
        d->scv = d->mean > 0 ? d->b * d->b / (12 * d->mean * d->mean) : 0;
        break;
    case DISTRIBUTION_EXPONENTIAL:
        d->scv = 1;
        break;
    case DISTRIBUTION_ERLANG:
    case DISTRIBUTION_GAMMA: /* a = shape, b = scale = mean / shape */
        d->a = d->kind == DISTRIBUTION_ERLANG ? values[PARAMETER_K]
               : given[PARAMETER_CV]          ? 1 / (cv * cv)
                                              : values[PARAMETER_SHAPE];
        d->b = d->mean / d->a;
        d->scv = 1 / d->a;
        break;
    case DISTRIBUTION_LOGNORMAL: /* a = mean, b = standard deviation of the logarithm */
        d->scv = cv * cv;
        d->b = sqrt(log1p(d->scv));
        d->a = log(d->mean) - d->b * d->b / 2;
        break;
    case DISTRIBUTION_HYPEREXPONENTIAL: /* a = share of the first phase, b and c = the two means */
        d->scv = cv * cv;
        d->a = (1 + sqrt((d->scv - 1) / (d->scv + 1))) / 2;
        d->b = d->mean / (2 * d->a);
        d->c = d->mean / (2 * (1 - d->a));
        break;
    default: /* geometric: a = 1 / mean, the chance that a trial is the last */
        d->a = 1 / d->mean;
        d->scv = 1 - d->a;
        break;
    }
}

int distribution_make(struct distribution *d, enum distribution_kind kind, const bool *given,
                      const double *values, struct lb_error *error)
{
    lb_assert(kind < DISTRIBUTION_MIX);
    *d = (struct distribution){.kind = kind};
    if (distribution_check_given(&distribution_rows[kind], given, error) != 0 ||
        distribution_check_values(kind, given, values, error) != 0)
        return -1;
    if (kind == DISTRIBUTION_PARETO || kind == DISTRIBUTION_BOUNDED_PARETO ||
        kind == DISTRIBUTION_WEIBULL)
        distribution_make_heavy(d, given, values);
    else
        distribution_make_light(d, given, values);
    return 0;
}

int distribution_make_mix(struct distribution *d, const struct distribution *parts,
                          const double *shares, size_t count, struct lb_error *error)
{
    *d = (struct distribution){.kind = DISTRIBUTION_MIX};
    double sum = 0;
    double moment = 0;
    if (count == 0)
        return lb_error_set(error, LB_ERROR_INVALID, "mix has no parts");
    for (size_t i = 0; i < count; i++) {
        if (!(shares[i] > 0 && shares[i] <= 1))
            return lb_error_set(error, LB_ERROR_INVALID,
                                "mix: the share of part %zu must be above 0 and at most 100%%",
                                i + 1);
        sum += shares[i];
    }
    if (fabs(sum - 1) > 1e-9)
        return lb_error_set(error, LB_ERROR_INVALID, "mix: the shares add up to %g%%, not to 100%%",
                            100 * sum);
    d->parts = text_need_zero(count, sizeof *d->parts);
    d->cumulative = text_need_zero(count, sizeof *d->cumulative);
    d->count = count;
    sum = 0;
    for (size_t i = 0; i < count; i++) {
        d->parts[i] = parts[i];
        sum += shares[i];
        d->cumulative[i] = sum;
        d->mean += shares[i] * parts[i].mean;
        moment += shares[i] * (parts[i].scv + 1) * parts[i].mean * parts[i].mean;
    }
    d->cumulative[count - 1] = 1;
    d->scv = d->mean > 0 ? fmax(moment / (d->mean * d->mean) - 1, 0) : 0;
    return 0;
}

static int distribution_compare(const void *a, const void *b)
{
    double x = *(const double *)a;
    double y = *(const double *)b;
    return (x > y) - (x < y);
}

int distribution_make_empirical(struct distribution *d, const double *values, size_t count,
                                struct lb_error *error)
{
    *d = (struct distribution){.kind = DISTRIBUTION_EMPIRICAL};
    if (count == 0 || count > UINT32_MAX)
        return lb_error_set(error, LB_ERROR_INVALID, "empirical: %s",
                            count == 0 ? "there are no values" : "too many values");
    for (size_t i = 0; i < count; i++)
        if (!(values[i] >= 0 && values[i] <= TIME_MAX))
            return lb_error_set(error, LB_ERROR_INVALID,
                                "empirical: value %zu is not between 0 and 146 years", i + 1);
    d->values = text_need_zero(count, sizeof *d->values);
    d->count = count;
    memcpy(d->values, values, count * sizeof *values);
    qsort(d->values, count, sizeof *d->values, distribution_compare);
    double squares = 0;
    for (size_t i = 0; i < count; i++) /* running means: no sum that could lose digits */
        d->mean += (d->values[i] - d->mean) / (double)(i + 1);
    for (size_t i = 0; i < count; i++)
        squares += (d->values[i] - d->mean) * (d->values[i] - d->mean);
    d->scv = d->mean > 0 ? squares / (double)count / (d->mean * d->mean) : 0;
    return 0;
}

void distribution_done(struct distribution *d)
{
    for (size_t i = 0; d->parts != NULL && i < d->count; i++)
        distribution_done(&d->parts[i]);
    free(d->parts);
    free(d->cumulative);
    free(d->values);
    d->parts = NULL;
    d->cumulative = NULL;
    d->values = NULL;
    d->count = 0;
}

void distribution_copy(struct distribution *to, const struct distribution *from)
{
    *to = *from;
    if (from->parts != NULL) {
        to->parts = text_need_zero(from->count, sizeof *to->parts);
        for (size_t i = 0; i < from->count; i++)
            distribution_copy(&to->parts[i], &from->parts[i]);
    }
    if (from->cumulative != NULL) {
        to->cumulative = text_need_zero(from->count, sizeof *to->cumulative);
        memcpy(to->cumulative, from->cumulative, from->count * sizeof *to->cumulative);
    }
    if (from->values != NULL) {
        to->values = text_need_zero(from->count, sizeof *to->values);
        memcpy(to->values, from->values, from->count * sizeof *to->values);
    }
}
