/*
 * IPVS twos: the better of two random choices, with the kernel's bias to the first.
 *
 * The idea: two independent numbers r in [0, total], both ends included, where total is the sum of
 * the weights. Each walks down the list taking off weights and stops at the first destination where
 * nothing is left (remainder <= 0). So 0 hits the first as well as 1 .. w do: the first has w + 1
 * chances of total + 1. Choices may be the same. The second choice wins only when it carries less
 * overhead for its weight, strictly.
 *
 * While nobody is overloaded the walk is a look-up: r = 0 is the first, else the place of r - 1
 * among the weights laid end to end.
 *
 * Cost: O(1), O(log n) with unequal weights, O(n) while somebody is overloaded.
 * Source: Linux, net/netfilter/ipvs/ip_vs_twos.c; rules only. List order and the overloaded flag:
 * service.h. The kernel takes a 32-bit random number modulo total + 1; here the draw is exactly
 * uniform.
 */
#include "algorithms/ipvs/service.h"
#include "algorithms/shares.h"

struct state {
    struct lb_ipvs ipvs;
    struct lb_random *random;
    struct lb_shares shares; /* of the open rows */
    uint64_t total;          /* the sum of their weights */
    uint32_t unit;           /* weight of one share: shares of equal weights are 1 each */
};

static void destroy(void *state)
{
    struct state *s = state;
    lb_shares_done(&s->shares);
    lb_ipvs_destroy(s);
}

static void lay_out(struct state *s)
{
    lb_shares_build(&s->shares, s->ipvs.pool, LB_PRESENT | LB_USABLE);
    bool equal = s->shares.count > 0 && s->shares.equal;
    s->unit = equal ? s->ipvs.pool->at[s->shares.row[0]].weight : 1;
    s->total = s->shares.total * s->unit;
}

static void *create(const struct lb_setup *setup, struct lb_error *error)
{
    struct state *s = lb_ipvs_new(setup, sizeof *s, error);
    if (s == NULL)
        return NULL;
    s->random = setup->random;
    if (lb_shares_init(&s->shares, setup->pool, error) != 0) {
        destroy(s);
        return NULL;
    }
    lay_out(s);
    return s;
}

static void on_pool_change(void *state, const int32_t *changed, uint32_t count, lb_time now)
{
    struct state *s = state;
    (void)now;
    lb_ipvs_note(&s->ipvs, changed, count);
    lay_out(s);
}

/* One choice while nobody is overloaded; shares.count >= 1. */
static uint32_t choose(struct state *s)
{
    uint64_t r = lb_shares_below(s->random, s->total + 1);
    uint64_t share = r == 0 ? 0 : (r - 1) / s->unit;
    return s->shares.row[lb_shares_at(&s->shares, share)];
}

/* One choice by the walk, among those who take connections; total >= 1 is the sum of their weights. */
static uint32_t choose_walking(struct state *s, uint64_t total)
{
    uint64_t r = lb_shares_below(s->random, total + 1);
    uint32_t last = 0;
    for (uint32_t i = 0; i < s->ipvs.pool->count; i++) {
        if (!lb_ipvs_takes(&s->ipvs, i))
            continue;
        last = i;
        if (r <= s->ipvs.pool->at[i].weight)
            break;
        r -= s->ipvs.pool->at[i].weight;
    }
    return last;
}

static int32_t pick(void *state, const struct lb_request *request, lb_time now)
{
    struct state *s = state;
    const struct lb_backend *at = s->ipvs.pool->at;
    uint32_t first, second;
    (void)request, (void)now;
    if (s->ipvs.overloaded == 0) {
        if (s->shares.count == 0)
            return LB_NONE;
        first = choose(s);
        second = choose(s);
    } else {
        uint64_t total = 0;
        for (uint32_t i = 0; i < s->ipvs.pool->count; i++)
            total += lb_ipvs_takes(&s->ipvs, i) ? at[i].weight : 0;
        if (total == 0)
            return LB_NONE;
        first = choose_walking(s, total);
        second = choose_walking(s, total);
    }
    return (int32_t)(lb_ipvs_lighter(&at[second], &at[first]) ? second : first);
}

static void describe(const void *state, lb_emit *emit, void *to)
{
    const struct state *s = state;
    emit(to, -1, "total_weight", (double)s->total);
    lb_ipvs_describe(state, emit, to);
}

extern const struct lb_algorithm lb_algorithm_ipvs_twos;
const struct lb_algorithm lb_algorithm_ipvs_twos = {
    .abi = LB_ABI,
    .name = "ipvs-twos",
    .title = "IPVS power of two choices",
    .summary =
        "Draws two by weight, the first in the list a bit too often; less in_flight / weight.",
    .reference = "Linux, net/netfilter/ipvs/ip_vs_twos.c",
    .cost = "O(1), O(log n) with unequal weights, O(n) while somebody is overloaded",
    .changes = "Chances are laid out anew on each change; loads follow the books at once.",
    .create = create,
    .destroy = destroy,
    .pick = pick,
    .on_attempt_start = lb_ipvs_start,
    .on_attempt_finish = lb_ipvs_finish,
    .on_pool_change = on_pool_change,
    .describe = describe,
};
