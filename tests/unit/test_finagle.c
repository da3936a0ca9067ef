/*
 * Finagle's balancers and linkerd's, in numbers worked out by hand from their formulas. Tests of
 * draws have fixed seeds; an honest draw is called false once in 10^6.
 */
#include "algorithms/registry.h"

#include <math.h>

#include "tests/check.h"
#include "tests/unit/chi_square.h"
#include "tests/unit/told.h"

#define MS INT64_C(1000000)

static struct books books;
static const struct lb_request first_try = {.source = {.family = 4}};

static void open_pool(const char *name, uint32_t rows)
{
    books_init(&books, rows);
    CU_ASSERT_FATAL(books_open(&books, lb_registry_find(name), 7, false));
}

/* The rows picked one after another, each finished at once ('a' + row) or kept in flight. */
static void expect_order(const char *order, bool keep)
{
    char got[64] = "";
    for (size_t i = 0; i < strlen(order); i++) {
        int32_t row = books_pick(&books, &first_try);
        got[i] = (char)(row < 0 ? '-' : 'a' + row);
        if (row < 0)
            continue;
        books_start(&books, row, &first_try, LB_BY_PICK);
        if (!keep)
            books_finish(&books, row, LB_END_OK, false);
    }
    if (strcmp(got, order) != 0)
        printf("\n%s: %s, not %s", books.algorithm->name, got, order);
    CU_ASSERT(strcmp(got, order) == 0);
}

static void set_full(uint32_t row, bool full)
{
    books.row[row].max_in_flight = full ? 1 : 0;
    books.row[row].in_flight = full;
    books_changed_row(&books, row);
}

static void set_usable(uint32_t row, bool usable)
{
    books.row[row].flags = usable ? LB_PRESENT | LB_USABLE : LB_PRESENT;
    books_changed_row(&books, row);
}

/* ---- round robin ---- */

static void round_robin_starts_with_the_list(void)
{
    open_pool("finagle-round-robin", 3);
    expect_order("abca", false);
    books.row[2].weight = 9; /* not another list */
    books_changed_row(&books, 2);
    expect_order("bc", false);
    set_usable(1, false); /* another list: from its first on */
    expect_order("aca", false);
    set_usable(1, true);
    expect_order("abc", false);
    books.row[0].id = 17; /* another backend in the row */
    expect_order("a", false);
    books_changed_row(&books, 0);
    expect_order("ab", false);
    books_close(&books);
}

static void round_robin_makes_five_efforts(void)
{
    open_pool("finagle-round-robin", 8);
    set_full(1, true);
    expect_order("acdefghac", false); /* a step for each that is full */
    set_full(3, true);
    set_full(4, true);
    set_full(5, true);
    set_full(6, true); /* d e f g in vain, then h */
    expect_order("hac", false);
    set_full(7, true); /* d e f g h in vain: the first that can */
    expect_order("ac", false);
    for (uint32_t row = 0; row < 8; row++)
        set_full(row, true);
    /* nobody can: five more steps, d to h, then whoever is next */
    CU_ASSERT(books_pick(&books, &first_try) == 0);
    CU_ASSERT(books_pick(&books, &first_try) == 6);
    books_close(&books);
}

/* ---- p2c ---- */

static void p2c_takes_the_less_loaded_of_two(void)
{
    static const char *const names[] = {"finagle-p2c", "linkerd-p2c"};
    double even[5] = {0.2, 0.2, 0.2, 0.2, 0.2};
    /* loads 0 1 2 3 4: row r wins when the other of the pair is above it: 2 (4 - r) of 20 pairs */
    double sloped[5] = {0.4, 0.3, 0.2, 0.1, 0};
    for (int i = 0; i < 2; i++)
        for (int slope = 0; slope < 2; slope++) {
            uint32_t count[5] = {0};
            open_pool(names[i], 5);
            for (uint32_t row = 0; row < 5 && slope; row++)
                books.row[row].in_flight = row;
            for (int n = 0; n < 20000; n++)
                count[books_pick(&books, &first_try)]++;
            CU_ASSERT(chi_square_fits(count, slope ? sloped : even, 5));
            books_close(&books);
        }
}

