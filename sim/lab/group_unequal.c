/*
 * Two or three backends of different speed under algorithms that know weights: a split at random, the
 * best such split, turns by weight, and the four ways to weigh what is in flight.
 *
 * The idea: a split has a formula. Turns make a pattern, which the algorithm itself is asked for; a
 * backend behind it is a queue whose state is its length and the place in the pattern. What looks at
 * the books is a chain of two lengths. Both chains are solved by markov.h.
 */
#include <math.h>
#include <string.h>

#include "sim/base/text.h"
#include "sim/lab/lab_host.h"
#include "sim/lab/markov.h"
#include "sim/lab/theory_family.h"

#define BACKENDS_MAX 3

/* Services of mean work a second at mu = 1; 0 = there is no such backend. */
static double speed(const struct theory_case *c, unsigned i)
{
    double written = c->values[THEORY_SPEED_1 + i];
    return written > 0 ? written : c->values[THEORY_WEIGHT_1 + i];
}

static uint32_t weight(const struct theory_case *c, unsigned i)
{
    double written = c->values[THEORY_WEIGHT_1 + i];
    return written > 0 ? (uint32_t)written : 1;
}

static unsigned backends(const struct theory_case *c)
{
    return speed(c, 2) > 0 ? 3 : 2;
}

static double capacity(const struct theory_case *c)
{
    return speed(c, 0) + speed(c, 1) + speed(c, 2);
}

/* By the backend that is slowest to forget, with this load. */
static void plan(struct theory_case *c, double mean)
{
    double slow = INFINITY, rho = c->values[THEORY_RHO], mu = c->values[THEORY_MU];
    for (unsigned i = 0; i < backends(c); i++)
        slow = fmin(slow, mu * speed(c, i));
    double root = 1 - sqrt(rho);
    c->rate = c->values[THEORY_LAMBDA];
    c->relaxation = 1 / (slow * root * root) + 1 / slow;
    c->effort = 1e4 * (4 + 4 * (1 + rho) / ((1 - rho) * (1 - rho)));
    (void)mean;
}

/* --- splits ----------------------------------------------------------------------------------- */

/* Independent queues, each M/M/1. NAN when one of them is overloaded. */
static double split_mean(const struct theory_case *c, const double *share)
{
    double mean = 0, lambda = c->values[THEORY_LAMBDA], mu = c->values[THEORY_MU];
    for (unsigned i = 0; i < backends(c); i++) {
        double spare = mu * speed(c, i) - lambda * share[i];
        mean += spare > 0 ? share[i] / spare : NAN;
    }
    return mean;
}

static void know_shares(struct theory_case *c, const double *share, const char *source)
{
    for (unsigned i = 0; i < backends(c); i++)
        theory_know(c, THEORY_SHARE_1 + i, share[i], THEORY_EXACT, source);
}

/* The relaxation of the most loaded one. */
static void plan_split(struct theory_case *c, const double *share)
{
    double lambda = c->values[THEORY_LAMBDA], mu = c->values[THEORY_MU], worst = 0, most = 0;
    for (unsigned i = 0; i < backends(c); i++) {
        double own = mu * speed(c, i), rho = lambda * share[i] / own, root = 1 - sqrt(rho);
        worst = fmax(worst, 1 / (own * root * root) + 1 / own);
        most = fmax(most, rho);
    }
    c->rate = lambda;
    c->relaxation = worst;
    c->effort = 1e4 * (4 + 4 * (1 + most) / ((1 - most) * (1 - most)));
}

static int know_weighted_random(struct theory_case *c, struct lb_error *error)
{
    double share[BACKENDS_MAX], sum = 0;
    for (unsigned i = 0; i < backends(c); i++)
        sum += weight(c, i);
    for (unsigned i = 0; i < backends(c); i++)
        share[i] = weight(c, i) / sum;
    double mean = split_mean(c, share);
    if (isnan(mean))
        return lb_error_set(error, LB_ERROR_INVALID,
                            "'%s': with these weights a backend is overloaded", c->name);
    theory_know(c, THEORY_MEAN, mean, THEORY_EXACT,
                "sum p_i/(mu_i - lambda p_i): independent M/M/1");
    know_shares(c, share, "weight over the sum of weights");
    plan_split(c, share);
    return 0;
}

