/*
 * Finagle's deterministic aperture: slices by hand, and the tiling of the circle for many numbers of
 * balancers and backends. Seeds are fixed; an honest draw is called false once in 10^6.
 */
#include "algorithms/registry.h"

#include <math.h>

#include "tests/check.h"
#include "tests/unit/chi_square.h"
#include "tests/unit/told.h"

static struct books books;
static const struct lb_request first_try = {.source = {.family = 4}};

static void open_slice(uint32_t balancer, uint32_t balancers)
{
    CU_ASSERT_FATAL(
        told_open(&books, lb_registry_find("finagle-aperture"), 3, balancer, balancers));
}

/* What the slice covers of a row, as a part of the circle. */
static double weight_of(uint32_t row)
{
    double weight = told(&books, (int32_t)row, "weight");
    return weight == TOLD_NOTHING ? 0 : weight;
}

static void expect_weights(const double *weights, uint32_t rows)
{
    for (uint32_t row = 0; row < rows; row++) {
        double weight = weight_of(row);
        if (fabs(weight - weights[row]) > 1e-12)
            printf("\nrow %u: %.15g, not %.15g", row, weight, weights[row]);
        CU_ASSERT(fabs(weight - weights[row]) <= 1e-12);
    }
}

/* 24 backends, 6 balancers: 12 of 24 are 3 of 6 steps. Balancer 1 has rows 4 .. 15, balancer 5 has
 * 20 .. 23 and 0 .. 7. 25 backends, 3 balancers: 12/25 of 3 steps is 1.44, so 2 steps: balancer 0
 * ends at 2/3, within row 16 (0.64 to 0.68); balancer 2 begins there and ends at 1/3, within row 8. */
static void slices_by_hand(void)
{
    double weights[25];
    books_init(&books, 24);
    open_slice(1, 6);
    for (uint32_t row = 0; row < 24; row++)
        weights[row] = row >= 4 && row <= 15 ? 1 / 24.0 : 0;
    expect_weights(weights, 24);
    CU_ASSERT(told(&books, -1, "physical_aperture") == 12);
    books_close(&books);
    open_slice(5, 6);
    for (uint32_t row = 0; row < 24; row++)
        weights[row] = row >= 20 || row <= 7 ? 1 / 24.0 : 0;
    expect_weights(weights, 24);
    books_close(&books);

    books_init(&books, 25);
    open_slice(0, 3);
    for (uint32_t row = 0; row < 25; row++)
        weights[row] = row < 16 ? 1 / 25.0 : row == 16 ? 2 / 3.0 - 0.64 : 0;
    expect_weights(weights, 25);
    books_close(&books);
    open_slice(2, 3);
    for (uint32_t row = 0; row < 25; row++)
        weights[row] = row < 8 || row > 16 ? 1 / 25.0 : 0;
    weights[8] = 1 / 3.0 - 0.32;
    weights[16] = 0.68 - 2 / 3.0;
    expect_weights(weights, 25);
    books_close(&books);
}

/* Row 0 is nine tenths of the circle, 23 others share the rest; half a circle from 3/4 on: row 0 from
 * 0.75 to 0.9, the others, and row 0 again up to 0.25, in all 0.15 + 0.25. */
static void a_backend_hit_at_both_ends_adds_up(void)
{
    double weights[24] = {0.4};
    books_init(&books, 24);
    books.row[0].weight = 207;
    open_slice(3, 4);
    for (uint32_t row = 1; row < 24; row++)
        weights[row] = 1 / 230.0;
    expect_weights(weights, 24);
    books_close(&books);
}

/* A lone balancer, and a pool no larger than the least aperture: everybody, by weight. */
static void small_pools_are_whole(void)
{
    double weights[12];
    for (uint32_t balancers = 1; balancers <= 9; balancers++) {
        books_init(&books, 12);
        for (uint32_t row = 0; row < 12; row++) {
            books.row[row].weight = 1 + row;
            weights[row] = (1 + row) / 78.0;
        }
        open_slice(balancers - 1, balancers);
        expect_weights(weights, 12);
        books_close(&books);
    }
}

/* All slices together cover each backend by the same number of steps times its share: no gap, and
 * nobody more than others. Each slice is so many steps wide, and at least 12 average backends. */
