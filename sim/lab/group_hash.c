/*
 * Hashing: how evenly keys are spread, and how many of them move when a backend comes or goes.
 * Trials of the real algorithms with fresh names of backends and random keys.
 */
#include <math.h>
#include <string.h>

#include "sim/base/occupancy.h"
#include "sim/lab/hashing.h"
#include "sim/lab/theory_family.h"

static const char s_ring[] = "shares are Dirichlet(v, ..., v): Beta and Gamma; Devroye 1986, 5";
static const char s_multinomial[] = "each key anywhere with the same chance: multinomial";

#define N(c) ((uint32_t)(c)->values[THEORY_BACKENDS])

static void need(struct theory_case *c, double mean, double sd)
{
    c->rate = c->relaxation = 1;
    c->effort = fmax(c->effort, theory_trials(mean, sd));
}

/* --- keys that move ---------------------------------------------------------------------------- */

#define MOVE_KEYS 2000

static uint32_t common(uint32_t a, uint32_t b)
{
    while (b != 0) {
        uint32_t rest = a % b;
        a = b;
        b = rest;
    }
    return a;
}

/* any: standard deviation of the share that moves in one trial. */
static int know_change(struct theory_case *c, double moved, double any, const char *source,
                       struct lb_error *error)
{
    if (c->values[THEORY_TO] == N(c))
        return lb_error_set(error, LB_ERROR_INVALID, "'%s': nothing changes", c->name);
    theory_know(c, THEORY_MOVED, moved, THEORY_EXACT, source);
    need(c, moved, any);
    return 0;
}

static int know_modulo(struct theory_case *c, struct lb_error *error)
{
    uint32_t from = N(c), to = (uint32_t)c->values[THEORY_TO];
    double multiple = (double)from / common(from, to) * to;
    return know_change(c, 1 - fmin(from, to) / multiple, 0.02,
                       "1 - min(n, to) / lcm(n, to): Chinese remainders", error);
}

static int know_consistent(struct theory_case *c, struct lb_error *error)
{
    double from = N(c), to = c->values[THEORY_TO], moved = fabs(from - to) / fmax(from, to);
    return know_change(c, moved, sqrt(moved / MOVE_KEYS) + 0.1 * moved,
                       "|n - to| / max(n, to): as few as can be; Karger and others 1997", error);
}

static int try_change(const struct theory_case *c, const char *algorithm, bool any, uint32_t trials,
                      const struct stream_key *key, double *figures, struct lb_error *error)
{
    struct hashing h = {.algorithm = algorithm,
                        .from = N(c),
                        .to = (uint32_t)c->values[THEORY_TO],
                        .keys = MOVE_KEYS,
                        .any = any};
    return hashing_means(c, &h, trials, key, figures, error);
}

static int try_modulo(const struct theory_case *c, uint32_t trials, const struct stream_key *key,
                      double *figures, struct lb_error *error)
{
    return try_change(c, "source-hash", true, trials, key, figures, error);
}

static int try_ring_change(const struct theory_case *c, uint32_t trials,
                           const struct stream_key *key, double *figures, struct lb_error *error)
{
    return try_change(c, "ring-hash", true, trials, key, figures, error);
}

static int try_rendezvous_change(const struct theory_case *c, uint32_t trials,
                                 const struct stream_key *key, double *figures,
                                 struct lb_error *error)
{
    return try_change(c, "rendezvous", true, trials, key, figures, error);
}

static int try_jump_change(const struct theory_case *c, uint32_t trials,
                           const struct stream_key *key, double *figures, struct lb_error *error)
{
    return try_change(c, "jump", false, trials, key, figures, error);
}

/* --- shares ----------------------------------------------------------------------------------- */

#define KEYS_NOISE 0.2 /* of the keys, beside the variance of the ring itself */

/* So many keys that the ring shows well; else as many as the case says. */
static double ring_keys(const struct theory_case *c)
{
    double ring = occupancy_ring_cv(N(c), c->values[THEORY_POINTS]);
    double keys = fmax(50, ceil((N(c) - 1) / (KEYS_NOISE * ring * ring)));
    return c->values[THEORY_KEYS] > 0 ? c->values[THEORY_KEYS] : keys;
}

