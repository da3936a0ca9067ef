/*
 * See health.h. Two counters would do the same work as one streak: a result that agrees with the
 * belief clears it, one that disagrees lengthens it.
 */
#include "sim/balancer/health.h"

void health_init(struct health *health, const struct scenario_health *rule)
{
    *health = (struct health){.up = true};
    machine_haproxy_start(&health->haproxy, (int)rule->rise, (int)rule->fall, true);
    machine_envoy_start(&health->envoy);
}

static bool streaks_result(struct health *health, const struct scenario_health *rule, bool passed)
{
    if (passed == health->up || health->streak < (health->up ? rule->fall : rule->rise))
        return false;
    health->up = passed;
    return true;
}

bool health_result(struct health *health, const struct scenario_health *rule, enum check result)
{
    bool passed = result == CHECK_PASSED, turned = false;
    health->in_a_row = passed == health->last ? health->in_a_row + 1 : 1;
    health->last = passed;
    health->streak = passed == health->up ? 0 : health->streak + 1;
    switch (rule->machine) {
    case MACHINE_HAPROXY:
        turned = machine_haproxy_result(&health->haproxy, passed);
        health->up = machine_haproxy_up(&health->haproxy);
        break;
    case MACHINE_ENVOY:
        turned = machine_envoy_result(&health->envoy, rule->rise, rule->fall, passed,
                                      result == CHECK_BAD_STATUS);
        health->up = health->envoy.up;
        break;
    default:
        turned = streaks_result(health, rule, passed);
        break;
    }
    if (turned && rule->machine != MACHINE_HAPROXY) /* its counter judges errors in traffic */
        health->haproxy.health = health->up ? machine_haproxy_full(&health->haproxy) : 0;
    if (turned)
        health->streak = 0;
    return turned;
}

/* -1: an error at this layer, +1: good, 0: says nothing. Layer 4 sees connections only. */
static int judge(enum observe layer, enum lb_end end)
{
    switch (end) {
    case LB_END_REFUSED:
    case LB_END_CONNECT_TIMEOUT:
        return -1;
    case LB_END_CANCELLED:
        return 0;
    case LB_END_OK:
        return 1;
    default:
        return layer == OBSERVE_LAYER7 ? -1 : 1;
    }
}

bool health_observe(struct health *health, const struct scenario_health *rule, enum lb_end end,
                    bool *sooner)
{
    int verdict = judge(rule->observe, end);
    *sooner = false;
    if (verdict == 0)
        return false;
    if (verdict > 0) {
        health->errors = 0;
        return false;
    }
    if (++health->errors < rule->error_limit)
        return false;
    health->errors = 0;
    *sooner = true;
    bool turned = machine_haproxy_error(&health->haproxy, rule->on_error);
    health->up = machine_haproxy_up(&health->haproxy);
    if (turned)
        health->streak = 0;
    return turned;
}

lb_time health_interval(const struct health *health, const struct scenario_health *rule)
{
    lb_time fast = rule->fastinter > 0 ? rule->fastinter : rule->every;
    lb_time down = rule->downinter > 0 ? rule->downinter : rule->every;
    if (rule->machine == MACHINE_HAPROXY)
        return machine_haproxy_gap(&health->haproxy, rule->every, fast, down);
    if (health->streak > 0)
        return fast;
    return health->up ? rule->every : down;
}

lb_time health_next(const struct health *health, const struct scenario_health *rule,
                    lb_time started, lb_time ended)
{
    lb_time interval = health_interval(health, rule);
    return (rule->pace == PACE_AFTER_RESULT ? ended : started) + interval;
}
