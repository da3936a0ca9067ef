/*
 * Waits and responses in full: how many wait, second moments, quantiles; arrivals in hyperexponential gaps; the
 * number present at an instant after a start from empty.
 *
 * The idea: beside the requests come others without work, a share of PROBES of all arrivals. They stand in the same
 * queue and change nothing, and Poisson arrivals see time averages, so what they take is what a request waits. A
 * quantile is not read off a replication, where the far ones would be biased: the share beyond theory's value is
 * counted, which is not, and turned into a time by the slope of the distribution there. When theory is right that is
 * the quantile to first order, when it is wrong it is some other number.
 */
#include <math.h>
#include <string.h>

#include "sim/base/queueing.h"
#include "sim/base/queueing_waits.h"
#include "sim/base/text.h"
#include "sim/lab/theory_family.h"

#define PROBES   0.3  /* share of the arrivals */
#define PROBE_NS 1.0  /* the work of one: not 0, which no work may be */
#define FAR_MOST 0.85 /* load beyond which a 0.999 quantile takes too many requests */
#define PK       "Pollaczek-Khinchine; Takacs 1962; Kleinrock 1975, 5.7"

/* --- distributions ------------------------------------------------------------------------------- */

static double mmc_wait(const void *self, double t)
{
    const double *v = ((const struct theory_case *)self)->values;
    return queueing_mmc_wait_above(v[THEORY_LAMBDA], v[THEORY_MU], (unsigned)v[THEORY_SERVERS], t);
}

static double mmc_response(const void *self, double t)
{
    const double *v = ((const struct theory_case *)self)->values;
    return queueing_mmc_response_above(v[THEORY_LAMBDA], v[THEORY_MU], (unsigned)v[THEORY_SERVERS],
                                       t);
}

static double md1_wait(const void *self, double t)
{
    const double *v = ((const struct theory_case *)self)->values;
    return queueing_md1_wait_above(v[THEORY_LAMBDA], 1 / v[THEORY_MU], t);
}

static double sigma_of(const struct theory_case *c)
{
    const double *v = c->values;
    return queueing_h2m1_sigma(v[THEORY_LAMBDA], v[THEORY_MU], v[THEORY_CV] * v[THEORY_CV]);
}

static double h2_response(const void *self, double t)
{
    const struct theory_case *c = self;
    return exp(-c->values[THEORY_MU] * (1 - c->aside[0]) * t);
}

/* The quantiles there are, of waits and of responses. */
static const struct {
    enum theory_quantity quantity;
    bool wait;
    double p;
} quantiles[] = {
    {THEORY_WAIT_P50, true, 0.5},  {THEORY_WAIT_P90, true, 0.9},    {THEORY_WAIT_P95, true, 0.95},
    {THEORY_WAIT_P99, true, 0.99}, {THEORY_WAIT_P999, true, 0.999}, {THEORY_P50, false, 0.5},
    {THEORY_P90, false, 0.9},      {THEORY_P95, false, 0.95},       {THEORY_P99, false, 0.99},
    {THEORY_P999, false, 0.999},
};
#define QUANTILES (sizeof quantiles / sizeof quantiles[0])

typedef double above(const void *self, double t);

static above *above_of(const struct theory_case *c, bool wait)
{
    if (strcmp(c->family->name, "H2/M/1") == 0)
        return wait ? NULL : h2_response;
    if (strcmp(c->family->name, "waits") == 0)
        return wait ? mmc_wait : mmc_response;
    return wait && strcmp(c->work, "constant") == 0 ? md1_wait : NULL;
}

/* Those that are not 0, and not too far out to be seen. */
static void know_quantiles(struct theory_case *c, const char *source)
{
    for (size_t i = 0; i < QUANTILES; i++) {
        above *law = above_of(c, quantiles[i].wait);
        double p = quantiles[i].p;
        if (law == NULL || (p > 0.99 && c->values[THEORY_RHO] > FAR_MOST) ||
            law(c, 0) < 1.15 * (1 - p))
            continue;
        theory_know(c, quantiles[i].quantity, queueing_quantile(law, c, 1 - p), THEORY_EXACT,
                    source);
    }
}

/* --- what is known ------------------------------------------------------------------------------- */

static void plan(struct theory_case *c, double mean, double scv)
{
    theory_plan(c, mean, scv);
    c->rate /= 1 - PROBES;
    c->effort *= 2 / PROBES;
}

