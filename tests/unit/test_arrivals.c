/*
 * Arrival processes against what is known of them: the integral of the rate between two arrivals is
 * exponential, counts have their mean and variance, changes of the rate keep all that.
 *
 * Chi-square tests call an honest process false once in 10^6, means and variances are held to 4.5
 * standard deviations (once in 10^5); seeds are fixed. timeout: 60
 */
#include <math.h>
#include <stdlib.h>

#include "sim/base/ziggurat.h"
#include "sim/model/arrivals.h"
#include "tests/check.h"
#include "tests/unit/chi_square.h"
#include "tests/unit/sample_scenario.h"

#define SECOND   1e9
#define BINS     20U
#define ARRIVALS 20000U
#define HORIZON  (INT64_C(1) << 60)

static const char head[] = "lbsim: 1\nname: arrivals\nclients:\n  - name: c\n    arrivals: ";
static const char tail[] = "\n    requests: [{name: r, work: constant(10ms)}]\n"
                           "balancer: {algorithm: random}\n"
                           "backends: [{name: b, count: 4, slots: 2}]\n"
                           "run: {duration: 1min}\n";

static struct scenario *load(const char *arrivals)
{
    struct text text;
    text_init(&text);
    text_addf(&text, "%s%s%s", head, arrivals, tail);
    struct scenario *s = sample_load(text.data);
    text_done(&text);
    return s;
}

struct process {
    struct scenario *scenario;
    struct arrivals_state state;
    struct lb_random gaps, own;
    lb_time next;
};

static void restart(struct process *p, uint32_t replication)
{
    struct stream_key key = {.seed = 77, .replication = replication};
    const struct scenario_client *client = &p->scenario->clients[0];
    stream_open(&p->gaps, &key, STREAM_ARRIVAL, 0, 0);
    stream_open(&p->own, &key, STREAM_ARRIVAL, 0, 1);
    p->next = arrivals_begin(&p->state, client, &p->gaps, &p->own, 1e9 / client->rate, HORIZON);
}

static void start(struct process *p, const char *arrivals)
{
    p->scenario = load(arrivals);
    restart(p, 0);
}

static void stop(struct process *p)
{
    scenario_destroy(p->scenario);
}

static lb_time arrive(struct process *p)
{
    lb_time now = p->next;
    p->next = arrivals_next(&p->state, now);
    return now;
}

/* --- the integral of the rate ------------------------------------------------------------------- */

static double of_ramp(double t) /* 20/s, from 10 s on up to 220/s at 30 s */
{
    if (t < 10)
        return 20 * t;
    if (t < 30)
        return 200 + 20 * (t - 10) + 5 * (t - 10) * (t - 10);
    return 200 + 400 + 2000 + 220 * (t - 30);
}

static double of_steps(double t) /* 100, 0 and 300/s, each for 2 s, again and again */
{
    double rounds = floor(t / 6), rest = t - 6 * rounds;
    return 800 * rounds + 100 * fmin(rest, 2) + 300 * fmax(rest - 4, 0);
}

static double of_stairs(double t)
{
    return 10 * fmin(t, 5) + 40 * fmax(t - 5, 0);
}

static double of_day(double t) /* 30/s, swings by 90 % in 7 s, most at 2 s */
{
    double turn = 2 * acos(-1) / 7;
    return 30 * t + 30 * 0.9 / turn * (sin(turn * (t - 2)) + sin(turn * 2));
}

static double of_night(double t) /* the whole amplitude */
{
    double turn = 2 * acos(-1) / 3600;
    return 5 * t + 5 / turn * sin(turn * t);
}

static double of_flat(double t)
{
    return 30 * t;
}

static const struct {
    const char *arrivals;
    double (*integral)(double seconds);
} varying[] = {
    {"ramp(from=20/s, to=220/s, over=20s, after=10s)", of_ramp},
    {"steps(100/s, 0/s, 300/s, every=2s, repeat=yes)", of_steps},
    {"steps(10/s, 40/s, every=5s)", of_stairs},
    {"diurnal(mean=30/s, amplitude=90%, period=7s, peak_at=2s)", of_day},
    {"diurnal(mean=5/s, amplitude=100%, period=1h)", of_night},
    {"diurnal(mean=30/s, amplitude=0%, period=7s)", of_flat},
    {"bursty(low=30/s, high=30/s, low_for=1s, high_for=10ms)", of_flat},
    {"self-exciting(rate=30/s, branching=0%, decay=1s)", of_flat},
};

