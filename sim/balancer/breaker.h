/*
 * Circuit breakers: a backend that fails, or is slow, is left alone for a while, then tried.
 *
 * The machine of Hystrix and resilience4j, one for each backend. It is pure: told how attempts ended
 * and when the time is over, it says whom the balancer may use.
 *   closed     attempts go through and are judged: by the last `last` of them, or by those that ended
 *              `within` a time (in ten parts, the oldest of which is forgotten as a whole, as Hystrix
 *              counts), once there are `minimum`. A share `failures` of them failed, a share `slow` took
 *              `slow_after` or longer, or `consecutive` in a row failed: it opens.
 *   open       nothing goes there for `open`; each opening without a closing since doubles it, up to
 *              `open_max`.
 *   half-open  `permits` attempts go there. As soon as one has failed, with `consecutive`, it opens again;
 *              else once all have ended they are judged by the shares, and it closes, with nothing
 *              counted, or opens again. An attempt that its client left returns its permit.
 * An attempt counts in the state that it was sent in, or not at all. One whose client left after slow_after was slow; one that was left sooner says nothing.
 * At most `max_open` of all backends are not closed: beyond that one that should open stays closed, and is
 * judged again with the next attempt that ends.
 *
 * Cost: O(1) an attempt; `last` bytes a backend.
 * Source: resilience4j CircuitBreakerStateMachine and SlidingWindow classes; Hystrix HystrixCircuitBreaker
 * and HealthCountsStream; Finagle FailureAccrualFactory (consecutive failures, growing pauses).
 */
#ifndef BALANCER_BREAKER_H
#define BALANCER_BREAKER_H

#include <stdbool.h>

#include "sim/scenario/scenario.h"

enum breaker_state { BREAKER_CLOSED, BREAKER_OPEN, BREAKER_HALF_OPEN };
const char *breaker_state_name(enum breaker_state state); /* "half-open" */

#define BREAKER_PARTS 10U /* of `within` */

struct breaker_sums {
    uint32_t ended, failed, slow;
};

struct breaker_host {
    enum breaker_state state;
    lb_time since; /* of the state */
    uint32_t in_a_row;
    struct breaker_sums window; /* closed: of the window; half-open: of its attempts */
    uint32_t next;              /* last: the oldest place of the ring */
    int64_t part;               /* within: the number of the newest part */
    uint32_t trials;            /* half-open: attempts under way */
    uint32_t again;             /* openings since it was closed, beyond the first */
};

struct breaker {
    const struct scenario_breaker *rule; /* NULL = none */
    struct breaker_host *hosts;
    uint8_t *rings;             /* by host, rule->last each: 1 = failed, 2 = slow */
    struct breaker_sums *parts; /* by host, BREAKER_PARTS each */
    uint32_t count, members;    /* members: of how many max_open speaks */
    uint32_t open;              /* not closed */
};

/* rule: lives as long as the breaker. */
void breaker_init(struct breaker *b, const struct scenario_breaker *rule, uint32_t count,
                  uint32_t members);
void breaker_done(struct breaker *b);

/* May an attempt be sent there now? */
static inline bool breaker_admits(const struct breaker *b, uint32_t host)
{
    const struct breaker_host *h = &b->hosts[host];
    return h->state == BREAKER_CLOSED ||
           (h->state == BREAKER_HALF_OPEN && h->trials + h->window.ended < b->rule->permits);
}

/* An attempt is sent. True when it is one of those that a half-open breaker waits for: its end is to
 * be told with `trial`. */
bool breaker_sent(struct breaker *b, uint32_t host);

/* An attempt ended `took` ns after it was sent. end OK is good, CANCELLED says nothing unless it was
 * slow; anything else failed. sent: when; trial: what breaker_sent said. True when the state changed;
 * then why, in at most size bytes. */
bool breaker_ended(struct breaker *b, uint32_t host, bool trial, enum lb_end end, lb_time sent,
                   lb_time now, char *why, size_t size);

/* How long the present opening lasts, ns. */
lb_time breaker_pause(const struct breaker *b, uint32_t host);
/* The end of an opening: true when it is half-open now; false when the event is of another opening. */
bool breaker_due(struct breaker *b, uint32_t host, lb_time now);
/* Closed, with nothing counted: another process has its place, or nobody. */
void breaker_forget(struct breaker *b, uint32_t host, lb_time now);

#endif
