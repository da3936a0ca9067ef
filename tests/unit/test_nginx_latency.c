/*
 * nginx least_time and ingress-nginx ewma: averages, steps, ages and scores in numbers worked out
 * by hand from the rules; there are no recordings of either.
 */
#include <math.h>

#include "tests/unit/upstream_tier.h"

#define MS INT64_C(1000000)

static void open_least_time(const uint32_t *weights, double mode, double inflight)
{
    open_tier("nginx-least-time", weights, 1);
    books_close(&books);
    books.values[0] = mode;
    books.values[1] = inflight;
    CU_ASSERT_FATAL(books_open(&books, books.algorithm, 1, true));
}

/* An attempt at the row from now on that takes so many ms to its header and to its end. */
static void served_in(int32_t row, int64_t header, int64_t whole, enum lb_end end)
{
    struct lb_outcome outcome = {.end = end, .sent = books.now, .connected = books.now + MS};
    outcome.failed = end != LB_END_OK && end != LB_END_CANCELLED;
    outcome.first_byte = header > 0 ? books.now + header * MS : 0;
    books_start(&books, row, &first_try, LB_BY_AFFINITY);
    books.now += whole * MS;
    books.row[row].in_flight--;
    books_sum(&books);
    books.algorithm->on_attempt_finish(books.state, row, &outcome, books.now);
}

/* The first value is taken as it is; then 0.5 + (0.05 v + 0.95 avg), cut: 0.5 + 5 + 95 = 100.5;
 * 0.5 + 10 + 95 = 105.5; 0.5 + 0.05 + 99.75 = 100.3. A failure or no header counts nothing. */
static void averages_are_rounded(void)
{
    open_least_time((uint32_t[]){1, 1, 0}, 0, 0);
    served_in(0, 100, 300, LB_END_OK);
    CU_ASSERT(told(0, "header_time_ms") == 100 && told(0, "response_time_ms") == 300);
    served_in(0, 100, 301, LB_END_OK);
    CU_ASSERT(told(0, "header_time_ms") == 100 && told(0, "response_time_ms") == 300);
    served_in(0, 200, 310, LB_END_OK); /* 0.5 + 15.5 + 285 = 301 */
    CU_ASSERT(told(0, "header_time_ms") == 105 && told(0, "response_time_ms") == 301);
    served_in(0, 1, 1, LB_END_OK);
    CU_ASSERT(told(0, "header_time_ms") == 100);
    served_in(0, 900, 900, LB_END_ERROR);
    served_in(0, 0, 900, LB_END_CANCELLED);
    CU_ASSERT(told(0, "header_time_ms") == 100 && told(1, "header_time_ms") == 0);
    books_close(&books);
}

/* Steps of 20 ms, always up: 0 .. 19 is 20, 20 .. 39 is 40. Equals take turns. */
static void steps_make_equals(void)
{
    open_least_time((uint32_t[]){1, 1, 0}, 1, 0);
    books.row[0].fail_timeout = books.row[1].fail_timeout = 1000 * SECOND;
    served_in(0, 1, 1, LB_END_OK);
    served_in(1, 1, 19, LB_END_OK);
    CU_ASSERT(books_pick(&books, &first_try) == 0 && books_pick(&books, &first_try) == 1);
    books_close(&books);
    open_least_time((uint32_t[]){1, 1, 0}, 1, 0);
    books.row[0].fail_timeout = books.row[1].fail_timeout = 1000 * SECOND;
    served_in(0, 1, 20, LB_END_OK);
    served_in(1, 1, 19, LB_END_OK);
    for (int n = 0; n < 4; n++)
        CU_ASSERT(books_pick(&books, &first_try) == 1);
    books.row[1].in_flight = 1; /* 40 x 1 against 20 x 2 */
    CU_ASSERT(books_pick(&books, &first_try) == 0 && books_pick(&books, &first_try) == 1);
    books.row[1].in_flight = 2;
    CU_ASSERT(books_pick(&books, &first_try) == 0 && books_pick(&books, &first_try) == 0);
    books_close(&books);
}

