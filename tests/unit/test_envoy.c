/*
 * The rules of Envoy's turns and draws in numbers: orders and times worked out by hand from the rule,
 * shares over whole cycles, and chi-square where coins decide. The hashing policies have a program of
 * their own, test_envoy_hash.
 *
 * Seeds are fixed. A chi-square test calls an honest algorithm false once in 10^6 cases.
 */
#include "algorithms/envoy/slow_start.h"
#include "algorithms/registry.h"

#include "tests/check.h"
#include "tests/unit/books.h"
#include "tests/unit/chi_square.h"

static struct books books;
static const struct lb_request any = {.source = {.family = 4, .bytes = {10, 1, 2, 3}}};

/* A pool of these weights, up to the first 0, not opened yet; all parameters at their defaults. */
static void prepare(const char *name, const uint32_t *weights)
{
    books_init(&books, 0);
    books.algorithm = lb_registry_find(name);
    CU_ASSERT_FATAL(books.algorithm != NULL);
    for (; weights[books.pool.count] != 0; books.pool.count++) {
        books.row[books.pool.count].weight = weights[books.pool.count];
        books.row[books.pool.count].flags = LB_PRESENT | LB_USABLE;
    }
    for (uint32_t k = 0; k < lb_param_count(books.algorithm); k++)
        books.values[k] = books.algorithm->params[k].value;
}

static void set(const char *parameter, double value)
{
    int k = lb_param_find(books.algorithm, parameter);
    CU_ASSERT_FATAL(k >= 0);
    books.values[k] = value;
}

static void open_pool(uint64_t seed)
{
    CU_ASSERT_FATAL(books_open(&books, books.algorithm, seed, true));
}

static void expect_order(const char *order)
{
    char served[64] = "";
    for (size_t i = 0; i < strlen(order); i++)
        served[i] = (char)('a' + books_serve(&books, &any));
    if (strcmp(served, order) != 0)
        printf("\n%s: %s, not %s", books.algorithm->name, served, order);
    CU_ASSERT(strcmp(served, order) == 0);
}

/* Counts of the next picks, by row. */
static void count_picks(uint32_t picks, uint32_t *count)
{
    memset(count, 0, BOOKS_ROWS * sizeof *count);
    for (uint32_t n = 0; n < picks; n++) {
        int32_t row = books_serve(&books, &any);
        CU_ASSERT_FATAL(row >= 0);
        count[row]++;
    }
}

/* 1/5 five times is 1.0 in doubles, and who has waited longer goes first among equals; five more of
 * them are below 2.0. */
static void deadlines_in_order(void)
{
    prepare("envoy-round-robin", (const uint32_t[]){5, 1, 1, 0});
    open_pool(1);
    expect_order("aaaabcaaaaaabc");
    books_close(&books);
    prepare("envoy-round-robin", (const uint32_t[]){3, 2, 1, 0});
    open_pool(2);
    expect_order("abacbaabaacbabacba");
    books_close(&books);
}

static void equal_weights_take_turns(void)
{
    prepare("envoy-round-robin", (const uint32_t[]){7, 7, 7, 7, 0});
    set("seed", 6);
    open_pool(1);
    expect_order("cdabc");
    books.row[1].flags = LB_PRESENT; /* the counter goes on, at 11, over the three that are left */
    books_changed_row(&books, 1);
    expect_order("dacda");
    books.row[1].flags |= LB_USABLE;
    books.row[1].weight = 8;
    books_changed_row(&books, 1);
    expect_order("bacd"); /* deadlines: 1/8 before three times 1/7 */
    books.row[1].max_in_flight = 9;
    books_changed_row(&books, 1); /* nothing that the schedule is made of: it goes on */
    expect_order("bacd");
    books_close(&books);
    uint32_t first[4] = {0};
    for (uint64_t seed = 0; seed < 4000; seed++) {
        prepare("envoy-round-robin", (const uint32_t[]){1, 1, 1, 1, 0});
        open_pool(seed);
        first[books_serve(&books, &any)]++;
        books_close(&books);
    }
    CU_ASSERT(chi_square_fits(first, (const double[]){.25, .25, .25, .25}, 4));
}

