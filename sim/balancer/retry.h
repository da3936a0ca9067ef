/*
 * Retries: how many, how long to wait, and a budget that keeps them from multiplying load.
 *
 * Clients and balancers ask the same rule. The budget is a bucket: each first attempt pours in
 * `budget`, each retry takes out 1, it never holds more than 10; so retries stay below the share
 * `budget` of first attempts in the long run. Back-off: constant, or min(cap, base x 2^(n-1)).
 */
#ifndef BALANCER_RETRY_H
#define BALANCER_RETRY_H

#include <stdbool.h>

#include "algorithms/random.h"
#include "sim/scenario/scenario.h"

#define RETRY_BUCKET_CAP 10.0

struct retry_budget {
    double tokens;
};

/* A bucket starts full: a service that just started may retry like any other. */
void retry_budget_init(struct retry_budget *bucket);

/* Tells of a first attempt. */
static inline void retry_first(struct retry_budget *bucket, const struct scenario_retries *rule)
{
    if (rule->budgeted) {
        double tokens = bucket->tokens + rule->budget;
        bucket->tokens = tokens > RETRY_BUCKET_CAP ? RETRY_BUCKET_CAP : tokens;
    }
}

/* May another try follow after `retries` retries so far? Takes from the bucket when it says yes. */
bool retry_allow(struct retry_budget *bucket, const struct scenario_retries *rule,
                 uint32_t retries);

/* The wait before retry n (1, 2, ...), ns. random is drawn from only with jitter. */
lb_time retry_delay(const struct scenario_retries *rule, uint32_t n, struct lb_random *random);

#endif
