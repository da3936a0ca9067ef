/*
 * Comparisons: rounds and when they end, the common warm-up, contrasts of known numbers, claims. The policy
 * ladder against theory: 6 figures at 3.5 combined standard errors, seed fixed (a false alarm in 360 tries).
 * tsan: yes
 */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "sim/lab/claims.h"
#include "sim/lab/compare.h"
#include "sim/lab/contrast.h"
#include "sim/lab/warmup.h"
#include "tests/check.h"
#include "tests/unit/sample_scenario.h"

#define SCENARIO(run)                                                                              \
    "lbsim: 1\nname: compared\n"                                                                   \
    "clients: [{name: web, arrivals: poisson(load=80%), requests: "                                \
    "[{name: all, work: exponential(mean=1ms)}]}]\n"                                               \
    "balancer: {algorithm: random}\n"                                                              \
    "backends: [{name: b, count: 10}]\n"                                                           \
    "run: {" run ", seed: 5}\n"

static void arms_of(struct compare_arm *arms, const char *text, const char *const *algorithms,
                    uint32_t count)
{
    for (uint32_t a = 0; a < count; a++) {
        arms[a] = (struct compare_arm){.name = algorithms[a], .settings = ""};
        arms[a].scenario = sample_load_with(text, NULL, 0, NULL, algorithms[a]);
        CU_ASSERT_FATAL(arms[a].scenario != NULL);
    }
}

static void arms_done(struct compare_arm *arms, uint32_t count)
{
    for (uint32_t a = 0; a < count; a++)
        scenario_destroy(arms[a].scenario);
    compare_done(arms, count);
}

/* --- rounds ----------------------------------------------------------------------------------------- */

static const char *const three[] = {"random", "round-robin", "least-connections"};

static void test_threads(void)
{
    static const uint32_t threads[] = {1, 2, 8};
    uint64_t digest[3][3];
    for (int t = 0; t < 3; t++) {
        struct compare_arm arms[3];
        struct compare_result result;
        struct lb_error error = {0};
        arms_of(arms, SCENARIO("duration: 2s"), three, 3);
        struct compare_setup setup = {
            .arms = arms, .count = 3, .threads = threads[t], .replications = 12};
        CU_ASSERT(compare_make(&setup, &result, &error) == 0);
        CU_ASSERT(result.end == COMPARE_ALL && result.replications == 12);
        for (int a = 0; a < 3; a++)
            digest[t][a] = arms[a].cell.result.digest;
        arms_done(arms, 3);
    }
    CU_ASSERT(memcmp(digest[0], digest[1], sizeof digest[0]) == 0);
    CU_ASSERT(memcmp(digest[0], digest[2], sizeof digest[0]) == 0);
    CU_ASSERT(digest[0][0] != digest[0][1]);
}

/* The longest that an arm needs by itself, for all. */
static void test_warmup(void)
{
    struct compare_arm arms[3];
    struct compare_result result;
    struct lb_error error = {0};
    lb_time longest = 0, own;
    arms_of(arms, SCENARIO("duration: 10s"), three, 3);
    for (int a = 0; a < 3; a++) {
        struct warmup_setup pilot = {.scenario = arms[a].scenario, .replications = 5, .threads = 1};
        CU_ASSERT(warmup_find(&pilot, &own, &error) == 0);
        longest = own > longest ? own : longest;
    }
    struct compare_setup setup = {.arms = arms, .count = 3, .threads = 2, .replications = 5};
    CU_ASSERT(compare_make(&setup, &result, &error) == 0);
    for (int a = 0; a < 3; a++)
        CU_ASSERT(arms[a].cell.result.warmup == longest);
    CU_ASSERT(longest >= 1000000000);
    arms_done(arms, 3);

    /* What does not settle in its first half is refused by name. */
    arms_of(arms, SCENARIO("duration: 2s"), three, 3);
    CU_ASSERT(compare_make(&setup, &result, &error) == -1);
    CU_ASSERT(strstr(error.text, "run.duration longer") != NULL);
    arms_done(arms, 3);
}

