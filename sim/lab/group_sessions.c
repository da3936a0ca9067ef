/*
 * Sessions: who loses what the application remembers of him when a backend dies, leaves or joins. In
 * the real world of the simulator: users who think and ask again, state in the memory of the backend
 * that served last.
 */
#include <math.h>

#include "sim/base/text.h"
#include "sim/lab/theory_family.h"

#define THINK   10.0 /* seconds on average; only its ratio to other times counts */
#define BEFORE  10.0 /* times that, until something happens: all have asked */
#define AFTER   14.0 /* times that, until all have asked again */
#define UNSTUCK 400.0

/* --- what is known ---------------------------------------------------------------------------- */

static void plan(struct theory_case *c)
{
    c->rate = c->relaxation = 1;
    c->effort = 20;
}

/* Addresses are the same in every replication: one sample of keys, accurate to its deviation. */
static int know_change(struct theory_case *c, double share, const char *source,
                       struct lb_error *error)
{
    double users = c->values[THEORY_SESSIONS];
    if (c->values[THEORY_TO] == c->values[THEORY_BACKENDS])
        return lb_error_set(error, LB_ERROR_INVALID, "'%s': nothing changes", c->name);
    theory_know(c, THEORY_LOST, users * share, sqrt((1 - share) / share / users), source);
    plan(c);
    return 0;
}

static int know_modulo(struct theory_case *c, struct lb_error *error)
{
    double from = c->values[THEORY_BACKENDS], to = c->values[THEORY_TO];
    double a = from, b = to;
    while (b > 0) {
        double rest = fmod(a, b);
        a = b;
        b = rest;
    }
    return know_change(c, 1 - fmin(from, to) / (from / a * to),
                       "1 - min/lcm of all: whoever is hashed elsewhere has lost it", error);
}

static int know_consistent(struct theory_case *c, struct lb_error *error)
{
    double from = c->values[THEORY_BACKENDS], to = c->values[THEORY_TO];
    return know_change(c, fabs(from - to) / fmax(from, to),
                       "|n - to| / max(n, to) of all: as few as can be", error);
}

static int know_crash(struct theory_case *c, struct lb_error *error)
{
    (void)error;
    theory_know(c, THEORY_LOST, c->values[THEORY_SESSIONS] / c->values[THEORY_BACKENDS],
                THEORY_EXACT, "sessions / n: those of the backend that died");
    plan(c);
    return 0;
}

static int know_relogin(struct theory_case *c, struct lb_error *error)
{
    (void)error;
    const double *v = c->values;
    theory_know(c, THEORY_LOGINS,
                -v[THEORY_SESSIONS] / v[THEORY_BACKENDS] * expm1(-v[THEORY_TIME] / v[THEORY_THINK]),
                THEORY_EXACT, "sessions / n (1 - e^(-t/think)): each comes back when it asks");
    plan(c);
    return 0;
}

static int know_unstuck(struct theory_case *c, struct lb_error *error)
{
    (void)error;
    theory_know(c, THEORY_HIT, 1 / c->values[THEORY_BACKENDS], THEORY_EXACT,
                "1/n: the next request comes to the same one by chance");
    plan(c);
    return 0;
}

/* --- the scenario ----------------------------------------------------------------------------- */

static void write_users(double users, double think, const char *balancer, struct text *out)
{
    text_addf(out,
              "clients:\n  - name: clients\n    users: %.0f\n    think: exponential(mean=%.9fs)\n"
              "    requests: [{name: request, work: \"constant(1us)\"}]\n"
              "balancer:\n  algorithm: %s\n",
              users, think, balancer);
    text_addf(out, "state: {store: memory}\n");
}

static void write_change(const struct theory_case *c, uint64_t seed, const char *algorithm,
                         struct text *out)
{
    int from = (int)c->values[THEORY_BACKENDS], to = (int)c->values[THEORY_TO];
    int common = from < to ? from : to, all = from > to ? from : to;
    write_users(c->values[THEORY_SESSIONS], THINK, algorithm, out);
    text_addf(out, "backends:\n  - {name: server, count: %d, slots: 1000}\n", common);
    text_addf(out, "  - {name: other, count: %d, slots: 1000, weight: %d}\n", all - common,
              from > to ? 1 : 0);
    text_addf(out,
              "timeline:\n  - {at: %gs, weight: other, to: %d}\n"
              "run: {kind: transient, duration: %gs, seed: %llu}\n",
              BEFORE * THINK, from > to ? 0 : 1, (BEFORE + AFTER) * THINK,
              (unsigned long long)seed);
}

static void write_modulo(const struct theory_case *c, double requests, uint64_t seed,
                         struct text *out)
{
    (void)requests;
    write_change(c, seed, "source-hash", out);
}

static void write_consistent(const struct theory_case *c, double requests, uint64_t seed,
                             struct text *out)
{
    (void)requests;
    write_change(c, seed, "rendezvous", out);
}

