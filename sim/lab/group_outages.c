/*
 * What an outage costs: until it is noticed or over, whichever comes first; and what clients of a dead balancer lose
 * until their resolver tells them another address. In the real world of the simulator.
 *
 * The idea: a share of requests that fail is a share of time, so the length of an outage is counted in requests of a
 * steady Poisson stream.
 */
#include <math.h>

#include "sim/base/availability.h"
#include "sim/base/text.h"
#include "sim/lab/theory_family.h"

/* --- noticed or over ------------------------------------------------------------------------------- */

#define FALL 50.0 /* checks until it is noticed: they come so often that the time hardly varies */

static int know_unnoticed(struct theory_case *c, struct lb_error *error)
{
    double down = c->values[THEORY_DOWN], detect = c->values[THEORY_TIME];
    double mean = availability_unnoticed(down, detect), up = c->values[THEORY_UP];
    if (mean / (up + down) < 0.001)
        return lb_error_set(error, LB_ERROR_INVALID,
                            "'%s': %.2g of the time is too little to be seen", c->name,
                            mean / (up + down));
    /* The instant of notice is uniform over a fiftieth of t: to second order it changes nothing. */
    theory_know(c, THEORY_DELAY, mean, 1e-4,
                "down (1 - exp(-t/down)): the least of repair and notice");
    c->rate = 20 / fmin(mean, up);
    c->relaxation = up + down;
    c->effort = 4e3 * c->rate * (up + down) + 1e4 * (up + down) / mean;
    return 0;
}

static void write_unnoticed(const struct theory_case *c, double requests, uint64_t seed,
                            struct text *out)
{
    double every = c->values[THEORY_TIME] / (FALL - 0.5), warm = 2 * c->relaxation;
    text_addf(out,
              "clients:\n  - name: clients\n    arrivals: poisson(rate=%.12g/s)\n"
              "    requests: [{name: request, work: \"constant(1us)\"}]\n"
              "balancer:\n  algorithm: random\n"
              "  health: {active: {every: %.9fs, timeout: %.9fs, fall: %.0f, rise: 1}}\n",
              c->rate, every, every, FALL);
    text_addf(out,
              "backends:\n  - {name: server, failures: {mtbf: exponential(mean=%.9fs), "
              "mttr: exponential(mean=%.9fs)}}\n"
              "run: {kind: steady, duration: %.9fs, warmup: %.9fs, settle: 1s, seed: %llu}\n",
              c->values[THEORY_UP], c->values[THEORY_DOWN], warm + requests / c->rate, warm,
              (unsigned long long)seed);
}

/* Refused: it is dead and its balancer does not know. Who comes later finds nobody, which is another cause. */
static void unnoticed_figures(const struct theory_case *c, const struct summary *summary,
                              const void *watch, double *figures)
{
    const struct summary_counts *counts = &summary->counts;
    (void)watch;
    figures[0] = (double)counts->cause[CAUSE_REFUSED] / (double)counts->arrived *
                 (c->values[THEORY_UP] + c->values[THEORY_DOWN]);
}

/* --- names ------------------------------------------------------------------------------------------ */

#define CLIENTS 20000.0 /* each with a resolver of its own, asked all the time */
#define ASKED   1e5     /* requests of a run while some may still go astray */

static int know_dns(struct theory_case *c, struct lb_error *error)
{
    (void)error;
    theory_know(c, THEORY_DELAY,
                availability_dns_outage(c->values[THEORY_TTL], c->values[THEORY_TIME], 0),
                THEORY_EXACT, "t + ttl/2: what a record has left is uniform in (0, ttl)");
    c->rate = c->relaxation = 1;
    c->effort = 20;
    return 0;
}

static void write_dns(const struct theory_case *c, double requests, uint64_t seed, struct text *out)
{
    double ttl = c->values[THEORY_TTL], t = c->values[THEORY_TIME], dies = 2 * ttl;
    double over = t + 1.01 * ttl;
    (void)requests;
    text_addf(out,
              "clients:\n  - name: clients\n    arrivals: poisson(rate=%.12g/s)\n"
              "    population: {clients: %.0f}\n"
              "    requests: [{name: request, work: \"constant(1us)\"}]\n    timeout: %.9fs\n"
              "balancer:\n  name: lb\n  count: 2\n  algorithm: random\n  clients: dns(ttl=%.9fs)\n"
              "  redundancy: {mode: single, detect: %.9fs}\n"
              "backends:\n  - {name: server, slots: 100}\n",
              ASKED / over, CLIENTS, ttl / 1000, ttl, t);
    text_addf(out,
              "timeline:\n  - {at: %.9fs, kill: lb1}\n"
              "run: {kind: steady, duration: %.9fs, warmup: %.9fs, settle: %.9fs, seed: %llu}\n",
              dies, dies + over, dies, ttl, (unsigned long long)seed);
}

/* Half of the clients had the one that died; each asks at the same rate. */
static void dns_figures(const struct theory_case *c, const struct summary *summary,
                        const void *watch, double *figures)
{
    (void)c, (void)watch;
    figures[0] = 2 * theory_figure(summary, THEORY_FAILING) * summary->simulated_s;
}

/* --- the table -------------------------------------------------------------------------------------- */

static const struct theory_family families[] = {
    {.name = "unnoticed",
     .what = "time that an outage stays unnoticed: repaired, or noticed after t seconds",
     .written = "t up down",
     .needed = THEORY_BIT(THEORY_TIME) | THEORY_BIT(THEORY_UP) | THEORY_BIT(THEORY_DOWN),
     .know = know_unnoticed,
     .scenario = write_unnoticed,
     .figures = unnoticed_figures},
    {.name = "dns-outage",
     .what = "what a client of a balancer loses that dies, and leaves the names t seconds later",
     .written = "t ttl",
     .needed = THEORY_BIT(THEORY_TIME) | THEORY_BIT(THEORY_TTL),
     .know = know_dns,
     .scenario = write_dns,
     .figures = dns_figures},
};

static const struct theory_reference references[] = {
    {"unnoticed t=10 up=200 down=60", THEORY_DELAY, 9.211096507, 1e-9, "MTTR (1 - exp(-D/MTTR))"},
    {"dns-outage t=15 ttl=60", THEORY_DELAY, 45, 1e-9, "detect + update + ttl/2"},
    {"dns-outage t=15 ttl=300", THEORY_DELAY, 165, 1e-9, "detect + update + ttl/2"},
    {.row = NULL},
};

const struct theory_group theory_outages = THEORY_GROUP("Outages", families, references);
