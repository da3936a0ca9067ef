/*
 * Farms in full: how long the queues are, not only how long it takes; idle ones first; several servers before
 * one queue with work that is not exponential; shared processors; balancers who only know their own.
 *
 * The idea: whoever comes sees the time average (Poisson arrivals), so lengths are looked at now and then, every mean
 * service time, after the warm-up. What has no formula is a Markov chain: chain.h for equal backends, markov.h for
 * the others.
 */
#include <math.h>
#include <string.h>

#include "sim/base/queueing_waits.h"
#include "sim/base/text.h"
#include "sim/lab/chain.h"
#include "sim/lab/markov.h"
#include "sim/lab/theory_family.h"

#define S_CHAIN "Markov chain of the sorted queue lengths, solved by Gauss-Seidel"
#define S_STEPS "Markov chain, solved by Gauss-Seidel"

/* --- equal backends ------------------------------------------------------------------------------ */

static int know_farm(struct theory_case *c, bool idle_first, struct lb_error *error)
{
    unsigned n = (unsigned)c->values[THEORY_BACKENDS];
    bool all = (c->family->allowed & THEORY_BIT(THEORY_CHOICES)) == 0;
    struct chain_farm farm = {.backends = n,
                              .choices = all ? n : (unsigned)c->values[THEORY_CHOICES],
                              .replacement = !all && c->values[THEORY_REPLACEMENT] != 0,
                              .rho = c->values[THEORY_RHO]};
    if (idle_first)
        farm.choices = 0;
    struct chain_result chain = chain_solve(&farm);
    if (isnan(chain.mean))
        return lb_error_set(error, LB_ERROR_INVALID,
                            "'%s': the chain is too large to be solved; fewer backends or a "
                            "smaller rho will do",
                            c->name);
    theory_know(c, THEORY_MEAN, chain.mean / c->values[THEORY_MU], chain.accuracy, S_CHAIN);
    if (chain.at_least_2 > 0.01)
        theory_know(c, THEORY_AT_LEAST_2, chain.at_least_2, chain.accuracy, S_CHAIN);
    if (chain.at_least_3 > 0.01)
        theory_know(c, THEORY_AT_LEAST_3, chain.at_least_3, chain.accuracy, S_CHAIN);
    if (chain.all_busy > 0.01)
        theory_know(c, THEORY_ALL_BUSY, chain.all_busy, chain.accuracy, S_CHAIN);
    theory_know(c, THEORY_MAX, chain.longest, chain.accuracy, S_CHAIN);
    theory_plan(c, c->known[0].value, 1);
    c->effort *= 2;
    return 0;
}

static int know_lengths(struct theory_case *c, struct lb_error *error)
{
    return know_farm(c, false, error);
}

static int know_idle_first(struct theory_case *c, struct lb_error *error)
{
    return know_farm(c, true, error);
}

/* --- two phases of work -------------------------------------------------------------------------- */

/* Hyperexponential: phase 1 with probability p; or an Erlang law of two stages, one after the other. */
struct phases {
    double p, rate[2];
    bool stages;
    unsigned servers;
    double lambda;
};

/* Work of mean 1. */
static struct phases phases_of(const struct theory_case *c)
{
    double scv = c->values[THEORY_CV] * c->values[THEORY_CV];
    struct phases work = {.rate = {2, 2},
                          .stages = scv < 1,
                          .servers = (unsigned)c->values[THEORY_SERVERS],
                          .lambda = c->values[THEORY_LAMBDA] / c->values[THEORY_MU]};
    if (!work.stages)
        queueing_h2_phases(1, scv, &work.p, &work.rate[0], &work.rate[1]);
    return work;
}

/* The chance that a new one begins in phase k. */
static double begins_in(const struct phases *work, int k)
{
    if (work->stages)
        return k == 0 ? 1 : 0;
    return k == 0 ? work->p : 1 - work->p;
}

/* In a general family only work of two phases makes a chain: hyperexponential, or gamma of two stages. */
static bool is_phases(const struct theory_case *c)
{
    bool two = fabs(c->values[THEORY_CV] - sqrt(0.5)) < 1e-6;
    return strcmp(c->work, "hyperexponential") == 0 || (strcmp(c->work, "gamma") == 0 && two);
}

static int not_phases(const struct theory_case *c, struct lb_error *error)
{
    return lb_error_set(error, LB_ERROR_INVALID,
                        "'%s': known for work=hyperexponential, and for work=gamma "
                        "cv=0.707106781 (two stages)",
                        c->name);
}

