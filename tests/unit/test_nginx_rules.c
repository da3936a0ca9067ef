/*
 * The rules of nginx's peers one by one, in numbers worked out by hand from the rule; the order of
 * weights and whole stories of failures are pinned by the recordings in tests/golden/nginx.
 */
#include "tests/unit/upstream_tier.h"

/* fail_timeout=3s and a failure in second 10: out while second - 10 <= 3, so until 14.0. */
static void seconds_are_whole(void)
{
    static const char *const names[] = {"nginx-round-robin", "nginx-least-conn"};
    for (int i = 0; i < 2; i++) {
        open_tier(names[i], (uint32_t[]){1, 1, 0}, 1);
        attempt(0, true);
        expect_order("bb");
        books.now = 14 * SECOND - 1;
        expect_order("bbb");
        books.now = 14 * SECOND;
        expect_order("bab"); /* its weight was 0: b goes first, and a grows */
        books_close(&books);
    }
}

/* The same with a clock that starts at 0, and a fraction of a second rounded up: 2.1 s is 3 s. */
static void clock_may_start_at_zero(void)
{
    open_tier("nginx-round-robin", (uint32_t[]){1, 1, 0}, 1);
    books.row[0].fail_timeout = 2 * SECOND + SECOND / 10;
    books.now = 0;
    attempt(0, true);
    expect_order("bb");
    books.now = 4 * SECOND - 1;
    expect_order("b");
    books.now = 4 * SECOND;
    expect_order("ba");
    books_close(&books);
}

/* max_fails=3, weight 7: each failure takes 7 / 3 = 2, down to 0 and not below; each pick it takes
 * part in gives 1 back, after it was counted. */
static void weight_falls_and_recovers(void)
{
    open_tier("nginx-round-robin", (uint32_t[]){7, 1, 0}, 1);
    books.row[0].max_fails = 3;
    attempt(0, true);
    CU_ASSERT(told(0, "effective_weight") == 5 && told(0, "fails") == 1);
    attempt(0, true);
    CU_ASSERT(told(0, "effective_weight") == 3);
    expect_order("a"); /* 3 + 1 were added, 4 paid */
    CU_ASSERT(told(0, "effective_weight") == 4 && told(0, "current_weight") == -1);
    CU_ASSERT(told(1, "effective_weight") == 1 && told(1, "current_weight") == 1);
    for (int n = 0; n < 5; n++)
        attempt(0, true);
    CU_ASSERT(told(0, "effective_weight") == 0 && told(0, "fails") == 7);
    expect_order("bbb");
    CU_ASSERT(told(0, "effective_weight") == 0); /* left out: no recovery */
    books.now += 4 * SECOND;
    for (int n = 0; n < 20; n++)
        books_serve(&books, &first_try);
    CU_ASSERT(told(0, "effective_weight") == 7); /* never above what is configured */
    books_close(&books);
}

/* A success clears the failures only when a pick has renewed the stamp since the last failure. */
static void success_clears_late(void)
{
    open_tier("nginx-round-robin", (uint32_t[]){1, 1, 0}, 1);
    books.row[0].max_fails = books.row[1].max_fails = 2;
    attempt(0, true);
    attempt(0, false); /* in the same second: not cleared */
    CU_ASSERT(told(0, "fails") == 1);
    expect_order("ab");
    CU_ASSERT(told(0, "fails") == 1);
    books.now += 3 * SECOND; /* second 13: 13 - 10 is not more than 3 */
    expect_order("ab");
    CU_ASSERT(told(0, "fails") == 1);
    books.now += SECOND;
    attempt(0, false); /* no pick: the stamp is still that of the failure */
    CU_ASSERT(told(0, "fails") == 1);
    expect_order("ab");
    CU_ASSERT(told(0, "fails") == 0);
    books_close(&books);
}