/* Which of BINS equally likely gaps of mean 1 this is. */
static void count_gap(uint32_t *bins, double gap)
{
    uint32_t bin = (uint32_t)(BINS * -expm1(-gap));
    bins[bin < BINS ? bin : BINS - 1]++;
}

static bool exponential(const uint32_t *bins)
{
    double chance[BINS];
    for (uint32_t i = 0; i < BINS; i++)
        chance[i] = 1.0 / BINS;
    return chi_square_fits(bins, chance, BINS);
}

static void integrals_are_exponential(void)
{
    for (size_t i = 0; i < sizeof varying / sizeof varying[0]; i++) {
        struct process p;
        uint32_t bins[BINS] = {0}, n = 0;
        double last = 0;
        start(&p, varying[i].arrivals);
        for (; n < ARRIVALS; n++) {
            double here = varying[i].integral((double)arrive(&p) / SECOND);
            count_gap(bins, here - last);
            last = here;
        }
        bool fits = exponential(bins);
        if (!fits)
            printf("\n%s: gaps are not exponential\n", varying[i].arrivals);
        CU_ASSERT(fits);
        stop(&p);
    }
}

/* What comes before a ramp has fallen to nothing is Poisson of mean 1000; gaps, censored by the end,
 * are not exponential. Mean and variance of 400 such counts. */
static void a_ramp_ends(void)
{
    struct process p;
    double sum = 0, squares = 0;
    start(&p, "ramp(from=50/s, to=0/s, over=40s)");
    for (uint32_t r = 0; r < 400; r++) {
        restart(&p, r);
        double n = 0;
        for (; p.next < LB_NEVER; n++)
            CU_ASSERT(arrive(&p) <= 40000000000);
        sum += n;
        squares += (n - 1000) * (n - 1000);
    }
    CU_ASSERT(fabs(sum / 400 - 1000) < 4.5 * sqrt(1000 / 400.0));
    CU_ASSERT(fabs(squares / 400 - 1000) < 4.5 * 1000 * sqrt(2 / 400.0));
    stop(&p);
}

/* The rate changes thrice: twice as much from 3 s on, nothing from 12 to 13 s, then as written. */
static double scaled(double (*integral)(double), double t)
{
    double sum = integral(fmin(t, 3));
    if (t > 3)
        sum += 2 * (integral(fmin(t, 12)) - integral(3));
    if (t > 13)
        sum += integral(t) - integral(13);
    return sum;
}

static void changes_keep_the_law(void)
{
    for (size_t i = 0; i < sizeof varying / sizeof varying[0]; i++) {
        struct process p;
        uint32_t bins[BINS] = {0};
        start(&p, varying[i].arrivals);
        double gap = p.state.gap;
        for (uint32_t r = 0; r < 40; r++) {
            static const double at[] = {3, 12, 13}, share[] = {0.5, 0, 1};
            double last = 0;
            uint32_t k = 0;
            restart(&p, r);
            for (uint32_t n = 0; n < 500;) {
                if (k < 3 && (double)p.next > at[k] * SECOND) {
                    p.next = arrivals_change(&p.state, share[k] * gap, (lb_time)(at[k] * SECOND));
                    CU_ASSERT(k != 1 || p.next == LB_NEVER);
                    k++;
                    continue;
                }
                double here = scaled(varying[i].integral, (double)arrive(&p) / SECOND);
                count_gap(bins, here - last);
                last = here;
                n++;
            }
        }
        bool fits = exponential(bins);
        if (!fits)
            printf("\n%s: gaps are not exponential when the rate changes\n", varying[i].arrivals);
        CU_ASSERT(fits);
        stop(&p);
    }
}

/* --- counts ------------------------------------------------------------------------------------- */

struct counts {
    double mean, variance, fourth; /* central moments */
};

