/*
 * Prequal: what is hot, what is picked, used, removed, dropped and believed, in stories worked out by
 * hand from the rule. Probes are answered by the test. Seeds are fixed; an honest draw is called false
 * once in 10^6.
 */
#include "algorithms/registry.h"

#include <math.h>

#include "tests/check.h"
#include "tests/unit/chi_square.h"
#include "tests/unit/told.h"

#define MS INT64_C(1000000)

static struct books books;
static const struct lb_request first_try = {.source = {.family = 4}};

/* Rows usable backends and parameters by name, up to NULL; probes and removals are off unless given. */
struct value {
    const char *name;
    double value;
};

static void open_prequal(uint32_t rows, const struct value *values)
{
    const struct lb_algorithm *a = lb_registry_find("prequal");
    books_init(&books, rows);
    for (uint32_t k = 0; k < lb_param_count(a); k++)
        books.values[k] = a->params[k].value;
    books.values[lb_param_find(a, "probes")] = 0;
    books.values[lb_param_find(a, "remove")] = 0;
    for (; values != NULL && values->name != NULL; values++)
        books.values[lb_param_find(a, values->name)] = values->value;
    CU_ASSERT_FATAL(books_open(&books, a, 5, true));
}

static void answer(int32_t row, uint32_t rif, lb_time latency)
{
    struct lb_load load = {.in_flight = rif, .latency = latency};
    books.algorithm->on_probe(books.state, row, &load, books.now);
}

static int32_t pick(void)
{
    return books.algorithm->pick(books.state, &first_try, books.now);
}

static double entries(void)
{
    return told(&books, -1, "entries");
}

/* Four answers with RIF 1 2 3 9: rank ceil(0.84 x 4) = 4, so 9 is cold too; of five with another 9
 * rank ceil(4.2) = 5. At q-rif 0.6 of five the rank is 3: above RIF 3 is hot. */
static void hot_and_cold(void)
{
    open_prequal(6, NULL);
    answer(0, 1, 40 * MS);
    answer(1, 2, 30 * MS);
    answer(2, 3, 20 * MS);
    answer(3, 9, 5 * MS);
    CU_ASSERT(told(&books, -1, "threshold") == 9);
    CU_ASSERT(pick() == 3);
    CU_ASSERT(told(&books, 3, "rif") == 10); /* counts the request, so it is hot now */
    CU_ASSERT(pick() == 2 && pick() == 2);   /* used without limit: 6 backends, and 16 would fit */
    CU_ASSERT(told(&books, 2, "rif") == 5 && entries() == 4);
    books_close(&books);

    open_prequal(6, (const struct value[]){{"q-rif", 0.6}, {NULL, 0}});
    for (int32_t row = 0; row < 5; row++)
        answer(row, row < 4 ? 2 * (uint32_t)row + 3 : 3, (9 - row) * MS); /* 3 5 7 9 3 */
    CU_ASSERT(told(&books, -1, "threshold") == 5);
    CU_ASSERT(pick() == 4); /* 5 ms of the cold 0, 1, 4; 2 and 3 are faster but hot */
    CU_ASSERT(pick() == 4 && pick() == 4); /* its RIF is 3, 4, 5 when it is picked */
    CU_ASSERT(pick() == 1);
    CU_ASSERT(pick() == 0 && pick() == 0 && pick() == 0);
    CU_ASSERT(told(&books, 0, "rif") == 6 && told(&books, 1, "rif") == 6);
    CU_ASSERT(pick() == 4); /* all hot: RIF 6 6 7 9 6, the fastest of the least */
    books_close(&books);
}

static void quantile_ends(void)
{
    open_prequal(3, (const struct value[]){{"q-rif", 0}, {NULL, 0}});
    answer(0, 4, 1 * MS);
    answer(1, 0, 90 * MS);
    CU_ASSERT(told(&books, -1, "threshold") == -1); /* all hot: RIF decides alone */
    CU_ASSERT(pick() == 1);
    books_close(&books);
    open_prequal(3, (const struct value[]){{"q-rif", 1}, {NULL, 0}});
    answer(0, 4, 1 * MS);
    answer(1, 0, 90 * MS);
    CU_ASSERT(told(&books, -1, "threshold") == 4); /* all cold: latency decides alone */
    CU_ASSERT(pick() == 0);
    books_close(&books);
}

/* The quantile is taken over the last 64 answers, against a plain count; seed 31. */
static void threshold_is_a_quantile(void)
{
    uint32_t rif[300];
    struct lb_random random;
    lb_random_seed(&random, 31);
    open_prequal(20, NULL);
    for (uint32_t n = 0; n < 300; n++) {
        rif[n] = lb_random_below(&random, 1 + n / 10);
        answer((int32_t)(n % 20), rif[n], MS);
        uint32_t from = n >= 63 ? n - 63 : 0, count = n + 1 - from, rank = 0, value = 0;
        for (;; value++) { /* the least value that rank answers do not exceed */
            rank = 0;
            for (uint32_t k = from; k <= n; k++)
                rank += rif[k] <= value;
            if (rank >= 0.84 * count - 1e-9)
                break;
        }
        CU_ASSERT(told(&books, -1, "threshold") == value);
    }
    books_close(&books);
}

