/*
 * A backend: slots, a queue, a discipline, and what is true of it.
 *
 * Most are plain: first come first served at a speed that seldom changes. At most `slots` are in
 * service, each with an event at its end, the rest wait in a doubly linked line; all of this stands
 * in step.h. Every other backend serves by a virtual clock (service.c) in the order of its discipline
 * (discipline.h); a plain one becomes such a one when something happens to it that needs the clock.
 *
 * Areas are integrals of the busy slots and of the queue over time. A number that was 0 at first
 * and changes by d at time t has the integral (number x now) - (sum of d x t), so a change costs one
 * addition and the integral is there whenever somebody asks.
 */
#ifndef MODEL_BACKEND_H
#define MODEL_BACKEND_H

#include "sim/base/histogram.h"
#include "sim/engine/engine.h"
#include "sim/scenario/scenario.h"

/* ns x requests; 64 bits would bear an average queue of 200,000 for a day, no more. Sums wrap around,
 * which leaves an area that fits right. */
__extension__ typedef unsigned __int128 backend_area;

struct backend_tally { /* attempts; open: not ended, counted when the run is over (sim/run) */
    uint64_t ok, failed, open;
};

struct service_entry {
    double finish; /* virtual time, ns of work */
    uint32_t request;
};

/* DISCIPLINE_FIFO is a plain backend; this is first come first served by the virtual clock. */
#define BACKEND_CLOCKED_FIFO DISCIPLINES

struct backend {                         /* one cache line: what the backend does */
    uint32_t busy, queued, slots, limit; /* limit: of queued */
    uint32_t head, tail;                 /* queue of requests */
    uint8_t truth, discipline;
    bool cancel_abandoned;
    bool frozen;                           /* hung, or still: nothing advances */
    bool at_one;                           /* speed is 1: work takes as long as it says */
    backend_area busy_turns, queued_turns; /* sums of change x time: see above */
};

struct backend_count {  /* half a line: what is counted at each end of an attempt that went well */
    uint64_t ok[2];     /* attempts: unmeasured, measured */
    uint64_t in_flight; /* ns in the books of balancers: of attempts that have left them */
    double work_done;   /* ns of work at speed 1: of services ended, whole or in part */
};

struct backend_rest { /* what is seldom needed, apart so that a farm of thousands stays in cache */
    double own_speed, top_speed; /* as configured; the highest there was */
    double speed;                /* own x fraction / cold */
    /* what has befallen it, from which its truth follows (fault.c) */
    bool down, hung, isolated;
    uint8_t still;              /* reasons to stand still: STILL_* */
    uint32_t lives;             /* processes that it has been before */
    lb_time still_at, moved_at; /* when it last stood still, and went on; LB_NEVER = not yet */
    double fraction;            /* of its own speed, 1 = not slowed down */
    double cold;                /* work takes so many times as long, 1 = warm */
    double loss;                /* share of packets that are lost */
    double error_share;
    lb_time error_in; /* work until an error, ns at speed 1 */
    bool draws;       /* the streams below are open */
    struct lb_random errors, losses;
    uint32_t flapper;  /* 1 + the action that makes it flap; 0 = none */
    double work_spent; /* integral of busy slots x speed, up to area_mark */
    backend_area area_mark;
    uint64_t respeeds; /* services that went on at another speed: each rounds once more */
    double doubt;      /* ns of work that work_done may be wrong by, besides */
    lb_time
        stopped_at; /* when it was last killed or hung, whichever came first; LB_NEVER = never */
    uint64_t failed[2], open[2]; /* attempts: backend_tally */
    engine_event drain_limit;
    const struct scenario_nature *nature;
    /* service by the virtual clock */
    bool contends;    /* those in service slow each other down */
    uint32_t present; /* entries of the heap: in service */
    uint32_t heap_room;
    engine_event departure; /* the next one */
    double virtual_now;
    lb_time virtual_at;
    struct service_entry *heap;
    /* disciplines */
    lb_time filled_at; /* the queue has not been empty since */
    struct backend_codel {
        bool dropping;
        lb_time above_at, next; /* drop if still above then, 0 = it is not; the next drop */
        uint32_t count, before; /* drops in this state; and in the one before */
    } codel;
    uint32_t last[SCENARIO_PRIORITIES]; /* priority: the last one waiting of each level, or 0 */
    struct backend_wear {               /* what comes by itself: wear.c */
        engine_event pause, failure, cold;
        uint32_t pauses, failures, cold_step; /* so far */
        bool failed;                          /* by itself, to be repaired */
        bool repairing;                       /* `failure` is the end of its repair */
        bool idle;                            /* while: busy, and it is not: */
        lb_time left, lasts;                  /* time to the next failure then; its repair */
    } wear;
    uint32_t dropped;          /* out of the queue, to be turned away: first of a chain */
    struct histogram *latency; /* attempts answered since the last look; NULL = not kept */
};

