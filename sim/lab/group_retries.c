/*
 * Retries: how many attempts a request makes, and when they do not help. In the real world of the
 * simulator; what fails are attempts that meet a backend that is down, or one that answers with
 * errors.
 */
#include <math.h>

#include "sim/base/text.h"
#include "sim/lab/theory_family.h"

#define RATE 1000.0 /* requests a second; nothing depends on it */

static void write_traffic(struct text *out)
{
    text_addf(out,
              "clients:\n  - name: clients\n    arrivals: poisson(rate=%g/s)\n"
              "    requests: [{name: request, work: \"constant(1us)\"}]\n",
              RATE);
}

/* --- what is known ---------------------------------------------------------------------------- */

/*
 * A try of the client goes to a balancer that makes up to `again` further attempts, each at a backend
 * that this try has not been at: all fail with probability q = prod (dead-i)/(n-i). The client tries
 * up to `retries` times more, with nothing remembered.
 */
static int know_dead(struct theory_case *c, struct lb_error *error)
{
    const double *v = c->values;
    double n = v[THEORY_BACKENDS], dead = v[THEORY_DEAD], fails = 1, attempts = 0;
    if (dead > n || v[THEORY_AGAIN] + 1 > n)
        return lb_error_set(error, LB_ERROR_INVALID,
                            "'%s': there are only n=%.0f backends to be dead or to try", c->name,
                            n);
    for (double i = 0; i <= v[THEORY_AGAIN]; i++) {
        attempts += fails;
        fails *= fmax(0, dead - i) / (n - i);
    }
    double tries = 0, still = 1;
    for (double r = 0; r <= v[THEORY_RETRIES]; r++) {
        tries += still;
        still *= fails;
    }
    theory_know(c, THEORY_ATTEMPTS, tries * attempts, THEORY_EXACT,
                "(1-q^(r+1))/(1-q) tries; when all are dead the layers multiply, (r+1)^2");
    if (still >= THEORY_LEAST)
        theory_know(c, THEORY_FAILING, still, THEORY_EXACT,
                    "(dead/n)^(r+1), or prod (dead-i)/(n-i) where those tried are left out");
    c->rate = RATE;
    c->relaxation = 1 / RATE;
    c->effort = 1e4 * (1 + (still >= THEORY_LEAST ? 1 / still : 0));
    return 0;
}

/* Every attempt fails by itself with probability p. */
static int know_errors(struct theory_case *c, struct lb_error *error)
{
    (void)error;
    double p = c->values[THEORY_ERRORS], tries = 0, still = 1;
    for (double r = 0; r <= c->values[THEORY_RETRIES]; r++) {
        tries += still;
        still *= p;
    }
    theory_know(c, THEORY_ATTEMPTS, tries, THEORY_EXACT, "(1-p^(r+1))/(1-p)");
    if (still >= THEORY_LEAST)
        theory_know(c, THEORY_FAILING, still, THEORY_EXACT, "p^(r+1)");
    c->rate = RATE;
    c->relaxation = 1 / RATE;
    c->effort = 1e4 * (1 + (still >= THEORY_LEAST ? 1 / still : 0));
    return 0;
}

static void write_errors(const struct theory_case *c, double requests, uint64_t seed,
                         struct text *out)
{
    write_traffic(out);
    if (c->values[THEORY_RETRIES] > 0)
        text_addf(out, "    retries: {max: %.0f}\n", c->values[THEORY_RETRIES]);
    text_addf(out,
              "balancer: {algorithm: random}\n"
              "backends:\n  - {name: server, count: 2}\n"
              "timeline:\n  - {at: 1ns, errors: server, to: %.9g%%}\n"
              "run: {kind: steady, duration: %.6fs, warmup: 100ms, seed: %llu}\n",
              100 * c->values[THEORY_ERRORS], 0.1 + requests / RATE, (unsigned long long)seed);
}

/* All fail: every one is tried again as long as the budget lasts. Ten may be left, or saved up. */
static int know_budget(struct theory_case *c, struct lb_error *error)
{
    double budget = c->values[THEORY_BUDGET];
    c->rate = RATE;
    c->relaxation = 10 / budget / RATE;
    c->effort = 1e5;
    if (budget > 1)
        return lb_error_set(error, LB_ERROR_INVALID,
                            "'%s': one retry each, so a budget of 1 or less", c->name);
    theory_know(c, THEORY_ATTEMPTS, 1 + budget, 10 / (c->effort / 10) / (1 + budget),
                "1 + budget: retries are a share of first tries; Google SRE book, 21");
    return 0;
}