static int know_waits(struct theory_case *c, struct lb_error *error)
{
    (void)error;
    const double *v = c->values;
    double rate = v[THEORY_SERVERS] * v[THEORY_MU] - v[THEORY_LAMBDA], waits = mmc_wait(c, 0);
    const char *source =
        "Erlang C, exponential beyond 0; Kleinrock 1975, 3.5; Harchol-Balter 2013, 14";
    theory_know(c, THEORY_WAITS, waits, THEORY_EXACT, source);
    theory_know(c, THEORY_WAIT, waits / rate, THEORY_EXACT, source);
    theory_know(c, THEORY_WAIT_SQUARE, 2 * waits / (rate * rate), THEORY_EXACT, source);
    if (v[THEORY_SERVERS] == 1)
        theory_know(c, THEORY_SQUARE, 2 / (rate * rate), THEORY_EXACT,
                    "the response is exponential; Kleinrock 1975, 3.2");
    know_quantiles(c, source);
    plan(c, waits / rate + 1 / v[THEORY_MU], 1);
    return 0;
}

/* The first three moments of work of mean 1. */
static bool moments(const struct theory_case *c, double *second, double *third)
{
    double scv = c->values[THEORY_CV] * c->values[THEORY_CV];
    if (strcmp(c->work, "constant") == 0) {
        *second = *third = 1;
        return true;
    }
    *second = 1 + scv;
    if (strcmp(c->work, "lognormal") == 0) {
        *third = (1 + scv) * (1 + scv) * (1 + scv);
    } else if (strcmp(c->work, "gamma") == 0) {
        *third = (1 + scv) * (1 + 2 * scv);
    } else { /* two phases with balanced means */
        double p, first, last;
        queueing_h2_phases(1, scv, &p, &first, &last);
        *third = 6 * (p / pow(first, 3) + (1 - p) / pow(last, 3));
    }
    /* Beyond it the square of a wait scatters so much that its standard error says little. */
    return strcmp(c->work, "lognormal") == 0 ? scv <= 1 : scv <= 4;
}

static int know_general(struct theory_case *c, struct lb_error *error)
{
    (void)error;
    double lambda = c->values[THEORY_LAMBDA], work = 1 / c->values[THEORY_MU], second, third;
    bool square = moments(c, &second, &third);
    double wait = queueing_mg1_mean(lambda, work, second - 1) - work;
    theory_know(c, THEORY_WAITS, c->values[THEORY_RHO], THEORY_EXACT, "busy share of the server");
    theory_know(c, THEORY_WAIT, wait, THEORY_EXACT, PK);
    if (square)
        theory_know(c, THEORY_WAIT_SQUARE,
                    queueing_mg1_wait_square(lambda, work, second * work * work,
                                             third * work * work * work),
                    THEORY_EXACT, PK);
    know_quantiles(c, "M/D/1: Erlang 1909; Franx 2001");
    plan(c, wait + work, second - 1);
    c->effort *= fmax(1, third / 6);
    return 0;
}

static int know_h2(struct theory_case *c, struct lb_error *error)
{
    if (c->values[THEORY_CV] < 1.01)
        return lb_error_set(error, LB_ERROR_INVALID, "hyperexponential gaps have a cv above 1");
    c->aside[0] = sigma_of(c);
    double mean = 1 / (c->values[THEORY_MU] * (1 - c->aside[0]));
    const char *source = "GI/M/1, two phases with balanced means; Kleinrock 1975, 6.4";
    theory_know(c, THEORY_MEAN, mean, THEORY_EXACT, source);
    theory_know(c, THEORY_WAIT, mean - 1 / c->values[THEORY_MU], THEORY_EXACT, source);
    know_quantiles(c, source);
    theory_plan(c, mean, 1);
    c->effort *= 1 + c->values[THEORY_CV] * c->values[THEORY_CV];
    c->relaxation *= 1 + c->values[THEORY_CV] * c->values[THEORY_CV];
    return 0;
}

