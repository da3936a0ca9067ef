/*
 * Active health checks: what results of checks make of a belief, and the moment of the next check.
 *
 * Three machines, chosen by the preset; each is pure: it is told results and says when the belief
 * changes. Who sends the probe and what happens to it on the way is the model's business.
 *   streaks   `fall` failures in a row take a backend out, `rise` passes in a row bring it back; it
 *             starts up. Kubernetes' readiness and AWS' target groups count like this.
 *   haproxy   one counter, and errors in traffic (observe): see machine_haproxy.h.
 *   envoy     the first check decides alone, an answer that is an error decides at once: see
 *             machine_envoy.h.
 * Pace: `every` in settled belief, `fastinter` while results speak against it and have not turned
 * it yet, `downinter` when down and nothing passes.
 * Detection times that follow: a refused probe is seen after (fall - 1/2) x every on average, a
 * hanging one timeout later; with pace after-result each failure adds its timeout to the interval.
 */
#ifndef BALANCER_HEALTH_H
#define BALANCER_HEALTH_H

#include <stdbool.h>

#include "sim/balancer/machine_envoy.h"
#include "sim/balancer/machine_haproxy.h"
#include "sim/scenario/scenario.h"

/* What became of a check. */
enum check {
    CHECK_FAILED, /* refused, reset, not answered in time */
    CHECK_PASSED,
    CHECK_BAD_STATUS /* answered, with an error */
};

struct health {
    bool up;
    bool last;         /* the last result passed */
    uint32_t in_a_row; /* results equal to it, itself included */
    uint32_t streak;   /* results in a row that speak against the present belief */
    uint32_t errors;   /* in a row in traffic, for observe */
    struct machine_haproxy haproxy;
    struct machine_envoy envoy;
};

void health_init(struct health *health, const struct scenario_health *rule);

/* Takes one result; returns true when it turned the belief (health->up is the new one). */
bool health_result(struct health *health, const struct scenario_health *rule, enum check result);

/* Takes the end of an attempt in traffic (observe). True when it turned the belief; *sooner is set
 * when the next check is to come after fastinter at the latest. */
bool health_observe(struct health *health, const struct scenario_health *rule, enum lb_end end,
                    bool *sooner);

/* From one check to the next, as things stand. */
lb_time health_interval(const struct health *health, const struct scenario_health *rule);

/* When the next check starts, given when the last one started and ended (result or timeout), ns. */
lb_time health_next(const struct health *health, const struct scenario_health *rule,
                    lb_time started, lb_time ended);

#endif
