/*
 * Power of two choices: draw two backends, take the one that carries less for its weight.
 *
 * The idea: one look at a second backend removes nearly all of the imbalance of random choice, at
 * a cost that does not grow with the pool. Draws have chances proportional to the weights; loads
 * are compared as in_flight / weight, by cross multiplication; a tie goes to the earlier draw, so
 * that an idle pool is used in proportion to the weights. `choices` draws k instead of two;
 * `replacement=yes` allows the same backend to be drawn twice, as the textbook's mean field does.
 *
 * The hot path (two choices without replacement, equal weights, no limits, a first attempt) makes
 * both draws from one 64-bit number, as pair.h explains. Elsewhere a draw of a backend that may not
 * have the request (tried, full, drawn before) is repeated; after a few in vain the allowed ones
 * are counted out, with the same chances. A backend in slow start counts, in draws and comparisons,
 * for the part of its weight it has warmed up to.
 *
 * Cost: O(choices), times log n with unequal weights; O(n) when most backends are full.
 * Source: M. Mitzenmacher, "The power of two choices in randomized load balancing", IEEE TPDS 12
 * (2001). Weighted draws as nginx `random two`, except that nginx gives ties to the second draw.
 */
#include <stdlib.h>

#include "algorithms/pair.h"
#include "algorithms/shares.h"
#include "algorithms/warm.h"

static const struct lb_param params[] = {
    LB_CHOICES_PARAMS,
    {.name = NULL},
};

struct state {
    const struct lb_pool *pool;
    struct lb_random *random;
    struct lb_shares shares; /* of the usable rows */
    uint32_t choices;
    bool replacement;
    bool plain;              /* the hot path serves every first attempt */
    bool large;              /* and the pool is larger than the cache */
    bool ahead;              /* the pair of the next pick has been drawn */
    uint32_t next[2];        /* its rows */
    struct lb_random before; /* the stream before it was */
};

/* From so many rows on it pays to fetch those of the next pick early, and so to draw it early: at
 * 10,000 a pick waits mostly for memory; at 100 looking ahead would only cost 1 ns. */
#define LARGE 1000U

static void destroy(void *state)
{
    struct state *s = state;
    lb_shares_done(&s->shares);
    free(s);
}

/* What was drawn ahead was not: the next draw is another one. */
static void turn_back(struct state *s)
{
    if (s->ahead)
        *s->random = s->before;
    s->ahead = false;
}

static void on_pool_change(void *state, const int32_t *changed, uint32_t count, lb_time now)
{
    struct state *s = state;
    (void)changed, (void)count;
    turn_back(s);
    lb_shares_build_warm(&s->shares, s->pool, now);
    s->plain = s->choices == 2 && !s->replacement && s->shares.equal && !s->shares.limited &&
               s->shares.count >= 2;
    s->large = s->shares.count >= LARGE;
}

static void *create(const struct lb_setup *setup, struct lb_error *error)
{
    struct state *s = malloc(sizeof *s);
    if (s == NULL) {
        lb_error_set(error, LB_ERROR_MEMORY, "power-of-two: no memory");
        return NULL;
    }
    *s = (struct state){.pool = setup->pool,
                        .random = setup->random,
                        .choices = (uint32_t)lb_value(setup, params, 0),
                        .replacement = lb_value(setup, params, 1) != 0};
    if (lb_shares_init(&s->shares, setup->pool, error) != 0) {
        destroy(s);
        return NULL;
    }
    on_pool_change(s, NULL, 0, setup->now);
    return s;
}

/* Two rows by the next draw. */
static inline void draw(const struct state *s, uint32_t rows[2])
{
    uint32_t first, second;
    lb_pair_draw(s->random, s->shares.count, &first, &second);
    rows[0] = s->shares.row[first];
    rows[1] = s->shares.row[second];
}

/* The same, and draws and fetches those of the next pick. */
static inline void draw_ahead(struct state *s, uint32_t rows[2])
{
    const struct lb_backend *at = s->pool->at;
    if (__builtin_expect(!s->ahead, 0))
        draw(s, s->next);
    rows[0] = s->next[0];
    rows[1] = s->next[1];
    s->before = *s->random;
    s->ahead = true;
    draw(s, s->next);
    __builtin_prefetch(&at[s->next[0]]);
    __builtin_prefetch(&at[s->next[1]]);
}

/* Out of line: the hot path would have to make room on the stack for it. */
static __attribute__((noinline)) int32_t pick_among(struct state *s,
                                                    const struct lb_request *request, lb_time now)
{
    const struct lb_backend *at = s->pool->at;
    uint32_t chosen[LB_CHOICES_MAX];
    int32_t best = LB_NONE;
    for (uint32_t k = 0; k < s->choices; k++) {
        int32_t row = lb_shares_throw(&s->shares, s->pool, request, chosen, s->replacement ? 0 : k,
                                      s->random);
        if (row < 0)
            break;
        chosen[k] = (uint32_t)row;
        if (best < 0 || lb_warm_compare(s->shares.warming, at[row].in_flight, &at[row],
                                        at[best].in_flight, &at[best], now) < 0)
            best = row;
    }
    return best >= 0 ? best : lb_wait_or_none(s->pool, request);
}

static int32_t pick(void *state, const struct lb_request *request, lb_time now)
{
    struct state *s = state;
    if (!s->plain || request->tried_count != 0) {
        turn_back(s);
        return pick_among(s, request, now);
    }
    uint32_t rows[2];
    if (s->large)
        draw_ahead(s, rows);
    else
        draw(s, rows);
    const struct lb_backend *at = s->pool->at;
    return (int32_t)(at[rows[1]].in_flight < at[rows[0]].in_flight ? rows[1] : rows[0]);
}

static void describe(const void *state, lb_emit *emit, void *to)
{
    const struct state *s = state;
    emit(to, -1, "choices", s->choices);
    emit(to, -1, "candidates", s->shares.count);
    for (uint32_t place = 0; place < s->shares.count; place++)
        emit(to, (int32_t)s->shares.row[place], "share",
             (double)lb_shares_of(&s->shares, place) / (double)s->shares.total);
}

extern const struct lb_algorithm lb_algorithm_power_of_two;
const struct lb_algorithm lb_algorithm_power_of_two = {
    .abi = LB_ABI,
    .name = "power-of-two",
    .title = "Power of two choices",
    .summary = "Draws two backends by weight, takes the one with less in_flight / weight.",
    .reference = "Mitzenmacher 2001; weighted draws as nginx random two, ties to the first draw",
    .cost = "O(choices), times log n with unequal weights",
    .changes = "Shares are laid out anew on each change; loads follow the books at once.",
    .claims = LB_CLAIM_ALWAYS | LB_CLAIM_WEIGHTS,
    .params = params,
    .create = create,
    .destroy = destroy,
    .pick = pick,
    .on_pool_change = on_pool_change,
    .describe = describe,
};
