/*
 * A backend: slots, a queue, a discipline, and what is true of it.
 *
 * First come first served (fifo): at most `slots` in service, the rest wait in a doubly linked
 * line. Processor sharing (ps): everything present is served at speed x min(1, slots / n); one
 * virtual clock a backend advances at that rate, a heap holds virtual finish times, and only the
 * next departure is an event.
 *
 * Areas are integrals of the busy slots and of the queue over time. They are brought up to date on
 * every change, so a time average costs nothing in between.
 */
#ifndef MODEL_BACKEND_H
#define MODEL_BACKEND_H

#include "sim/base/histogram.h"
#include "sim/engine/engine.h"
#include "sim/scenario/scenario.h"

/* ns x requests; 64 bits would bear an average queue of 200,000 for a day, no more. */
__extension__ typedef unsigned __int128 backend_area;

struct backend_tally { /* attempts */
    uint64_t picks, ok, failed;
};

struct ps_entry {
    double finish; /* virtual time, ns of work */
    uint32_t request;
};

struct backend {
    uint32_t busy, queued, slots, limit; /* limit: of queued */
    uint32_t head, tail;                 /* queue of requests */
    uint8_t truth, discipline;
    bool cancel_abandoned;
    double speed; /* own speed x slowdown */
    lb_time last; /* when the areas were brought up to date */
    backend_area busy_area, queue_area;
    struct backend_tally tally[2]; /* unmeasured, measured */
    double in_flight_time;         /* ns in the balancer's books, inside the measured window */

    double own_speed;
    uint32_t present; /* ps: entries of the heap */
    double virtual_now;
    lb_time virtual_at;
    struct ps_entry *heap;
    uint32_t heap_room;
    engine_event departure; /* ps: the next one */
    engine_event drain_limit;
    bool frozen;       /* hung: nothing advances */
    double work_done;  /* ns of work at speed 1: of services ended, whole or in part */
    double work_spent; /* integral of busy slots x speed, up to area_mark */
    backend_area area_mark;
    uint64_t starts;           /* services begun and changes of speed: bounds the rounding */
    struct histogram *latency; /* attempts answered since the last look; NULL = not kept */
};

struct world;

/* Brings the areas up to date. */
static inline void backend_tick(struct backend *b, lb_time now)
{
    uint64_t passed = (uint64_t)(now - b->last);
    b->busy_area += (backend_area)passed * b->busy;
    b->queue_area += (backend_area)passed * b->queued;
    b->last = now;
}

void backend_init(struct backend *b, const struct scenario_backend *rule, bool keep_latency);
void backend_done(struct backend *b);

/* A request (or probe) reaches the backend: served, queued or refused (front_reply is called). */
void backend_receive(struct world *w, uint32_t id, lb_time now);
/* Its service is over (fifo); the next departure is due (ps, subject: backend). */
void backend_finish(struct world *w, uint32_t id, lb_time now);
void backend_depart(struct world *w, uint32_t backend, lb_time now);
/* The client of a request that is here has left. Keeps the record or frees it. */
void backend_abandon(struct world *w, uint32_t id, lb_time now);

/* Process gone, or a restart: everything present is reset. truth is the new one. */
void backend_reset(struct world *w, uint32_t backend, enum truth truth, lb_time now);
/* Stops answering; what is present freezes. */
void backend_hang(struct world *w, uint32_t backend, lb_time now);
/* Takes a request out of the queue or out of service, undone; what waits moves up. */
void backend_remove(struct world *w, uint32_t id, lb_time now);
/* Work that a request in service has had so far, ns at speed 1. */
double backend_work_so_far(struct world *w, uint32_t id, lb_time now);
/* Brings work_spent up to now; before every change of speed. */
void backend_spend(struct backend *b, lb_time now);
/* Another speed, a fraction of its own: what is in service goes on at the new one. */
void backend_set_speed(struct world *w, uint32_t backend, double fraction, lb_time now);

#endif