static bool at_once(void *self)
{
    (void)self;
    return true;
}

static uint32_t rounds[8], round_count;

static void note_round(void *self, uint32_t replications)
{
    (void)self;
    if (round_count < 8)
        rounds[round_count++] = replications;
}

/* 20, then tens, until the widest interval is within g/(1+g); or all that are allowed. */
static void test_stopping(void)
{
    static const enum cell_figure watched[] = {CELL_MEAN};
    struct compare_arm arms[2];
    struct compare_result result;
    struct lb_error error = {0};
    arms_of(arms, SCENARIO("duration: 2s, warmup: 500ms"), three, 2);
    struct compare_setup setup = {.arms = arms,
                                  .count = 2,
                                  .threads = 2,
                                  .replications = 1000,
                                  .precision = 0.5,
                                  .watched = watched,
                                  .watched_count = 1,
                                  .round = note_round};
    round_count = 0;
    CU_ASSERT(compare_make(&setup, &result, &error) == 0);
    CU_ASSERT(result.end == COMPARE_PRECISE && result.replications == 20 && round_count == 1);
    compare_done(arms, 2);

    setup.precision = 0.02;
    round_count = 0;
    CU_ASSERT(compare_make(&setup, &result, &error) == 0);
    CU_ASSERT(result.end == COMPARE_PRECISE && result.replications > 20);
    CU_ASSERT(round_count >= 2 && rounds[0] == 20 && rounds[1] == 30);
    double widest = 0.0, before = 0.0;
    for (int a = 0; a < 2; a++) {
        struct experiment_cell shorter = arms[a].cell.result;
        struct estimate e = cell_figure(&shorter, CELL_MEAN);
        widest = fmax(widest, (e.high - e.mean) / e.mean);
        shorter.count -= COMPARE_BLOCK;
        e = cell_figure(&shorter, CELL_MEAN);
        before = fmax(before, (e.high - e.mean) / e.mean);
    }
    CHECK_CLOSE(widest, result.width, 1e-9);
    CU_ASSERT(widest <= 0.02 / 1.02 && before > 0.02 / 1.02);
    compare_done(arms, 2);

    setup.precision = 0.0001;
    setup.replications = 33;
    CU_ASSERT(compare_make(&setup, &result, &error) == 0);
    CU_ASSERT(result.end == COMPARE_ALL && result.replications == 33 && !result.precise);
    CU_ASSERT(arms[0].cell.result.count == 33 && arms[1].cell.result.count == 33);
    compare_done(arms, 2);

    setup.stop = at_once;
    CU_ASSERT(compare_make(&setup, &result, &error) == 1);
    CU_ASSERT(result.end == COMPARE_STOPPED && result.replications == 0);
    compare_done(arms, 2);
    setup.stop = NULL;
    setup.time = 1; /* over before it begins */
    CU_ASSERT(compare_make(&setup, &result, &error) == 1);
    CU_ASSERT(result.end == COMPARE_TIME && result.replications == 0);
    arms_done(arms, 2);
}

static uint32_t runs_left;

static bool after_some(void *self)
{
    (void)self;
    return runs_left == 0;
}

static void count_run(void *self, uint32_t arm, uint32_t replication, const struct summary *summary)
{
    (void)self;
    (void)arm;
    (void)replication;
    (void)summary;
    runs_left -= runs_left > 0 ? 1U : 0U;
}