/* One failure at the return disables again, for a whole new period. */
static void second_failure_disables_again(void)
{
    open_tier("nginx-round-robin", (uint32_t[]){1, 1, 0}, 1);
    attempt(0, true);
    books.now += 4 * SECOND;
    expect_order("b");
    int32_t row = books_pick(&books, &first_try);
    CU_ASSERT(row == 0);
    books_start(&books, 0, &first_try, LB_BY_PICK);
    books_finish(&books, 0, LB_END_TIMEOUT, true);
    expect_order("bb");
    books.now += 3 * SECOND;
    expect_order("bb");
    books.now += SECOND;
    expect_order("bba"); /* a -1 and weight 0, b 1: -1 1, 0 0, then 1 1 */
    books_close(&books);
}

static void max_fails_zero_never_disables(void)
{
    open_tier("nginx-round-robin", (uint32_t[]){4, 1, 0}, 1);
    books.row[0].max_fails = 0;
    for (int n = 0; n < 50; n++)
        attempt(0, true);
    CU_ASSERT(told(0, "effective_weight") == 4);
    expect_order("aabaa");
    books_close(&books);
}

/* A lone peer is never left out; with a backup behind it, it is. max_conns counts in both. */
static void single_peer(void)
{
    static const char *const names[] = {"nginx-round-robin", "nginx-least-conn"};
    const int32_t tried[] = {0};
    struct lb_request again = {.tried = tried, .tried_count = 1};
    for (int i = 0; i < 2; i++) {
        open_tier(names[i], (uint32_t[]){1, 0}, 1);
        attempt(0, true);
        attempt(0, true);
        CU_ASSERT(told(-1, "single") == 1 && told(0, "fails") == 0);
        expect_order("aa");
        CU_ASSERT(books_pick(&books, &again) == LB_NONE);
        books.row[0].max_in_flight = books.row[0].in_flight = 1;
        expect_order("-");
        books.row[0].in_flight = 0;
        books.row[0].flags = LB_PRESENT;
        books_changed_row(&books, 0);
        expect_order("-");
        books_close(&books);
        open_tier(names[i], (uint32_t[]){1, 0}, 2);
        CU_ASSERT(told(-1, "single") == 0);
        expect_order("aa");
        attempt(0, true);
        expect_order("--");
        books.now += 4 * SECOND;
        expect_order("a");
        books_close(&books);
    }
}

/* With two of which one is `down`, nginx counts two peers: the other may be left out. */
static void down_peer_counts(void)
{
    open_tier("nginx-round-robin", (uint32_t[]){1, 1, 0}, 1);
    books.row[1].flags = LB_PRESENT;
    books_changed_row(&books, 1);
    expect_order("aa");
    attempt(0, true);
    expect_order("--");
    books.row[1].flags = 0; /* it leaves: a reload with one peer */
    books_changed_row(&books, 1);
    CU_ASSERT(told(-1, "single") == 1);
    expect_order("aa");
    books_close(&books);
}

/* Everybody failed: nobody until the time is over, and no wait even when all are only full. */
static void nobody_is_nobody(void)
{
    static const char *const names[] = {"nginx-round-robin", "nginx-least-conn"};
    for (int i = 0; i < 2; i++) {
        open_tier(names[i], (uint32_t[]){1, 1, 0}, 1);
        attempt(0, true);
        attempt(1, true);
        expect_order("--");
        books.now += 3 * SECOND;
        expect_order("--");
        books.now += SECOND;
        CU_ASSERT(books_serve(&books, &first_try) >= 0);
        books.row[0].max_in_flight = books.row[0].in_flight = 2;
        books.row[1].max_in_flight = books.row[1].in_flight = 1;
        expect_order("-");
        books_close(&books);
    }
}

