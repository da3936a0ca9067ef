/* See spoof.h. */
#include "sim/model/spoof.h"

#include "sim/model/world.h"

/* Does this balancer believe what the client wrote? */
static bool believes(const struct world *w, const struct front *f, uint32_t id)
{
    if (!f->rule->trust_forwarded)
        return false;
    if (w->front_count == 1 || w->requests.tries[id].outer == 0 || f->outer)
        return true;
    const struct front *outer = &w->fronts[w->requests.tries[id].outer - 1U];
    return !outer->rule->forward_client_ip || outer->rule->trust_forwarded;
}

void spoof_source(const struct world *w, const struct front *f, uint32_t id,
                  struct lb_address *source, uint32_t *client)
{
    const struct request *r = &w->requests.at[id];
    address_of(w, r, source, client);
    hop_hide_source(w, id, source);
    uint32_t group = w->class_source[r->class];
    uint32_t addresses = w->sources[group].rule->spoof;
    if (addresses == 0 || !believes(w, f, id))
        return;
    struct lb_random random;
    stream_open(&random, &w->key, STREAM_SPOOF, UINT64_C(1) << 32 | group, r->number);
    uint32_t which = lb_random_below(&random, addresses);
    stream_open(&random, &w->key, STREAM_SPOOF, group, which);
    uint64_t bits = lb_random_u64(&random);
    *source = (struct lb_address){.family = 4, .port = source->port};
    for (int i = 0; i < 4; i++)
        source->bytes[i] = (uint8_t)(bits >> (8 * i));
}
