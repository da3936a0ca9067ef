/*
 * Failover: how long a balancer takes to notice, and what is lost meanwhile. In the real world of the
 * simulator: backends die, hang or come back at random instants, checks find out.
 */
#include <math.h>
#include <string.h>

#include "sim/base/availability.h"
#include "sim/base/text.h"
#include "sim/lab/theory_family.h"

#define WATCHED 200 /* backends that each make one trial in a replication */

/* --- detection -------------------------------------------------------------------------------- */

static bool hangs(const struct theory_case *c)
{
    return c->values[THEORY_FAULT] != 0;
}

static bool after_result(const struct theory_case *c)
{
    return c->values[THEORY_PACE] != 0;
}

/* What a failing check takes: its timeout when the backend hangs, nothing when it refuses. */
static double taken(const struct theory_case *c)
{
    return hangs(c) ? c->values[THEORY_TIMEOUT] : 0;
}

/* Uniform over one interval about the mean: its spread, and the first and last of many. */
static void know_uniform(struct theory_case *c, double mean, const char *source)
{
    double every = c->values[THEORY_EVERY], edge = every / (WATCHED + 1);
    theory_know(c, THEORY_DELAY, mean, THEORY_EXACT, source);
    theory_know(c, THEORY_SPREAD, every / sqrt(12), THEORY_EXACT, "uniform over an interval");
    /* Where the edge is sharp: else it takes more replications than a case has. */
    if (mean - every / 2 > 0.5 * every) {
        theory_know(c, THEORY_EARLY, mean - every / 2 + edge, THEORY_EXACT,
                    "uniform: the first of 200");
        theory_know(c, THEORY_LATE, mean + every / 2 - edge, THEORY_EXACT,
                    "uniform: the last of 200");
    }
    c->rate = c->relaxation = 1;
    c->effort = 20;
}

static int know_detection(struct theory_case *c, struct lb_error *error)
{
    double every = c->values[THEORY_EVERY], fast = c->values[THEORY_FAST];
    double fall = c->values[THEORY_FALL], gap = after_result(c) ? taken(c) : 0;
    if (!after_result(c) && c->values[THEORY_TIMEOUT] > fmin(every, fast > 0 ? fast : every))
        return lb_error_set(error, LB_ERROR_INVALID,
                            "'%s': at a fixed pace a check must end before the next: a shorter "
                            "timeout, or pace=after-result",
                            c->name);
    if (fast > every)
        return lb_error_set(error, LB_ERROR_INVALID, "'%s': fast is no longer than every", c->name);
    double again = fast > 0 ? fast : every;
    know_uniform(
        c, every / 2 + (fall - 1) * (again + gap) + taken(c),
        "every/2 + (fall-1)(again [+ timeout]) [+ timeout]: failure uniform in the interval");
    return 0;
}

static int know_recovery(struct theory_case *c, struct lb_error *error)
{
    (void)error;
    know_uniform(c, (c->values[THEORY_RISE] - 0.5) * c->values[THEORY_EVERY],
                 "(rise-1/2) every: recovery uniform in the interval");
    return 0;
}

struct watch {
    lb_time since[WATCHED];
    double sum, squares, least, most;
    double count;
};

/* A delay that ended: the squares are about what theory says, so both are held by them. */
static void ended(struct watch *watch, const struct happening *h)
{
    lb_time since = watch->since[h->backend];
    if (since == 0)
        return;
    double delay = (double)(h->at - since) / 1e9;
    watch->since[h->backend] = 0;
    watch->sum += delay;
    watch->squares += delay * delay;
    watch->least = watch->count == 0 ? delay : fmin(watch->least, delay);
    watch->most = fmax(watch->most, delay);
    watch->count++;
}

static void hear_detection(void *self, const struct happening *h)
{
    struct watch *watch = self;
    if (h->backend < 0 || h->backend >= WATCHED)
        return;
    if (h->kind == HAPPENING_COMMAND && (h->action == ACTION_KILL || h->action == ACTION_HANG))
        watch->since[h->backend] = h->at;
    else if (h->kind == HAPPENING_BELIEF && h->to == BELIEF_DOWN)
        ended(watch, h);
}

static void hear_recovery(void *self, const struct happening *h)
{
    struct watch *watch = self;
    if (h->backend < 0 || h->backend >= WATCHED)
        return;
    if (h->kind == HAPPENING_COMMAND && h->action == ACTION_RESTORE)
        watch->since[h->backend] = h->at;
    else if (h->kind == HAPPENING_BELIEF && h->to == BELIEF_UP)
        ended(watch, h);
}

