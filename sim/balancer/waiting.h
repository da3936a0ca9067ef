/*
 * The waiting room of a balancer: requests that found nobody free.
 *
 * One common line (LB_WAIT: the first free place will do) and one line per backend (the pick stands,
 * the backend is full). Doubly linked nodes in a pool, so that a client that gives up leaves in
 * O(1) from anywhere. A freed place serves the backend's own line first, then the common one.
 */
#ifndef BALANCER_WAITING_H
#define BALANCER_WAITING_H

#include <stdint.h>

#define WAITING_NONE 0U

struct waiting_line {
    uint32_t head, tail, count;
};

struct waiting_node {
    uint32_t prev, next, request, line; /* line 0 is the common one, backend b has line b + 1 */
};

struct waiting {
    struct waiting_node *nodes; /* nodes[0] is never used */
    uint32_t used, room, free;
    struct waiting_line *lines;
    uint32_t line_count, total;
};

void waiting_init(struct waiting *w, uint32_t backends);
void waiting_done(struct waiting *w);

/* Puts a request at the end of the common line (backend < 0) or of a backend's own. Returns the
 * node, to be kept for waiting_leave. */
uint32_t waiting_join(struct waiting *w, int32_t backend, uint32_t request);
/* Takes the node out, wherever it stands. */
void waiting_leave(struct waiting *w, uint32_t node);
/* The node that a place freed at this backend serves first, or WAITING_NONE. */
uint32_t waiting_first(const struct waiting *w, uint32_t backend);

static inline uint32_t waiting_common(const struct waiting *w)
{
    return w->lines[0].count;
}

static inline uint32_t waiting_for(const struct waiting *w, uint32_t backend)
{
    return w->lines[backend + 1].count;
}

#endif
