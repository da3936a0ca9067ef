/*
 * What HAProxy's source and hash have in common: the type of the map, the avalanche, the bound.
 *
 * The idea: a hash is looked up in the static map (map.h, `type` map-based) or on the ring (chash.h,
 * consistent). A pick by hash stands whether the server is saturated or not: the request then waits in
 * that server's own queue. A server to be avoided on a retry is passed over on the ring only; the map
 * gives the same server again. A request without anything to hash takes the next turn on the map or
 * the ring; not when there is one server only, which gets it as if by hash, and the next turn stays
 * where it is. The bound applies to the ring only.
 *
 * Source: HAProxy 2.6.12, src/backend.c; rules in our own words and code.
 */
#ifndef LB_HAPROXY_HASHING_H
#define LB_HAPROXY_HASHING_H

#include "algorithms/haproxy/chash.h"
#include "algorithms/haproxy/map.h"
#include "algorithms/hash.h"

struct lb_haproxy_hashing {
    bool consistent, avalanche;
    uint32_t bound; /* percent of the mean load; 0 = none */
    uint32_t function;
    bool turn_alone; /* the turns of requests without a key go on when one server is left */
    struct lb_haproxy_map map;     /* when map-based */
    struct lb_haproxy_chash chash; /* when consistent */
};

extern const char *const lb_haproxy_types[];

/* The first three parameters of both, in this order. */
#define LB_HAPROXY_HASHING_PARAMS                                                                  \
    {.name = "type",                                                                               \
     .unit = "",                                                                                   \
     .value = 0,                                                                                   \
     .min = 0,                                                                                     \
     .max = 1,                                                                                     \
     .help = "hash-type: slots of a static map, or the nearest point of a ring",                   \
     .choices = lb_haproxy_types},                                                                 \
        {.name = "avalanche",                                                                      \
         .unit = "bool",                                                                           \
         .value = 0,                                                                               \
         .min = 0,                                                                                 \
         .max = 1,                                                                                 \
         .help = "whether the hash is mixed once more"},                                           \
    {                                                                                              \
        .name = "balance-factor", .unit = "", .value = 0, .min = 0, .max = 65535,                  \
        .help = "consistent: bound in percent of the mean load; 0 = off, 1 to 100 count as 101"    \
    }

/* The state of either algorithm, or NULL with *error. */
void *lb_haproxy_hashing_create(const struct lb_setup *setup, const struct lb_param *params,
                                struct lb_error *error);
void lb_haproxy_hashing_destroy(void *state);
void lb_haproxy_hashing_change(void *state, const int32_t *changed, uint32_t count, lb_time now);
void lb_haproxy_hashing_describe(const void *state, lb_emit *emit, void *to);

/* The pick: by hash, or by turn when there is nothing to hash. */
static inline int32_t lb_haproxy_hashing_pick(struct lb_haproxy_hashing *h,
                                              const struct lb_request *request, bool keyed,
                                              uint32_t hash, lb_time now)
{
    if (h->avalanche)
        hash = lb_avalanche32(hash);
    if (!h->consistent)
        return keyed || (h->map.usable == 1 && !h->turn_alone)
                   ? lb_haproxy_map_at(&h->map, hash)
                   : lb_haproxy_map_turn(&h->map, request, now);
    lb_haproxy_chash_tick(&h->chash, now);
    keyed = keyed || (h->chash.usable == 1 && !h->turn_alone);
    return keyed ? lb_haproxy_chash_at(&h->chash, hash, lb_haproxy_avoid(request), h->bound)
                 : lb_haproxy_chash_turn(&h->chash, request, now);
}

#endif
