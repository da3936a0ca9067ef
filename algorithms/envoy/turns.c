/*
 * See turns.h.
 */
#include "algorithms/envoy/turns.h"

#include <math.h>

#include "algorithms/envoy/slow_start.h"

int lb_envoy_turns_init(struct lb_envoy_turns *turns, const struct lb_pool *pool,
                        struct lb_error *error)
{
    *turns = (struct lb_envoy_turns){.plain = true};
    if (lb_members_init(&turns->members, pool, LB_PRESENT | LB_USABLE, error) != 0)
        return -1;
    return lb_edf_init(&turns->edf, pool->max > pool->count ? pool->max : pool->count, error);
}

void lb_envoy_turns_done(struct lb_envoy_turns *turns)
{
    lb_members_done(&turns->members);
    lb_edf_done(&turns->edf);
}

static bool somebody_warms(const struct lb_members *members, lb_time now)
{
    for (uint32_t i = 0; i < members->count; i++)
        if (lb_envoy_warming(&members->pool->at[members->row[i]], now))
            return true;
    return false;
}

/* A schedule as it would stand after so many picks. */
static void start_after(struct lb_envoy_turns *turns, double picks, lb_envoy_weigh *weigh,
                        const void *state, lb_time now)
{
    const struct lb_members *members = &turns->members;
    double sum = 0, left = picks;
    for (uint32_t i = 0; i < members->count; i++)
        sum += weigh(state, members->row[i], now);
    for (uint32_t i = 0; i < members->count; i++) {
        double weight = weigh(state, members->row[i], now);
        double done = floor(weight * picks / sum);
        lb_edf_add_picked(&turns->edf, members->row[i], weight, done);
        left -= done;
    }
    for (; left > 0; left--)
        lb_edf_put_back(&turns->edf, weigh(state, lb_edf_first(&turns->edf), now));
}

void lb_envoy_turns_build(struct lb_envoy_turns *turns, bool equal, lb_envoy_weigh *weigh,
                          const void *state, lb_time now)
{
    const struct lb_members *members = &turns->members;
    lb_edf_clear(&turns->edf);
    turns->plain = members->count == 0 || (equal && !somebody_warms(members, now));
    if (turns->plain)
        return;
    if (turns->picks > 0) {
        start_after(turns, turns->picks, weigh, state, now);
        return;
    }
    for (uint32_t i = 0; i < members->count; i++)
        lb_edf_add(&turns->edf, members->row[i], weigh(state, members->row[i], now));
}

void lb_envoy_turns_change(struct lb_envoy_turns *turns, lb_envoy_weigh *weigh, const void *state,
                           lb_time now)
{
    bool changed = lb_members_look(&turns->members);
    if (changed || (turns->plain && somebody_warms(&turns->members, now)))
        lb_envoy_turns_build(turns, turns->members.equal, weigh, state, now);
}

void lb_envoy_turns_describe(const struct lb_envoy_turns *turns, lb_emit *emit, void *to)
{
    if (turns->plain) {
        emit(to, -1, "next",
             turns->members.count > 0 ? (double)(turns->index % turns->members.count) : 0);
        return;
    }
    emit(to, -1, "now", turns->edf.now);
    for (uint32_t i = 0; i < turns->edf.count; i++)
        emit(to, (int32_t)turns->edf.heap[i].row, "deadline", turns->edf.heap[i].deadline);
}
