/*
 * Apache's methods in numbers worked out by hand from the rules; recordings of the real program are
 * in tests/golden/apache.
 */
#include "tests/unit/upstream_tier.h"

static void byrequests_takes_smooth_turns(void)
{
    open_tier("apache-byrequests", (uint32_t[]){5, 1, 1, 0}, 1);
    expect_order("aabacaa");
    expect_order("aa"); /* statuses 5-7+5-7 = -4, 2, 2 */
    CU_ASSERT(told(0, "status") == -4 && told(1, "status") == 2);
    books.row[0].weight = 1; /* a new factor, the old statuses */
    books_changed_row(&books, 0);
    expect_order("bcbcabc");
    books.row[1].flags = 0; /* who leaves takes its status along */
    books_changed_row(&books, 1);
    books.row[1].flags = LB_PRESENT | LB_USABLE;
    books_changed_row(&books, 1);
    CU_ASSERT(told(1, "status") == 0);
    books_close(&books);
}

/* Busy is not divided by the factor; all gain in status, busy or not. */
static void bybusyness_ignores_factors_under_load(void)
{
    open_tier("apache-bybusyness", (uint32_t[]){3, 1, 1, 0}, 1);
    expect_order("abaca");
    books.row[0].in_flight = 1;
    expect_order("bc");
    /* 3, 1-5, 1; then 6, -3, 2-5: c has more status than b */
    CU_ASSERT(told(0, "status") == 6 && told(1, "status") == -3 && told(2, "status") == -3);
    books.row[1].in_flight = books.row[2].in_flight = 1;
    expect_order("a");
    CU_ASSERT(told(0, "status") == 4);
    books.row[1].in_flight = 0;
    expect_order("bb");
    books_close(&books);
}

static void carried(int32_t row, uint64_t out, uint64_t in)
{
    struct lb_outcome outcome = {.end = LB_END_OK, .bytes_out = out, .bytes_in = in};
    books_start(&books, row, &first_try, LB_BY_AFFINITY);
    books.row[row].in_flight--;
    books_sum(&books);
    books.algorithm->on_attempt_finish(books.state, row, &outcome, books.now);
}

/* Two quotients by hundreds, each cut: 199/100 + 199/100 = 2, as 200/100 + 0. */
static void bytraffic_divides_twice(void)
{
    open_tier("apache-bytraffic", (uint32_t[]){1, 1, 2, 0}, 1);
    CU_ASSERT(books_pick(&books, &first_try) == 0);
    carried(0, 199, 199);
    CU_ASSERT(books_pick(&books, &first_try) == 1);
    carried(1, 200, 99);
    CU_ASSERT(books_pick(&books, &first_try) == 2);
    carried(2, 399, 199); /* 399/200 + 199/200 = 1 */
    CU_ASSERT(books_pick(&books, &first_try) == 2);
    carried(2, 1, 0); /* 400/200 = 2: all equal, the first */
    CU_ASSERT(books_pick(&books, &first_try) == 0);
    carried(0, 1, 0); /* 200/100 + 199/100 = 3 */
    CU_ASSERT(books_pick(&books, &first_try) == 1);
    carried(1, 0, 1); /* 200/100 + 100/100 = 3 */
    CU_ASSERT(books_pick(&books, &first_try) == 2);
    books.row[2].flags = LB_PRESENT;
    books_changed_row(&books, 2);
    CU_ASSERT(books_pick(&books, &first_try) == 0);
    CU_ASSERT(told(2, "transferred") == 400 && told(2, "read") == 199);
    books_close(&books);
}

/* Factors of 1.15 and 1: 229/115 = 1 where 2 x 114.5 would be 2; the first among equals. */
static void bytraffic_knows_hundredths(void)
{
    open_tier_with("apache-bytraffic", (uint32_t[]){115, 100, 0}, 1, (double[]){1});
    carried(0, 229, 0); /* 1 */
    CU_ASSERT(books_pick(&books, &first_try) == 1);
    carried(1, 100, 0); /* 1 */
    CU_ASSERT(books_pick(&books, &first_try) == 0);
    carried(0, 1, 0); /* 230/115 = 2 */
    CU_ASSERT(books_pick(&books, &first_try) == 1);
    carried(1, 99, 99); /* 199/100 + 99/100 = 1 */
    CU_ASSERT(books_pick(&books, &first_try) == 1);
    carried(1, 1, 0); /* 200/100 */
    CU_ASSERT(books_pick(&books, &first_try) == 0);
    books_close(&books);
}

/* Who is full is waited for, who has been tried is not. */
static void full_workers_are_waited_for(void)
{
    static const char *const names[] = {"apache-byrequests", "apache-bytraffic",
                                        "apache-bybusyness"};
    int32_t tried[] = {0, 1};
    struct lb_request second = {.tried = tried, .tried_count = 1};
    struct lb_request third = {.tried = tried, .tried_count = 2};
    for (int i = 0; i < 3; i++) {
        open_tier(names[i], (uint32_t[]){1, 1, 0}, 1);
        books.row[1].max_in_flight = books.row[1].in_flight = 1;
        CU_ASSERT(books_pick(&books, &first_try) == 0);
        CU_ASSERT(books_pick(&books, &second) == LB_WAIT);
        CU_ASSERT(books_pick(&books, &third) == LB_NONE);
        books_close(&books);
    }
}

static const struct check_test tests[] = {
    {"byrequests takes smooth turns", byrequests_takes_smooth_turns},
    {"bybusyness ignores factors under load", bybusyness_ignores_factors_under_load},
    {"bytraffic divides twice", bytraffic_divides_twice},
    {"bytraffic knows hundredths", bytraffic_knows_hundredths},
    {"full workers are waited for", full_workers_are_waited_for},
};

CHECK_MAIN("apache rules")
