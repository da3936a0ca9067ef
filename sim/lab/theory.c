/* The queues of theory.h: families, and what is known of each. A new one is a function and a row. */
#include <math.h>
#include <string.h>

#include "sim/base/queueing.h"
#include "sim/lab/chain.h"
#include "sim/lab/theory_family.h"

/* --- what is known ---------------------------------------------------------------------------- */

/*
 * Requests after which the mean response is known to 1 % or so. Waits remember: the variance of a
 * mean over n of them is about 2 (1 + rho) / (1 - rho)^2 n times that of independent ones with
 * cv 1 (M/M/1: W. Whitt, Management Science 35 (1989)); service times forget at once.
 */
void theory_plan(struct theory_case *c, double mean, double scv)
{
    double rho = c->values[THEORY_RHO], mu = c->values[THEORY_MU];
    double wait = 1 - 1 / (mu * mean);
    double root = 1 - sqrt(rho);
    c->rate = c->values[THEORY_LAMBDA];
    c->relaxation = (1 + scv) / 2 / (mu * root * root) + 1 / mu;
    c->effort = 1e4 * (scv + 2 * (1 + rho) / ((1 - rho) * (1 - rho)) * wait * wait *
                                 fmax(1, scv * scv / 2));
}

/* What follows from the mean response of those who are let in, `rate` of them a second. */
static void know_little(struct theory_case *c, double mean, double rate)
{
    double mu = c->values[THEORY_MU], servers = c->values[THEORY_SERVERS];
    theory_know(c, THEORY_PRESENT, rate * mean, THEORY_EXACT, "Little's law");
    if (mu * mean > 1.1) /* else hardly anybody waits */
        theory_know(c, THEORY_WAIT, mean - 1 / mu, THEORY_EXACT, "E[T] - E[S]");
    theory_know(c, THEORY_BUSY, rate / (servers * mu), THEORY_EXACT,
                "Little's law: rate x E[S] / c");
}

static int know_mm1(struct theory_case *c, struct lb_error *error)
{
    (void)error;
    double lambda = c->values[THEORY_LAMBDA], mu = c->values[THEORY_MU];
    double mean = queueing_mm1_mean(lambda, mu);
    theory_know(c, THEORY_MEAN, mean, THEORY_EXACT, "1/(mu-lambda); Kleinrock 1975, 3.2");
    theory_know(c, THEORY_P99, queueing_mm1_quantile(lambda, mu, 0.99), THEORY_EXACT,
                "ln(100)/(mu-lambda): the response is exponential; Kleinrock 1975, 3.2");
    know_little(c, mean, lambda);
    theory_plan(c, mean, 1);
    return 0;
}

/* The slowest mode of the chain sets the relaxation: its eigenvalue is known. Too rare a refusal is
 * left out. */
static int know_mm1k(struct theory_case *c, struct lb_error *error)
{
    (void)error;
    double lambda = c->values[THEORY_LAMBDA], mu = c->values[THEORY_MU];
    unsigned k = (unsigned)c->values[THEORY_PLACES];
    double refused = queueing_mm1k_blocking(lambda, mu, k);
    theory_know(c, THEORY_MEAN, queueing_mm1k_mean(lambda, mu, k), THEORY_EXACT,
                "E[N]/(lambda(1-P)) of those served; Kleinrock 1975, 3.6");
    if (refused >= THEORY_LEAST)
        theory_know(c, THEORY_REFUSED, refused, THEORY_EXACT,
                    "(1-rho)rho^K/(1-rho^(K+1)); Kleinrock 1975, 3.6");
    theory_know(c, THEORY_SERVED, lambda * (1 - refused), THEORY_EXACT, "lambda (1-P)");
    know_little(c, queueing_mm1k_mean(lambda, mu, k), lambda * (1 - refused));
    double gap = lambda + mu - 2 * sqrt(lambda * mu) * cos(acos(-1) / (k + 1));
    c->rate = lambda;
    c->relaxation = 1 / gap + 1 / mu;
    c->effort = 1e4 * (2 + 2 / fmax(refused, THEORY_LEAST) + 2 * lambda / gap);
    return 0;
}

static int know_mmc(struct theory_case *c, struct lb_error *error)
{
    (void)error;
    double mean = queueing_mmc_mean(c->values[THEORY_LAMBDA], c->values[THEORY_MU],
                                    (unsigned)c->values[THEORY_SERVERS]);
    theory_know(c, THEORY_MEAN, mean, THEORY_EXACT,
                "Erlang C; Kleinrock 1975, 3.5; Harchol-Balter 2013, 14");
    know_little(c, mean, c->values[THEORY_LAMBDA]);
    theory_plan(c, mean, 1);
    return 0;
}