/* The variance is at most that of the geometric law to come. */
static int know_transient(struct theory_case *c, struct lb_error *error)
{
    double lambda = c->values[THEORY_LAMBDA], mu = c->values[THEORY_MU];
    double t = c->values[THEORY_TIME];
    if ((lambda + mu) * t > 1e5 || lambda * t < 0.1)
        return lb_error_set(error, LB_ERROR_INVALID,
                            "'%s': t is meant between a tenth of a gap and 50,000 services",
                            c->name);
    double mean = queueing_mm1_transient(lambda, mu, t);
    theory_know(c, THEORY_PRESENT, mean, THEORY_EXACT, "exp(Qt); warm-up bias");
    c->rate = lambda;
    c->relaxation = 1 / mu;
    c->effort = 2e4 * (1 + 1 / mean);
    return 0;
}

/* --- the scenario -------------------------------------------------------------------------------- */

static void write_arrivals(const struct theory_case *c, struct text *out)
{
    text_addf(out, "    arrivals: poisson(rate=%.12g/s)\n",
              c->values[THEORY_LAMBDA] / (1 - PROBES));
}

static void write_requests(const struct theory_case *c, struct text *out)
{
    text_addf(out, "    requests:\n      - {name: request, share: %.9g%%, work: \"%s(%s%.9fs",
              100 * (1 - PROBES), c->work,
              strcmp(c->work, "constant") == 0 ? "" : "mean=", 1 / c->values[THEORY_MU]);
    if (c->family->general)
        text_addf(out, ", cv=%.9f", c->values[THEORY_CV]);
    text_addf(out, ")\"}\n      - {name: probe, share: %.9g%%, work: constant(%.0fns)}\n",
              100 * PROBES, PROBE_NS);
}

static void write_h2(const struct theory_case *c, struct text *out)
{
    double rate, on, off, scv = c->values[THEORY_CV] * c->values[THEORY_CV];
    queueing_h2_on_off(c->values[THEORY_LAMBDA], scv, &rate, &on, &off);
    text_addf(out, "    arrivals: bursty(low=0/s, high=%.12g/s, low_for=%.9fs, high_for=%.9fs)\n",
              rate, off, on);
}

/* One backend is one trial: so many of them side by side, each with its own arrivals. */
#define SIDE 200

static void write_transient(const struct theory_case *c, double requests, uint64_t seed,
                            struct text *out)
{
    double t = c->values[THEORY_TIME];
    (void)requests;
    text_addf(out,
              "clients:\n  - name: clients\n    arrivals: poisson(rate=%.12g/s)\n"
              "    requests: [{name: request, work: exponential(mean=%.9fs)}]\n"
              "balancer:\n  algorithm: random\nbackends:\n  - {name: server, count: %d, slots: 1}\n"
              "run: {kind: transient, duration: %.9fs, sample: %.9fs, settle: 0s, seed: %llu}\n",
              c->values[THEORY_LAMBDA] * SIDE, 1 / c->values[THEORY_MU], SIDE, t * 1.000001, t,
              (unsigned long long)seed);
}

/* --- the figures --------------------------------------------------------------------------------- */

/* The quantile, by the share beyond theory's value and the slope there. */
static double quantile(const struct theory_case *c, uint32_t k, bool wait, double p,
                       const struct histogram *h)
{
    double t = c->known[k].value, step = 1e-4 * t;
    above *law = above_of(c, wait);
    double density = (law(c, t - step) - law(c, t + step)) / (2 * step);
    return t + (histogram_above(h, t * 1e9) - (1 - p)) / density;
}

static void figures_of(const struct theory_case *c, const struct summary *summary,
                       const void *watch, double *figures)
{
    bool probes = c->family->clients != NULL;
    const struct histogram *responses = &summary->classes[0].latency;
    const struct histogram *waits = probes ? &summary->classes[1].latency : NULL;
    (void)watch;
    for (uint32_t k = 0; k < c->known_count; k++) {
        enum theory_quantity quantity = c->known[k].quantity;
        figures[k] = quantity == THEORY_SQUARE           ? histogram_mean_square(responses) / 1e18
                     : quantity == THEORY_MEAN           ? histogram_mean(responses) / 1e9
                     : quantity == THEORY_WAITS          ? histogram_above(waits, PROBE_NS + 1)
                     : quantity == THEORY_WAIT && probes ? (histogram_mean(waits) - PROBE_NS) / 1e9
                     : quantity == THEORY_WAIT_SQUARE    ? histogram_mean_square(waits) / 1e18
                                                         : theory_figure(summary, quantity);
        for (size_t i = 0; i < QUANTILES; i++)
            if (quantiles[i].quantity == quantity)
                figures[k] = quantile(c, k, quantiles[i].wait, quantiles[i].p,
                                      quantiles[i].wait ? waits : responses);
    }
}

