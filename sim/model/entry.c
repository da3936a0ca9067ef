/*
 * Which of several balancers a client's request enters.
 *
 * random: any, as with names that resolve to all in turn; source: by a hash of the client's address;
 * ecmp: by a hash of address and port, as routers do with equal routes, so that each connection, here
 * each request, has its own, over the next hops that are known; dns: the address that the client's
 * resolver keeps. Draws are addressed: the same whatever the balancers decide. What answers at an
 * address, and who is known: redundancy.h.
 *
 * A resolver keeps a record for its ttl and asks again as soon as that is over, since others behind it
 * ask all the time; when each one's ttl ends is uniform. So t after a change the share 1 - t / ttl of
 * the clients still goes by the old record. No table is needed: which record a client has now, and
 * when it was fetched, follow from its number and the time.
 */
#include "sim/model/crowd.h"
#include "sim/model/redundancy.h"
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

/* Any of n: open traffic draws in order, others by who asks and how often they have. */
static uint32_t any_of(struct world *w, struct source *s, const struct request *r, uint32_t n)
{
    if (!s->goes_on)
        return lb_random_below(&s->entries, n);
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
    return lb_random_below(&random, n);
}

/* The member whose address the client's resolver has. */
static uint32_t resolved(const struct world *w, const struct entry *e, uint32_t group,
                         uint32_t client, lb_time now)
{
    lb_time ttl = e->rule->dns_ttl;
    uint64_t who = UINT64_C(3) << 62 | (uint64_t)group << 32 | client;
    struct lb_random random;
    stream_open(&random, &w->key, STREAM_ENTRY, who, 0);
    lb_time phase = (lb_time)(lb_random_unit(&random) * (double)ttl); /* its first ttl ends */
    uint64_t fetched = now < phase ? 0 : 1 + (uint64_t)((now - phase) / ttl);
    lb_time at = fetched == 0 ? 0 : phase + (lb_time)(fetched - 1) * ttl;
    const struct listing *known = redundancy_listing(e, at);
    stream_open(&random, &w->key, STREAM_ENTRY, who, 1 + fetched);
    return known->members[lb_random_below(&random, known->count)];
}

uint32_t entry_of(struct world *w, struct source *s, const struct request *r)
{
    const struct scenario_balancer *rule = &w->scenario->balancers[s->rule->via];
    if (rule->count == 1)
        return rule->first;
    const struct entry *e = w->entries.at != NULL ? &w->entries.at[s->rule->via] : NULL;
    struct lb_address from = {0};
    uint32_t client, place = 0, n = e != NULL ? e->addresses : rule->count;
    address_of(w, r, &from, &client);
    uint64_t address = 0;
    for (int i = 0; i < 4; i++)
        address = address << 8 | from.bytes[i];
    lb_time now = engine_now(w->engine);
    if (n == 1) {
        place = 0; /* one address for all */
    } else if (rule->entry == ENTRY_SOURCE) {
        place = place_of(mix(address), n);
    } else if (rule->entry == ENTRY_ECMP) {
        const struct listing *known = redundancy_listing(e, now);
        place = known->members[place_of(mix(mix(address) + r->number), known->count)];
    } else if (rule->entry == ENTRY_DNS) {
        place = resolved(w, e, s->source_index, client, now);
    } else {
        place = any_of(w, s, r, n);
    }
    uint32_t front = rule->first + place;
    if (e == NULL)
        return front;
    struct request_tries *tries = &w->requests.tries[requests_id(&w->requests, r)];
    tries->address = (uint16_t)place;
    tries->gap =
        !redundancy_holder(w, e, place, mix(address ^ UINT64_C(0x9e3779b97f4a7c15)), &front);
    return front;
}
