/*
 * Thousands of random things that may happen to an algorithm, and the rules it must keep meanwhile.
 *
 * A script is a pool of random backends with its books, a generator of its own, and the attempts
 * in flight. Each step is a request (with random address, key, size and tried list), the end of an
 * attempt, an attempt without a pick, a change of the pool, a load report, or time passing. The
 * first rule broken is kept in `wrong`; the numbers of picks and refusals tell that the script went
 * to the places it should.
 */
#ifndef TESTS_UNIT_SCRIPT_H
#define TESTS_UNIT_SCRIPT_H

#include <stdio.h>

#include "tests/unit/books.h"

#define SCRIPT_ATTEMPTS 256
#define SCRIPT_TRIED    8
#define SCRIPT_NO_PICK  (-100) /* the step was something else */

struct script {
    struct books books;
    struct lb_random random;
    int32_t attempt[SCRIPT_ATTEMPTS]; /* rows */
    uint32_t attempts;
    uint8_t key[16];
    int32_t tried[SCRIPT_TRIED];
    unsigned picked;
    unsigned nobody, all_full; /* picks when no row may take it; of those, when some is only full */
    char wrong[160];
};

static inline uint32_t script_below(struct script *script, uint32_t n)
{
    return lb_random_below(&script->random, n);
}

static inline void script_blame(struct script *script, const char *rule)
{
    if (script->wrong[0] == '\0')
        snprintf(script->wrong, sizeof script->wrong, "%s: %s", script->books.algorithm->name,
                 rule);
}

/* A table of millions of entries takes its time to build, and a script changes the pool thousands of
 * times: counts stay below this prime here. Large tables have tests of their own. */
#define SCRIPT_COUNT_MAX 4099

/* A value in the range of each parameter: the default, an end, or one between. */
static inline void script_values(struct script *script, const struct lb_algorithm *algorithm)
{
    const struct lb_param *p = algorithm->params;
    for (uint32_t k = 0; p != NULL && p[k].name != NULL && k < BOOKS_PARAMS; k++) {
        bool whole =
            p[k].min == (double)(int64_t)p[k].min && p[k].value == (double)(int64_t)p[k].value;
        bool count = whole && p[k].unit[0] == '\0' && p[k].min <= SCRIPT_COUNT_MAX;
        double max = count && p[k].max > SCRIPT_COUNT_MAX ? SCRIPT_COUNT_MAX : p[k].max;
        double value = p[k].value > max ? max : p[k].value;
        double between = p[k].min + (max - p[k].min) * lb_random_unit(&script->random);
        double choice[] = {value, p[k].min, max,
                           whole ? (double)(int64_t)(between + 0.5) : between};
        script->books.values[k] = choice[script_below(script, 4)];
    }
}

/* Random weight, limits and flags of a row; `plain`: weight 1 to 10, usable, no limits. */
static inline void script_row(struct script *script, uint32_t row, bool plain)
{
    struct lb_backend *b = &script->books.row[row];
    b->weight = script_below(script, 8) == 0 && !plain ? 0 : 1 + script_below(script, 10);
    b->max_in_flight = plain || script_below(script, 2) ? 0 : 1 + script_below(script, 3);
    b->max_fails = plain ? 0 : script_below(script, 3);
    b->fail_timeout = script_below(script, 4) * SECOND;
    b->flags = LB_PRESENT;
    if (plain || script_below(script, 5) != 0)
        b->flags |= LB_USABLE;
}

/* A pool of `rows` backends and a fresh state of the algorithm; false when it refuses the pool. */
static inline bool script_open(struct script *script, const struct lb_algorithm *algorithm,
                               uint32_t rows, uint64_t seed)
{
    memset(script, 0, sizeof *script);
    lb_random_seed(&script->random, seed);
    books_init(&script->books, rows);
    bool plain = script_below(script, 4) == 0;
    for (uint32_t i = 0; i < rows; i++)
        script_row(script, i, plain);
    script->books.tiers = 1 + script_below(script, 2);
    script_values(script, algorithm);
    return books_open(&script->books, algorithm, seed ^ 0xc0125, true) ||
           /* values may not go together (a least above a most, a size that must be prime) */
           (script->books.error.code == LB_ERROR_INVALID && script->books.error.text[0] != '\0' &&
            books_open(&script->books, algorithm, seed ^ 0xc0125, false));
}

static inline struct lb_request script_request(struct script *script)
{
    struct lb_request request = {
        .key = script->key, .size = 1 + script_below(script, 1000000), .tried = script->tried};
    for (size_t i = 0; i < sizeof script->key; i++)
        script->key[i] = (uint8_t)script_below(script, 256);
    request.key_size = script_below(script, 4) == 0 ? 0 : sizeof script->key;
    request.source.family = (uint16_t)(2 * (1 + script_below(script, 3))); /* 6 or 4, ... */
    if (request.source.family == 2)
        request.source.family = 0; /* ... or unknown */
    memcpy(request.source.bytes, script->key, request.source.family == 4 ? 4 : 16);
    if (script_below(script, 3) == 0)
        request.tried_count = 1 + script_below(script, SCRIPT_TRIED);
    for (uint32_t t = 0; t < request.tried_count; t++)
        script->tried[t] = (int32_t)script_below(script, script->books.pool.count);
    return request;
}

