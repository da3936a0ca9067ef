/*
 * The grid of a sweep: which keys take which values.
 *
 *   sweep:
 *     balancer.algorithm: [round-robin, least-connections]
 *     clients.web.arrivals.load: range(50%, 95%, 10)      # or log(from, to, steps)
 *
 * The cells are the product, first key slowest. Values stay texts: what they mean is the business of
 * the key that the path leads to, and they are carried out as --set is.
 */
#ifndef SCENARIO_SWEEP_H
#define SCENARIO_SWEEP_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define SWEEP_KEYS_MAX   8U
#define SWEEP_VALUES_MAX 10000U /* of one key */
#define SWEEP_CELLS_MAX  100000U

struct scenario_sweep { /* one key */
    const char *path;   /* as written */
    const char **values;
    /* The values in their unit (ns, per second, fraction, bytes, number); NULL when one of them is
     * no quantity, or they are of several kinds. */
    double *numbers;
    int kind; /* enum quantity_kind of numbers */
    uint32_t count;
    bool span; /* range() or log() */
};

struct tree;
struct diagnose;

/* Puts the source's "path=value,value" (of --over) into the tree's sweep: in place of the values that the
 * path has there, or as a key of its own, the first or the last. False after an error. */
bool sweep_over(struct tree *tree, struct diagnose *diagnose, uint32_t source, bool first);

/* A number of a key, rounded to six digits, as one would write it: kind and unit as in numbers above.
 * Returns buf; *value becomes what is written. */
const char *sweep_write(char *buf, size_t size, int kind, double *value);

#endif
