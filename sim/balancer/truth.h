/*
 * The truth about the backends of one tier, laid out by pool row for algorithms that ask for it.
 *
 * No real balancer has it. The arrays exist once an ideal algorithm (LB_NEED_ORACLE) was set up;
 * whoever knows the truth, the model, keeps them true before each pick and each hook.
 */
#ifndef BALANCER_TRUTH_H
#define BALANCER_TRUTH_H

#include "algorithms/lb.h"

struct balancer_truth {
    uint32_t *present, *slots;
    lb_time *work_left;
    double *speed;
    struct lb_truth view; /* what the algorithm reads; valid when present is not NULL */
};

/* Makes room for so many rows, all zero, unless it is there already; done() in any case. */
void balancer_truth_open(struct balancer_truth *truth, uint32_t rows);
void balancer_truth_done(struct balancer_truth *truth);

#endif