/* NAN when one of them was never noticed. */
static void delays(const struct theory_case *c, const struct summary *summary, const void *self,
                   double *figures)
{
    const struct watch *watch = self;
    double n = watch->count == WATCHED ? WATCHED : NAN, mean = c->known[0].value;
    (void)summary;
    for (uint32_t k = 0; k < c->known_count; k++)
        switch (c->known[k].quantity) {
        case THEORY_DELAY:
            figures[k] = watch->sum / n;
            break;
        case THEORY_SPREAD:
            figures[k] = (watch->squares - 2 * mean * watch->sum) / n + mean * mean;
            break;
        case THEORY_EARLY:
            figures[k] = watch->least * n / n;
            break;
        default:
            figures[k] = watch->most * n / n;
        }
}

/* A few requests, so that there are clients. */
static void write_idle(struct text *out)
{
    text_addf(out, "clients:\n  - name: clients\n    arrivals: poisson(rate=0.01/s)\n"
                   "    requests: [{name: request, work: \"constant(1ms)\"}]\n"
                   "    timeout: 1ms\n");
}

static void write_checks(const struct theory_case *c, struct text *out)
{
    const double *v = c->values;
    text_addf(out, "balancer:\n  algorithm: random\n  health:\n    active: {every: %.9fs",
              v[THEORY_EVERY]);
    if (v[THEORY_TIMEOUT] > 0)
        text_addf(out, ", timeout: %.9fs", v[THEORY_TIMEOUT]);
    if (v[THEORY_FAST] > 0)
        text_addf(out, ", fastinter: %.9fs", v[THEORY_FAST]);
    text_addf(out, ", fall: %.0f, rise: %.0f, pace: %s}\n", v[THEORY_FALL], v[THEORY_RISE],
              after_result(c) ? "after-result" : "fixed");
}

/* Every backend fails, and comes back, at an instant of its own. */
static void write_detection(const struct theory_case *c, double requests, uint64_t seed,
                            struct text *out)
{
    double every = c->values[THEORY_EVERY], start = 2 * every;
    double end = start + every + 2 * c->known[0].value + every + 2 * taken(c);
    (void)requests;
    write_idle(out);
    write_checks(c, out);
    text_addf(out, "backends:\n  - {name: server, count: %d}\ntimeline:\n", WATCHED);
    for (int i = 1; i <= WATCHED; i++)
        text_addf(out, "  - {at: \"uniform(min=%.9fs, max=%.9fs)\", %s: server%d}\n", start,
                  start + every, hangs(c) ? "hang" : "kill", i);
    text_addf(out, "run: {kind: transient, duration: %.9fs, seed: %llu}\n", end,
              (unsigned long long)seed);
}

static void write_recovery(const struct theory_case *c, double requests, uint64_t seed,
                           struct text *out)
{
    double every = c->values[THEORY_EVERY], start = (c->values[THEORY_FALL] + 2) * every;
    double end = start + 2 * every + c->known[0].value;
    (void)requests;
    write_idle(out);
    write_checks(c, out);
    text_addf(out, "backends:\n  - {name: server, count: %d}\ntimeline:\n", WATCHED);
    text_addf(out, "  - {at: 1ns, kill: server}\n");
    for (int i = 1; i <= WATCHED; i++)
        text_addf(out, "  - {at: \"uniform(min=%.9fs, max=%.9fs)\", restore: server%d}\n", start,
                  start + every, i);
    text_addf(out, "run: {kind: transient, duration: %.9fs, seed: %llu}\n", end,
              (unsigned long long)seed);
}

/* --- what is lost ----------------------------------------------------------------------------- */

static int know_lost(struct theory_case *c, struct lb_error *error)
{
    (void)error;
    const double *v = c->values;
    double delay = (v[THEORY_FALL] - 0.5) * v[THEORY_EVERY];
    double failed = v[THEORY_LAMBDA] / v[THEORY_BACKENDS] * delay;
    theory_know(c, THEORY_FAILED, failed, THEORY_EXACT,
                "lambda/n D, D = (fall-1/2) every; no retry, random");
    c->rate = c->relaxation = 1;
    c->effort = 20;
    return 0;
}

