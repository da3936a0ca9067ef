/*
 * What a balancer refuses when there is too much: the part of a scenario that says so, as plain data.
 * Nothing of it unless written. The rules are in sim/balancer, the events in sim/model/guard.h.
 */
#ifndef SCENARIO_OVERLOAD_H
#define SCENARIO_OVERLOAD_H

#include <stdbool.h>
#include <stdint.h>

#include "algorithms/types.h"

/* Whose requests share a bucket of tokens. */
enum limit_per { PER_ALL, PER_SOURCE, PER_CLIENT };

struct scenario_rate_limit {
    bool on;
    double rate;    /* per second, more than 0 */
    uint32_t burst; /* at once after a rest, at least 1 */
    enum limit_per per;
    uint32_t size; /* buckets kept */
};

#endif
