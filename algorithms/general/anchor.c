/*
 * AnchorHash: consistent hashing in a small array, for any order of leaves.
 *
 * The idea: buckets are numbered to a fixed capacity, more than are needed, and a key is hashed to
 * one of them. If that bucket is removed, the key is hashed again, with the bucket as salt, among
 * those that were still working when it was removed, and so on: each removal scatters the keys of
 * the removed bucket only, evenly, and nothing else moves. Buckets are added in the reverse order
 * of their removal (never used ones count as removed first), and then get back exactly what they
 * lost.
 *
 * A backend has as many buckets as its weight. Leaving gives them up; joining takes those removed
 * last: if others left in between, it is their keys that the newcomer gets, not its own of old.
 * That would be wrong for a failure, so a backend that cannot take the request (down, full, tried)
 * keeps its buckets: the key is mixed again and looked up anew, up to 20 times, then the rows are
 * walked from a hashed one on. A failure moves the failed backend's keys only, and they come back.
 *
 * capacity is raised to the number of rows there can be. When the weights add up to more, they are
 * scaled down to fit, at least one bucket each; then a change can move keys of others too. Slow
 * start takes no part: a bucket is had or not.
 *
 * Cost: O(1 + ln(capacity / buckets in use)) a pick; O(buckets changed + n) a change; 24 bytes a
 * bucket.
 * Source: G. Mendelson et al., "AnchorHash: a scalable consistent hash", IEEE/ACM ToN 29 (2021),
 * arXiv:1812.09674: its arrays A, K, W, L and stack R. Weights, tries and hashes are our own.
 */
#include <stdlib.h>

#include "algorithms/general/keys.h"

#define TRIES  20
#define NOBODY UINT32_MAX

static const struct lb_param params[] = {
    {.name = "capacity",
     .unit = "",
     .value = 16384,
     .min = 1,
     .max = 4194304,
     .help = "buckets there can be; the weights should add up to less"},
    {.name = NULL},
};

struct bucket {
    uint32_t removed; /* A: how many were left working when it was removed; 0 = it works */
    uint32_t heir;    /* K: who took its place */
    uint32_t row;     /* whose it is, when it works */
};

struct state {
    const struct lb_pool *pool;
    struct lb_random *random; /* for requests without a key */
    uint32_t capacity, working;
    struct bucket *bucket;
    uint32_t *worker, *place; /* W and L: the working ones in a row; where each stands there */
    uint32_t *stack; /* R: removed buckets, the last one on top; capacity - working of them */
    uint32_t *of_row, *next; /* the buckets of a row as a list, the last added first */
    uint32_t *has;           /* row -> how many it has */
};

static void destroy(void *state)
{
    struct state *s = state;
    free(s->bucket);
    free(s->worker);
    free(s->place);
    free(s->stack);
    free(s->of_row);
    free(s->next);
    free(s->has);
    free(s);
}

/* Puts the bucket removed last to work for a row. */
static void add_bucket(struct state *s, uint32_t row)
{
    uint32_t b = s->stack[s->capacity - s->working - 1], n = s->working++;
    s->bucket[b] = (struct bucket){.removed = 0, .heir = b, .row = row};
    s->place[s->worker[n]] = n;
    s->worker[s->place[b]] = b;
    s->next[b] = s->of_row[row];
    s->of_row[row] = b;
    s->has[row]++;
}

/* Removes the bucket that the row got last. */
static void remove_bucket(struct state *s, uint32_t row)
{
    uint32_t b = s->of_row[row], n = --s->working;
    s->of_row[row] = s->next[b];
    s->has[row]--;
    s->stack[s->capacity - n - 1] = b;
    s->bucket[b] = (struct bucket){.removed = n, .heir = s->worker[n], .row = NOBODY};
    s->worker[s->place[b]] = s->worker[n];
    s->place[s->worker[n]] = s->place[b];
}

/* How many buckets a row should have: its weight, or what fits. */
static uint32_t wanted(const struct state *s, uint32_t row, uint64_t total)
{
    const struct lb_backend *b = &s->pool->at[row];
    if ((b->flags & LB_PRESENT) == 0 || b->weight == 0)
        return 0;
    if (total <= s->capacity)
        return b->weight;
    double spare = (double)(s->capacity - s->pool->count);
    return 1 + (uint32_t)(spare * b->weight / (double)total);
}

static void on_pool_change(void *state, const int32_t *changed, uint32_t count, lb_time now)
{
    struct state *s = state;
    (void)changed, (void)count, (void)now;
    uint64_t total = 0;
    for (uint32_t i = 0; i < s->pool->count; i++)
        if ((s->pool->at[i].flags & LB_PRESENT) != 0)
            total += s->pool->at[i].weight;
    for (uint32_t i = s->pool->count; i-- > 0;)
        for (uint32_t n = wanted(s, i, total); s->has[i] > n;)
            remove_bucket(s, i);
    for (uint32_t i = 0; i < s->pool->count; i++)
        for (uint32_t n = wanted(s, i, total); s->has[i] < n;)
            add_bucket(s, i);
}

