/*
 * Draws and bounds of the general algorithms that came later: the alias table, bounded loads, and
 * slow start by weight. Chances are worked out by hand; counts are tested by chi-square, which an
 * honest algorithm fails once in 10^6 (seeds are fixed).
 */
#include "algorithms/registry.h"

#include "algorithms/warm.h"
#include "tests/check.h"
#include "tests/unit/books.h"
#include "tests/unit/chi_square.h"

#define PICKS 30000
#define UP    (LB_PRESENT | LB_USABLE)

static struct books books;
static struct lb_request request;

/* A pool with these weights, up to the first 0; no request was tried. */
static void prepare(const uint32_t *weights)
{
    uint32_t rows = 0;
    books_init(&books, 0);
    for (; weights[rows] != 0; rows++) {
        books.row[rows].weight = weights[rows];
        books.row[rows].flags = UP;
    }
    books.pool.count = rows;
    request = (struct lb_request){.size = 1};
}

static void open_state(const char *name)
{
    CU_ASSERT_FATAL(books_open(&books, lb_registry_find(name), 21, false));
}

/* Picks with the books as they stand, and holds the counts against the chances. */
static void expect_chances(const double *chance)
{
    uint32_t count[BOOKS_ROWS] = {0};
    for (int n = 0; n < PICKS; n++) {
        int32_t row = books_pick(&books, &request);
        CU_ASSERT_FATAL(row >= 0 && row < (int32_t)books.pool.count);
        count[row]++;
    }
    bool fits = chi_square_fits(count, chance, books.pool.count);
    for (uint32_t i = 0; !fits && i < books.pool.count; i++)
        printf("%s%s %u of %.0f", i == 0 ? "\n" : ", ", books.algorithm->name, count[i],
               PICKS * chance[i]);
    CU_ASSERT(fits);
}

/* --- the alias table -------------------------------------------------------------------------- */

static void alias_follows_the_weights(void)
{
    prepare((uint32_t[]){5, 3, 2, 0});
    open_state("weighted-random");
    expect_chances((double[]){0.5, 0.3, 0.2});
    books.row[0].flags = LB_PRESENT;
    books_changed_row(&books, 0);
    expect_chances((double[]){0, 0.6, 0.4});
    books_close(&books);
    prepare((uint32_t[]){4000000000, 2000000000, 1, 2000000000, 0});
    open_state("weighted-random");
    expect_chances((double[]){0.5, 0.25, 0, 0.25}); /* 1 in 8 x 10^9: never, in so few picks */
    books_close(&books);
    prepare((uint32_t[]){1, 1, 1, 1, 1, 1, 1, 0});
    open_state("weighted-random");
    expect_chances((double[]){1 / 7., 1 / 7., 1 / 7., 1 / 7., 1 / 7., 1 / 7., 1 / 7.});
    books_close(&books);
}

/* Random weights, many shapes of the table. The seed is 8. */
static void alias_of_any_shape(void)
{
    struct lb_random random;
    lb_random_seed(&random, 8);
    for (int shape = 0; shape < 20; shape++) {
        uint32_t weights[BOOKS_ROWS] = {0}, rows = 2 + lb_random_below(&random, 12);
        double chance[BOOKS_ROWS], total = 0;
        for (uint32_t i = 0; i < rows; i++)
            total += weights[i] = 1 + lb_random_below(&random, shape % 2 != 0 ? 10 : 100);
        for (uint32_t i = 0; i < rows; i++)
            chance[i] = weights[i] / total;
        prepare(weights);
        open_state("weighted-random");
        expect_chances(chance);
        books_close(&books);
    }
}

/* When nearly all are full or tried, the rest share as if there were nobody else. */
static void alias_among_the_few(void)
{
    const int32_t tried[] = {0};
    prepare((uint32_t[]){1000, 1000, 1, 2, 1, 0});
    books.row[1].max_in_flight = books.row[1].in_flight = 1;
    open_state("weighted-random");
    request.tried = tried;
    request.tried_count = 1;
    expect_chances((double[]){0, 0, 0.25, 0.5, 0.25});
    books_close(&books);
}

/* --- bounded loads ---------------------------------------------------------------------------- */

/* The largest number in flight that a pick may leave a row with, in exact fractions of 4 (1.25 =
 * 5/4): ceil(5 (m + 1) w / (4 W)). */
static uint64_t at_most(uint32_t row)
{
    uint64_t weights = 0;
    for (uint32_t i = 0; i < books.pool.count; i++)
        weights += lb_open(&books.row[i]) ? books.row[i].weight : 0;
    uint64_t share = 5 * (books.pool.in_flight + 1) * books.row[row].weight;
    return weights > 0 ? (share + 4 * weights - 1) / (4 * weights) : 0;
}