#define WINDOWS 4000U
static double counted[WINDOWS];

/* Arrivals in the first `seconds` of many runs. */
static struct counts count(struct process *p, double seconds)
{
    struct counts c = {0};
    for (uint32_t r = 0; r < WINDOWS; r++) {
        restart(p, r);
        counted[r] = 0;
        for (; (double)p->next < seconds * SECOND; (void)arrive(p))
            counted[r]++;
        c.mean += counted[r] / WINDOWS;
    }
    for (uint32_t r = 0; r < WINDOWS; r++) {
        double square = (counted[r] - c.mean) * (counted[r] - c.mean);
        c.variance += square / (WINDOWS - 1);
        c.fourth += square * square / WINDOWS;
    }
    return c;
}

static void check_counts(const char *arrivals, double seconds, double mean, double variance)
{
    struct process p;
    start(&p, arrivals);
    struct counts c = count(&p, seconds);
    double spread = sqrt((c.fourth - c.variance * c.variance) / WINDOWS);
    bool fine = fabs(c.mean - mean) < 4.5 * sqrt(variance / WINDOWS) &&
                fabs(c.variance - variance) < 4.5 * spread;
    if (!fine)
        printf("\n%s: %g s have a mean of %.2f and a variance of %.1f, not %.2f and %.1f\n",
               arrivals, seconds, c.mean, c.variance, mean, variance);
    CU_ASSERT(fine);
    stop(&p);
}

/* The variance of the integral of the two-state rate is the double integral of its covariance,
 * p q (high - low)^2 exp(-s t) with s = 1 / low_for + 1 / high_for. */
static void bursty_counts(void)
{
    static const double windows[] = {0.1, 1, 20};
    for (int i = 0; i < 3; i++) {
        double t = windows[i], s = 1 / 2.0 + 1 / 0.5, p = 0.2, mean = (0.8 * 5 + p * 60) * t;
        double variance = mean + 2 * p * (1 - p) * 55 * 55 / s / s * (s * t - 1 + exp(-s * t));
        check_counts("bursty(low=5/s, high=60/s, low_for=2s, high_for=500ms)", t, mean, variance);
        check_counts("bursty(low=1/s, high=12/s, low_for=2s, high_for=500ms, rate=16/s)", t, mean,
                     variance);
    }
}

/* N(T) - rate T is the integral of 1 / (1 - n) - k exp(-a (T - u)) over a martingale whose variance
 * grows at the mean rate; k = n / (1 - n), a = (1 - n) / decay; see arrivals_excited.c for the start. */
static void excited_counts(void)
{
    static const double windows[] = {0.2, 2, 30}, branchings[] = {0.3, 0.8};
    char text[100];
    for (int i = 0; i < 3; i++)
        for (int b = 0; b < 2; b++) {
            double t = windows[i], n = branchings[b], k = n / (1 - n), a = (1 - n) / 0.5;
            double area = (1 + k) * (1 + k) * t - 2 * (1 + k) * k * -expm1(-a * t) / a +
                          k * k * -expm1(-2 * a * t) / (2 * a);
            (void)snprintf(text, sizeof text,
                           "self-exciting(rate=20/s, branching=%g%%, decay=500ms)", 100 * n);
            check_counts(text, t, 20 * t, 20 * area);
        }
}

/* The states of a bursty group change when they change, however many arrive: with nobody in the low
 * state, twice the rate fills the same bursts. */
static void bursts_stay_where_they_are(void)
{
    struct process p;
    enum { LENGTH = 200000 }; /* ms */
    static bool seen[2][LENGTH];
    start(&p, "bursty(low=0/s, high=5000/s, low_for=1s, high_for=200ms)");
    for (int side = 0; side < 2; side++) {
        restart(&p, 3);
        if (side == 1)
            p.next = arrivals_change(&p.state, p.state.gap / 2, 0);
        while (p.next < (lb_time)LENGTH * 1000000)
            seen[side][arrive(&p) / 1000000] = true;
    }
    uint32_t both = 0, one = 0;
    for (int i = 0; i < LENGTH; i++) {
        both += seen[0][i] && seen[1][i];
        one += seen[0][i] != seen[1][i];
    }
    CU_ASSERT(both > 20000 && one < both / 50);
    stop(&p);
}