/* All buckets removed, the last first, so that 0, 1, 2, ... are put to work in this order. */
static void start(struct state *s, uint32_t rows)
{
    for (uint32_t b = 0; b < s->capacity; b++) {
        s->bucket[b] = (struct bucket){.removed = b, .heir = b, .row = NOBODY};
        s->worker[b] = s->place[b] = b;
        s->stack[b] = s->capacity - 1 - b;
    }
    for (uint32_t row = 0; row < rows; row++)
        s->of_row[row] = NOBODY;
}

static void *create(const struct lb_setup *setup, struct lb_error *error)
{
    const struct lb_pool *pool = setup->pool;
    uint32_t rows = pool->max > pool->count ? pool->max : pool->count;
    uint32_t capacity = (uint32_t)lb_value(setup, params, 0);
    struct state *s = calloc(1, sizeof *s);
    if (s != NULL) {
        s->pool = pool;
        s->random = setup->random;
        s->capacity = capacity > rows ? capacity : rows + (rows == 0);
        s->bucket = calloc(s->capacity, sizeof *s->bucket);
        s->worker = calloc(s->capacity, sizeof *s->worker);
        s->place = calloc(s->capacity, sizeof *s->place);
        s->stack = calloc(s->capacity, sizeof *s->stack);
        s->next = calloc(s->capacity, sizeof *s->next);
        s->of_row = calloc(rows + (size_t)1, sizeof *s->of_row);
        s->has = calloc(rows + (size_t)1, sizeof *s->has);
    }
    if (s == NULL || s->bucket == NULL || s->worker == NULL || s->place == NULL ||
        s->stack == NULL || s->next == NULL || s->of_row == NULL || s->has == NULL) {
        lb_error_set(error, LB_ERROR_MEMORY, "anchor: no memory");
        if (s != NULL)
            destroy(s);
        return NULL;
    }
    start(s, rows);
    on_pool_change(s, NULL, 0, setup->now);
    return s;
}

/* The working bucket of a hash; somebody works. */
static uint32_t look_up(const struct state *s, uint64_t hash)
{
    const struct bucket *bucket = s->bucket;
    uint32_t b = lb_hash_below(hash, s->capacity);
    while (bucket[b].row == NOBODY) {
        uint32_t left = bucket[b].removed;
        uint32_t other = lb_hash_below(lb_hash_again(hash, b + UINT64_C(1)), left);
        while (bucket[other].row == NOBODY && bucket[other].removed >= left)
            other = bucket[other].heir;
        b = other;
    }
    return b;
}

static int32_t pick(void *state, const struct lb_request *request, lb_time now)
{
    struct state *s = state;
    (void)now;
    if (s->working == 0)
        return LB_NONE;
    uint64_t hash = lb_place_hash(request, s->random);
    for (uint64_t try = 0; try < TRIES; try++) {
        uint64_t again = try == 0 ? hash : lb_hash_again(~hash, try);
        uint32_t row = s->bucket[look_up(s, again)].row;
        if (lb_may(s->pool, request, row))
            return (int32_t)row;
    }
    return lb_walk_from_hash(s->pool, request, lb_hash_again(~hash, TRIES));
}

static void describe(const void *state, lb_emit *emit, void *to)
{
    const struct state *s = state;
    emit(to, -1, "capacity", s->capacity);
    emit(to, -1, "working", s->working);
    for (uint32_t i = 0; i < s->pool->count; i++)
        if ((s->pool->at[i].flags & LB_PRESENT) != 0)
            emit(to, (int32_t)i, "buckets", s->has[i]);
}

extern const struct lb_algorithm lb_algorithm_anchor;
const struct lb_algorithm lb_algorithm_anchor = {
    .abi = LB_ABI,
    .name = "anchor",
    .title = "AnchorHash",
    .summary = "Hashes the key among buckets again and again until one of them works.",
    .reference = "Mendelson et al., IEEE/ACM ToN 2021; weights as buckets, hashes of our own",
    .cost = "O(ln(capacity / weights))",
    .changes =
        "A leave or failure moves that backend's keys only; a join takes the buckets removed "
        "last, so that leavers who return in reverse order get their own keys back.",
    .needs = LB_NEED_KEY,
    .claims = LB_CLAIM_ALWAYS | LB_CLAIM_WEIGHTS | LB_CLAIM_CONSISTENT,
    .params = params,
    .create = create,
    .destroy = destroy,
    .pick = pick,
    .on_pool_change = on_pool_change,
    .describe = describe,
};
