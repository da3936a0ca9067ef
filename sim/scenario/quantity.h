/*
 * A number with a unit: "20ms", "900/s", "75%", "64KiB", "3".
 *
 * The grammar is narrower than strtod's on purpose: decimal digits with at most one point, then the
 * unit, nothing between them. No hexadecimal, no exponent, no nan or infinity, no locale.
 */
#ifndef SCENARIO_QUANTITY_H
#define SCENARIO_QUANTITY_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "algorithms/types.h"

enum quantity_kind {
    QUANTITY_NUMBER, /* without a unit */
    QUANTITY_TIME,
    QUANTITY_RATE,
    QUANTITY_SHARE,
    QUANTITY_SIZE
};

struct quantity {
    enum quantity_kind kind;
    double value; /* number; ns; per second; fraction; bytes */
    lb_time time; /* QUANTITY_TIME: to the nearest ns */
    bool whole;   /* written without a point */
};

enum quantity_fault {
    QUANTITY_FINE,
    QUANTITY_NO_NUMBER, /* does not start with a number */
    QUANTITY_NO_UNIT,   /* what follows the number is no unit */
    QUANTITY_SPACE,     /* a space between number and unit */
    QUANTITY_TOO_MUCH   /* more digits or a larger value than any key takes */
};

/* Reads text[0 .. size), all of it. */
enum quantity_fault quantity_read(const char *text, size_t size, struct quantity *q);
/* "a duration", "a rate", ... */
const char *quantity_kind_name(enum quantity_kind kind);
/* "ns, us, ms, s, min or h" */
const char *quantity_kind_units(enum quantity_kind kind);
/* A whole number in [0, 2^64), digits only: 0, or -1. */
int quantity_read_u64(const char *text, size_t size, uint64_t *value);

#endif