/* Three of four are full: half of the pairs have the fourth; 5 draws and one that is taken as it is
 * miss it once in 2^6. linkerd never does. */
static void p2c_panics_after_five_draws(void)
{
    double panic[4] = {63 / 64.0, 1 / 192.0, 1 / 192.0, 1 / 192.0}, never[4] = {1, 0, 0, 0};
    static const char *const names[] = {"finagle-p2c", "finagle-peak-ewma", "linkerd-p2c",
                                        "linkerd-peak-ewma"};
    for (int i = 0; i < 4; i++) {
        uint32_t count[4] = {0};
        open_pool(names[i], 4);
        for (uint32_t row = 1; row < 4; row++)
            set_full(row, true);
        for (int n = 0; n < 40000; n++)
            count[books_pick(&books, &first_try)]++;
        CU_ASSERT(chi_square_fits(count, i < 2 ? panic : never, 4));
        books_close(&books);
    }
    uint32_t count[4] = {0};
    double at_once[4] = {1 / 2.0, 1 / 6.0, 1 / 6.0, 1 / 6.0};
    books_init(&books, 4); /* max-effort 0: the first draw is taken */
    CU_ASSERT_FATAL(books_open(&books, lb_registry_find("finagle-p2c"), 7, true));
    for (uint32_t row = 1; row < 4; row++)
        set_full(row, true);
    for (int n = 0; n < 40000; n++)
        count[books_pick(&books, &first_try)]++;
    CU_ASSERT(chi_square_fits(count, at_once, 4));
    books_close(&books);
}

static void p2c_prefers_the_untried(void)
{
    static const char *const names[] = {"finagle-p2c", "linkerd-p2c"};
    int32_t tried = 0;
    struct lb_request again = {.tried = &tried, .tried_count = 1};
    for (int i = 0; i < 2; i++) {
        open_pool(names[i], 2);
        books.row[1].in_flight = 9;
        for (int n = 0; n < 200; n++)
            CU_ASSERT(books_pick(&books, &again) == 1);
        set_usable(1, false);
        CU_ASSERT(books_pick(&books, &again) == (i == 0 ? 0 : LB_NONE)); /* whatever it is */
        books_close(&books);
    }
}

/* ---- peak EWMA ---- */

/* decay 10 s. 100 ms is a peak; after 10 s 1/e of it is left; 50 ms is more than that; 5 s later
 * 20 ms counts 1 - exp(-1/2) of itself: 20 + 30 exp(-1/2) = 38.195919791... ms. */
static void finagle_cost_by_hand(void)
{
    open_pool("finagle-peak-ewma", 2);
    CU_ASSERT(told(&books, 0, "cost") == 0 && told(&books, 0, "load") == 0);
    told_serve(&books, 0, 100 * MS, LB_END_OK);
    CU_ASSERT(told(&books, 0, "cost") == 100e6);
    books.now += 4 * SECOND;
    (void)books_pick(&books, &first_try); /* both loads are asked for, and written */
    CHECK_CLOSE(told(&books, 0, "cost"), 100e6 * exp(-0.4), 1e-12);
    books.now += 6 * SECOND;
    (void)books_pick(&books, &first_try);
    CHECK_CLOSE(told(&books, 0, "cost"), 36787944.117144, 1e-12);
    books.row[0].in_flight = 3;
    CHECK_CLOSE(told(&books, 0, "load"), 4 * 36787944.117144, 1e-12);
    books.row[0].in_flight = 0;
    told_serve(&books, 0, 50 * MS, LB_END_TIMEOUT); /* failures count alike */
    CU_ASSERT(told(&books, 0, "cost") == 50e6);
    books.now += 5 * SECOND;
    told_serve(&books, 0, 20 * MS, LB_END_OK);
    CHECK_CLOSE(told(&books, 0, "cost"), 38195919.791379, 1e-12);
    books.now += 100000 * SECOND; /* 10,000 lifetimes: nothing is left */
    (void)books_pick(&books, &first_try);
    CU_ASSERT(told(&books, 0, "cost") == 0);
    books_close(&books);
}

