/*
 * The general rules that go by latency: peak-ewma, least-latency and c3, in numbers worked out by hand
 * from their formulas (linkerd's peak EWMA, shared with peak-ewma, is in test_finagle). Seeds are
 * fixed; an honest draw is called false once in 10^6.
 */
#include "algorithms/registry.h"

#include <math.h>

#include "algorithms/latency.h"
#include "tests/check.h"
#include "tests/unit/chi_square.h"
#include "tests/unit/told.h"

#define MS INT64_C(1000000)

static struct books books;
static const struct lb_request first_try = {.source = {.family = 4}};

/* Rows backends and the defaults, but for one parameter. */
static void open_pool(const char *name, uint32_t rows, const char *param, double value)
{
    const struct lb_algorithm *a = lb_registry_find(name);
    books_init(&books, rows);
    for (uint32_t k = 0; k < lb_param_count(a); k++)
        books.values[k] = a->params[k].value;
    if (param != NULL)
        books.values[lb_param_find(a, param)] = value;
    CU_ASSERT_FATAL(books_open(&books, a, 9, true));
}

/* The picks of many requests that stay nowhere, as counts. */
static void count_picks(uint32_t *count, int picks)
{
    for (int n = 0; n < picks; n++)
        count[books_pick(&books, &first_try)]++;
}

/* ---- averages ---- */

static void peak_and_decay(void)
{
    struct lb_ewma e = {0};
    lb_ewma_peak(&e, 8, 10e9, 5);
    CU_ASSERT(e.value == 8 && e.at == 5 && e.any);
    lb_ewma_peak(&e, 4, 10e9, 5 + 10 * SECOND); /* 4 + 4 / e */
    CHECK_CLOSE(e.value, 5.471517764685769, 1e-14);
    lb_ewma_peak(&e, 9, 10e9, 7); /* time runs back: the peak is taken, the stamp stays */
    CU_ASSERT(e.value == 9 && e.at == 5 + 10 * SECOND);
    lb_ewma_peak(&e, 0, 10e9, 7);
    CU_ASSERT(e.value == 9);
}

/* ---- peak-ewma ---- */

/* load = rtt (in_flight + 1) / weight: 40 x 3 / 4 = 30 against 20 x 2 / 1 = 40. */
static void peak_ewma_divides_by_weight(void)
{
    uint32_t count[2] = {0};
    open_pool("peak-ewma", 2, NULL, 0);
    books.row[0].weight = 4;
    books_changed_row(&books, 0);
    told_serve(&books, 0, 40 * MS, LB_END_OK);
    told_serve(&books, 1, 20 * MS, LB_END_OK);
    told_serve(&books, 1, 40 * MS, LB_END_OK); /* peaks both */
    books.row[0].in_flight = 2;
    books.row[1].in_flight = 0;
    CHECK_CLOSE(told(&books, 0, "load"), 30e6, 1e-12);
    CHECK_CLOSE(told(&books, 1, "load"), 40e6, 1e-12);
    count_picks(count, 100);
    CU_ASSERT(count[0] == 100);
    books.row[0].in_flight = 4; /* 50 against 40 */
    count_picks(count, 100);
    CU_ASSERT(count[1] == 100);
    books.row[0].warm_since = books.now; /* in slow start it counts for a tenth at first */
    books.row[0].warm_for = 10 * SECOND;
    books.row[0].in_flight = 0;
    books_changed_row(&books, 0);
    CHECK_CLOSE(told(&books, 0, "load"), 40e6 / 0.4, 1e-9);
    books_close(&books);
}

/* Equal loads: the first drawn wins, and draws go by weight: 1, 2 and 5 of 8. */
static void peak_ewma_draws_by_weight(void)
{
    uint32_t count[3] = {0};
    double first[3] = {1 / 8.0, 2 / 8.0, 5 / 8.0};
    open_pool("peak-ewma", 3, NULL, 0);
    for (uint32_t row = 0; row < 3; row++) {
        books.row[row].weight = row == 0 ? 1 : row == 1 ? 2 : 5;
        books.row[row].in_flight = books.row[row].weight - 1; /* 1 / 1 = 2 / 2 = 5 / 5 */
        books_changed_row(&books, row);
    }
    count_picks(count, 20000);
    CU_ASSERT(chi_square_fits(count, first, 3));
    books_close(&books);
}

