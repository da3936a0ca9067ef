/*
 * The deterministic sides of the general algorithms: orders, formulas, ties, refusals. Numbers say
 * where they come from: recordings of nginx (tests/golden), or worked out by hand from the rule.
 */
#include "algorithms/registry.h"

#include "tests/check.h"
#include "tests/unit/books.h"
#include "tests/unit/chi_square.h"

static struct books books;
static const struct lb_request nobody_tried = {.source = {.family = 4, .bytes = {192, 0, 2, 1}}};

/* A pool with these weights, up to the first 0, and a state of the algorithm. */
static void open_pool(const char *name, const uint32_t *weights)
{
    uint32_t rows = 0;
    books_init(&books, 0);
    for (; weights[rows] != 0; rows++) {
        books.row[rows].weight = weights[rows];
        books.row[rows].flags = LB_PRESENT | LB_USABLE;
    }
    books.pool.count = rows;
    CU_ASSERT_FATAL(books_open(&books, lb_registry_find(name), 3, true));
}

/* Serves as many requests as `order` has letters and compares: a is row 0. */
static void expect_order(const char *order)
{
    char served[64] = "";
    for (size_t i = 0; i < strlen(order); i++)
        served[i] = (char)('a' + books_serve(&books, &nobody_tried));
    if (strcmp(served, order) != 0)
        printf("\n%s: %s, not %s", books.algorithm->name, served, order);
    CU_ASSERT(strcmp(served, order) == 0);
}

static void set_flags(uint32_t row, unsigned flags)
{
    books.row[row].flags = (uint16_t)flags;
    books_changed_row(&books, row);
}

static void round_robin_takes_turns(void)
{
    open_pool("round-robin", (uint32_t[]){5, 1, 1, 0});
    expect_order("abcabca");
    set_flags(1, LB_PRESENT);
    expect_order("cacac");
    books.pool.count = 4; /* a newcomer behind c: reached after c, not at once */
    set_flags(3, LB_PRESENT | LB_USABLE);
    expect_order("dacda");
    set_flags(1, LB_PRESENT | LB_USABLE);
    expect_order("bcdab");
    books_close(&books);
}

/* A tried row loses its turn; the hand moves behind the one that was picked. */
static void round_robin_skips_the_tried(void)
{
    const int32_t tried[] = {0, 1, 1};
    struct lb_request again = {.tried = tried, .tried_count = 3};
    open_pool("round-robin", (uint32_t[]){1, 1, 1, 1, 0});
    CU_ASSERT(books_serve(&books, &again) == 2);
    expect_order("dab");
    CU_ASSERT(books_serve(&books, &again) == 2);
    CU_ASSERT(books_serve(&books, &again) == 3);
    CU_ASSERT(books_serve(&books, &again) == 2);
    books_close(&books);
}

/* The order of nginx, as recorded in tests/golden/nginx/rr_*.tsv. */
static void weighted_round_robin_is_smooth(void)
{
    open_pool("weighted-round-robin", (uint32_t[]){5, 1, 1, 0});
    expect_order("aabacaa"
                 "aabacaa");
    books_close(&books);
    open_pool("weighted-round-robin", (uint32_t[]){3, 2, 1, 0});
    expect_order("abacba"
                 "abacba");
    books_close(&books);
    open_pool("weighted-round-robin", (uint32_t[]){10, 7, 3, 1, 0});
    expect_order("abacbaabdabacababacba"
                 "abacbaabdabacababacba");
    books_close(&books);
    open_pool("weighted-round-robin", (uint32_t[]){1, 1, 1, 0});
    expect_order("abcabc");
    books_close(&books);
}

/* By hand, {3,2,1}: after a, credits are -3 2 1. b down: a -3+3=0, c 1+1=2, c pays 4: 0 2 -2. Next
 * a 3, c -1: a: -1 2 -2. b back: a 2, b 4, c -1: b: 2 -2 -1; a 5, b 0, c 0: a. */