/* A round that was cut short leaves every arm as it was. */
static void test_cut_round(void)
{
    static const enum cell_figure watched[] = {CELL_MEAN};
    struct compare_arm arms[2];
    struct compare_result result;
    struct lb_error error = {0};
    arms_of(arms, SCENARIO("duration: 1s, warmup: 200ms"), three, 2);
    struct compare_setup setup = {.arms = arms,
                                  .count = 2,
                                  .threads = 1,
                                  .replications = 1000,
                                  .precision = 0.0001,
                                  .watched = watched,
                                  .watched_count = 1,
                                  .stop = after_some,
                                  .measured = count_run};
    runs_left = 2 * 20 + 10 + 3; /* the first round, one arm of the second, part of the other */
    CU_ASSERT(compare_make(&setup, &result, &error) == 0);
    CU_ASSERT(result.end == COMPARE_STOPPED && result.replications == 20);
    uint64_t digest = arms[0].cell.result.digest, count = arms[0].cell.latency->count;
    CU_ASSERT(arms[0].cell.result.count == 20 && arms[1].cell.result.count == 20);
    compare_done(arms, 2);
    setup.replications = 20;
    setup.stop = NULL;
    CU_ASSERT(compare_make(&setup, &result, &error) == 0);
    CU_ASSERT(arms[0].cell.result.digest == digest && arms[0].cell.latency->count == count);
    arms_done(arms, 2);
}

/* --- contrasts -------------------------------------------------------------------------------------- */

#define N 6
static struct experiment_trial trials[4][N];
static struct experiment_cell made[4];
static const struct experiment_cell *const cells[4] = {&made[0], &made[1], &made[2], &made[3]};

/* Four arms: a, a again, twice a, and something between that is noisy. */
static void make_trials(void)
{
    static const double a[N] = {10, 11, 9, 12, 10, 8}, noisy[N] = {12, 9, 11, 10, 13, 8};
    for (int arm = 0; arm < 4; arm++) {
        for (int r = 0; r < N; r++) {
            double value = arm == 3 ? noisy[r] : arm == 2 ? 2.0 * a[r] + 0.1 * (r % 2) : a[r];
            trials[arm][r] = (struct experiment_trial){
                .ok = 50000, .failed = arm == 2 ? 500 + (uint64_t)r : 0, .simulated_s = 10.0};
            trials[arm][r].good = (uint64_t)(100000.0 / value);
            trials[arm][r].sum = 50000.0 * value * 1e6;
            trials[arm][r].quantile[0] = value * 1e6;
            trials[arm][r].imbalance = arm == 1 && r == 3 ? (double)NAN : 1.0;
        }
        made[arm] = (struct experiment_cell){.trials = trials[arm], .count = N};
    }
}

static void test_ratios(void)
{
    struct contrasts c;
    make_trials();
    contrasts_make(&c, CELL_MEAN, cells, 4, 0, 0.02);
    CU_ASSERT(c.ratio && c.any && !c.zero);
    CHECK_CLOSE(c.level, 1.0 - 0.05 / 3, 1e-12);
    /* The same in every replication: exactly 1, and nothing shown. */
    CU_ASSERT(c.arms[1].known && c.arms[1].same && !c.arms[1].differs && c.arms[1].equivalent);
    CU_ASSERT(c.arms[1].value == 1.0 && c.arms[1].low == 1.0 && c.arms[1].high == 1.0);
    CU_ASSERT(c.arms[1].p == 1.0 && c.arms[1].holm == 1.0);
    /* By hand: mean of log ratios, t interval at that level. */
    double sum = 0.0, squares = 0.0;
    for (int r = 0; r < N; r++)
        sum += log(trials[2][r].sum / trials[0][r].sum) / N;
    for (int r = 0; r < N; r++)
        squares += pow(log(trials[2][r].sum / trials[0][r].sum) - sum, 2);
    double half = statistics_t_quantile((1 + c.level) / 2, N - 1) * sqrt(squares / (N - 1) / N);
    CHECK_CLOSE(c.arms[2].value, exp(sum), 1e-9);
    CHECK_CLOSE(c.arms[2].low, exp(sum - half), 1e-9);
    CHECK_CLOSE(c.arms[2].high, exp(sum + half), 1e-9);
    CU_ASSERT(c.arms[2].differs && !c.arms[2].equivalent && c.arms[2].correlation > 0.99);
    CHECK_CLOSE(c.arms[2].holm, 3 * c.arms[2].p, 1e-9); /* the least of three */
    CU_ASSERT(!c.arms[3].differs && !c.arms[3].equivalent);
    /* Twice as long is worse than all; the others cannot be told apart. */
    CU_ASSERT(c.ranks[0] == 1 && c.ranks[1] == 1 && c.ranks[3] == 1 && c.ranks[2] == 4);
    CU_ASSERT(c.tied[0] && c.tied[1] && c.tied[3] && !c.tied[2]);
    contrasts_done(&c);
}