/* A key or two that take nearly all: picks never lift a row above its bound, whatever comes and
 * goes; with nobody tried and nobody full there is always somebody. The seed is 9. */
static void bounds_hold_for_hot_keys(void)
{
    static int32_t held[2000];
    struct lb_random random;
    uint32_t count = 0, spilled = 0;
    lb_random_seed(&random, 9);
    prepare((uint32_t[]){1, 2, 3, 1, 2, 3, 1, 2, 3, 10, 0});
    open_state("bounded-load");
    for (int step = 0; step < 20000; step++) {
        if (step % 500 == 499) { /* a backend goes or comes back; what it carries stays */
            uint32_t row = lb_random_below(&random, 9);
            books.row[row].flags ^= LB_USABLE;
            books_changed_row(&books, row);
        }
        if (count == 2000 || (count > 0 && lb_random_below(&random, 20) < 9)) {
            uint32_t k = lb_random_below(&random, count);
            books_finish(&books, held[k], LB_END_OK, false);
            held[k] = held[--count];
            continue;
        }
        uint32_t key = lb_random_below(&random, 10) < 8 ? 1 : lb_random_below(&random, 50);
        request.key = &key;
        request.key_size = sizeof key;
        int32_t row = books_pick(&books, &request);
        CU_ASSERT_FATAL(row >= 0);
        uint64_t most = at_most((uint32_t)row);
        books_start(&books, row, &request, LB_BY_PICK);
        CU_ASSERT_FATAL(books.row[row].in_flight <= most);
        spilled += key == 1 && count > 0 && row != held[0];
        held[count++] = row;
    }
    CU_ASSERT(count > 100 && spilled > 1000);
    books_close(&books);
}

/* By hand, three equal rows and one key: ceil(1.25 x (m + 1) / 3) is 1, 1, 2, 2, 3, 3, 3 as m
 * grows, so the key's own row takes the first and, as soon as its bound is 2, the third. Everybody
 * else at the bound or tried: it waits. An idle pool is a plain ring. */
static void bounds_by_hand(void)
{
    uint32_t key = 5;
    prepare((uint32_t[]){1, 1, 1, 0});
    open_state("bounded-load");
    request.key = &key;
    request.key_size = sizeof key;
    int32_t row[5];
    for (int n = 0; n < 5; n++) {
        row[n] = books_pick(&books, &request);
        CU_ASSERT_FATAL(row[n] >= 0);
        books_start(&books, row[n], &request, LB_BY_PICK);
    }
    CU_ASSERT(row[1] != row[0]);         /* m = 1: at most 1, taken */
    CU_ASSERT(row[2] == row[0]);         /* m = 2: at most 2 */
    CU_ASSERT(row[3] == row[1]);         /* m = 3: at most 2, so the next on the ring */
    CU_ASSERT(row[4] == row[0]);         /* m = 4: at most 3 */
    int32_t third = 3 - row[0] - row[1]; /* carries nothing */
    request.tried = &third;
    request.tried_count = 1;
    CU_ASSERT(books_pick(&books, &request) == row[1]); /* m = 5: at most 3, row 0 has 3 */
    books.row[row[1]].in_flight = 3;
    books_sum(&books);
    CU_ASSERT(books_pick(&books, &request) == LB_WAIT); /* m = 6: at most 3, both have 3 */
    request.tried_count = 0;
    CU_ASSERT(books_pick(&books, &request) == third);
    books_close(&books);
}

/* --- slow start ------------------------------------------------------------------------------- */

/* Row 2 came back 50 s ago and warms for `warm` seconds: it counts for half at 100, a tenth at
 * 1,000 (the least), all at 10. */
static void warm_row(lb_time warm)
{
    books.now = 100 * SECOND;
    books.row[2].warm_since = 50 * SECOND;
    books.row[2].warm_for = warm * SECOND;
}

static void warm_units_by_hand(void)
{
    struct lb_backend b = {.warm_since = 50 * SECOND, .warm_for = 100 * SECOND};
    CU_ASSERT(lb_warm_units(&b, 100 * SECOND) == 500);
    CU_ASSERT(lb_warm_units(&b, 60 * SECOND) == 100);
    CU_ASSERT(lb_warm_units(&b, 51 * SECOND) == 100); /* a hundredth counts for a tenth */
    CU_ASSERT(lb_warm_units(&b, 40 * SECOND) == 100);
    CU_ASSERT(lb_warm_units(&b, 149 * SECOND) == 990);
    CU_ASSERT(lb_warm_units(&b, 150 * SECOND) == LB_WARM_UNITS);
    b.warm_for = 0;
    CU_ASSERT(lb_warm_units(&b, 0) == LB_WARM_UNITS);
}