/* A newcomer is asked once, then left alone until it has answered: (2^63 - 1) >> 16 = 2^47 - 1. */
static void finagle_probes_a_newcomer_once(void)
{
    open_pool("finagle-peak-ewma", 2);
    told_serve(&books, 0, 900 * MS, LB_END_OK);
    books.row[0].in_flight = 50;
    CU_ASSERT(books_pick(&books, &first_try) == 1);
    books_start(&books, 1, &first_try, LB_BY_PICK);
    CU_ASSERT(told(&books, 1, "load") == 140737488355328.0);
    for (int n = 0; n < 100; n++)
        CU_ASSERT(books_pick(&books, &first_try) == 0);
    told_finish(&books, 1, 10 * MS, LB_END_OK, NULL);
    CU_ASSERT(told(&books, 1, "load") == 10e6);
    for (int n = 0; n < 100; n++)
        CU_ASSERT(books_pick(&books, &first_try) == 1);
    books.row[1].flags = 0; /* it leaves; another one comes into its row */
    books_changed_row(&books, 1);
    books.row[1].flags = LB_PRESENT | LB_USABLE;
    books_changed_row(&books, 1);
    CU_ASSERT(told(&books, 1, "cost") == 0);
    books_close(&books);
}

/* default-rtt 30 ms, decay 10 s: 30/e after 10 s; 20 ms then is a peak; 10 ms after another 10 s
 * gives 10 + 10/e = 13.678794... ms. */
static void linkerd_rtt_by_hand(void)
{
    static const char *const names[] = {"linkerd-peak-ewma", "peak-ewma"};
    for (int i = 0; i < 2; i++) {
        open_pool(names[i], 2);
        CU_ASSERT(told(&books, 0, "load") == 30e6);
        books.row[0].in_flight = 2;
        CU_ASSERT(told(&books, 0, "load") == 90e6);
        books.row[0].in_flight = 0;
        books.now += 10 * SECOND;
        (void)books_pick(&books, &first_try);
        CHECK_CLOSE(told(&books, 0, "rtt"), 11036383.235143, 1e-12);
        told_serve(&books, 0, 20 * MS, LB_END_OK);
        CU_ASSERT(told(&books, 0, "rtt") == 20e6);
        books.now += 10 * SECOND;
        told_serve(&books, 0, 10 * MS, LB_END_OK);
        CHECK_CLOSE(told(&books, 0, "rtt"), 13678794.411714, 1e-12);
        for (int n = 0; n < 50; n++) /* row 1 has decayed to 30 / e^2 = 4.06 ms */
            CU_ASSERT(books_pick(&books, &first_try) == 1);
        books_close(&books);
    }
}

static void linkerd_penalty_is_opt_in(void)
{
    for (int on = 0; on < 2; on++) {
        books_init(&books, 2);
        books.values[0] = 30e6;
        books.values[1] = 10e9;
        books.values[2] = on ? 5e9 : 0;
        CU_ASSERT_FATAL(books_open(&books, lb_registry_find("linkerd-peak-ewma"), 1, true));
        told_serve(&books, 0, 40 * MS, LB_END_ERROR);
        CU_ASSERT(told(&books, 0, "rtt") == (on ? 5e9 : 40e6));
        told_serve(&books, 1, 40 * MS, LB_END_CANCELLED); /* no failure */
        CU_ASSERT(told(&books, 1, "rtt") == 40e6);
        books_close(&books);
    }
}

/* ---- heap ---- */

/* Three idle nodes a b c at places 1 2 3. a sinks behind c, since of equal children the right one
 * comes up: c b a. c sinks behind b, which is lighter than a: b c a; and so on. */