/* Backends so slow that the best share of theirs is nothing are not meant. */
static int know_best_split(struct theory_case *c, struct lb_error *error)
{
    double share[BACKENDS_MAX], roots = 0, lambda = c->values[THEORY_LAMBDA];
    double mu = c->values[THEORY_MU], spare = mu * capacity(c) - lambda;
    for (unsigned i = 0; i < backends(c); i++)
        roots += sqrt(mu * speed(c, i));
    for (unsigned i = 0; i < backends(c); i++) {
        double own = mu * speed(c, i);
        share[i] = (own - sqrt(own) * spare / roots) / lambda;
        if (share[i] < 0.01)
            return lb_error_set(error, LB_ERROR_INVALID,
                                "'%s': backend %u is best left alone; more load or more speed",
                                c->name, i + 1);
    }
    theory_know(c, THEORY_MEAN, split_mean(c, share), THEORY_EXACT,
                "mu_i - sqrt(mu_i)(sum mu-lambda)/sum sqrt(mu); Buzen and Chen 1974");
    know_shares(c, share, "the square-root rule; Buzen and Chen 1974");
    plan_split(c, share);
    return 0;
}

/* --- turns ------------------------------------------------------------------------------------ */

#define PATTERN_MAX MARKOV_MOST

struct turns {
    double lambda, mu; /* of all arrivals, of this backend */
    int32_t me;
    uint32_t length;
    int32_t pattern[PATTERN_MAX];
};

static uint32_t common(uint32_t a, uint32_t b)
{
    return b == 0 ? a : common(b, a % b);
}

/* The pattern repeats after as many picks as the weights sum up to, with nothing in common. */
static int ask_pattern(const struct theory_case *c, struct turns *turns, struct lb_error *error)
{
    struct lab_host host;
    struct stream_key key = {1, 0};
    uint32_t weights[BACKENDS_MAX] = {weight(c, 0)}, sum = weights[0], factor = weights[0];
    for (unsigned i = 1; i < backends(c); i++) {
        weights[i] = weight(c, i);
        sum += weights[i];
        factor = common(factor, weights[i]);
    }
    turns->length = sum / factor;
    if (turns->length > PATTERN_MAX)
        return lb_error_set(error, LB_ERROR_INVALID,
                            "'%s': a pattern of %u picks is too long: %d at most", c->name,
                            (unsigned)turns->length, PATTERN_MAX);
    if (lab_host_open(&host, c->family->algorithm, NULL, backends(c), backends(c), weights, &key, 0,
                      error) != 0)
        return -1;
    for (uint32_t i = 0; i < turns->length; i++)
        turns->pattern[i] = lab_host_ask(&host, i);
    bool repeats = true;
    for (uint32_t i = 0; i < 2 * turns->length; i++)
        repeats &= lab_host_ask(&host, i) == turns->pattern[i % turns->length];
    lab_host_close(&host);
    if (!repeats)
        return lb_error_set(error, LB_ERROR_INVALID, "'%s': %s has no pattern that repeats",
                            c->name, c->family->algorithm);
    return 0;
}

/* Parts: length of the queue, place in the pattern. */
static void turns_steps(const void *self, const struct markov_state *from,
                        struct markov_steps *steps)
{
    const struct turns *turns = self;
    struct markov_state to = *from;
    to.at[1] = (uint16_t)((from->at[1] + 1) % turns->length);
    if (turns->pattern[from->at[1]] == turns->me)
        to.at[0]++;
    markov_step(steps, &to, turns->lambda);
    to = *from;
    if (to.at[0]-- > 0)
        markov_step(steps, &to, turns->mu);
}

static unsigned turns_present(const void *self, const struct markov_state *state)
{
    (void)self;
    return state->at[0];
}