struct count {
    double present; /* in the mean over the backends, at the last sample */
};

static void hear_sample(void *self, const struct sample *sample)
{
    struct count *count = self;
    count->present = 0;
    for (uint32_t b = 0; b < sample->backend_count; b++)
        count->present += sample->backends[b].busy + sample->backends[b].queue;
    count->present /= sample->backend_count;
}

static void present_then(const struct theory_case *c, const struct summary *summary,
                         const void *watch, double *figures)
{
    const struct count *count = watch;
    (void)c;
    (void)summary;
    figures[0] = count->present;
}

/* --- the table ----------------------------------------------------------------------------------- */

static const struct theory_family families[] = {
    {.name = "waits",
     .what = "M/M/c: who waits, E[W^2], quantiles of waits and responses",
     .written = "rho c",
     .needed = THEORY_OPEN | THEORY_BIT(THEORY_SERVERS),
     .work = "exponential",
     .arrivals = write_arrivals,
     .clients = write_requests,
     .figures = figures_of,
     .know = know_waits},
    {.name = "waits-M/D/1",
     .what = "the same of M/D/1",
     .written = "rho",
     .needed = THEORY_OPEN,
     .work = "constant",
     .arrivals = write_arrivals,
     .clients = write_requests,
     .figures = figures_of,
     .know = know_general},
    {.name = "waits-M/G/1",
     .what = "who waits, E[W], E[W^2]; work=lognormal, gamma or hyperexponential",
     .written = "rho cv",
     .needed = THEORY_OPEN | THEORY_BIT(THEORY_CV),
     .general = true,
     .work = "lognormal",
     .arrivals = write_arrivals,
     .clients = write_requests,
     .figures = figures_of,
     .know = know_general},
    {.name = "H2/M/1",
     .what = "one server, hyperexponential gaps between arrivals",
     .written = "rho cv",
     .needed = THEORY_OPEN | THEORY_BIT(THEORY_CV),
     .work = "exponential",
     .arrivals = write_h2,
     .figures = figures_of,
     .know = know_h2},
    {.name = "transient",
     .what = "M/M/1 from empty: the number present t seconds later",
     .written = "rho t",
     .needed = THEORY_OPEN | THEORY_BIT(THEORY_TIME),
     .work = "exponential",
     .scenario = write_transient,
     .watch_size = sizeof(struct count),
     .sample = hear_sample,
     .figures = present_then,
     .know = know_transient},
};

#define TABLE "Kleinrock 1975, 3.2, 3.5, 5.7, 6.4; computed apart from this program"

static const struct theory_reference references[] = {
    {"waits rho=0.5 c=1", THEORY_WAITS, 0.5, 1e-9, TABLE},
    {"waits rho=0.5 c=1", THEORY_WAIT_P99, 7.824046011, 1e-9, TABLE},
    {"waits rho=0.5 c=1", THEORY_P999, 13.81551056, 1e-9, TABLE},
    {"waits rho=0.8 c=4", THEORY_WAIT, 0.7455405902, 1e-8, TABLE},
    {"waits-M/D/1 rho=0.8", THEORY_WAIT_P90, 5.011511498, 1e-9, TABLE},
    {"waits-M/D/1 rho=0.8", THEORY_WAIT_P99, 10.35588679, 1e-9, TABLE},
    {"waits-M/D/1 rho=0.8", THEORY_WAIT_SQUARE, 9.333333333, 1e-9, TABLE},
    {"waits-M/G/1 rho=0.5 cv=2 work=hyperexponential", THEORY_WAIT, 2.5, 1e-9, TABLE},
    {"H2/M/1 rho=0.5 cv=2", THEORY_MEAN, 3.16227766, 1e-9, TABLE},
    {"H2/M/1 rho=0.5 cv=2", THEORY_P99, 14.5628268, 1e-9, TABLE},
    {"transient rho=0.8 t=5", THEORY_PRESENT, 1.469460828, 1e-9, TABLE},
    {"transient rho=0.8 t=20", THEORY_PRESENT, 2.647634924, 1e-9, TABLE},
    {.row = NULL},
};

const struct theory_group theory_waits = THEORY_GROUP("Waits in full", families, references);
