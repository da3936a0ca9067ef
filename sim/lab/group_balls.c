/*
 * Balls in bins and long-lived connections: what chance makes of an even split when nothing ever
 * leaves. Trials of the real algorithms, whose books fill up one pick at a time.
 */
#include <math.h>
#include <stdlib.h>

#include "sim/base/occupancy.h"
#include "sim/base/text.h"
#include "sim/lab/lab_host.h"
#include "sim/lab/pile.h"
#include "sim/lab/theory_family.h"

#define RARE 0.005 /* a probability, or a mean number, below this takes too many trials to see */

static const char s_exact[] = "exact, by Poissonisation; Kolchin, Sevastyanov and Chistyakov 1978";
static const char s_fluid[] =
    "dz_k/dt = z_(k-1)^d - z_k^d, many bins (tanh 1 for two choices); Mitzenmacher 1996";

static const char s_pile[] =
    "exact: the law of the sorted loads, ball by ball (model: Azar and others 1999)";

/* --- what is known ---------------------------------------------------------------------------- */

static void need(struct theory_case *c, double mean, double sd)
{
    c->rate = c->relaxation = 1;
    c->effort = fmax(c->effort, theory_trials(mean, sd));
}

/* The fullest of all, and how often it holds k. */
static int know_fullest(struct theory_case *c, uint32_t bins, uint32_t balls,
                        struct lb_error *error)
{
    double exactly, level = c->values[THEORY_LEVEL];
    double mean = occupancy_max(bins, balls, INFINITY, (uint32_t)level, &exactly);
    theory_know(c, THEORY_MAX, mean, THEORY_EXACT, s_exact);
    need(c, mean, fmax(0.7, 0.6 * sqrt((double)balls / bins)));
    if (level == 0)
        return 0;
    if (exactly < RARE)
        return lb_error_set(error, LB_ERROR_INVALID,
                            "'%s': a fullest bin of %g is too rare to be seen (%.2g)", c->name,
                            level, exactly);
    theory_know(c, THEORY_EQUAL, exactly, THEORY_EXACT, s_exact);
    need(c, exactly, sqrt(exactly * (1 - exactly)));
    return 0;
}

static int know_balls(struct theory_case *c, struct lb_error *error)
{
    return know_fullest(c, (uint32_t)c->values[THEORY_BINS], (uint32_t)c->values[THEORY_BALLS],
                        error);
}

/* Of a few bins the fullest is known exactly; of a few thousand what is tabulated. */
static void know_pile(struct theory_case *c, double bins, double balls)
{
    double dropped,
        mean = pile_max((uint32_t)bins, (uint32_t)balls, (unsigned)c->values[THEORY_CHOICES],
                        c->values[THEORY_REPLACEMENT] != 0, &dropped);
    if (isnan(mean))
        theory_know_tabulated(c);
    else
        theory_know(c, THEORY_MAX, mean, 1e-6 + 10 * dropped, s_pile);
    need(c, fmax(3, balls / bins), 0.35);
}

static int known_at_all(const struct theory_case *c, struct lb_error *error)
{
    if (c->known_count > 0)
        return 0;
    return lb_error_set(error, LB_ERROR_INVALID,
                        "'%s': nothing is known of so many, unless it is tabulated; fewer than 256 "
                        "with fewer each, or 1000 bins and more, will do",
                        c->name);
}

/* The shares of bins with at least so many are those of the limit: off by about 1 / bins. */
static int know_choices(struct theory_case *c, struct lb_error *error)
{
    double bins = c->values[THEORY_BINS], balls = c->values[THEORY_BALLS];
    for (unsigned k = 1; k <= 3 && bins >= 1000; k++) {
        double share = occupancy_fluid(balls / bins, (unsigned)c->values[THEORY_CHOICES], k);
        if (isnan(share) || share < RARE || share > 1 - 1e-6)
            continue;
        theory_know(c, (enum theory_quantity)(THEORY_AT_LEAST_1 + k - 1), share, 2 / bins / share,
                    s_fluid);
        need(c, share, sqrt(share / bins));
    }
    know_pile(c, bins, balls);
    return known_at_all(c, error);
}

