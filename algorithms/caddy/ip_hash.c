/*
 * Caddy ip_hash: rendezvous hashing of the client's address.
 *
 * The idea: as caddy-hash, with the text of the source address, without its port, as the key:
 * "192.0.2.1", IPv6 in its shortest form. A request whose source is unknown is placed at random.
 *
 * Cost: O(n) hashes, about 1 ns a byte.
 * Source: Caddy v2.6.2, selectionpolicies.go; rules only. Availability: upstreams.h.
 */
#include "algorithms/caddy/upstreams.h"
#include "algorithms/hash.h"

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
    char text[48];
    size_t size = lb_address_text(&request->source, text);
    if (size == 0)
        return lb_caddy_random(&s->caddy);
    return lb_caddy_rendezvous(&s->caddy, s->function, text, size);
}

extern const struct lb_algorithm lb_algorithm_caddy_ip_hash;
const struct lb_algorithm lb_algorithm_caddy_ip_hash = {
    .abi = LB_ABI,
    .name = "caddy-ip-hash",
    .title = "Caddy ip_hash",
    .summary =
        "Rendezvous hashing of the client's address: the largest hash with the upstream wins.",
    .reference = "Caddy 2.6.2, lb_policy ip_hash",
    .cost = "O(n)",
    .changes =
        "A failed, full or gone one moves its own clients only; a newcomer takes 1/n of all. "
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
