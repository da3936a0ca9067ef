/*
 * Varnish hash director: a hash of the key, laid over the weights of the healthy.
 *
 * The idea: h = the last four bytes of SHA-256 of the key, little-endian; the first healthy backend
 * whose running sum of weights exceeds h / 2^32 x the sum. Not consistent: one that turns sick moves
 * the keys of the others too.
 *
 * Cost: O(1), O(log n) with unequal weights; one SHA-256.
 * Source: Varnish 7.1.1, vmod_directors_hash.c, cache_vrt.c; rules only. All recordings under
 * tests/golden/varnish are decided equally. Health, and what is hashed without a key: director.h.
 */
#include "algorithms/varnish/director.h"

static int32_t pick(void *state, const struct lb_request *request, lb_time now)
{
    const struct lb_varnish *varnish = state;
    const struct lb_shares *shares = &varnish->shares;
    (void)now;
    if (shares->count == 0)
        return LB_NONE;
    uint64_t hash = lb_varnish_key(varnish->tail, request);
    uint64_t high = (shares->total >> 32) * hash; /* h x total / 2^32 without 96 bits */
    uint64_t low = ((shares->total & UINT32_MAX) * hash) >> 32;
    return (int32_t)shares->row[lb_shares_at(shares, high + low)];
}

extern const struct lb_algorithm lb_algorithm_varnish_hash;
const struct lb_algorithm lb_algorithm_varnish_hash = {
    .abi = LB_ABI,
    .name = "varnish-hash",
    .title = "Varnish hash director",
    .summary = "A hash of the key laid over the weights of the healthy; not consistent.",
    .reference = "Varnish 7.1.1, vmod directors, hash",
    .cost = "O(1), O(log n) with unequal weights",
    .changes = "Any change of health or weight moves keys of everybody behind it in the list.",
    .needs = LB_NEED_KEY,
    .claims = LB_CLAIM_WEIGHTS,
    .create = lb_varnish_create,
    .destroy = lb_varnish_destroy,
    .pick = pick,
    .on_pool_change = lb_varnish_change,
    .describe = lb_varnish_describe,
};
