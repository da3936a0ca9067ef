/*
 * IPVS wrr: weighted turns in bursts.
 *
 * The idea: a current weight cw walks down from the largest weight in steps of di, the greatest
 * common divisor of the weights. At each height the list is gone through once, and everybody of at
 * least that weight has a turn. {5,1,1} gives a a a a a b c: nothing is smoothed.
 *
 * mw, the top, is the largest weight - (di - 1), so that the walk ends at 1. A join, a leave, a
 * changed weight or threshold starts again at the head of the list, at the height where the walk
 * was: rounded down to a step of the new di, or the top when that lies beyond it.
 *
 * When nobody can take a round at some height, the kernel tries the next lower one, and so on; here
 * the largest weight that can take one is looked up and the walk jumps to the first height at or
 * below it, with the same picks. When nobody can take any, the kernel has by then gone through
 * everything: the place is the head at the top again, or, when the walk was at its last height
 * (cw <= di) and inside the list, unchanged.
 *
 * Cost: O(n / those who have a turn at this height) a pick, at most two scans of the list.
 * Source: Linux, net/netfilter/ipvs/ip_vs_wrr.c; rules only. List order and the overloaded flag:
 * service.h. The derived recordings under tests/golden/derived are decided equally.
 */
#include "algorithms/ipvs/service.h"

struct state {
    struct lb_ipvs ipvs;
    int64_t cw, mw, di; /* height of the walk, its top, its step; mw 0 = nobody has weight */
    int32_t cl;         /* who had the last turn; -1 = the head of the list */
};

static uint32_t greatest_divisor(uint32_t a, uint32_t b)
{
    while (b != 0) {
        uint32_t rest = a % b;
        a = b;
        b = rest;
    }
    return a;
}

/* Back to the head; di and mw from the weights in the list. */
static void restart(struct state *s)
{
    uint32_t divisor = 0, largest = 0;
    for (uint32_t i = 0; i < s->ipvs.pool->count; i++) {
        uint32_t weight = s->ipvs.dest[i].listed ? s->ipvs.dest[i].weight : 0;
        divisor = greatest_divisor(divisor, weight);
        largest = weight > largest ? weight : largest;
    }
    s->cl = -1;
    s->di = divisor != 0 ? divisor : 1;
    s->mw = largest - (s->di - 1);
}

static void *create(const struct lb_setup *setup, struct lb_error *error)
{
    struct state *s = lb_ipvs_new(setup, sizeof *s, error);
    if (s == NULL)
        return NULL;
    restart(s);
    s->cw = s->mw;
    return s;
}

static void on_pool_change(void *state, const int32_t *changed, uint32_t count, lb_time now)
{
    struct state *s = state;
    (void)now;
    if (!lb_ipvs_note(&s->ipvs, changed, count))
        return;
    restart(s);
    if (s->cw > s->mw || s->cw == 0)
        s->cw = s->mw;
    else if (s->di > 1)
        s->cw = s->cw / s->di * s->di + 1;
}

/* The first from row `i` on that has a turn at this height, or LB_NONE. */
static int32_t turn_from(const struct state *s, uint32_t i)
{
    const struct lb_pool *pool = s->ipvs.pool;
    for (; i < pool->count; i++)
        if (pool->at[i].weight >= s->cw && lb_ipvs_takes(&s->ipvs, i))
            return (int32_t)i;
    return LB_NONE;
}

/* To the next height at which somebody has a turn; false when nobody has at any. */
static bool step_down(struct state *s)
{
    int64_t largest = 0;
    for (uint32_t i = 0; i < s->ipvs.pool->count; i++)
        if (s->ipvs.pool->at[i].weight > largest && lb_ipvs_takes(&s->ipvs, i))
            largest = s->ipvs.pool->at[i].weight;
    if (largest == 0) {
        if (s->cl < 0 || s->cw > s->di) {
            s->cl = -1;
            s->cw = s->mw;
        }
        return false;
    }
    s->cw -= s->di;
    if (s->cw <= 0)
        s->cw = s->mw;
    if (s->cw > largest)
        s->cw -= (s->cw - largest + s->di - 1) / s->di * s->di;
    return true;
}

static int32_t pick(void *state, const struct lb_request *request, lb_time now)
{
    struct state *s = state;
    (void)request, (void)now;
    if (s->mw == 0)
        return LB_NONE;
    int32_t row = turn_from(s, (uint32_t)(s->cl + 1));
    if (row == LB_NONE && step_down(s))
        row = turn_from(s, 0);
    if (row != LB_NONE)
        s->cl = row;
    return row;
}

static void describe(const void *state, lb_emit *emit, void *to)
{
    const struct state *s = state;
    emit(to, -1, "current_weight", (double)s->cw);
    emit(to, -1, "max_weight", (double)s->mw);
    emit(to, -1, "step", (double)s->di);
    emit(to, -1, "last", s->cl);
    lb_ipvs_describe(state, emit, to);
}

extern const struct lb_algorithm lb_algorithm_ipvs_wrr;
const struct lb_algorithm lb_algorithm_ipvs_wrr = {
    .abi = LB_ABI,
    .name = "ipvs-wrr",
    .title = "IPVS weighted round robin",
    .summary = "Turns by weight in bursts: {5,1,1} gives a a a a a b c.",
    .reference = "Linux, net/netfilter/ipvs/ip_vs_wrr.c",
    .cost = "O(n) at the end of each round, O(1) between with equal weights",
    .changes = "A join, a leave, a changed weight or limit starts again at the head of the list; a "
               "failure or an overload is passed over.",
    .claims = LB_CLAIM_WEIGHTS,
    .create = create,
    .destroy = lb_ipvs_destroy,
    .pick = pick,
    .on_attempt_start = lb_ipvs_start,
    .on_attempt_finish = lb_ipvs_finish,
    .on_pool_change = on_pool_change,
    .describe = describe,
};
