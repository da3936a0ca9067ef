/*
 * Arrival processes beyond Poisson and equal gaps, which client.c draws in its hot path.
 *
 * One struct arrivals_process a kind, in a file of its own. A process answers one question, when the
 * next arrival comes, and says what remains of its answer when the rate of the group changes.
 *
 * Most are Poisson with a rate that varies: rate x shape(t), where the rate is the group's and the
 * shape has been fixed by the scenario, or wanders by draws of its own (bursty). They are drawn by
 * change of time, which is exact: the integral of the shape from one arrival to the next, times the
 * rate, is exponential with mean 1. Such a process says how to walk along its shape, in both
 * directions of the question: how far until so much has gone by, how much goes by until then. The
 * integral is in ns at the group's rate. (Source: D. Daley and D. Vere-Jones, An Introduction to the
 * Theory of Point Processes I, section 7.4.)
 *
 * Cost: 10 to 100 ns an arrival, besides the exponential.
 */
#ifndef MODEL_ARRIVALS_H
#define MODEL_ARRIVALS_H

#include "sim/base/stream.h"
#include "sim/scenario/scenario.h"

/* Where a walk along the shape stands. Small and plain: it is copied at each arrival, so that a
 * change of the rate can walk the way again, up to the change. */
struct arrivals_walk {
    lb_time at;
    bool high;               /* bursty: its state ... */
    lb_time until;           /* ... and when that ends */
    uint32_t row;            /* trace: where it is ... */
    uint32_t left, copies;   /* ... arrivals of this row to come, and how many there were ... */
    lb_time lap;             /* ... and when this pass through the file began */
    struct lb_random random; /* for its states, or counts */
};

/* Of a self-exciting process. */
struct arrivals_excitement {
    double excess; /* arrivals a ns that are due to earlier ones, at `at` */
    lb_time at;
    lb_time first, echo; /* the next one of its own accord, and because of others; LB_NEVER */
    double left;         /* rate 0: of the gap to the first, in mean gaps */
};

struct world;
struct source;

struct arrivals_state {
    const struct arrivals_process *process;
    const struct scenario_arrivals *rule;
    struct lb_random *gaps;           /* the group's stream */
    double gap;                       /* mean at the group's rate, ns; 0 = the rate is 0 */
    lb_time horizon;                  /* nobody asks for arrivals after it */
    struct arrivals_walk walk, start; /* at the next arrival, and where the way to it began */
    double turns;                     /* mean gaps between the two */
    struct arrivals_excitement excitement;
};

struct arrivals_process {
    enum arrivals kind;
    /* State at time 0, the stationary one if there is one. random: a stream for it alone. */
    void (*begin)(struct arrivals_state *s, const struct lb_random *random);
    /* The next arrival after `now`, the last one. LB_NEVER = none. NULL: by change of time. */
    lb_time (*next)(struct arrivals_state *s, lb_time now);
    /* The rate changes, s->gap is the new one and before the old one: the next arrival now. */
    lb_time (*change)(struct arrivals_state *s, double before, lb_time now);
    /* Change of time. Walks on until the integral of the shape is `mass`: the instant. */
    lb_time (*reach)(struct arrivals_state *s, double mass);
    /* Walks on to `until`: the integral of the shape. */
    double (*pass)(struct arrivals_state *s, lb_time until);
};

extern const struct arrivals_process arrivals_bursty, arrivals_self_exciting, arrivals_ramp,
    arrivals_steps, arrivals_diurnal, arrivals_trace;

/* NULL: one that client.c draws. */
const struct arrivals_process *arrivals_process_of(enum arrivals kind);
/* The state at time 0, and the first arrival (LB_NEVER = none). gaps is borrowed. */
lb_time arrivals_begin(struct arrivals_state *s, const struct scenario_client *client,
                       struct lb_random *gaps, const struct lb_random *random, double gap,
                       lb_time horizon);
lb_time arrivals_next(struct arrivals_state *s, lb_time now);
/* The group's mean gap is another from `now` on. */
lb_time arrivals_change(struct arrivals_state *s, double gap, lb_time now);

/* An instant `ns` after `now`, LB_NEVER when that is beyond any run. */
lb_time arrivals_after(lb_time now, double ns);

#endif
