/*
 * Envoy's ring_hash: consistent hashing on a ring with points in proportion to the weights.
 *
 * The idea: see weighted_ring.h for the ring, bounded_load.h for
 * `balance-factor`. Only usable backends are on the ring, in order of declaration. Attempt k of a
 * request, the k-th retry, takes the k-th point further on, which may well be the same backend's
 * again. Points are numbered 0, 1, ... per backend, so most of them stay when the pool changes; but
 * the number that each has depends on the lightest share, so some keys of others move as well.
 * `function` murmur2 is the older hash of the points, kept by Envoy for those who moved from
 * std::hash; keys are hashed by XXH64 in both cases.
 *
 * Reading: a request without key and address gets a random number and so is random by share, as in
 * Envoy's source; "falls back to random" does not mean that weights are ignored.
 *
 * Cost: O(1) expected, two cache misses on a large ring; a rebuild O(points).
 * Source: Envoy, ring_hash_lb.cc; rules in our own words and code.
 */
#include <stdlib.h>

#include "algorithms/envoy/bounded_load.h"
#include "algorithms/hash.h"
#include "algorithms/weighted_ring.h"

static const char *const functions[] = {"xxhash", "murmur2", NULL};

static const struct lb_param params[] = {
    {.name = "min-size",
     .unit = "",
     .value = 1024,
     .min = 1,
     .max = LB_WEIGHTED_RING_MAX,
     .help = "points of the ring, at least"},
    {.name = "max-size",
     .unit = "",
     .value = LB_WEIGHTED_RING_MAX,
     .min = 1,
     .max = LB_WEIGHTED_RING_MAX,
     .help = "points of the ring, at most"},
    LB_ENVOY_BALANCE_FACTOR_PARAM,
    {.name = "function",
     .unit = "",
     .value = 0,
     .min = 0,
     .max = 1,
     .help = "what the points of the ring are hashed by",
     .choices = functions},
    {.name = NULL},
};

struct state {
    struct lb_members members;
    struct lb_ring ring;
    struct lb_weighted_ring how;
    struct lb_envoy_bounded_load bound;
    struct lb_random *random;
};

static void destroy(void *state)
{
    struct state *s = state;
    lb_envoy_bounded_load_done(&s->bound);
    lb_ring_done(&s->ring);
    lb_members_done(&s->members);
    free(s);
}

static int build(struct state *s, struct lb_error *error)
{
    return lb_weighted_ring_build(&s->ring, &s->how, s->members.pool, s->members.row,
                                  s->members.count, error);
}

/* Without memory for a larger ring the old one stays in use: see open_point(). */
static void on_pool_change(void *state, const int32_t *changed, uint32_t count, lb_time now)
{
    struct state *s = state;
    (void)changed, (void)count, (void)now;
    if (lb_members_look(&s->members))
        (void)build(s, NULL);
}

static void *create(const struct lb_setup *setup, struct lb_error *error)
{
    struct state *s = calloc(1, sizeof *s);
    if (s == NULL) {
        lb_error_set(error, LB_ERROR_MEMORY, "envoy-ring-hash: no memory");
        return NULL;
    }
    s->random = setup->random;
    s->how = (struct lb_weighted_ring){lb_value(setup, params, 0), lb_value(setup, params, 1),
                                       lb_value(setup, params, 3) != 0};
    lb_ring_init(&s->ring, 64);
    if (s->how.min > s->how.max) {
        lb_error_set(error, LB_ERROR_INVALID,
                     "envoy-ring-hash: min-size %.0f is larger than max-size %.0f", s->how.min,
                     s->how.max);
        destroy(s);
        return NULL;
    }
    if (lb_members_init(&s->members, setup->pool, LB_PRESENT | LB_USABLE, error) != 0 ||
        lb_envoy_bounded_load_init(&s->bound, &s->members, lb_value(setup, params, 2), error) !=
            0 ||
        (lb_members_look(&s->members), build(s, error)) != 0) {
        destroy(s);
        return NULL;
    }
    return s;
}

/* The row of the point, or of the first one after it that is open: on a ring that is up to date it is
 * the point's own. */
static int32_t open_point(const struct state *s, uint32_t i)
{
    for (uint32_t step = 0; step < s->ring.count; step++, i = lb_ring_next(&s->ring, i))
        if (lb_open(&s->members.pool->at[s->ring.point[i].row]))
            return (int32_t)s->ring.point[i].row;
    return LB_NONE;
}

static int32_t pick(void *state, const struct lb_request *request, lb_time now)
{
    struct state *s = state;
    (void)now;
    if (s->members.count == 0 || s->ring.count == 0)
        return LB_NONE;
    uint64_t hash = lb_place_hash(request, s->random);
    uint32_t i = lb_ring_successor_wrapped(&s->ring, hash);
    if (request->tried_count != 0)
        i = (uint32_t)(((uint64_t)i + request->tried_count) % s->ring.count);
    int32_t row = open_point(s, i);
    return row < 0 ? row : (int32_t)lb_envoy_bounded_load(&s->bound, (uint32_t)row, hash);
}

static void describe(const void *state, lb_emit *emit, void *to)
{
    const struct state *s = state;
    emit(to, -1, "points", s->ring.count);
    for (uint32_t i = 0; i < s->members.count; i++) {
        uint32_t row = s->members.row[i];
        if (s->bound.factor != 0)
            emit(to, (int32_t)row, "slots",
                 (double)lb_envoy_slots(&s->bound, s->members.seen[row].weight));
        else
            emit(to, (int32_t)row, "weight", s->members.seen[row].weight);
    }
}

extern const struct lb_algorithm lb_algorithm_envoy_ring_hash;
const struct lb_algorithm lb_algorithm_envoy_ring_hash = {
    .abi = LB_ABI,
    .name = "envoy-ring-hash",
    .title = "Envoy ring hash",
    .summary = "A key goes to the next point of a ring with points in proportion to the weights.",
    .reference = "Envoy, source/extensions/load_balancing_policies/ring_hash/ring_hash_lb.cc",
    .cost = "O(1); O(n) when balance-factor turns a request away",
    .changes =
        "A weight, a join, a leave and a change of health build the ring anew: the keys of a "
        "leaver move, and a few of others when the points of each become more or fewer.",
    .needs = LB_NEED_KEY,
    .params = params,
    .create = create,
    .destroy = destroy,
    .pick = pick,
    .on_pool_change = on_pool_change,
    .describe = describe,
};
