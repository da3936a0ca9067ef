/*
 * Sequences of picks as words: backends are a, b, c, ... in order of rows, '-' is LB_NONE.
 */
#ifndef TESTS_UNIT_TURNS_H
#define TESTS_UNIT_TURNS_H

#include "algorithms/registry.h"

#include <stdlib.h>

#include "tests/check.h"
#include "tests/unit/books.h"

#define TURNS_UP (LB_PRESENT | LB_USABLE)

/* A state over rows of these weights, "5 1 1"; a parameter may be given another value. */
static inline void turns_open_with(struct books *books, const char *name, const char *weights,
                                   const char *parameter, double value)
{
    const struct lb_algorithm *a = lb_registry_find(name);
    CU_ASSERT_FATAL(a != NULL);
    books_init(books, 0);
    for (uint32_t k = 0; k < lb_param_count(a); k++)
        books->values[k] = a->params[k].value;
    if (parameter != NULL) {
        CU_ASSERT_FATAL(lb_param_find(a, parameter) >= 0);
        books->values[lb_param_find(a, parameter)] = value;
    }
    uint32_t rows = 0;
    for (const char *w = weights; *w != '\0'; w += strspn(w, " "), rows++) {
        char *end;
        books->row[rows].weight = (uint32_t)strtoul(w, &end, 10);
        books->row[rows].flags = TURNS_UP;
        w = end;
    }
    books->pool.count = rows;
    CU_ASSERT_FATAL(books_open(books, a, 1, true));
}

static inline void turns_open(struct books *books, const char *name, const char *weights)
{
    turns_open_with(books, name, weights, NULL, 0);
}

static inline char turns_letter(int32_t row)
{
    return (char)(row == LB_NONE ? '-' : row == LB_WAIT ? '?' : 'a' + row);
}

/* A request that stays in flight, and who got it. */
static inline int32_t turns_hold(struct books *books, const struct lb_request *request)
{
    int32_t row = books_pick(books, request);
    if (row >= 0)
        books_start(books, row, request, LB_BY_PICK);
    return row;
}

/* So many attempts in flight at the row that no pick led to. */
static inline void turns_load(struct books *books, int32_t row, uint32_t attempts)
{
    const struct lb_request request = {.source = {.family = 4}};
    while (books->row[row].in_flight < attempts)
        books_start(books, row, &request, LB_BY_AFFINITY);
    while (books->row[row].in_flight > attempts)
        books_finish(books, row, LB_END_OK, false);
}

/* Requests one after another, or all held in flight, go like this. */
static inline void turns_expect(struct books *books, const char *order, bool held)
{
    const struct lb_request request = {.source = {.family = 4}};
    char got[256] = "";
    for (size_t i = 0; i < strlen(order); i++)
        got[i] = turns_letter(held ? turns_hold(books, &request) : books_serve(books, &request));
    if (strcmp(got, order) != 0)
        printf("\n%s: %s, not %s", books->algorithm->name, got, order);
    CU_ASSERT(strcmp(got, order) == 0);
}

/* Changes of one row, told. */
static inline void turns_weight(struct books *books, uint32_t row, uint32_t weight)
{
    books->row[row].weight = weight;
    books_changed_row(books, row);
}

static inline void turns_flags(struct books *books, uint32_t row, uint16_t flags)
{
    books->row[row].flags = flags;
    books_changed_row(books, row);
}

struct turns_told {
    int32_t backend;
    const char *name;
    double value;
};

static inline void turns_remember(void *to, int32_t backend, const char *name, double value)
{
    struct turns_told *told = to;
    if (backend == told->backend && strcmp(name, told->name) == 0)
        told->value = value;
}

/* A number the state tells of a row or, -1, of itself; -1000 when it does not. */
static inline double turns_number(const struct books *books, int32_t row, const char *name)
{
    struct turns_told told = {row, name, -1000};
    books->algorithm->describe(books->state, turns_remember, &told);
    return told.value;
}

#endif