static void test_differences(void)
{
    struct contrasts c;
    make_trials();
    contrasts_make(&c, CELL_ERRORS, cells, 4, 2, 0.0);
    CU_ASSERT(!c.ratio && !c.zero);
    CHECK_CLOSE(c.arms[0].value, -502.5 / 50502.5, 1e-4);
    CU_ASSERT(c.arms[0].differs && c.ranks[2] == 4 && c.ranks[0] == 1);
    CU_ASSERT(isnan(c.arms[0].equal) && !c.arms[0].equivalent);
    contrasts_done(&c);
    contrasts_make(&c, CELL_SESSIONS_LOST, cells, 4, 0, 0.02);
    CU_ASSERT(c.zero && c.arms[1].value == 0.0 && c.arms[1].low == 0.0 && !c.arms[2].differs);
    CU_ASSERT(c.ranks[0] == 1 && c.tied[0]);
    contrasts_done(&c);
    /* More is better. */
    contrasts_make(&c, CELL_GOODPUT, cells, 4, 0, 0.0);
    CU_ASSERT(c.ranks[2] == 4 && c.ranks[0] == 1 && c.arms[2].value < 0.0);
    contrasts_done(&c);
    /* Unknown in one replication of one arm; a quantile with too few requests beyond it. */
    contrasts_make(&c, CELL_IMBALANCE, cells, 4, 0, 0.0);
    CU_ASSERT(!c.arms[1].known && c.arms[2].known && c.ranks[1] == 0 && c.ranks[0] == 1);
    contrasts_done(&c);
    contrasts_make(&c, CELL_P99_9, cells, 4, 0, 0.0);
    CU_ASSERT(!c.any && !c.arms[1].known && isnan(c.means[0].mean) && c.ranks[0] == 0);
    contrasts_done(&c);
    /* One replication says nothing about chance. */
    for (int arm = 0; arm < 4; arm++)
        made[arm].count = 1;
    contrasts_make(&c, CELL_MEAN, cells, 4, 0, 0.02);
    CU_ASSERT(c.arms[2].known && isnan(c.arms[2].low) && !c.arms[2].differs);
    CU_ASSERT(!c.arms[1].differs && c.tied[0] && c.ranks[2] == 1);
    contrasts_done(&c);
}

/* --- claims ------------------------------------------------------------------------------------------ */

static struct claims claims;

static void claim_run(void *self, uint32_t arm, uint32_t replication, const struct summary *summary)
{
    (void)self;
    claims_measure(&claims, arm, replication, summary);
}

