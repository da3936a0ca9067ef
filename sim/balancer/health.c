/*
 * See health.h. Two counters would do the same work as one streak: a result that agrees with the
 * belief clears it, one that disagrees lengthens it.
 */
#include "sim/balancer/health.h"

void health_init(struct health *health)
{
    health->up = true;
    health->streak = 0;
}

bool health_result(struct health *health, const struct scenario_health *rule, bool passed)
{
    if (passed == health->up) {
        health->streak = 0;
        return false;
    }
    health->streak++;
    if (health->streak < (health->up ? rule->fall : rule->rise))
        return false;
    health->up = passed;
    health->streak = 0;
    return true;
}

lb_time health_next(const struct scenario_health *rule, lb_time started, lb_time ended)
{
    if (rule->pace == PACE_AFTER_RESULT)
        return ended + rule->every;
    return started + rule->every;
}
