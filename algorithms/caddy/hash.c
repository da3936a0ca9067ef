/*
 * Caddy header, cookie and uri_hash: rendezvous hashing of the request's key.
 *
 * The idea: every available upstream is hashed with the key, and the largest hash wins; so one that
 * leaves moves its own keys only. Caddy 2.6 hashes key || upstream by 32-bit FNV-1a, newer ones
 * upstream || key by XXH64, with other picks: parameter `function`. The upstream is the text of its
 * address. A request without a key is placed at random, as by the header policy.
 *
 * Cost: O(n) hashes, about 1 ns a byte.
 * Source: Caddy v2.6.2, selectionpolicies.go; rules only. All recordings under tests/golden/caddy
 * are decided equally. Availability: upstreams.h.
 */
#include "algorithms/caddy/upstreams.h"

struct state {
    struct lb_caddy caddy;
    enum lb_caddy_function function;
};

static void *create(const struct lb_setup *setup, struct lb_error *error)
{
    struct state *s = lb_caddy_new(setup, sizeof *s, error);
    if (s != NULL)
        s->function = (enum lb_caddy_function)lb_value(setup, lb_caddy_hash_params, 0);
    return s;
}

static int32_t pick(void *state, const struct lb_request *request, lb_time now)
{
    struct state *s = state;
    (void)now;
    if (request->key_size == 0)
        return lb_caddy_random(&s->caddy);
    return lb_caddy_rendezvous(&s->caddy, s->function, request->key, request->key_size);
}

extern const struct lb_algorithm lb_algorithm_caddy_hash;
const struct lb_algorithm lb_algorithm_caddy_hash = {
    .abi = LB_ABI,
    .name = "caddy-hash",
    .title = "Caddy header, cookie and uri_hash",
    .summary = "Rendezvous hashing: the largest hash of the request's key and the address wins.",
    .reference = "Caddy 2.6.2, lb_policy header, cookie, uri_hash",
    .cost = "O(n)",
    .changes = "A failed, full or gone one moves its own keys only; a newcomer takes 1/n of all. "
               "Weights do not count.",
    .needs = LB_NEED_KEY,
    .claims = LB_CLAIM_CONSISTENT,
    .params = lb_caddy_hash_params,
    .create = create,
    .destroy = lb_caddy_destroy,
    .pick = pick,
    .on_pool_change = lb_caddy_change,
    .describe = lb_caddy_describe,
};