/* One queue before all: in service in each phase, and waiting. */
static void central_steps(const void *self, const struct markov_state *from,
                          struct markov_steps *steps)
{
    const struct phases *w = self;
    unsigned busy = from->at[0] + from->at[1];
    for (int k = 0; k < 2; k++) {
        double p = begins_in(w, k);
        struct markov_state to = *from;
        if (busy < w->servers && p > 0) {
            to.at[k]++;
            markov_step(steps, &to, w->lambda * p);
        } else if (busy == w->servers && k == 0) {
            to.at[2]++;
            markov_step(steps, &to, w->lambda);
        }
        if (from->at[k] == 0)
            continue;
        to = *from;
        to.at[k]--;
        if (w->stages && k == 0) {
            to.at[1]++;
            markov_step(steps, &to, from->at[0] * w->rate[0]);
        } else if (from->at[2] == 0) {
            markov_step(steps, &to, from->at[k] * w->rate[k]);
        } else {
            to.at[2]--;
            for (int next = 0; next < 2; next++) {
                double q = begins_in(w, next);
                struct markov_state then = to;
                then.at[next]++;
                if (q > 0)
                    markov_step(steps, &then, from->at[k] * w->rate[k] * q);
            }
        }
    }
}

static unsigned all_present(const void *self, const struct markov_state *state)
{
    unsigned sum = 0;
    (void)self;
    for (int i = 0; i < MARKOV_PARTS; i++)
        sum += state->at[i];
    return sum;
}

static void central_values(const void *self, const struct markov_state *state, double *values)
{
    const struct phases *w = self;
    values[0] = state->at[0] + state->at[1] == w->servers ? 1 : 0;
}

/* The mean response out of a chain, and who waits when it has that as its first figure. */
static int know_chain(struct theory_case *c, const struct markov *chain, double scv,
                      struct lb_error *error)
{
    struct markov_result result = markov_solve(chain);
    if (isnan(result.present))
        return lb_error_set(error, LB_ERROR_INVALID,
                            "'%s': the chain is too large to be solved; a smaller rho will do",
                            c->name);
    theory_know(c, THEORY_MEAN, result.present / result.rate / c->values[THEORY_MU],
                result.accuracy, S_STEPS);
    if (chain->values != NULL)
        theory_know(c, THEORY_WAITS, result.values[0], result.accuracy, S_STEPS);
    theory_plan(c, c->known[0].value, scv);
    c->effort *= chain->values != NULL ? 2 : 1;
    return 0;
}

static int know_central(struct theory_case *c, struct lb_error *error)
{
    struct phases work = phases_of(c);
    struct markov chain = {
        .self = &work, .steps = central_steps, .present = all_present, .values = central_values};
    if (!is_phases(c))
        return not_phases(c, error);
    return know_chain(c, &chain, c->values[THEORY_CV] * c->values[THEORY_CV], error);
}

static int not_two(const struct theory_case *c, struct lb_error *error)
{
    return lb_error_set(error, LB_ERROR_INVALID, "'%s': n=2 is meant", c->name);
}

/* Two backends that share, the fewest in flight: of each, those in each phase. */
static void sharing_steps(const void *self, const struct markov_state *from,
                          struct markov_steps *steps)
{
    const struct phases *w = self;
    unsigned here = from->at[0] + from->at[1], there = from->at[2] + from->at[3];
    for (int k = 0; k < 4; k++) {
        bool first = k < 2;
        double join = here == there ? 0.5 : (here < there) == first ? 1 : 0;
        double p = begins_in(w, k % 2);
        struct markov_state to = *from;
        to.at[k]++;
        if (join * p > 0)
            markov_step(steps, &to, w->lambda * join * p);
        if (from->at[k] == 0)
            continue;
        to = *from;
        to.at[k]--;
        if (w->stages && k % 2 == 0)
            to.at[k + 1]++;
        markov_step(steps, &to, w->rate[k % 2] * from->at[k] / (first ? here : there));
    }
}

static int know_sharing(struct theory_case *c, struct lb_error *error)
{
    struct phases work = phases_of(c);
    struct markov chain = {.self = &work, .steps = sharing_steps, .present = all_present};
    if (!is_phases(c))
        return not_phases(c, error);
    if (c->values[THEORY_BACKENDS] != 2)
        return not_two(c, error);
    return know_chain(c, &chain, fmax(1, c->values[THEORY_CV] * c->values[THEORY_CV]), error);
}

/* --- balancers who only know their own ------------------------------------------------------------- */

