/*
 * Envoy's maglev: consistent hashing by a table of prime size in which each has its share of slots.
 *
 * The idea: see maglev_table.h for the table, bounded_load.h for
 * `balance-factor`. Usable backends take turns in order of their addresses, as text; the permutation
 * of each starts at XXH64(address) and skips by XXH64(address, seed 1). In turn `it` a backend takes a
 * slot when it x share has caught up with a target that grows by the largest share with each slot
 * taken. Attempt k of a request, the k-th retry, flips bits of its number, so that it falls on another
 * slot, which may be the same backend's.
 *
 * Reading: a request without key and address gets a random number and so is random by share, as in
 * Envoy's source; "falls back to random" does not mean that weights are ignored.
 *
 * Cost: O(1), one cache miss on a large table; a rebuild O(size log size), in place.
 * Source: Envoy, maglev_lb.cc; rules in our own words and code.
 */
#include <stdlib.h>
#include <string.h>

#include "algorithms/envoy/bounded_load.h"
#include "algorithms/hash.h"
#include "algorithms/maglev_table.h"

static const struct lb_param params[] = {
    {.name = "table-size",
     .unit = "",
     .value = 65537,
     .min = 2,
     .max = LB_MAGLEV_SIZE_MAX,
     .help = "slots of the table, a prime; 100 a backend keep shares within 1 %"},
    LB_ENVOY_BALANCE_FACTOR_PARAM,
    {.name = NULL},
};

struct state {
    struct lb_members members;
    struct lb_envoy_bounded_load bound;
    struct lb_random *random;
    uint32_t *slot, size;
    struct lb_named *named; /* room for a rebuild: to sort */
    uint32_t *row;          /* the members, sorted */
    struct lb_maglev_turn *turn;
};

static void destroy(void *state)
{
    struct state *s = state;
    lb_envoy_bounded_load_done(&s->bound);
    lb_members_done(&s->members);
    free(s->slot);
    free(s->named);
    free(s->row);
    free(s->turn);
    free(s);
}

static void build(struct state *s)
{
    const struct lb_members *members = &s->members;
    if (members->count == 0)
        return;
    lb_members_sort(members, s->named, s->row);
    for (uint32_t i = 0; i < members->count; i++) {
        uint32_t row = s->row[i];
        const char *text = lb_backend_text(&members->pool->at[row]);
        s->turn[i] = (struct lb_maglev_turn){
            .row = row,
            .offset = (uint32_t)(lb_xxh64(text, strlen(text), 0) % s->size),
            .skip = (uint32_t)(lb_xxh64(text, strlen(text), 1) % (s->size - 1)) + 1,
            .burst = 1,
            .share = (double)members->seen[row].weight / (double)members->total};
    }
    lb_maglev_fill(s->slot, s->size, s->turn, members->count);
}

static void on_pool_change(void *state, const int32_t *changed, uint32_t count, lb_time now)
{
    struct state *s = state;
    (void)changed, (void)count, (void)now;
    if (lb_members_look(&s->members))
        build(s);
}

static int make_room(struct state *s, const struct lb_setup *setup, struct lb_error *error)
{
    const struct lb_pool *pool = setup->pool;
    size_t max = pool->max > pool->count ? pool->max : pool->count;
    max += max == 0;
    s->size = (uint32_t)lb_value(setup, params, 0);
    if (!lb_is_prime(s->size)) {
        uint32_t next = lb_prime_from(s->size);
        return lb_error_set(error, LB_ERROR_INVALID,
                            "envoy-maglev: table-size %u is not a prime; the next one is %u",
                            s->size, next);
    }
    s->slot = malloc(s->size * sizeof *s->slot);
    s->named = malloc(max * sizeof *s->named);
    s->row = malloc(max * sizeof *s->row);
    s->turn = malloc(max * sizeof *s->turn);
    if (s->slot == NULL || s->named == NULL || s->row == NULL || s->turn == NULL)
        return lb_error_set(error, LB_ERROR_MEMORY, "no memory for a table of %u", s->size);
    if (lb_members_init(&s->members, pool, LB_PRESENT | LB_USABLE, error) != 0)
        return -1;
    return lb_envoy_bounded_load_init(&s->bound, &s->members, lb_value(setup, params, 1), error);
}

static void *create(const struct lb_setup *setup, struct lb_error *error)
{
    struct state *s = calloc(1, sizeof *s);
    if (s == NULL) {
        lb_error_set(error, LB_ERROR_MEMORY, "envoy-maglev: no memory");
        return NULL;
    }
    s->random = setup->random;
    if (make_room(s, setup, error) != 0) {
        destroy(s);
        return NULL;
    }
    on_pool_change(s, NULL, 0, setup->now);
    return s;
}

/* The number of attempt 0, 1, 2, ... of a request. */
static uint64_t number(uint64_t hash, uint32_t attempt)
{
    return attempt > 0 ? hash ^ (~UINT64_C(0) - attempt + 1) : hash;
}

static int32_t pick(void *state, const struct lb_request *request, lb_time now)
{
    struct state *s = state;
    (void)now;
    if (s->members.count == 0)
        return LB_NONE;
    uint64_t hash = lb_place_hash(request, s->random);
    uint32_t row = s->slot[number(hash, request->tried_count) % s->size];
    return (int32_t)lb_envoy_bounded_load(&s->bound, row, hash);
}

static void describe(const void *state, lb_emit *emit, void *to)
{
    const struct state *s = state;
    emit(to, -1, "table_size", s->size);
    for (uint32_t i = 0; i < s->members.count; i++) {
        uint32_t row = s->members.row[i];
        emit(to, (int32_t)row, "weight", s->members.seen[row].weight);
        if (s->bound.factor != 0)
            emit(to, (int32_t)row, "slots",
                 (double)lb_envoy_slots(&s->bound, s->members.seen[row].weight));
    }
}

extern const struct lb_algorithm lb_algorithm_envoy_maglev;
const struct lb_algorithm lb_algorithm_envoy_maglev = {
    .abi = LB_ABI,
    .name = "envoy-maglev",
    .title = "Envoy Maglev",
    .summary = "A key is a slot of a prime table that backends fill in turns, by weight.",
    .reference = "Envoy, source/extensions/load_balancing_policies/maglev/maglev_lb.cc",
    .cost = "O(1); O(n) when balance-factor turns a request away",
    .changes =
        "A weight, a join, a leave and a change of health build the table anew: the keys of a "
        "leaver move, and a few of others (some 450 slots of 65,537 when one "
        "of 1,000 leaves, 66 of them its own).",
    .needs = LB_NEED_KEY,
    .params = params,
    .create = create,
    .destroy = destroy,
    .pick = pick,
    .on_pool_change = on_pool_change,
    .describe = describe,
};