/* Each whole cycle serves everybody by weight, wherever the schedule started. */
static void shares_follow_weights(void)
{
    struct lb_random random;
    lb_random_seed(&random, 11);
    for (uint32_t round = 0; round < 200; round++) {
        uint32_t weights[17] = {0}, rows = 2 + lb_random_below(&random, 15), total = 0;
        for (uint32_t i = 0; i < rows; i++)
            total += weights[i] = 1 + lb_random_below(&random, 40);
        weights[0] += weights[0] == weights[1];
        total = 0;
        for (uint32_t i = 0; i < rows; i++)
            total += weights[i];
        bool middle = round % 2 != 0;
        prepare("envoy-round-robin", weights);
        set("pre-picks", middle);
        open_pool(round);
        uint32_t count[BOOKS_ROWS];
        for (uint32_t cycle = 0; cycle < 5; cycle++) {
            count_picks(total, count);
            for (uint32_t i = 0; i < rows; i++) {
                uint32_t off =
                    count[i] > weights[i] ? count[i] - weights[i] : weights[i] - count[i];
                CU_ASSERT(off <= middle);
            }
        }
        books_close(&books);
    }
}

/* A schedule that starts after k picks goes on as one that has made them; before the first tie. */
static void pre_picks_are_picks(void)
{
    static const uint32_t weights[] = {7, 11, 13, 0};
    for (uint32_t k = 0; k < 27; k++) {
        int32_t row[31];
        prepare("envoy-round-robin", weights);
        set("seed", k); /* without pre-picks it only starts the counter, which is not in use */
        open_pool(1);
        for (uint32_t n = 0; n < 27; n++)
            row[n] = books_serve(&books, &any);
        books_close(&books);
        prepare("envoy-round-robin", weights);
        set("pre-picks", 1);
        set("seed", k + 429496729.0); /* picks are counted modulo this */
        open_pool(1);
        for (uint32_t n = k; n < 27; n++)
            CU_ASSERT(books_serve(&books, &any) == row[n]);
        books_close(&books);
    }
}

static void slow_start_in_numbers(void)
{
    struct lb_backend b = {.weight = 8, .warm_since = 5 * SECOND, .warm_for = 10 * SECOND};
    struct lb_envoy_slow_start linear = {1, .1}, steep = {2, .1}, none = {1, 0};
    CHECK_CLOSE(lb_envoy_warm_weight(&linear, &b, 8, 5 * SECOND), .8, 1e-12);
    CHECK_CLOSE(lb_envoy_warm_weight(&none, &b, 8, 5 * SECOND), 8e-4, 1e-12); /* 1 ms of 10 s */
    CHECK_CLOSE(lb_envoy_warm_weight(&none, &b, 8, 5 * SECOND + 2999999), 16e-4, 1e-12);
    CHECK_CLOSE(lb_envoy_warm_weight(&linear, &b, 8, 10 * SECOND), 4, 1e-12);
    CHECK_CLOSE(lb_envoy_warm_weight(&steep, &b, 8, 15 * SECOND / 2), 4, 1e-12);
    CHECK_CLOSE(lb_envoy_warm_weight(&linear, &b, 8, 15 * SECOND), 8, 1e-12);
    b.warm_for = 0;
    CHECK_CLOSE(lb_envoy_warm_weight(&linear, &b, 8, 5 * SECOND), 8, 1e-12);
}

