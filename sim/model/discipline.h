/*
 * Disciplines: in which order a backend serves those who wait.
 *
 * One const struct service_order a discipline, at the bottom of its file. It keeps the backend's queue, a doubly
 * linked line of requests (head, tail, links in the records), in whatever order it likes; service is
 * by the virtual clock. First come first served of plain backends is not here but in step.h, where it
 * is inline.
 *
 * Cost: O(1) a request, but for `priority`, O(levels).
 */
#ifndef MODEL_DISCIPLINE_H
#define MODEL_DISCIPLINE_H

#include "sim/model/world.h"

struct service_order {
    bool shares; /* all are served at once: there is no queue, and no hook */
    /* A request waits. */
    void (*join)(struct world *w, uint32_t backend, uint32_t id, lb_time now);
    /* Who is next, out of the queue; 0 when nobody waits. */
    uint32_t (*next)(struct world *w, uint32_t backend, lb_time now);
    /* One leaves the queue, wherever it stands. */
    void (*leave)(struct world *w, uint32_t backend, uint32_t id, lb_time now);
};

extern const struct service_order discipline_fifo, discipline_lifo, discipline_adaptive_lifo,
    discipline_codel, discipline_priority;

/* A backend that is not plain: a request that has come in is served or waits. */
void discipline_receive(struct world *w, uint32_t id, lb_time now);
/* It waits, though a slot may be free: the backend stands still. */
void discipline_wait(struct world *w, uint32_t id, lb_time now);
/* Free slots take what waits. */
void discipline_advance(struct world *w, uint32_t backend, lb_time now);
/* It stood still and goes on: those whose patience is over leave, free slots take who waits. */
void discipline_go_on(struct world *w, uint32_t backend, lb_time now);
/* Turns away those whom the discipline has dropped meanwhile. */
void discipline_turn_away(struct world *w, uint32_t backend, lb_time now);
/* Out of the queue, wherever it stands. */
void discipline_take_out(struct world *w, uint32_t id, lb_time now);

/* The queue itself, for disciplines: puts a request behind `after`, 0 = in front of all. */
void queue_put(struct world *w, uint32_t backend, uint32_t after, uint32_t id, lb_time now);
void queue_take(struct world *w, uint32_t backend, uint32_t id, lb_time now);
/* The first one whose client has not left, out of the queue, or 0; others are let go. */
uint32_t queue_first(struct world *w, uint32_t backend, lb_time now);

#endif
