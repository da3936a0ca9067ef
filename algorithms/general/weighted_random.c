/*
 * Weighted random in constant time: draws with chances proportional to the weights, from an alias
 * table.
 *
 * The idea: cut the weights into as many columns of equal height as there are backends, so that
 * each column holds a piece of at most two of them: its own, below a threshold, and one alias
 * above. A draw is a column and a height. `random` makes the same choice by a binary search over
 * running sums; this one looks at one column, whatever the weights are.
 *
 * Both come from one 64-bit number: the upper half is the column, exactly uniform by drawing rare
 * halves again, the lower half the height. Thresholds are rounded to 2^-32 of a column, far below
 * what any number of picks can show. A draw of a backend that may not have the request (tried,
 * full) is repeated; after a few in vain the allowed ones are counted out, with the same chances.
 *
 * Cost: O(1) a pick, O(n) when most backends are full; O(n) a rebuild; 28 bytes a row.
 * Source: A. J. Walker, "An efficient method for generating discrete random variables with general
 * distributions", ACM TOMS 3 (1977); building in one pass: M. D. Vose, IEEE TSE 17 (1991).
 */
#include <stdlib.h>

#include "algorithms/shares.h"

struct column {
    uint32_t threshold; /* heights from here on are the alias's; ALL = none are */
    uint32_t row, alias;
};

#define ALL UINT32_MAX

struct state {
    const struct lb_pool *pool;
    struct lb_random *random;
    struct lb_shares shares; /* of the open rows */
    struct column *column;   /* one for each place of the shares */
    double *height;          /* of a build: what is left of a place, in columns */
    uint32_t *stack; /* of a build: places below a column from the left, others from the right */
};

static void destroy(void *state)
{
    struct state *s = state;
    lb_shares_done(&s->shares);
    free(s->column);
    free(s->height);
    free(s->stack);
    free(s);
}

/* Pairs what is less than a column with what is more, until every column is full. */
static void build_columns(struct state *s)
{
    uint32_t count = s->shares.count, low = 0, high = count;
    for (uint32_t place = 0; place < count; place++) {
        double share = (double)lb_shares_of(&s->shares, place);
        s->height[place] = s->shares.equal ? 1 : share / (double)s->shares.total * count;
        s->column[place] = (struct column){ALL, s->shares.row[place], s->shares.row[place]};
        if (s->height[place] < 1)
            s->stack[low++] = place;
        else
            s->stack[--high] = place;
    }
    while (low > 0 && high < count) {
        uint32_t small = s->stack[--low], large = s->stack[high];
        double threshold = s->height[small] * 0x1.0p32;
        s->column[small].threshold = threshold < ALL ? (uint32_t)threshold : ALL;
        s->column[small].alias = s->shares.row[large];
        s->height[large] -= 1 - s->height[small];
        if (s->height[large] < 1) {
            high++;
            s->stack[low++] = large;
        }
    }
}

static void on_pool_change(void *state, const int32_t *changed, uint32_t count, lb_time now)
{
    struct state *s = state;
    (void)changed, (void)count;
    lb_shares_build_warm(&s->shares, s->pool, now);
    build_columns(s);
}

static void *create(const struct lb_setup *setup, struct lb_error *error)
{
    const struct lb_pool *pool = setup->pool;
    size_t max = (pool->max > pool->count ? pool->max : pool->count) + (size_t)1;
    struct state *s = calloc(1, sizeof *s);
    if (s == NULL) {
        lb_error_set(error, LB_ERROR_MEMORY, "weighted-random: no memory");
        return NULL;
    }
    s->pool = pool;
    s->random = setup->random;
    s->column = calloc(max, sizeof *s->column);
    s->height = calloc(max, sizeof *s->height);
    s->stack = calloc(max, sizeof *s->stack);
    bool room = s->column != NULL && s->height != NULL && s->stack != NULL;
    if (!room)
        lb_error_set(error, LB_ERROR_MEMORY, "weighted-random: no memory");
    if (!room || lb_shares_init(&s->shares, pool, error) != 0) {
        destroy(s);
        return NULL;
    }
    on_pool_change(s, NULL, 0, setup->now);
    return s;
}

static uint32_t draw(struct state *s)
{
    uint32_t n = s->shares.count;
    uint64_t number, product;
    do {
        number = lb_random_u64(s->random);
        product = (number >> 32) * n;
    } while ((uint32_t)product < n && (uint32_t)product < (0U - n) % n);
    const struct column *column = &s->column[product >> 32];
    uint32_t height = (uint32_t)number;
    return height < column->threshold || column->threshold == ALL ? column->row : column->alias;
}

static int32_t pick(void *state, const struct lb_request *request, lb_time now)
{
    struct state *s = state;
    (void)now;
    if (s->shares.count == 0)
        return LB_NONE;
    for (int dart = 0; dart < LB_SHARES_DARTS; dart++) {
        uint32_t row = draw(s);
        if (lb_may(s->pool, request, row))
            return (int32_t)row;
    }
    int32_t row = lb_shares_count_out(&s->shares, s->pool, request, NULL, 0, s->random);
    return row >= 0 ? row : lb_wait_or_none(s->pool, request);
}

static void describe(const void *state, lb_emit *emit, void *to)
{
    const struct state *s = state;
    for (uint32_t place = 0; place < s->shares.count; place++)
        emit(to, (int32_t)s->shares.row[place], "share",
             (double)lb_shares_of(&s->shares, place) / (double)s->shares.total);
}

extern const struct lb_algorithm lb_algorithm_weighted_random;
const struct lb_algorithm lb_algorithm_weighted_random = {
    .abi = LB_ABI,
    .name = "weighted-random",
    .title = "Weighted random (alias table)",
    .summary = "Draws a backend with chances proportional to the weights, in constant time.",
    .reference = "Walker 1977, Vose 1991; Finagle's weighted aperture draws from such a table",
    .cost = "O(1)",
    .changes = "The table is built anew on each change, O(n); nothing is remembered between "
               "requests.",
    .claims = LB_CLAIM_ALWAYS | LB_CLAIM_WEIGHTS,
    .create = create,
    .destroy = destroy,
    .pick = pick,
    .on_pool_change = on_pool_change,
    .describe = describe,
};
