/*
 * The filters before the algorithm: which backends of a tier may take something new.
 *
 * A row is usable (LB_USABLE) when its weight is not 0 and, in this order,
 *   subset   the balancer talks to it at all (SRE, ringsteady or random: algorithms/subset.h);
 *   state    it is not drained, not down by its checks, not ejected, its breaker lets it through;
 *   zone     it stands in the balancer's own zone, or nobody of its tier who is usable otherwise does:
 *            then all zones are used. Own zone first, spill-over only when it is empty;
 *   panic    a smaller share of the tier's backends (in the subset, of weight, not drained) is in
 *            good state than `panic`: then all of these are used, whatever checks, ejections and
 *            zones say. Not when the tiers together bear all the load: Envoy's rule, with each tier
 *            worth min(100, floor(100 x overprovisioning x good / all)) percent; 1 without priority.
 * Priority: the load is shared by what tiers are worth. The first takes its percents of their sum
 * (at most 100), the next what it can of the rest, and what rounding leaves over goes to the first;
 * when all panic, by numbers of backends. A coin says which tier is asked first; who declines leads
 * on to the others in order. Without priority: tiers in order.
 *
 * Nothing here runs for a request, except that coin. A change costs O(backends) with zone, panic or
 * priority, O(1) without.
 * Source: Envoy, load_balancer_impl.cc (recalculatePerPriorityState, isHostSetInPanic).
 */
#ifndef BALANCER_FILTER_H
#define BALANCER_FILTER_H

#include "algorithms/lb.h"
#include "sim/scenario/scenario.h"

struct balancer;

struct filter_tier {
    uint32_t members;           /* in the subset, of weight, not drained */
    uint32_t good;              /* of these, neither down nor ejected nor cut off by a breaker */
    uint32_t own;               /* of these, in the own zone */
    bool panic;                 /* all members are used */
    bool away;                  /* nobody in the own zone: all zones are used */
    bool panic_told, away_told; /* what the caller knows of it */
    uint32_t load; /* priority: percents of the load, this tier and those before it in its pool */
};

struct filter {
    bool on;        /* the state of one backend may change what others are: zone, panic, priority */
    bool track;     /* changes are noted for the caller (place.moved) */
    uint32_t moved; /* how many are */
    struct filter_tier *tiers;
    int32_t *changed;      /* room for the rows of the largest tier */
    struct lb_random coin; /* priority */
};

/* Sets what holds at time 0, before the algorithm is created. */
void filter_init(struct balancer *b);
void filter_done(struct filter *filter);

/* May this backend take something new? From the reasons alone. */
bool filter_open(const struct balancer *b, uint32_t backend);

/* Weight, warmth or a reason of this backend changed: sets the flags and tells the algorithms. */
void filter_update(struct balancer *b, uint32_t backend, lb_time now);

/* Warmth of this backend changed, and nothing else. */
void filter_tell(struct balancer *b, uint32_t backend, lb_time now);

/* Priority: the tier of this pool that is asked first. */
uint32_t filter_first_tier(struct balancer *b, uint32_t pool);

#endif