static void heap_order_by_hand(void)
{
    open_pool("finagle-heap", 3);
    expect_order("acbbac", true);
    CU_ASSERT(told(&books, 0, "load") == 2 && told(&books, 1, "load") == 2 &&
              told(&books, 2, "load") == 2);
    books_close(&books);
}

/* Whatever happens, nobody open has less in flight than the one picked; seed 11. */
static void heap_is_strictly_least_loaded(void)
{
    int32_t held[400];
    uint32_t count = 0;
    struct lb_random random;
    lb_random_seed(&random, 11);
    open_pool("finagle-heap", 30);
    for (int step = 0; step < 20000; step++) {
        uint32_t dice = lb_random_below(&random, 100), row = lb_random_below(&random, 30);
        if (dice < 2) {
            books.row[row].flags ^= LB_USABLE;
            books_changed_row(&books, row);
        } else if (count == 400 || (count > 0 && dice < 52)) {
            uint32_t k = lb_random_below(&random, count);
            books_finish(&books, held[k], LB_END_OK, false);
            held[k] = held[--count];
        } else {
            int32_t picked = books_pick(&books, &first_try);
            for (uint32_t i = 0; i < 30; i++)
                CU_ASSERT(!lb_open(&books.row[i]) ||
                          (picked >= 0 && books.row[i].in_flight >= books.row[picked].in_flight));
            if (picked < 0)
                continue;
            books_start(&books, picked, &first_try, LB_BY_PICK);
            held[count++] = picked;
        }
    }
    books_close(&books);
}

/* Idle again, a node changes places with a random one: it is the next root once in four. */
static void heap_puts_idle_nodes_anywhere(void)
{
    uint32_t same[2] = {0};
    double chance[2] = {3 / 4.0, 1 / 4.0};
    int32_t last = -1;
    open_pool("finagle-heap", 4);
    for (int n = 0; n < 20000; n++) {
        int32_t row = books_serve(&books, &first_try);
        same[row == last]++;
        last = row;
    }
    CU_ASSERT(chi_square_fits(same, chance, 2));
    books_close(&books);
}

static void heap_marks_down_and_revives(void)
{
    open_pool("finagle-heap", 2);
    set_usable(0, false);
    expect_order("bb", true);
    CU_ASSERT(told(&books, -1, "marked_down") == 1);
    CU_ASSERT(told(&books, 0, "load") == 2147483647);
    set_usable(1, false);
    CU_ASSERT(books_pick(&books, &first_try) == LB_NONE);
    CU_ASSERT(told(&books, 1, "load") == 2147483649);
    set_usable(0, true);
    expect_order("aa", true); /* then two each, and the root is taken */
    CU_ASSERT(told(&books, -1, "marked_down") == 1);
    CU_ASSERT(told(&books, 0, "load") == 2);
    books_close(&books);
}

static const struct check_test tests[] = {
    {"round robin starts with the list", round_robin_starts_with_the_list},
    {"round robin makes five efforts", round_robin_makes_five_efforts},
    {"p2c takes the less loaded of two", p2c_takes_the_less_loaded_of_two},
    {"p2c panics after five draws", p2c_panics_after_five_draws},
    {"p2c prefers the untried", p2c_prefers_the_untried},
    {"Finagle: cost by hand", finagle_cost_by_hand},
    {"Finagle probes a newcomer once", finagle_probes_a_newcomer_once},
    {"linkerd: rtt by hand", linkerd_rtt_by_hand},
    {"linkerd: penalty is opt-in", linkerd_penalty_is_opt_in},
    {"heap: order by hand", heap_order_by_hand},
    {"heap is strictly least loaded", heap_is_strictly_least_loaded},
    {"heap puts idle nodes anywhere", heap_puts_idle_nodes_anywhere},
    {"heap marks down and revives", heap_marks_down_and_revives},
};

CHECK_MAIN("finagle")
