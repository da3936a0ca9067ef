/*
 * The table of IPVS lblc and lblcr: what is remembered of each destination address.
 *
 * The kernel's table grows with the addresses and is cut down by a timer: every 60 s it looks at
 * the number of entries, every 30th time it drops all that have not been used for the expiration.
 * Here the table has a size, and a new address in a full table drops the one unused for longest;
 * so the timer has only its 30th look to do. Nothing is allocated after create.
 *
 * Cost: O(1) a look-up expected; an expiry O(dropped); 64 bytes an entry and 4 to 8 for the chains.
 * Source: Linux, net/netfilter/ipvs/ip_vs_lblc.c, ip_vs_lblcr.c; rules only.
 */
#ifndef LB_IPVS_CACHE_H
#define LB_IPVS_CACHE_H

#include "algorithms/ipvs/service.h"

#define LB_IPVS_NOBODY UINT32_MAX
#define LB_IPVS_CHECK  (60 * INT64_C(1000000000)) /* ns between looks */
#define LB_IPVS_FULL   30U                        /* looks between those that expire */

struct lb_ipvs_entry {
    struct lb_address address; /* the port is 0 */
    uint32_t chain;            /* the next with the same hash */
    uint32_t newer, older;     /* in order of last use */
    uint32_t first, members;   /* the owner's: a row, or the head of a list, and how many in it */
    lb_time used, modified;
};

struct lb_ipvs_cache {
    struct lb_ipvs_entry *entry;
    uint32_t *head; /* hash -> entry */
    uint32_t mask, size, count, free;
    uint32_t newest, oldest;
    uint32_t looks; /* since the last that expired */
    lb_time expiration;
};

/* The parameters both have, in this order: entries, expiration. */
#define LB_IPVS_CACHE_PARAMS                                                                       \
    {.name = "entries",                                                                            \
     .unit = "",                                                                                   \
     .value = 16384,                                                                               \
     .min = 1,                                                                                     \
     .max = 1048576,                                                                               \
     .help = "addresses remembered; one more drops the one unused for longest"},                   \
    {                                                                                              \
        .name = "expiration", .unit = "ns", .value = 86400e9, .min = 1e9, .max = 864000e9,         \
        .help = "an address unused for so long is forgotten (sysctl *_expiration)"                 \
    }

/* 0, or -1 with *error; done() either way. */
int lb_ipvs_cache_init(struct lb_ipvs_cache *cache, uint32_t size, lb_time expiration,
                       struct lb_error *error);
void lb_ipvs_cache_done(struct lb_ipvs_cache *cache);

/* The entry of an address, now the one used last; or LB_IPVS_NOBODY. */
uint32_t lb_ipvs_cache_find(struct lb_ipvs_cache *cache, const struct lb_address *address,
                            lb_time now);

/* A new entry, with nobody in it; there is none of this address, and the table is not full. */
uint32_t lb_ipvs_cache_add(struct lb_ipvs_cache *cache, const struct lb_address *address,
                           lb_time now);

void lb_ipvs_cache_drop(struct lb_ipvs_cache *cache, uint32_t entry);

static inline bool lb_ipvs_cache_full(const struct lb_ipvs_cache *cache)
{
    return cache->count == cache->size;
}

/* One look of the timer has come: does it expire entries? */
bool lb_ipvs_cache_look(struct lb_ipvs_cache *cache);

/* Has the oldest entry expired? */
static inline bool lb_ipvs_cache_stale(const struct lb_ipvs_cache *cache, lb_time now)
{
    return cache->count > 0 && now - cache->entry[cache->oldest].used >= cache->expiration;
}

/* Is the destination overloaded as these two see it: more active than its weight, while somebody
 * has less than half of his? */
bool lb_ipvs_half_idle_beside(const struct lb_ipvs *ipvs, uint32_t row);

#endif