/* Two balancers, two backends that share: at[2 * balancer + backend]. */
static void own_steps(const void *self, const struct markov_state *from, struct markov_steps *steps)
{
    const struct phases *w = self;
    for (int k = 0; k < 4; k++) {
        unsigned mine = from->at[k], other = from->at[k ^ 1];
        double join = mine == other ? 0.5 : mine < other ? 1 : 0;
        struct markov_state to = *from;
        to.at[k]++;
        if (join > 0)
            markov_step(steps, &to, w->lambda / 2 * join);
        if (mine == 0)
            continue;
        to = *from;
        to.at[k]--;
        markov_step(steps, &to, (double)mine / (from->at[k % 2] + from->at[2 + k % 2]));
    }
}

static int know_own(struct theory_case *c, struct lb_error *error)
{
    struct phases work = {.lambda = c->values[THEORY_LAMBDA] / c->values[THEORY_MU]};
    struct markov chain = {.self = &work, .steps = own_steps, .present = all_present};
    if (c->values[THEORY_BACKENDS] != 2)
        return not_two(c, error);
    return know_chain(c, &chain, 1, error);
}

static void write_two(const struct theory_case *c, struct text *out)
{
    (void)c;
    text_addf(out, "  count: 2\n  clients: random\n  view: own\n");
}

/* --- a shared server -------------------------------------------------------------------------------- */

static int know_shared(struct theory_case *c, struct lb_error *error)
{
    (void)error;
    double rho = c->values[THEORY_RHO], scv = c->values[THEORY_CV] * c->values[THEORY_CV];
    const char *source = "geometric, whatever the law of the work; Baskett and others 1975";
    theory_know(c, THEORY_AT_LEAST_1, rho, THEORY_EXACT, source);
    theory_know(c, THEORY_AT_LEAST_2, rho * rho, THEORY_EXACT, source);
    theory_know(c, THEORY_AT_LEAST_3, rho * rho * rho, THEORY_EXACT, source);
    theory_know(c, THEORY_EQUAL, rho * rho * rho * (1 - rho), THEORY_EXACT, source);
    theory_plan(c, 1 / (c->values[THEORY_MU] * (1 - rho)), fmax(1, scv));
    c->effort *= 2 / (rho * rho);
    return 0;
}

/* --- what is seen -------------------------------------------------------------------------------- */

struct lengths {
    lb_time warmup;
    double looks, all_busy, longest;
    double at_least[5]; /* [k]: share of the backends that have k and more */
};

static void begin(void *self, const struct scenario *scenario)
{
    ((struct lengths *)self)->warmup = scenario->run.warmup;
}

static void look(void *self, const struct sample *sample)
{
    struct lengths *seen = self;
    uint32_t idle = 0, longest = 0;
    if (sample->at <= seen->warmup)
        return;
    for (uint32_t b = 0; b < sample->backend_count; b++) {
        const struct sample_backend *backend = &sample->backends[b];
        uint32_t length = backend->in_flight; /* with no network between, those at the backend */
        for (uint32_t k = 1; k < 5 && k <= length; k++)
            seen->at_least[k] += 1.0 / sample->backend_count;
        idle += backend->busy < backend->slots ? 1 : 0;
        longest = length > longest ? length : longest;
    }
    seen->looks++;
    seen->all_busy += idle == 0 ? 1 : 0;
    seen->longest += longest;
}

/* The sum over the looks; NAN = it is no matter of looks. */
static double sum_of(const struct lengths *seen, enum theory_quantity quantity)
{
    switch (quantity) {
    case THEORY_AT_LEAST_1:
    case THEORY_AT_LEAST_2:
    case THEORY_AT_LEAST_3:
        return seen->at_least[1 + quantity - THEORY_AT_LEAST_1];
    case THEORY_EQUAL: /* k = 3 */
        return seen->at_least[3] - seen->at_least[4];
    case THEORY_ALL_BUSY:
    case THEORY_WAITS:
        return seen->all_busy;
    case THEORY_MAX:
        return seen->longest;
    default:
        return NAN;
    }
}

static void figures_of(const struct theory_case *c, const struct summary *summary,
                       const void *watch, double *figures)
{
    const struct lengths *seen = watch;
    for (uint32_t k = 0; k < c->known_count; k++) {
        double sum = sum_of(seen, c->known[k].quantity);
        figures[k] = isnan(sum) ? theory_figure(summary, c->known[k].quantity) : sum / seen->looks;
    }
}

/* --- the table ----------------------------------------------------------------------------------- */