/* Holds an answer to the contract. */
static inline void script_judge(struct script *script, const struct lb_request *request,
                                int32_t row)
{
    const struct lb_pool *pool = &script->books.pool;
    bool always = (script->books.algorithm->claims & LB_CLAIM_ALWAYS) != 0;
    bool somebody = false;
    for (uint32_t i = 0; i < pool->count; i++)
        somebody = somebody || lb_may(pool, request, i);
    int32_t otherwise = lb_wait_or_none(pool, request);
    if (row >= (int32_t)pool->count || row < LB_WAIT)
        script_blame(script, "an answer that is neither a row nor LB_NONE nor LB_WAIT");
    else if (row >= 0 && !lb_open(&pool->at[row]))
        script_blame(script, "picked a backend that is absent, unusable or of weight 0");
    else if (row == LB_WAIT && otherwise == LB_NONE)
        script_blame(script, "waits though nobody can ever take it");
    else if (row == LB_WAIT && pool->in_flight == 0)
        script_blame(script, "waits though nothing is in flight that could make room");
    else if (always && row >= 0 && !lb_may(pool, request, (uint32_t)row))
        script_blame(script, "claims ALWAYS, but picked a full or tried backend");
    else if (always && row < 0 && somebody)
        script_blame(script, "claims ALWAYS, but found nobody though somebody could take it");
    script->picked += row >= 0;
    script->nobody += !somebody;
    script->all_full += !somebody && otherwise == LB_WAIT;
}

static inline int32_t script_pick(struct script *script)
{
    struct lb_request request = script_request(script);
    int32_t row = books_pick(&script->books, &request);
    script_judge(script, &request, row);
    if (script->wrong[0] == '\0' && row >= 0 && script->attempts < SCRIPT_ATTEMPTS) {
        books_start(&script->books, row, &request, LB_BY_PICK);
        script->attempt[script->attempts++] = row;
    }
    return row;
}

static inline void script_finish(struct script *script, uint32_t k, enum lb_end end)
{
    int32_t row = script->attempt[k];
    script->attempt[k] = script->attempt[--script->attempts];
    books_finish(&script->books, row, end, end != LB_END_OK && end != LB_END_CANCELLED);
}

static inline void script_finish_some(struct script *script)
{
    for (uint32_t n = script_below(script, 4); n > 0 && script->attempts > 0; n--)
        script_finish(script, script_below(script, script->attempts),
                      script_below(script, 4) != 0
                          ? LB_END_OK
                          : (enum lb_end)script_below(script, LB_END_CANCELLED + 1));
}

/* An attempt that no pick led to: affinity, the host's queue, a retry. */
static inline void script_start_unasked(struct script *script)
{
    struct lb_request request = script_request(script);
    uint32_t row = script_below(script, script->books.pool.count);
    if ((script->books.row[row].flags & LB_PRESENT) == 0 || script->attempts == SCRIPT_ATTEMPTS)
        return;
    enum lb_how how = (enum lb_how)(LB_BY_AFFINITY + script_below(script, 3));
    books_start(&script->books, (int32_t)row, &request, how);
    script->attempt[script->attempts++] = (int32_t)row;
}

/* A backend leaves when its last attempt has ended. */
static inline void script_leave(struct script *script, uint32_t row)
{
    for (uint32_t k = 0; k < script->attempts;)
        if (script->attempt[k] == (int32_t)row)
            script_finish(script, k, LB_END_RESET);
        else
            k++;
    script->books.row[row].flags = 0;
    books_changed_row(&script->books, row);
}

static inline void script_change(struct script *script)
{
    struct books *books = &script->books;
    uint32_t row = script_below(script, books->pool.count);
    struct lb_backend *b = &books->row[row];
    switch (script_below(script, 6)) {
    case 0:
        script_leave(script, row);
        return;
    case 1: /* join: a new row behind the last, or one that was left */
        if (books->pool.count < BOOKS_ROWS && (b->flags & LB_PRESENT) != 0)
            row = books->pool.count++;
        script_row(script, row, false);
        break;
    case 2:
        b->weight = script_below(script, 11);
        break;
    case 3:
        b->max_in_flight = script_below(script, 4);
        break;
    case 4: /* everybody at once, as a partition and its end do it */
        b = books->row;
        for (uint16_t usable = script_below(script, 2) ? LB_USABLE : 0, i = 0; i < BOOKS_ROWS; i++)
            if ((b[i].flags & LB_PRESENT) != 0)
                b[i].flags = LB_PRESENT | usable;
        for (int32_t i = 0; i < (int32_t)books->pool.count; i++)
            books_changed(books, &i, 1);
        return;
    default:
        if ((b->flags & LB_PRESENT) != 0)
            b->flags ^= LB_USABLE;
    }
    books_changed_row(books, row);
}

static inline void script_report(struct script *script)
{
    struct books *books = &script->books;
    const struct lb_algorithm *a = books->algorithm;
    uint32_t row = script_below(script, books->pool.count);
    struct lb_load load = books_load(books, row);
    if ((books->row[row].flags & LB_PRESENT) == 0)
        return;
    if (a->on_load != NULL)
        a->on_load(books->state, (int32_t)row, &load, books->now);
    if (a->on_probe != NULL)
        a->on_probe(books->state, (int32_t)row, NULL, books->now);
}

/* One step; the answer of the pick, or SCRIPT_NO_PICK. */
static inline int32_t script_step(struct script *script)
{
    uint32_t dice = script_below(script, 100);
    script->books.now += script_below(script, 3) * SECOND / 4;
    if (dice < 60)
        return script_pick(script);
    if (dice < 86)
        script_finish_some(script);
    else if (dice < 90)
        script_start_unasked(script);
    else if (dice < 96)
        script_change(script);
    else
        script_report(script);
    return SCRIPT_NO_PICK;
}

static inline void script_close(struct script *script)
{
    while (script->attempts > 0)
        script_finish(script, script->attempts - 1, LB_END_OK);
    books_close(&script->books);
}

#endif
