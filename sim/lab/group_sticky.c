/*
 * Clients who stay with a backend: what the busy ones, and those behind one address, do to the
 * balance. Trials of the real algorithms, or real runs.
 */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "sim/base/occupancy.h"
#include "sim/base/text.h"
#include "sim/lab/lab_host.h"
#include "sim/lab/theory_family.h"

#define N(c) ((uint32_t)(c)->values[THEORY_BACKENDS])

static void need(struct theory_case *c, double mean, double sd)
{
    c->rate = c->relaxation = 1;
    c->effort = fmax(c->effort, theory_trials(mean, sd));
}

/* --- clients of unequal weight ------------------------------------------------------------------ */

static int know_zipf(struct theory_case *c, struct lb_error *error)
{
    (void)error;
    double root = occupancy_zipf((uint32_t)c->values[THEORY_CLIENTS], c->values[THEORY_ZIPF]);
    theory_know(c, THEORY_UNEVEN, sqrt(N(c) - 1) * root, THEORY_EXACT,
                "sqrt((n-1) sum of p^2), p the share of a client");
    theory_know_tabulated(c);
    need(c, 1, 0.6);
    return 0;
}

/* Sticky clients: each has its backend, and brings its share of the requests there. */
static int try_zipf(const struct theory_case *c, uint32_t trials, const struct stream_key *key,
                    double *figures, struct lb_error *error)
{
    uint32_t n = N(c), clients = (uint32_t)c->values[THEORY_CLIENTS];
    double sums[THEORY_QUANTITIES] = {0}, sum = 0;
    double *weight = text_need(clients * sizeof *weight);
    double *load = text_need(n * sizeof *load);
    int status = 0;
    for (uint32_t i = 0; i < clients; i++)
        sum += weight[i] = pow(i + 1, -c->values[THEORY_ZIPF]);
    for (uint32_t trial = 0; trial < trials && status == 0; trial++) {
        struct lab_host host;
        double squares = 0, most = 0;
        status = lab_host_open(&host, "source-hash", NULL, n, n, NULL, key, trial, error);
        if (status != 0)
            break;
        memset(load, 0, n * sizeof *load);
        for (uint32_t i = 0; i < clients; i++)
            load[lab_host_ask(&host, lb_random_u64(&host.draws))] += weight[i] / sum * n;
        for (uint32_t i = 0; i < n; i++) {
            squares += (load[i] - 1) * (load[i] - 1) / n;
            most = fmax(most, load[i]);
        }
        sums[THEORY_UNEVEN] += squares;
        sums[THEORY_MAX] += most;
        lab_host_close(&host);
    }
    free(weight);
    free(load);
    theory_means(c, sums, trials, figures);
    return status;
}

/* --- many behind one address -------------------------------------------------------------------- */

#define RATE 1000.0 /* requests a second; nothing depends on it */

static int know_nat(struct theory_case *c, struct lb_error *error)
{
    (void)error;
    double n = c->values[THEORY_BACKENDS], f = c->values[THEORY_CROWDED];
    theory_know(c, THEORY_CROWD, n * f + 1 - f, THEORY_EXACT, "n f + (1 - f): all of f on one");
    c->rate = RATE;
    c->relaxation = 1 / RATE;
    c->effort = fmax(2e4, 1e4 * n);
    return 0;
}

static void write_nat(const struct theory_case *c, double requests, uint64_t seed, struct text *out)
{
    text_addf(out,
              "clients:\n  - name: clients\n    arrivals: poisson(rate=%g/s)\n"
              "    population: {nat: %.9g%%}\n"
              "    requests: [{name: request, work: \"constant(1us)\"}]\n"
              "balancer:\n  algorithm: source-hash\n"
              "backends:\n  - {name: server, count: %.0f}\n"
              "run: {kind: steady, duration: %.9fs, seed: %llu}\n",
              RATE, 100 * c->values[THEORY_CROWDED], c->values[THEORY_BACKENDS], requests / RATE,
              (unsigned long long)seed);
}

/* The busiest is the one with the crowd. */
static void busiest(const struct theory_case *c, const struct summary *summary, const void *watch,
                    double *figures)
{
    (void)c, (void)watch;
    figures[0] = summary->imbalance;
}

static int know_addresses(struct theory_case *c, struct lb_error *error)
{
    (void)error;
    double n = c->values[THEORY_BACKENDS];
    double used = n - occupancy_idle(N(c), (uint32_t)c->values[THEORY_CLIENTS]);
    theory_know(c, THEORY_USED, used, THEORY_EXACT, "n (1 - (1-1/n)^clients)");
    need(c, used, sqrt(fmin(n - used, used)));
    return 0;
}

static int try_addresses(const struct theory_case *c, uint32_t trials, const struct stream_key *key,
                         double *figures, struct lb_error *error)
{
    double sums[THEORY_QUANTITIES] = {0};
    uint32_t n = N(c);
    bool *used = text_need(n * sizeof *used);
    for (uint32_t trial = 0; trial < trials; trial++) {
        struct lab_host host;
        if (lab_host_open(&host, "source-hash", NULL, n, n, NULL, key, trial, error) != 0) {
            free(used);
            return -1;
        }
        memset(used, 0, n * sizeof *used);
        for (uint32_t i = 0; i < (uint32_t)c->values[THEORY_CLIENTS]; i++)
            used[lab_host_ask(&host, lb_random_u64(&host.draws))] = true;
        for (uint32_t i = 0; i < n; i++)
            sums[THEORY_USED] += used[i];
        lab_host_close(&host);
    }
    free(used);
    theory_means(c, sums, trials, figures);
    return 0;
}

/* --- the table -------------------------------------------------------------------------------- */

static const struct theory_family families[] = {
    {.name = "sticky-zipf",
     .what = "load when each client sticks to a backend, the i-th asks like i^-s (source-hash)",
     .written = "n clients s",
     .needed = THEORY_BIT(THEORY_BACKENDS) | THEORY_BIT(THEORY_CLIENTS) | THEORY_BIT(THEORY_ZIPF),
     .know = know_zipf,
     .trial = try_zipf},
    {.name = "nat",
     .what = "load of the backend that gets the crowd behind one address (source-hash)",
     .written = "n crowd",
     .needed = THEORY_BIT(THEORY_BACKENDS) | THEORY_BIT(THEORY_CROWDED),
     .know = know_nat,
     .scenario = write_nat,
     .figures = busiest},
    {.name = "addresses",
     .what = "backends in use with a few client addresses (source-hash)",
     .written = "n clients",
     .needed = THEORY_BIT(THEORY_BACKENDS) | THEORY_BIT(THEORY_CLIENTS),
     .know = know_addresses,
     .trial = try_addresses},
};

#define S_SIM "Monte Carlo, apart from this program"

static const struct theory_reference references[] = {
    {"sticky-zipf n=10 clients=1000 s=1", THEORY_UNEVEN, 0.5138595052, 1e-9, "sqrt((n-1)sum p^2)"},
    {"sticky-zipf n=10 clients=1000 s=1", THEORY_MAX, 2.203090069, 1.8e-3, S_SIM},
    {"sticky-zipf n=4 clients=1000 s=0.8", THEORY_UNEVEN, 0.1682938439, 1e-9, "sqrt((n-1)sum p^2)"},
    {"nat n=4 crowd=0.6", THEORY_CROWD, 2.8, 1e-9, "n f + (1-f)"},
    {"addresses n=10 clients=5", THEORY_USED, 4.0951, 1e-9, "occupancy"},
    {.row = NULL},
};

const struct theory_group theory_sticky = THEORY_GROUP("Sticky clients", families, references);
