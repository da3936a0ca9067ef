/*
 * IPVS rr: the next destination in the list.
 *
 * The idea: a pointer to the destination that had the last connection; the search starts behind it,
 * goes around once, and takes the first of weight that is not overloaded. Weights other than 0 do
 * not count. When the destination pointed to is deleted, the pointer goes to the one before it.
 *
 * Cost: O(1), O(n) when many are out.
 * Source: Linux, net/netfilter/ipvs/ip_vs_rr.c; rules only. List order and the overloaded flag:
 * service.h.
 */
#include "algorithms/ipvs/service.h"

struct state {
    struct lb_ipvs ipvs;
    int32_t last; /* who had the last one; -1 = the head of the list */
};

static void *create(const struct lb_setup *setup, struct lb_error *error)
{
    struct state *s = lb_ipvs_new(setup, sizeof *s, error);
    if (s != NULL)
        s->last = -1;
    return s;
}

static void on_pool_change(void *state, const int32_t *changed, uint32_t count, lb_time now)
{
    struct state *s = state;
    (void)now;
    lb_ipvs_note(&s->ipvs, changed, count);
    while (s->last >= 0 && (s->ipvs.pool->at[s->last].flags & LB_PRESENT) == 0)
        s->last--;
}

static int32_t pick(void *state, const struct lb_request *request, lb_time now)
{
    struct state *s = state;
    (void)request, (void)now;
    uint32_t count = s->ipvs.pool->count;
    uint32_t i = (uint32_t)(s->last + 1);
    for (uint32_t step = 0; step < count; step++, i++) {
        if (i >= count)
            i = 0;
        if (lb_ipvs_takes(&s->ipvs, i))
            return s->last = (int32_t)i;
    }
    return LB_NONE;
}

static void describe(const void *state, lb_emit *emit, void *to)
{
    const struct state *s = state;
    emit(to, -1, "last", s->last);
    lb_ipvs_describe(state, emit, to);
}

extern const struct lb_algorithm lb_algorithm_ipvs_rr;
const struct lb_algorithm lb_algorithm_ipvs_rr = {
    .abi = LB_ABI,
    .name = "ipvs-rr",
    .title = "IPVS round robin",
    .summary = "The next in the list of those of weight that are not overloaded.",
    .reference = "Linux, net/netfilter/ipvs/ip_vs_rr.c",
    .cost = "O(1), O(n) when many are out",
    .changes = "A failure or an overload is passed over; when the last one picked leaves, the turn "
               "goes on from the one before it.",
    .create = create,
    .destroy = lb_ipvs_destroy,
    .pick = pick,
    .on_attempt_start = lb_ipvs_start,
    .on_attempt_finish = lb_ipvs_finish,
    .on_pool_change = on_pool_change,
    .describe = describe,
};
