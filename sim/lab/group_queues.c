/*
 * Queues whose arrivals or servers are not plain: equal gaps, bursts, a limit of places, impatience,
 * priorities, breakdowns.
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
    theory_know(c, THEORY_WAIT, mean - 1 / c->values[THEORY_MU], THEORY_EXACT, source);
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
    theory_know(c, THEORY_SERVING, lambda / mu * (1 - refused), THEORY_EXACT, "a (1-P)");
    if (mu * mean > 1.1)
        theory_know(c, THEORY_WAIT, mean - 1 / mu, THEORY_EXACT, "E[T] - E[S]");
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

static int know_erlang_a(struct theory_case *c, struct lb_error *error)
{
    (void)error;
    double waiting, lambda = c->values[THEORY_LAMBDA], mu = c->values[THEORY_MU];
    double theta = c->values[THEORY_THETA];
    double left =
        queueing_erlang_a(lambda, mu, (unsigned)c->values[THEORY_SERVERS], theta, &waiting);
    const char *source = "Erlang A, birth and death; Palm 1957; Garnett and others 2002";
    if (left >= THEORY_LEAST)
        theory_know(c, THEORY_ABANDONED, left, THEORY_EXACT, source);
    theory_know(c, THEORY_WAITING, waiting, THEORY_EXACT, source);
    c->rate = lambda;
    c->relaxation = 2 / fmin(theta, mu) + 2 / mu;
    c->effort = 1e4 * (2 + 4 / fmax(left, THEORY_LEAST) + 4 * c->relaxation * mu);
    return 0;
}

static int know_deadline(struct theory_case *c, struct lb_error *error)
{
    double lambda = c->values[THEORY_LAMBDA], mu = c->values[THEORY_MU];
    double tau = c->values[THEORY_TAU], left = queueing_deadline_loss(lambda, mu, tau);
    if (left < THEORY_LEAST)
        return lb_error_set(error, LB_ERROR_INVALID, "'%s': only %.2g of all leave, too few to see",
                            c->name, left);
    theory_know(c, THEORY_ABANDONED, left, THEORY_EXACT,
                "(1-rho) rho e/(1-rho^2 e), e = exp(-(mu-lambda) tau); Barrer 1957");
    double root = sqrt(lambda) - sqrt(mu), walk = (tau * mu + 1) / acos(-1);
    c->rate = lambda;
    c->relaxation = 1 / mu + 1 / (root * root + sqrt(lambda * mu) / (walk * walk));
    c->effort = 1e4 * (2 + 2 / left + 2 * lambda * c->relaxation);
    return 0;
}

static int know_priorities(struct theory_case *c, struct lb_error *error)
{
    (void)error;
    double lambda = c->values[THEORY_LAMBDA], high = c->values[THEORY_HIGH], first, last;
    double mu = c->values[THEORY_MU];
    queueing_priorities(high * lambda, (1 - high) * lambda, mu, &first, &last);
    theory_know(c, THEORY_WAIT_HIGH, first, THEORY_EXACT, "Cobham 1954");
    theory_know(c, THEORY_WAIT_LOW, last, THEORY_EXACT, "Cobham 1954");
    theory_plan(c, 1 / mu + last, 1);
    c->effort *= 2 / fmin(high, 1 - high);
    return 0;
}

/* A queue whose server stands still now and then forgets no sooner than the server recovers. */
static void plan_breakdowns(struct theory_case *c, double mean)
{
    const double *v = c->values;
    double available = v[THEORY_REPAIR] / (v[THEORY_FAIL] + v[THEORY_REPAIR]);
    double root = 1 - sqrt(v[THEORY_RHO] / available);
    c->rate = v[THEORY_LAMBDA];
    c->relaxation = mean + 1 / (v[THEORY_MU] * root * root) + 2 / v[THEORY_REPAIR];
    /* Breakdowns are what scatters, so there must be thousands of them. */
    c->effort = 1e4 * (2 + 4 * c->rate * (c->relaxation + 1 / v[THEORY_FAIL]));
}

