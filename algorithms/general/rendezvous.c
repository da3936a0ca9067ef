/*
 * Rendezvous hashing, weighted: every backend bids for the key, and the best bid has it.
 *
 * The idea: a number u in (0, 1) is hashed from key and backend, and the least -ln(u) / weight
 * wins. -ln(u) / w is an exponential of rate w, so a backend wins with a chance of exactly its
 * weight over the sum of all. Bids do not depend on who else is there: whoever leaves, fails, is
 * full or was tried loses its keys to the next bids, spread by weight, and nobody else's key moves;
 * a changed weight moves keys from or to that backend only, so that slow start fits in (warm.h).
 *
 * With equal weights the largest hash is the same choice without a logarithm. Ties: the first row.
 *
 * Cost: O(n), n logarithms with unequal weights; 16 bytes a row.
 * Source: D. Thaler and C. Ravishankar, "Using name-based mappings to increase hit rates", IEEE/ACM
 * ToN 6 (1998); weights: J. Mosko et al., the logarithmic method. The hash of key and backend is
 * our own: splitmix64 of XXH64(key) xor XXH64(address).
 */
#include <math.h>
#include <stdlib.h>

#include "algorithms/general/keys.h"
#include "algorithms/warm.h"

struct state {
    const struct lb_pool *pool;
    struct lb_random *random; /* for requests without a key */
    bool equal;               /* all open rows count the same */
    struct bidder {
        uint64_t hash;  /* of the backend */
        double patient; /* 1 / what it counts for */
    } bidder[];         /* one for each row there can be */
};

static void destroy(void *state)
{
    free(state);
}

static void on_pool_change(void *state, const int32_t *changed, uint32_t count, lb_time now)
{
    struct state *s = state;
    (void)changed, (void)count;
    double first = 0;
    s->equal = true;
    for (uint32_t i = 0; i < s->pool->count; i++) {
        const struct lb_backend *b = &s->pool->at[i];
        if (!lb_open(b))
            continue;
        double counts = (double)b->weight * lb_warm_units(b, now);
        s->bidder[i].patient = 1 / counts;
        first = first == 0 ? counts : first;
        s->equal = s->equal && counts == first;
    }
    for (uint32_t k = 0; k < count; k++)
        s->bidder[changed[k]].hash = lb_backend_hash(&s->pool->at[changed[k]], 0);
}

static void *create(const struct lb_setup *setup, struct lb_error *error)
{
    const struct lb_pool *pool = setup->pool;
    size_t max = pool->max > pool->count ? pool->max : pool->count;
    struct state *s = calloc(1, sizeof *s + max * sizeof s->bidder[0]);
    if (s == NULL) {
        lb_error_set(error, LB_ERROR_MEMORY, "rendezvous: no memory");
        return NULL;
    }
    s->pool = pool;
    s->random = setup->random;
    for (uint32_t i = 0; i < pool->count; i++)
        s->bidder[i].hash = lb_backend_hash(&pool->at[i], 0);
    on_pool_change(s, NULL, 0, setup->now);
    return s;
}

static int32_t pick(void *state, const struct lb_request *request, lb_time now)
{
    struct state *s = state;
    (void)now;
    uint64_t hash = lb_place_hash(request, s->random), highest = 0;
    int32_t best = LB_NONE;
    double least = 0;
    for (uint32_t i = 0; i < s->pool->count; i++) {
        if (!lb_may(s->pool, request, i))
            continue;
        uint64_t number = lb_hash_again(hash ^ s->bidder[i].hash, 0);
        if (s->equal) {
            if (best < 0 || number > highest) {
                highest = number;
                best = (int32_t)i;
            }
            continue;
        }
        double unit = ((double)(number >> 12) + 0.5) * 0x1.0p-52; /* in (0, 1), exactly */
        double bid = -log(unit) * s->bidder[i].patient;
        if (best < 0 || bid < least) {
            least = bid;
            best = (int32_t)i;
        }
    }
    return best >= 0 ? best : lb_wait_or_none(s->pool, request);
}

static void describe(const void *state, lb_emit *emit, void *to)
{
    const struct state *s = state;
    for (uint32_t i = 0; i < s->pool->count; i++)
        if (lb_open(&s->pool->at[i]))
            emit(to, (int32_t)i, "counts_for", 1 / s->bidder[i].patient / LB_WARM_UNITS);
}

extern const struct lb_algorithm lb_algorithm_rendezvous;
const struct lb_algorithm lb_algorithm_rendezvous = {
    .abi = LB_ABI,
    .name = "rendezvous",
    .title = "Rendezvous hashing (highest random weight)",
    .summary = "Each backend bids -ln(hash) / weight for the key; the least bid takes it.",
    .reference = "Thaler and Ravishankar 1998, weighted by logarithms; hash of our own",
    .cost = "O(n)",
    .changes =
        "A leave or failure moves the keys of that backend only, spread by weight; a join or "
        "a changed weight moves keys to or from that backend only; slow start takes part.",
    .needs = LB_NEED_KEY,
    .claims = LB_CLAIM_ALWAYS | LB_CLAIM_WEIGHTS | LB_CLAIM_CONSISTENT,
    .create = create,
    .destroy = destroy,
    .pick = pick,
    .on_pool_change = on_pool_change,
    .describe = describe,
};
