/*
 * Rows in ascending order of a key; equal keys in the order in which they came.
 *
 * HAProxy keeps its servers in ordered trees and mostly wants the first. A four-way heap of (key,
 * order) gives exactly that first: `order` is a number the owner counts up at each insertion, so no
 * two entries are equal and the shape of the heap decides nothing. A row is in one tree at most, and
 * trees of one owner may share `place`; who is in which, the owner knows.
 *
 * Cost: insert, remove and move O(log n), the first O(1); 24 bytes a row and 4 for its place.
 */
#ifndef LB_HAPROXY_TREE_H
#define LB_HAPROXY_TREE_H

#include <stdlib.h>

#include "algorithms/lb.h"

struct lb_haproxy_entry {
    uint64_t key, order;
    uint32_t row;
};

struct lb_haproxy_tree {
    struct lb_haproxy_entry *at; /* the heap */
    uint32_t *place;             /* row -> its index in `at` */
    uint32_t count;
};

/* Room for every row below max. False when memory is out. free_entries() frees `at` alone. */
static inline bool lb_haproxy_tree_init(struct lb_haproxy_tree *tree, uint32_t *place, size_t max)
{
    *tree = (struct lb_haproxy_tree){.at = malloc((max + 1) * sizeof *tree->at), .place = place};
    return tree->at != NULL;
}

static inline bool lb_haproxy_before(const struct lb_haproxy_entry *a,
                                     const struct lb_haproxy_entry *b)
{
    return a->key != b->key ? a->key < b->key : a->order < b->order;
}

static inline void lb_haproxy_tree_put(struct lb_haproxy_tree *tree, uint32_t i,
                                       struct lb_haproxy_entry entry)
{
    tree->at[i] = entry;
    tree->place[entry.row] = i;
}

/* The entry stands at i, or belongs nearer to the first: where it is put. */
static inline void lb_haproxy_tree_up(struct lb_haproxy_tree *tree, uint32_t i,
                                      struct lb_haproxy_entry entry)
{
    while (i > 0 && lb_haproxy_before(&entry, &tree->at[(i - 1) / 4])) {
        lb_haproxy_tree_put(tree, i, tree->at[(i - 1) / 4]);
        i = (i - 1) / 4;
    }
    lb_haproxy_tree_put(tree, i, entry);
}

/* The entry belongs at i or farther from the first. */
static inline void lb_haproxy_tree_down(struct lb_haproxy_tree *tree, uint32_t i,
                                        struct lb_haproxy_entry entry)
{
    for (uint32_t child = 4 * i + 1; child < tree->count; child = 4 * i + 1) {
        uint32_t least = child, end = child + 4 < tree->count ? child + 4 : tree->count;
        for (uint32_t k = child + 1; k < end; k++)
            if (lb_haproxy_before(&tree->at[k], &tree->at[least]))
                least = k;
        if (!lb_haproxy_before(&tree->at[least], &entry))
            break;
        lb_haproxy_tree_put(tree, i, tree->at[least]);
        i = least;
    }
    lb_haproxy_tree_put(tree, i, entry);
}

static inline void lb_haproxy_tree_insert(struct lb_haproxy_tree *tree, uint32_t row, uint64_t key,
                                          uint64_t order)
{
    lb_haproxy_tree_up(tree, tree->count++, (struct lb_haproxy_entry){key, order, row});
}

/* The entry at i is replaced by another. */
static inline void lb_haproxy_tree_replace(struct lb_haproxy_tree *tree, uint32_t i,
                                           struct lb_haproxy_entry entry)
{
    if (i > 0 && lb_haproxy_before(&entry, &tree->at[(i - 1) / 4]))
        lb_haproxy_tree_up(tree, i, entry);
    else
        lb_haproxy_tree_down(tree, i, entry);
}

/* A row of the tree gets another key and order. */
static inline void lb_haproxy_tree_move(struct lb_haproxy_tree *tree, uint32_t row, uint64_t key,
                                        uint64_t order)
{
    lb_haproxy_tree_replace(tree, tree->place[row], (struct lb_haproxy_entry){key, order, row});
}

/* Takes a row out that is in. */
static inline void lb_haproxy_tree_remove(struct lb_haproxy_tree *tree, uint32_t row)
{
    uint32_t i = tree->place[row];
    struct lb_haproxy_entry last = tree->at[--tree->count];
    if (i < tree->count)
        lb_haproxy_tree_replace(tree, i, last);
}

#endif