static void slices_tile_the_circle(void)
{
    struct lb_random random;
    lb_random_seed(&random, 20260202);
    for (uint32_t n = 1; n <= BOOKS_ROWS; n += n < 12 ? 4 : 3)
        for (uint32_t balancers = 1; balancers <= 40; balancers += 1 + balancers / 6)
            for (int equal = 0; equal < 2; equal++) {
                double sum[BOOKS_ROWS] = {0}, total = 0, width = 0;
                books_init(&books, n);
                for (uint32_t row = 0; row < n; row++) {
                    if (!equal)
                        books.row[row].weight = 1 + lb_random_below(&random, 1000);
                    total += books.row[row].weight;
                }
                for (uint32_t i = 0; i < balancers; i++) {
                    double own = 0;
                    open_slice(i, balancers);
                    for (uint32_t row = 0; row < n; row++) {
                        sum[row] += weight_of(row);
                        own += weight_of(row);
                    }
                    CU_ASSERT(i == 0 || fabs(own - width) < 1e-9);
                    width = own;
                    books_close(&books);
                }
                double aperture = n < 12 ? n : 12, steps = width * balancers;
                CU_ASSERT(width >= aperture / n - 1e-9 &&
                          width <= aperture / n + 1.0 / balancers + 1e-9);
                CU_ASSERT(fabs(steps - round(steps)) < 1e-9);
                for (uint32_t row = 0; row < n; row++)
                    CHECK_CLOSE(sum[row], steps * books.row[row].weight / total, 1e-9);
            }
}

/* An idle slice is used by what it covers, and nobody else is. */
static void picks_follow_the_slice(void)
{
    uint32_t count[40] = {0};
    double chance[40], width = 0;
    books_init(&books, 40);
    for (uint32_t row = 0; row < 40; row++)
        books.row[row].weight = 1 + row % 3;
    open_slice(2, 7);
    for (uint32_t row = 0; row < 40; row++)
        width += weight_of(row);
    for (uint32_t row = 0; row < 40; row++)
        chance[row] = weight_of(row) / width;
    for (int n = 0; n < 40000; n++)
        count[books_serve(&books, &first_try)]++;
    CU_ASSERT(chi_square_fits(count, chance, 40));
    books_close(&books);
}

/* Three to one: 3 in flight on the large one are as many as 1 on the small one, for its weight; the
 * first drawn wins that tie, so both are picked. With one more it is the small one's turn, always
 * unless both draws (six in all) fall on the large one. */
static void load_counts_per_weight(void)
{
    uint32_t count[2] = {0};
    books_init(&books, 2);
    books.row[0].weight = 3;
    books.row[0].in_flight = 3;
    books.row[1].in_flight = 1;
    open_slice(0, 1);
    for (int n = 0; n < 1000; n++)
        count[books_pick(&books, &first_try)]++;
    CU_ASSERT(count[0] > 600 && count[1] > 150); /* 3/4 and 1/4 */
    books.row[0].in_flight = 4;
    double chance[2] = {pow(0.75, 6), 1 - pow(0.75, 6)};
    memset(count, 0, sizeof count);
    for (int n = 0; n < 20000; n++)
        count[books_pick(&books, &first_try)]++;
    CU_ASSERT(chi_square_fits(count, chance, 2));
    books_close(&books);
}

/* Health does not move the circle. A slice of which one backend is left uses that one, and one of
 * which none is left uses nobody, whoever there is elsewhere. */
static void failures_leave_the_slice(void)
{
    books_init(&books, 24);
    open_slice(1, 6); /* rows 4 .. 15 */
    for (uint32_t row = 4; row <= 15; row++) {
        for (int n = 0; n < 20; n++) {
            int32_t picked = books_serve(&books, &first_try);
            CU_ASSERT(picked >= (int32_t)row && picked <= 15);
        }
        books.row[row].flags = LB_PRESENT;
        books_changed_row(&books, row);
    }
    CU_ASSERT(books_serve(&books, &first_try) == LB_NONE);
    CU_ASSERT(told(&books, -1, "physical_aperture") == 12);
    books_close(&books);
}

/* Weights as large as can be: they lose low bits, and the slices still tile. */
static void huge_weights_are_cut(void)
{
    double sum[3] = {0};
    static const uint32_t balancers = 4000000;
    books_init(&books, 64);
    for (uint32_t row = 0; row < 64; row++)
        books.row[row].weight = UINT32_MAX - row;
    for (int k = 0; k < 3; k++) {
        open_slice(balancers / 3 * (uint32_t)k, balancers);
        for (uint32_t row = 0; row < 64; row++)
            sum[k] += weight_of(row);
        CHECK_CLOSE(sum[k], 12 / 64.0, 1e-6);
        CU_ASSERT(books_serve(&books, &first_try) >= 0);
        books_close(&books);
    }
}

static const struct check_test tests[] = {
    {"slices by hand", slices_by_hand},
    {"a backend hit at both ends adds up", a_backend_hit_at_both_ends_adds_up},
    {"small pools are whole", small_pools_are_whole},
    {"slices tile the circle", slices_tile_the_circle},
    {"picks follow the slice", picks_follow_the_slice},
    {"load counts per weight", load_counts_per_weight},
    {"failures leave the slice", failures_leave_the_slice},
    {"huge weights are cut", huge_weights_are_cut},
};

CHECK_MAIN("aperture")
