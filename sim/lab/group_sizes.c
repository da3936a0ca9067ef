/*
 * Work whose law matters: constant work at several servers, and sizes kept apart.
 *
 * The idea: where each backend takes an interval of sizes with the same load (SITA-E), each is M/G/1 with the part of
 * the law that falls to it.
 */
#include <math.h>

#include "sim/base/queueing_waits.h"
#include "sim/base/text.h"
#include "sim/lab/theory_family.h"

/* --- constant work, several servers ----------------------------------------------------------------- */

static int know_mdc(struct theory_case *c, struct lb_error *error)
{
    (void)error;
    double mean = queueing_mdc_mean(c->values[THEORY_LAMBDA], 1 / c->values[THEORY_MU],
                                    (unsigned)c->values[THEORY_SERVERS]);
    theory_know(c, THEORY_MEAN, mean, THEORY_EXACT, "chain at instants d apart; Crommelin 1932");
    theory_plan(c, mean, 0);
    return 0;
}

/* --- intervals of sizes ----------------------------------------------------------------------------- */

struct pareto { /* bounded, of mean 1 */
    double low, high, shape, scale;
};

/* The part of the k-th moment that lies between two sizes. */
static double part(const struct pareto *p, double k, double from, double to)
{
    double power = k - p->shape;
    double raw = fabs(power) < 1e-9 ? log(to / from) : (pow(to, power) - pow(from, power)) / power;
    return p->scale * raw;
}

static struct pareto pareto_of(const struct theory_case *c)
{
    double shape = c->values[THEORY_SHAPE], span = c->values[THEORY_SPAN];
    struct pareto p = {.low = 1, .high = span, .shape = shape};
    p.scale = shape / (1 - pow(span, -shape));
    double mean = part(&p, 1, 1, span); /* of sizes from 1 on */
    p.low = 1 / mean;
    p.high = span / mean;
    p.scale = shape * pow(p.low, shape) / (1 - pow(span, -shape));
    return p;
}

/* The size below which this share of the work lies. */
static double cutoff(const struct pareto *p, double share)
{
    double low = p->low, high = p->high;
    for (int i = 0; i < 200; i++) {
        double middle = sqrt(low * high);
        if (part(p, 1, p->low, middle) < share)
            low = middle;
        else
            high = middle;
    }
    return sqrt(low * high);
}

static int know_intervals(struct theory_case *c, struct lb_error *error)
{
    (void)error;
    struct pareto p = pareto_of(c);
    double n = c->values[THEORY_BACKENDS], rho = c->values[THEORY_RHO], mean = 0, from = p.low;
    double lambda = n * rho; /* of work of mean 1 */
    for (double i = 1; i <= n; i++) {
        double to = i < n ? cutoff(&p, i / n) : p.high, share = part(&p, 0, from, to);
        double wait = lambda * part(&p, 2, from, to) / (2 * (1 - rho));
        mean += share * wait + part(&p, 1, from, to);
        from = to;
    }
    theory_know(
        c, THEORY_MEAN, mean / c->values[THEORY_MU], 5e-3,
        "M/G/1 of each interval; Harchol-Balter, Crovella and Murta 1999; cut-offs are learned");
    theory_plan(c, mean / c->values[THEORY_MU], part(&p, 2, p.low, p.high) - 1);
    return 0;
}

static void write_sizes(const struct theory_case *c, struct text *out)
{
    struct pareto p = pareto_of(c);
    double unit = 1 / c->values[THEORY_MU];
    text_addf(out,
              "    requests: [{name: request, work: \"bounded-pareto(min=%.9fs, max=%.9fs, "
              "shape=%.9g)\"}]\n",
              p.low * unit, p.high * unit, p.shape);
}

/* --- the table -------------------------------------------------------------------------------------- */

static const struct theory_family families[] = {
    {.name = "M/D/c",
     .what = "c servers, one queue, constant work",
     .written = "rho c",
     .needed = THEORY_OPEN | THEORY_BIT(THEORY_SERVERS),
     .work = "constant",
     .know = know_mdc},
    {.name = "size-interval",
     .what = "n servers, each takes an interval of sizes (ideal); bounded Pareto work",
     .written = "rho n shape span",
     .needed = THEORY_OPEN | THEORY_BIT(THEORY_BACKENDS) | THEORY_BIT(THEORY_SHAPE) |
               THEORY_BIT(THEORY_SPAN),
     .work = "exponential",
     .algorithm = "size-interval",
     .clients = write_sizes,
     .know = know_intervals},
};

#define S_CROMMELIN "Crommelin's chain, computed apart from this program"
#define S_SITA      "P-K on the conditional law; Harchol-Balter, Crovella and Murta 1999"

static const struct theory_reference references[] = {
    {"M/D/c rho=0.8 c=2", THEORY_MEAN, 1.903283879, 1e-7, S_CROMMELIN},
    {"M/D/c rho=0.9 c=8", THEORY_MEAN, 1.449973259, 1e-7, S_CROMMELIN},
    {"size-interval rho=0.5 n=2 shape=1.5 span=1000", THEORY_MEAN, 2.735599974, 2e-9, S_SITA},
    {.row = NULL},
};

const struct theory_group theory_sizes = THEORY_GROUP("The law of the work", families, references);
