/*
 * Queues whose arrivals or servers are not plain: equal gaps, bursts, a limit of places.
 */
#include <math.h>
#include <string.h>

#include "sim/base/queueing.h"
#include "sim/base/queueing_special.h"
#include "sim/base/text.h"
#include "sim/lab/theory_family.h"

/* --- what is known ---------------------------------------------------------------------------- */

static int know_dm1(struct theory_case *c, struct lb_error *error)
{
    (void)error;
    double mean = queueing_dm1_mean(c->values[THEORY_LAMBDA], c->values[THEORY_MU]);
    const char *source = "GI/M/1: sigma = exp(-(1-sigma)/rho); Kleinrock 1975, 6.4";
    theory_know(c, THEORY_MEAN, mean, THEORY_EXACT, source);
    theory_know(c, THEORY_P99, mean * log(100), THEORY_EXACT, source);
    theory_plan(c, mean, 1);
    return 0;
}

/* The relaxation of M/M/c/K is at most that of its queue without a limit, near rho 1 that of a walk
 * between two walls. */
static int know_mmck(struct theory_case *c, struct lb_error *error)
{
    double lambda = c->values[THEORY_LAMBDA], all = c->values[THEORY_SERVERS];
    double places = c->values[THEORY_PLACES], mu = c->values[THEORY_MU], refused, mean;
    if (places < all)
        return lb_error_set(error, LB_ERROR_INVALID, "K counts those in service too: K >= c");
    queueing_mmck(lambda, mu, (unsigned)all, (unsigned)places, &refused, &mean);
    theory_know(c, THEORY_MEAN, mean, THEORY_EXACT, "birth and death; Kleinrock 1975, 3.8");
    if (refused >= THEORY_LEAST)
        theory_know(c, THEORY_REFUSED, refused, THEORY_EXACT,
                    "birth and death (Erlang B when K = c); Kleinrock 1975, 3.8");
    double walk = (places - all + 1) / acos(-1);
    double root = sqrt(lambda) - sqrt(all * mu);
    c->rate = lambda;
    c->relaxation = 1 / mu + 1 / (root * root + sqrt(lambda * all * mu) / (walk * walk));
    c->effort = 1e4 * (2 + 2 / fmax(refused, THEORY_LEAST) + 2 * lambda / all * c->relaxation);
    return 0;
}

/* Bursts: what is waiting follows the state, so the queue forgets no sooner than the state does. */
static int know_mmpp(struct theory_case *c, struct lb_error *error)
{
    double l1 = c->values[THEORY_L1], l2 = c->values[THEORY_L2], mu = c->values[THEORY_MU];
    double q12 = c->values[THEORY_Q12], q21 = c->values[THEORY_Q21];
    double mean = queueing_mmpp_mean(l1, l2, q12, q21, mu);
    c->rate = queueing_mmpp_rate(l1, l2, q12, q21);
    if (isnan(mean) || c->rate > 0.99 * mu)
        return lb_error_set(error, LB_ERROR_INVALID,
                            "%s: arrivals at %.4g a second, %g at most are meant", c->family->name,
                            c->rate, 0.99 * mu);
    theory_know(c, THEORY_RATE, c->rate, THEORY_EXACT, "(l1 q21 + l2 q12) / (q12 + q21)");
    theory_know(c, THEORY_MEAN, mean, THEORY_EXACT,
                "QBD, logarithmic reduction; Latouche and Ramaswami 1999, 8");
    double root = 1 - sqrt(c->rate / mu);
    c->relaxation = 2 / (q12 + q21) + 1 / (mu * root * root) + mean;
    c->effort = 1e4 * (2 + 2 * c->rate * c->relaxation);
    return 0;
}

/* --- what is special in the scenario ---------------------------------------------------------- */

static void write_equal_gaps(const struct theory_case *c, struct text *out)
{
    text_addf(out, "    arrivals: uniform(rate=%.12g/s)\n", c->values[THEORY_LAMBDA]);
}

static void write_bursts(const struct theory_case *c, struct text *out)
{
    const double *v = c->values;
    bool first = v[THEORY_L1] >= v[THEORY_L2]; /* is the first state the busy one? */
    text_addf(out,
              "    arrivals: bursty(low=%.12g/s, high=%.12g/s, low_for=%.9fs, high_for=%.9fs)\n",
              v[first ? THEORY_L2 : THEORY_L1], v[first ? THEORY_L1 : THEORY_L2],
              1 / v[first ? THEORY_Q21 : THEORY_Q12], 1 / v[first ? THEORY_Q12 : THEORY_Q21]);
}

/* --- the table -------------------------------------------------------------------------------- */

static const struct theory_family families[] = {
    {.name = "D/M/1",
     .what = "one server, equal gaps between arrivals",
     .written = "rho",
     .needed = THEORY_OPEN,
     .work = "exponential",
     .arrivals = write_equal_gaps,
     .know = know_dm1},
    {.name = "MMPP/M/1",
     .what = "arrivals at rate l1 or l2, a state left at rate q12 or q21",
     .written = "l1 l2 q12 q21",
     .needed = THEORY_BIT(THEORY_L1) | THEORY_BIT(THEORY_L2) | THEORY_BIT(THEORY_Q12) |
               THEORY_BIT(THEORY_Q21),
     .work = "exponential",
     .arrivals = write_bursts,
     .know = know_mmpp},
    {.name = "M/M/c/K",
     .what = "c servers and K places, theirs included (K = c: Erlang B)",
     .written = "rho c K",
     .needed = THEORY_OPEN | THEORY_BIT(THEORY_SERVERS) | THEORY_BIT(THEORY_PLACES),
     .overload = true,
     .work = "exponential",
     .know = know_mmck},
};

static const struct theory_reference references[] = {
    {"D/M/1 rho=0.8", THEORY_MEAN, 2.69273084, 1e-9, "GI/M/1, Kleinrock 1975, 6.4; simulation"},
    {"D/M/1 rho=0.8", THEORY_P99, 12.40048378, 1e-9, "GI/M/1, Kleinrock 1975, 6.4"},
    {"MMPP/M/1 l1=1.5 l2=0.2 q12=0.1 q21=0.05", THEORY_MEAN, 9.974608531, 1e-9, "QBD; simulation"},
    {"MMPP/M/1 l1=0.9 l2=0.3 q12=0.01 q21=0.01", THEORY_MEAN, 5.468190752, 1e-9, "QBD; simulation"},
    {"M/M/c/K rho=0.8 c=10 K=10", THEORY_REFUSED, 0.1216610643, 1e-9, "Erlang B, recursion"},
    {.row = NULL},
};

const struct theory_group theory_more_queues =
    THEORY_GROUP("Queues of other arrivals and servers", families, references);
