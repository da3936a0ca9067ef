/*
 * gRPC's ring_hash: Envoy's ring with its own limits, on which failures leave no gap.
 *
 * The idea: see weighted_ring.h. The endpoints are sorted by their hash key, which is the address,
 * before they get their points. All endpoints of weight are on the ring, ready or not; a look-up
 * goes on along the ring until it meets one that is usable. So a failure moves the keys of who
 * failed and no others, unlike in Envoy. A request without a key and an address gets a random number.
 * Nothing is remembered of a request's earlier tries: the same key, the same endpoint.
 *
 * Cost: O(1) expected, two cache misses on a large ring; more when many are down; a rebuild
 * O(points).
 * Source: grpc-go, balancer/ringhash; rules in our own words and code.
 */
#include <stdlib.h>

#include "algorithms/hash.h"
#include "algorithms/members.h"
#include "algorithms/weighted_ring.h"

static const struct lb_param params[] = {
    {.name = "min-size",
     .unit = "",
     .value = 1024,
     .min = 1,
     .max = LB_WEIGHTED_RING_MAX,
     .help = "points of the ring, at least"},
    {.name = "max-size",
     .unit = "",
     .value = 4096,
     .min = 1,
     .max = LB_WEIGHTED_RING_MAX,
     .help = "points of the ring, at most"},
    {.name = NULL},
};

struct state {
    struct lb_members members; /* of the ring: ready or not */
    struct lb_ring ring;
    struct lb_weighted_ring how;
    struct lb_random *random;
    struct lb_named *named; /* room to sort them */
};

static void destroy(void *state)
{
    struct state *s = state;
    lb_ring_done(&s->ring);
    lb_members_done(&s->members);
    free(s->named);
    free(s);
}

static int build(struct state *s, struct lb_error *error)
{
    lb_members_sort(&s->members, s->named, s->members.row);
    return lb_weighted_ring_build(&s->ring, &s->how, s->members.pool, s->members.row,
                                  s->members.count, error);
}

/* Without memory for a larger ring the old one stays in use; a pick goes past who has left. */
static void on_pool_change(void *state, const int32_t *changed, uint32_t count, lb_time now)
{
    struct state *s = state;
    (void)changed, (void)count, (void)now;
    if (lb_members_look(&s->members))
        (void)build(s, NULL);
}

static int make_room(struct state *s, const struct lb_setup *setup, struct lb_error *error)
{
    const struct lb_pool *pool = setup->pool;
    size_t max = pool->max > pool->count ? pool->max : pool->count;
    max += max == 0;
    if (s->how.min > s->how.max)
        return lb_error_set(error, LB_ERROR_INVALID,
                            "grpc-ring-hash: min-size %.0f is larger than max-size %.0f",
                            s->how.min, s->how.max);
    s->named = malloc(max * sizeof *s->named);
    if (s->named == NULL)
        return lb_error_set(error, LB_ERROR_MEMORY, "no memory for a pool of %zu backends", max);
    return lb_members_init(&s->members, pool, LB_PRESENT, error);
}

static void *create(const struct lb_setup *setup, struct lb_error *error)
{
    struct state *s = calloc(1, sizeof *s);
    if (s == NULL) {
        lb_error_set(error, LB_ERROR_MEMORY, "grpc-ring-hash: no memory");
        return NULL;
    }
    s->random = setup->random;
    s->how = (struct lb_weighted_ring){.min = lb_value(setup, params, 0),
                                       .max = lb_value(setup, params, 1)};
    lb_ring_init(&s->ring, 64);
    if (make_room(s, setup, error) != 0 || (lb_members_look(&s->members), build(s, error)) != 0) {
        destroy(s);
        return NULL;
    }
    return s;
}

static int32_t pick(void *state, const struct lb_request *request, lb_time now)
{
    struct state *s = state;
    const struct lb_pool *pool = s->members.pool;
    (void)now;
    if (s->ring.count == 0 || pool->usable == 0)
        return LB_NONE;
    uint32_t i = lb_ring_successor_wrapped(&s->ring, lb_place_hash(request, s->random));
    for (uint32_t step = 0; step < s->ring.count; step++, i = lb_ring_next(&s->ring, i))
        if (lb_open(&pool->at[s->ring.point[i].row]))
            return (int32_t)s->ring.point[i].row;
    return LB_NONE;
}

static void describe(const void *state, lb_emit *emit, void *to)
{
    const struct state *s = state;
    emit(to, -1, "points", s->ring.count);
    for (uint32_t i = 0; i < s->members.count; i++)
        emit(to, (int32_t)s->members.row[i], "weight", s->members.seen[s->members.row[i]].weight);
}

extern const struct lb_algorithm lb_algorithm_grpc_ring_hash;
const struct lb_algorithm lb_algorithm_grpc_ring_hash = {
    .abi = LB_ABI,
    .name = "grpc-ring-hash",
    .title = "gRPC ring hash",
    .summary = "A key goes to the next usable point of a ring that keeps those who are down.",
    .reference = "grpc-go, balancer/ringhash",
    .cost = "O(1); O(points) when most are down",
    .changes =
        "A failure moves only the keys of who failed; a weight, a join and a leave build the "
        "ring anew and move a few of others.",
    .needs = LB_NEED_KEY,
    .params = params,
    .create = create,
    .destroy = destroy,
    .pick = pick,
    .on_pool_change = on_pool_change,
    .describe = describe,
};