/* --- the scenario ----------------------------------------------------------------------------- */

static void write_rest(const struct theory_case *c, double dead, double requests, uint64_t seed,
                       struct text *out)
{
    double n = c->values[THEORY_BACKENDS], warm = 20 * c->relaxation + 0.1;
    text_addf(out, "backends:\n  - {name: server, count: %.0f}\ntimeline:\n", n);
    for (int i = 1; i <= (int)dead; i++)
        text_addf(out, "  - {at: 1ns, kill: server%d}\n", i);
    text_addf(out, "run: {kind: steady, duration: %.6fs, warmup: %.6fs, seed: %llu}\n",
              warm + requests / RATE, warm, (unsigned long long)seed);
}

static void write_dead(const struct theory_case *c, double requests, uint64_t seed,
                       struct text *out)
{
    write_traffic(out);
    if (c->values[THEORY_RETRIES] > 0)
        text_addf(out, "    retries: {max: %.0f}\n", c->values[THEORY_RETRIES]);
    text_addf(out, "balancer:\n  algorithm: random\n");
    if (c->values[THEORY_AGAIN] > 0)
        text_addf(out, "  retries: {max: %.0f, to: other, when: [refused]}\n",
                  c->values[THEORY_AGAIN]);
    write_rest(c, c->values[THEORY_DEAD], requests, seed, out);
}

static void write_budget(const struct theory_case *c, double requests, uint64_t seed,
                         struct text *out)
{
    write_traffic(out);
    text_addf(out, "    retries: {max: 1, budget: %.9g%%}\n", 100 * c->values[THEORY_BUDGET]);
    text_addf(out, "balancer:\n  algorithm: random\n");
    write_rest(c, 1, requests, seed, out);
}

/* --- the table -------------------------------------------------------------------------------- */

static const struct theory_family families[] = {
    {.name = "dead-retries",
     .what = "some of n are dead; retries=1 of the client, again=1 of the balancer, to others",
     .written = "n dead",
     .needed = THEORY_BIT(THEORY_BACKENDS) | THEORY_BIT(THEORY_DEAD),
     .allowed = THEORY_BIT(THEORY_RETRIES) | THEORY_BIT(THEORY_AGAIN),
     .know = know_dead,
     .scenario = write_dead},
    {.name = "retries",
     .what = "every attempt fails with probability p; retries=1 of the client",
     .written = "p",
     .needed = THEORY_BIT(THEORY_ERRORS),
     .allowed = THEORY_BIT(THEORY_RETRIES),
     .know = know_errors,
     .scenario = write_errors},
    {.name = "retry-budget",
     .what = "all attempts fail, one retry each within a budget",
     .written = "budget",
     .needed = THEORY_BIT(THEORY_BUDGET),
     .know = know_budget,
     .scenario = write_budget},
};

static const struct theory_reference references[] = {
    {"dead-retries n=10 dead=1 retries=1", THEORY_ATTEMPTS, 1.1, 1e-9, "(1-p^(r+1))/(1-p)"},
    {"dead-retries n=10 dead=1 retries=1", THEORY_FAILING, 0.01, 1e-9, "p^(r+1)"},
    {"dead-retries n=10 dead=9 retries=3", THEORY_ATTEMPTS, 3.439, 1e-9, "(1-p^(r+1))/(1-p)"},
    {"dead-retries n=10 dead=9 retries=3", THEORY_FAILING, 0.6561, 1e-9, "p^(r+1)"},
    {"dead-retries n=10 dead=3 again=2", THEORY_FAILING, 0.008333333333, 1e-9,
     "prod (dead-i)/(n-i)"},
    {"dead-retries n=3 dead=3 retries=2 again=2", THEORY_ATTEMPTS, 9, 1e-9,
     "(r+1)^2; Google SRE book, 21"},
    {"retries retries=2 p=0.5", THEORY_ATTEMPTS, 1.75, 1e-9, "(1-p^(r+1))/(1-p)"},
    {"retries retries=2 p=0.5", THEORY_FAILING, 0.125, 1e-9, "p^(r+1)"},
    {"retry-budget budget=0.2", THEORY_ATTEMPTS, 1.2, 1e-9, "1 + budget"},
    {.row = NULL},
};

const struct theory_group theory_retries = THEORY_GROUP("Retries", families, references);