static void write_lost(const struct theory_case *c, double requests, uint64_t seed,
                       struct text *out)
{
    const double *v = c->values;
    double every = v[THEORY_EVERY], end = (v[THEORY_FALL] + 3) * every;
    (void)requests;
    text_addf(out,
              "clients:\n  - name: clients\n    arrivals: poisson(rate=%.12g/s)\n"
              "    requests: [{name: request, work: \"constant(1us)\"}]\n",
              v[THEORY_LAMBDA]);
    write_checks(c, out);
    text_addf(out,
              "backends:\n  - {name: server, count: %.0f}\n"
              "timeline:\n  - {at: \"uniform(min=%.9fs, max=%.9fs)\", kill: server1}\n"
              "run: {kind: transient, duration: %.9fs, seed: %llu}\n",
              v[THEORY_BACKENDS], every, 2 * every, end, (unsigned long long)seed);
}

/* A dead backend has nobody in flight, so fewest-in-flight sends everything there unless it ties with
 * an idle one: with i of the n - 1 others idle, 1/(i+1). Birth and death over the busy ones. */
static int know_black_hole(struct theory_case *c, struct lb_error *error)
{
    (void)error;
    double lambda = c->values[THEORY_LAMBDA], mu = c->values[THEORY_MU];
    unsigned alive = (unsigned)c->values[THEORY_BACKENDS] - 1;
    double weight = 1, sum = 0, failing = 0;
    for (unsigned busy = 0; busy <= alive; busy++) {
        double idle = alive - busy;
        sum += weight;
        failing += weight / (idle + 1);
        weight *= lambda * idle / (idle + 1) / ((busy + 1) * mu);
    }
    theory_know(c, THEORY_FAILING, failing / sum, THEORY_EXACT,
                "birth and death over the busy ones of those alive");
    c->rate = lambda;
    c->relaxation = 2 / mu;
    c->effort = 1e4 * (2 + 4 / (failing / sum));
    return 0;
}

static void kill_first(const struct theory_case *c, struct text *out)
{
    (void)c;
    text_addf(out, "timeline:\n  - {at: 1ns, kill: server1}\n");
}

/* --- backends that fail and are repaired ------------------------------------------------------- */

#define IN_AN_OUTAGE 5.0 /* requests */

static int know_availability(struct theory_case *c, struct lb_error *error)
{
    (void)error;
    double up = c->values[THEORY_UP], down = c->values[THEORY_DOWN];
    theory_know(c, THEORY_AVAILABILITY, availability_of(up, down), THEORY_EXACT, "up/(up+down)");
    theory_know(c, THEORY_FAILING, 1 - availability_of(up, down), THEORY_EXACT, "down/(up+down)");
    c->rate = IN_AN_OUTAGE / down;
    c->relaxation = 1 / (1 / up + 1 / down);
    c->effort = 2.4e4 * (up + down) * c->rate;
    return 0;
}

static void write_failing(const struct theory_case *c, const char *mttr, double n, double requests,
                          uint64_t seed, struct text *out)
{
    double warm = 20 * c->relaxation;
    text_addf(
        out,
        "backends:\n  - {name: server, count: %.0f, failures: {mtbf: exponential(mean=%.9fs), "
        "mttr: %s%.9fs)}}\n"
        "run: {kind: steady, duration: %.9fs, warmup: %.9fs, settle: 1s, seed: %llu}\n",
        n, c->values[THEORY_UP], mttr, c->values[THEORY_DOWN], warm + requests / c->rate, warm,
        (unsigned long long)seed);
}

static void write_traffic(const struct theory_case *c, struct text *out)
{
    text_addf(out,
              "clients:\n  - name: clients\n    arrivals: poisson(rate=%.12g/s)\n"
              "    requests: [{name: request, work: \"constant(1us)\"}]\n",
              c->rate);
}

static void write_availability(const struct theory_case *c, double requests, uint64_t seed,
                               struct text *out)
{
    write_traffic(c, out);
    text_addf(out, "balancer: {algorithm: random}\n");
    write_failing(c, "exponential(mean=", 1, requests, seed, out);
}

/*
 * n backends, checked. Of a cycle of up + down, a backend is up and believed so for up s, where s is
 * the chance that an up time outlasts the time X until it is noticed, uniform in ((rise-1) every,
 * rise every); and it is down unnoticed for (fall-1/2) every, if it was believed up before. Those
 * believed up are alike, so a request fails with the share of the bad among them, or when none is left.
 */
