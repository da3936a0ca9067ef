/*
 * Connections of clients: opened by a request that finds none, kept for those that follow, closed by
 * age, silence or number of requests.
 */
#ifndef MODEL_CONNECTION_H
#define MODEL_CONNECTION_H

#include "algorithms/types.h"

#include <stdint.h>

struct front;
struct world;

/* What the connection of this request costs the balancer besides the request, ns of its own work: a
 * handshake that it has to make because the request opened the connection. 0 when it costs nothing. */
lb_time connection_costs(const struct world *w, const struct front *f, uint32_t id);

#endif
