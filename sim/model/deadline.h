/*
 * The deadlines of a client group: who gives up next, when all wait equally long.
 *
 * The idea: a group has one timeout, so its requests give up in the order in which they set out. A
 * line of record numbers, oldest first, is then all there is to remember: setting out adds one at the
 * end, an answer blots one out where it stands, and the engine knows of one instant for all groups,
 * that of the oldest. An event for each request would be pushed and cancelled for nothing: it cost
 * 15 % of a run with timeouts, and as much memory as the rest of the queue.
 *
 * Order: deadlines of an instant come after arrivals and before every other event (a beat of the
 * engine), by group, then oldest first.
 *
 * Cost: O(1), averaged: a full line is packed, and doubled when more than half of it is alive, so
 * memory is at most 16 bytes for each request of the group in flight at its peak.
 */
#ifndef MODEL_DEADLINE_H
#define MODEL_DEADLINE_H

#include "sim/model/request.h"

struct deadlines {
    uint32_t *line; /* places: a record, or 0 = blotted out */
    uint32_t first,
        next;      /* the oldest place that is not known to be blotted out; the next to fill */
    uint32_t mask; /* places - 1: a place is taken modulo this; 0 = no line yet */
};

void deadlines_done(struct deadlines *d);

/* Packs or doubles a line that is full. */
void deadlines_make_room(struct deadlines *d, struct requests *requests);

/* A request sets out: at the end of the line. */
static inline void deadlines_join(struct deadlines *d, struct requests *requests, uint32_t id)
{
    if (__builtin_expect(d->next - d->first == d->mask, 0))
        deadlines_make_room(d, requests);
    d->line[d->next & d->mask] = id;
    requests->at[id].timeout = d->next++;
}

/* The same one goes on with another record. */
static inline void deadlines_hand_on(struct deadlines *d, const struct request *r, uint32_t id)
{
    d->line[r->timeout & d->mask] = id;
}

/* It no longer waits. */
static inline void deadlines_leave(struct deadlines *d, const struct request *r)
{
    d->line[r->timeout & d->mask] = 0;
}

/* The oldest that still waits, or 0. */
static inline uint32_t deadlines_first(struct deadlines *d)
{
    while (d->first != d->next) {
        uint32_t id = d->line[d->first & d->mask];
        if (id != 0)
            return id;
        d->first++;
    }
    return 0;
}

#endif
