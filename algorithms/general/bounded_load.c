/*
 * Consistent hashing with bounded loads: the next on the ring that is not above its bound.
 *
 * The idea: as ring-hash, but a backend takes a request only while that leaves it with at most
 * ceil(bound x (in flight of the pool + 1) x weight / weights of the open backends). A hot key
 * spills over to the next points instead of drowning its backend; the bounds add up to more than
 * there is to place, so that some open backend is always below its own. A bound near 1 balances
 * like least connections and moves keys often; a large one is plain ring-hash.
 *
 * The bound is kept whatever happens: when all backends below it are full or were tried by this
 * request, it waits (LB_WAIT), which is why this one does not claim to pick whenever somebody
 * could. Nor does it claim to be consistent: who is at its bound depends on the load of the moment.
 * The sum in flight counts those at backends that are down, too: the bound is about this balancer's
 * load.
 *
 * Cost: O(1) expected a pick, about 1 / (bound - 1)^2 points walked when all carry their share; see
 * row_ring.h.
 * Source: V. Mirrokni, M. Thorup and M. Zadimoghaddam, "Consistent hashing with bounded loads",
 * SODA 2018 (arXiv:1608.01350): capacity ceil(c m / n), m with the new one, linear probing. Weights
 * are our own. HAProxy and Envoy round otherwise: see theirs.
 */
#include <math.h>
#include <stdlib.h>

#include "algorithms/general/row_ring.h"

static const struct lb_param params[] = {
    {.name = "bound",
     .unit = "",
     .value = 1.25,
     .min = 1,
     .max = 1000,
     .help = "a backend carries at most this times its fair share of the requests in flight"},
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
    double bound, weights;    /* weights: of the open rows */
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
    s->weights = 0;
    for (uint32_t i = 0; i < s->pool->count; i++)
        if (lb_open(&s->pool->at[i]))
            s->weights += s->pool->at[i].weight;
    lb_row_ring_change(&s->rows, NULL);
}

static void *create(const struct lb_setup *setup, struct lb_error *error)
{
    struct state *s = malloc(sizeof *s);
    if (s == NULL) {
        lb_error_set(error, LB_ERROR_MEMORY, "bounded-load: no memory");
        return NULL;
    }
    *s = (struct state){
        .pool = setup->pool, .random = setup->random, .bound = lb_value(setup, params, 0)};
    uint32_t points = (uint32_t)lb_value(setup, params, 1);
    if (lb_row_ring_init(&s->rows, setup->pool, points, error) != 0) {
        destroy(s);
        return NULL;
    }
    on_pool_change(s, NULL, 0, setup->now);
    lb_row_ring_build(&s->rows);
    return s;
}

/* The bound for each unit of weight, with the request in hand. */
static double unit_bound(const struct state *s)
{
    return s->bound * (double)(s->pool->in_flight + 1) / s->weights;
}

/* At most this many in flight; what is whole but for rounding is whole. */
static double slots(const struct lb_backend *b, double unit)
{
    return ceil(unit * b->weight - 1e-9);
}

static bool may(const struct state *s, const struct lb_request *request, uint32_t row, double unit)
{
    const struct lb_backend *b = &s->pool->at[row];
    return lb_may(s->pool, request, row) && b->in_flight < slots(b, unit);
}

/* The first row of all that may, or the refusal. */
static int32_t scan(const struct state *s, const struct lb_request *request, double unit)
{
    for (uint32_t i = 0; i < s->pool->count; i++)
        if (may(s, request, i, unit))
            return (int32_t)i;
    return lb_wait_or_none(s->pool, request);
}

static int32_t pick(void *state, const struct lb_request *request, lb_time now)
{
    struct state *s = state;
    (void)now;
    if (s->weights <= 0)
        return LB_NONE;
    if (s->rows.stale)
        lb_row_ring_build(&s->rows);
    const struct lb_ring *ring = &s->rows.ring;
    double unit = unit_bound(s);
    uint64_t hash = lb_place_hash(request, s->random);
    uint32_t place = ring->count != 0 ? lb_row_ring_find(&s->rows, hash) : 0;
    for (uint32_t step = 0; step < ring->count; step++) {
        uint32_t row = ring->point[place].row;
        if (may(s, request, row, unit))
            return (int32_t)row;
        if (step == s->pool->count && scan(s, request, unit) < 0)
            break;
        place = lb_ring_next(ring, place);
    }
    return scan(s, request, unit);
}

static void describe(const void *state, lb_emit *emit, void *to)
{
    const struct state *s = state;
    for (uint32_t i = 0; i < s->pool->count; i++) {
        const struct lb_backend *b = &s->pool->at[i];
        if (!lb_open(b))
            continue;
        emit(to, (int32_t)i, "in_flight", b->in_flight);
        emit(to, (int32_t)i, "at_most", slots(b, unit_bound(s)));
    }
}

extern const struct lb_algorithm lb_algorithm_bounded_load;
const struct lb_algorithm lb_algorithm_bounded_load = {
    .abi = LB_ABI,
    .name = "bounded-load",
    .title = "Consistent hashing with bounded loads",
    .summary = "Ring hash that passes over backends at `bound` times their fair share.",
    .reference = "Mirrokni, Thorup and Zadimoghaddam 2018; ring as ketama, XXH64",
    .cost = "O(1) expected",
    .changes = "Ring as ring-hash: a leave or failure moves that backend's keys; the bounds follow "
               "the books at once and move keys with the load; slow start takes no part.",
    .needs = LB_NEED_KEY,
    .claims = LB_CLAIM_BOUND,
    .params = params,
    .create = create,
    .destroy = destroy,
    .pick = pick,
    .on_pool_change = on_pool_change,
    .describe = describe,
};
