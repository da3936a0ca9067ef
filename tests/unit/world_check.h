/*
 * Everything that must hold between events: books against records, lines against nodes, heaps,
 * flags, and that every pending event belongs to somebody.
 *
 * It looks inside a run (sim/run/private.h), which only the room itself may do otherwise: what it
 * checks cannot be seen from outside until much later, as a wrong figure.
 */
#ifndef TESTS_WORLD_CHECK_H
#define TESTS_WORLD_CHECK_H

#include "sim/run/run.h"

struct world;

/* NULL, or the first rule that is broken. To be called where run_until has stopped. */
const char *world_check(struct run *run);

struct front;

/* The part of it about one balancer; in_flight: attempts in its books, by member. */
const char *world_check_front(struct run *run, const struct front *f, const uint32_t *in_flight);
/* Its part about connections (world_check_connections.c); adds their events. */
const char *world_check_connections(struct world *w, uint64_t *events);
/* Connections of layer 4 in the books of this balancer: added to in_flight, by member. */
void world_check_placed(const struct world *w, const struct front *f, uint32_t *in_flight);

#endif
