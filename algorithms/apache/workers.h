/*
 * What Apache httpd's mod_proxy_balancer keeps of each worker, shared by its methods.
 *
 * The idea: a worker has a status, its credit in smooth turns, and counts the bytes sent to it and
 * read from it. A changed factor counts from the next pick on and leaves the numbers as they are; a
 * worker that leaves takes its numbers with it.
 *
 * Words of Apache and of the rows: a worker is a row, its lbfactor the weight, busy is in_flight. A
 * worker in error, stopped or draining is a row without LB_USABLE; the wait before such a worker is
 * tried again, lbset groups and hot standby (later tiers) are the host's.
 *
 * Cost: 24 bytes a row.
 * Source: httpd 2.4.71, modules/proxy/balancers/mod_lbmethod_*.c; rules in our own words and code.
 */
#ifndef LB_APACHE_WORKERS_H
#define LB_APACHE_WORKERS_H

#include "algorithms/smooth.h"

struct lb_apache_workers {
    const struct lb_pool *pool;
    uint64_t unit; /* of bytraffic: how many hundredths a weight of 1 is */
    struct lb_apache_worker {
        int64_t status;
        uint64_t transferred, read; /* bytes to the worker and from it */
    } at[];                         /* one for each row there can be */
};

/* Hooks of all methods. */
void *lb_apache_workers_create(const struct lb_setup *setup, struct lb_error *error);
void lb_apache_workers_destroy(void *state);
void lb_apache_workers_change(void *state, const int32_t *changed, uint32_t count, lb_time now);
void lb_apache_workers_describe(const void *state, lb_emit *emit, void *to);

#endif