/*
 * The ring's own shares, or with keys= those of the keys. A trial only sees keys. What their chance
 * adds to the largest and takes from the smallest is known exactly, and taken off again (`aside`).
 */
static int know_ring(struct theory_case *c, struct lb_error *error)
{
    double v = c->values[THEORY_POINTS], ring = occupancy_ring_cv(N(c), v);
    double keys = ring_keys(c);
    (void)error;
    need(c, 1, sqrt((v < 5 ? 4 : 1.4) / (2.0 * (N(c) - 1))));
    if (c->values[THEORY_KEYS] > 0) {
        theory_know(c, THEORY_UNEVEN, occupancy_keys_cv(N(c), v, keys), THEORY_EXACT,
                    "sqrt(ring^2 (1-1/keys) + (n-1)/keys), ring^2 = (n-1)/(n v+1)");
        return 0;
    }
    double most = occupancy_max(N(c), (uint32_t)keys, v, 0, NULL) * N(c) / keys;
    double least = occupancy_min(N(c), (uint32_t)keys, v) * N(c) / keys;
    double all = occupancy_ring_max(N(c), v), none = occupancy_ring_min(N(c), v);
    c->aside[0] = most - all;
    c->aside[1] = least - none;
    need(c, all, 0.7 * ring);
    need(c, none, fmin(none, 0.7 * ring));
    theory_know(c, THEORY_UNEVEN, ring, THEORY_EXACT, "sqrt((n-1)/(n v+1)): Beta(v, (n-1) v)");
    theory_know(c, THEORY_MAX, all, THEORY_EXACT, s_ring);
    theory_know(c, THEORY_MIN, none, THEORY_EXACT, s_ring);
    theory_know_tabulated(c);
    return 0;
}

static int try_ring(const struct theory_case *c, uint32_t trials, const struct stream_key *key,
                    double *figures, struct lb_error *error)
{
    bool heir = false;
    for (uint32_t k = 0; k < c->known_count; k++)
        heir |= c->known[k].quantity == THEORY_HEIR;
    struct hashing h = {.algorithm = "ring-hash",
                        .parameters = {{"points", c->values[THEORY_POINTS]}},
                        .from = N(c),
                        .to = heir ? N(c) - 1 : 0,
                        .keys = (uint32_t)ring_keys(c),
                        .any = true};
    if (hashing_means(c, &h, trials, key, figures, error) != 0)
        return -1;
    for (uint32_t k = 0; k < c->known_count && c->values[THEORY_KEYS] == 0; k++) {
        enum theory_quantity q = c->known[k].quantity;
        if (q == THEORY_UNEVEN) /* the law of total variance, backwards */
            figures[k] = (figures[k] - (N(c) - 1.0) / h.keys) / (1 - 1.0 / h.keys);
        else if (q == THEORY_MAX || q == THEORY_MIN)
            figures[k] -= c->aside[q == THEORY_MAX ? 0 : 1];
    }
    return 0;
}

static int know_keys(struct theory_case *c, struct lb_error *error)
{
    (void)error;
    double keys = c->values[THEORY_KEYS];
    double most = occupancy_max(N(c), (uint32_t)keys, INFINITY, 0, NULL) * N(c) / keys;
    theory_know(c, THEORY_UNEVEN, occupancy_keys_cv(N(c), INFINITY, keys), THEORY_EXACT,
                s_multinomial);
    theory_know(c, THEORY_MAX, most, THEORY_EXACT, s_multinomial);
    need(c, 1, sqrt(1 / (2.0 * (N(c) - 1))));
    need(c, most, fmax(0.6 * sqrt(N(c) / keys), N(c) / keys));
    return 0;
}

static int try_rendezvous_keys(const struct theory_case *c, uint32_t trials,
                               const struct stream_key *key, double *figures,
                               struct lb_error *error)
{
    struct hashing h = {
        .algorithm = "rendezvous", .from = N(c), .keys = (uint32_t)c->values[THEORY_KEYS]};
    return hashing_means(c, &h, trials, key, figures, error);
}

static int try_jump_keys(const struct theory_case *c, uint32_t trials, const struct stream_key *key,
                         double *figures, struct lb_error *error)
{
    struct hashing h = {
        .algorithm = "jump", .from = N(c), .keys = (uint32_t)c->values[THEORY_KEYS]};
    return hashing_means(c, &h, trials, key, figures, error);
}

