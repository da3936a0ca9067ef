/*
 * HAProxy's static map: a table of servers in an order of turns, for static-rr and map-based hashes.
 *
 * The idea: weights are divided by their greatest common divisor, and a table as long as their sum
 * over the usable servers is filled slot by slot: every server's score grows by its weight e, the
 * one with the largest whole number of (score + T) / T takes the slot, the first on ties, and pays T.
 * Only whole numbers are compared, so it is coarser than smooth round robin: {3,2,1} gives
 * a a b a b c. Turns walk the table round, hashes index it. Every change of state builds it anew, so
 * most keys move.
 *
 * The whole number is a server's level: it starts at 1, goes up when k x e / T (k slots so far) passes
 * a whole number, and down when the server takes a slot. So servers of level 1 and more stand in a
 * tree, and a calendar, kept in the slots not filled yet, says who goes up when: O(T log n) instead
 * of the product's O(T x n), and the same table.
 *
 * Weights of the product's static algorithms cannot be changed but to 0 and back: a row keeps the
 * weight it joined with, at most 256. Slow start does not apply. The greatest common divisor is that
 * of all present rows, usable or not; the product's also counts the backups, whose map is this same
 * one: it repeats the table, and turns go on from the position of the other tier.
 *
 * Cost: a look-up O(1); a build O(T log n), T <= 256 n; 4 T bytes and 44 a row.
 * Source: HAProxy 2.6.12, src/lb_map.c; rules in our own words and code.
 */
#ifndef LB_HAPROXY_MAP_H
#define LB_HAPROXY_MAP_H

#include "algorithms/haproxy/tree.h"
#include "algorithms/haproxy/weights.h"

struct lb_haproxy_mapped {
    uint32_t id, weight; /* of the backend in this row as it joined; weight 0 = not yet */
    uint32_t e;          /* in the table; 0 = out */
    uint32_t picks;      /* while building: slots taken */
    uint32_t rises;      /* while building: times its level went up */
    uint32_t next;       /* while building: the calendar's list */
};

struct lb_haproxy_map {
    const struct lb_pool *pool;
    struct lb_haproxy_mapped *row;
    struct lb_haproxy_tree ready; /* while building */
    uint32_t *slot;               /* the table: rows */
    uint32_t length, room;
    uint32_t position; /* of the next turn */
    uint32_t divisor;
    uint32_t usable; /* servers in the table */
};

/* 0, or -1 with *error; done() either way. */
int lb_haproxy_map_init(struct lb_haproxy_map *map, const struct lb_pool *pool,
                        struct lb_error *error);
void lb_haproxy_map_done(struct lb_haproxy_map *map);

/* These rows changed. May allocate; without memory the old table stays, less those that are out. */
void lb_haproxy_map_change(struct lb_haproxy_map *map, const int32_t *changed, uint32_t count);

/* The next turn: the first from the position on that is not saturated and not to be avoided. */
int32_t lb_haproxy_map_turn(struct lb_haproxy_map *map, const struct lb_request *request,
                            lb_time now);

/* Whose slot a hash falls on, saturated or not; LB_NONE when there is nobody. */
static inline int32_t lb_haproxy_map_at(const struct lb_haproxy_map *map, uint32_t hash)
{
    return map->length != 0 ? (int32_t)map->slot[hash % map->length] : LB_NONE;
}

void lb_haproxy_map_describe(const struct lb_haproxy_map *map, lb_emit *emit, void *to);

#endif