/* Equal weights, one warming: the schedule, with its share of that moment. */
static void who_warms_up_gets_less(void)
{
    static const char *const names[] = {"envoy-round-robin", "envoy-least-request"};
    for (int k = 0; k < 2; k++) {
        uint32_t count[BOOKS_ROWS];
        prepare(names[k], (const uint32_t[]){1, 1, 0});
        open_pool(3);
        books.row[1].warm_since = books.now;
        books.row[1].warm_for = 8 * SECOND;
        books.now += 2 * SECOND; /* a quarter */
        books_changed_row(&books, 1);
        count_picks(5000, count);
        CU_ASSERT(count[0] == 4000 && count[1] == 1000);
        books.now += 2 * SECOND; /* half of it, from the next time it is put back */
        count_picks(30, count);
        count_picks(3000, count);
        CU_ASSERT(count[0] >= 1999 && count[0] <= 2001);
        books.now += 4 * SECOND; /* warm: still the schedule, by equal weights */
        count_picks(30, count);
        count_picks(3000, count);
        CU_ASSERT(count[0] >= 1499 && count[0] <= 1501);
        books_close(&books);
    }
}

/* Two draws with replacement of two: the busier one only when both draws are it. */
static void least_of_two_draws(void)
{
    for (uint32_t choices = 2; choices <= 3; choices++) {
        uint32_t count[BOOKS_ROWS];
        prepare("envoy-least-request", (const uint32_t[]){4, 4, 0});
        set("choices", choices);
        open_pool(choices);
        books.row[0].in_flight = 1;
        count_picks(8000, count);
        double busier = choices == 2 ? 1 / 4.0 : 1 / 8.0;
        CU_ASSERT(chi_square_fits(count, (const double[]){busier, 1 - busier}, 2));
        books_close(&books);
    }
}

/* Among five that tie each has the same chance, and nobody else has any. */
static void full_scan_is_fair_among_ties(void)
{
    uint32_t count[BOOKS_ROWS];
    prepare("envoy-least-request", (const uint32_t[]){1, 1, 1, 1, 1, 1, 1, 1, 0});
    set("full-scan", 1);
    open_pool(21);
    for (uint32_t i = 0; i < 8; i++)
        books.row[i].in_flight = i == 0 || i == 3 || i == 7 ? 2 : 1;
    count_picks(10000, count);
    CU_ASSERT(chi_square_fits(count, (const double[]){0, .2, .2, 0, .2, .2, .2, 0}, 8));
    books.row[6].in_flight = 0;
    count_picks(100, count);
    CU_ASSERT(count[6] == 100);
    books_close(&books);
}

/* By hand, weights 2 and 1, nothing ends. Deadlines: a .5, b 1; a is put back with 2/1 (due 1.0,
 * behind b), b with 1/1 (2), a with 2/2 (2, behind b), b with 1/2 (4), a with 2/3 (3.5), a with 2/4
 * (5.5), b with 1/3 (7), a with 2/5 (8), b with 1/4. */
static void busy_backends_are_due_later(void)
{
    char served[16] = "";
    prepare("envoy-least-request", (const uint32_t[]){2, 1, 0});
    open_pool(1);
    for (int n = 0; n < 10; n++) {
        int32_t row = books_pick(&books, &any);
        books_start(&books, row, &any, LB_BY_PICK);
        served[n] = (char)('a' + row);
    }
    CU_ASSERT_STRING_EQUAL(served, "ababaababa");
    books_close(&books);
    prepare("envoy-least-request",
            (const uint32_t[]){2, 1, 0}); /* bias 0: who is busy is no matter */
    set("active-request-bias", 0);
    open_pool(1);
    books.row[0].in_flight = 100;
    expect_order("abaabaaba");
    books_close(&books);
}

static void random_ignores_weights(void)
{
    uint32_t count[BOOKS_ROWS];
    prepare("envoy-random", (const uint32_t[]){1, 100, 10, 1, 0});
    open_pool(5);
    books.row[3].flags = LB_PRESENT;
    books_changed_row(&books, 3);
    count_picks(9000, count);
    CU_ASSERT(chi_square_fits(count, (const double[]){1 / 3.0, 1 / 3.0, 1 / 3.0, 0}, 4));
    books_close(&books);
}