/* Beyond 5000 all are equally bad, 5000; exactly 5000 is rounded up to 5020, which is worse. */
static void the_worst_are_equal(void)
{
    open_least_time((uint32_t[]){1, 1, 1, 0}, 1, 0);
    for (int i = 0; i < 3; i++)
        books.row[i].fail_timeout = 1000 * SECOND;
    served_in(0, 1, 5000, LB_END_OK);
    served_in(1, 1, 5001, LB_END_OK);
    served_in(2, 1, 60000, LB_END_OK);
    CU_ASSERT(books_pick(&books, &first_try) == 1 && books_pick(&books, &first_try) == 2);
    CU_ASSERT(books_pick(&books, &first_try) == 1 && books_pick(&books, &first_try) == 2);
    books_close(&books);
}

/* a at 100 ms, b at 30 ms (40): a is left alone, and with fail_timeout 3 s is halved once each 4 s
 * since its stamp: 100 (120), 50 (60), 25 (40, a tie), 12 (20). */
static void the_slow_get_another_chance(void)
{
    open_least_time((uint32_t[]){1, 1, 0}, 0, 0);
    books.now = 4 * SECOND; /* the stamps at 0 are old: both picks renew them */
    CU_ASSERT(books_pick(&books, &first_try) == 0 && books_pick(&books, &first_try) == 1);
    served_in(0, 100, 100, LB_END_OK);
    served_in(1, 30, 30, LB_END_OK);
    static const int seconds[] = {5, 7, 8, 11};
    for (int k = 0; k < 4; k++) {
        books.now = seconds[k] * SECOND;
        CU_ASSERT(books_pick(&books, &first_try) == 1);
    }
    books.now = 15 * SECOND; /* 11 s: halved twice, b was renewed in second 8: 7 s, halved once */
    CU_ASSERT(books_pick(&books, &first_try) == 1); /* 25 (40) against 15 (20) */
    books.now = 16 * SECOND;                        /* three times: 12 (20); b 30 (40) */
    CU_ASSERT(books_pick(&books, &first_try) == 0);
    books_close(&books);
}

/* Two requests at a, from 0 and 100 ms: at 300 their ages are 300 and 200, on average 250. Each
 * pick averages again: 0.5 + 0.05 x 350 + 0.95 x 250 = 255.5. When the first ends at 400, the other
 * is 300 old: 0.5 + 0.05 x 300 + 0.95 x 255 = 257.75. */
static void ages_count_when_they_are_greater(void)
{
    open_least_time((uint32_t[]){1, 1, 0}, 0, 1);
    lb_time start = books.now = 10 * SECOND;
    books_start(&books, 0, &first_try, LB_BY_AFFINITY);
    books.now = start + 100 * MS;
    books_start(&books, 0, &first_try, LB_BY_AFFINITY);
    books.now = start + 300 * MS;
    CU_ASSERT(books_pick(&books, &first_try) == 1);
    CU_ASSERT(told(0, "inflight_time_ms") == 250 && told(1, "inflight_time_ms") == 0);
    books.now = start + 400 * MS;
    CU_ASSERT(books_pick(&books, &first_try) == 1);
    CU_ASSERT(told(0, "inflight_time_ms") == 255);
    struct lb_outcome outcome = {.end = LB_END_OK, .sent = start, .first_byte = books.now};
    books.row[0].in_flight--;
    books_sum(&books);
    books.algorithm->on_attempt_finish(books.state, 0, &outcome, books.now);
    CU_ASSERT(books_pick(&books, &first_try) == 1);
    CU_ASSERT(told(0, "inflight_time_ms") == 257);
    books_close(&books);
}

/* The weight divides: 40 x 1 / 2 ties with 20 x 1 / 1, and turns are by weight. */
static void weights_divide_the_time(void)
{
    open_least_time((uint32_t[]){2, 1, 0}, 0, 0);
    books.row[0].fail_timeout = books.row[1].fail_timeout = 1000 * SECOND;
    served_in(0, 30, 30, LB_END_OK);
    served_in(1, 10, 10, LB_END_OK);
    static const int32_t order[] = {0, 1, 0};
    for (int n = 0; n < 6; n++)
        CU_ASSERT(books_pick(&books, &first_try) == order[n % 3]);
    books_close(&books);
}

