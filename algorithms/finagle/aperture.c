/*
 * finagle-aperture: Finagle's deterministic, weighted aperture with least loaded nodes.
 *
 * The idea: N balancers share the circle [0, 1) evenly; balancer i begins at i / N. The backends lie
 * on the same circle end to end, each as long as its share of the weights. A balancer uses the slice
 * from its place on that is at least as wide as min(min-aperture, n) average backends, rounded up to
 * whole steps of 1 / N, so that the slices of all balancers lay the circle out several times over
 * without a gap and each backend gets its share of the whole. Within the slice a backend weighs what
 * the slice covers of it; one that is hit at both ends adds up.
 *
 *   A = min(min-aperture, n), rounds = ceil(A (1/n) / (1/N)), width = min(1, rounds / N)
 *
 * Choice: two draws by those weights, the second up to 5 times until it differs; an open node is
 * better; else the lower load, compared per weight when the weights differ by 0.0001 of the circle or
 * more; a on ties. Not open: again, `max-effort` times in all, then one more, whatever it is.
 *
 * Words of Finagle and of the rows: nodes are the present rows of weight, healthy or not, so that all
 * balancers see the same circle; open is a row that may take this request (Finagle knows only of
 * health). Where Finagle would end at a node that is not usable, one of the slice that is takes the
 * request; LB_NONE when the slice has none. The coordinate is the balancer's index and number in the
 * setup, without rotation. The random aperture for clients without a coordinate is not here.
 *
 * Readings: `rounds` is computed in doubles, as Finagle does; what the slice covers in whole numbers,
 * so that slices meet exactly. Beyond 2^62 of weights x balancers, weights lose their low bits.
 *
 * Cost: O(log n); O(n) a change; 40 bytes a row.
 * Source: Finagle 2024-10, loadbalancer/aperture/DeterministicAperture.scala,
 * WeightedAperture.scala, WeightedP2CPick.scala, ProcessCoordinate.scala, Alias.scala.
 */
#include <math.h>

#include "algorithms/finagle/p2c.h"

#define SECOND_DRAWS 5
#define SAME_WEIGHT  0.0001
#define RING_MAX     (UINT64_C(1) << 62)

enum { MIN_APERTURE, EFFORT };

static const struct lb_param params[] = {
    {.name = "min-aperture",
     .unit = "",
     .value = 12,
     .min = 2,
     .max = 1e6,
     .help = "how many average backends a slice covers at least"},
    LB_FINAGLE_EFFORT,
    {.name = NULL},
};

struct state {
    const struct lb_pool *pool;
    struct lb_random *random;
    struct lb_shares slice; /* the rows the slice touches, as long as it covers them */
    double unit;            /* a unit of that, as a part of the circle */
    uint64_t balancer, balancers;
    uint32_t aperture, effort;
};

static void destroy(void *state)
{
    struct state *s = state;
    lb_shares_done(&s->slice);
    free(s);
}

static bool is_node(const struct lb_backend *b)
{
    return (b->flags & LB_PRESENT) != 0 && b->weight != 0;
}

static uint64_t scaled(const struct lb_backend *b, unsigned shift)
{
    uint32_t weight = b->weight >> shift;
    return weight != 0 ? weight : 1;
}

/* Sum of the weights, scaled down by 2^*shift as far as the circle must be. */
static uint64_t weigh(const struct state *s, uint32_t *nodes, unsigned *shift)
{
    for (*shift = 0;; ++*shift) {
        uint64_t total = 0;
        *nodes = 0;
        for (uint32_t row = 0; row < s->pool->count; row++)
            if (is_node(&s->pool->at[row])) {
                total += scaled(&s->pool->at[row], *shift);
                ++*nodes;
            }
        if (total <= RING_MAX / s->balancers || *shift == 31)
            return total;
    }
}

/* How far [a, a + length) and [b, b + width) overlap. */
static uint64_t overlap(uint64_t a, uint64_t length, uint64_t b, uint64_t width)
{
    uint64_t from = a > b ? a : b;
    uint64_t to = a + length < b + width ? a + length : b + width;
    return to > from ? to - from : 0;
}