_Static_assert(sizeof(struct backend) == 64, "what the backend does is one line");
_Static_assert(sizeof(struct backend_count) == 32, "what is counted of two is another");

struct world;

/* The numbers of busy slots and of those who wait change here and nowhere else. */
static inline void backend_busy(struct backend *b, int32_t change, lb_time now)
{
    b->busy += (uint32_t)change;
    b->busy_turns += (backend_area)now * (backend_area)change;
}

static inline void backend_queued(struct backend *b, int32_t change, lb_time now)
{
    b->queued += (uint32_t)change;
    b->queued_turns += (backend_area)now * (backend_area)change;
}

void backend_init(struct world *w, uint32_t backend, const struct scenario_backend *rule);
void backend_done(struct backend_rest *rest);
/* Attempts at the backend so far: unmeasured (0), measured (1). */
struct backend_tally backend_tally(const struct world *w, uint32_t backend, int measured);
/* Integrals of busy slots and of the queue over time, up to now. */
backend_area backend_busy_area(const struct world *w, uint32_t backend, lb_time now);
backend_area backend_queue_area(const struct world *w, uint32_t backend, lb_time now);

/* A request (or probe) reaches the backend: served, queued or turned away. */
void backend_receive(struct world *w, uint32_t id, lb_time now);
/* It is turned away: it was never present. */
void backend_turn_away(struct world *w, uint32_t id, enum lb_end end, lb_time now);
/* It reaches one that is frozen, or that cancels what is abandoned after it was. */
void backend_receive_unserved(struct world *w, uint32_t id, lb_time now);
/* Its attempt has ended here: the answer goes back, if anybody waits for it. */
void backend_leave(struct world *w, uint32_t id, enum lb_end end, lb_time now);
/* The next departure is due (ps). */
void backend_depart(struct world *w, uint32_t backend, lb_time now);
/* The client of a request that is here has left. Keeps the record or frees it. */
void backend_abandon(struct world *w, uint32_t id, lb_time now);

/* Takes a request out of the queue or out of service, undone; what waits moves up. */
void backend_remove(struct world *w, uint32_t id, lb_time now);
/* Work that a request in service still needs, ns at speed 1. Changes nothing. */
lb_time backend_work_left(const struct world *w, uint32_t id, lb_time now);
/* Work that a request in service has had so far, ns at speed 1. */
double backend_work_so_far(struct world *w, uint32_t id, lb_time now);
/* Brings work_spent up to now; before every change of speed. */
void backend_spend(struct world *w, uint32_t backend, lb_time now);
/* Out of the queue or out of service, undone; the record then belongs to nobody here. */
void backend_take_out(struct world *w, uint32_t id, lb_time now);

/* fault.c: what befalls backends, all of a set in the same instant. */
struct backend_set {
    const uint32_t *at; /* borrowed */
    uint32_t count;
};

/* Process gone (down), or a restart: everything present is reset. Afterwards nothing is wrong with it but
 * that it is down, and cold after a restart. */
void fault_reset(struct world *w, struct backend_set set, bool down, lb_time now);
/* Stops answering; what is present freezes. */
void fault_hang(struct world *w, struct backend_set set, lb_time now);
/* Another speed, a fraction of its own: what is in service goes on at the new one. Below a
 * millionth it is a millionth: as good as hung, and ends of services stay within the clock. */
#define BACKEND_SLOWEST 1e-6
void fault_slow(struct world *w, struct backend_set set, double fraction, lb_time now);
/* Stands still for a reason, or no longer for this one: what is in service freezes, and goes on. */
#define STILL_PAUSE   1U /* of itself */
#define STILL_FAILURE 2U
#define STILL_ACTION  4U
void fault_still(struct world *w, struct backend_set set, unsigned why, bool still, lb_time now);
/* From now on this share of what begins ends in an error after `in` of work. */
void fault_errors(struct world *w, struct backend_set set, double share, lb_time in, lb_time now);
/* Packets between balancers and these backends are lost: this share of them, or all. */
void fault_loss(struct world *w, struct backend_set set, double share);
/* Opens the streams of its errors and losses, if they are not. */
void fault_draws(struct world *w, uint32_t backend);
void fault_isolate(struct world *w, struct backend_set set, bool isolated);
/* Work takes so many times as long from now on. */
void fault_cold(struct world *w, uint32_t backend, double times, lb_time now);
/* All of the above undone, for one that is neither down nor hung. */
void fault_heal(struct world *w, struct backend_set set, lb_time now);

/* wear.c: what comes by itself. At time 0; when its process ends, and begins anew; when somebody is in
 * service again, or nobody any more. */
void wear_init(struct world *w, uint32_t backend);
void wear_stopped(struct world *w, uint32_t backend);
void wear_restarted(struct world *w, uint32_t backend, lb_time now);
void wear_busy(struct world *w, uint32_t backend, bool busy, lb_time now);

#endif
