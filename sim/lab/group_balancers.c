/*
 * What balancers hold, and how many of those behind them must be up. In the real world of the
 * simulator: clients that keep their connections, balancers of layer 4 that place them, backends
 * that fail and are repaired.
 */
#include <math.h>
#include <string.h>

#include "sim/base/availability.h"
#include "sim/base/text.h"
#include "sim/lab/theory_family.h"

/* --- connections that stay -------------------------------------------------------------------- */

/*
 * Every client has one connection and asks three times on it, then it is too old and the next
 * request opens another. All do so at the same instants, so that each period is a trial of its own: looked
 * at just when the third request has been answered.
 */
#define ASKS_EVERY   0.25 /* seconds, 1 ms of it in service */
#define PERIOD       (3 * ASKS_EVERY)
#define OLD          0.7
#define AFTER_PERIOD 0.1

struct placed {
    double sums[THEORY_QUANTITIES], trials;
};

static void hear_placed(void *self, const struct sample *sample)
{
    struct placed *placed = self;
    double total = 0, squares = 0, most = 0, idle = 0;
    for (uint32_t i = 0; i < sample->backend_count; i++) {
        double own = sample->backends[i].in_flight;
        total += own;
        squares += own * own;
        most = fmax(most, own);
        idle += own == 0;
    }
    if (total == 0)
        return; /* before the first request */
    double mean = total / sample->backend_count;
    placed->trials++;
    placed->sums[THEORY_MAX] += most;
    placed->sums[THEORY_UNEVEN] += squares / sample->backend_count / (mean * mean) - 1;
    placed->sums[THEORY_IDLE] += idle;
    placed->sums[THEORY_EMPTY] += idle > 0;
}

static void placed_figures(const struct theory_case *c, const struct summary *summary,
                           const void *self, double *figures)
{
    const struct placed *placed = self;
    (void)summary;
    theory_means(c, placed->sums, (uint32_t)placed->trials, figures);
}

static void write_placed(const struct theory_case *c, const char *algorithm, double trials,
                         uint64_t seed, struct text *out)
{
    text_addf(out,
              "clients:\n  - name: clients\n    users: %.0f\n    think: constant(%gms)\n"
              "    connections: {protocol: http2, idle: 0, max_age: constant(%gms)}\n"
              "    requests: [{name: request, work: constant(1ms)}]\n"
              "balancer:\n  layer: 4\n  algorithm: %s\n",
              c->values[THEORY_CONNECTIONS], 1e3 * ASKS_EVERY - 1, 1e3 * OLD, algorithm);
    if (strcmp(algorithm, "random") != 0)
        text_addf(out, "  params: {choices: %.0f, replacement: %s}\n", c->values[THEORY_CHOICES],
                  c->values[THEORY_REPLACEMENT] != 0 ? "yes" : "no");
    text_addf(out,
              "backends:\n  - {name: server, count: %.0f, slots: %.0f}\n"
              "run: {kind: transient, duration: %.9fs, sample: %gs, seed: %llu}\n",
              c->values[THEORY_BACKENDS], c->values[THEORY_CONNECTIONS],
              trials * PERIOD + AFTER_PERIOD, PERIOD, (unsigned long long)seed);
}

static void write_at_random(const struct theory_case *c, double requests, uint64_t seed,
                            struct text *out)
{
    write_placed(c, "random", requests, seed, out);
}

static void write_choosing(const struct theory_case *c, double requests, uint64_t seed,
                           struct text *out)
{
    write_placed(c, "power-of-two", requests, seed, out);
}

/* --- a newcomer at layer 4 -------------------------------------------------------------------- */

#define NEWCOMER_CLIENTS 4000.0
#define NEWCOMER_ASKS    5.0 /* requests in the life of a connection, on average */

static int know_newcomer(struct theory_case *c, struct lb_error *error)
{
    double n = c->values[THEORY_BACKENDS], passed = c->values[THEORY_TIME] / c->values[THEORY_LIFE];
    double share = -expm1(-passed) / (n + 1);
    if (share < 0.005)
        return lb_error_set(error, LB_ERROR_INVALID, "'%s': a share of %.2g is too small to see",
                            c->name, share);
    theory_know(c, THEORY_NEW, share, 1e-4,
                "(1-e^(-t/A))/(n+1), A the mean age at which clients open another");
    c->rate = c->relaxation = 1;
    c->effort = 20;
    return 0;
}

/* A client without a connection opens the next when it asks: after its thinking, at random like the
 * ages. So the share with a connection settles within a life, and old ones go as ages do. Nobody
 * closes for silence: that would make them younger, and a newcomer's share larger. */
