/* See truth.h. */
#include "sim/balancer/truth.h"

#include <stdlib.h>

#include "sim/base/text.h"

void balancer_truth_open(struct balancer_truth *truth, uint32_t rows)
{
    if (truth->present != NULL)
        return;
    truth->present = text_need_zero(rows, sizeof *truth->present);
    truth->slots = text_need_zero(rows, sizeof *truth->slots);
    truth->work_left = text_need_zero(rows, sizeof *truth->work_left);
    truth->speed = text_need_zero(rows, sizeof *truth->speed);
    truth->view = (struct lb_truth){truth->present, truth->work_left, truth->slots, truth->speed};
}

void balancer_truth_done(struct balancer_truth *truth)
{
    free(truth->present);
    free(truth->slots);
    free(truth->work_left);
    free(truth->speed);
    *truth = (struct balancer_truth){0};
}
