/*
 * Health checks as products do them, by name: `health: {like: haproxy}`.
 *
 * A preset is one row: the values that every key under balancer.health has when it is not written.
 * What is written besides wins, key by key. Another product is another row and its name in
 * health_preset_names.
 */
#ifndef SCENARIO_PRESET_H
#define SCENARIO_PRESET_H

#include "sim/scenario/scenario.h"

/* By place; ends with NULL. */
extern const char *const health_preset_names[];

/* active and outlier.on say whether that part is there without being written. A time or count of 0
 * means that the product has no default: the key must then be written with its part. */
extern const struct scenario_health health_presets[];

#endif
