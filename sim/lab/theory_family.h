/*
 * The inside of theory.h, for the files of this room only: a family of queues is a row of a table.
 */
#ifndef LAB_THEORY_FAMILY_H
#define LAB_THEORY_FAMILY_H

#include "sim/lab/theory.h"

#define THEORY_BIT(parameter) (1U << (parameter))
/* Needed, and either of the two will do. */
#define THEORY_OPEN (THEORY_BIT(THEORY_RHO) | THEORY_BIT(THEORY_LAMBDA))

struct theory_family {
    const char *name, *what;
    const char *written; /* the parameters it must have, for people */
    unsigned needed, allowed;
    bool overload;         /* rho may be 1 and more */
    bool general;          /* takes work= */
    bool shared;           /* processor sharing */
    const char *work;      /* its distribution, unless written */
    const char *algorithm; /* NULL = there is one backend */
    /* Fills known, rate, relaxation and effort. 0, or -1 with *error. */
    int (*know)(struct theory_case *c, struct lb_error *error);
};

extern const struct theory_family theory_families[];
extern const uint32_t theory_family_count;

#endif
