/*
 * Simulation against theory: one case, replicated until it is precise, judged by a fixed rule.
 *
 * The rule: at least 20 replications, more in blocks of ten until the standard error of every
 * quantity is at most `precision` of its value (or 400 have been made); a quantity misses when
 * simulation and theory differ by more than 3.5 standard errors; a case fails when a quantity
 * misses at two seeds. The second seed is only run when the first misses. By chance a right quantity
 * misses once in 400 (Student's t, 19 degrees), so it fails once in 170,000; the earliest and latest
 * of many, whose figures are skewed, some times as often.
 */
#ifndef LAB_VALIDATE_H
#define LAB_VALIDATE_H

#include "sim/base/statistics.h"
#include "sim/lab/replicate.h"
#include "sim/lab/theory.h"

#define VALIDATE_REPLICATIONS_MIN 20
#define VALIDATE_REPLICATIONS_MAX 400
#define VALIDATE_BLOCK            10
#define VALIDATE_LIMIT            3.5  /* standard errors */
#define VALIDATE_PRECISION        0.01 /* standard error, share of the value */
#define VALIDATE_PRECISION_QUICK  0.02

enum validate_verdict {
    VALIDATE_OK,
    VALIDATE_OK_SECOND, /* missed at the first seed, held at the second: chance */
    VALIDATE_MISS,      /* missed at both */
    VALIDATE_WIDE       /* the standard error is too large even after all replications */
};

struct validate_setup {
    uint64_t seed;    /* see validate_seed */
    uint32_t threads; /* results do not depend on it */
    double precision; /* VALIDATE_PRECISION, or a coarser one for a short look */
    void *self;
    /* A scenario from its text (the lab does not know the language); NULL with *error. */
    struct scenario *(*load)(void *self, const char *text, size_t size, struct lb_error *error);
    bool (*stop)(void *self); /* true ends it; NULL = never */
};

/* One quantity of one case at the seed that decided it. */
struct validate_row {
    struct theory_value theory;
    struct estimate simulation; /* 95 % t interval */
    double distance;            /* from theory, in standard errors, with sign */
    double first_distance;      /* at the first seed */
    uint64_t seed;
    double requests; /* measured in one replication, on average */
    enum validate_verdict verdict;
};

/* Measured requests of one replication, on average: planned so that the least number of replications
 * usually does. */
double validate_requests(const struct theory_case *c, double precision);
/* The seed of a case: the one asked for plus a number of its own, so that two cases are independent
 * and one unlucky stream of arrivals does not tilt them all. The second seed is the next one. */
uint64_t validate_seed(const struct theory_case *c, uint64_t seed);
/* Fills one row for each of c->known. 0; 1 when stop() ended it; -1 with *error. */
int validate_case(const struct validate_setup *setup, const struct theory_case *c,
                  struct validate_row *rows, struct lb_error *error);

/* "ok", "ok (2nd seed)", "MISS", "WIDE". */
const char *validate_word(enum validate_verdict verdict);

#endif