/* rtt = connect + response: 1 ms + 100 ms; then w = exp(-0.3 / 10). Fails and retries: not counted. */
static void ewma_takes_in_rtt(void)
{
    open_tier("ingress-ewma", (uint32_t[]){1, 1, 0}, 1);
    CU_ASSERT(told(0, "ewma_s") == 0);
    served_in(0, 50, 100, LB_END_OK);
    CHECK_CLOSE(told(0, "ewma_s"), 0.101, 1e-12);
    served_in(0, 50, 300, LB_END_ERROR);
    double w = exp(-0.03), first = 0.101 * w + 0.301 * (1 - w);
    CHECK_CLOSE(told(0, "ewma_s"), first, 1e-12);
    served_in(0, 0, 900, LB_END_REFUSED);
    served_in(0, 0, 900, LB_END_TIMEOUT);
    CHECK_CLOSE(told(0, "ewma_s"), first, 1e-12);
    books_close(&books);
}

/* Of two, both are drawn: the lower score wins. A newcomer has the average; who is back is new. */
static void ewma_picks_the_lower_score(void)
{
    open_tier("ingress-ewma", (uint32_t[]){1, 9, 0}, 1);
    served_in(0, 50, 99, LB_END_OK);
    served_in(1, 50, 199, LB_END_OK);
    for (int n = 0; n < 50; n++)
        CU_ASSERT(books_pick(&books, &first_try) == 0);
    books.row[0].in_flight = 1000; /* what is in flight does not count */
    CU_ASSERT(books_pick(&books, &first_try) == 0);
    books.pool.count = 3;
    books.row[2].flags = LB_PRESENT | LB_USABLE;
    books_changed_row(&books, 2);
    CHECK_CLOSE(told(2, "ewma_s"), 0.15, 1e-12); /* of 0.1 and 0.2 */
    books.row[0].flags = LB_PRESENT;
    books_changed_row(&books, 0);
    CU_ASSERT(books_pick(&books, &first_try) == 2);
    CU_ASSERT(told(0, "ewma_s") == -1000);
    books.row[0].flags = LB_PRESENT | LB_USABLE;
    books_changed_row(&books, 0);
    CHECK_CLOSE(told(0, "ewma_s"), 0.175, 1e-12);
    books_close(&books);
}

/* a 0.3 at 10.3 s, b 0.2 at 16.5 s: at 16.5 s a has faded to 0.3 exp(-0.62) = 0.161 and wins. */
static void ewma_scores_fade(void)
{
    open_tier("ingress-ewma", (uint32_t[]){1, 1, 0}, 1);
    books.now = 10 * SECOND;
    served_in(0, 50, 299, LB_END_OK);
    served_in(1, 50, 199, LB_END_OK);
    CU_ASSERT(books_pick(&books, &first_try) == 1);
    books.now = 16 * SECOND + 301 * MS;
    served_in(1, 50, 199, LB_END_OK);
    CU_ASSERT(books_pick(&books, &first_try) == 0);
    books_close(&books);
}

/* Tried endpoints are left out until all are tried; then all may be picked again. */
static void ewma_leaves_out_the_tried(void)
{
    open_tier("ingress-ewma", (uint32_t[]){1, 1, 1, 0}, 1);
    int32_t tried[3] = {0, 2, 1};
    struct lb_request request = {.tried = tried, .tried_count = 2};
    unsigned seen = 0;
    for (int n = 0; n < 50; n++)
        CU_ASSERT(books_pick(&books, &request) == 1);
    request.tried_count = 3;
    for (int n = 0; n < 50; n++)
        seen |= 1U << books_pick(&books, &request);
    CU_ASSERT(seen == 7);
    books_close(&books);
}

static const struct check_test tests[] = {
    {"averages are rounded", averages_are_rounded},
    {"steps make equals", steps_make_equals},
    {"the worst are equal", the_worst_are_equal},
    {"the slow get another chance", the_slow_get_another_chance},
    {"ages count when they are greater", ages_count_when_they_are_greater},
    {"weights divide the time", weights_divide_the_time},
    {"ewma takes in rtt", ewma_takes_in_rtt},
    {"ewma picks the lower score", ewma_picks_the_lower_score},
    {"ewma scores fade", ewma_scores_fade},
    {"ewma leaves out the tried", ewma_leaves_out_the_tried},
};

CHECK_MAIN("nginx latency")
