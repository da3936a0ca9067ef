/*
 * Handshakes: what it takes to open a connection that is encrypted, full or resumed with a ticket.
 *
 * A client that made a handshake has a ticket for a while, and may use it for its next connection.
 * Who was there is kept in a table of fixed size that forgets those longest away, as a session cache
 * does. Cost: O(1) a connection.
 */
#ifndef MODEL_TLS_H
#define MODEL_TLS_H

#include <stdbool.h>
#include <stdint.h>

#include "algorithms/types.h"
#include "sim/base/map.h"

struct lb_random;
struct world;

struct ticket {
    uint64_t client;
    lb_time at; /* of the last handshake */
    uint32_t newer, older;
};

struct tickets {       /* all zero = empty */
    struct ticket *at; /* at[0] is nobody */
    uint32_t used, room, newest, oldest;
    struct map by_client;
};

void tickets_done(struct tickets *t);
/* The client makes a handshake now: had it a ticket that is still good? size: clients kept. */
bool tickets_use(struct tickets *t, uint64_t client, lb_time life, uint32_t size, lb_time now);

/* Does a connection to this balancer begin with a handshake? */
bool tls_at(const struct world *w, uint32_t front);
/* The handshake of the connection that this request of the client opens at a balancer: how long it
 * keeps the request, ns. What others pay for it is written beside the request. */
lb_time tls_open(struct world *w, uint32_t id, uint32_t front, uint64_t client,
                 struct lb_random *random, lb_time now);

#endif
