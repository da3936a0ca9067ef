/*
 * What Varnish's directors know of their backends, shared by random, round_robin, fallback and hash.
 *
 * A backend is healthy when its row is usable and of weight; weights are whole numbers here (a VCL
 * may say fractions), and round_robin and fallback look at them for 0 only. A director looks at
 * nothing but health: a backend at its max_connections is picked all the same and makes the request
 * wait or fail by itself, and a retry asks the director again as if nothing had been tried. So
 * nobody here claims ALWAYS, and LB_NONE means that all are sick.
 *
 * Cost: 12 bytes a row; O(n) a change.
 * Source: Varnish 7.1.1, vmod_directors*.c; rules in our own words and code.
 */
#ifndef LB_VARNISH_DIRECTOR_H
#define LB_VARNISH_DIRECTOR_H

#include "algorithms/hash.h"
#include "algorithms/shares.h"

struct lb_varnish {
    const struct lb_pool *pool;
    struct lb_random *random;
    struct lb_shares shares; /* of the healthy rows */
    uint32_t next;           /* round robin, sticky fallback: where to start looking */
    bool sticky;             /* of fallback */
    lb_hash32 *tail;         /* of SHA-256 */
};

void *lb_varnish_create(const struct lb_setup *setup, struct lb_error *error);
void lb_varnish_destroy(void *state);
void lb_varnish_change(void *state, const int32_t *changed, uint32_t count, lb_time now);
void lb_varnish_describe(const void *state, lb_emit *emit, void *to);

/* The last four bytes of SHA-256, little-endian, of what the request is hashed by: its key; without
 * one the text of its source address, as `client.ip` gives it in VCL. */
static inline uint32_t lb_varnish_key(lb_hash32 *tail, const struct lb_request *request)
{
    char text[48];
    if (request->key_size != 0)
        return tail(request->key, request->key_size);
    return tail(text, lb_address_text(&request->source, text));
}

#endif
