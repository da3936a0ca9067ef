/*
 * The balancer tier of a random scenario: one balancer, several alike, or two tiers; and what befalls
 * them. Draws of its own, so that the rest of a seed's scenario does not depend on it.
 */
#ifndef TESTS_RANDOM_TIER_H
#define TESTS_RANDOM_TIER_H

#include "algorithms/random.h"
#include "sim/base/text.h"
#include "sim/scenario/scenario.h"

struct random_tier {
    struct lb_random random;
    uint32_t count, outer; /* of `balancer` and of `outer`; 0 = one without a number, or none */
};

void random_tier_init(struct random_tier *tier, uint64_t seed);
/* From the keys of one balancer (two spaces in front of each line) to the section of all. */
void random_tier_section(struct random_tier *tier, const struct text *keys, struct text *to);
/* Entries of the timeline between two instants, ms. How many there were. */
uint32_t random_tier_actions(struct random_tier *tier, uint32_t from, uint32_t until,
                             struct text *to);
/* A command about a balancer or a road. */
struct scenario_action random_tier_command(const struct scenario *scenario,
                                           struct lb_random *random);

#endif
