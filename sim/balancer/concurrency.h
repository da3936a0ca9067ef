/*
 * A limit of the requests that a balancer has at once, which finds itself.
 *
 * The idea: more at once than the backends can serve only makes queues longer, and that shows in how
 * long answers take.
 *   gradient  averages over windows of time: if they take longer than in the long run (an exponential
 *             average over 600 windows), times a tolerance, the limit shrinks by the ratio, by half at
 *             most; else it grows by 4. The change is smoothed by 0.2. What is not half used does not grow.
 *   aimd      each answer adds 1 if the limit is half used; one that takes longer than `timeout`, or does
 *             not come, takes away a tenth.
 * Cost: O(1) an answer.
 * Source: Netflix concurrency-limits, Gradient2Limit within WindowedLimit, and AIMDLimit, with their
 * constants.
 */
#ifndef BALANCER_CONCURRENCY_H
#define BALANCER_CONCURRENCY_H

#include "sim/scenario/overload.h"

struct concurrency {
    const struct scenario_concurrency *rule;
    double limit;
    double longer;        /* gradient: the long average, ns */
    uint32_t long_count;  /* ... of so many windows, until it is warm */
    double sum;           /* of this window: ns */
    uint32_t count, most; /* answers; in flight at most */
    lb_time until;        /* it ends at the first answer after that */
};

void concurrency_init(struct concurrency *c, const struct scenario_concurrency *rule);
/* How many at once. */
uint32_t concurrency_limit(const struct concurrency *c);
/* An answer after `took` ns, of one of `in_flight`; dropped: none came, or it was turned away. */
void concurrency_answer(struct concurrency *c, lb_time took, uint32_t in_flight, bool dropped,
                        lb_time now);

#endif
