/*
 * Outlier detection: backends whose answers stand out are put aside for a while.
 *
 * Envoy's machine, which gRPC copied in part. It is pure: told how attempts ended and when the
 * sweep is due, it says whom it ejects and lets back.
 *   errors in a row   `consecutive_errors` of them eject at once; then the count starts again,
 *                     ejected or not. An answer that is none clears it.
 *   success rate      at the sweep, over the backends with success_volume requests since the last
 *                     one, when there are success_hosts of them: below the mean minus
 *                     `success_rate` standard deviations (of all of them, divided by n).
 *   failure share     likewise, at least failure_share failed (gRPC: more than that).
 * How long: min(ejection x k, max_ejection), looked at by the sweep only. k is 1 more with each
 * ejection, as long as ejection x k < max_ejection + ejection, and 1 less with each sweep that finds
 * the backend in place.
 * How many: the rule depends on the product and its version.
 *   envoy   only if with this one at most max_ejected of all are out: with 10 % and fewer than 10
 *           backends nobody ever is. Envoy since always_eject_one_host exists, and that is off.
 *   one     the same, but when nobody is out one may always go: older versions, or with that on.
 *   grpc    as long as less than max_ejected of all are out.
 * Where an order matters, backends are taken as they are declared (in Envoy by a hash).
 * Not here: enforcing_* other than 0 or 100 %, jitter, gateway and locally originated errors apart.
 * Source: Envoy outlier_detection.proto and outlier_detection_impl.cc; gRFC A50.
 */
#ifndef BALANCER_OUTLIER_H
#define BALANCER_OUTLIER_H

#include <stdbool.h>

#include "sim/scenario/scenario.h"

struct outlier_host {
    uint32_t in_a_row;       /* errors */
    uint32_t requests, good; /* since the last sweep */
    uint32_t multiplier;     /* k */
    bool ejected;
    lb_time since;
};

struct outlier {
    const struct scenario_outlier *rule;
    struct outlier_host *hosts;
    uint32_t count, members; /* members: of how many the limits speak */
    uint32_t ejected;
};

/* Told by a sweep: this backend is ejected, or back, and why. */
typedef void outlier_tell(void *to, uint32_t host, bool ejected, const char *why);

void outlier_init(struct outlier *o, const struct scenario_outlier *rule, uint32_t count,
                  uint32_t members);
void outlier_done(struct outlier *o);

/* An attempt ended. True when its backend is ejected by that. */
bool outlier_result(struct outlier *o, uint32_t host, bool good, lb_time now);

/* The end of an interval. */
void outlier_sweep(struct outlier *o, lb_time now, outlier_tell *tell, void *to);

/* A passing check lets it back, if that is the rule. True when it was out. */
bool outlier_check_passed(struct outlier *o, uint32_t host);

/* How long the present ejection of a backend lasts at least. */
lb_time outlier_time(const struct outlier *o, uint32_t host);

#endif
