/*
 * An algorithm without a world around it: rows with names that nobody else has, picks, and books
 * that only grow. What is asked of hashing and of balls in bins needs no time.
 *
 * Names and addresses are drawn anew for every host, so that a ring is a random ring. Rows are
 * declared from the start and can join and leave.
 */
#ifndef LAB_LAB_HOST_H
#define LAB_LAB_HOST_H

#include "algorithms/lb.h"
#include "sim/base/stream.h"

struct lab_host {
    const struct lb_algorithm *algorithm;
    void *state;
    struct lb_backend *rows;
    char (*names)[48];
    struct lb_pool pool;
    struct lb_random coins; /* the algorithm's */
    struct lb_random draws; /* keys, and whatever the caller draws */
};

struct lab_host_parameter {
    const char *name; /* NULL = end of a list */
    double value;
};

/* `max` rows, the first `count` of them present, with these weights (borrowed for the call; NULL = 1
 * each). The draws are those of trial `trial` of the key. 0, or -1 with *error. */
int lab_host_open(struct lab_host *host, const char *algorithm,
                  const struct lab_host_parameter *parameters, uint32_t max, uint32_t count,
                  const uint32_t *weights, const struct stream_key *key, uint64_t trial,
                  struct lb_error *error);
void lab_host_close(struct lab_host *host);
/* The row joins or leaves. */
void lab_host_set_present(struct lab_host *host, uint32_t row, bool present);
/* Who takes a request with this key (its source address and its key both come from the number)?
 * LB_NONE and the like as the algorithm says. */
int32_t lab_host_ask(struct lab_host *host, uint64_t key);
/* The request stays there: the books say one more in flight. */
void lab_host_keep(struct lab_host *host, int32_t row);

#endif
