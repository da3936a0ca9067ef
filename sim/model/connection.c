/* See connection.h. */
#include "sim/model/connection.h"

/* Nobody terminates TLS, so far. */
lb_time connection_costs(const struct world *w, const struct front *f, uint32_t id)
{
    (void)w;
    (void)f;
    (void)id;
    return 0;
}
