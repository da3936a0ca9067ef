/*
 * The presets: see preset.h. Sources: HAProxy 2.6 src/check.c and defaults.h; nginx 1.22 has no active
 * checks (max_fails lives in the algorithms nginx-*), those of NGINX Plus are 5 s, 1, 1; Envoy's
 * health_check.proto, outlier_detection.proto and common_lb_config; Kubernetes SetDefaults_Probe;
 * AWS documentation of target groups.
 */
#include "sim/scenario/preset.h"

#include <stddef.h>

#define S INT64_C(1000000000)

/* Only when not a single one is left: below any share that 100,000 backends can have. */
#define NOBODY 1e-9

/* Envoy's outlier detection. A host is ejected when that leaves at most max_ejected of all. */
#define OUTLIER_ENVOY(enabled)                                                                     \
    {                                                                                              \
        .on = (enabled), .consecutive_errors = 5, .every = 10 * S, .ejection = 30 * S,             \
        .max_ejection = 300 * S, .max_ejected = 0.10, .limit = EJECTION_ENVOY,                     \
        .success_rate = 1.9, .success_hosts = 5, .success_volume = 100, .failure_share = 0,        \
        .failure_hosts = 5, .failure_volume = 50, .check_unejects = true                           \
    }

/* What `outlier` means where the product has none. */
#define OUTLIER_NONE                                                                               \
    {                                                                                              \
        .on = false, .consecutive_errors = 5, .every = 10 * S, .ejection = 30 * S,                 \
        .max_ejection = 300 * S, .max_ejected = 0.10, .limit = EJECTION_ONE, .success_hosts = 5,   \
        .success_volume = 100, .failure_hosts = 5, .failure_volume = 50                            \
    }

const char *const health_preset_names[] = {"haproxy", "nginx", "envoy", "kubernetes", "aws", NULL};

const struct scenario_health health_presets[] = {
    {.active = true, /* haproxy: the interval starts at the answer; its timeout is the interval */
     .machine = MACHINE_HAPROXY,
     .every = 2 * S,
     .rise = 2,
     .fall = 3,
     .pace = PACE_AFTER_RESULT,
     .reserved = false,
     .observe = OBSERVE_OFF,
     .error_limit = 10,
     .on_error = ON_ERROR_FAIL_CHECK,
     .outlier = OUTLIER_NONE},
    {.active = false, /* nginx: `active` written beside it is that of NGINX Plus */
     .machine = MACHINE_STREAKS,
     .every = 5 * S,
     .rise = 1,
     .fall = 1,
     .pace = PACE_AFTER_RESULT,
     .error_limit = 10,
     .on_error = ON_ERROR_FAIL_CHECK,
     .outlier = OUTLIER_NONE},
    {.active =
         false, /* envoy: outlier detection and panic; `active` written beside it has no interval */
     .machine = MACHINE_ENVOY,
     .rise = 2,
     .fall = 3,
     .pace = PACE_AFTER_RESULT,
     .error_limit = 10,
     .on_error = ON_ERROR_FAIL_CHECK,
     .outlier = OUTLIER_ENVOY(true),
     .panic = 0.50},
    {.active = true, /* kubernetes: the readiness probe, on a ticker */
     .machine = MACHINE_STREAKS,
     .every = 10 * S,
     .timeout = 1 * S,
     .rise = 1,
     .fall = 3,
     .pace = PACE_FIXED,
     .error_limit = 10,
     .on_error = ON_ERROR_FAIL_CHECK,
     .outlier = OUTLIER_NONE},
    {.active = true, /* aws: an ALB target group; it fails open to all targets */
     .machine = MACHINE_STREAKS,
     .every = 30 * S,
     .timeout = 5 * S,
     .rise = 5,
     .fall = 2,
     .pace = PACE_FIXED,
     .error_limit = 10,
     .on_error = ON_ERROR_FAIL_CHECK,
     .outlier = OUTLIER_NONE,
     .panic = NOBODY},
};

_Static_assert(sizeof health_preset_names / sizeof health_preset_names[0] ==
                   sizeof health_presets / sizeof health_presets[0] + 1,
               "a name for each preset");
