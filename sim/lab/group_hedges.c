/*
 * Hedging: how long the first of two answers takes, and how many attempts that costs. In the real world of the
 * simulator, with backends that nobody ever waits for: the theory leaves out what the copies do to
 * the queues. A copy's work is its own (work: fresh), so P(T > t) = S(t) S(t - h).
 * Source: J. Dean, L. Barroso, "The tail at scale", CACM 56(2), 2013; sim/base/availability.h.
 */
#include <math.h>

#include "sim/base/availability.h"
#include "sim/base/text.h"
#include "sim/lab/theory_family.h"

#define RATE 100.0 /* requests a second, each in service for one: 100 of 4,000 slots are busy */

/* An attempt takes an exponential time of mean 1; the copy sets out after `hedge`. */
static int know_hedged(struct theory_case *c, struct lb_error *error)
{
    (void)error;
    double h = c->values[THEORY_HEDGE];
    theory_know(c, THEORY_MEAN, 1 - exp(-h) / 2, THEORY_EXACT, "1 - e^-h / 2");
    theory_know(c, THEORY_P50, availability_hedged_quantile(1, h, 0.5), THEORY_EXACT,
                "P(T>t) = S(t) S(t-h)");
    theory_know(c, THEORY_P99, availability_hedged_quantile(1, h, 0.99), THEORY_EXACT,
                "P(T>t) = S(t) S(t-h)");
    theory_know(c, THEORY_P999, availability_hedged_quantile(1, h, 0.999), THEORY_EXACT,
                "P(T>t) = S(t) S(t-h)");
    theory_know(c, THEORY_ATTEMPTS, 1 + exp(-h), THEORY_EXACT, "1 + P(T>h)");
    c->rate = RATE;
    c->relaxation = 1;
    c->effort = 2e5; /* of 1,000 one is beyond the last quantile */
    return 0;
}

/* An attempt is slow, 100 times as long as another, with probability p: so a request is only when both
 * are. The fast ones have answered after 1, the copy of a slow one sets out at `hedge` > 1. */
static int know_slow(struct theory_case *c, struct lb_error *error)
{
    double p = c->values[THEORY_ERRORS], h = c->values[THEORY_HEDGE];
    if (h <= 1 || h >= 99)
        return lb_error_set(error, LB_ERROR_INVALID,
                            "'%s': hedge is between the fast, 1, and the slow, 100", c->name);
    theory_know(c, THEORY_MEAN, (1 - p) + p * (1 - p) * (h + 1) + p * p * 100, THEORY_EXACT,
                "(1-p) + p(1-p) (h+1) + p^2 100");
    theory_know(c, THEORY_ATTEMPTS, 1 + p, THEORY_EXACT, "1 + p");
    if (p * p >= THEORY_LEAST)
        theory_know(c, THEORY_FAILING, p * p, THEORY_EXACT,
                    "p^2: both are slow, and the client waits for 50");
    c->rate = RATE;
    c->relaxation = 1;
    c->effort = 1e4 * (1 + (p * p >= THEORY_LEAST ? 1 / (p * p) : 0));
    return 0;
}

/* --- the scenario ----------------------------------------------------------------------------- */

static void write(const struct theory_case *c, const char *work, bool client, const char *timeout,
                  double requests, uint64_t seed, struct text *out)
{
    char hedge[80];
    (void)snprintf(hedge, sizeof hedge, "hedge: {after: %.9fs, work: fresh}",
                   c->values[THEORY_HEDGE]);
    text_addf(out,
              "clients:\n  - name: clients\n    arrivals: poisson(rate=%g/s)\n"
              "    requests: [{name: request, work: \"%s\"}]\n%s",
              RATE, work, timeout);
    if (client)
        text_addf(out, "    %s\n", hedge);
    text_addf(out, "balancer:\n  algorithm: random\n");
    if (!client)
        text_addf(out, "  %s\n", hedge);
    text_addf(out,
              "backends:\n  - {name: server, count: 4, slots: 1000, abandoned: cancel}\n"
              "run: {kind: steady, duration: %.6fs, warmup: 10s, settle: 200s, seed: %llu}\n",
              10 + requests / RATE, (unsigned long long)seed);
}

