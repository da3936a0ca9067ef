/*
 * Source hash (ip-hash): the same client address, the same backend, without remembering anyone.
 *
 * The idea: number = XXH64(address bytes) modulo the sum of the weights; the backends, laid end to
 * end in row order, each as long as its weight, and the number falls on one of them. The port is
 * not hashed. With equal weights this is hash mod N.
 *
 * A backend that cannot take the request (down, full, tried) keeps its place: the address is
 * hashed again with the try as seed, up to 20 times, and then the row order is walked from where
 * the last try fell. So a failure moves the clients of the failed backend only, and spreads them
 * over all others; they return when it does. A join, a leave or a change of weight changes the
 * modulus instead, and moves most clients: 1 - 1/N of them when one of N equal backends leaves.
 * A request whose source is unknown is placed at random.
 *
 * Cost: O(1) with equal weights, O(log n) without, O(n) when nearly all are down.
 * Source: the family of nginx ip_hash and HAProxy "balance source"; the hash is XXH64 (Y. Collet)
 * and the order of tries is our own, so no product's picks are reproduced.
 */
#include <stdlib.h>
#include <xxhash.h>

#include "algorithms/shares.h"

#define TRIES 20

struct state {
    const struct lb_pool *pool;
    struct lb_random *random; /* for requests without a source */
    struct lb_shares shares;  /* of the rows that are present, usable or not */
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
}

static void *create(const struct lb_setup *setup, struct lb_error *error)
{
    struct state *s = malloc(sizeof *s);
    if (s == NULL) {
        lb_error_set(error, LB_ERROR_MEMORY, "source-hash: no memory");
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

static uint64_t hash(struct state *s, const struct lb_address *source, uint64_t try)
{
    if (source->family == 0)
        return lb_random_u64(s->random);
    return XXH64(source->bytes, source->family == 4 ? 4 : 16, try);
}

static int32_t pick(void *state, const struct lb_request *request, lb_time now)
{
    struct state *s = state;
    (void)now;
    if (s->shares.count == 0)
        return LB_NONE;
    uint32_t place = 0;
    for (uint64_t try = 0; try < TRIES; try++) {
        place = lb_shares_at(&s->shares, hash(s, &request->source, try) % s->shares.total);
        if (lb_may(s->pool, request, s->shares.row[place]))
            return (int32_t)s->shares.row[place];
    }
    for (uint32_t step = 1; step < s->shares.count; step++) {
        place = place + 1 < s->shares.count ? place + 1 : 0;
        if (lb_may(s->pool, request, s->shares.row[place]))
            return (int32_t)s->shares.row[place];
    }
    return lb_wait_or_none(s->pool, request);
}

static void describe(const void *state, lb_emit *emit, void *to)
{
    const struct state *s = state;
    for (uint32_t place = 0; place < s->shares.count; place++)
        emit(to, (int32_t)s->shares.row[place], "share",
             (double)lb_shares_of(&s->shares, place) / (double)s->shares.total);
}

extern const struct lb_algorithm lb_algorithm_source_hash;
const struct lb_algorithm lb_algorithm_source_hash = {
    .abi = LB_ABI,
    .name = "source-hash",
    .title = "Source hash",
    .summary = "The same client address goes to the same backend: hash modulo the weights.",
    .reference = "hash modulo weights with XXH64; the idea of nginx ip_hash and HAProxy source",
    .cost = "O(1), O(log n) with unequal weights",
    .changes = "A failure moves the failed backend's clients only; a join, a leave or a changed "
               "weight moves most of them (1 - 1/N when one of N leaves).",
    .needs = LB_NEED_KEY,
    .claims = LB_CLAIM_ALWAYS | LB_CLAIM_WEIGHTS,
    .create = create,
    .destroy = destroy,
    .pick = pick,
    .on_pool_change = on_pool_change,
    .describe = describe,
};