static int know_failing(struct theory_case *c, struct lb_error *error)
{
    const double *v = c->values;
    double up = v[THEORY_UP], down = v[THEORY_DOWN], every = v[THEORY_EVERY];
    if (down < v[THEORY_FALL] * every)
        return lb_error_set(error, LB_ERROR_INVALID,
                            "'%s': some outages end unnoticed: down is fall x every at least",
                            c->name);
    double s = exp(-(v[THEORY_RISE] - 1) * every / up) * -expm1(-every / up) * up / every;
    double good = up * s / (up + down);
    double unseen = (v[THEORY_FALL] - 0.5) * every * s / (up + down);
    double nobody = pow(1 - good - unseen, v[THEORY_BACKENDS]);
    double failing = unseen / (good + unseen) * (1 - nobody) + nobody;
    theory_know(c, THEORY_FAILING, failing, THEORY_EXACT,
                "bad/(good+bad)(1-none^n) + none^n, independent backends, checks");
    c->rate = IN_AN_OUTAGE * v[THEORY_BACKENDS] / ((v[THEORY_FALL] - 0.5) * every);
    c->relaxation = down + every;
    c->effort = 2e4 * c->rate * (up + down) / v[THEORY_BACKENDS] + 2e4 / failing;
    return 0;
}

static void write_failing_backends(const struct theory_case *c, double requests, uint64_t seed,
                                   struct text *out)
{
    write_traffic(c, out);
    write_checks(c, out);
    write_failing(c, "constant(", c->values[THEORY_BACKENDS], requests, seed, out);
}

/* --- noticed or over, whichever comes first ------------------------------------------------------ */

#define OFTEN 50.0 /* checks until it is noticed: they come so often that the time hardly varies */

static int know_unnoticed(struct theory_case *c, struct lb_error *error)
{
    double down = c->values[THEORY_DOWN], detect = c->values[THEORY_TIME];
    double mean = availability_unnoticed(down, detect), up = c->values[THEORY_UP];
    if (mean / (up + down) < 0.001)
        return lb_error_set(error, LB_ERROR_INVALID,
                            "'%s': %.2g of the time is too little to be seen", c->name,
                            mean / (up + down));
    /* The instant of notice is uniform over a fiftieth of t: to second order it changes nothing. */
    theory_know(c, THEORY_DELAY, mean, 1e-4,
                "down (1 - exp(-t/down)): the least of repair and notice");
    c->rate = 20 / fmin(mean, up);
    c->relaxation = up + down;
    c->effort = 4e3 * c->rate * (up + down) + 1e4 * (up + down) / mean;
    return 0;
}

static void write_unnoticed(const struct theory_case *c, double requests, uint64_t seed,
                            struct text *out)
{
    double every = c->values[THEORY_TIME] / (OFTEN - 0.5), warm = 2 * c->relaxation;
    text_addf(out,
              "clients:\n  - name: clients\n    arrivals: poisson(rate=%.12g/s)\n"
              "    requests: [{name: request, work: \"constant(1us)\"}]\n"
              "balancer:\n  algorithm: random\n"
              "  health: {active: {every: %.9fs, timeout: %.9fs, fall: %.0f, rise: 1}}\n",
              c->rate, every, every, OFTEN);
    text_addf(out,
              "backends:\n  - {name: server, failures: {mtbf: exponential(mean=%.9fs), "
              "mttr: exponential(mean=%.9fs)}}\n"
              "run: {kind: steady, duration: %.9fs, warmup: %.9fs, settle: 1s, seed: %llu}\n",
              c->values[THEORY_UP], c->values[THEORY_DOWN], warm + requests / c->rate, warm,
              (unsigned long long)seed);
}

/* Refused: it is dead and its balancer does not know. Who comes later finds nobody, which is another cause. */
static void unnoticed_figures(const struct theory_case *c, const struct summary *summary,
                              const void *watch, double *figures)
{
    const struct summary_counts *counts = &summary->counts;
    (void)watch;
    figures[0] = (double)counts->cause[CAUSE_REFUSED] / (double)counts->arrived *
                 (c->values[THEORY_UP] + c->values[THEORY_DOWN]);
}

/* --- the table -------------------------------------------------------------------------------- */

#define CHECKS                                                                                     \
    THEORY_BIT(THEORY_FALL) | THEORY_BIT(THEORY_FAST) | THEORY_BIT(THEORY_FAULT) |                 \
        THEORY_BIT(THEORY_PACE)