static void write_hedged(const struct theory_case *c, double requests, uint64_t seed,
                         struct text *out)
{
    write(c, "exponential(mean=1s)", false, "", requests, seed, out);
}

static void write_client(const struct theory_case *c, double requests, uint64_t seed,
                         struct text *out)
{
    write(c, "exponential(mean=1s)", true, "", requests, seed, out);
}

static void write_slow(const struct theory_case *c, double requests, uint64_t seed,
                       struct text *out)
{
    char work[80];
    double slow = 100 * c->values[THEORY_ERRORS];
    (void)snprintf(work, sizeof work, "mix(%.9g%% constant(1s), %.9g%% constant(100s))", 100 - slow,
                   slow);
    write(c, work, false, "", requests, seed, out);
}

/* Those that are slow: the share whose latency is above half of that. */
static void figures_slow(const struct theory_case *c, const struct summary *summary,
                         const void *watch, double *figures)
{
    (void)watch;
    for (uint32_t i = 0; i < c->known_count; i++) {
        figures[i] = theory_figure(summary, c->known[i].quantity);
        if (c->known[i].quantity == THEORY_FAILING)
            figures[i] = histogram_above(&summary->latency, 50e9);
    }
}

/* --- the table -------------------------------------------------------------------------------- */

static const struct theory_family families[] = {
    {.name = "hedged",
     .what = "a balancer's second attempt after `hedge`; each takes an exponential time of mean 1",
     .written = "hedge",
     .needed = THEORY_BIT(THEORY_HEDGE),
     .know = know_hedged,
     .scenario = write_hedged},
    {.name = "hedged-client",
     .what = "the same, sent by the client",
     .written = "hedge",
     .needed = THEORY_BIT(THEORY_HEDGE),
     .know = know_hedged,
     .scenario = write_client},
    {.name = "hedged-slow",
     .what = "an attempt takes 1, or 100 with probability p",
     .written = "hedge p",
     .needed = THEORY_BIT(THEORY_HEDGE) | THEORY_BIT(THEORY_ERRORS),
     .know = know_slow,
     .scenario = write_slow,
     .figures = figures_slow},
};

static const struct theory_reference references[] = {
    {"hedged hedge=2.99573227", THEORY_ATTEMPTS, 1.05, 1e-9, "1 + P(T>h), q7"},
    {"hedged hedge=2.99573227", THEORY_P999, 4.951743776, 1e-9, "S(t) S(t-h), q7"},
    {"hedged hedge=4.60517019", THEORY_ATTEMPTS, 1.01, 1e-9, "1 + P(T>h), q7"},
    {"hedged hedge=4.60517019", THEORY_P999, 5.756462732, 1e-9, "S(t) S(t-h), q7"},
    {"hedged hedge=0.5", THEORY_MEAN, 1 - 0.60653065971263342 / 2, 1e-9, "1 - e^-h / 2"},
    {"hedged-client hedge=2.99573227", THEORY_P999, 4.951743776, 1e-9, "S(t) S(t-h), q7"},
    {"hedged-client hedge=1", THEORY_ATTEMPTS, 1 + 0.36787944117144233, 1e-9, "1 + P(T>h)"},
    {"hedged-slow p=0.03 hedge=2", THEORY_FAILING, 0.0009, 1e-9, "p^2, as in q7 for p = 0.01"},
    {"hedged-slow p=0.1 hedge=2", THEORY_FAILING, 0.01, 1e-9, "p^2"},
    {.row = NULL},
};

const struct theory_group theory_hedges = THEORY_GROUP("Hedging", families, references);
