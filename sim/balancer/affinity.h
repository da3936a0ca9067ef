/*
 * Affinity: what lets a request go where its client was before, without a pick.
 *
 * Two memories. A cookie keeps the backend at the client: its value is looked up among names that each
 * backend has. A table keeps it at the balancer: from a key to a backend, with sliding expiry and a
 * bound; what was used longest ago is dropped first. Neither asks or tells the algorithm; whether
 * the backend remembered may still be used is the caller's to say.
 *
 * Cost: a look-up O(1); an entry its key and 40 bytes.
 * Source: HAProxy 2.6 (cookie, stick-table) and nginx 1.29 (sticky cookie); rules only.
 */
#ifndef BALANCER_AFFINITY_H
#define BALANCER_AFFINITY_H

#include <stdbool.h>
#include <stddef.h>

#include "algorithms/types.h"

/* --- cookies ---------------------------------------------------------------------------------- */

/* The value of a cookie in a line like "a=1; SRV=B": *size bytes, or NULL when it is not there. */
const char *affinity_cookie(const char *line, const char *name, size_t *size);

#define AFFINITY_MD5_SIZE 33

/* The value nginx's sticky gives a peer without a route: MD5 of its address, in hexadecimal. */
void affinity_md5(const char *address, char text[AFFINITY_MD5_SIZE]);

/* --- tables ----------------------------------------------------------------------------------- */

struct affinity_entry {
    char *key;
    size_t size;
    lb_time expires;
    uint32_t next;         /* in its bucket */
    uint32_t older, newer; /* by the last use */
    int32_t backend;
};

struct affinity_table {
    struct affinity_entry *entries; /* entries[0] is the ends of the two lists */
    uint32_t *buckets;
    uint32_t bucket_count, used, room, free, count;
    uint32_t size;  /* bound on count */
    lb_time expire; /* unused for so long = forgotten; LB_NEVER = never */
    bool purge;     /* full: drop old entries, else take no new ones */
};

/* size at least 1. */
void affinity_table_init(struct affinity_table *t, uint32_t size, lb_time expire, bool purge);
void affinity_table_done(struct affinity_table *t);

/* The backend remembered for the key, or -1; a use, so that it is kept for longer. */
int32_t affinity_table_find(struct affinity_table *t, const void *key, size_t size, lb_time now);

/* Makes room in a full table for an entry, as below. */
void affinity_table_reserve(struct affinity_table *t);

/* Remembers the backend. A full table makes room as HAProxy's does: it drops one entry and one more
 * for each 256 of its size; false when it may not. */
bool affinity_table_store(struct affinity_table *t, const void *key, size_t size, int32_t backend,
                          lb_time now);

#endif
