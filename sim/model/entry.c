/*
 * Which of several balancers a client's request enters.
 *
 * random: any, as with names that resolve to all in turn; source: by a hash of the client's address;
 * ecmp: by a hash of address and port, as routers do with equal routes, so that each connection, here
 * each request, has its own. Draws are addressed: the same whatever the balancers decide.
 */
#include "sim/model/crowd.h"
#include "sim/model/world.h"

/* Mixes a number so that every bit of it counts (the finalizer of SplitMix64). */
static uint64_t mix(uint64_t x)
{
    x = (x ^ (x >> 30)) * UINT64_C(0xbf58476d1ce4e5b9);
    x = (x ^ (x >> 27)) * UINT64_C(0x94d049bb133111eb);
    return x ^ (x >> 31);
}

/* Where in [0, n) a hash falls. */
static uint32_t place_of(uint64_t hash, uint32_t n)
{
    return (uint32_t)(((hash >> 32) * n) >> 32);
}

uint32_t entry_of(struct world *w, struct source *s, const struct request *r)
{
    const struct scenario_balancer *entry = &w->scenario->balancers[s->rule->via];
    if (entry->count == 1)
        return entry->first;
    struct lb_address from = {0};
    uint32_t client;
    address_of(w, r, &from, &client);
    uint64_t address = 0;
    for (int i = 0; i < 4; i++)
        address = address << 8 | from.bytes[i];
    switch (entry->entry) {
    case ENTRY_SOURCE:
        return entry->first + place_of(mix(address), entry->count);
    case ENTRY_ECMP:
        return entry->first + place_of(mix(mix(address) + r->number), entry->count);
    default:
        break;
    }
    if (!s->goes_on)
        return entry->first + lb_random_below(&s->entries, entry->count);
    uint64_t who = UINT64_C(1) << 32 | r->client, ordinal;
    if (s->rule->sessions.on) {
        who = session_entity(&w->sessions.at[r->client]);
        ordinal = w->sessions.at[r->client].asked;
    } else {
        ordinal = s->asked[r->client - s->first_user];
    }
    ordinal = ordinal << 16 | w->requests.tries[requests_id(&w->requests, r)].client;
    struct lb_random random;
    stream_open(&random, &w->key, STREAM_ENTRY, who, ordinal);
    return entry->first + lb_random_below(&random, entry->count);
}