static void peak_ewma_failures(void)
{
    open_pool("peak-ewma", 2, "penalty", 2e9);
    told_serve(&books, 0, 1 * MS, LB_END_REFUSED);
    CU_ASSERT(told(&books, 0, "rtt") == 2e9);
    told_serve(&books, 0, 3000 * MS, LB_END_TIMEOUT);
    CU_ASSERT(told(&books, 0, "rtt") == 3e9);
    told_serve(&books, 1, 5 * MS, LB_END_CANCELLED); /* says nothing: 30 ms is more */
    books.now += 10 * SECOND;
    told_serve(&books, 1, 29 * MS, LB_END_CANCELLED); /* nor this: no time was counted */
    CU_ASSERT(told(&books, 1, "rtt") == 30e6);
    told_serve(&books, 1, 40 * MS, LB_END_CANCELLED); /* at least so long */
    CU_ASSERT(told(&books, 1, "rtt") == 40e6);
    books_close(&books);
}

/* ---- least-latency ---- */

static void least_latency_by_hand(void)
{
    open_pool("least-latency", 3, "explore", 0);
    told_serve(&books, 0, 40 * MS, LB_END_OK);
    told_serve(&books, 1, 30 * MS, LB_END_OK);
    CU_ASSERT(books_pick(&books, &first_try) == 2); /* a newcomer, at once */
    books_start(&books, 2, &first_try, LB_BY_PICK);
    CU_ASSERT(books_pick(&books, &first_try) == 1); /* it has not answered */
    told_finish(&books, 2, 35 * MS, LB_END_OK, NULL);
    CU_ASSERT(books_pick(&books, &first_try) == 1);
    books.row[1].in_flight = 1000; /* the load is not looked at */
    CU_ASSERT(books_pick(&books, &first_try) == 1);
    books.now += 10 * SECOND;
    told_serve(&books, 1, 130 * MS, LB_END_OK); /* 130 - 100 / e */
    CHECK_CLOSE(told(&books, 1, "latency"), 93212055.88285577, 1e-12);
    CU_ASSERT(books_pick(&books, &first_try) == 2);
    books_close(&books);
}

static void least_latency_newcomers_that_are_asked(void)
{
    open_pool("least-latency", 3, "explore", 0);
    for (int round = 0; round < 4; round++) { /* one each, then one each again */
        bool seen[3] = {false};
        for (int n = 0; n < 3; n++) {
            int32_t row = books_pick(&books, &first_try);
            CU_ASSERT(!seen[row]);
            seen[row] = true;
            books_start(&books, row, &first_try, LB_BY_PICK);
        }
    }
    books_close(&books);
}

/* 5 % of the picks are drawn evenly: the best of four has 0.95 + 0.05 / 4. */
static void least_latency_explores(void)
{
    uint32_t count[4] = {0};
    double chance[4] = {0.0125, 0.0125, 0.9625, 0.0125};
    open_pool("least-latency", 4, NULL, 0);
    for (int32_t row = 0; row < 4; row++)
        told_serve(&books, row, (row == 2 ? 5 : 50) * MS, LB_END_OK);
    count_picks(count, 40000);
    CU_ASSERT(chi_square_fits(count, chance, 4));
    books_close(&books);
}

static void least_latency_failures(void)
{
    open_pool("least-latency", 2, "explore", 0);
    told_serve(&books, 0, 1 * MS, LB_END_ERROR); /* fast, and no good */
    told_serve(&books, 1, 90 * MS, LB_END_OK);
    CU_ASSERT(told(&books, 0, "latency") == 1e9);
    CU_ASSERT(books_pick(&books, &first_try) == 1);
    told_serve(&books, 1, 80 * MS, LB_END_CANCELLED);
    CU_ASSERT(told(&books, 1, "latency") == 90e6);
    books_close(&books);
}

