/*
 * What Caddy's selection policies know of the upstreams of one reverse_proxy, shared by all of them.
 *
 * Upstreams are the rows that are present, in row order. One is available when it is healthy (row
 * usable, weight not 0, which plain policies do not know) and not full (max_requests of Caddy, here
 * max_in_flight). Caddy selects again for a retry without a list of those tried, so `tried` is not
 * looked at and nobody claims ALWAYS. When no upstream is available the answer is LB_NONE: Caddy
 * answers 503 or, with lb_try_duration, selects again later.
 *
 * A join or a leave is a new configuration: Caddy reloads, and counters start afresh.
 *
 * Cost: 4 bytes a row; O(n) a change.
 * Source: Caddy v2.6.2 and newer, modules/caddyhttp/reverseproxy/selectionpolicies.go; rules in our
 * own words and code.
 */
#ifndef LB_CADDY_UPSTREAMS_H
#define LB_CADDY_UPSTREAMS_H

#include "algorithms/lb.h"

struct lb_caddy {
    const struct lb_pool *pool;
    struct lb_random *random;
    uint32_t *row;    /* upstream -> row */
    uint32_t count;   /* upstreams */
    uint32_t counter; /* of round robin */
    bool plain;       /* everybody is available, whatever the loads */
};

/* A state of `size` bytes, zeroed, that begins with a struct lb_caddy; or NULL with *error. */
void *lb_caddy_new(const struct lb_setup *setup, size_t size, struct lb_error *error);

/* Hooks for a policy that keeps nothing else, or as part of its own. */
void *lb_caddy_create(const struct lb_setup *setup, struct lb_error *error);
void lb_caddy_destroy(void *state);
void lb_caddy_change(void *state, const int32_t *changed, uint32_t count, lb_time now);
void lb_caddy_describe(const void *state, lb_emit *emit, void *to);

static inline bool lb_caddy_available(const struct lb_caddy *caddy, uint32_t row)
{
    const struct lb_backend *b = &caddy->pool->at[row];
    return lb_open(b) && !lb_full(b);
}

/* The policy `random`: uniform among the available ones, or LB_NONE. O(1), O(n) when most are not. */
int32_t lb_caddy_random(struct lb_caddy *caddy);

/* Rendezvous hashing: the available upstream with the largest hash of key and address, strictly
 * greater replaces, from 0 on; the first on ties. `function` as in the choices. O(n). */
enum lb_caddy_function { LB_CADDY_FNV1A, LB_CADDY_XXHASH };
int32_t lb_caddy_rendezvous(const struct lb_caddy *caddy, enum lb_caddy_function function,
                            const void *key, size_t key_size);

/* The only parameter of both policies that hash. */
extern const struct lb_param lb_caddy_hash_params[];

#endif
