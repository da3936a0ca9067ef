/*
 * Ring hash, the ketama family: each backend has many points on a ring, a key goes to the next one.
 *
 * The idea: the hash of a key is a place on the ring, and the first point from there on names the
 * backend. A backend has `points` of them for each unit of weight, so its share of the ring is
 * about its share of the weights; with 160 points it strays by about 8 % (one over the square
 * root), which is why shares are not claimed to follow the weights. Points do not depend on who
 * else is there: a leave moves the leaver's keys only, each to the next point, and so does a
 * failure.
 *
 * Down, full and tried backends are passed over on the ring. Slow start takes no part: a backend
 * that is just back has its keys back at once. A point is XXH64 of "ADDRESS_k", k = 0, 1, ...; the
 * key is hashed the same way.
 *
 * Cost: O(1) expected a pick, two cache misses on a large ring; see row_ring.h.
 * Source: D. Karger et al., STOC 1997; 160 points as ketama; the text of a point as Envoy and gRPC
 * ring_hash, whose numbers of points differ: for theirs see the products' own.
 */
#include <stdlib.h>

#include "algorithms/general/row_ring.h"

static const struct lb_param params[] = {
    {.name = "points",
     .unit = "",
     .value = 160,
     .min = 1,
     .max = 1000,
     .help = "points on the ring for each unit of weight"},
    {.name = NULL},
};

struct state {
    const struct lb_pool *pool;
    struct lb_random *random; /* for requests without a key */
    struct lb_row_ring rows;
};

static void destroy(void *state)
{
    struct state *s = state;
    lb_row_ring_done(&s->rows);
    free(s);
}

static void on_pool_change(void *state, const int32_t *changed, uint32_t count, lb_time now)
{
    struct state *s = state;
    (void)changed, (void)count, (void)now;
    lb_row_ring_change(&s->rows, NULL);
}

static void *create(const struct lb_setup *setup, struct lb_error *error)
{
    struct state *s = malloc(sizeof *s);
    if (s == NULL) {
        lb_error_set(error, LB_ERROR_MEMORY, "ring-hash: no memory");
        return NULL;
    }
    *s = (struct state){.pool = setup->pool, .random = setup->random};
    uint32_t points = (uint32_t)lb_value(setup, params, 0);
    if (lb_row_ring_init(&s->rows, setup->pool, points, error) != 0) {
        destroy(s);
        return NULL;
    }
    lb_row_ring_build(&s->rows);
    return s;
}

static int32_t pick(void *state, const struct lb_request *request, lb_time now)
{
    struct state *s = state;
    (void)now;
    if (s->rows.stale)
        lb_row_ring_build(&s->rows);
    const struct lb_ring *ring = &s->rows.ring;
    uint64_t hash = lb_place_hash(request, s->random);
    uint32_t place = ring->count != 0 ? lb_row_ring_find(&s->rows, hash) : 0;
    for (uint32_t step = 0; step < ring->count; step++) {
        uint32_t row = ring->point[place].row;
        if (lb_may(s->pool, request, row))
            return (int32_t)row;
        if (step == s->pool->count && lb_walk_from_hash(s->pool, request, 0) < 0)
            break; /* nobody at all: the rest of a large ring would only say so later */
        place = lb_ring_next(ring, place);
    }
    return lb_walk_from_hash(s->pool, request, hash);
}

static void describe(const void *state, lb_emit *emit, void *to)
{
    const struct state *s = state;
    for (uint32_t i = 0; i < s->pool->count; i++)
        if ((s->pool->at[i].flags & LB_PRESENT) != 0)
            emit(to, (int32_t)i, "points", s->rows.row[i].count);
}

extern const struct lb_algorithm lb_algorithm_ring_hash;
const struct lb_algorithm lb_algorithm_ring_hash = {
    .abi = LB_ABI,
    .name = "ring-hash",
    .title = "Ring hash (consistent hashing)",
    .summary = "The key goes to the next of the backends' many points on a ring.",
    .reference = "Karger et al. 1997; 160 points a unit as ketama, point text as Envoy ring_hash",
    .cost = "O(1) expected",
    .changes = "A leave or failure moves that backend's keys only, to the next points; a join or a "
               "changed weight moves keys to or from that backend only; slow start takes no part.",
    .needs = LB_NEED_KEY,
    .claims = LB_CLAIM_ALWAYS | LB_CLAIM_CONSISTENT,
    .params = params,
    .create = create,
    .destroy = destroy,
    .pick = pick,
    .on_pool_change = on_pool_change,
    .describe = describe,
};
