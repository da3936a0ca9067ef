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

struct
    phases { /* hyperexponential: phase 1 with probability p; or an Erlang law of two stages, p = 0 */
    double p, rate[2];
    bool stages;
    unsigned servers;
    double lambda;
};

/* Work of mean 1. */
static struct phases phases_of(const struct theory_case *c)
{
    double scv = c->values[THEORY_CV] * c->values[THEORY_CV];
    double p = scv >= 1 ? (1 + sqrt((scv - 1) / (scv + 1))) / 2 : 0;
    return (struct phases){.p = p,
                           .rate = {scv >= 1 ? 2 * p : 2, scv >= 1 ? 2 * (1 - p) : 2},
                           .stages = scv < 1,
                           .servers = (unsigned)c->values[THEORY_SERVERS],
                           .lambda = c->values[THEORY_LAMBDA] / c->values[THEORY_MU]};
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
        double p = w->stages ? k == 0 : k == 0 ? w->p : 1 - w->p; /* of a new one's phase */
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
                double q = w->stages ? next == 0 : next == 0 ? w->p : 1 - w->p;
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

static int too_large(const struct theory_case *c, struct lb_error *error)
{
    return lb_error_set(error, LB_ERROR_INVALID,
                        "'%s': the chain is too large to be solved; a smaller rho will do",
                        c->name);
}

static int know_central(struct theory_case *c, struct lb_error *error)
{
    struct phases work = phases_of(c);
    if (!is_phases(c))
        return not_phases(c, error);
    struct markov chain = {
        .self = &work, .steps = central_steps, .present = all_present, .values = central_values};
    struct markov_result result = markov_solve(&chain);
    if (isnan(result.present))
        return too_large(c, error);
    theory_know(c, THEORY_MEAN, result.present / result.rate / c->values[THEORY_MU],
                result.accuracy, S_STEPS);
    theory_know(c, THEORY_WAITS, result.values[0], result.accuracy, S_STEPS);
    theory_plan(c, c->known[0].value, c->values[THEORY_CV] * c->values[THEORY_CV]);
    c->effort *= 2;
    return 0;
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
        double p = w->stages ? k % 2 == 0 : k % 2 == 0 ? w->p : 1 - w->p;
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
    if (!is_phases(c))
        return not_phases(c, error);
    work.lambda *= c->values[THEORY_BACKENDS] / 2; /* rho is of a backend: two of them */
    if (c->values[THEORY_BACKENDS] != 2)
        return lb_error_set(error, LB_ERROR_INVALID, "'%s': n=2 is meant", c->name);
    struct markov chain = {.self = &work, .steps = sharing_steps, .present = all_present};
    struct markov_result result = markov_solve(&chain);
    if (isnan(result.present))
        return too_large(c, error);
    theory_know(c, THEORY_MEAN, result.present / result.rate / c->values[THEORY_MU],
                result.accuracy, S_STEPS);
    theory_plan(c, c->known[0].value, fmax(1, c->values[THEORY_CV] * c->values[THEORY_CV]));
    return 0;
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
    struct phases work = {.lambda = 2 * c->values[THEORY_RHO]};
    if (c->values[THEORY_BACKENDS] != 2)
        return lb_error_set(error, LB_ERROR_INVALID, "'%s': n=2 is meant", c->name);
    struct markov chain = {.self = &work, .steps = own_steps, .present = all_present};
    struct markov_result result = markov_solve(&chain);
    if (isnan(result.present))
        return too_large(c, error);
    theory_know(c, THEORY_MEAN, result.present / result.rate / c->values[THEORY_MU],
                result.accuracy, S_STEPS);
    theory_plan(c, c->known[0].value, 1);
    return 0;
}

static void write_two(const struct theory_case *c, struct text *out)
{
    (void)c;
    text_addf(out, "  count: 2\n  clients: random\n  view: own\n");
}

/* --- what is seen -------------------------------------------------------------------------------- */

struct lengths {
    lb_time warmup;
    double looks, at_least_2, at_least_3, all_busy, longest;
};

static void begin(void *self, const struct scenario *scenario)
{
    ((struct lengths *)self)->warmup = scenario->run.warmup;
}

static void look(void *self, const struct sample *sample)
{
    struct lengths *seen = self;
    uint32_t two = 0, three = 0, idle = 0, longest = 0;
    if (sample->at <= seen->warmup)
        return;
    for (uint32_t b = 0; b < sample->backend_count; b++) {
        const struct sample_backend *backend = &sample->backends[b];
        uint32_t length = backend->busy + backend->queue;
        two += length >= 2 ? 1 : 0;
        three += length >= 3 ? 1 : 0;
        idle += backend->busy < backend->slots ? 1 : 0;
        longest = length > longest ? length : longest;
    }
    seen->looks++;
    seen->at_least_2 += (double)two / sample->backend_count;
    seen->at_least_3 += (double)three / sample->backend_count;
    seen->all_busy += idle == 0 ? 1 : 0;
    seen->longest += longest;
}

static void figures_of(const struct theory_case *c, const struct summary *summary,
                       const void *watch, double *figures)
{
    const struct lengths *seen = watch;
    for (uint32_t k = 0; k < c->known_count; k++) {
        enum theory_quantity quantity = c->known[k].quantity;
        double sum = quantity == THEORY_AT_LEAST_2                             ? seen->at_least_2
                     : quantity == THEORY_AT_LEAST_3                           ? seen->at_least_3
                     : quantity == THEORY_ALL_BUSY || quantity == THEORY_WAITS ? seen->all_busy
                     : quantity == THEORY_MAX                                  ? seen->longest
                                                                               : NAN;
        figures[k] = isnan(sum) ? theory_figure(summary, quantity) : sum / seen->looks;
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

#define S_SORTED "chain of the sorted queue lengths, computed apart from this program"
#define S_QBD    "level-dependent QBD, computed apart from this program"
#define S_FOUR   "chain of four counts, computed apart from this program"

static const struct theory_reference references[] = {
    {"lengths rho=0.7 n=2", THEORY_AT_LEAST_2, 0.3895396722, 1e-6, S_SORTED},
    {"lengths rho=0.7 n=2", THEORY_ALL_BUSY, 0.5564852461, 1e-6, S_SORTED},
    {"lengths rho=0.7 n=2", THEORY_MAX, 1.84327891, 1e-6, S_SORTED},
    {"lengths-choices rho=0.7 n=4", THEORY_AT_LEAST_2, 0.3632716703, 1e-6, S_SORTED},
    {"join-idle-queue rho=0.7 n=4", THEORY_MEAN, 1.676396396, 1e-6, S_SORTED},
    {"M/G/c rho=0.7 c=2 cv=2", THEORY_MEAN, 3.261036998, 1e-6, S_QBD},
    {"M/G/c rho=0.7 c=2 cv=2", THEORY_WAITS, 0.5852391794, 1e-6, S_QBD},
    {"pair-PS rho=0.5 cv=2 n=2", THEORY_MEAN, 1.433390584, 1e-6, S_FOUR},
    {"own-books rho=0.5 n=2", THEORY_MEAN, 1.523588809, 1e-6, S_FOUR},
    {.row = NULL},
};

const struct theory_group theory_farms = THEORY_GROUP("Farms in full", families, references);
