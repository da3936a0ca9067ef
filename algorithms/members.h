/*
 * The rows of a pool that count for a product's tables, and whether any of them changed.
 *
 * The idea: products keep a list of healthy hosts and rebuild their schedule, ring or table when it
 * changes, and only then. A host of ours tells more (limits, steps of a slow start, rows one by
 * one), so what was last built from is remembered, and a rebuild is made when it differs.
 *
 * Cost: O(n) a change; 20 bytes a row.
 */
#ifndef LB_MEMBERS_H
#define LB_MEMBERS_H

#include "algorithms/lb.h"

struct lb_member {
    uint64_t text;   /* hash of what the backend is hashed by */
    uint32_t id;     /* whose weight and text they are */
    uint32_t weight; /* 0 = it does not count */
};

struct lb_members {
    const struct lb_pool *pool;
    unsigned flags;         /* a row counts when it has all of them, and a weight */
    uint32_t *row;          /* place -> row of the pool, in order of declaration */
    struct lb_member *seen; /* by row: as of the last look */
    uint32_t count;         /* places in use */
    uint64_t total;         /* of the weights */
    bool equal;             /* all weights are the same */
};

/* Nobody yet. Room for every row there can be: 0, or -1 with *error; done() either way. */
int lb_members_init(struct lb_members *members, const struct lb_pool *pool, unsigned flags,
                    struct lb_error *error);
void lb_members_done(struct lb_members *members);

/* A row with what it is hashed by: what sorting needs room for. */
struct lb_named {
    const char *text;
    uint32_t row;
};

/* Writes the members' rows to `row` in order of their texts, equal ones in order of the rows. `named`
 * is room for as many as there are; `row` may be members->row. May allocate (qsort). */
void lb_members_sort(const struct lb_members *members, struct lb_named *named, uint32_t *row);

/* Reads the pool again: did a weight, a name or who counts change? Never allocates. */
bool lb_members_look(struct lb_members *members);

#endif