/* n servers of one slot that behave as one queue before all of them. */
static int know_pooled(struct theory_case *c, struct lb_error *error)
{
    (void)error;
    double mean = queueing_mmc_mean(c->values[THEORY_LAMBDA], c->values[THEORY_MU],
                                    (unsigned)c->values[THEORY_BACKENDS]);
    theory_know(c, THEORY_MEAN, mean, THEORY_EXACT,
                "M/M/n: Erlang C; Harchol-Balter 2013, 14 and 24");
    theory_plan(c, mean, 1);
    return 0;
}

static double squared_cv(const struct theory_case *c)
{
    if (strcmp(c->work, "constant") == 0)
        return 0;
    return strcmp(c->work, "exponential") == 0 ? 1 : c->values[THEORY_CV] * c->values[THEORY_CV];
}

static int know_mg1(struct theory_case *c, struct lb_error *error)
{
    (void)error;
    double scv = squared_cv(c);
    double mean = queueing_mg1_mean(c->values[THEORY_LAMBDA], 1 / c->values[THEORY_MU], scv);
    theory_know(c, THEORY_MEAN, mean, THEORY_EXACT, "Pollaczek-Khinchine; Kleinrock 1975, 5.6");
    know_little(c, mean, c->values[THEORY_LAMBDA]);
    theory_plan(c, mean, scv);
    return 0;
}

static int know_mg1ps(struct theory_case *c, struct lb_error *error)
{
    (void)error;
    double mean = queueing_mg1ps_mean(c->values[THEORY_LAMBDA], 1 / c->values[THEORY_MU]);
    theory_know(c, THEORY_MEAN, mean, THEORY_EXACT,
                "E[S]/(1-rho), whatever the distribution of the work; Kleinrock 1976, 4.4");
    double left = c->values[THEORY_MU] - c->values[THEORY_LAMBDA];
    if (strcmp(c->work, "exponential") == 0)
        theory_know(c, THEORY_SQUARE, 4 / ((2 - c->values[THEORY_RHO]) * left * left), THEORY_EXACT,
                    "Coffman, Muntz and Trotter 1970");
    theory_plan(c, mean, fmax(1, squared_cv(c)));
    c->effort /= fmax(1, squared_cv(c)); /* sharing hardly feels the large ones */
    return 0;
}

static int know_random(struct theory_case *c, struct lb_error *error)
{
    (void)error;
    double mu = c->values[THEORY_MU], lambda = c->values[THEORY_RHO] * mu;
    theory_know(c, THEORY_MEAN, queueing_mm1_mean(lambda, mu), THEORY_EXACT, "n independent M/M/1");
    theory_know(c, THEORY_P99, queueing_mm1_quantile(lambda, mu, 0.99), THEORY_EXACT,
                "n independent M/M/1");
    theory_plan(c, queueing_mm1_mean(lambda, mu), 1);
    return 0;
}

static int know_round_robin(struct theory_case *c, struct lb_error *error)
{
    (void)error;
    double mean =
        queueing_round_robin_mean(c->values[THEORY_RHO], (unsigned)c->values[THEORY_BACKENDS]) /
        c->values[THEORY_MU];
    const char *source = "E_n/M/1: sigma=(n rho/(n rho+1-sigma))^n; Kleinrock 1975, 6.4";
    theory_know(c, THEORY_MEAN, mean, THEORY_EXACT, source);
    theory_know(c, THEORY_P99, mean * log(100), THEORY_EXACT, source);
    theory_plan(c, mean, 1);
    return 0;
}

/* The tabulated value, else the chain. */
static int know_choices(struct theory_case *c, struct lb_error *error)
{
    double mu = c->values[THEORY_MU];
    theory_know_tabulated(c);
    if (c->known_count == 0) {
        bool all = (c->family->allowed & THEORY_BIT(THEORY_CHOICES)) == 0;
        struct chain_farm farm = {.backends = (unsigned)c->values[THEORY_BACKENDS],
                                  .choices =
                                      (unsigned)c->values[all ? THEORY_BACKENDS : THEORY_CHOICES],
                                  .replacement = !all && c->values[THEORY_REPLACEMENT] != 0,
                                  .rho = c->values[THEORY_RHO]};
        struct chain_result chain = chain_solve(&farm);
        if (isnan(chain.mean))
            return lb_error_set(error, LB_ERROR_INVALID,
                                "'%s': no value is known, and the chain is too large to be "
                                "solved; fewer backends or a smaller rho will do",
                                c->name);
        theory_know(c, THEORY_MEAN, chain.mean / mu, chain.accuracy,
                    "Markov chain of the sorted queue lengths, solved by Gauss-Seidel");
    }
    theory_plan(c, c->known[0].value, 1);
    return 0;
}

static int know_closed(struct theory_case *c, struct lb_error *error)
{
    (void)error;
    double users = c->values[THEORY_USERS], think = c->values[THEORY_THINK];
    double servers = c->values[THEORY_SERVERS], mu = c->values[THEORY_MU];
    double response, throughput;
    queueing_closed((unsigned)users, think, mu, (unsigned)servers, &response, &throughput);
    const char *source = "birth and death, R=N/X-Z; Lazowska and others 1984";
    theory_know(c, THEORY_MEAN, response, THEORY_EXACT, source);
    theory_know(c, THEORY_THROUGHPUT, throughput, THEORY_EXACT, source);
    theory_know(c, THEORY_BUSY, throughput / (servers * mu), THEORY_EXACT, "X / (c mu)");
    c->rate = throughput;
    c->relaxation = think + 1 / mu + users / (servers * mu);
    c->effort = 5e4 + 1e4 * users / servers;
    return 0;
}

