/*
 * The servers that have a place free, in an order: what leastconn and first pick from.
 *
 * The idea: servers at their maxconn would be passed over anyway, so they are kept out of the tree
 * and come back with the order they had. What the books cannot tell by a hook (a queue of the
 * server's own, a maxconn that grows in slow start) is looked at when a server comes first; those
 * passed over are taken out and put back. A request that is tried again gets the server it was at
 * last only when there is no other.
 *
 * Cost: a pick O(1), O(log n) for each server passed over; a change of a server O(log n).
 */
#ifndef LB_HAPROXY_FREE_H
#define LB_HAPROXY_FREE_H

#include "algorithms/haproxy/tree.h"
#include "algorithms/haproxy/weights.h"

struct lb_haproxy_slot {
    uint64_t rank;  /* where the server stands, or would stand were it not full */
    uint32_t chain; /* of those passed over in this pick: the one before */
    bool open, in;  /* usable; in the tree */
};

struct lb_haproxy_free {
    const struct lb_pool *pool;
    struct lb_haproxy_tree tree;
    struct lb_haproxy_slot *slot; /* row -> slot */
    uint32_t open;                /* usable ones, full or not */
};

/* 0, or -1 with *error; done() either way. */
int lb_haproxy_free_init(struct lb_haproxy_free *f, const struct lb_pool *pool,
                         struct lb_error *error);
void lb_haproxy_free_done(struct lb_haproxy_free *f);

/* The row as its slot and its books now are: into the tree, out of it, or to another place in it.
 * To be called after each change of rank, open, and of what makes it full. */
static inline void lb_haproxy_free_update(struct lb_haproxy_free *f, uint32_t row)
{
    struct lb_haproxy_slot *slot = &f->slot[row];
    bool in = slot->open && !lb_full(&f->pool->at[row]);
    if (in && slot->in)
        lb_haproxy_tree_move(&f->tree, row, slot->rank);
    else if (in)
        lb_haproxy_tree_insert_at(&f->tree, row, slot->rank);
    else if (slot->in)
        lb_haproxy_tree_remove(&f->tree, row);
    slot->in = in;
}

static inline void lb_haproxy_free_open(struct lb_haproxy_free *f, uint32_t row, bool open)
{
    f->open += (uint32_t)open - (uint32_t)f->slot[row].open;
    f->slot[row].open = open;
    lb_haproxy_free_update(f, row);
}

/* Deals the ranks anew when their numbers run out. */
void lb_haproxy_free_renumber(struct lb_haproxy_free *f);

/* Gives the slot of a row a rank behind all of this key. */
static inline void lb_haproxy_free_rank(struct lb_haproxy_free *f, uint32_t row, uint64_t key)
{
    if (__builtin_expect(f->tree.number == LB_HAPROXY_NUMBERS, 0))
        lb_haproxy_free_renumber(f);
    f->slot[row].rank = lb_haproxy_rank(key, f->tree.number++);
}

/* The first that is not saturated, LB_WAIT or LB_NONE. */
int32_t lb_haproxy_free_pick(struct lb_haproxy_free *f, const struct lb_request *request,
                             lb_time now);

#endif
