/*
 * Size intervals with equal load (SITA-E), ideal: small requests here, large ones there.
 *
 * The idea: each backend takes the requests whose work lies in an interval of its own, smaller work
 * to earlier rows, and the cut-offs lie so that every interval brings the same work for each unit
 * of weight. No small request waits behind a large one; with very unequal sizes that beats sending
 * everybody to the least loaded, with nearly equal ones it is worse than that.
 *
 * Cut-offs are learned: the work of all requests so far is summed in a histogram of fixed size, 64
 * buckets to each doubling, and a request stands where the work of all smaller ones ends. Within
 * its bucket, about 1.1 % wide, its place is drawn: cut-offs are blurred by that much, and requests
 * that are all of one size are split by weight. For the first `learn` requests, and while no size
 * is known, backends are drawn by weight; learning goes on afterwards. A retry is not learned
 * again.
 *
 * Full and tried backends: the next row with larger work, else the next with smaller. Slow start
 * takes its part of the weight (warm.h).
 *
 * Cost: O(log n), and twelve steps of sums over the histogram; 32 kB and 12 bytes a row.
 * Source: M. Harchol-Balter, M. Crovella and C. Murta, "On choosing a task assignment policy for a
 * distributed server system", JPDC 59 (1999). Learning, weights and the draw are our own.
 */
#include <stdlib.h>

#include "algorithms/shares.h"

#define SUB_BITS 6 /* 64 buckets to each doubling */
#define BUCKETS  4096U

static const struct lb_param params[] = {
    {.name = "learn",
     .unit = "",
     .value = 1000,
     .min = 0,
     .max = 1e9,
     .help = "sizes seen before the first cut-offs; until then a draw by weight"},
    {.name = NULL},
};

struct state {
    const struct lb_pool *pool;
    struct lb_random *random;
    struct lb_shares shares; /* of the open rows: how the work is cut up */
    uint64_t learn, learned;
    double work;               /* of all learned */
    double bucket[BUCKETS];    /* work of the requests of these sizes */
    double tree[BUCKETS + 1U]; /* the same as a Fenwick tree: sums below in log steps */
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
    (void)changed, (void)count;
    lb_shares_build_warm(&s->shares, s->pool, now);
}

static void *create(const struct lb_setup *setup, struct lb_error *error)
{
    struct state *s = calloc(1, sizeof *s);
    if (s == NULL) {
        lb_error_set(error, LB_ERROR_MEMORY, "size-interval: no memory");
        return NULL;
    }
    s->pool = setup->pool;
    s->random = setup->random;
    s->learn = (uint64_t)lb_value(setup, params, 0);
    if (lb_shares_init(&s->shares, setup->pool, error) != 0) {
        destroy(s);
        return NULL;
    }
    on_pool_change(s, NULL, 0, setup->now);
    return s;
}

/* Sizes below 64 have a bucket each; above, the exponent and the next six bits name it. */
static uint32_t bucket_of(uint64_t size)
{
    unsigned exponent = 0;
    if (size >= UINT64_C(2) << SUB_BITS)
        exponent = 63U - SUB_BITS - (unsigned)__builtin_clzll(size);
    return (exponent << SUB_BITS) + (uint32_t)(size >> exponent);
}

static void learn(struct state *s, uint32_t bucket, uint64_t size)
{
    s->learned++;
    s->work += (double)size;
    s->bucket[bucket] += (double)size;
    for (uint32_t i = bucket + 1; i <= BUCKETS; i += i & (0U - i))
        s->tree[i] += (double)size;
}

/* The work of all smaller buckets. */
static double work_below(const struct state *s, uint32_t bucket)
{
    double sum = 0;
    for (uint32_t i = bucket; i > 0; i -= i & (0U - i))
        sum += s->tree[i];
    return sum;
}

/* The place of the shares where this size belongs. */
static uint32_t place_of(struct state *s, uint32_t bucket)
{
    double below = work_below(s, bucket) + s->bucket[bucket] * lb_random_unit(s->random);
    double at = below / s->work * (double)s->shares.total;
    uint64_t last = s->shares.total - 1;
    return lb_shares_at(&s->shares, at < (double)last ? (uint64_t)at : last);
}

static int32_t pick(void *state, const struct lb_request *request, lb_time now)
{
    struct state *s = state;
    (void)now;
    if (s->shares.count == 0)
        return LB_NONE;
    uint32_t bucket = bucket_of(request->size);
    if (request->tried_count == 0 && request->size != 0)
        learn(s, bucket, request->size);
    if (s->learned <= s->learn || s->work <= 0) {
        int32_t row = lb_shares_throw(&s->shares, s->pool, request, NULL, 0, s->random);
        return row >= 0 ? row : lb_wait_or_none(s->pool, request);
    }
    uint32_t place = place_of(s, bucket);
    for (uint32_t up = place; up < s->shares.count; up++)
        if (lb_may(s->pool, request, s->shares.row[up]))
            return (int32_t)s->shares.row[up];
    for (uint32_t down = place; down-- > 0;)
        if (lb_may(s->pool, request, s->shares.row[down]))
            return (int32_t)s->shares.row[down];
    return lb_wait_or_none(s->pool, request);
}

static void describe(const void *state, lb_emit *emit, void *to)
{
    const struct state *s = state;
    emit(to, -1, "learned", (double)s->learned);
    for (uint32_t place = 0; place < s->shares.count; place++)
        emit(to, (int32_t)s->shares.row[place], "share_of_work",
             (double)lb_shares_of(&s->shares, place) / (double)s->shares.total);
}

extern const struct lb_algorithm lb_algorithm_size_interval;
const struct lb_algorithm lb_algorithm_size_interval = {
    .abi = LB_ABI,
    .name = "size-interval",
    .title = "Size intervals of equal load, SITA-E (ideal)",
    .summary = "Ideal: each backend takes an interval of sizes, all with equal work by weight.",
    .reference = "Harchol-Balter, Crovella and Murta 1999; cut-offs learned from the sizes seen",
    .cost = "O(log n)",
    .changes =
        "Cut-offs are laid out anew over the open backends on each change, by weight and slow "
        "start; what was learned of the sizes stays.",
    .needs = LB_NEED_SIZE,
    .claims = LB_CLAIM_ALWAYS,
    .params = params,
    .create = create,
    .destroy = destroy,
    .pick = pick,
    .on_pool_change = on_pool_change,
    .describe = describe,
};
