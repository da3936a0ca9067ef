/*
 * IPVS lblc: locality-based least connection, made for clusters of caches.
 *
 * The idea: a destination address stays with the server that had it last, so that its cache is
 * warm. It is left while it is usable and of weight, unless it has more active connections than its
 * weight while some server has less than half of its own; then, and for a new address, the server
 * is that of wlc, and it is remembered. The overloaded flag (u_threshold) keeps new addresses away
 * from a server, not those it has.
 *
 * What is remembered, for how long, and how much of it: cache.h. What stands for the destination
 * of a request that has none: service.h.
 *
 * Cost: O(1) for an address that stays; O(n) otherwise.
 * Source: Linux, net/netfilter/ipvs/ip_vs_lblc.c; rules only.
 */
#include "algorithms/ipvs/cache.h"

static const struct lb_param params[] = {
    LB_IPVS_CACHE_PARAMS,
    {.name = NULL},
};

struct state {
    struct lb_ipvs ipvs;
    struct lb_ipvs_cache cache; /* entry.first = the row remembered */
};

static void destroy(void *state)
{
    struct state *s = state;
    lb_ipvs_cache_done(&s->cache);
    lb_ipvs_destroy(s);
}

static void *create(const struct lb_setup *setup, struct lb_error *error)
{
    struct state *s = lb_ipvs_new(setup, sizeof *s, error);
    if (s == NULL)
        return NULL;
    if (lb_ipvs_cache_init(&s->cache, (uint32_t)lb_value(setup, params, 0),
                           (lb_time)lb_value(setup, params, 1), error) != 0) {
        destroy(s);
        return NULL;
    }
    return s;
}

/* A row that was left is remembered by nobody: another backend may join there. */
static void on_pool_change(void *state, const int32_t *changed, uint32_t count, lb_time now)
{
    struct state *s = state;
    (void)now;
    for (uint32_t k = 0; k < count; k++) {
        bool news = lb_ipvs_note(&s->ipvs, &changed[k], 1);
        if (!news || s->ipvs.dest[changed[k]].listed)
            continue;
        for (uint32_t e = s->cache.oldest; e != LB_IPVS_NOBODY; e = s->cache.entry[e].newer)
            if (s->cache.entry[e].first == (uint32_t)changed[k])
                s->cache.entry[e].first = LB_IPVS_NOBODY;
    }
}

static int32_t pick(void *state, const struct lb_request *request, lb_time now)
{
    struct state *s = state;
    struct lb_address address = lb_ipvs_destination(request);
    uint32_t e = lb_ipvs_cache_find(&s->cache, &address, now);
    uint32_t row = e != LB_IPVS_NOBODY ? s->cache.entry[e].first : LB_IPVS_NOBODY;
    if (row != LB_IPVS_NOBODY && lb_open(&s->ipvs.pool->at[row]) &&
        !lb_ipvs_half_idle_beside(&s->ipvs, row))
        return (int32_t)row;
    int32_t best = lb_ipvs_scan(&s->ipvs, lb_ipvs_lighter);
    if (best == LB_NONE)
        return LB_NONE;
    if (e == LB_IPVS_NOBODY) {
        if (lb_ipvs_cache_full(&s->cache))
            lb_ipvs_cache_drop(&s->cache, s->cache.oldest);
        e = lb_ipvs_cache_add(&s->cache, &address, now);
    }
    s->cache.entry[e].first = (uint32_t)best;
    return best;
}

static lb_time on_timer(void *state, lb_time now)
{
    struct state *s = state;
    if (lb_ipvs_cache_look(&s->cache))
        while (lb_ipvs_cache_stale(&s->cache, now))
            lb_ipvs_cache_drop(&s->cache, s->cache.oldest);
    return now + LB_IPVS_CHECK;
}

static void describe(const void *state, lb_emit *emit, void *to)
{
    const struct state *s = state;
    emit(to, -1, "entries", s->cache.count);
    lb_ipvs_describe(state, emit, to);
}

extern const struct lb_algorithm lb_algorithm_ipvs_lblc;
const struct lb_algorithm lb_algorithm_ipvs_lblc = {
    .abi = LB_ABI,
    .name = "ipvs-lblc",
    .title = "IPVS locality-based least-connection",
    .summary = "A destination stays with its server until that has too much; else the lightest.",
    .reference = "Linux, net/netfilter/ipvs/ip_vs_lblc.c",
    .cost = "O(1) for a known destination, O(n) otherwise",
    .changes = "A failed, quiesced or gone server's destinations go to the lightest, one by one, "
               "and stay there. A newcomer gets new destinations only.",
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
