/*
 * Jump consistent hash: a key's place computed by a few jumps, without any table.
 *
 * The idea: with n buckets a key is in bucket b; with one more it stays or goes to the new one,
 * with a chance of 1 / (n + 1). The algorithm jumps from one such move to the next until it would
 * leave the range. Buckets have numbers, not names: they can be added and removed at the end only.
 *
 * Weights are virtual buckets: the present rows are laid end to end in row order, each as many
 * buckets long as its weight, one each when all are equal. So the leave of the last row moves its
 * keys only; when another leaves, the buckets behind it move up and their keys go to the
 * neighbours: with n equal rows and row i gone, about (n - i) / n of the keys. A join at the end
 * moves 1 / (n + 1) of them; a newcomer in a row that was left moves those behind it, as does a
 * changed weight. That is why this one does not claim to be consistent. Slow start takes no part:
 * it would move keys at each step.
 *
 * A backend that cannot take the request (down, full, tried) keeps its buckets: the hash is mixed
 * again and jumps anew, up to 20 times, then the rows are walked from a hashed one on. So a failure
 * moves the keys of the failed backend only, and they come back. Beyond 2^31 - 1 buckets in all,
 * one stands for 2, 4, ... units of weight.
 *
 * Cost: O(log n) a pick, no hash table; 12 bytes a row.
 * Source: J. Lamping and E. Veach, "A fast, minimal memory, consistent hash algorithm",
 * arXiv:1406.2294 (2014). The key is XXH64 of the request's; tries and weights are our own.
 */
#include <stdlib.h>

#include "algorithms/general/keys.h"
#include "algorithms/shares.h"

#define TRIES 20

struct state {
    const struct lb_pool *pool;
    struct lb_random *random; /* for requests without a key */
    struct lb_shares shares;  /* of the present rows */
    uint32_t buckets;
    unsigned shift; /* units of weight in a bucket, as a power of two */
};

static void destroy(void *state)
{
    struct state *s = state;
    lb_shares_done(&s->shares);
    free(s);
}

static void on_pool_change(void *state, const int32_t *changed, uint32_t count, lb_time now)
{
    struct state *s = state;
    (void)changed, (void)count, (void)now;
    lb_shares_build(&s->shares, s->pool, LB_PRESENT);
    s->shift = 0;
    while (s->shares.total >> s->shift > INT32_MAX)
        s->shift++;
    s->buckets = (uint32_t)(s->shares.total >> s->shift);
}

static void *create(const struct lb_setup *setup, struct lb_error *error)
{
    struct state *s = malloc(sizeof *s);
    if (s == NULL) {
        lb_error_set(error, LB_ERROR_MEMORY, "jump: no memory");
        return NULL;
    }
    *s = (struct state){.pool = setup->pool, .random = setup->random};
    if (lb_shares_init(&s->shares, setup->pool, error) != 0) {
        destroy(s);
        return NULL;
    }
    on_pool_change(s, NULL, 0, setup->now);
    return s;
}

static int32_t pick(void *state, const struct lb_request *request, lb_time now)
{
    struct state *s = state;
    (void)now;
    if (s->buckets == 0)
        return LB_NONE;
    uint64_t hash = lb_place_hash(request, s->random);
    for (uint64_t try = 0; try < TRIES; try++) {
        uint64_t bucket = lb_jump(try == 0 ? hash : lb_hash_again(hash, try), s->buckets);
        uint32_t row = s->shares.row[lb_shares_at(&s->shares, bucket << s->shift)];
        if (lb_may(s->pool, request, row))
            return (int32_t)row;
    }
    return lb_walk_from_hash(s->pool, request, lb_hash_again(hash, TRIES));
}

static void describe(const void *state, lb_emit *emit, void *to)
{
    const struct state *s = state;
    emit(to, -1, "buckets", s->buckets);
    for (uint32_t place = 0; place < s->shares.count; place++)
        emit(to, (int32_t)s->shares.row[place], "share",
             (double)lb_shares_of(&s->shares, place) / (double)s->shares.total);
}

extern const struct lb_algorithm lb_algorithm_jump;
const struct lb_algorithm lb_algorithm_jump = {
    .abi = LB_ABI,
    .name = "jump",
    .title = "Jump consistent hash",
    .summary = "Jumps to a bucket number computed from the key; weights are virtual buckets.",
    .reference = "Lamping and Veach 2014; XXH64 of the key, weights as virtual buckets",
    .cost = "O(log n), of the sum of weights when they differ",
    .changes =
        "A failure moves the failed backend's keys only. A join or leave at the end moves 1/n; "
        "elsewhere the buckets behind it are renumbered, about (n - i) / n of the keys.",
    .needs = LB_NEED_KEY,
    .claims = LB_CLAIM_ALWAYS | LB_CLAIM_WEIGHTS,
    .create = create,
    .destroy = destroy,
    .pick = pick,
    .on_pool_change = on_pool_change,
    .describe = describe,
};
