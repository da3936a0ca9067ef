/*
 * Several equal balancers: how long until another has the address of one that died, and who still
 * goes by an old name. In the real world of the simulator: VRRP between balancers, resolvers that keep
 * a record for its ttl.
 */
#include <string.h>

#include "sim/base/availability.h"
#include "sim/base/text.h"
#include "sim/lab/theory_family.h"

#define CLIENTS 20000.0 /* each with a resolver of its own */

static void plan(struct theory_case *c)
{
    c->rate = c->relaxation = 1;
    c->effort = 20;
}

/* --- VRRP ------------------------------------------------------------------------------------- */

static int know_takeover(struct theory_case *c, struct lb_error *error)
{
    double mean = availability_vrrp_takeover(3, (unsigned)c->values[THEORY_PRIORITY],
                                             c->values[THEORY_ADVERT]);
    if (c->values[THEORY_PRIORITY] > 253)
        return lb_error_set(error, LB_ERROR_INVALID,
                            "'%s': the master has the higher priority, 254: 253 at most", c->name);
    theory_know(c, THEORY_DELAY, mean, THEORY_EXACT,
                "3 adverts + (256-priority)/256 of one - half of one; RFC 5798, 6.1");
    plan(c);
    return 0;
}

/* The phase of the adverts is a draw of its own, so the crash is at a random moment between two. */
static void write_takeover(const struct theory_case *c, double requests, uint64_t seed,
                           struct text *out)
{
    double advert = c->values[THEORY_ADVERT];
    (void)requests;
    text_addf(out,
              "clients:\n  - name: clients\n    arrivals: poisson(rate=%.9g/s)\n"
              "    requests: [{name: request, work: \"constant(1us)\"}]\n    timeout: 1ms\n"
              "balancer:\n  name: lb\n  count: 2\n  algorithm: random\n"
              "  redundancy: {mode: active-passive, advert: %.9fs, priorities: [254, %.0f]}\n"
              "backends:\n  - {name: server}\n",
              1 / advert, advert, c->values[THEORY_PRIORITY]);
    text_addf(out,
              "timeline:\n  - {at: %.9fs, kill: lb1}\n"
              "run: {kind: transient, duration: %.9fs, sample: %.9fs, seed: %llu}\n",
              5 * advert, 10 * advert, advert, (unsigned long long)seed);
}

struct takeover {
    lb_time died, taken;
};

static void hear_takeover(void *self, const struct happening *h)
{
    struct takeover *takeover = self;
    if (h->kind == HAPPENING_COMMAND && h->action == ACTION_KILL)
        takeover->died = h->at;
    else if (h->kind == HAPPENING_PHASE && takeover->died > 0 && strcmp(h->what, "master") == 0)
        takeover->taken = h->at;
}

static void takeover_figures(const struct theory_case *c, const struct summary *summary,
                             const void *self, double *figures)
{
    const struct takeover *takeover = self;
    (void)c, (void)summary;
    figures[0] = (double)(takeover->taken - takeover->died) / 1e9;
}

/* --- names ------------------------------------------------------------------------------------ */

static int know_stale(struct theory_case *c, struct lb_error *error)
{
    double share = availability_dns_stale(c->values[THEORY_TTL], c->values[THEORY_TIME]);
    if (share < 0.01)
        return lb_error_set(error, LB_ERROR_INVALID, "'%s': a share of %.2g is too small to see",
                            c->name, share);
    theory_know(c, THEORY_STALE, share, THEORY_EXACT,
                "1 - t/ttl: what a record has left is uniform in (0, ttl)");
    plan(c);
    return 0;
}

/* One of two balancers dies, and leaves the names after `leaves`. What is measured begins `from` after that, and ends
 * `until` after it; `asked` requests then, and a client waits for a thousandth of a ttl. */
static void write_names(const struct theory_case *c, double asked, double leaves, double from,
                        double until, uint64_t seed, struct text *out)
{
    double ttl = c->values[THEORY_TTL], dies = 2 * ttl;
    text_addf(out,
              "clients:\n  - name: clients\n    arrivals: poisson(rate=%.12g/s)\n"
              "    population: {clients: %.0f}\n"
              "    requests: [{name: request, work: \"constant(1us)\"}]\n    timeout: %.9fs\n"
              "balancer:\n  name: lb\n  count: 2\n  algorithm: random\n  clients: dns(ttl=%.9fs)\n"
              "  redundancy: {mode: single, detect: %.9fs}\n"
              "backends:\n  - {name: server, slots: 100}\n",
              asked / (until - from), CLIENTS, ttl / 1000, ttl, leaves);
    text_addf(out,
              "timeline:\n  - {at: %.9fs, kill: lb1}\n"
              "run: {kind: steady, duration: %.9fs, warmup: %.9fs, settle: %.9fs, seed: %llu}\n",
              dies, dies + until, dies + from, ttl, (unsigned long long)seed);
}