/* Weights 1, 1, 2, the last one half warm: thirds; hardly warm: 1, 1, 0.2. Warm again, also without
 * a new state: 1, 1, 2. */
static void slow_start_shares(void)
{
    static const char *const names[] = {"random", "weighted-random", "power-of-two", "rendezvous"};
    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++) {
        prepare((uint32_t[]){1, 1, 2, 0});
        warm_row(100);
        open_state(names[i]);
        if (strcmp(names[i], "power-of-two") != 0) {
            expect_chances((double[]){1 / 3.0, 1 / 3.0, 1 / 3.0});
            warm_row(1000);
            books_changed_row(&books, 2);
            expect_chances((double[]){1 / 2.2, 1 / 2.2, 0.2 / 2.2});
            warm_row(10);
            books_changed_row(&books, 2);
            expect_chances((double[]){0.25, 0.25, 0.5});
        } else { /* idle: the first draw has it */
            expect_chances((double[]){1 / 3.0, 1 / 3.0, 1 / 3.0});
        }
        books_close(&books);
    }
}

/* Equal weights, loads 3, 3, 2: half warm, 2 are as 4 on a whole one, so row 2 comes last in every
 * comparison, though it has the fewest. */
static void slow_start_in_comparisons(void)
{
    static const char *const names[] = {"least-connections", "power-of-two"};
    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++) {
        prepare((uint32_t[]){1, 1, 1, 0});
        for (uint32_t row = 0; row < 3; row++)
            books.row[row].in_flight = row < 2 ? 3 : 2;
        warm_row(100);
        open_state(names[i]);
        expect_chances((double[]){0.5, 0.5, 0});
        warm_row(10);
        books_changed_row(&books, 2);
        for (int n = 0; n < 50; n++)
            CU_ASSERT(i == 1 || books_pick(&books, &request) == 2);
        books_close(&books);
    }
}

/* Smooth turns: {1, 1, 2 half warm} take equal turns. A tenth warm it has one turn in 2.1 / 0.1 =
 * 21 of {1, 1, 1}, and a step of warming does not start the cycle again. */
static void slow_start_in_turns(void)
{
    uint32_t count[3] = {0};
    prepare((uint32_t[]){1, 1, 2, 0});
    warm_row(100);
    open_state("weighted-round-robin");
    for (int n = 0; n < 9; n++)
        CU_ASSERT(books_serve(&books, &request) == n % 3);
    books_close(&books);
    prepare((uint32_t[]){1, 1, 1, 0});
    warm_row(100000);
    open_state("weighted-round-robin");
    for (int n = 0; n < 210; n++) {
        count[books_serve(&books, &request)]++;
        if (n % 5 == 4) /* the host's steps, more often than the row's turns */
            books_changed_row(&books, 2);
    }
    CU_ASSERT(count[0] == 100 && count[1] == 100 && count[2] == 10);
    books_close(&books);
}

/* A key keeps its place whether its backend is warm or not. */
static void slow_start_moves_no_keys(void)
{
    static const char *const names[] = {"source-hash", "ring-hash", "multi-probe",
                                        "maglev",      "jump",      "anchor"};
    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++) {
        prepare((uint32_t[]){1, 1, 2, 0});
        open_state(names[i]);
        for (uint32_t key = 0; key < 500; key++) {
            request.key = &key;
            request.key_size = sizeof key;
            request.source = (struct lb_address){.family = 4};
            memcpy(request.source.bytes, &key, sizeof key);
            books.row[2].warm_for = 0;
            books_changed_row(&books, 2);
            int32_t place = books_serve(&books, &request);
            warm_row(100);
            books_changed_row(&books, 2);
            CU_ASSERT(books_serve(&books, &request) == place);
        }
        books_close(&books);
    }
}

static const struct check_test tests[] = {
    {"alias follows the weights", alias_follows_the_weights},
    {"alias of any shape", alias_of_any_shape},
    {"alias among the few", alias_among_the_few},
    {"bounds hold for hot keys", bounds_hold_for_hot_keys},
    {"bounds by hand", bounds_by_hand},
    {"warm units by hand", warm_units_by_hand},
    {"slow start: shares", slow_start_shares},
    {"slow start: comparisons", slow_start_in_comparisons},
    {"slow start: turns", slow_start_in_turns},
    {"slow start moves no keys", slow_start_moves_no_keys},
};

CHECK_MAIN("general algorithms: bounds and slow start")
