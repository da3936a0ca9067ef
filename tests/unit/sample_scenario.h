/*
 * Two scenarios that the tests of this room share, and how they are loaded.
 */
#ifndef TESTS_SAMPLE_SCENARIO_H
#define TESTS_SAMPLE_SCENARIO_H

#include "sim/scenario/load.h"

/* Nothing but what must be written; and nearly every key there is. */
extern const char sample_small[], sample_large[];

/* Loads text with what stands on top of it; a failure fails the test. */
struct scenario *sample_load_with(const char *text, const char *const *sets, uint32_t count,
                                  const char *variant, const char *algorithm);
struct scenario *sample_load(const char *text);
struct scenario *sample_load_set(const char *text, const char *set);

#endif