/* The excess goes on when the rate is 0: what earlier arrivals brought about, and no more. */
static void echoes_fade(void)
{
    struct process p;
    double after = 0;
    start(&p, "self-exciting(rate=1000/s, branching=50%, decay=1s)");
    for (uint32_t r = 0; r < 50; r++) {
        restart(&p, r);
        while (p.next < 5000000000)
            (void)arrive(&p);
        p.next = arrivals_change(&p.state, 0, 5000000000);
        for (; p.next < LB_NEVER; after++)
            (void)arrive(&p);
        p.next = arrivals_change(&p.state, 1e6, HORIZON / 4);
        CU_ASSERT(p.next < HORIZON / 4 + 1000000000);
    }
    /* The excess of 500/s lasts a second, and each of its arrivals has one descendant. */
    CU_ASSERT(fabs(after / 50 - 1000) < 60);
    stop(&p);
}

static void the_same_again(void)
{
    for (size_t i = 0; i < sizeof varying / sizeof varying[0]; i++) {
        struct process a, b, c;
        start(&a, varying[i].arrivals);
        start(&b, varying[i].arrivals);
        start(&c, varying[i].arrivals);
        restart(&c, 1);
        bool other = false;
        for (int k = 0; k < 200; k++) {
            CU_ASSERT_EQUAL(a.next, b.next);
            other = other || a.next != c.next;
            (void)arrive(&a);
            (void)arrive(&b);
            (void)arrive(&c);
        }
        CU_ASSERT(other);
        stop(&a);
        stop(&b);
        stop(&c);
    }
}

/* --- what is written ---------------------------------------------------------------------------- */

static void rates_and_loads(void)
{
    static const struct {
        const char *arrivals;
        double rate; /* 8 slots, 10 ms of work: 800/s are 100 % */
        bool varies;
    } cases[] = {
        {"poisson(load=50%)", 400, false},
        {"bursty(low=50/s, high=400/s, low_for=9s, high_for=1s)", 85, false},
        {"bursty(low=10%, high=100%, low_for=9s, high_for=1s)", 152, false},
        {"bursty(low=1/s, high=8/s, low_for=9s, high_for=1s, load=25%)", 200, false},
        {"self-exciting(load=50%, branching=20%, decay=1s)", 400, false},
        {"ramp(from=50%, to=125%, over=1min)", 1000, true},
        {"ramp(from=10/s, to=5/s, over=1min)", 10, true},
        {"ramp(from=10/s, to=5/s, over=1min, rate=20/s)", 20, true},
        {"steps(10/s, 30/s, 20/s, every=10s)", 30, true},
        {"steps(10%, 50%, every=10s, repeat=yes)", 400, true},
        {"diurnal(mean=75%, amplitude=40%, period=24h, peak_at=14h)", 600, true},
        {"diurnal(rate=75/s, amplitude=40%, period=24h)", 75, true},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct scenario *s = load(cases[i].arrivals);
        CHECK_CLOSE(s->clients[0].rate, cases[i].rate, 1e-12);
        CU_ASSERT_EQUAL(s->run.transient, cases[i].varies);
        scenario_destroy(s);
    }
    struct scenario *s = load("bursty(low=1/s, high=8/s, low_for=9s, high_for=1s, load=25%)");
    CHECK_CLOSE(s->clients[0].process.low * 0.9 + s->clients[0].process.high * 0.1, 1, 1e-12);
    scenario_destroy(s);
}

static const struct check_test tests[] = {
    {"exponential after change of time", integrals_are_exponential},
    {"a ramp down to nothing", a_ramp_ends},
    {"changes of the rate", changes_keep_the_law},
    {"bursty: counts", bursty_counts},
    {"self-exciting: counts", excited_counts},
    {"bursty: states", bursts_stay_where_they_are},
    {"self-exciting: echoes", echoes_fade},
    {"determinism", the_same_again},
    {"rates and loads", rates_and_loads},
};

CHECK_MAIN("model: arrivals")
