/*
 * See cache.h.
 */
#include "algorithms/ipvs/cache.h"

#include <stdlib.h>
#include <string.h>

#include "algorithms/hash.h"

int lb_ipvs_cache_init(struct lb_ipvs_cache *cache, uint32_t size, lb_time expiration,
                       struct lb_error *error)
{
    uint32_t heads = 1;
    while (heads < size)
        heads *= 2;
    *cache = (struct lb_ipvs_cache){.entry = malloc(size * sizeof *cache->entry),
                                    .head = malloc(heads * sizeof *cache->head),
                                    .mask = heads - 1,
                                    .size = size,
                                    .newest = LB_IPVS_NOBODY,
                                    .oldest = LB_IPVS_NOBODY,
                                    .looks = UINT32_MAX, /* the call after create is no look */
                                    .expiration = expiration};
    if (cache->entry == NULL || cache->head == NULL)
        return lb_error_set(error, LB_ERROR_MEMORY, "ipvs: no memory for %u addresses", size);
    for (uint32_t h = 0; h < heads; h++)
        cache->head[h] = LB_IPVS_NOBODY;
    for (uint32_t e = 0; e < size; e++)
        cache->entry[e].chain = e + 1; /* the free ones */
    return 0;
}

void lb_ipvs_cache_done(struct lb_ipvs_cache *cache)
{
    free(cache->entry);
    free(cache->head);
}

static uint32_t *head_of(const struct lb_ipvs_cache *cache, const struct lb_address *address)
{
    uint64_t hash = lb_xxh64(address->bytes, sizeof address->bytes, address->family);
    return &cache->head[hash & cache->mask];
}

/* Puts the entry behind the one used last. */
static void append(struct lb_ipvs_cache *cache, uint32_t e)
{
    cache->entry[e].newer = LB_IPVS_NOBODY;
    cache->entry[e].older = cache->newest;
    if (cache->newest != LB_IPVS_NOBODY)
        cache->entry[cache->newest].newer = e;
    else
        cache->oldest = e;
    cache->newest = e;
}

static void detach(struct lb_ipvs_cache *cache, uint32_t e)
{
    uint32_t newer = cache->entry[e].newer, older = cache->entry[e].older;
    if (newer != LB_IPVS_NOBODY)
        cache->entry[newer].older = older;
    else
        cache->newest = older;
    if (older != LB_IPVS_NOBODY)
        cache->entry[older].newer = newer;
    else
        cache->oldest = newer;
}

uint32_t lb_ipvs_cache_find(struct lb_ipvs_cache *cache, const struct lb_address *address,
                            lb_time now)
{
    uint32_t e = *head_of(cache, address);
    while (e != LB_IPVS_NOBODY &&
           (cache->entry[e].address.family != address->family ||
            memcmp(cache->entry[e].address.bytes, address->bytes, sizeof address->bytes) != 0))
        e = cache->entry[e].chain;
    if (e == LB_IPVS_NOBODY)
        return e;
    cache->entry[e].used = now;
    if (cache->newest != e) {
        detach(cache, e);
        append(cache, e);
    }
    return e;
}

uint32_t lb_ipvs_cache_add(struct lb_ipvs_cache *cache, const struct lb_address *address,
                           lb_time now)
{
    uint32_t e = cache->free, *head = head_of(cache, address);
    cache->free = cache->entry[e].chain;
    cache->entry[e] = (struct lb_ipvs_entry){
        .address = *address, .chain = *head, .first = LB_IPVS_NOBODY, .used = now, .modified = now};
    *head = e;
    append(cache, e);
    cache->count++;
    return e;
}

void lb_ipvs_cache_drop(struct lb_ipvs_cache *cache, uint32_t entry)
{
    uint32_t *link = head_of(cache, &cache->entry[entry].address);
    while (*link != entry)
        link = &cache->entry[*link].chain;
    *link = cache->entry[entry].chain;
    detach(cache, entry);
    cache->entry[entry].chain = cache->free;
    cache->free = entry;
    cache->count--;
}

bool lb_ipvs_cache_look(struct lb_ipvs_cache *cache)
{
    if (++cache->looks < LB_IPVS_FULL)
        return false;
    cache->looks = 0;
    return true;
}

bool lb_ipvs_half_idle_beside(const struct lb_ipvs *ipvs, uint32_t row)
{
    const struct lb_backend *at = ipvs->pool->at;
    if (at[row].in_flight <= at[row].weight)
        return false;
    for (uint32_t i = 0; i < ipvs->pool->count; i++)
        if (lb_open(&at[i]) && (uint64_t)at[i].in_flight * 2 < at[i].weight)
            return true;
    return false;
}