static int know_turns(struct theory_case *c, struct lb_error *error)
{
    struct turns turns = {.lambda = c->values[THEORY_LAMBDA]};
    double number = 0, accuracy = 0;
    if (ask_pattern(c, &turns, error) != 0)
        return -1;
    for (unsigned i = 0; i < backends(c); i++) {
        turns.me = (int32_t)i;
        turns.mu = c->values[THEORY_MU] * speed(c, i);
        struct markov_result r = markov_solve(
            &(struct markov){.self = &turns, .steps = turns_steps, .present = turns_present});
        number += r.present;
        accuracy = fmax(accuracy, r.accuracy);
    }
    if (isnan(number))
        return lb_error_set(error, LB_ERROR_INVALID,
                            "'%s': the chain is too large, or a backend overloaded", c->name);
    theory_know(c, THEORY_MEAN, number / turns.lambda, accuracy,
                "MAP/M/1 over the pattern of turns, a Markov chain for each backend");
    plan(c, number / turns.lambda);
    return 0;
}

/* --- books ------------------------------------------------------------------------------------ */

/* Who is taken: 0, 1, or both alike. */
enum { FIRST, SECOND, EITHER };

struct pair {
    double lambda, mu[2];
    uint32_t weight[2];
    int (*who)(const struct pair *pair, const uint16_t *present);
};

/* In flight a weight, before and after this one has come. */
static int compare(const struct pair *pair, uint32_t first, uint32_t second)
{
    uint64_t a = (uint64_t)first * pair->weight[1], b = (uint64_t)second * pair->weight[0];
    return a < b ? FIRST : a > b ? SECOND : EITHER;
}

static int who_least(const struct pair *pair, const uint16_t *present)
{
    return compare(pair, present[0], present[1]);
}

/* The scans of IPVS keep the first on ties. */
static int who_wlc(const struct pair *pair, const uint16_t *present)
{
    int who = who_least(pair, present);
    return who == EITHER ? FIRST : who;
}

static int who_sed(const struct pair *pair, const uint16_t *present)
{
    int who = compare(pair, present[0] + 1U, present[1] + 1U);
    return who == EITHER ? FIRST : who;
}

static int who_nq(const struct pair *pair, const uint16_t *present)
{
    if (present[0] == 0 || present[1] == 0)
        return present[0] == 0 ? FIRST : SECOND;
    return who_sed(pair, present);
}

static void pair_steps(const void *self, const struct markov_state *from,
                       struct markov_steps *steps)
{
    const struct pair *pair = self;
    int who = pair->who(pair, from->at);
    for (int i = 0; i < 2; i++) {
        struct markov_state to = *from;
        to.at[i]++;
        if (who == i || who == EITHER)
            markov_step(steps, &to, who == EITHER ? pair->lambda / 2 : pair->lambda);
        to = *from;
        if (to.at[i]-- > 0)
            markov_step(steps, &to, pair->mu[i]);
    }
}

static unsigned pair_present(const void *self, const struct markov_state *state)
{
    (void)self;
    return (unsigned)state->at[0] + state->at[1];
}

static void pair_values(const void *self, const struct markov_state *state, double *values)
{
    (void)self;
    values[0] = state->at[0] > 0;
}

static int know_pair(struct theory_case *c, int (*who)(const struct pair *, const uint16_t *),
                     struct lb_error *error)
{
    double mu = c->values[THEORY_MU];
    struct pair pair = {.lambda = c->values[THEORY_LAMBDA],
                        .mu = {mu * speed(c, 0), mu * speed(c, 1)},
                        .weight = {weight(c, 0), weight(c, 1)},
                        .who = who};
    struct markov_result r = markov_solve(&(struct markov){
        .self = &pair, .steps = pair_steps, .present = pair_present, .values = pair_values});
    if (isnan(r.present))
        return lb_error_set(error, LB_ERROR_INVALID, "'%s': the chain is too large to be solved",
                            c->name);
    const char *source = "Markov chain of the two queue lengths, solved by Gauss-Seidel";
    theory_know(c, THEORY_MEAN, r.present / r.rate, r.accuracy, source);
    theory_know(c, THEORY_BUSY_1, r.values[0], r.accuracy, source);
    plan(c, r.present / r.rate);
    return 0;
}

static int know_least(struct theory_case *c, struct lb_error *error)
{
    return know_pair(c, who_least, error);
}

static int know_wlc(struct theory_case *c, struct lb_error *error)
{
    return know_pair(c, who_wlc, error);
}

static int know_sed(struct theory_case *c, struct lb_error *error)
{
    return know_pair(c, who_sed, error);
}