/* Weights 1, 2, ..., n: the last has 2 / (n + 1) of all. */
static int know_weighted(struct theory_case *c, struct lb_error *error)
{
    (void)error;
    double share = 2 / (c->values[THEORY_BACKENDS] + 1);
    theory_know(c, THEORY_NEW, share, THEORY_EXACT,
                "score -w / ln u gives weight over weights; Schindelhauer and Schomaker 2005");
    need(c, share, sqrt(share * (1 - share) / MOVE_KEYS));
    return 0;
}

static int try_weighted(const struct theory_case *c, uint32_t trials, const struct stream_key *key,
                        double *figures, struct lb_error *error)
{
    struct hashing h = {
        .algorithm = "rendezvous", .from = N(c), .keys = MOVE_KEYS, .weighted = true};
    return hashing_means(c, &h, trials, key, figures, error);
}

/* --- Maglev ----------------------------------------------------------------------------------- */

static int know_maglev(struct theory_case *c, struct lb_error *error)
{
    double n = c->values[THEORY_BACKENDS], table = c->values[THEORY_TABLE];
    for (double factor = 2; factor * factor <= table; factor++)
        if (fmod(table, factor) == 0)
            return lb_error_set(error, LB_ERROR_INVALID,
                                "'%s': the size of the table is a prime, as 65537 is", c->name);
    theory_know(c, THEORY_MAX, ceil(table / n) * n / table, THEORY_EXACT,
                "slots are taken in turn: floor or ceil(table/n) each; Eisenbud and others 2016");
    theory_know(c, THEORY_MIN, floor(table / n) * n / table, THEORY_EXACT,
                "slots are taken in turn: floor or ceil(table/n) each; Eisenbud and others 2016");
    theory_know_tabulated(c);
    c->rate = c->relaxation = 1;
    c->effort = 20;
    if (c->values[THEORY_TO] < n)
        return 0;
    return lb_error_set(error, LB_ERROR_INVALID, "'%s': some of n leave, so to is less", c->name);
}

struct slots {
    double most, least;
};

static void see_slots(void *to, int32_t backend, const char *name, double value)
{
    struct slots *slots = to;
    if (backend < 0 || strcmp(name, "slots") != 0)
        return;
    slots->most = fmax(slots->most, value);
    slots->least = fmin(slots->least, value);
}

/* Moves are counted over keys, of which a trial has so many that the rare ones are seen. */
#define MAGLEV_KEYS 40000

static int try_maglev(const struct theory_case *c, uint32_t trials, const struct stream_key *key,
                      double *figures, struct lb_error *error)
{
    double sums[THEORY_QUANTITIES] = {0}, size = c->values[THEORY_TABLE];
    bool moves = c->known_count > 2;
    struct hashing h = {.algorithm = "maglev",
                        .parameters = {{"table-size", size}},
                        .from = N(c),
                        .to = c->values[THEORY_TO] > 0 ? (uint32_t)c->values[THEORY_TO] : N(c) - 1,
                        .keys = MAGLEV_KEYS,
                        .any = true};
    for (uint32_t trial = 0; trial < trials; trial++) {
        struct lab_host host;
        struct slots slots = {0, INFINITY};
        double unused[THEORY_QUANTITIES] = {0};
        if (lab_host_open(&host, h.algorithm, h.parameters, N(c), N(c), NULL, key, trial, error) !=
            0)
            return -1;
        host.algorithm->describe(host.state, see_slots, &slots);
        lab_host_close(&host);
        if (moves && hashing_try(&h, key, trial, unused, error) != 0)
            return -1;
        sums[THEORY_MAX] += slots.most * N(c) / size;
        sums[THEORY_MIN] += slots.least * N(c) / size;
        sums[THEORY_MOVED] += unused[THEORY_MOVED];
        sums[THEORY_ASTRAY] += unused[THEORY_ASTRAY];
    }
    theory_means(c, sums, trials, figures);
    return 0;
}

/* --- a bound of the load ------------------------------------------------------------------------ */

