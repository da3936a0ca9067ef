/*
 * Rows in ascending order of a key; equal keys in the order in which they came.
 *
 * HAProxy keeps its servers in ordered trees and mostly wants the first. A four-way heap of ranks
 * gives exactly that first: a rank is the key above and a number counted up at each insertion below,
 * so no two are equal and the shape of the heap decides nothing. When the numbers run out, the ranks
 * are dealt anew in their order. Four children are 64 bytes and begin at a multiple of that: one
 * cache line a level. A row is in one tree at most, and trees of one owner may share `place`; who is
 * in which, the owner knows.
 *
 * Cost: insert, remove and move O(log n), the first O(1); 16 bytes a row and 4 for its place.
 */
#ifndef LB_HAPROXY_TREE_H
#define LB_HAPROXY_TREE_H

#include <stdlib.h>

#include "algorithms/lb.h"

#define LB_HAPROXY_NUMBER_BITS 28
#define LB_HAPROXY_NUMBERS     (UINT64_C(1) << LB_HAPROXY_NUMBER_BITS)
#define LB_HAPROXY_KEY_MAX     ((UINT64_C(1) << (64 - LB_HAPROXY_NUMBER_BITS)) - 1)

struct lb_haproxy_entry {
    uint64_t rank;
    uint32_t row;
};

struct lb_haproxy_tree {
    struct lb_haproxy_entry *base; /* what was allocated */
    struct lb_haproxy_entry *at;   /* the heap: three entries later */
    uint32_t *place;               /* row -> its index in `at` */
    uint32_t count;
    uint64_t number; /* of the next insertion */
};

/* Room for every row below max. False when memory is out. `place` is the owner's. */
static inline bool lb_haproxy_tree_init(struct lb_haproxy_tree *tree, uint32_t *place, size_t max)
{
    size_t size = (max + 3) * sizeof *tree->at;
    *tree =
        (struct lb_haproxy_tree){.base = aligned_alloc(64, (size + 63) / 64 * 64), .place = place};
    if (tree->base != NULL)
        tree->at = tree->base + 3;
    return tree->base != NULL;
}

static inline void lb_haproxy_tree_done(struct lb_haproxy_tree *tree)
{
    free(tree->base);
    tree->base = tree->at = NULL;
}

/* Keys beyond the largest count as that. */
static inline uint64_t lb_haproxy_rank(uint64_t key, uint64_t number)
{
    return (key < LB_HAPROXY_KEY_MAX ? key : LB_HAPROXY_KEY_MAX) << LB_HAPROXY_NUMBER_BITS | number;
}

static inline void lb_haproxy_tree_put(struct lb_haproxy_tree *tree, uint32_t i,
                                       struct lb_haproxy_entry entry)
{
    tree->at[i] = entry;
    tree->place[entry.row] = i;
}

/* The entry belongs at i or nearer to the first. */
static inline void lb_haproxy_tree_up(struct lb_haproxy_tree *tree, uint32_t i,
                                      struct lb_haproxy_entry entry)
{
    while (i > 0 && entry.rank < tree->at[(i - 1) / 4].rank) {
        lb_haproxy_tree_put(tree, i, tree->at[(i - 1) / 4]);
        i = (i - 1) / 4;
    }
    lb_haproxy_tree_put(tree, i, entry);
}

/* The least of the four children from `child` on, without a branch that could be guessed wrong. */
static inline uint32_t lb_haproxy_least(const struct lb_haproxy_entry *at, uint32_t child)
{
    uint32_t left = child + (at[child + 1].rank < at[child].rank);
    uint32_t right = child + 2 + (at[child + 3].rank < at[child + 2].rank);
    return at[right].rank < at[left].rank ? right : left;
}

/* The entry belongs at i or farther from the first. */
static inline void lb_haproxy_tree_down(struct lb_haproxy_tree *tree, uint32_t i,
                                        struct lb_haproxy_entry entry)
{
    for (uint32_t child = 4 * i + 1; child < tree->count; child = 4 * i + 1) {
        uint32_t least = child;
        if (child + 3 < tree->count)
            least = lb_haproxy_least(tree->at, child);
        else
            for (uint32_t k = child + 1; k < tree->count; k++)
                if (tree->at[k].rank < tree->at[least].rank)
                    least = k;
        if (tree->at[least].rank > entry.rank)
            break;
        lb_haproxy_tree_put(tree, i, tree->at[least]);
        i = least;
    }
    lb_haproxy_tree_put(tree, i, entry);
}

/* The entry at i is replaced by another. */
static inline void lb_haproxy_tree_replace(struct lb_haproxy_tree *tree, uint32_t i,
                                           struct lb_haproxy_entry entry)
{
    if (i > 0 && entry.rank < tree->at[(i - 1) / 4].rank)
        lb_haproxy_tree_up(tree, i, entry);
    else
        lb_haproxy_tree_down(tree, i, entry);
}

/* Puts a row in at a rank that the owner gives: its own, or one it had before. */
static inline void lb_haproxy_tree_insert_at(struct lb_haproxy_tree *tree, uint32_t row,
                                             uint64_t rank)
{
    lb_haproxy_tree_up(tree, tree->count++, (struct lb_haproxy_entry){rank, row});
}

/* A row of the tree gets another rank. */
static inline void lb_haproxy_tree_move(struct lb_haproxy_tree *tree, uint32_t row, uint64_t rank)
{
    lb_haproxy_tree_replace(tree, tree->place[row], (struct lb_haproxy_entry){rank, row});
}

/* Takes a row out that is in. */
static inline void lb_haproxy_tree_remove(struct lb_haproxy_tree *tree, uint32_t row)
{
    uint32_t i = tree->place[row];
    struct lb_haproxy_entry last = tree->at[--tree->count];
    if (i < tree->count)
        lb_haproxy_tree_replace(tree, i, last);
}

/* Deals the numbers anew, 0, 1, ... in order of the ranks; what is in place is in order. */
static inline void lb_haproxy_tree_renumber(struct lb_haproxy_tree *tree)
{
    uint32_t all = tree->count;
    while (tree->count > 0) { /* heap sort: the first goes to the end of those left */
        struct lb_haproxy_entry first = tree->at[0];
        lb_haproxy_tree_remove(tree, first.row);
        tree->at[tree->count] = first;
    }
    for (uint32_t i = 0; i < all / 2; i++) {
        struct lb_haproxy_entry swapped = tree->at[i];
        tree->at[i] = tree->at[all - 1 - i];
        tree->at[all - 1 - i] = swapped;
    }
    for (tree->count = 0; tree->count < all; tree->count++) {
        struct lb_haproxy_entry entry = tree->at[tree->count];
        entry.rank = lb_haproxy_rank(entry.rank >> LB_HAPROXY_NUMBER_BITS, tree->count);
        lb_haproxy_tree_put(tree, tree->count, entry);
    }
    tree->number = all;
}

/* Puts a row in behind all of its key. */
static inline void lb_haproxy_tree_insert(struct lb_haproxy_tree *tree, uint32_t row, uint64_t key)
{
    if (__builtin_expect(tree->number == LB_HAPROXY_NUMBERS, 0))
        lb_haproxy_tree_renumber(tree);
    lb_haproxy_tree_insert_at(tree, row, lb_haproxy_rank(key, tree->number++));
}

#endif