static int know_nq(struct theory_case *c, struct lb_error *error)
{
    return know_pair(c, who_nq, error);
}

/* --- the scenario ----------------------------------------------------------------------------- */

/* The first stands already; further entries follow it. */
static void write_backends(const struct theory_case *c, const double *weights, struct text *out)
{
    for (unsigned i = 0; i < backends(c); i++) {
        if (i > 0)
            text_addf(out, "  - name: server%u\n    slots: 1\n", i + 1);
        text_addf(out, "    speed: %.12g\n    weight: %.0f\n", speed(c, i), weights[i]);
    }
}

static void write_weights(const struct theory_case *c, struct text *out)
{
    double weights[BACKENDS_MAX];
    for (unsigned i = 0; i < backends(c); i++)
        weights[i] = weight(c, i);
    write_backends(c, weights, out);
}

/* Weights are whole numbers: 60,000 for all, so that the best mean, where it is flat, is met to 1e-9. */
static void write_best(const struct theory_case *c, struct text *out)
{
    double weights[BACKENDS_MAX];
    for (unsigned i = 0; i < backends(c); i++)
        weights[i] = round(60000 * c->known[1 + i].value);
    write_backends(c, weights, out);
}

/* --- the table -------------------------------------------------------------------------------- */

#define SPEEDS  (THEORY_BIT(THEORY_SPEED_1) | THEORY_BIT(THEORY_SPEED_2))
#define WEIGHTS (THEORY_BIT(THEORY_WEIGHT_1) | THEORY_BIT(THEORY_WEIGHT_2))
#define THIRD   (THEORY_BIT(THEORY_SPEED_3) | THEORY_BIT(THEORY_WEIGHT_3))

#define TURNS(called, which, asked)                                                                \
    {                                                                                              \
        .name = called, .what = which, .written = "rho w1 w2", .needed = THEORY_OPEN | WEIGHTS,    \
        .allowed = SPEEDS | THIRD, .work = "exponential", .algorithm = asked,                      \
        .capacity = capacity, .backends = write_weights, .know = know_turns                        \
    }
#define PAIR(called, which, asked, knows)                                                          \
    {                                                                                              \
        .name = called, .what = which, .written = "rho m1 m2", .needed = THEORY_OPEN | SPEEDS,     \
        .allowed = WEIGHTS, .work = "exponential", .algorithm = asked, .capacity = capacity,       \
        .backends = write_weights, .know = knows                                                   \
    }

static const struct theory_family families[] = {
    {.name = "weighted-random",
     .what = "2 or 3 backends with m1 m2 m3 services a second, one at random by weight w1 w2 w3",
     .written = "rho m1 m2",
     .needed = THEORY_OPEN | SPEEDS,
     .allowed = WEIGHTS | THIRD,
     .work = "exponential",
     .algorithm = "weighted-random",
     .capacity = capacity,
     .backends = write_weights,
     .know = know_weighted_random},
    {.name = "best-split",
     .what = "the same with those shares that make the mean response least",
     .written = "rho m1 m2",
     .needed = THEORY_OPEN | SPEEDS,
     .allowed = THEORY_BIT(THEORY_SPEED_3),
     .work = "exponential",
     .algorithm = "weighted-random",
     .capacity = capacity,
     .backends = write_best,
     .know = know_best_split},
    TURNS("weighted-round-robin",
          "turns by weight, spread out; as fast as their weights, or m1 m2 m3",
          "weighted-round-robin"),
    TURNS("ipvs-wrr", "the same in the turns of IPVS", "ipvs-wrr"),
    PAIR("pair", "two backends, the fewest in flight for their weight (least-connections)",
         "least-connections", know_least),
    PAIR("pair-wlc", "the same, the first on ties (ipvs-wlc)", "ipvs-wlc", know_wlc),
    PAIR("pair-sed", "two backends, the least (in flight + 1) for its weight (ipvs-sed)",
         "ipvs-sed", know_sed),
    PAIR("pair-nq", "the same, but the first idle one before all (ipvs-nq)", "ipvs-nq", know_nq),
};

#define S_SPLIT "independent M/M/1"
#define S_ROOT  "Buzen and Chen 1974"
#define S_MAP   "MAP/M/1 over the pattern, QBD"
#define S_LU    "chain of the two lengths, sparse LU"