static void test_claims(void)
{
    static const char text[] =
        SCENARIO("duration: 2s, warmup: 500ms") "expect: ['errors < 1%', 'mean of turns < 0.9 x "
                                                "mean of base', 'p50 of turns > 2 x p50 of "
                                                "base', 'mean of absent < 1 x mean of base']\n"
                                                "variants:\n"
                                                "  turns: {set: {balancer.algorithm: round-robin}, "
                                                "expect: ['mean < 1ns']}\n"
                                                "  absent: {set: {backends.b.count: 11}}\n";
    static const char *const variants[] = {"base", "turns"};
    static const uint32_t groups[] = {0, 0};
    const struct scenario *scenarios[2];
    struct compare_arm arms[2];
    struct compare_result result;
    struct lb_error error = {0};
    for (int a = 0; a < 2; a++) {
        arms[a] = (struct compare_arm){.name = variants[a], .settings = ""};
        arms[a].scenario = sample_load_with(text, NULL, 0, variants[a], NULL);
        CU_ASSERT_FATAL(arms[a].scenario != NULL);
        scenarios[a] = arms[a].scenario;
    }
    claims_init(&claims, scenarios, groups, 2);
    claims_room(&claims, 6);
    struct compare_setup setup = {
        .arms = arms, .count = 2, .threads = 2, .replications = 6, .measured = claim_run};
    CU_ASSERT(compare_make(&setup, &result, &error) == 0);
    CU_ASSERT(claims.count == 6); /* one line twice, three once, the variant's own */
    CU_ASSERT(claims_judge(&claims, 6) == 2);
    for (uint32_t i = 0; i < claims.count; i++) {
        const struct claim *c = &claims.rows[i];
        bool fails = strstr(c->text, "p50") != NULL || strcmp(c->text, "mean < 1ns") == 0;
        bool absent = strstr(c->text, "absent") != NULL;
        CU_ASSERT(c->judged == !absent);
        CU_ASSERT(absent || c->holds == !fails);
        if (strstr(c->text, "mean of turns") != NULL) {
            CHECK_CLOSE(c->value, cell_figure(&arms[1].cell.result, CELL_MEAN).mean, 1e-9);
            CHECK_CLOSE(c->bound, 0.9 * cell_figure(&arms[0].cell.result, CELL_MEAN).mean, 1e-9);
        }
    }
    claims_done(&claims);
    arms_done(arms, 2);
}

/* --- the policy ladder -------------------------------------------------------------------------------- */

/* n = 10, exponential work of 1 ms; exact means, or with the reference's own standard error. Sources: Erlang;
 * Mitzenmacher (2001); reference values of the project's theory tables. */
static void ladder(const char *text, const double *means, const double *errors)
{
    static const char *const names[] = {"random", "round-robin", "power-of-two",
                                        "least-connections", "central-queue"};
    struct compare_arm arms[5];
    struct compare_result result;
    struct lb_error error = {0};
    struct contrasts c;
    const struct experiment_cell *results[5];
    arms_of(arms, text, names, 5);
    struct compare_setup setup = {.arms = arms, .count = 5, .threads = 2, .replications = 20};
    CU_ASSERT_FATAL(compare_make(&setup, &result, &error) == 0);
    for (int a = 0; a < 5; a++)
        results[a] = &arms[a].cell.result;
    contrasts_make(&c, CELL_MEAN, results, 5, 0, 0.0);
    for (uint32_t a = 0; a < 5; a++) {
        double se = hypot(c.means[a].se, errors[a] * 1e6);
        CHECK_WITHIN(c.means[a].mean, means[a] * 1e6, 3.5 * se);
        CU_ASSERT(c.ranks[a] == 5 - a && !c.tied[a]); /* each is better than the one before */
        CU_ASSERT(a == 0 || (c.arms[a].differs && c.arms[a].high < 1.0));
    }
    contrasts_done(&c);
    arms_done(arms, 5);
}

#define LADDER(load)                                                                               \
    "lbsim: 1\nname: ladder\n"                                                                     \
    "clients: [{name: web, arrivals: poisson(load=" load "), requests: "                           \
    "[{name: all, work: exponential(mean=1ms)}]}]\n"                                               \
    "balancer: {algorithm: random}\n"                                                              \
    "backends: [{name: b, count: 10}]\n"                                                           \
    "run: {duration: 25s, seed: 1}\n"

static void test_ladder(void)
{
    static const double means[] = {10.0, 5.660, 2.985, 1.91, 1.6687};
    static const double errors[] = {0.0, 0.0, 0.013, 0.03 * 1.91, 0.0};
    ladder(LADDER("90%"), means, errors);
}

static const struct check_test tests[] = {
    {"threads", test_threads},        {"warm-up", test_warmup},
    {"when it stops", test_stopping}, {"a round cut short", test_cut_round},
    {"ratios", test_ratios},          {"differences", test_differences},
    {"claims", test_claims},          {"the policy ladder", test_ladder},
};

CHECK_MAIN("compare")
