/*
 * What a scenario says of several equal balancers: who takes over from whom (sim/model/redundancy.h).
 */
#ifndef SCENARIO_TIER_H
#define SCENARIO_TIER_H

#include <stdbool.h>
#include <stdint.h>

#include "algorithms/types.h"

enum redundancy_mode { REDUNDANCY_SINGLE, REDUNDANCY_PASSIVE, REDUNDANCY_ACTIVE };

struct scenario_redundancy {
    bool on;
    enum redundancy_mode mode;
    bool vrrp2; /* else vrrp3 */
    lb_time advert;
    uint32_t *priorities; /* one for each of the entry's balancers, 1 to 254 */
    uint32_t priority_count;
    bool preempt, sync;
    lb_time sync_lag;
    bool detects; /* else nobody notices a dead one */
    lb_time detect;
};

/* Which part of the backends each of several balancers knows. */
enum subset_rule { SUBSET_SRE, SUBSET_RINGSTEADY, SUBSET_RANDOM };

struct scenario_subset {
    bool on;
    enum subset_rule rule;
    uint32_t size;
};

#endif
