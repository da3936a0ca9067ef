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