#define LOOKS                                                                                      \
    .watch_size = sizeof(struct lengths), .begin = begin, .sample = look, .figures = figures_of

static const struct theory_family families[] = {
    {.name = "lengths",
     .what = "n servers, the shortest queue (least-connections): how long the queues are",
     .written = "rho n",
     .needed = THEORY_OPEN | THEORY_BIT(THEORY_BACKENDS),
     .work = "exponential",
     .algorithm = "least-connections",
     LOOKS,
     .know = know_lengths},
    {.name = "lengths-choices",
     .what = "the same, the shorter of two (power-of-two); choices=3, replacement=yes",
     .written = "rho n",
     .needed = THEORY_OPEN | THEORY_BIT(THEORY_BACKENDS),
     .allowed = THEORY_BIT(THEORY_CHOICES) | THEORY_BIT(THEORY_REPLACEMENT),
     .work = "exponential",
     .algorithm = "power-of-two",
     LOOKS,
     .know = know_lengths},
    {.name = "join-idle-queue",
     .what = "the same, an idle one, else any (ideal)",
     .written = "rho n",
     .needed = THEORY_OPEN | THEORY_BIT(THEORY_BACKENDS),
     .work = "exponential",
     .algorithm = "join-idle-queue",
     LOOKS,
     .know = know_idle_first},
    {.name = "M/G/c",
     .what = "c servers, one queue; work=hyperexponential, or gamma of two stages",
     .written = "rho c cv",
     .needed = THEORY_OPEN | THEORY_BIT(THEORY_SERVERS) | THEORY_BIT(THEORY_CV),
     .general = true,
     .work = "hyperexponential",
     LOOKS,
     .know = know_central},
    {.name = "lengths-PS",
     .what = "one server, shared by all: how many are there (k = 3); work=lognormal, ...",
     .written = "rho cv",
     .needed = THEORY_OPEN | THEORY_BIT(THEORY_CV),
     .general = true,
     .shared = true,
     .work = "lognormal",
     LOOKS,
     .know = know_shared},
    {.name = "pair-PS",
     .what = "two backends that share, the fewest in flight; work as of M/G/c",
     .written = "rho n cv",
     .needed = THEORY_OPEN | THEORY_BIT(THEORY_BACKENDS) | THEORY_BIT(THEORY_CV),
     .general = true,
     .shared = true,
     .work = "hyperexponential",
     .algorithm = "least-connections",
     .know = know_sharing},
    {.name = "own-books",
     .what = "two balancers before two backends that share, each looks at its own books only",
     .written = "rho n",
     .needed = THEORY_OPEN | THEORY_BIT(THEORY_BACKENDS),
     .shared = true,
     .work = "exponential",
     .algorithm = "least-connections",
     .balancer = write_two,
     .know = know_own},
};

#define S_SORTED    "chain of the sorted queue lengths, computed apart from this program"
#define S_QBD       "level-dependent QBD, computed apart from this program"
#define S_GEOMETRIC "rho^3 (1-rho), BCMP"
#define S_FOUR      "chain of four counts, computed apart from this program"

static const struct theory_reference references[] = {
    {"lengths rho=0.7 n=2", THEORY_AT_LEAST_2, 0.3895396722, 1e-6, S_SORTED},
    {"lengths rho=0.7 n=2", THEORY_ALL_BUSY, 0.5564852461, 1e-6, S_SORTED},
    {"lengths rho=0.7 n=2", THEORY_MAX, 1.84327891, 1e-6, S_SORTED},
    {"lengths-choices rho=0.7 n=4", THEORY_AT_LEAST_2, 0.3632716703, 1e-6, S_SORTED},
    {"join-idle-queue rho=0.7 n=4", THEORY_MEAN, 1.676396396, 1e-6, S_SORTED},
    {"M/G/c rho=0.7 c=2 cv=2", THEORY_MEAN, 3.261036998, 1e-6, S_QBD},
    {"M/G/c rho=0.7 c=2 cv=2", THEORY_WAITS, 0.5852391794, 1e-6, S_QBD},
    {"lengths-PS rho=0.8 cv=1", THEORY_EQUAL, 0.1024, 1e-9, S_GEOMETRIC},
    {"pair-PS rho=0.5 cv=2 n=2", THEORY_MEAN, 1.433390584, 1e-6, S_FOUR},
    {"own-books rho=0.5 n=2", THEORY_MEAN, 1.523588809, 1e-6, S_FOUR},
    {.row = NULL},
};

const struct theory_group theory_farms = THEORY_GROUP("Farms in full", families, references);