int theory_know_choosing(struct theory_case *c, struct lb_error *error)
{
    know_pile(c, c->values[THEORY_BACKENDS], c->values[THEORY_CONNECTIONS]);
    return known_at_all(c, error);
}

int theory_know_connections(struct theory_case *c, struct lb_error *error)
{
    uint32_t n = (uint32_t)c->values[THEORY_BACKENDS];
    uint32_t connections = (uint32_t)c->values[THEORY_CONNECTIONS];
    double idle = occupancy_idle(n, connections), some = occupancy_some_idle(n, connections);
    if (know_fullest(c, n, connections, error) != 0)
        return -1;
    theory_know(c, THEORY_UNEVEN, sqrt((n - 1.0) / connections), THEORY_EXACT,
                "sqrt((n-1)/connections), multinomial");
    need(c, 1, 0.5 * sqrt(2.0 / (n - 1)));
    if (idle < RARE)
        return 0;
    theory_know(c, THEORY_IDLE, idle, THEORY_EXACT, "n (1-1/n)^connections");
    need(c, idle, sqrt(idle));
    theory_know(c, THEORY_EMPTY, some, THEORY_EXACT, "chain of the number of used backends");
    need(c, some, sqrt(some * (1 - some)));
    return 0;
}

/* --- trials ----------------------------------------------------------------------------------- */

struct split {
    const char *algorithm;
    const struct lab_host_parameter *parameters;
    uint32_t bins, balls;
};

static void look(const struct theory_case *c, const struct lab_host *host,
                 const struct split *split, double *sums)
{
    double squares = 0, mean = (double)split->balls / split->bins;
    uint32_t most = 0, at_least[4] = {0};
    for (uint32_t i = 0; i < split->bins; i++) {
        uint32_t own = host->rows[i].in_flight;
        most = own > most ? own : most;
        for (uint32_t k = 1; k <= 3; k++)
            at_least[k] += own >= k;
        squares += (own - mean) * (own - mean);
    }
    uint32_t idle = split->bins - at_least[1];
    sums[THEORY_MAX] += most;
    sums[THEORY_EQUAL] += most == c->values[THEORY_LEVEL];
    sums[THEORY_UNEVEN] += squares / split->bins / (mean * mean);
    sums[THEORY_IDLE] += idle;
    sums[THEORY_EMPTY] += idle > 0;
    for (uint32_t k = 1; k <= 3; k++)
        sums[THEORY_AT_LEAST_1 + k - 1] += (double)at_least[k] / split->bins;
}

static int try_split(const struct theory_case *c, const struct split *split, uint32_t trials,
                     const struct stream_key *key, double *figures, struct lb_error *error)
{
    double sums[THEORY_QUANTITIES] = {0};
    for (uint32_t trial = 0; trial < trials; trial++) {
        struct lab_host host;
        if (lab_host_open(&host, split->algorithm, split->parameters, split->bins, split->bins,
                          NULL, key, trial, error) != 0)
            return -1;
        for (uint32_t ball = 0; ball < split->balls; ball++)
            lab_host_keep(&host, lab_host_ask(&host, lb_random_u64(&host.draws)));
        look(c, &host, split, sums);
        lab_host_close(&host);
    }
    theory_means(c, sums, trials, figures);
    return 0;
}

static int try_balls(const struct theory_case *c, uint32_t trials, const struct stream_key *key,
                     double *figures, struct lb_error *error)
{
    struct split split = {"random", NULL, (uint32_t)c->values[THEORY_BINS],
                          (uint32_t)c->values[THEORY_BALLS]};
    return try_split(c, &split, trials, key, figures, error);
}

static int try_choices(const struct theory_case *c, uint32_t trials, const struct stream_key *key,
                       double *figures, struct lb_error *error)
{
    const struct lab_host_parameter parameters[] = {
        {"choices", c->values[THEORY_CHOICES]},
        {"replacement", c->values[THEORY_REPLACEMENT]},
        {NULL, 0},
    };
    struct split split = {"power-of-two", parameters, (uint32_t)c->values[THEORY_BINS],
                          (uint32_t)c->values[THEORY_BALLS]};
    return try_split(c, &split, trials, key, figures, error);
}

