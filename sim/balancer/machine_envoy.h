/*
 * Envoy's machine of active checks.
 *
 * The idea: thresholds in a row, with two shortcuts. The first check ever decides alone: one success
 * is enough then, and one failure too. An answer that is an error (a status outside the expected)
 * takes an up host down at once; only failures of the network count up to the threshold.
 * Reading: Envoy holds a host down until its first check and waits for that before it serves;
 * a run begins where that is over, so a host starts up.
 * Source: Envoy, health_check.proto and source/extensions/health_checkers (health_checker_base_impl).
 */
#ifndef BALANCER_MACHINE_ENVOY_H
#define BALANCER_MACHINE_ENVOY_H

#include <stdbool.h>
#include <stdint.h>

struct machine_envoy {
    bool up, checked;          /* checked: some result came */
    uint32_t passes, failures; /* in a row, towards a change */
};

void machine_envoy_start(struct machine_envoy *m);

/* rise: healthy_threshold, fall: unhealthy_threshold. bad_status: it was answered, with an error.
 * True when the belief changed. */
bool machine_envoy_result(struct machine_envoy *m, uint32_t rise, uint32_t fall, bool passed,
                          bool bad_status);

#endif
