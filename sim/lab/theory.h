/*
 * Queues whose figures are known: what theory says, and the scenario that must come to the same.
 *
 * A case is written the way a person writes it, "M/M/c rho=0.8 c=4": a family and its parameters.
 * Each family is one row of a table: which parameters it takes, the formula for each quantity, the
 * scenario. Where no formula is known the value is the tabulated one (reference.c) or comes from a
 * Markov chain that is solved numerically (chain.h).
 *
 * Units: rates per second, times in seconds. mu is 1/s unless written, so that times are in mean
 * service times.
 */
#ifndef LAB_THEORY_H
#define LAB_THEORY_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "algorithms/types.h"
#include "sim/base/text.h"

/* What is compared. The names are theory_quantity_name(). */
enum theory_quantity {
    THEORY_MEAN,       /* mean response of those who were served: "E[T]" */
    THEORY_P99,        /* its 0.99 quantile: "p99" */
    THEORY_REFUSED,    /* share of requests turned away: "P(refused)" */
    THEORY_THROUGHPUT, /* finished per second: "throughput" */
    THEORY_QUANTITIES
};

/* Parameters of a case. */
enum theory_parameter {
    THEORY_RHO,    /* offered load of a server */
    THEORY_LAMBDA, /* arrivals per second, instead of rho */
    THEORY_MU,     /* services per second of one server */
    THEORY_SERVERS,
    THEORY_PLACES, /* K of M/M/1/K, the one in service included */
    THEORY_CV,
    THEORY_BACKENDS,
    THEORY_CHOICES,
    THEORY_REPLACEMENT, /* 0 or 1 */
    THEORY_USERS,
    THEORY_THINK, /* mean, seconds */
    THEORY_PARAMETERS
};

struct theory_value {
    enum theory_quantity quantity;
    double value, accuracy; /* accuracy: relative, of the theory itself */
    const char *source;
};

struct theory_case {
    const struct theory_family *family;
    char name[160];                   /* as written, in the order of the parameters */
    double values[THEORY_PARAMETERS]; /* rho and lambda both filled, but for a closed system */
    char work[24];                    /* distribution of the work, in the scenario's language */
    struct theory_value known[THEORY_QUANTITIES];
    uint32_t known_count;
    double rate;       /* requests per second, in the long run */
    double relaxation; /* seconds in which what a start from empty leaves behind falls by e */
    double effort;     /* requests that bring the mean within a standard error of 1 % or so */
};

const char *theory_quantity_name(enum theory_quantity quantity);

/* Reads a case and fills in what theory says. 0, or -1 with *error: unknown family or parameter,
 * out of range, or nothing is known for these parameters. May take seconds for a Markov chain. */
int theory_parse(struct theory_case *c, const char *text, struct lb_error *error);
/* The scenario in YAML: `requests` measured ones on average, after the warm-up. */
void theory_scenario(const struct theory_case *c, double requests, uint64_t seed, struct text *out);

/* The families: name, parameters and what it is in one line; false when i is beyond the last. */
bool theory_family(uint32_t i, const char **name, const char **parameters, const char **what);
/* The family a text begins with: "M/M/1" of "M/M/1 rho=0.5"; -1 when there is none. */
int theory_family_of(const char *text);

/*
 * Tabulated values (reference.c): cases as text, each with a quantity, its value and where that
 * comes from. `lbsim validate` runs these cases; the tests hold the formulas against the values.
 */
struct theory_reference {
    const char *row; /* a case */
    enum theory_quantity quantity;
    double value, accuracy; /* relative */
    const char *source;
};

extern const struct theory_reference theory_references[];
extern const uint32_t theory_reference_count;

#endif