/* ---- c3 ---- */

static void report(int32_t row, lb_time response, lb_time service, uint32_t queue)
{
    struct lb_load load = {.service_time = service, .queue = queue};
    books_start(&books, row, &first_try, LB_BY_AFFINITY);
    told_finish(&books, row, response, LB_END_OK, &load);
}

/* Response 10 ms, service 4 ms, queue 2, 1 in flight of 3 balancers: q_hat = 1 + 3 + 2 = 6, score =
 * 10 - 4 + 216 x 4 = 870 ms. A second report of 20, 8, 4 at alpha 0.3: 13, 5.2, 2.6; none in flight:
 * q_hat = 3.6, score = 7.8 + 46.656 x 5.2 = 250.4112 ms. */
static void c3_score_by_hand(void)
{
    books_init(&books, 2);
    CU_ASSERT_FATAL(told_open(&books, lb_registry_find("c3"), 1, 0, 3));
    report(0, 10 * MS, 4 * MS, 2);
    books.row[0].in_flight = 1;
    CHECK_CLOSE(told(&books, 0, "score"), 870e6, 1e-12);
    books.row[0].in_flight = 0;
    report(0, 20 * MS, 8 * MS, 4);
    CHECK_CLOSE(told(&books, 0, "response"), 13e6, 1e-12);
    CHECK_CLOSE(told(&books, 0, "service"), 5.2e6, 1e-12);
    CHECK_CLOSE(told(&books, 0, "queue"), 2.6, 1e-12);
    CHECK_CLOSE(told(&books, 0, "score"), 250.4112e6, 1e-12);
    told_serve(&books, 0, 99 * MS, LB_END_TIMEOUT); /* no report, no change */
    CHECK_CLOSE(told(&books, 0, "score"), 250.4112e6, 1e-12);
    books_close(&books);
    open_pool("c3", 2, "alpha", 0.9); /* the paper's */
    report(0, 10 * MS, 4 * MS, 2);
    report(0, 20 * MS, 8 * MS, 4);
    CHECK_CLOSE(told(&books, 0, "response"), 19e6, 1e-12);
    books_close(&books);
}

/* Service 20 ms and 4 ms, no queues, responses without waiting: score = q_hat^3 x service. Idle, 20
 * against 4; with one in flight on the fast one 20 against 32; with one on each 160 against 32. */
static void c3_shuns_queues(void)
{
    open_pool("c3", 2, NULL, 0);
    report(0, 20 * MS, 20 * MS, 0);
    CU_ASSERT(books_pick(&books, &first_try) == 1); /* a newcomer, at once */
    books.row[1].in_flight = 1;
    CU_ASSERT(books_pick(&books, &first_try) == 0); /* it has not answered */
    books.row[1].in_flight = 0;
    report(1, 4 * MS, 4 * MS, 0);
    CU_ASSERT(books_pick(&books, &first_try) == 1);
    books.row[1].in_flight = 1;
    CU_ASSERT(books_pick(&books, &first_try) == 0);
    books.row[0].in_flight = 1; /* 160 against 32 */
    CU_ASSERT(books_pick(&books, &first_try) == 1);
    books_close(&books);
}

static const struct check_test tests[] = {
    {"peak and decay", peak_and_decay},
    {"peak-ewma divides by weight", peak_ewma_divides_by_weight},
    {"peak-ewma draws by weight", peak_ewma_draws_by_weight},
    {"peak-ewma: failures", peak_ewma_failures},
    {"least-latency by hand", least_latency_by_hand},
    {"least-latency: newcomers that are asked", least_latency_newcomers_that_are_asked},
    {"least-latency explores", least_latency_explores},
    {"least-latency: failures", least_latency_failures},
    {"c3: score by hand", c3_score_by_hand},
    {"c3 shuns queues", c3_shuns_queues},
};

CHECK_MAIN("latency")
