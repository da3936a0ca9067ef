/*
 * Varnish shard director: consistent hashing that does not wrap.
 *
 * The idea: each backend has weight x `replicas` points on a line of 32-bit numbers: the last four
 * bytes, little-endian, of SHA-256 of its name followed by j = 0, 1, ... in decimal. A key hashed the
 * same way belongs to the first point at or above it, but a key ABOVE the last point belongs to the
 * LAST one, not to the first. When that backend is sick, the next points are gone through, around
 * the end, until one of a healthy backend; the sick keep their points, so only their keys move.
 *
 * The name is the row's name (ident in Varnish). What Varnish adds on top, rampup of a backend that
 * turned healthy and warmup of the alternative, is off by default and not here; nor is `alt`, with
 * which a VCL may ask for another one on a retry. Equal points: in order of rows (Varnish: not
 * specified). The points of the whole director are limited to 4,194,304: beyond that every backend
 * gets fewer, in proportion, at least one.
 *
 * Hashes are kept for each row, so that a change costs the hashes of the changed row and a sort.
 *
 * Cost: O(1) expected, one SHA-256; a change O(points); 44 bytes a point.
 * Source: Varnish 7.1.1, vmod_directors_shard_cfg.c, _shard_dir.c, cache_vrt.c; rules only. All
 * recordings under tests/golden/varnish are decided equally.
 */
#include <stdlib.h>
#include <string.h>

#include "algorithms/ring.h"
#include "algorithms/varnish/director.h"

#define POINTS_MAX 4194304U

static const struct lb_param params[] = {
    {.name = "replicas",
     .unit = "",
     .value = 67,
     .min = 1,
     .max = 1000,
     .help = "points of a backend for each unit of weight"},
    {.name = NULL},
};

/* What is kept of a row. */
struct points {
    uint32_t *hash;
    uint32_t known, room; /* hashes there are, and room for */
    uint32_t weight;      /* as in the ring; 0 = not in it */
};

struct state {
    const struct lb_pool *pool;
    struct points *points; /* one for each row there can be */
    struct lb_ring ring;
    uint32_t replicas, rows;
    lb_hash32 *tail; /* of SHA-256 */
};

static void destroy(void *state)
{
    struct state *s = state;
    for (uint32_t i = 0; i < s->rows && s->points != NULL; i++)
        free(s->points[i].hash);
    free(s->points);
    lb_ring_done(&s->ring);
    free(s);
}

/* Hashes of the row's points up to `count`. 0, or -1 when memory is out. */
static int know(struct points *points, lb_hash32 *tail, const char *name, uint32_t count)
{
    char text[300];
    size_t length = strlen(name) < 256 ? strlen(name) : 256;
    if (count > points->room) {
        uint32_t *hash = realloc(points->hash, count * sizeof *hash);
        if (hash == NULL)
            return -1;
        points->hash = hash;
        points->room = count;
    }
    memcpy(text, name, length);
    for (; points->known < count; points->known++) {
        int digits = snprintf(text + length, sizeof text - length, "%u", points->known);
        points->hash[points->known] = tail(text, length + (size_t)digits);
    }
    return 0;
}

/* The weight with which a row is in the ring. */
static uint32_t weight_of(const struct lb_backend *b)
{
    return (b->flags & LB_PRESENT) != 0 ? b->weight : 0;
}

/* How many points the row has when all rows together want `wanted`. */
static uint32_t count_of(const struct state *s, const struct lb_backend *b, double wanted)
{
    double count = (double)weight_of(b) * s->replicas;
    if (wanted > POINTS_MAX)
        count *= POINTS_MAX / wanted;
    return weight_of(b) == 0 ? 0 : count < 1 ? 1 : (uint32_t)count;
}