/* A report of every row at the books' time, 0 = none; then time goes on by so many seconds. */
static void report(const double *rate, lb_time seconds)
{
    for (uint32_t i = 0; i < books.pool.count; i++) {
        struct lb_load load = {.rate = rate[i], .utilization = rate[i] > 0 ? 1 : 0};
        books.algorithm->on_load(books.state, (int32_t)i, &load, books.now);
    }
    books.now += seconds * SECOND;
}

/* Serves in silence: answers without a report. */
static int32_t serve_silently(void)
{
    return books_pick(&books, &any);
}

static void expect_shares(const uint32_t *share, uint32_t cycles)
{
    uint32_t count[8] = {0}, total = 0;
    for (uint32_t i = 0; i < books.pool.count; i++)
        total += share[i];
    for (uint32_t n = 0; n < total * cycles; n++)
        count[serve_silently()]++;
    for (uint32_t i = 0; i < books.pool.count; i++)
        CU_ASSERT(count[i] == share[i] * cycles);
}

/* Configured weights until the first update, then 1; reports count from the end of the blackout on,
 * the silent one for the upper middle of 30, 20, 10, 10; in the end all are forgotten. */
static void reports_become_weights(void)
{
    static const double rates[] = {30, 20.9, 10, 0, 10};
    prepare("envoy-client-side-wrr", (const uint32_t[]){2, 1, 1, 1, 1, 0});
    open_pool(8);
    expect_shares((const uint32_t[]){2, 1, 1, 1, 1}, 3);
    report(rates, 2);
    expect_shares((const uint32_t[]){1, 1, 1, 1, 1}, 4);
    books.now += 7 * SECOND;
    report(rates, 0); /* nine seconds of reports: not yet trusted */
    expect_shares((const uint32_t[]){1, 1, 1, 1, 1}, 4);
    books.now += 2 * SECOND;
    expect_shares((const uint32_t[]){3, 2, 1, 2, 1}, 20);
    books.now += 180 * SECOND;
    serve_silently(); /* the schedule of before ends here */
    expect_shares((const uint32_t[]){1, 1, 1, 1, 1}, 4);
    books_close(&books);
}

/* 100 answers a second, half of them errors, half busy: 100 / (0.5 + 0.5 x penalty). */
static void errors_cost_weight(void)
{
    prepare("envoy-client-side-wrr", (const uint32_t[]){1, 1, 0});
    set("blackout", 0);
    set("error-penalty", 3);
    open_pool(9);
    struct lb_load bad = {.rate = 100, .utilization = .5, .error_rate = 50};
    struct lb_load good = {.rate = 100, .utilization = .5};
    struct lb_load idle = {.rate = 0, .utilization = .5}, unknown = {.rate = 9, .utilization = 0};
    books.algorithm->on_load(books.state, 0, &bad, books.now);
    books.algorithm->on_load(books.state, 1, &good, books.now);
    books.algorithm->on_load(books.state, 0, &idle, books.now); /* ignored, and so is this: */
    books.algorithm->on_load(books.state, 1, &unknown, books.now);
    books.now += 2 * SECOND;
    expect_shares((const uint32_t[]){1, 4}, 100); /* 50 to 200 */
    books_close(&books);
}

static const struct check_test tests[] = {
    {"deadlines in order", deadlines_in_order},
    {"equal weights take turns", equal_weights_take_turns},
    {"shares follow weights", shares_follow_weights},
    {"pre-picks are picks", pre_picks_are_picks},
    {"slow start in numbers", slow_start_in_numbers},
    {"who warms up gets less", who_warms_up_gets_less},
    {"least of two draws", least_of_two_draws},
    {"full scan is fair among ties", full_scan_is_fair_among_ties},
    {"busy backends are due later", busy_backends_are_due_later},
    {"random ignores weights", random_ignores_weights},
    {"reports become weights", reports_become_weights},
    {"errors cost weight", errors_cost_weight},
};

CHECK_MAIN("envoy: turns and draws")
