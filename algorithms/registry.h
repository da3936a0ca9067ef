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

/*
 * Adds an algorithm from outside (a plug-in's struct, which must stay where it is) behind those that
 * are built in. For the start of a program, before it has threads. 0, or -1 with *error: it fails
 * lb_algorithm_check, its name is taken, or there are LB_PLUGINS_MAX already.
 */
#define LB_PLUGINS_MAX 16
#define LB_PARAMS_MAX  16 /* parameters of one algorithm */
int lb_registry_add(const struct lb_algorithm *algorithm, struct lb_error *error);

/* Is the struct one that a host can use: the ABI of this library, the hooks that nobody can do
 * without, texts, a name of words and dashes, parameters whose default lies in their range? Nothing
 * but the ABI is looked at when that is wrong. 0, or -1 with *error. */
int lb_algorithm_check(const struct lb_algorithm *algorithm, struct lb_error *error);

/* The place of the parameter in algorithm->params, or -1. */
int lb_param_find(const struct lb_algorithm *algorithm, const char *name);

/* How many parameters the algorithm has. */
uint32_t lb_param_count(const struct lb_algorithm *algorithm);

#endif