/* The names change at once. Measured around t: the share falls in a straight line. */
static void write_stale(const struct theory_case *c, double requests, uint64_t seed,
                        struct text *out)
{
    double ttl = c->values[THEORY_TTL], t = c->values[THEORY_TIME];
    double around = 0.5 * (ttl - t < t ? ttl - t : t);
    (void)requests;
    write_names(c, 4000, 1e-9, t - around, t + around, seed, out);
}

/* Half of them had the one that died. */
static void stale_figures(const struct theory_case *c, const struct summary *summary,
                          const void *watch, double *figures)
{
    (void)watch;
    for (uint32_t k = 0; k < c->known_count; k++)
        figures[k] = 2 * theory_figure(summary, THEORY_FAILING);
}

#define ASKED 1e5 /* requests while some may still go astray */

static int know_dns(struct theory_case *c, struct lb_error *error)
{
    (void)error;
    theory_know(c, THEORY_DELAY,
                availability_dns_outage(c->values[THEORY_TTL], c->values[THEORY_TIME], 0),
                THEORY_EXACT, "t + ttl/2: what a record has left is uniform in (0, ttl)");
    plan(c);
    return 0;
}

static void write_dns(const struct theory_case *c, double requests, uint64_t seed, struct text *out)
{
    double t = c->values[THEORY_TIME];
    (void)requests;
    write_names(c, ASKED, t, 0, t + 1.01 * c->values[THEORY_TTL], seed, out);
}

/* Half of the clients had the one that died; each asks at the same rate. */
static void dns_figures(const struct theory_case *c, const struct summary *summary,
                        const void *watch, double *figures)
{
    (void)c, (void)watch;
    figures[0] = 2 * theory_figure(summary, THEORY_FAILING) * summary->simulated_s;
}

/* --- the table -------------------------------------------------------------------------------- */

static const struct theory_family families[] = {
    {.name = "takeover",
     .what = "a backup takes over from a master that died (VRRP 3); priority=100",
     .written = "advert",
     .needed = THEORY_BIT(THEORY_ADVERT),
     .allowed = THEORY_BIT(THEORY_PRIORITY),
     .know = know_takeover,
     .scenario = write_takeover,
     .watch_size = sizeof(struct takeover),
     .happening = hear_takeover,
     .figures = takeover_figures},
    {.name = "stale-names",
     .what = "clients of one that died who still go there t seconds later (DNS)",
     .written = "t ttl",
     .needed = THEORY_BIT(THEORY_TTL) | THEORY_BIT(THEORY_TIME),
     .know = know_stale,
     .scenario = write_stale,
     .figures = stale_figures},
    {.name = "dns-outage",
     .what = "what a client of a balancer loses that dies, and leaves the names t seconds later",
     .written = "t ttl",
     .needed = THEORY_BIT(THEORY_TIME) | THEORY_BIT(THEORY_TTL),
     .know = know_dns,
     .scenario = write_dns,
     .figures = dns_figures},
};

static const struct theory_reference references[] = {
    {"takeover advert=1", THEORY_DELAY, 3.109375, 1e-9, "3.609375 - 1/2"},
    {"takeover priority=150 advert=3", THEORY_DELAY, 8.7421875, 1e-9, "10.2421875 - 3/2"},
    {"stale-names t=30 ttl=60", THEORY_STALE, 0.5, 1e-9, "1 - t/ttl"},
    {"stale-names t=60 ttl=300", THEORY_STALE, 0.8, 1e-9, "1 - t/ttl"},
    {"dns-outage t=15 ttl=60", THEORY_DELAY, 45, 1e-9, "detect + update + ttl/2"},
    {"dns-outage t=15 ttl=300", THEORY_DELAY, 165, 1e-9, "detect + update + ttl/2"},
    {.row = NULL},
};

const struct theory_group theory_takeover = THEORY_GROUP("Several balancers", families, references);
