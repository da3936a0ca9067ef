/*
 * IPVS lblcr: locality-based least connection with replication.
 *
 * The idea: as lblc, but a destination address has a SET of servers, so that a popular one grows
 * over several caches. A request goes to the set's lightest (wlc's rule; overloaded and unusable
 * members are passed over). When there is none, or that one has more active connections than its
 * weight while some server has less than half of its own, the lightest of all takes it and joins
 * the set. A set of more than one that has not been changed for the expiration loses its heaviest
 * member: after the lightest was looked up, so a request may still go to the one that leaves.
 *
 * Order in a set: who joined last is looked at first. The memory of sets is four members for each
 * entry on average; when it is used up, the entry unused for longest is dropped, at last the set
 * itself starts again. What is remembered, and for how long: cache.h.
 *
 * Cost: O(members) for an address that stays; O(n) otherwise.
 * Source: Linux, net/netfilter/ipvs/ip_vs_lblcr.c; rules only.
 */
#include <stdlib.h>

#include "algorithms/ipvs/cache.h"

#define MEMBERS 4U /* for each entry, on average */

static const struct lb_param params[] = {
    LB_IPVS_CACHE_PARAMS,
    {.name = NULL},
};

struct member {
    uint32_t row, next;
};

struct state {
    struct lb_ipvs ipvs;
    struct lb_ipvs_cache cache; /* entry.first = the set's newest member */
    struct member *member;
    uint32_t free; /* the first member that is in no set */
};

static void destroy(void *state)
{
    struct state *s = state;
    free(s->member);
    lb_ipvs_cache_done(&s->cache);
    lb_ipvs_destroy(s);
}

static void *create(const struct lb_setup *setup, struct lb_error *error)
{
    struct state *s = lb_ipvs_new(setup, sizeof *s, error);
    if (s == NULL)
        return NULL;
    uint32_t entries = (uint32_t)lb_value(setup, params, 0), members = entries * MEMBERS;
    if (lb_ipvs_cache_init(&s->cache, entries, (lb_time)lb_value(setup, params, 1), error) != 0) {
        destroy(s);
        return NULL;
    }
    s->member = malloc(members * sizeof s->member[0]);
    if (s->member == NULL) {
        destroy(s);
        lb_error_set(error, LB_ERROR_MEMORY, "ipvs-lblcr: no memory for %u members", members);
        return NULL;
    }
    for (uint32_t m = 0; m < members; m++)
        s->member[m].next = m + 1 < members ? m + 1 : LB_IPVS_NOBODY;
    return s;
}

/* Takes the member that *link leads to out of the entry's set. */
static void take_out(struct state *s, struct lb_ipvs_entry *entry, uint32_t *link)
{
    uint32_t m = *link;
    *link = s->member[m].next;
    s->member[m].next = s->free;
    s->free = m;
    entry->members--;
}

static void empty(struct state *s, struct lb_ipvs_entry *entry)
{
    while (entry->members > 0)
        take_out(s, entry, &entry->first);
}

static void drop_oldest(struct state *s)
{
    empty(s, &s->cache.entry[s->cache.oldest]);
    lb_ipvs_cache_drop(&s->cache, s->cache.oldest);
}

static void forget(struct state *s, struct lb_ipvs_entry *entry, uint32_t row)
{
    uint32_t *link = &entry->first;
    while (*link != LB_IPVS_NOBODY)
        if (s->member[*link].row == row)
            take_out(s, entry, link);
        else
            link = &s->member[*link].next;
}

/* A row that was left is in no set: another backend may join there. */
static void on_pool_change(void *state, const int32_t *changed, uint32_t count, lb_time now)
{
    struct state *s = state;
    (void)now;
    for (uint32_t k = 0; k < count; k++) {
        bool news = lb_ipvs_note(&s->ipvs, &changed[k], 1);
        if (!news || s->ipvs.dest[changed[k]].listed)
            continue;
        for (uint32_t e = s->cache.oldest; e != LB_IPVS_NOBODY; e = s->cache.entry[e].newer)
            forget(s, &s->cache.entry[e], (uint32_t)changed[k]);
    }
}

/* The set's lightest that takes connections, or LB_NONE. */
static int32_t lightest(const struct state *s, const struct lb_ipvs_entry *entry)
{
    const struct lb_backend *at = s->ipvs.pool->at;
    int32_t best = LB_NONE;
    for (uint32_t m = entry->first; m != LB_IPVS_NOBODY; m = s->member[m].next) {
        uint32_t row = s->member[m].row;
        if (lb_ipvs_takes(&s->ipvs, row) &&
            (best == LB_NONE || lb_ipvs_lighter(&at[row], &at[best])))
            best = (int32_t)row;
    }
    return best;
}