static int know_breakdowns(struct theory_case *c, struct lb_error *error)
{
    const double *v = c->values;
    double mean =
        queueing_breakdowns_mean(v[THEORY_LAMBDA], v[THEORY_MU], v[THEORY_FAIL], v[THEORY_REPAIR]);
    if (isnan(mean))
        return lb_error_set(error, LB_ERROR_INVALID, "'%s': with its breakdowns it is overloaded",
                            c->name);
    theory_know(c, THEORY_MEAN, mean, THEORY_EXACT,
                "[(f+r)^2+f mu]/((f+r)(r mu-lambda(f+r))); White and Christie 1958");
    plan_breakdowns(c, mean);
    return 0;
}

static int know_busy_breakdowns(struct theory_case *c, struct lb_error *error)
{
    const double *v = c->values;
    double mean = queueing_busy_breakdowns_mean(v[THEORY_LAMBDA], v[THEORY_MU], v[THEORY_FAIL],
                                                v[THEORY_REPAIR]);
    if (isnan(mean))
        return lb_error_set(error, LB_ERROR_INVALID, "'%s': with its breakdowns it is overloaded",
                            c->name);
    theory_know(c, THEORY_MEAN, mean, THEORY_EXACT,
                "Pollaczek-Khinchine on the time until completion; Gaver 1962");
    plan_breakdowns(c, mean);
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

static void write_patience(const struct theory_case *c, struct text *out)
{
    text_addf(out, "    queue_timeout: exponential(mean=%.9fs)\n", 1 / c->values[THEORY_THETA]);
}

static void write_limit(const struct theory_case *c, struct text *out)
{
    text_addf(out, "    queue_timeout: constant(%.9fs)\n", c->values[THEORY_TAU]);
}

static void write_classes(const struct theory_case *c, struct text *out)
{
    double high = c->values[THEORY_HIGH] * 100, work = 1 / c->values[THEORY_MU];
    text_addf(out,
              "    requests:\n"
              "      - {name: high, share: %.9g%%, priority: 0, work: exponential(mean=%.9fs)}\n"
              "      - {name: low, share: %.9g%%, priority: 5, work: exponential(mean=%.9fs)}\n",
              high, work, 100 - high, work);
}

static void write_priority(const struct theory_case *c, struct text *out)
{
    (void)c;
    text_addf(out, "    discipline: priority\n");
}

static void write_failures(const struct theory_case *c, const char *when, struct text *out)
{
    text_addf(out,
              "    failures: {mtbf: exponential(mean=%.9fs), mttr: exponential(mean=%.9fs), "
              "kind: pause, while: %s}\n",
              1 / c->values[THEORY_FAIL], 1 / c->values[THEORY_REPAIR], when);
}

static void write_breakdowns(const struct theory_case *c, struct text *out)
{
    write_failures(c, "always", out);
}

static void write_busy_breakdowns(const struct theory_case *c, struct text *out)
{
    write_failures(c, "busy", out);
}

/* Waits: the mean response of a class without its work. */
static void class_waits(const struct theory_case *c, const struct summary *summary,
                        const void *watch, double *figures)
{
    (void)watch;
    for (uint32_t k = 0; k < c->known_count; k++) {
        const struct summary_class *class =
            &summary->classes[c->known[k].quantity == THEORY_WAIT_HIGH ? 0 : 1];
        figures[k] = histogram_mean(&class->latency) / 1e9 - 1 / c->values[THEORY_MU];
    }
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
    {.name = "M/M/c+M",
     .what = "who waits leaves at rate theta (Erlang A)",
     .written = "rho c theta",
     .needed = THEORY_OPEN | THEORY_BIT(THEORY_SERVERS) | THEORY_BIT(THEORY_THETA),
     .overload = true,
     .work = "exponential",
     .backends = write_patience,
     .know = know_erlang_a},
    {.name = "M/M/1+D",
     .what = "who has waited for tau seconds leaves",
     .written = "rho tau",
     .needed = THEORY_OPEN | THEORY_BIT(THEORY_TAU),
     .overload = true,
     .work = "exponential",
     .backends = write_limit,
     .know = know_deadline},
    {.name = "M/M/1-priorities",
     .what = "a share `high` of the requests goes first, none is interrupted",
     .written = "rho high",
     .needed = THEORY_OPEN | THEORY_BIT(THEORY_HIGH),
     .work = "exponential",
     .clients = write_classes,
     .backends = write_priority,
     .figures = class_waits,
     .know = know_priorities},
    {.name = "M/M/1-breakdowns",
     .what = "the server stands still at rate fail, busy or idle, and goes on at rate repair",
     .written = "rho fail repair",
     .needed = THEORY_OPEN | THEORY_BIT(THEORY_FAIL) | THEORY_BIT(THEORY_REPAIR),
     .work = "exponential",
     .backends = write_breakdowns,
     .know = know_breakdowns},
    {.name = "M/M/1-busy-breakdowns",
     .what = "the same, but it only fails while it serves",
     .written = "rho fail repair",
     .needed = THEORY_OPEN | THEORY_BIT(THEORY_FAIL) | THEORY_BIT(THEORY_REPAIR),
     .work = "exponential",
     .backends = write_busy_breakdowns,
     .know = know_busy_breakdowns},
};

static const struct theory_reference references[] = {
    {"D/M/1 rho=0.8", THEORY_MEAN, 2.69273084, 1e-9, "GI/M/1, Kleinrock 1975, 6.4; simulation"},
    {"D/M/1 rho=0.8", THEORY_P99, 12.40048378, 1e-9, "GI/M/1, Kleinrock 1975, 6.4"},
    {"MMPP/M/1 l1=1.5 l2=0.2 q12=0.1 q21=0.05", THEORY_MEAN, 9.974608531, 1e-9, "QBD; simulation"},
    {"MMPP/M/1 l1=0.9 l2=0.3 q12=0.01 q21=0.01", THEORY_MEAN, 5.468190752, 1e-9, "QBD; simulation"},
    {"M/M/c/K rho=0.8 c=10 K=10", THEORY_REFUSED, 0.1216610643, 1e-9, "Erlang B, recursion"},
    {"M/M/c+M rho=1.125 c=8 theta=0.5", THEORY_ABANDONED, 0.1695968395, 1e-9, "Erlang A; chain"},
    {"M/M/c+M rho=1.125 c=8 theta=0.5", THEORY_WAITING, 3.052743111, 1e-9, "Erlang A; chain"},
    {"M/M/1+D rho=0.9 tau=5", THEORY_ABANDONED, 0.107306209, 1e-9, "Barrer 1957; integration"},
    {"M/M/1+D rho=1.2 tau=3", THEORY_ABANDONED, 0.2693033367, 1e-9, "Barrer 1957; integration"},
    {"M/M/1-priorities rho=0.8 high=0.375", THEORY_WAIT_HIGH, 1.142857143, 1e-9, "Cobham 1954"},
    {"M/M/1-priorities rho=0.8 high=0.375", THEORY_WAIT_LOW, 5.714285714, 1e-9, "Cobham 1954"},
    {"M/M/1-breakdowns rho=0.5 fail=0.01 repair=0.1", THEORY_MEAN, 4.464646465, 1e-9,
     "White and Christie 1958; QBD"},
    {"M/M/1-busy-breakdowns rho=0.5 fail=0.01 repair=0.1", THEORY_MEAN, 3.555555556, 1e-9,
     "Gaver 1962; QBD"},
    {.row = NULL},
};

const struct theory_group theory_more_queues =
    THEORY_GROUP("Queues of other arrivals and servers", families, references);
