/*
 * What `lbsim bench` measures: nanoseconds of processor time, the least of several rounds (what
 * disturbs a measurement only ever adds).
 */
#ifndef CLI_BENCH_H
#define CLI_BENCH_H

#include "algorithms/lb.h"

/* All take `quick`: one short round instead of several, rough figures in a tenth of the time. */

/* The numbers of backends of the table of decisions. */
#define BENCH_SIZES 4
extern const uint32_t bench_sizes[BENCH_SIZES];

/*
 * A decision is what a balancer asks of an algorithm for one request: pick, start, finish. The
 * benchmark is the host: it keeps the books of n backends of equal weight with two requests each in
 * flight, and finishes one of these at random before each pick. algorithm NULL = the host alone,
 * which picks at random by itself. NAN when the algorithm does not take so many backends.
 */
double bench_decision(const struct lb_algorithm *algorithm, uint32_t backends, bool quick);

/* Milliseconds to set the algorithm up for so many backends, its tables built; NAN when it does not
 * take so many. */
double bench_build(const struct lb_algorithm *algorithm, uint32_t backends, bool quick);

/* The engine's hold: one event carried out, one scheduled in its place, `pending` events waiting. */
double bench_hold(uint32_t pending, bool quick);

/* A whole simulation, without a record: single-slot backends at 90 % load, power-of-two. */
struct bench_simulation {
    uint32_t backends;
    bool quick;
    bool all; /* a timeout for each request, checks of every backend each 2 s */
    double ns_event, events_request, ns_request;
};

/* Fills the results. 0, or -1 with *error. */
int bench_simulate(struct bench_simulation *simulation, struct lb_error *error);

#endif
