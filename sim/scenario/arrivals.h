/*
 * How the requests, or the sessions, of an open group arrive: the kinds, and what each is told.
 *
 * A group has one rate (scenario_client.rate), which `rate=` or `load=` says and the timeline
 * changes. Whatever varies is a shape: a multiple of that rate. The rate is the mean of the process;
 * of a ramp and of steps, which have none, it is the highest that is written.
 */
#ifndef SCENARIO_ARRIVALS_H
#define SCENARIO_ARRIVALS_H

#include <stdbool.h>
#include <stdint.h>

#include "algorithms/types.h"

enum arrivals {
    ARRIVALS_POISSON,
    ARRIVALS_UNIFORM,
    ARRIVALS_CLOSED, /* users instead of arrivals */
    ARRIVALS_BURSTY,
    ARRIVALS_SELF_EXCITING,
    ARRIVALS_RAMP,
    ARRIVALS_STEPS,
    ARRIVALS_DIURNAL,
    ARRIVALS_TRACE,
    ARRIVALS_KINDS
};

struct scenario_arrivals {
    double low, high;          /* bursty: shapes of the two states ... */
    lb_time low_for, high_for; /* ... and the mean time in each */
    double branching;    /* self-exciting: arrivals that one arrival brings about, in [0, 1) */
    lb_time decay;       /* how long after it they come, in the mean */
    double from, to;     /* ramp: shapes, before and after */
    lb_time after, over; /* it begins at `after` and takes `over` */
    double *steps;       /* step_count shapes */
    uint32_t step_count;
    lb_time every;          /* each lasts so long; the last stays ... */
    bool repeat;            /* ... or the first follows it */
    double mean, amplitude; /* diurnal: as written; in [0, 1] */
    lb_time period, peak_at;
    const char *file; /* trace: as written */
    uint32_t format;  /* enum trace_format */
    double warp;      /* time runs so many times as fast */
    double scale;     /* arrivals for each that is recorded; 0 = a rate or a load is given */
    struct trace *trace;
};

/* One kind for people: reading (read_arrivals.c), explain. */
struct arrivals_kind {
    const char *name;
    enum arrivals kind;
    bool varies; /* its rate is a function of time: the run is transient */
    const struct arrivals_argument *arguments; /* up to one without a name */
    const char *shape, *help;
};
/* NULL beyond the last; ARRIVALS_CLOSED is none of them. */
const struct arrivals_kind *arrivals_kind_at(uint32_t i);

#endif
