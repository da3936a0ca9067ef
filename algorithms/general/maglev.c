/*
 * Maglev hashing: a table of slots, filled in turns; a key is a slot.
 *
 * The idea: see maglev_table.h. Each open backend walks a permutation of the slots of its own, from
 * XXH64(address) modulo the size in steps of XXH64(address, seed 1) modulo (size - 1) + 1, and they
 * take turns in row order, a weight below the largest giving fewer turns. Equal weights differ by
 * one slot at most. A pick is one look into the table.
 *
 * It is nearly consistent, not exactly: when a backend goes, its slots are given away and a few of
 * the others' change hands too (about as many as 1 % of the table at 100 slots a backend), so it
 * does not claim to be. The table holds who is open, so a failure is a leave. Slow start takes no
 * part: it would move keys at each step. Full and tried backends keep their slots: the hash is
 * mixed again, up to 20 times, then the rows are walked from a hashed one on.
 *
 * table-size is rounded up to a prime. With more backends than slots some have none, and are found
 * by that walk alone.
 *
 * Cost: O(1) a pick; a build O(size log size), at the first pick after a change, so that many
 * changes at once cost one; 4 bytes a slot.
 * Source: D. Eisenbud et al., "Maglev: a fast and reliable software network load balancer", NSDI
 * 2016, which leaves hashes and weights open: hashes and weights as Envoy has them, but turns in
 * row order. For Envoy's own table see envoy-maglev.
 */
#include <stdlib.h>

#include "algorithms/general/keys.h"
#include "algorithms/maglev_table.h"

#define TRIES 20

static const struct lb_param params[] = {
    {.name = "table-size",
     .unit = "",
     .value = 65537,
     .min = 2,
     .max = LB_MAGLEV_SIZE_MAX,
     .help = "slots, rounded up to a prime; 100 a backend keep shares within 1 %"},
    {.name = NULL},
};

struct state {
    const struct lb_pool *pool;
    struct lb_random *random; /* for requests without a key */
    uint32_t size;
    uint32_t *slot;              /* -> row */
    struct lb_maglev_turn *turn; /* of a build */
    uint32_t turns;              /* open backends as of the last change */
    uint32_t *slots;             /* row -> how many it has */
    bool stale;                  /* the table is to be built before the next look */
};

static void destroy(void *state)
{
    struct state *s = state;
    free(s->slot);
    free(s->turn);
    free(s->slots);
    free(s);
}

static void on_pool_change(void *state, const int32_t *changed, uint32_t count, lb_time now)
{
    struct state *s = state;
    (void)changed, (void)count, (void)now;
    s->turns = 0;
    for (uint32_t i = 0; i < s->pool->count; i++)
        s->turns += lb_open(&s->pool->at[i]);
    s->stale = true;
}

static void build(struct state *s)
{
    uint32_t k = 0;
    for (uint32_t i = 0; i < s->pool->count && k < s->turns; i++) {
        const struct lb_backend *b = &s->pool->at[i];
        if (!lb_open(b))
            continue;
        s->slots[i] = 0;
        s->turn[k++] =
            (struct lb_maglev_turn){.row = i,
                                    .offset = (uint32_t)(lb_backend_hash(b, 0) % s->size),
                                    .skip = (uint32_t)(lb_backend_hash(b, 1) % (s->size - 1)) + 1,
                                    .burst = 1,
                                    .share = b->weight};
    }
    lb_maglev_fill(s->slot, s->size, s->turn, k);
    for (uint32_t i = 0; i < s->size; i++)
        s->slots[s->slot[i]]++;
    s->stale = false;
}

static void *create(const struct lb_setup *setup, struct lb_error *error)
{
    const struct lb_pool *pool = setup->pool;
    size_t max = (pool->max > pool->count ? pool->max : pool->count) + (size_t)1;
    struct state *s = calloc(1, sizeof *s);
    if (s != NULL) {
        s->pool = pool;
        s->random = setup->random;
        s->size = lb_prime_from((uint32_t)lb_value(setup, params, 0));
        s->slot = malloc(s->size * sizeof *s->slot);
        s->turn = malloc(max * sizeof *s->turn);
        s->slots = malloc(max * sizeof *s->slots);
    }
    if (s == NULL || s->slot == NULL || s->turn == NULL || s->slots == NULL) {
        lb_error_set(error, LB_ERROR_MEMORY, "maglev: no memory");
        if (s != NULL)
            destroy(s);
        return NULL;
    }
    on_pool_change(s, NULL, 0, setup->now);
    if (s->turns != 0)
        build(s);
    return s;
}

static int32_t pick(void *state, const struct lb_request *request, lb_time now)
{
    struct state *s = state;
    (void)now;
    if (s->turns == 0)
        return LB_NONE;
    if (s->stale)
        build(s);
    uint64_t hash = lb_place_hash(request, s->random);
    for (uint64_t try = 0; try < TRIES; try++) {
        uint64_t again = try == 0 ? hash : lb_hash_again(hash, try);
        uint32_t row = s->slot[again % s->size];
        if (lb_may(s->pool, request, row))
            return (int32_t)row;
    }
    return lb_walk_from_hash(s->pool, request, lb_hash_again(hash, TRIES));
}

static void describe(const void *state, lb_emit *emit, void *to)
{
    const struct state *s = state;
    emit(to, -1, "table_size", s->size);
    if (s->stale || s->turns == 0)
        return;
    for (uint32_t k = 0; k < s->turns; k++)
        if ((s->pool->at[s->turn[k].row].flags & LB_PRESENT) != 0)
            emit(to, (int32_t)s->turn[k].row, "slots", s->slots[s->turn[k].row]);
}

extern const struct lb_algorithm lb_algorithm_maglev;
const struct lb_algorithm lb_algorithm_maglev = {
    .abi = LB_ABI,
    .name = "maglev",
    .title = "Maglev hashing",
    .summary = "Looks the key up in a table of slots that the backends filled in turns.",
    .reference = "Eisenbud et al., NSDI 2016; hashes and weights as Envoy, turns in row order",
    .cost = "O(1)",
    .changes = "The table is built anew: a leave or failure moves that backend's keys and a few of "
               "the others'; a join takes its share, a few more move; slow start takes no part.",
    .needs = LB_NEED_KEY,
    .claims = LB_CLAIM_ALWAYS | LB_CLAIM_WEIGHTS,
    .params = params,
    .create = create,
    .destroy = destroy,
    .pick = pick,
    .on_pool_change = on_pool_change,
    .describe = describe,
};
