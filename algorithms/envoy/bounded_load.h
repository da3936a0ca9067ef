/*
 * Envoy's hash_balance_factor: a hashed backend that has too much in flight passes the request on.
 *
 * The idea: with factor f percent and m requests in flight in the pool there are
 * ((m + 1) x f + 99) / 100 slots, of which a backend has its share by weight, rounded up, at least 1.
 * The hashed one takes the request while it has no more in flight than slots (equal is still fine:
 * one more than HAProxy allows). Else the others are tried in an order that the hash decides, a
 * Fisher-Yates shuffle with the numbers of MT19937, and the first that is not overloaded takes it, or
 * the least overloaded of all, the hashed one on ties. A number below n is a quotient: those beyond
 * the last whole stretch are drawn again.
 * The shuffle is undone after the pick instead of being set up before it, so that its cost is that of
 * the backends looked at.
 *
 * Cost: O(1) unless the hashed one is overloaded; then 1 us and O(n) at worst.
 * Source: Envoy, thread_aware_lb_impl.cc, BoundedLoadHashingLoadBalancer; rules only. The paper behind
 * it: V. Mirrokni, M. Thorup, M. Zadimoghaddam, arXiv:1608.01350.
 */
#ifndef LB_ENVOY_BOUNDED_LOAD_H
#define LB_ENVOY_BOUNDED_LOAD_H

#include "algorithms/envoy/mt19937.h"
#include "algorithms/members.h"

struct lb_envoy_bounded_load {
    const struct lb_members *members;
    uint32_t factor;   /* percent; 0 = off */
    uint32_t *order;   /* places 0, 1, 2, ... between picks */
    uint32_t *swapped; /* step -> the place it swapped its own with */
    struct lb_mt19937 *twister;
};

/* The parameter, for the tables of algorithms that have it. */
#define LB_ENVOY_BALANCE_FACTOR_PARAM                                                              \
    {                                                                                              \
        .name = "balance-factor", .unit = "", .value = 0, .min = 0, .max = 10000,                  \
        .help = "percent of the mean load that a backend may carry, 100 or more; 0 is off"         \
    }

/* members outlive the bound. 0, or -1 with *error; done() either way. */
int lb_envoy_bounded_load_init(struct lb_envoy_bounded_load *bound,
                               const struct lb_members *members, double factor,
                               struct lb_error *error);
void lb_envoy_bounded_load_done(struct lb_envoy_bounded_load *bound);

/* Who takes the request that was hashed to this row; the row itself when the bound is off. */
uint32_t lb_envoy_bounded_load(struct lb_envoy_bounded_load *bound, uint32_t row, uint64_t hash);

/* How many requests this weight may have in flight when the next is placed. */
uint64_t lb_envoy_slots(const struct lb_envoy_bounded_load *bound, uint32_t weight);

#endif