static int try_choosing_connections(const struct theory_case *c, uint32_t trials,
                                    const struct stream_key *key, double *figures,
                                    struct lb_error *error)
{
    const struct lab_host_parameter parameters[] = {
        {"choices", c->values[THEORY_CHOICES]},
        {"replacement", c->values[THEORY_REPLACEMENT]},
        {NULL, 0},
    };
    struct split split = {"power-of-two", parameters, (uint32_t)c->values[THEORY_BACKENDS],
                          (uint32_t)c->values[THEORY_CONNECTIONS]};
    return try_split(c, &split, trials, key, figures, error);
}

/* A hash of the client's address: the random split that products make. */
static int try_connections(const struct theory_case *c, uint32_t trials,
                           const struct stream_key *key, double *figures, struct lb_error *error)
{
    struct split split = {"source-hash", NULL, (uint32_t)c->values[THEORY_BACKENDS],
                          (uint32_t)c->values[THEORY_CONNECTIONS]};
    return try_split(c, &split, trials, key, figures, error);
}

/* --- a newcomer ------------------------------------------------------------------------------- */

#define NEWCOMER_OPEN 4000.0 /* connections at a time */

/* Connections come at random and last a random time; those there when the newcomer comes stay where
 * they are. Measured over a short while around t, which makes a difference of (t/life)^2/60,000. */
static int know_newcomer(struct theory_case *c, struct lb_error *error)
{
    double n = c->values[THEORY_BACKENDS], passed = c->values[THEORY_TIME] / c->values[THEORY_LIFE];
    double share = -expm1(-passed) / (n + 1);
    if (share < RARE)
        return lb_error_set(error, LB_ERROR_INVALID, "'%s': a share of %.2g is too small to see",
                            c->name, share);
    theory_know(c, THEORY_NEW, share, 1e-4, "(1-e^(-t/life))/(n+1): M/M/inf, only new ones move");
    c->rate = c->relaxation = 1;
    c->effort = 20;
    return 0;
}

static void write_newcomer(const struct theory_case *c, double requests, uint64_t seed,
                           struct text *out)
{
    double n = c->values[THEORY_BACKENDS], t = c->values[THEORY_TIME],
           life = c->values[THEORY_LIFE];
    double comes = 12 * life;
    (void)requests;
    text_addf(out,
              "clients:\n  - name: clients\n    arrivals: poisson(rate=%.12g/s)\n"
              "    requests: [{name: connection, work: exponential(mean=%.9fs)}]\n"
              "balancer:\n  algorithm: random\n"
              "backends:\n  - {name: newcomer, slots: 100000, weight: 0}\n"
              "  - {name: server, count: %.0f, slots: 100000}\n"
              "timeline:\n  - {at: %.9fs, weight: newcomer, to: 1}\n",
              NEWCOMER_OPEN / life, life, n, comes);
    text_addf(out,
              "run: {kind: steady, duration: %.9fs, warmup: %.9fs, settle: %.9fs, seed: %llu}\n",
              comes + t * 1.02, comes + t * 0.98, 30 * life, (unsigned long long)seed);
}

static void newcomer_share(const struct theory_case *c, const struct summary *summary,
                           const void *watch, double *figures)
{
    double all = 0;
    (void)c, (void)watch;
    for (uint32_t i = 0; i < summary->backend_count; i++)
        all += summary->backends[i].in_flight_mean;
    figures[0] = summary->backends[0].in_flight_mean / all;
}

/* --- the table -------------------------------------------------------------------------------- */

