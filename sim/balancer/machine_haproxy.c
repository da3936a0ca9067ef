/* See machine_haproxy.h. */
#include "sim/balancer/machine_haproxy.h"

void machine_haproxy_start(struct machine_haproxy *m, int rise, int fall, bool checked)
{
    *m = (struct machine_haproxy){.rise = rise, .fall = fall};
    m->health = checked ? rise : machine_haproxy_full(m);
}

bool machine_haproxy_result(struct machine_haproxy *m, bool passed)
{
    bool was = machine_haproxy_up(m);
    if (passed && ++m->health >= m->rise)
        m->health = machine_haproxy_full(m);
    else if (!passed)
        m->health = m->health > m->rise ? m->health - 1 : 0;
    return machine_haproxy_up(m) != was;
}

bool machine_haproxy_error(struct machine_haproxy *m, enum on_error how)
{
    switch (how) {
    case ON_ERROR_FASTINTER:
        return false;
    case ON_ERROR_SUDDEN_DEATH: /* from full health to the last one, by one failed check */
        if (m->health > m->rise)
            m->health = m->rise + 1;
        break;
    case ON_ERROR_MARK_DOWN:
        if (m->health > m->rise)
            m->health = m->rise;
        break;
    default:
        break;
    }
    return machine_haproxy_result(m, false);
}
