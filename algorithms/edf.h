/*
 * Earliest deadline first: weighted turns from a priority queue.
 *
 * The idea: who is picked is due again 1/weight later; the next pick is who is due first, first in
 * first out among equals. The weight is asked for when an entry is put back, so it may change from
 * pick to pick. Deadlines are doubles and their rounding is part of the order: 1/5 five times is 1.0.
 *
 * Cost: O(log n) a pick, 24 bytes an entry.
 * Source: Envoy, source/common/upstream/edf_scheduler.h; rules only, the heap is our own.
 */
#ifndef LB_EDF_H
#define LB_EDF_H

#include "algorithms/lb.h"

struct lb_edf_entry {
    double deadline;
    uint64_t order; /* of insertion: first in, first out among equal deadlines */
    uint32_t row;
};

struct lb_edf {
    struct lb_edf_entry *heap; /* the earliest first */
    uint32_t count, room;
    double now; /* the deadline last picked */
    uint64_t inserted;
};

/* Room for so many entries. 0, or -1 with *error; done() either way. */
int lb_edf_init(struct lb_edf *edf, uint32_t room, struct lb_error *error);
void lb_edf_done(struct lb_edf *edf);

/* Nobody, at time 0. */
void lb_edf_clear(struct lb_edf *edf);

/* Somebody new, of weight > 0: due 1/weight from now. At most `room`. */
void lb_edf_add(struct lb_edf *edf, uint32_t row, double weight);

/* The same as if it had been picked so many times already, all at this weight, since time 0; time goes
 * on to its last such pick. For a schedule that starts in the middle. */
void lb_edf_add_picked(struct lb_edf *edf, uint32_t row, double weight, double picks);

/* Who is due first; edf->count > 0. Time goes on to its deadline. The caller puts it back with
 * lb_edf_put_back before it does anything else. */
uint32_t lb_edf_first(struct lb_edf *edf);
void lb_edf_put_back(struct lb_edf *edf, double weight);

#endif