static void weighted_round_robin_keeps_the_credit_of_the_absent(void)
{
    open_pool("weighted-round-robin", (uint32_t[]){3, 2, 1, 0});
    expect_order("a");
    set_flags(1, LB_PRESENT);
    expect_order("ca");
    set_flags(1, LB_PRESENT | LB_USABLE);
    expect_order("ba");
    books_close(&books);
}

static void weighted_round_robin_starts_again_with_new_weights(void)
{
    open_pool("weighted-round-robin", (uint32_t[]){100, 1, 0});
    expect_order("aaaa");
    books.row[0].weight = 1;
    books_changed_row(&books, 0);
    expect_order("abab");
    books.pool.count = 3;
    books.row[2].weight = 2;
    set_flags(2, LB_PRESENT | LB_USABLE);
    expect_order("cabccabc");
    books_close(&books);
}

static int32_t pick_with(const uint32_t *in_flight)
{
    for (uint32_t i = 0; i < books.pool.count; i++)
        books.row[i].in_flight = in_flight[i];
    books_sum(&books);
    return books_pick(&books, &nobody_tried);
}

/* in_flight / weight, not (in_flight + 1) / weight: with {3,1} and 1, 0 in flight the two disagree
 * (1/3 against 0; 2/3 against 1). Large numbers neither wrap nor round. */
static void least_connections_compares_the_ratio(void)
{
    open_pool("least-connections", (uint32_t[]){3, 1, 0});
    CU_ASSERT(pick_with((uint32_t[]){1, 0}) == 1);
    CU_ASSERT(pick_with((uint32_t[]){2, 1}) == 0);
    CU_ASSERT(pick_with((uint32_t[]){4, 1}) == 1);
    books_close(&books);
    open_pool("least-connections", (uint32_t[]){4000000000, 3999999999, 0});
    CU_ASSERT(pick_with((uint32_t[]){4000000000, 4000000000}) == 0);
    CU_ASSERT(pick_with((uint32_t[]){3000000000, 2999999999}) == 1);
    books_close(&books);
}

static void set_ties(const char *word)
{
    const struct lb_algorithm *a = lb_registry_find("least-connections");
    int k = lb_param_find(a, "ties");
    CU_ASSERT_FATAL(k >= 0);
    books_close(&books);
    for (int i = 0; a->params[k].choices[i] != NULL; i++)
        if (strcmp(a->params[k].choices[i], word) == 0)
            books.values[k] = i;
    CU_ASSERT_FATAL(books_open(&books, a, 5, true));
}

static void least_connections_breaks_ties_as_told(void)
{
    open_pool("least-connections", (uint32_t[]){5, 1, 1, 1, 0});
    set_ties("first");
    expect_order("aaaaaa");
    CU_ASSERT(pick_with((uint32_t[]){5, 1, 1, 1}) == 0);
    CU_ASSERT(pick_with((uint32_t[]){6, 1, 1, 1}) == 1);
    CU_ASSERT(pick_with((uint32_t[]){0, 0, 0, 0}) == 0);
    set_ties("round-robin");
    expect_order("abcdabc");
    CU_ASSERT(pick_with((uint32_t[]){5, 0, 5, 0}) == 3);
    CU_ASSERT(pick_with((uint32_t[]){5, 0, 5, 0}) == 1);
    CU_ASSERT(pick_with((uint32_t[]){5, 0, 5, 0}) == 3);
    books_close(&books);
}