static void write_newcomer(const struct theory_case *c, double requests, uint64_t seed,
                           struct text *out)
{
    double life = c->values[THEORY_LIFE], t = c->values[THEORY_TIME], comes = 3 * life;
    (void)requests;
    text_addf(out,
              "clients:\n  - name: clients\n    users: %.0f\n    think: exponential(mean=%.9fs)\n"
              "    connections: {protocol: http2, idle: 0, max_age: exponential(mean=%.9fs)}\n"
              "    requests: [{name: request, work: \"constant(1us)\"}]\n"
              "balancer: {layer: 4, algorithm: random}\n"
              "backends:\n  - {name: newcomer, slots: 4000, weight: 0}\n"
              "  - {name: server, count: %.0f, slots: 4000}\n"
              "timeline:\n  - {at: %.9fs, weight: newcomer, to: 1}\n",
              NEWCOMER_CLIENTS, life / NEWCOMER_ASKS, life, c->values[THEORY_BACKENDS], comes);
    text_addf(out, "run: {kind: steady, duration: %.9fs, warmup: %.9fs, settle: 1s, seed: %llu}\n",
              comes + t * 1.02, comes + t * 0.98, (unsigned long long)seed);
}

static void newcomer_share(const struct theory_case *c, const struct summary *summary,
                           const void *watch, double *figures)
{
    double all = 0;
    (void)c, (void)watch;
    for (uint32_t i = 0; i < summary->backend_count; i++)
        all += summary->backends[i].connections_mean;
    figures[0] = summary->backends[0].connections_mean / all;
}

/* --- k of n ----------------------------------------------------------------------------------- */

#define FLEET 100 /* backends */

struct fleet {
    uint32_t down;
    lb_time since, from, until;
    double time[FLEET + 1]; /* ns with so many down */
};

/* A weight that is set, to what it is, marks where the measured window begins and ends. */
static void hear_fleet(void *self, const struct happening *h)
{
    struct fleet *fleet = self;
    if (fleet->from > 0 && fleet->until == 0)
        fleet->time[fleet->down] += (double)(h->at - fleet->since);
    fleet->since = h->at;
    if (h->kind == HAPPENING_COMMAND && h->action == ACTION_WEIGHT)
        *(fleet->from == 0 ? &fleet->from : &fleet->until) = h->at;
    else if (h->kind == HAPPENING_COMMAND && h->action == ACTION_KILL)
        fleet->down++;
    else if (h->kind == HAPPENING_COMMAND && h->action == ACTION_RESTORE)
        fleet->down--;
}

static void fleet_figures(const struct theory_case *c, const struct summary *summary,
                          const void *self, double *figures)
{
    const struct fleet *fleet = self;
    uint32_t n = summary->backend_count, k = (uint32_t)c->values[THEORY_NEEDED];
    double down = 0, all = (double)(fleet->until - fleet->from);
    for (uint32_t i = n - k + 1; i <= n; i++)
        down += fleet->time[i];
    for (uint32_t i = 0; i < c->known_count; i++)
        figures[i] = c->known[i].quantity == THEORY_OUTAGE
                         ? down / all
                         : theory_figure(summary, c->known[i].quantity);
}

/*
 * The time is that of the backends; what the requests see of it: each tries one after the other, and
 * the (i+1)th when the first i are down, which has probability (1-A)^i.
 */
static int know_k_of_n(struct theory_case *c, struct lb_error *error)
{
    const double *v = c->values;
    double n = v[THEORY_BACKENDS], k = v[THEORY_NEEDED],
           part = availability_of(v[THEORY_UP], v[THEORY_DOWN]);
    if (k > n || n > FLEET)
        return lb_error_set(error, LB_ERROR_INVALID, "'%s': k of n=%.0f, and n is %d at most",
                            c->name, n, FLEET);
    double outage = 1 - availability_k_of_n((unsigned)k, (unsigned)n, part);
    if (outage < THEORY_LEAST)
        return lb_error_set(error, LB_ERROR_INVALID,
                            "'%s': an outage of %.2g is too rare to be seen", c->name, outage);
    double nobody = pow(1 - part, n), attempts = (1 - nobody) / part;
    theory_know(c, THEORY_OUTAGE, outage, THEORY_EXACT,
                "1 - sum over i >= k of C(n,i) A^i (1-A)^(n-i), A = up/(up+down)");
    theory_know(c, THEORY_ATTEMPTS, attempts, THEORY_EXACT,
                "sum of (1-A)^i, i < n: the next when all before it are down");
    if (k == 1)
        theory_know(c, THEORY_FAILING, nobody, THEORY_EXACT, "(1-A)^n");
    c->rate = 2 * n / v[THEORY_DOWN];
    c->relaxation = 1 / (1 / v[THEORY_UP] + 1 / v[THEORY_DOWN]);
    c->effort = c->rate * 2e4 * v[THEORY_DOWN] / (n - k + 1) / outage;
    return 0;
}

