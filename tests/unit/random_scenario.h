/*
 * A random scenario from a seed, small and as odd as the language of this version allows: every key
 * and action, tiny queues, no delays or long ones, instants at which much happens at once.
 */
#ifndef TESTS_RANDOM_SCENARIO_H
#define TESTS_RANDOM_SCENARIO_H

#include "sim/base/text.h"
#include "sim/scenario/scenario.h"

/* Adds the scenario of this seed to *text. */
void random_scenario(struct text *text, uint64_t seed);

/* A command that a person may give to a run of the scenario. */
struct scenario_action random_command(const struct scenario *scenario, struct lb_random *random);

#endif