/* Keys that stay, on a ring so uneven that somebody always wants more than his bound. */
static int know_bounded(struct theory_case *c, struct lb_error *error)
{
    double n = c->values[THEORY_BACKENDS], keys = c->values[THEORY_KEYS];
    double bound = c->values[THEORY_BOUND];
    if (occupancy_ring_max(N(c), c->values[THEORY_POINTS]) < 2 * bound || n < 10)
        return lb_error_set(error, LB_ERROR_INVALID,
                            "'%s': on a ring this even not everybody meets the bound; fewer "
                            "points, more backends or a lower bound will do",
                            c->name);
    theory_know(c, THEORY_MAX, ceil(bound * keys / n) * n / keys, THEORY_EXACT,
                "ceil(bound keys/n), a hard limit; Mirrokni, Thorup and Zadimoghaddam 2018");
    c->rate = c->relaxation = 1;
    c->effort = 100;
    return 0;
}

static int try_bounded(const struct theory_case *c, uint32_t trials, const struct stream_key *key,
                       double *figures, struct lb_error *error)
{
    const struct lab_host_parameter parameters[] = {
        {"points", c->values[THEORY_POINTS]}, {"bound", c->values[THEORY_BOUND]}, {NULL, 0}};
    double sums[THEORY_QUANTITIES] = {0}, keys = c->values[THEORY_KEYS];
    for (uint32_t trial = 0; trial < trials; trial++) {
        struct lab_host host;
        if (lab_host_open(&host, "bounded-load", parameters, N(c), N(c), NULL, key, trial, error) !=
            0)
            return -1;
        uint32_t most = 0;
        for (double k = 0; k < keys; k++)
            lab_host_keep(&host, lab_host_ask(&host, lb_random_u64(&host.draws)));
        for (uint32_t i = 0; i < N(c); i++)
            most = host.rows[i].in_flight > most ? host.rows[i].in_flight : most;
        sums[THEORY_MAX] += most * N(c) / keys;
        lab_host_close(&host);
    }
    theory_means(c, sums, trials, figures);
    return 0;
}

/* --- the table -------------------------------------------------------------------------------- */

#define CHANGE THEORY_BIT(THEORY_BACKENDS) | THEORY_BIT(THEORY_TO)

static const struct theory_family families[] = {
    {.name = "modulo",
     .what = "keys that move when n backends become `to`, hash modulo n (source-hash)",
     .written = "n to",
     .needed = CHANGE,
     .know = know_modulo,
     .trial = try_modulo},
    {.name = "ring-change",
     .what = "the same on a ring (ring-hash)",
     .written = "n to",
     .needed = CHANGE,
     .know = know_consistent,
     .trial = try_ring_change},
    {.name = "rendezvous-change",
     .what = "the same, highest score (rendezvous)",
     .written = "n to",
     .needed = CHANGE,
     .know = know_consistent,
     .trial = try_rendezvous_change},
    {.name = "jump-change",
     .what = "the same, the last leave (jump)",
     .written = "n to",
     .needed = CHANGE,
     .know = know_consistent,
     .trial = try_jump_change},
    {.name = "ring",
     .what = "shares of a ring in fair shares (ring-hash); points=160, keys=10000",
     .written = "n",
     .needed = THEORY_BIT(THEORY_BACKENDS),
     .allowed = THEORY_BIT(THEORY_POINTS) | THEORY_BIT(THEORY_KEYS),
     .know = know_ring,
     .trial = try_ring},
    {.name = "rendezvous",
     .what = "keys of a backend in fair shares (rendezvous)",
     .written = "n keys",
     .needed = THEORY_BIT(THEORY_BACKENDS) | THEORY_BIT(THEORY_KEYS),
     .know = know_keys,
     .trial = try_rendezvous_keys},
    {.name = "rendezvous-weighted",
     .what = "share of the last of weights 1, 2, ..., n (rendezvous)",
     .written = "n",
     .needed = THEORY_BIT(THEORY_BACKENDS),
     .know = know_weighted,
     .trial = try_weighted},
    {.name = "jump",
     .what = "keys of a backend in fair shares (jump)",
     .written = "n keys",
     .needed = THEORY_BIT(THEORY_BACKENDS) | THEORY_BIT(THEORY_KEYS),
     .know = know_keys,
     .trial = try_jump_keys},
    {.name = "maglev",
     .what =
         "slots of a backend in fair shares (maglev); table=65537, to=95: what moves is tabulated",
     .written = "n",
     .needed = THEORY_BIT(THEORY_BACKENDS),
     .allowed = THEORY_BIT(THEORY_TABLE) | THEORY_BIT(THEORY_TO),
     .know = know_maglev,
     .trial = try_maglev},
    {.name = "bounded-load",
     .what = "keys of the fullest backend in fair shares (bounded-load); bound=1.25, points=160",
     .written = "n keys",
     .needed = THEORY_BIT(THEORY_BACKENDS) | THEORY_BIT(THEORY_KEYS),
     .allowed = THEORY_BIT(THEORY_POINTS) | THEORY_BIT(THEORY_BOUND),
     .know = know_bounded,
     .trial = try_bounded},
};

