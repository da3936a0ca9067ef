/*
 * The waiting room of a balancer: requests that found nobody free.
 *
 * Two common lines for each pool (LB_WAIT: the first free place will do), one of them for requests that
 * have been at some backend already and want another, and one line for each backend (the pick stands, the
 * backend is full). Doubly linked nodes in a pool, so that a client that gives up leaves in O(1)
 * from anywhere. A freed place serves the backend's own line first, then the common ones in the order
 * in which people came; whom this backend may serve there (tiers, backends tried) the caller knows.
 */
#ifndef BALANCER_WAITING_H
#define BALANCER_WAITING_H

#include <stdint.h>

#define WAITING_NONE 0U

struct waiting_line {
    uint32_t head, tail, count;
};

/* Lines: two common ones a pool, then one a backend. */
#define WAITING_FRESH   0U /* + 2 x pool */
#define WAITING_RETRIED 1U /* + 2 x pool */

struct waiting_node {
    uint32_t prev, next, request, line;
    uint32_t tier;  /* common lines: the last tier whose places will do; earlier ones are better */
    uint64_t order; /* who came first */
};

struct waiting {
    struct waiting_node *nodes; /* nodes[0] is never used */
    uint32_t used, room, free;
    struct waiting_line *lines;
    uint32_t line_count, total;
    uint32_t own;    /* the line of backend 0 */
    uint64_t joined; /* so far */
};

void waiting_init(struct waiting *w, uint32_t pools, uint32_t backends);
void waiting_done(struct waiting *w);

/* Puts a request at the end of a line; tier as in struct waiting_node. Returns the node, to be kept
 * for waiting_leave. */
uint32_t waiting_join(struct waiting *w, uint32_t line, uint32_t tier, uint32_t request);
/* Takes the node out, wherever it stands. */
void waiting_leave(struct waiting *w, uint32_t node);

/* The first of a line, or WAITING_NONE. */
static inline uint32_t waiting_first(const struct waiting *w, uint32_t line)
{
    return w->lines[line].head;
}

/* In the common lines of all pools. */
static inline uint32_t waiting_common(const struct waiting *w)
{
    uint32_t count = 0;
    for (uint32_t line = 0; line < w->own; line++)
        count += w->lines[line].count;
    return count;
}

static inline uint32_t waiting_for(const struct waiting *w, uint32_t backend)
{
    return w->lines[w->own + backend].count;
}

#endif