static const struct theory_family families[] = {
    {.name = "detection",
     .what = "time until a failure is noticed; fall=3, fault=hang, pace=after-result, fast=0.5",
     .written = "every timeout",
     .needed = THEORY_BIT(THEORY_EVERY) | THEORY_BIT(THEORY_TIMEOUT),
     .allowed = CHECKS,
     .know = know_detection,
     .scenario = write_detection,
     .watch_size = sizeof(struct watch),
     .happening = hear_detection,
     .figures = delays},
    {.name = "recovery",
     .what = "time until a recovery is noticed; rise=2",
     .written = "every",
     .needed = THEORY_BIT(THEORY_EVERY),
     .allowed = THEORY_BIT(THEORY_RISE),
     .know = know_recovery,
     .scenario = write_recovery,
     .watch_size = sizeof(struct watch),
     .happening = hear_recovery,
     .figures = delays},
    {.name = "undetected",
     .what = "requests that fail until one of n dead is noticed; fall=3",
     .written = "lambda n every",
     .needed = THEORY_BIT(THEORY_LAMBDA) | THEORY_BIT(THEORY_BACKENDS) | THEORY_BIT(THEORY_EVERY),
     .allowed = THEORY_BIT(THEORY_FALL),
     .know = know_lost,
     .scenario = write_lost},
    {.name = "black-hole",
     .what = "one of n is dead and refuses at once, nobody notices (least-connections)",
     .written = "rho n",
     .needed = THEORY_OPEN | THEORY_BIT(THEORY_BACKENDS),
     .overload = true,
     .work = "exponential",
     .algorithm = "least-connections",
     .backends = kill_first,
     .know = know_black_hole},
    {.name = "availability",
     .what = "a backend that fails after `up` and is repaired after `down` seconds on average",
     .written = "up down",
     .needed = THEORY_BIT(THEORY_UP) | THEORY_BIT(THEORY_DOWN),
     .know = know_availability,
     .scenario = write_availability},
    {.name = "failing",
     .what = "requests that fail at n such backends, down for `down`; fall=3, rise=2",
     .written = "n every up down",
     .needed = THEORY_BIT(THEORY_BACKENDS) | THEORY_BIT(THEORY_EVERY) | THEORY_BIT(THEORY_UP) |
               THEORY_BIT(THEORY_DOWN),
     .allowed = THEORY_BIT(THEORY_FALL) | THEORY_BIT(THEORY_RISE),
     .know = know_failing,
     .scenario = write_failing_backends},
    {.name = "unnoticed",
     .what = "time that an outage stays unnoticed: repaired, or noticed after t seconds",
     .written = "t up down",
     .needed = THEORY_BIT(THEORY_TIME) | THEORY_BIT(THEORY_UP) | THEORY_BIT(THEORY_DOWN),
     .know = know_unnoticed,
     .scenario = write_unnoticed,
     .figures = unnoticed_figures},
};

static const struct theory_reference references[] = {
    {"detection every=2 timeout=1", THEORY_DELAY, 5, 1e-9, "(fall-1/2) every"},
    {"detection every=2 timeout=1 fault=hang", THEORY_DELAY, 6, 1e-9, "+ timeout"},
    {"detection every=2 timeout=1 fault=hang pace=after-result", THEORY_DELAY, 8, 1e-9,
     "every/2 + (fall-1)(every+timeout) + timeout"},
    {"detection every=2 timeout=1 fast=0.5 fault=hang pace=after-result", THEORY_DELAY, 5, 1e-9,
     "every/2 + (fall-1)(fast+timeout) + timeout"},
    {"detection every=5 timeout=2 fall=2", THEORY_DELAY, 7.5, 1e-9, "(fall-1/2) every"},
    {"recovery every=2", THEORY_DELAY, 3, 1e-9, "(rise-1/2) every"},
    {"undetected lambda=1000 n=10 every=2", THEORY_FAILED, 500, 1e-9, "lambda/n D"},
    {"black-hole rho=0.4 n=2", THEORY_FAILING, 0.6428571429, 1e-9, "chain"},
    {"availability up=1000 down=60", THEORY_AVAILABILITY, 0.9433962264, 1e-9, "up/(up+down)"},
    {"failing n=4 every=4 up=1000 down=60", THEORY_FAILING, 0.009905891669, 0.02,
     "the same with a recovery noticed at once"},
    {"unnoticed t=10 up=200 down=60", THEORY_DELAY, 9.211096507, 1e-9, "MTTR (1 - exp(-D/MTTR))"},
    {.row = NULL},
};

const struct theory_group theory_failover = THEORY_GROUP("Failover", families, references);
