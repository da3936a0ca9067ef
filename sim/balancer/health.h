/*
 * Active health checks: the counting machine and the moment of the next check.
 *
 * The machine is pure: it is told results and says when a belief changes. `fall` failures in a row
 * take a backend out, `rise` passes in a row bring it back; it starts up. Who sends the probe and
 * what happens to it on the way is the model's business.
 * Detection times that follow: a refused probe is seen after (fall - 1/2) x every on average, a
 * hanging one timeout later; with pace after-result each failure adds its timeout to the interval.
 */
#ifndef BALANCER_HEALTH_H
#define BALANCER_HEALTH_H

#include <stdbool.h>

#include "sim/scenario/scenario.h"

struct health {
    bool up;
    uint32_t streak; /* results in a row that speak against the present belief */
};

void health_init(struct health *health);

/* Takes one result; returns true when it turned the belief (health->up is the new one). */
bool health_result(struct health *health, const struct scenario_health *rule, bool passed);

/* When the next check starts, given when the last one started and ended (result or timeout), ns. */
lb_time health_next(const struct scenario_health *rule, lb_time started, lb_time ended);

#endif
