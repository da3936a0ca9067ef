/*
 * One tier of servers for the tests of nginx's and Apache's rules: short words for opening it, for
 * the order in which it serves, and for what the state tells of itself. Rows are a, b, c, ...
 */
#ifndef TESTS_UNIT_UPSTREAM_TIER_H
#define TESTS_UNIT_UPSTREAM_TIER_H

#include "algorithms/registry.h"

#include "tests/check.h"
#include "tests/unit/books.h"

static struct books books;
static const struct lb_request first_try = {.source = {.family = 4}};

/* A tier with these weights, up to the first 0; max_fails 1 and fail_timeout 3 s. Values: one for
 * each parameter, or NULL. */
static inline void open_tier_with(const char *name, const uint32_t *weights, uint32_t tiers,
                                  const double *values)
{
    const struct lb_algorithm *algorithm = lb_registry_find(name);
    CU_ASSERT_FATAL(algorithm != NULL);
    uint32_t rows = 0;
    books_init(&books, 0);
    for (; weights[rows] != 0; rows++) {
        books.row[rows].weight = weights[rows];
        books.row[rows].flags = LB_PRESENT | LB_USABLE;
        books.row[rows].max_fails = 1;
        books.row[rows].fail_timeout = 3 * SECOND;
    }
    books.pool.count = rows;
    books.tiers = tiers;
    books.now = 10 * SECOND + SECOND / 2;
    for (uint32_t k = 0; values != NULL && k < lb_param_count(algorithm); k++)
        books.values[k] = values[k];
    CU_ASSERT_FATAL(books_open(&books, algorithm, 1, values != NULL));
}

static inline void open_tier(const char *name, const uint32_t *weights, uint32_t tiers)
{
    open_tier_with(name, weights, tiers, NULL);
}

static inline void expect_order(const char *order)
{
    char served[64] = "";
    for (size_t i = 0; i < strlen(order); i++) {
        int32_t row = books_serve(&books, &first_try);
        served[i] = (char)(row == LB_NONE ? '-' : 'a' + row);
    }
    if (strcmp(served, order) != 0)
        printf("\n%s, not %s", served, order);
    CU_ASSERT(strcmp(served, order) == 0);
}

/* An attempt at the row that fails or not, without a pick, so that no weights move. */
static inline void attempt(int32_t row, bool failed)
{
    books_start(&books, row, &first_try, LB_BY_RETRY);
    books_finish(&books, row, failed ? LB_END_REFUSED : LB_END_OK, failed);
}

struct wanted {
    int32_t backend;
    const char *name;
    double value;
};

static inline void remember(void *to, int32_t backend, const char *name, double value)
{
    struct wanted *wanted = to;
    if (backend == wanted->backend && strcmp(name, wanted->name) == 0)
        wanted->value = value;
}

/* A number the state tells of itself; -1000 when it does not. */
static inline double told(int32_t row, const char *name)
{
    struct wanted wanted = {row, name, -1000};
    books.algorithm->describe(books.state, remember, &wanted);
    return wanted.value;
}

#endif
