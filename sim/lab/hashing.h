/*
 * A trial of a hashing algorithm: keys are placed, backends come or go, the same keys are placed
 * again.
 */
#ifndef LAB_HASHING_H
#define LAB_HASHING_H

#include "sim/lab/lab_host.h"
#include "sim/lab/theory_family.h"

struct hashing {
    const char *algorithm;
    struct lab_host_parameter parameters[3];
    uint32_t from, to; /* backends before and after a change; to 0 = no change */
    uint32_t keys;
    bool any; /* any one may leave; else the last ones do */
    bool weighted;
};

/* One trial, added to the sums by quantity: MAX, MIN, UNEVEN (squared), NEW (of the last row), and
 * after a change MOVED, ASTRAY and HEIR. 0, or -1 with *error. */
int hashing_try(const struct hashing *h, const struct stream_key *key, uint32_t trial, double *sums,
                struct lb_error *error);
/* The means of so many trials, in the order of c->known. */
int hashing_means(const struct theory_case *c, const struct hashing *h, uint32_t trials,
                  const struct stream_key *key, double *figures, struct lb_error *error);

#endif
