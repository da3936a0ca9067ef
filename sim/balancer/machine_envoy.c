/* See machine_envoy.h. */
#include "sim/balancer/machine_envoy.h"

void machine_envoy_start(struct machine_envoy *m)
{
    *m = (struct machine_envoy){.up = true};
}

bool machine_envoy_result(struct machine_envoy *m, uint32_t rise, uint32_t fall, bool passed,
                          bool bad_status)
{
    bool was = m->up, first = !m->checked;
    m->checked = true;
    if (passed) {
        m->failures = 0;
        if (!m->up && (first || ++m->passes >= rise))
            m->up = true;
    } else {
        m->passes = 0;
        if (m->up && (first || bad_status || ++m->failures >= fall))
            m->up = false;
    }
    if (m->up != was)
        m->passes = m->failures = 0;
    return m->up != was;
}