/* Sticky users; one backend dies, and the balancer tries another for those who come to it. */
static void write_death(const struct theory_case *c, double think, double after, uint64_t seed,
                        struct text *out)
{
    write_users(c->values[THEORY_SESSIONS], think,
                "random\n  sticky: {by: cookie}\n  retries: {max: 3, to: other, when: [refused]}",
                out);
    text_addf(out,
              "backends:\n  - {name: server, count: %.0f, slots: 1000}\n"
              "timeline:\n  - {at: %.9fs, kill: server1}\n"
              "run: {kind: transient, duration: %.9fs, seed: %llu}\n",
              c->values[THEORY_BACKENDS], BEFORE * think, BEFORE * think + after,
              (unsigned long long)seed);
}

static void write_crash(const struct theory_case *c, double requests, uint64_t seed,
                        struct text *out)
{
    (void)requests;
    write_death(c, THINK, THINK, seed, out);
}

static void write_relogin(const struct theory_case *c, double requests, uint64_t seed,
                          struct text *out)
{
    (void)requests;
    write_death(c, c->values[THEORY_THINK], c->values[THEORY_TIME], seed, out);
}

static void write_unstuck(const struct theory_case *c, double requests, uint64_t seed,
                          struct text *out)
{
    (void)requests;
    write_users(UNSTUCK, THINK, "random", out);
    text_addf(out,
              "backends:\n  - {name: server, count: %.0f, slots: 1000}\n"
              "run: {kind: steady, duration: %gs, warmup: %gs, seed: %llu}\n",
              c->values[THEORY_BACKENDS], 3 * BEFORE * THINK, 2 * BEFORE * THINK,
              (unsigned long long)seed);
}

static void session_figures(const struct theory_case *c, const struct summary *summary,
                            const void *watch, double *figures)
{
    const uint64_t *count = summary->sessions.count;
    (void)watch;
    for (uint32_t k = 0; k < c->known_count; k++)
        switch (c->known[k].quantity) {
        case THEORY_LOST:
            figures[k] = (double)count[SESSION_LOST];
            break;
        case THEORY_LOGINS:
            figures[k] = (double)count[SESSION_LOGIN];
            break;
        default:
            figures[k] = 1 - (double)count[SESSION_LOGIN] / (double)summary->counts.arrived;
        }
}

/* --- the table -------------------------------------------------------------------------------- */

#define OF_N (THEORY_BIT(THEORY_BACKENDS) | THEORY_BIT(THEORY_SESSIONS))

static const struct theory_family families[] = {
    {.name = "sessions-crash",
     .what = "lost when one of n dies, users stay with their backend",
     .written = "n sessions",
     .needed = OF_N,
     .know = know_crash,
     .scenario = write_crash,
     .figures = session_figures},
    {.name = "sessions-modulo",
     .what = "lost when n backends become `to`, hash modulo n (source-hash)",
     .written = "n to sessions",
     .needed = OF_N | THEORY_BIT(THEORY_TO),
     .know = know_modulo,
     .scenario = write_modulo,
     .figures = session_figures},
    {.name = "sessions-consistent",
     .what = "the same, consistent hashing (rendezvous)",
     .written = "n to sessions",
     .needed = OF_N | THEORY_BIT(THEORY_TO),
     .know = know_consistent,
     .scenario = write_consistent,
     .figures = session_figures},
    {.name = "relogin",
     .what = "who has logged in again t seconds after one of n died",
     .written = "n sessions think t",
     .needed = OF_N | THEORY_BIT(THEORY_THINK) | THEORY_BIT(THEORY_TIME),
     .know = know_relogin,
     .scenario = write_relogin,
     .figures = session_figures},
    {.name = "unstuck",
     .what = "requests that find their session by chance, no affinity (random)",
     .written = "n",
     .needed = THEORY_BIT(THEORY_BACKENDS),
     .know = know_unstuck,
     .scenario = write_unstuck,
     .figures = session_figures},
};

static const struct theory_reference references[] = {
    {"sessions-crash n=3 sessions=1200", THEORY_LOST, 400, 1e-9, "S/n"},
    {"sessions-modulo n=3 to=2 sessions=1200", THEORY_LOST, 800, 1e-9, "S (1-1/n)"},
    {"sessions-modulo n=3 to=4 sessions=1200", THEORY_LOST, 900, 1e-9, "S n/(n+1)"},
    {"sessions-consistent n=3 to=4 sessions=1200", THEORY_LOST, 300, 1e-9, "S/(n+1)"},
    {"relogin n=5 think=300 t=300 sessions=2000", THEORY_LOGINS, 252.8482236, 1e-9,
     "S/n (1-e^(-t/a))"},
    {"unstuck n=3", THEORY_HIT, 0.3333333333, 1e-9, "1/n"},
    {.row = NULL},
};

const struct theory_group theory_sessions = THEORY_GROUP("Sessions", families, references);
