/*
 * The source address of a request as a balancer sees it, forged or true.
 *
 * A client may write any address into X-Forwarded-For; a balancer that trusts the header takes it for
 * the client's. So a forged address is believed where `trust_forwarded` is written, unless the balancer
 * before it has put a true one in its place: one that forwards the client's address and does not
 * itself trust what it is told.
 */
#ifndef MODEL_SPOOF_H
#define MODEL_SPOOF_H

#include "algorithms/lb.h"

struct world;
struct front;

/* The address that balancer `f` takes the request to come from, and its client. */
void spoof_source(const struct world *w, const struct front *f, uint32_t id,
                  struct lb_address *source, uint32_t *client);

#endif