static void on_pool_change(void *state, const int32_t *changed, uint32_t count, lb_time now)
{
    struct state *s = state;
    struct lb_shares *slice = &s->slice;
    (void)changed, (void)count, (void)now;
    uint32_t nodes;
    unsigned shift;
    uint64_t total = weigh(s, &nodes, &shift);
    slice->count = 0;
    slice->total = 0;
    slice->equal = true;
    if (nodes == 0)
        return;
    uint32_t aperture = s->aperture < nodes ? s->aperture : nodes;
    double rounds = ceil(aperture * (1.0 / nodes) / (1.0 / (double)s->balancers));
    uint64_t steps = rounds < (double)s->balancers ? (uint64_t)rounds : s->balancers;
    uint64_t start = s->balancer * total, width = steps * total, position = 0;
    uint64_t ring = total * s->balancers;
    for (uint32_t row = 0; row < s->pool->count; row++) {
        if (!is_node(&s->pool->at[row]))
            continue;
        uint64_t arc = scaled(&s->pool->at[row], shift) * s->balancers;
        uint64_t covered = overlap(position, arc, start, width) +
                           overlap(position + ring, arc, start, width); /* behind the wrap */
        position += arc;
        if (covered == 0)
            continue;
        slice->row[slice->count] = row;
        slice->below[slice->count] = slice->total;
        slice->total += covered;
        slice->equal = slice->equal && slice->total == covered * (slice->count + 1);
        slice->count++;
    }
    s->unit = 1.0 / (double)ring;
    if (!slice->equal)
        return;
    s->unit = (double)(slice->total / slice->count) / (double)ring;
    lb_shares_level(slice);
}

static void *create(const struct lb_setup *setup, struct lb_error *error)
{
    struct state *s = calloc(1, sizeof *s);
    if (s == NULL) {
        lb_error_set(error, LB_ERROR_MEMORY, "finagle-aperture: no memory");
        return NULL;
    }
    *s = (struct state){.pool = setup->pool,
                        .random = setup->random,
                        .balancers = setup->balancers != 0 ? setup->balancers : 1,
                        .aperture = (uint32_t)lb_value(setup, params, MIN_APERTURE),
                        .effort = (uint32_t)lb_value(setup, params, EFFORT)};
    s->balancer = setup->balancer % s->balancers;
    if (lb_shares_init(&s->slice, setup->pool, error) != 0) {
        destroy(s);
        return NULL;
    }
    on_pool_change(s, NULL, 0, setup->now);
    return s;
}

/* What the slice covers of a place, as a part of the circle. */
static double weight_of(const struct state *s, uint32_t place)
{
    return (double)lb_shares_of(&s->slice, place) * s->unit;
}

/* The better of two places. */
static uint32_t better(const struct state *s, const struct lb_request *request, uint32_t a,
                       uint32_t b)
{
    uint32_t row_a = s->slice.row[a], row_b = s->slice.row[b];
    bool open_a = lb_may(s->pool, request, row_a), open_b = lb_may(s->pool, request, row_b);
    if (open_a != open_b)
        return open_a ? row_a : row_b;
    double load_a = s->pool->at[row_a].in_flight, load_b = s->pool->at[row_b].in_flight;
    double weight_a = weight_of(s, a), weight_b = weight_of(s, b);
    if (fabs(weight_a - weight_b) >= SAME_WEIGHT) {
        load_a /= weight_a;
        load_b /= weight_b;
    }
    return load_a <= load_b ? row_a : row_b;
}

static int32_t pick(void *state, const struct lb_request *request, lb_time now)
{
    struct state *s = state;
    const struct lb_shares *slice = &s->slice;
    (void)now;
    if (slice->count == 0)
        return LB_NONE;
    for (uint32_t draw = 0;; draw++) {
        uint32_t a = lb_shares_draw(slice, s->random), b = a;
        for (int again = 0; b == a && again < SECOND_DRAWS; again++)
            b = lb_shares_draw(slice, s->random);
        uint32_t row = better(s, request, a, b);
        if (lb_may(s->pool, request, row))
            return (int32_t)row;
        if (draw < s->effort)
            continue;
        if (lb_open(&s->pool->at[row]))
            return (int32_t)row;
        break;
    }
    int32_t row = lb_shares_count_out(slice, s->pool, request, NULL, 0, s->random);
    for (uint32_t place = 0; row < 0 && place < slice->count; place++)
        if (lb_open(&s->pool->at[slice->row[place]]))
            row = (int32_t)slice->row[place];
    return row >= 0 ? row : LB_NONE;
}

static void describe(const void *state, lb_emit *emit, void *to)
{
    const struct state *s = state;
    emit(to, -1, "physical_aperture", s->slice.count);
    for (uint32_t place = 0; place < s->slice.count; place++)
        emit(to, (int32_t)s->slice.row[place], "weight", weight_of(s, place));
}

extern const struct lb_algorithm lb_algorithm_finagle_aperture;
const struct lb_algorithm lb_algorithm_finagle_aperture = {
    .abi = LB_ABI,
    .name = "finagle-aperture",
    .title = "Finagle deterministic aperture",
    .summary = "Two choices by weight within this balancer's slice of a circle of all backends.",
    .reference = "Finagle 2024-10, loadbalancer/aperture/WeightedAperture.scala",
    .cost = "O(log n)",
    .changes =
        "The circle is laid out anew on a join, a leave or another weight, and slices move; a "
        "failure leaves them.",
    .params = params,
    .create = create,
    .destroy = destroy,
    .pick = pick,
    .on_pool_change = on_pool_change,
    .describe = describe,
};
