/*
 * A small host for algorithms under test: the rows of one pool, the books, and one state.
 *
 * It does what the contract asks of a host (books first, then the hook; sums kept; timers and
 * probes served) and nothing else: no clients, no queue, no filters. Everything is in place in the
 * struct, so a struct books must not be moved once it is open. Functions are static inline because
 * each test program is one file.
 */
#ifndef TESTS_UNIT_BOOKS_H
#define TESTS_UNIT_BOOKS_H

#include <string.h>

#include "algorithms/lb.h"

#define BOOKS_ROWS   64
#define BOOKS_PARAMS 16
#define SECOND       INT64_C(1000000000)

struct books {
    const struct lb_algorithm *algorithm;
    void *state;
    struct lb_backend row[BOOKS_ROWS];
    char name[BOOKS_ROWS][8], address[BOOKS_ROWS][24];
    struct lb_pool pool;
    struct lb_random random; /* the algorithm's coins */
    uint32_t present[BOOKS_ROWS], slots[BOOKS_ROWS];
    lb_time work_left[BOOKS_ROWS];
    double speed[BOOKS_ROWS];
    struct lb_truth truth;
    double values[BOOKS_PARAMS];
    uint32_t tier, tiers;
    lb_time now, timer;
    struct lb_error error; /* why create refused */
};

/* Rows 0 .. count - 1: present, usable, weight 1, no limits. At most BOOKS_ROWS. */
static inline void books_init(struct books *books, uint32_t count)
{
    memset(books, 0, sizeof *books);
    for (uint32_t i = 0; i < BOOKS_ROWS; i++) {
        snprintf(books->name[i], sizeof books->name[i], "b%u", i + 1);
        snprintf(books->address[i], sizeof books->address[i], "10.0.0.%u:80", i + 1);
        books->row[i] = (struct lb_backend){
            .name = books->name[i], .address = books->address[i], .id = i + 1, .weight = 1};
        books->row[i].flags = i < count ? LB_PRESENT | LB_USABLE : 0;
        books->slots[i] = 1;
        books->speed[i] = 1;
    }
    books->pool =
        (struct lb_pool){.at = books->row, .count = count, .max = BOOKS_ROWS, .usable = count};
    books->truth = (struct lb_truth){books->present, books->work_left, books->slots, books->speed};
    books->tiers = 1;
    books->timer = LB_NEVER;
    books->now = SECOND;
}

static inline void books_sum(struct books *books)
{
    books->pool.usable = 0;
    books->pool.in_flight = 0;
    for (uint32_t i = 0; i < books->pool.count; i++) {
        books->pool.usable += (books->row[i].flags & LB_USABLE) != 0;
        books->pool.in_flight += books->row[i].in_flight;
        books->present[i] = books->row[i].in_flight;
        books->work_left[i] = books->row[i].in_flight * SECOND;
    }
}

/* Creates the state; the coins start from seed. Parameter values: books->values when `values`,
 * else the defaults. False, with nothing to close, when create refuses. */
static inline bool books_open(struct books *books, const struct lb_algorithm *algorithm,
                              uint64_t seed, bool values)
{
    books->algorithm = algorithm;
    lb_random_seed(&books->random, seed);
    books_sum(books);
    struct lb_setup setup = {.pool = &books->pool,
                             .values = values ? books->values : NULL,
                             .random = &books->random,
                             .balancers = 1,
                             .tier = books->tier,
                             .tiers = books->tiers,
                             .truth = (algorithm->needs & LB_NEED_ORACLE) ? &books->truth : NULL,
                             .now = books->now};
    books->state = algorithm->create(&setup, &books->error);
    if (books->state != NULL && algorithm->on_timer != NULL)
        books->timer = algorithm->on_timer(books->state, books->now);
    return books->state != NULL;
}

static inline void books_close(struct books *books)
{
    books->algorithm->destroy(books->state);
    books->state = NULL;
}

/* Rows were changed: sums, then the hook. */
static inline void books_changed(struct books *books, const int32_t *rows, uint32_t count)
{
    books_sum(books);
    if (books->algorithm->on_pool_change != NULL)
        books->algorithm->on_pool_change(books->state, rows, count, books->now);
}

static inline void books_changed_row(struct books *books, uint32_t row)
{
    int32_t changed = (int32_t)row;
    books_changed(books, &changed, 1);
}

static inline struct lb_load books_load(const struct books *books, uint32_t row)
{
    uint32_t n = books->row[row].in_flight;
    return (struct lb_load){.in_flight = n,
                            .utilization = n > 0 ? 1 : 0,
                            .latency = (n + 1) * SECOND / 100,
                            .idle = n == 0};
}

/* Timers that are due, the pick, and the probes it asks for, answered at once. */
static inline int32_t books_pick(struct books *books, const struct lb_request *request)
{
    const struct lb_algorithm *a = books->algorithm;
    while (books->timer <= books->now)
        books->timer = a->on_timer(books->state, books->now);
    int32_t picked = a->pick(books->state, request, books->now);
    int32_t target[BOOKS_ROWS];
    uint32_t targets = 0;
    if (a->probe_targets != NULL)
        targets = a->probe_targets(books->state, target, BOOKS_ROWS, books->now);
    for (uint32_t k = 0; k < targets; k++) {
        struct lb_load load = books_load(books, (uint32_t)target[k]);
        a->on_probe(books->state, target[k], &load, books->now);
    }
    return picked;
}

/* An attempt begins at the row. */
static inline void books_start(struct books *books, int32_t row, const struct lb_request *request,
                               enum lb_how how)
{
    books->row[row].in_flight++;
    books_sum(books);
    if (books->algorithm->on_attempt_start != NULL)
        books->algorithm->on_attempt_start(books->state, row, request, how, books->now);
}

/* An attempt that began a hundredth of a second ago ends. */
static inline void books_finish(struct books *books, int32_t row, enum lb_end end, bool failed)
{
    books->row[row].in_flight--;
    books_sum(books);
    struct lb_load load = books_load(books, (uint32_t)row);
    lb_time sent = books->now - SECOND / 100;
    struct lb_outcome outcome = {.end = end,
                                 .failed = failed,
                                 .sent = sent,
                                 .connected = end == LB_END_REFUSED ? 0 : sent,
                                 .first_byte = end == LB_END_OK ? books->now : 0,
                                 .load = end == LB_END_OK ? &load : NULL};
    if (books->algorithm->on_attempt_finish != NULL)
        books->algorithm->on_attempt_finish(books->state, row, &outcome, books->now);
}

/* One whole request on an idle path: pick, and when somebody took it, start and a good end. */
static inline int32_t books_serve(struct books *books, const struct lb_request *request)
{
    int32_t row = books_pick(books, request);
    if (row >= 0) {
        books_start(books, row, request, LB_BY_PICK);
        books_finish(books, row, LB_END_OK, false);
    }
    return row;
}

#endif