/* Uniform among the tied, whatever their weights and wherever they stand; chi-square at 10^-6. */
static void least_connections_draws_among_the_tied(void)
{
    static const double idle[] = {0.25, 0.25, 0.25, 0.25}, some[] = {0, 0.5, 0, 0.5};
    uint32_t count[4] = {0}, count_some[4] = {0};
    open_pool("least-connections", (uint32_t[]){5, 1, 2, 1, 0});
    for (int n = 0; n < 20000; n++) {
        count[pick_with((uint32_t[]){0, 0, 0, 0})]++;
        count_some[pick_with((uint32_t[]){6, 1, 3, 1})]++;
    }
    CU_ASSERT(chi_square_fits(count, idle, 4));
    CU_ASSERT(chi_square_fits(count_some, some, 4));
    struct lb_random before = books.random;
    CU_ASSERT(pick_with((uint32_t[]){6, 1, 0, 1}) == 2); /* nothing to draw: no coin */
    CU_ASSERT(memcmp(&before, &books.random, sizeof before) == 0);
    books_close(&books);
}

/* Somebody open but everybody full: wait. Nobody open or untried: none. The host relies on it. */
static void general_ones_wait_for_the_full(void)
{
    static const char *const names[] = {
        "random",       "round-robin", "weighted-round-robin", "least-connections",
        "power-of-two", "source-hash"};
    const int32_t both[] = {1, 0};
    struct lb_request tried_one = nobody_tried, tried_both = nobody_tried;
    tried_one.tried = tried_both.tried = both;
    tried_one.tried_count = 1;
    tried_both.tried_count = 2;
    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++) {
        books_init(&books, 2);
        books.row[0].max_in_flight = books.row[1].max_in_flight = 2;
        CU_ASSERT_FATAL(books_open(&books, lb_registry_find(names[i]), 1, false));
        for (int n = 0; n < 4; n++) {
            int32_t row = books_pick(&books, &nobody_tried);
            CU_ASSERT_FATAL(row >= 0);
            books_start(&books, row, &nobody_tried, LB_BY_PICK);
        }
        CU_ASSERT(books_pick(&books, &nobody_tried) == LB_WAIT);
        CU_ASSERT(books_pick(&books, &tried_one) == LB_WAIT);
        CU_ASSERT(books_pick(&books, &tried_both) == LB_NONE);
        set_flags(0, LB_PRESENT);
        CU_ASSERT(books_pick(&books, &nobody_tried) == LB_WAIT);
        CU_ASSERT(books_pick(&books, &tried_one) == LB_NONE);
        books_finish(&books, 1, LB_END_OK, false);
        CU_ASSERT(books_pick(&books, &nobody_tried) == 1);
        CU_ASSERT(books_pick(&books, &tried_one) == LB_NONE);
        set_flags(1, LB_PRESENT);
        CU_ASSERT(books_pick(&books, &nobody_tried) == LB_NONE);
        books_close(&books);
    }
}

static void aliases_are_the_usual_ones(void)
{
    static const char *const pairs[][2] = {
        {"rr", "round-robin"},
        {"wrr", "weighted-round-robin"},
        {"lc", "least-connections"},
        {"least-conn", "least-connections"},
        {"leastconn", "least-connections"},
        {"p2c", "power-of-two"},
        {"ip-hash", "source-hash"},
    };
    for (size_t i = 0; i < sizeof pairs / sizeof pairs[0]; i++) {
        const struct lb_algorithm *a = lb_registry_find(pairs[i][0]);
        CU_ASSERT(a != NULL && strcmp(a->name, pairs[i][1]) == 0);
    }
}

static const struct check_test tests[] = {
    {"round-robin takes turns", round_robin_takes_turns},
    {"round-robin skips the tried", round_robin_skips_the_tried},
    {"weighted-round-robin is smooth", weighted_round_robin_is_smooth},
    {"weighted-round-robin keeps credit", weighted_round_robin_keeps_the_credit_of_the_absent},
    {"weighted-round-robin starts again", weighted_round_robin_starts_again_with_new_weights},
    {"least-connections compares the ratio", least_connections_compares_the_ratio},
    {"least-connections breaks ties as told", least_connections_breaks_ties_as_told},
    {"least-connections draws among the tied", least_connections_draws_among_the_tied},
    {"general ones wait for the full", general_ones_wait_for_the_full},
    {"aliases are the usual ones", aliases_are_the_usual_ones},
};

CHECK_MAIN("general algorithms")
