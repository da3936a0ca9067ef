/*
 * The turns of Envoy's round robins: a plain counter while all count the same, else a schedule.
 *
 * The idea: while the weights of the usable backends are equal and none is in slow start, they take
 * turns by a counter that starts anywhere and goes on when the list changes. Else they wait in a
 * queue of deadlines (edf.h), each due again 1/weight after its pick, with the weight it has then.
 * The schedule is made anew when members, health or weights change, and stays in use, as in Envoy,
 * when the last slow start runs out. Newer versions start it after a random number of picks, so
 * that many proxies do not all start with the heaviest: the picks are not made but worked out,
 * floor(weight x picks / sum) for each backend and the rest one by one.
 *
 * Cost: O(1) by the counter, O(log n) by the schedule; a rebuild O(n log n).
 * Source: Envoy, load_balancer_impl.{h,cc}, edf_scheduler.h; rules in our own words and code.
 */
#ifndef LB_ENVOY_TURNS_H
#define LB_ENVOY_TURNS_H

#include "algorithms/edf.h"
#include "algorithms/members.h"

/* What the backend in this row of the algorithm's pool counts for now; > 0. */
typedef double lb_envoy_weigh(const void *state, uint32_t row, lb_time now);

struct lb_envoy_turns {
    struct lb_members members;
    struct lb_edf edf;
    uint64_t index; /* of the counter */
    uint32_t picks; /* worked out before the first one of a schedule; 0 = start at the start */
    bool plain;     /* the counter is in use */
};

#define LB_ENVOY_PICKS_MAX UINT32_C(429496729) /* Envoy's bound for the picks worked out */

/* Nobody yet; fill index and picks afterwards. 0, or -1 with *error; done() either way. */
int lb_envoy_turns_init(struct lb_envoy_turns *turns, const struct lb_pool *pool,
                        struct lb_error *error);
void lb_envoy_turns_done(struct lb_envoy_turns *turns);

/* After a change of the pool that members.h or slow start sees, by the configured weights. */
void lb_envoy_turns_change(struct lb_envoy_turns *turns, lb_envoy_weigh *weigh, const void *state,
                           lb_time now);

/* The same by weights of the algorithm's own, `equal` or not, whether or not the pool changed. */
void lb_envoy_turns_build(struct lb_envoy_turns *turns, bool equal, lb_envoy_weigh *weigh,
                          const void *state, lb_time now);

/* Whose turn it is by the counter; turns->plain, and there are members. */
static inline int32_t lb_envoy_turns_next(struct lb_envoy_turns *turns)
{
    return (int32_t)turns->members.row[turns->index++ % turns->members.count];
}

void lb_envoy_turns_describe(const struct lb_envoy_turns *turns, lb_emit *emit, void *to);

#endif
