/*
 * Caddy weighted_round_robin: bursts of as many consecutive picks as the weight says.
 *
 * The idea: x = (counter + 1) modulo the sum of the weights; the index is that of the first upstream
 * of weight whose running sum exceeds x. {2,1} goes a b a, a b a: the count starts at 1. The index
 * is then taken modulo the number of available upstreams, among these: while somebody is out, the
 * others get shares that do not follow their weights. A single weight means the single upstream,
 * full or not. The counter has 32 bits and wraps.
 *
 * Cost: O(log n); O(n) while somebody is out or has a limit.
 * Source: Caddy 2.7 and newer, selectionpolicies.go; rules only. Availability and reloads (a changed
 * weight is one too): upstreams.h.
 */
#include <stdlib.h>

#include "algorithms/caddy/upstreams.h"
#include "algorithms/shares.h"

struct state {
    struct lb_caddy caddy;
    struct lb_shares shares; /* of the upstreams of weight, usable or not */
    uint32_t unit;           /* weight of one share: shares of equal weights are 1 each */
    uint32_t *weight;        /* upstream -> weight as last told, to see what is new */
    bool all;                /* everybody of weight is available, whatever the loads */
};

static void destroy(void *state)
{
    struct state *s = state;
    free(s->weight);
    lb_shares_done(&s->shares);
    lb_caddy_destroy(s);
}

/* Lays out the weights; a changed one is a reload. */
static void lay_out(struct state *s)
{
    const struct lb_backend *at = s->caddy.pool->at;
    lb_shares_build(&s->shares, s->caddy.pool, LB_PRESENT);
    s->unit = s->shares.count > 0 && s->shares.equal ? at[s->shares.row[0]].weight : 1;
    s->all = true;
    for (uint32_t place = 0; place < s->shares.count; place++) {
        const struct lb_backend *b = &at[s->shares.row[place]];
        s->all = s->all && lb_open(b) && b->max_in_flight == 0;
    }
    for (uint32_t k = 0; k < s->caddy.count; k++) {
        uint32_t weight = at[s->caddy.row[k]].weight;
        if (s->weight[k] != weight)
            s->caddy.counter = 0;
        s->weight[k] = weight;
    }
}

static void *create(const struct lb_setup *setup, struct lb_error *error)
{
    const struct lb_pool *pool = setup->pool;
    size_t max = pool->max > pool->count ? pool->max : pool->count;
    struct state *s = lb_caddy_new(setup, sizeof *s, error);
    if (s == NULL)
        return NULL;
    if (lb_shares_init(&s->shares, pool, error) != 0) {
        destroy(s);
        return NULL;
    }
    s->weight = calloc(max + (max == 0), sizeof s->weight[0]);
    if (s->weight == NULL) {
        destroy(s);
        lb_error_set(error, LB_ERROR_MEMORY, "caddy: no memory for %zu weights", max);
        return NULL;
    }
    lay_out(s);
    return s;
}

static void on_pool_change(void *state, const int32_t *changed, uint32_t count, lb_time now)
{
    struct state *s = state;
    lb_caddy_change(state, changed, count, now);
    lay_out(s);
}

/* The index-th of the available upstreams of weight, counted around. */
static int32_t among_available(const struct state *s, uint32_t index)
{
    const struct lb_shares *shares = &s->shares;
    uint32_t available = 0;
    for (uint32_t place = 0; place < shares->count; place++)
        available += lb_caddy_available(&s->caddy, shares->row[place]);
    if (available == 0)
        return LB_NONE;
    index %= available;
    for (uint32_t place = 0;; place++)
        if (lb_caddy_available(&s->caddy, shares->row[place]) && index-- == 0)
            return (int32_t)shares->row[place];
}

static int32_t pick(void *state, const struct lb_request *request, lb_time now)
{
    struct state *s = state;
    const struct lb_shares *shares = &s->shares;
    (void)request, (void)now;
    if (shares->count == 0)
        return LB_NONE;
    if (s->caddy.count == 1)
        return lb_open(&s->caddy.pool->at[shares->row[0]]) ? (int32_t)shares->row[0] : LB_NONE;
    uint64_t x = ++s->caddy.counter % (shares->total * s->unit);
    uint32_t index = lb_shares_at(shares, x / s->unit);
    return s->all ? (int32_t)shares->row[index] : among_available(s, index);
}

extern const struct lb_algorithm lb_algorithm_caddy_weighted_round_robin;
const struct lb_algorithm lb_algorithm_caddy_weighted_round_robin = {
    .abi = LB_ABI,
    .name = "caddy-weighted-round-robin",
    .title = "Caddy weighted_round_robin",
    .summary = "Bursts of as many consecutive picks as the weight says.",
    .reference = "Caddy 2.7 and newer, lb_policy weighted_round_robin",
    .cost = "O(log n), O(n) while somebody is out or has a limit",
    .changes =
        "While somebody is out the indices are counted around among the others, so shares no "
        "longer follow the weights. A join, a leave or a changed weight is a reload.",
    .create = create,
    .destroy = destroy,
    .pick = pick,
    .on_pool_change = on_pool_change,
    .describe = lb_caddy_describe,
};