static const struct theory_family families[] = {
    {.name = "balls",
     .what = "each ball in a bin at random (random); k=4 for P(max=4)",
     .written = "bins balls",
     .needed = THEORY_BIT(THEORY_BINS) | THEORY_BIT(THEORY_BALLS),
     .allowed = THEORY_BIT(THEORY_LEVEL),
     .know = know_balls,
     .trial = try_balls},
    {.name = "balls-choices",
     .what = "each in the emptier of two bins (power-of-two); choices=3, replacement=yes",
     .written = "bins balls",
     .needed = THEORY_BIT(THEORY_BINS) | THEORY_BIT(THEORY_BALLS),
     .allowed = THEORY_BIT(THEORY_CHOICES) | THEORY_BIT(THEORY_REPLACEMENT),
     .know = know_choices,
     .trial = try_choices},
    {.name = "connections",
     .what = "connections that stay, placed by a hash of the address (source-hash)",
     .written = "n connections",
     .needed = THEORY_BIT(THEORY_BACKENDS) | THEORY_BIT(THEORY_CONNECTIONS),
     .allowed = THEORY_BIT(THEORY_LEVEL),
     .know = theory_know_connections,
     .trial = try_connections},
    {.name = "connections-choices",
     .what = "the same, at the emptier of two (power-of-two); choices=3, replacement=yes",
     .written = "n connections",
     .needed = THEORY_BIT(THEORY_BACKENDS) | THEORY_BIT(THEORY_CONNECTIONS),
     .allowed = THEORY_BIT(THEORY_CHOICES) | THEORY_BIT(THEORY_REPLACEMENT),
     .know = theory_know_choosing,
     .trial = try_choosing_connections},
    {.name = "newcomer",
     .what = "share of a backend that joins n, t seconds later; connections last `life` seconds",
     .written = "n life t",
     .needed = THEORY_BIT(THEORY_BACKENDS) | THEORY_BIT(THEORY_LIFE) | THEORY_BIT(THEORY_TIME),
     .know = know_newcomer,
     .scenario = write_newcomer,
     .figures = newcomer_share},
};

/* Computed apart from this program; what is marked so by simulation, with half a 95 % interval / 2. */
#define MC "Monte Carlo, 1,000 to 260,000 trials"

static const struct theory_reference references[] = {
    {"balls bins=10 balls=10 k=3", THEORY_MAX, 2.74868911, 1e-8, s_exact},
    {"balls bins=10 balls=10 k=3", THEORY_EQUAL, 0.4772376, 1e-8, s_exact},
    {"balls bins=256 balls=256 k=5", THEORY_MAX, 4.766646267, 1e-8, s_exact},
    {"balls bins=256 balls=256 k=5", THEORY_EQUAL, 0.4747209103, 1e-8, s_exact},
    {"balls bins=65536 balls=65536", THEORY_MAX, 7.563943094, 1e-8, s_exact},
    {"balls-choices bins=256 balls=256 replacement=yes", THEORY_MAX, 2.8999754, 2.1e-4, MC},
    {"balls-choices bins=1000 balls=1000", THEORY_MAX, 3.0059401, 1e-4, MC},
    {"balls-choices bins=65536 balls=65536 replacement=yes", THEORY_MAX, 3.36023625, 4.5e-3, MC},
    {"balls-choices bins=65536 balls=65536 replacement=yes", THEORY_AT_LEAST_1, 0.761594156, 1e-4,
     s_fluid},
    {"balls-choices bins=65536 balls=65536 replacement=yes", THEORY_AT_LEAST_2, 0.2295045385, 2e-4,
     s_fluid},
    {"balls-choices bins=65536 balls=65536 replacement=yes", THEORY_AT_LEAST_3, 0.008895258291,
     4e-3, s_fluid},
    {"connections n=10 connections=100", THEORY_MAX, 15.12452743, 1e-8, s_exact},
    {"connections n=10 connections=100", THEORY_UNEVEN, 0.3, 1e-9, "sqrt((n-1)/connections)"},
    {"connections n=20 connections=50", THEORY_MAX, 5.840650842, 1e-8, s_exact},
    {"connections n=20 connections=50", THEORY_IDLE, 1.538899506, 1e-9, "n (1-1/n)^connections"},
    {"connections n=20 connections=50", THEORY_EMPTY, 0.8358202304, 1e-9, "inclusion, exclusion"},
    {"connections n=100 connections=1000", THEORY_MAX, 18.76166002, 1e-8, s_exact},
    {"connections-choices n=10 connections=100", THEORY_MAX, 11.0847, 4.4e-5, MC},
    {"connections-choices n=20 connections=50", THEORY_MAX, 3.85539, 1.6e-4, MC},
    {"newcomer n=4 life=60 t=60", THEORY_NEW, 0.1264241118, 1e-9, "(1-1/e)/5"},
    {.row = NULL},
};

const struct theory_group theory_balls =
    THEORY_GROUP("Balls in bins, long-lived connections", families, references);