/* n = 32, m = 16, probes 3: 1.5 come in; remove 1: 0.5 net; (1 + 1) / 0.5 = 4 uses. */
static void uses_are_whole(void)
{
    open_prequal(32, (const struct value[]){{"probes", 3}, {"remove", 1}, {NULL, 0}});
    for (int n = 0; n < 100; n++) {
        answer(0, 1, MS);
        CU_ASSERT(told(&books, 0, "uses_left") == 4);
    }
    books_close(&books);
}

/* n = 40: (1 - 0.4) 3 - 1 = 0.8; 2 / 0.8 = 2.5 uses: 2 or 3, each half of the time. n = 64, delta 0:
 * 1 / 1.25 is less than one use, and one it is. n = 16: nothing comes in, no limit. */
static void uses_are_rounded_at_random(void)
{
    uint32_t count[2] = {0};
    double half[2] = {0.5, 0.5};
    open_prequal(40, (const struct value[]){{"probes", 3}, {"remove", 1}, {NULL, 0}});
    for (int n = 0; n < 10000; n++) {
        answer(0, 1, MS);
        double uses = told(&books, 0, "uses_left");
        CU_ASSERT(uses == 2 || uses == 3);
        count[uses == 3]++;
    }
    CU_ASSERT(chi_square_fits(count, half, 2));
    books_close(&books);
    open_prequal(64, (const struct value[]){{"probes", 3}, {"remove", 1}, {"delta", 0}, {NULL, 0}});
    answer(0, 1, MS);
    CU_ASSERT(told(&books, 0, "uses_left") == 1);
    books_close(&books);
    open_prequal(16, (const struct value[]){{"probes", 3}, {"remove", 1}, {NULL, 0}});
    answer(0, 1, MS);
    CU_ASSERT(told(&books, 0, "uses_left") == -1);
    books_close(&books);
}

/* Four uses and it is gone; a new answer of the same backend takes the place of the old one. */
static void entries_are_used_up(void)
{
    open_prequal(32,
                 (const struct value[]){{"probes", 2}, {"min-pool", 1}, {"delta", 3}, {NULL, 0}});
    answer(7, 1, MS); /* (1 + 3) / (0.5 x 2) = 4 uses */
    for (int n = 0; n < 3; n++)
        CU_ASSERT(pick() == 7);
    CU_ASSERT(told(&books, 7, "uses_left") == 1 && told(&books, 7, "rif") == 4);
    answer(7, 2, MS);
    CU_ASSERT(told(&books, 7, "uses_left") == 4 && told(&books, 7, "rif") == 2 && entries() == 1);
    for (int n = 0; n < 4; n++)
        CU_ASSERT(pick() == 7);
    CU_ASSERT(entries() == 0);
    books_close(&books);
}

/* One removal a query after the choice: the oldest, the worst, the oldest ... The worst is the hot
 * one of most RIF, else the slowest. */
static void removal_alternates(void)
{
    open_prequal(8, (const struct value[]){{"remove", 1}, {"q-rif", 0.5}, {NULL, 0}});
    static const uint32_t rif[] = {0, 1, 0, 7, 8, 1};
    static const int latency[] = {50, 60, 10, 20, 5, 40};
    for (int32_t row = 0; row < 6; row++)
        answer(row, rif[row], latency[row] * MS);
    CU_ASSERT(told(&books, -1, "threshold") == 1); /* of 0 0 1 1 7 8 */
    CU_ASSERT(pick() == 2);
    CU_ASSERT(entries() == 5 && told(&books, 0, "rif") == TOLD_NOTHING); /* the oldest */
    CU_ASSERT(pick() == 2);
    CU_ASSERT(entries() == 4 && told(&books, 4, "rif") == TOLD_NOTHING); /* RIF 8 */
    CU_ASSERT(pick() == 5); /* 2 is hot with its own requests */
    CU_ASSERT(entries() == 3 && told(&books, 1, "rif") == TOLD_NOTHING); /* the oldest */
    CU_ASSERT(told(&books, 2, "rif") == 2 && told(&books, 5, "rif") == 2);
    CU_ASSERT(pick() == 2);                                              /* all hot: the faster */
    CU_ASSERT(entries() == 2 && told(&books, 3, "rif") == TOLD_NOTHING); /* RIF 7 */
    books_close(&books);

    /* every other query; all cold, for an answer with RIF 99 was seen */
    open_prequal(8, (const struct value[]){{"remove", 0.5}, {"q-rif", 1}, {NULL, 0}});
    answer(7, 99, MS);
    books.row[7].flags = LB_PRESENT;
    books_changed_row(&books, 7);
    for (int32_t row = 0; row < 4; row++)
        answer(row, 1, (row + 1) * MS);
    for (int n = 0; n < 4; n++) {
        (void)pick();
        CU_ASSERT(entries() == 4 - (n + 1) / 2);
    }
    CU_ASSERT(told(&books, 0, "rif") == TOLD_NOTHING); /* the oldest */
    CU_ASSERT(told(&books, 3, "rif") == TOLD_NOTHING); /* the slowest */
    books_close(&books);
}

