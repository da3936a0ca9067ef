/* See retry.h. */
#include "sim/balancer/retry.h"

#include "sim/base/units.h"

void retry_budget_init(struct retry_budget *bucket)
{
    bucket->tokens = RETRY_BUCKET_CAP;
}

bool retry_allow(struct retry_budget *bucket, const struct scenario_retries *rule, uint32_t retries)
{
    if (retries >= rule->max)
        return false;
    if (rule->budgeted) {
        if (bucket->tokens < 1.0)
            return false;
        bucket->tokens -= 1.0;
    }
    return true;
}

lb_time retry_delay(const struct scenario_retries *rule, uint32_t n, struct lb_random *random)
{
    lb_time delay = 0;
    switch (rule->backoff) {
    case BACKOFF_NONE:
        return 0;
    case BACKOFF_CONSTANT:
        delay = rule->base;
        break;
    case BACKOFF_EXPONENTIAL:
        delay = rule->base;
        for (uint32_t i = 1; i < n && delay < rule->cap; i++)
            delay = delay > rule->cap / 2 ? rule->cap : 2 * delay;
        if (delay > rule->cap)
            delay = rule->cap;
        break;
    }
    if (rule->full_jitter)
        delay = units_from_ns(lb_random_unit(random) * (double)delay);
    return delay;
}