/* Builds the ring of the rows as they are now; leaves it as it was when memory is out. */
static int build(struct state *s, struct lb_error *error)
{
    double wanted = 0;
    uint64_t total = 0;
    for (uint32_t i = 0; i < s->pool->count; i++)
        wanted += (double)weight_of(&s->pool->at[i]) * s->replicas;
    for (uint32_t i = 0; i < s->pool->count; i++) {
        const struct lb_backend *b = &s->pool->at[i];
        uint32_t count = count_of(s, b, wanted);
        if (know(&s->points[i], s->tail, b->name, count) != 0)
            return lb_error_set(error, LB_ERROR_MEMORY, "varnish-shard: no memory for points");
        total += count;
    }
    if (lb_ring_begin(&s->ring, total, error) != 0)
        return -1;
    for (uint32_t i = 0; i < s->pool->count; i++) {
        uint32_t count = count_of(s, &s->pool->at[i], wanted);
        for (uint32_t j = 0; j < count; j++)
            lb_ring_add(&s->ring, s->points[i].hash[j], i, j);
        s->points[i].weight = weight_of(&s->pool->at[i]);
    }
    lb_ring_sort(&s->ring);
    return 0;
}

static void *create(const struct lb_setup *setup, struct lb_error *error)
{
    const struct lb_pool *pool = setup->pool;
    struct state *s = calloc(1, sizeof *s);
    if (s == NULL) {
        lb_error_set(error, LB_ERROR_MEMORY, "varnish-shard: no memory");
        return NULL;
    }
    s->pool = pool;
    s->rows = pool->max > pool->count ? pool->max : pool->count;
    s->replicas = (uint32_t)lb_value(setup, params, 0);
    s->tail = lb_sha256_tail32_fastest();
    lb_ring_init(&s->ring, 32);
    s->points = calloc(s->rows + (s->rows == 0), sizeof s->points[0]);
    if (s->points == NULL)
        lb_error_set(error, LB_ERROR_MEMORY, "varnish-shard: no memory for %u rows", s->rows);
    if (s->points == NULL || build(s, error) != 0) {
        destroy(s);
        return NULL;
    }
    return s;
}

static void on_pool_change(void *state, const int32_t *changed, uint32_t count, lb_time now)
{
    struct state *s = state;
    bool moved = false;
    (void)now;
    for (uint32_t k = 0; k < count; k++) {
        const struct lb_backend *b = &s->pool->at[changed[k]];
        struct points *points = &s->points[changed[k]];
        if ((b->flags & LB_PRESENT) == 0)
            points->known = 0; /* the next backend here has another name */
        moved = moved || weight_of(b) != points->weight;
    }
    if (moved)
        build(s, NULL);
}

static int32_t pick(void *state, const struct lb_request *request, lb_time now)
{
    const struct state *s = state;
    (void)now;
    if (s->ring.count == 0 || s->pool->usable == 0)
        return LB_NONE;
    uint32_t i = lb_ring_successor(&s->ring, lb_varnish_key(s->tail, request));
    if (i == s->ring.count)
        i--; /* above the last point: the last point */
    for (uint32_t step = 0; step < s->ring.count; step++, i = lb_ring_next(&s->ring, i))
        if (lb_open(&s->pool->at[s->ring.point[i].row]))
            return (int32_t)s->ring.point[i].row;
    return LB_NONE;
}

static void describe(const void *state, lb_emit *emit, void *to)
{
    const struct state *s = state;
    emit(to, -1, "points", s->ring.count);
    for (uint32_t i = 0; i < s->pool->count; i++)
        if ((s->pool->at[i].flags & LB_PRESENT) != 0)
            emit(to, (int32_t)i, "weight", s->points[i].weight);
}

extern const struct lb_algorithm lb_algorithm_varnish_shard;
const struct lb_algorithm lb_algorithm_varnish_shard = {
    .abi = LB_ABI,
    .name = "varnish-shard",
    .title = "Varnish shard director",
    .summary = "Consistent hashing by points of SHA-256; keys above the last point stay with it.",
    .reference = "Varnish 7.1.1, vmod directors, shard without warmup and rampup",
    .cost = "O(1)",
    .changes = "A sick one keeps its points and its keys go to the next ones; a join, a leave or a "
               "changed weight moves the keys of the points that come and go.",
    .needs = LB_NEED_KEY,
    .claims = LB_CLAIM_CONSISTENT,
    .params = params,
    .create = create,
    .destroy = destroy,
    .pick = pick,
    .on_pool_change = on_pool_change,
    .describe = describe,
};