/* max-age 1 s: at 1 s it still counts, 1 ns later it does not; the pool is a random draw below 2. */
static void answers_grow_old(void)
{
    uint32_t count[4] = {0};
    double even[4] = {0.25, 0.25, 0.25, 0.25};
    open_prequal(4, NULL);
    answer(0, 1, MS);
    books.now += SECOND / 2;
    answer(1, 1, 9 * MS);
    books.now += SECOND / 2;
    CU_ASSERT(pick() == 0 && entries() == 2);
    books.now += 1;
    (void)pick();
    CU_ASSERT(entries() == 1 && told(&books, 0, "rif") == TOLD_NOTHING);
    for (int n = 0; n < 20000; n++)
        count[pick()]++;
    CU_ASSERT(chi_square_fits(count, even, 4));
    books_close(&books);
}

static void pool_keeps_the_newest(void)
{
    open_prequal(20, NULL);
    for (int32_t row = 0; row < 18; row++)
        answer(row, 1, MS);
    CU_ASSERT(entries() == 16);
    CU_ASSERT(told(&books, 1, "rif") == TOLD_NOTHING && told(&books, 2, "rif") == 1);
    answer(2, 5, MS);
    CU_ASSERT(entries() == 16 && told(&books, 2, "rif") == 5);
    books.row[5].flags = LB_PRESENT; /* its answer is of no use */
    books_changed_row(&books, 5);
    CU_ASSERT(entries() == 15 && told(&books, 5, "rif") == TOLD_NOTHING);
    answer(5, 1, MS);
    books.algorithm->on_probe(books.state, 6, NULL, books.now); /* lost: says nothing */
    CU_ASSERT(entries() == 15);
    books_close(&books);
}

/* Probes go to different usable backends, drawn evenly; fractions add up. */
static void probes_are_spread(void)
{
    int32_t target[64];
    uint32_t count[10] = {0}, sent = 0;
    double chance[10];
    open_prequal(10, (const struct value[]){{"probes", 2.75}, {NULL, 0}});
    books.row[4].flags = LB_PRESENT;
    books_changed_row(&books, 4);
    for (int i = 0; i < 10; i++)
        chance[i] = i == 4 ? 0 : 1 / 9.0;
    for (int n = 0; n < 4000; n++) {
        (void)pick();
        uint32_t k = books.algorithm->probe_targets(books.state, target, 64, books.now);
        CU_ASSERT(k == (n % 4 == 0 ? 2 : 3)); /* 2.75, 3.5, 3.25, 3 */
        CU_ASSERT(books.algorithm->probe_targets(books.state, target + k, 60, books.now) == 0);
        sent += k;
        for (uint32_t i = 0; i < k; i++) {
            count[target[i]]++;
            for (uint32_t j = 0; j < i; j++)
                CU_ASSERT(target[i] != target[j]);
        }
    }
    CU_ASSERT(sent == 11000);
    CU_ASSERT(chi_square_fits(count, chance, 10));
    books_close(&books);
}

/* A backend that fails at once looks best of all. Each failure counts a tenth: after three the share
 * is 1 - 0.9^3 = 0.271, above 0.2; it is 0.2 again after 10 s x ln(1.355) = 3.04 s. */
static void sinkholes_are_passed_over(void)
{
    for (int guarded = 0; guarded < 2; guarded++) {
        open_prequal(8, (const struct value[]){{"error-limit", guarded ? 0.2 : 1}, {NULL, 0}});
        for (int n = 0; n < 3; n++) {
            answer(3, 0, 1);
            answer(5, 2, 80 * MS);
            CU_ASSERT(pick() == 3);
            told_serve(&books, 3, 1, LB_END_ERROR);
        }
        CHECK_CLOSE(told(&books, 3, "errors"), 0.271, 1e-12);
        answer(3, 0, 1);
        CU_ASSERT(pick() == (guarded ? 5 : 3));
        books.now += 3 * SECOND;
        answer(3, 0, 1);
        answer(5, 2, 80 * MS);
        CU_ASSERT(pick() == (guarded ? 5 : 3));
        books.now += SECOND / 20;
        CU_ASSERT(pick() == 3);
        told_serve(&books, 3, 1, LB_END_CANCELLED); /* no failure */
        CHECK_CLOSE(told(&books, 3, "errors"), 0.271, 1e-12);
        books_close(&books);
    }
}

static const struct check_test tests[] = {
    {"hot and cold", hot_and_cold},
    {"quantile: its ends", quantile_ends},
    {"threshold is a quantile", threshold_is_a_quantile},
    {"uses are whole", uses_are_whole},
    {"uses are rounded at random", uses_are_rounded_at_random},
    {"entries are used up", entries_are_used_up},
    {"removal alternates", removal_alternates},
    {"answers grow old", answers_grow_old},
    {"pool keeps the newest", pool_keeps_the_newest},
    {"probes are spread", probes_are_spread},
    {"sinkholes are passed over", sinkholes_are_passed_over},
};

CHECK_MAIN("prequal")
