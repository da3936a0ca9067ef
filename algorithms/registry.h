/*
 * The list of all algorithms that are built in. Adding one is a file and a line in registry.c.
 */
#ifndef LB_REGISTRY_H
#define LB_REGISTRY_H

#include "algorithms/lb.h"

/* How many algorithms there are, and the i-th, 0 <= i < count, in order of the table. */
uint32_t lb_registry_count(void);
const struct lb_algorithm *lb_registry_at(uint32_t i);

/* The algorithm of this name or alias ("ip-hash" is source-hash), or NULL. */
const struct lb_algorithm *lb_registry_find(const char *name);

/* The i-th alias: *alias and *name are filled; false when i is beyond the last. */
bool lb_registry_alias(uint32_t i, const char **alias, const char **name);

/* The place of the parameter in algorithm->params, or -1. */
int lb_param_find(const struct lb_algorithm *algorithm, const char *name);

/* How many parameters the algorithm has. */
uint32_t lb_param_count(const struct lb_algorithm *algorithm);

#endif