static void write_k_of_n(const struct theory_case *c, double requests, uint64_t seed,
                         struct text *out)
{
    const double *v = c->values;
    double warm = 20 * c->relaxation, end = warm + requests / c->rate;
    text_addf(out,
              "clients:\n  - name: clients\n    arrivals: poisson(rate=%.12g/s)\n"
              "    requests: [{name: request, work: \"constant(1us)\"}]\n"
              "balancer:\n  algorithm: random\n"
              "  retries: {max: %.0f, to: other, when: [refused]}\n",
              c->rate, v[THEORY_BACKENDS] - 1);
    text_addf(
        out,
        "backends:\n  - {name: server, count: %.0f, failures: {mtbf: exponential(mean=%.9fs), "
        "mttr: exponential(mean=%.9fs)}}\n"
        "timeline:\n  - {at: %.9fs, weight: server1, to: 1}\n"
        "  - {at: %.9fs, weight: server1, to: 1}\n",
        v[THEORY_BACKENDS], v[THEORY_UP], v[THEORY_DOWN], warm, end - 1e-6);
    text_addf(out,
              "run: {kind: steady, duration: %.9fs, warmup: %.9fs, sample: %.9fs, settle: 1s, "
              "seed: %llu}\n",
              end, warm, end / 100, (unsigned long long)seed);
}

/* --- the table -------------------------------------------------------------------------------- */

#define PLACED (THEORY_BIT(THEORY_BACKENDS) | THEORY_BIT(THEORY_CONNECTIONS))

static const struct theory_family families[] = {
    {.name = "layer4",
     .what = "connections that clients keep, placed at layer 4 (random)",
     .written = "n connections",
     .needed = PLACED,
     .know = theory_know_connections,
     .scenario = write_at_random,
     .watch_size = sizeof(struct placed),
     .sample = hear_placed,
     .figures = placed_figures},
    {.name = "layer4-choices",
     .what = "the same, at the emptier of two (power-of-two); choices=3, replacement=yes",
     .written = "n connections",
     .needed = PLACED,
     .allowed = THEORY_BIT(THEORY_CHOICES) | THEORY_BIT(THEORY_REPLACEMENT),
     .know = theory_know_choosing,
     .scenario = write_choosing,
     .watch_size = sizeof(struct placed),
     .sample = hear_placed,
     .figures = placed_figures},
    {.name = "layer4-newcomer",
     .what =
         "share of a backend that joins n, t seconds later; clients reconnect after `life` seconds",
     .written = "n life t",
     .needed = THEORY_BIT(THEORY_BACKENDS) | THEORY_BIT(THEORY_LIFE) | THEORY_BIT(THEORY_TIME),
     .know = know_newcomer,
     .scenario = write_newcomer,
     .figures = newcomer_share},
    {.name = "k-of-n",
     .what = "at least k=1 of n backends must be up, which fail and are repaired",
     .written = "n up down",
     .needed = THEORY_BIT(THEORY_BACKENDS) | THEORY_BIT(THEORY_UP) | THEORY_BIT(THEORY_DOWN),
     .allowed = THEORY_BIT(THEORY_NEEDED),
     .know = know_k_of_n,
     .scenario = write_k_of_n,
     .watch_size = sizeof(struct fleet),
     .happening = hear_fleet,
     .figures = fleet_figures},
};

static const char s_exact[] = "exact multinomial maximum";

static const struct theory_reference references[] = {
    {"layer4 n=5 connections=10", THEORY_MAX, 3.75558656, 1e-8, s_exact},
    {"layer4 n=5 connections=10", THEORY_IDLE, 0.536870912, 1e-9, "n (1-1/n)^C"},
    {"layer4 n=5 connections=10", THEORY_EMPTY, 0.4774528, 1e-9, "inclusion, exclusion"},
    {"layer4 n=5 connections=10", THEORY_UNEVEN, 0.632455532, 1e-9, "sqrt((n-1)/C)"},
    {"layer4 n=10 connections=10", THEORY_IDLE, 3.486784401, 1e-9, "n (1-1/n)^C"},
    {"layer4 n=10 connections=100", THEORY_MAX, 15.12452743, 1e-8, s_exact},
    {"layer4-choices n=5 connections=10", THEORY_MAX, 2.7928625, 2.4e-4, "Monte Carlo"},
    {"layer4-newcomer n=4 life=60 t=60", THEORY_NEW, 0.1264241118, 1e-9, "(1-1/e)/5"},
    {"k-of-n n=2 up=900 down=100", THEORY_OUTAGE, 0.01, 1e-9, "1-A = 0.1, squared"},
    {"k-of-n n=3 up=900 down=100 k=2", THEORY_OUTAGE, 0.028, 1e-9, "3 x 0.1^2 x 0.9 + 0.1^3"},
    {.row = NULL},
};

const struct theory_group theory_balancers =
    THEORY_GROUP("Connections at layer 4, k of n", families, references);