/* --- the table -------------------------------------------------------------------------------- */

static const struct theory_family families[] = {
    {.name = "M/M/1",
     .what = "one server",
     .written = "rho",
     .needed = THEORY_OPEN,
     .work = "exponential",
     .know = know_mm1},
    {.name = "M/M/1/K",
     .what = "one server and K places, its own included",
     .written = "rho K",
     .needed = THEORY_OPEN | THEORY_BIT(THEORY_PLACES),
     .overload = true,
     .work = "exponential",
     .know = know_mm1k},
    {.name = "M/M/c",
     .what = "c servers, one queue",
     .written = "rho c",
     .needed = THEORY_OPEN | THEORY_BIT(THEORY_SERVERS),
     .work = "exponential",
     .know = know_mmc},
    {.name = "M/D/1",
     .what = "one server, constant work",
     .written = "rho",
     .needed = THEORY_OPEN,
     .work = "constant",
     .know = know_mg1},
    {.name = "M/G/1",
     .what = "one server; work=lognormal, gamma or hyperexponential",
     .written = "rho cv",
     .needed = THEORY_OPEN | THEORY_BIT(THEORY_CV),
     .general = true,
     .work = "lognormal",
     .know = know_mg1},
    {.name = "M/M/1-PS",
     .what = "one server, shared by all",
     .written = "rho",
     .needed = THEORY_OPEN,
     .shared = true,
     .work = "exponential",
     .know = know_mg1ps},
    {.name = "M/D/1-PS",
     .what = "the same, constant work",
     .written = "rho",
     .needed = THEORY_OPEN,
     .shared = true,
     .work = "constant",
     .know = know_mg1ps},
    {.name = "M/G/1-PS",
     .what = "the same; work=lognormal, gamma or hyperexponential",
     .written = "rho cv",
     .needed = THEORY_OPEN | THEORY_BIT(THEORY_CV),
     .general = true,
     .shared = true,
     .work = "lognormal",
     .know = know_mg1ps},
    {.name = "random",
     .what = "n servers, one at random",
     .written = "rho n",
     .needed = THEORY_OPEN | THEORY_BIT(THEORY_BACKENDS),
     .work = "exponential",
     .algorithm = "random",
     .know = know_random},
    {.name = "round-robin",
     .what = "n servers in turn",
     .written = "rho n",
     .needed = THEORY_OPEN | THEORY_BIT(THEORY_BACKENDS),
     .work = "exponential",
     .algorithm = "round-robin",
     .know = know_round_robin},
    {.name = "power-of-two",
     .what = "n servers, the shorter queue of two; replacement=yes, choices=3",
     .written = "rho n",
     .needed = THEORY_OPEN | THEORY_BIT(THEORY_BACKENDS),
     .allowed = THEORY_BIT(THEORY_CHOICES) | THEORY_BIT(THEORY_REPLACEMENT),
     .work = "exponential",
     .algorithm = "power-of-two",
     .know = know_choices},
    {.name = "least-connections",
     .what = "n servers, the shortest queue",
     .written = "rho n",
     .needed = THEORY_OPEN | THEORY_BIT(THEORY_BACKENDS),
     .work = "exponential",
     .algorithm = "least-connections",
     .know = know_choices},
    {.name = "shortest-queue",
     .what = "the same by the truth (ideal)",
     .written = "rho n",
     .needed = THEORY_OPEN | THEORY_BIT(THEORY_BACKENDS),
     .work = "exponential",
     .algorithm = "shortest-queue",
     .know = know_choices},
    {.name = "least-work-left",
     .what = "n servers, the least work (ideal): as one queue before all",
     .written = "rho n",
     .needed = THEORY_OPEN | THEORY_BIT(THEORY_BACKENDS),
     .work = "exponential",
     .algorithm = "least-work-left",
     .know = know_pooled},
    {.name = "central-queue",
     .what = "n servers, who is free first (ideal): one queue before all",
     .written = "rho n",
     .needed = THEORY_OPEN | THEORY_BIT(THEORY_BACKENDS),
     .work = "exponential",
     .algorithm = "central-queue",
     .know = know_pooled},
    {.name = "M/M/c//N",
     .what = "c servers, users who think and ask again",
     .written = "users think c",
     .needed = THEORY_BIT(THEORY_USERS) | THEORY_BIT(THEORY_THINK) | THEORY_BIT(THEORY_SERVERS),
     .work = "exponential",
     .know = know_closed},
};

const struct theory_group theory_queues = THEORY_GROUP("Queues", families, theory_queue_references);
