/*
 * For tests of one algorithm's numbers: what a state tells of itself, attempts that take as long as
 * the test says, and states of one balancer among several.
 */
#ifndef TESTS_UNIT_TOLD_H
#define TESTS_UNIT_TOLD_H

#include "tests/unit/books.h"

#define TOLD_NOTHING (-1000.0)

struct told {
    int32_t backend;
    const char *name;
    double value;
};

static inline void told_remember(void *to, int32_t backend, const char *name, double value)
{
    struct told *told = to;
    if (backend == told->backend && strcmp(name, told->name) == 0)
        told->value = value;
}

/* A number the state tells of a row, or of itself with -1; TOLD_NOTHING when it does not. */
static inline double told(const struct books *books, int32_t row, const char *name)
{
    struct told wanted = {row, name, TOLD_NOTHING};
    books->algorithm->describe(books->state, told_remember, &wanted);
    return wanted.value;
}

/* An attempt at the row, without a pick, ends: it took so long. load may be NULL. */
static inline void told_finish(struct books *books, int32_t row, lb_time took, enum lb_end end,
                               const struct lb_load *load)
{
    struct lb_outcome outcome = {.end = end,
                                 .failed = end != LB_END_OK && end != LB_END_CANCELLED,
                                 .sent = books->now - took,
                                 .first_byte = books->now,
                                 .load = load};
    books->row[row].in_flight--;
    books_sum(books);
    books->algorithm->on_attempt_finish(books->state, row, &outcome, books->now);
}

static inline void told_serve(struct books *books, int32_t row, lb_time took, enum lb_end end)
{
    static const struct lb_request request;
    books_start(books, row, &request, LB_BY_AFFINITY);
    told_finish(books, row, took, end, NULL);
}

/* books_open, for balancer i of n. */
static inline bool told_open(struct books *books, const struct lb_algorithm *algorithm,
                             uint64_t seed, uint32_t balancer, uint32_t balancers)
{
    books->algorithm = algorithm;
    lb_random_seed(&books->random, seed);
    books_sum(books);
    struct lb_setup setup = {.pool = &books->pool,
                             .random = &books->random,
                             .balancer = balancer,
                             .balancers = balancers,
                             .tiers = 1,
                             .now = books->now};
    books->state = algorithm->create(&setup, &books->error);
    return books->state != NULL;
}

#endif