#define S_BETA "Beta(v, (n-1) v) and n Gamma(v); quadrature"
#define S_SIM  "simulation of the published algorithm, apart from this program"

static const struct theory_reference references[] = {
    {"modulo n=10 to=9", THEORY_MOVED, 0.9, 1e-9, "1-min/lcm"},
    {"modulo n=10 to=11", THEORY_MOVED, 0.9090909091, 1e-9, "1-min/lcm"},
    {"modulo n=8 to=16", THEORY_MOVED, 0.5, 1e-9, "1-min/lcm"},
    {"ring-change n=10 to=9", THEORY_MOVED, 0.1, 1e-9, "|n-to|/max"},
    {"rendezvous-change n=10 to=9", THEORY_MOVED, 0.1, 1e-9, "|n-to|/max"},
    {"rendezvous-change n=4 to=5", THEORY_MOVED, 0.2, 1e-9, "|n-to|/max"},
    {"jump-change n=10 to=11", THEORY_MOVED, 0.09090909091, 1e-9, "1/(n+1)"},
    {"ring n=10 points=1", THEORY_MAX, 2.928968254, 1e-8, S_BETA},
    {"ring n=10 points=1", THEORY_MIN, 0.1, 1e-8, S_BETA},
    {"ring n=10 points=1", THEORY_UNEVEN, 0.9045340337, 1e-9, S_BETA},
    {"ring n=10 points=1", THEORY_HEIR, 1, 1e-9, "its only arc goes to one"},
    {"ring n=10", THEORY_MAX, 1.125139367, 1e-8, S_BETA},
    {"ring n=10", THEORY_MIN, 0.8819908039, 1e-8, S_BETA},
    {"ring n=100 points=100", THEORY_MAX, 1.26897121, 1e-8, S_BETA},
    {"ring n=100 points=100", THEORY_MIN, 0.7674693922, 1e-8, S_BETA},
    {"ring n=10 keys=10000", THEORY_UNEVEN, 0.08075224097, 1e-9, "law of total variance"},
    {"rendezvous n=10 keys=10000", THEORY_UNEVEN, 0.03, 1e-9, "sqrt((n-1)/keys)"},
    {"rendezvous-weighted n=3", THEORY_NEW, 0.5, 1e-9, "3/6"},
    {"jump n=1000 keys=65537", THEORY_MAX, 1.423902347, 1e-7, "multinomial maximum"},
    {"maglev n=5", THEORY_MAX, 1.000045776, 1e-9, "ceil"},
    {"maglev n=5", THEORY_MIN, 0.9999694829, 1e-9, "floor"},
    {"maglev n=100", THEORY_MAX, 1.000961289, 1e-9, "ceil"},
    {"maglev n=100", THEORY_MIN, 0.9994354334, 1e-9, "floor"},
    {"maglev n=100", THEORY_MOVED, 0.015654007, 2.4e-3, S_SIM},
    {"maglev n=100", THEORY_ASTRAY, 0.0056549481, 6.6e-3, S_SIM},
    {"maglev n=100 to=95", THEORY_MOVED, 0.058854349, 7.5e-4, S_SIM},
    {"maglev n=100 to=95", THEORY_ASTRAY, 0.00885549385, 5e-3, S_SIM},
    {"bounded-load n=10 keys=1000 points=1 bound=1.1", THEORY_MAX, 1.1, 1e-9, "ceil"},
    {.row = NULL},
};

const struct theory_group theory_hashing = THEORY_GROUP("Hashing", families, references);