static const struct theory_reference references[] = {
    {"weighted-random rho=0.4 m1=1 m2=2", THEORY_MEAN, 1.607142857, 1e-9, S_SPLIT},
    {"weighted-random rho=0.7 m1=1 m2=2 w1=1 w2=2", THEORY_MEAN, 2.222222222, 1e-9, S_SPLIT},
    {"weighted-random rho=0.8 m1=1 m2=2 m3=4 w1=1 w2=2 w3=4", THEORY_MEAN, 2.142857143, 1e-9,
     S_SPLIT},
    {"best-split rho=0.5 m1=1 m2=2", THEORY_MEAN, 1.257078722, 1e-9, S_ROOT},
    {"best-split rho=0.5 m1=1 m2=2", THEORY_SHARE_1, 0.2524531043, 1e-9, S_ROOT},
    {"best-split rho=0.5 m1=1 m2=2", THEORY_SHARE_2, 0.7475468957, 1e-9, S_ROOT},
    {"best-split rho=0.714285714 m1=1 m2=2 m3=4", THEORY_MEAN, 1.348528137, 1e-8, S_ROOT},
    {"best-split rho=0.714285714 m1=1 m2=2 m3=4", THEORY_SHARE_1, 0.1093836321, 1e-8, S_ROOT},
    {"best-split rho=0.714285714 m1=1 m2=2 m3=4", THEORY_SHARE_2, 0.2718491036, 1e-8, S_ROOT},
    {"best-split rho=0.714285714 m1=1 m2=2 m3=4", THEORY_SHARE_3, 0.6187672643, 1e-8, S_ROOT},
    {"weighted-round-robin rho=0.8 w1=5 w2=1 w3=1", THEORY_MEAN, 1.49220977, 4e-9, S_MAP},
    {"weighted-round-robin rho=0.8 w1=2 w2=1", THEORY_MEAN, 2.57247325, 2e-9, S_MAP},
    {"ipvs-wrr rho=0.8 w1=5 w2=1 w3=1", THEORY_MEAN, 1.501064009, 1e-9, S_MAP},
    {"ipvs-wrr rho=0.8 w1=4 w2=3 w3=2", THEORY_MEAN, 1.167569857, 1e-9, S_MAP},
    {"pair rho=0.5 m1=2 m2=1", THEORY_MEAN, 1.027681372, 1e-9, S_LU},
    {"pair rho=0.5 m1=2 m2=1", THEORY_BUSY_1, 0.4482470427, 1e-9, S_LU},
    {"pair rho=0.5 m1=2 m2=1 w1=2 w2=1", THEORY_MEAN, 0.963448766, 1e-9, S_LU},
    {"pair rho=0.5 m1=2 m2=1 w1=2 w2=1", THEORY_BUSY_1, 0.475002102, 1e-9, S_LU},
    {"pair rho=0.8 m1=2 m2=1", THEORY_MEAN, 2.091919166, 1e-9, S_LU},
    {"pair rho=0.8 m1=2 m2=1", THEORY_BUSY_1, 0.7644851717, 1e-9, S_LU},
    {"pair rho=0.8 m1=2 m2=1 w1=2 w2=1", THEORY_MEAN, 1.969374512, 1e-9, S_LU},
    {"pair rho=0.8 m1=2 m2=1 w1=2 w2=1", THEORY_BUSY_1, 0.7928068326, 1e-9, S_LU},
    {"pair rho=0.8 m1=3 m2=1", THEORY_MEAN, 1.707010344, 1e-9, S_LU},
    {"pair rho=0.8 m1=3 m2=1", THEORY_BUSY_1, 0.7608993257, 1e-9, S_LU},
    {"pair rho=0.8 m1=3 m2=1 w1=3 w2=1", THEORY_MEAN, 1.48287516, 1e-9, S_LU},
    {"pair rho=0.8 m1=3 m2=1 w1=3 w2=1", THEORY_BUSY_1, 0.7907426427, 1e-9, S_LU},
    {.row = NULL},
};

const struct theory_group theory_unequal =
    THEORY_GROUP("Backends of different speed", families, references);
