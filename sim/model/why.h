/*
 * Why: what lies behind the end of a request that failed, or that came ok but later than its class's
 * objective. The immediate cause (refused, response timeout) says how it ended; the why says what was
 * wrong with the world: a backend that was dead before its balancer knew, a queue, a slow machine.
 *
 * The idea: nothing is kept while all goes well. When a request fails, or is found to be slow by the
 * same comparison that counts goodput, the world of that moment is asked:
 *   - first the rows of the table (why.c) that know a definite reason, in order;
 *   - then how long the request spent where: on the network, at the balancer, in a queue, being
 *     served, in tries before this one. The longest part says why.
 * A request that was retried has the why of its first failed try, kept beside its tries; one that
 * fails after all the retries its rule allows failed because they were exhausted.
 *
 * A new kind of why is a word in enum why and a row of the table in why.c, nothing else.
 *
 * Cost: nothing for a request that ends ok in time; O(1) for one that does not.
 */
#ifndef MODEL_WHY_H
#define MODEL_WHY_H

#include "algorithms/types.h"
#include "sim/scenario/words.h"

enum why {
    WHY_DRAIN_CUT,
    WHY_NOBODY,
    WHY_BALANCER,
    WHY_FAILOVER,
    WHY_LOST,
    WHY_PANIC,
    WHY_CRASH,
    WHY_DETECTION,
    WHY_PAUSE,
    WHY_EJECTION,
    WHY_RETRIES,
    WHY_ERROR,
    WHY_STORE,
    WHY_LOGIN,
    WHY_CONNECTION_LOST,
    WHY_CONNECTIONS_FULL,
    WHY_SLOW_CLIENT,
    WHY_OPENING,
    WHY_RATE,
    WHY_COLD,
    WHY_SHED,
    WHY_CONCURRENCY,
    WHY_CIRCUIT,
    WHY_OVERFLOW,
    WHY_SLOW_BACKEND,
    WHY_QUEUEING,
    WHY_NETWORK,
    WHY_WORK,
    WHYS
};

/* "detection window", and a sentence about it. */
const char *why_name(enum why why);
const char *why_help(enum why why);

struct world;

/* The try of this request fails now, for this cause, at the balancer or because its client gives up;
 * called before the record is changed by it. */
enum why why_failed(const struct world *w, uint32_t id, enum cause cause, lb_time now);
/* It ends ok, beyond its objective. */
enum why why_slow(const struct world *w, uint32_t id, lb_time now);

#endif