/* Takes the heaviest of the open members out of the set, when there is one. */
static void shrink(struct state *s, struct lb_ipvs_entry *entry, lb_time now)
{
    const struct lb_backend *at = s->ipvs.pool->at;
    uint32_t *most = NULL;
    for (uint32_t *link = &entry->first; *link != LB_IPVS_NOBODY; link = &s->member[*link].next) {
        uint32_t row = s->member[*link].row;
        if (lb_open(&at[row]) &&
            (most == NULL || lb_ipvs_lighter(&at[s->member[*most].row], &at[row])))
            most = link;
    }
    if (most == NULL)
        return;
    take_out(s, entry, most);
    entry->modified = now;
}

/* The row joins the set, unless it is in it. */
static void join(struct state *s, struct lb_ipvs_entry *entry, uint32_t row, lb_time now)
{
    for (uint32_t m = entry->first; m != LB_IPVS_NOBODY; m = s->member[m].next)
        if (s->member[m].row == row)
            return;
    while (s->free == LB_IPVS_NOBODY)
        if (&s->cache.entry[s->cache.oldest] != entry)
            drop_oldest(s);
        else
            empty(s, entry);
    uint32_t m = s->free;
    s->free = s->member[m].next;
    s->member[m] = (struct member){row, entry->first};
    entry->first = m;
    entry->members++;
    entry->modified = now;
}

static int32_t pick(void *state, const struct lb_request *request, lb_time now)
{
    struct state *s = state;
    struct lb_address address = lb_ipvs_destination(request);
    uint32_t e = lb_ipvs_cache_find(&s->cache, &address, now);
    if (e != LB_IPVS_NOBODY) {
        struct lb_ipvs_entry *entry = &s->cache.entry[e];
        int32_t row = lightest(s, entry);
        if (entry->members > 1 && now - entry->modified > s->cache.expiration)
            shrink(s, entry, now);
        if (row != LB_NONE && !lb_ipvs_half_idle_beside(&s->ipvs, (uint32_t)row))
            return row;
    }
    int32_t best = lb_ipvs_scan(&s->ipvs, lb_ipvs_lighter);
    if (best == LB_NONE)
        return LB_NONE;
    if (e == LB_IPVS_NOBODY) {
        if (lb_ipvs_cache_full(&s->cache))
            drop_oldest(s);
        e = lb_ipvs_cache_add(&s->cache, &address, now);
    }
    join(s, &s->cache.entry[e], (uint32_t)best, now);
    return best;
}

static lb_time on_timer(void *state, lb_time now)
{
    struct state *s = state;
    if (lb_ipvs_cache_look(&s->cache))
        while (lb_ipvs_cache_stale(&s->cache, now))
            drop_oldest(s);
    return now + LB_IPVS_CHECK;
}

static void describe(const void *state, lb_emit *emit, void *to)
{
    const struct state *s = state;
    uint64_t members = 0;
    for (uint32_t e = s->cache.oldest; e != LB_IPVS_NOBODY; e = s->cache.entry[e].newer)
        members += s->cache.entry[e].members;
    emit(to, -1, "entries", s->cache.count);
    emit(to, -1, "members", (double)members);
    lb_ipvs_describe(state, emit, to);
}

extern const struct lb_algorithm lb_algorithm_ipvs_lblcr;
const struct lb_algorithm lb_algorithm_ipvs_lblcr = {
    .abi = LB_ABI,
    .name = "ipvs-lblcr",
    .title = "IPVS locality-based least-connection with replication",
    .summary = "A destination has a set of servers that grows under load and shrinks in time.",
    .reference = "Linux, net/netfilter/ipvs/ip_vs_lblcr.c",
    .cost = "O(set) for a known destination, O(n) otherwise",
    .changes = "A failed member is passed over and comes back to its sets; one that leaves is in "
               "none. A newcomer gets new destinations and overloaded ones.",
    .needs = LB_NEED_KEY,
    .params = params,
    .create = create,
    .destroy = destroy,
    .pick = pick,
    .on_attempt_start = lb_ipvs_start,
    .on_attempt_finish = lb_ipvs_finish,
    .on_pool_change = on_pool_change,
    .on_timer = on_timer,
    .describe = describe,
};
