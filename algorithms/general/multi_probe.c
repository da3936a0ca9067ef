/*
 * Multi-probe consistent hashing: one point a backend, and several tries a key.
 *
 * The idea: ring-hash needs many points a backend to even out their shares; this one has a single
 * point for each unit of weight and hashes the key `probes` times instead. Of all probes the one
 * with the smallest distance to the next point wins: a backend behind a large gap is seldom that.
 * 21 probes bring the busiest of equal backends to about 1.05 of the mean, as 700 points would, in
 * a ring small enough to stay in the cache. Weights hold about as well, on average.
 *
 * Down, full and tried backends are passed over by each probe, as if their points were not there.
 * So a leave or a failure moves that backend's keys only. Slow start takes no part. The first probe
 * is XXH64 of the key, the others are mixed from it; equal distances: the earlier probe.
 *
 * Cost: O(probes) expected a pick; see row_ring.h.
 * Source: B. Appleton and M. O'Reilly, "Multi-probe consistent hashing", arXiv:1505.00062 (2015).
 * Weights as points are our own.
 */
#include <stdlib.h>

#include "algorithms/general/row_ring.h"

static const struct lb_param params[] = {
    {.name = "probes",
     .unit = "",
     .value = 21,
     .min = 1,
     .max = 100,
     .help = "how often a key is hashed; more is more even"},
    {.name = NULL},
};

struct state {
    const struct lb_pool *pool;
    struct lb_random *random; /* for requests without a key */
    uint32_t probes;
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
        lb_error_set(error, LB_ERROR_MEMORY, "multi-probe: no memory");
        return NULL;
    }
    *s = (struct state){.pool = setup->pool,
                        .random = setup->random,
                        .probes = (uint32_t)lb_value(setup, params, 0)};
    if (lb_row_ring_init(&s->rows, setup->pool, 1, error) != 0) {
        destroy(s);
        return NULL;
    }
    lb_row_ring_build(&s->rows);
    return s;
}

/* The place of the next point whose backend may, if its distance is below `within`; else the ring's
 * count. The distance of the first point tells mostly without a look at the backend. */
static uint32_t probe(const struct state *s, const struct lb_request *request, uint64_t hash,
                      uint64_t within)
{
    const struct lb_ring *ring = &s->rows.ring;
    uint32_t place = lb_row_ring_find(&s->rows, hash);
    for (uint32_t step = 0; step < ring->count; step++) {
        if (ring->point[place].hash - hash >= within) /* clockwise, modulo 2^64 */
            break;
        if (lb_may(s->pool, request, ring->point[place].row))
            return place;
        if (step == s->pool->count && lb_walk_from_hash(s->pool, request, 0) < 0)
            break;
        place = lb_ring_next(ring, place);
    }
    return ring->count;
}

static int32_t pick(void *state, const struct lb_request *request, lb_time now)
{
    struct state *s = state;
    (void)now;
    if (s->rows.stale)
        lb_row_ring_build(&s->rows);
    const struct lb_ring *ring = &s->rows.ring;
    uint64_t hash = lb_place_hash(request, s->random), least = UINT64_MAX;
    int32_t best = LB_NONE;
    for (uint32_t k = 0; k < s->probes && ring->count != 0; k++) {
        uint64_t at = k == 0 ? hash : lb_hash_again(hash, k);
        uint32_t place = probe(s, request, at, least);
        if (place == ring->count && best < 0)
            break; /* the first one finds somebody or nobody can */
        if (place == ring->count)
            continue;
        least = ring->point[place].hash - at;
        best = (int32_t)ring->point[place].row;
    }
    return best >= 0 ? best : lb_walk_from_hash(s->pool, request, hash);
}

static void describe(const void *state, lb_emit *emit, void *to)
{
    const struct state *s = state;
    emit(to, -1, "probes", s->probes);
    for (uint32_t i = 0; i < s->pool->count; i++)
        if ((s->pool->at[i].flags & LB_PRESENT) != 0)
            emit(to, (int32_t)i, "points", s->rows.row[i].count);
}

extern const struct lb_algorithm lb_algorithm_multi_probe;
const struct lb_algorithm lb_algorithm_multi_probe = {
    .abi = LB_ABI,
    .name = "multi-probe",
    .title = "Multi-probe consistent hashing",
    .summary = "Hashes the key 21 times; the probe nearest to a backend's only point wins.",
    .reference = "Appleton and O'Reilly 2015, arXiv:1505.00062; XXH64, weights as points",
    .cost = "O(probes)",
    .changes =
        "A leave or failure moves that backend's keys only; a join or a changed weight moves "
        "keys to or from that backend only; slow start takes no part.",
    .needs = LB_NEED_KEY,
    .claims = LB_CLAIM_ALWAYS | LB_CLAIM_CONSISTENT,
    .params = params,
    .create = create,
    .destroy = destroy,
    .pick = pick,
    .on_pool_change = on_pool_change,
    .describe = describe,
};