/* {3,1,1}: after a (-2 1 1) b is full: a 1, c 2, c pays 4: a 1, b 1, c -2. Back: a 4, b 2, c -1. */
static void skipped_peer_keeps_its_credit(void)
{
    open_tier("nginx-round-robin", (uint32_t[]){3, 1, 1, 0}, 1);
    expect_order("a");
    books.row[1].max_in_flight = books.row[1].in_flight = 1;
    expect_order("c");
    CU_ASSERT(told(0, "current_weight") == 1);
    CU_ASSERT(told(1, "current_weight") == 1);
    CU_ASSERT(told(2, "current_weight") == -2);
    books.row[1].in_flight = 0;
    expect_order("ab");
    books_close(&books);
}

/* A change of configuration forgets failures and credits; a filter's word about usable does not. */
static void reload_starts_afresh(void)
{
    open_tier("nginx-round-robin", (uint32_t[]){3, 1, 1, 0}, 1);
    expect_order("a");
    attempt(1, true);
    books.row[2].flags = LB_PRESENT;
    books_changed_row(&books, 2);
    expect_order("aa");
    books.row[2].flags = LB_PRESENT | LB_USABLE;
    books_changed_row(&books, 2);
    CU_ASSERT(told(1, "fails") == 1 && told(0, "current_weight") == -2);
    books.row[2].weight = 2;
    books_changed_row(&books, 2);
    CU_ASSERT(told(1, "fails") == 0 && told(0, "current_weight") == 0);
    CU_ASSERT(told(1, "effective_weight") == 1 && told(2, "effective_weight") == 2);
    expect_order("acabca"); /* {3,1,2} from the start */
    books_close(&books);
}

/* least_conn: conns / weight; turns only among equals; idle as round robin. */
static void least_conn_rules(void)
{
    open_tier("nginx-least-conn", (uint32_t[]){5, 1, 1, 0}, 1);
    expect_order("aabacaa");
    books.row[0].in_flight = 6;
    books.row[1].in_flight = 1;
    books.row[2].in_flight = 2;
    expect_order("bbb"); /* 6/5, 1/1, 2/1: no tie, no turn moves */
    CU_ASSERT(told(0, "current_weight") == 0 && told(1, "current_weight") == 0);
    books.row[0].in_flight = 5;
    expect_order("a"); /* 5/5 ties with 1/1: a 5, b 1, c takes no part */
    CU_ASSERT(told(0, "current_weight") == -1 && told(1, "current_weight") == 1);
    CU_ASSERT(told(2, "current_weight") == 0);
    books_close(&books);
}

/* A weight recovers in turns only: not when one peer alone carries the least, be it after a tie. */
static void least_conn_recovers_in_turns(void)
{
    open_tier("nginx-least-conn", (uint32_t[]){4, 4, 4, 0}, 1);
    for (uint32_t row = 0; row < 3; row++) {
        books.row[row].max_fails = 2;
        attempt((int32_t)row, true);
    }
    books.row[0].in_flight = books.row[1].in_flight = 1;
    expect_order("c");
    CU_ASSERT(told(2, "effective_weight") == 2 && told(0, "effective_weight") == 2);
    books.row[1].in_flight = 0;
    expect_order("b");
    CU_ASSERT(told(1, "effective_weight") == 3 && told(2, "effective_weight") == 3);
    CU_ASSERT(told(0, "effective_weight") == 2);
    books_close(&books);
}

static const struct check_test tests[] = {
    {"seconds are whole", seconds_are_whole},
    {"the clock may start at zero", clock_may_start_at_zero},
    {"weight falls and recovers", weight_falls_and_recovers},
    {"success clears late", success_clears_late},
    {"a second failure disables again", second_failure_disables_again},
    {"max_fails zero never disables", max_fails_zero_never_disables},
    {"single peer", single_peer},
    {"a down peer counts", down_peer_counts},
    {"nobody is nobody", nobody_is_nobody},
    {"a skipped peer keeps its credit", skipped_peer_keeps_its_credit},
    {"reload starts afresh", reload_starts_afresh},
    {"least_conn", least_conn_rules},
    {"least_conn recovers in turns", least_conn_recovers_in_turns},
};

CHECK_MAIN("nginx rules")
