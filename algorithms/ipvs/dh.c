/*
 * IPVS dh: the same destination address, the same server; made for clusters of caches.
 *
 * The idea: 256 buckets, one each in list order, around and around, whatever the weights
 * (buckets.h). The destination address of the connection hashes to a bucket; when that server is
 * out (not usable, weight 0, overloaded), the connection is refused.
 *
 * In a simulation most requests have no destination of their own; then what they ask for is their
 * key, and it is hashed in its place; without a key it is the source (service.h).
 *
 * Cost: O(1), 1 KB.
 * Source: Linux, net/netfilter/ipvs/ip_vs_dh.c; rules only.
 */
#include "algorithms/ipvs/buckets.h"

static const char *const hash_words[] = {"multiplicative", "golden", NULL};

static const struct lb_param params[] = {
    LB_IPVS_HASH_PARAM,
    {.name = NULL},
};

struct state {
    struct lb_ipvs ipvs;
    enum lb_ipvs_hash hash;
    int32_t bucket[LB_IPVS_BUCKETS];
};

static void *create(const struct lb_setup *setup, struct lb_error *error)
{
    struct state *s = lb_ipvs_new(setup, sizeof *s, error);
    if (s == NULL)
        return NULL;
    s->hash = (enum lb_ipvs_hash)lb_value(setup, params, 0);
    lb_ipvs_deal(&s->ipvs, s->bucket, false);
    return s;
}

static void on_pool_change(void *state, const int32_t *changed, uint32_t count, lb_time now)
{
    struct state *s = state;
    (void)now;
    if (lb_ipvs_note(&s->ipvs, changed, count))
        lb_ipvs_deal(&s->ipvs, s->bucket, false);
}

static int32_t pick(void *state, const struct lb_request *request, lb_time now)
{
    struct state *s = state;
    (void)now;
    struct lb_address destination = lb_ipvs_destination(request);
    int32_t row = s->bucket[lb_ipvs_bucket(s->hash, lb_ipvs_fold(&destination))];
    return row != LB_NONE && lb_ipvs_takes(&s->ipvs, (uint32_t)row) ? row : LB_NONE;
}

static void describe(const void *state, lb_emit *emit, void *to)
{
    const struct state *s = state;
    lb_ipvs_describe_buckets(&s->ipvs, s->bucket, emit, to);
}

extern const struct lb_algorithm lb_algorithm_ipvs_dh;
const struct lb_algorithm lb_algorithm_ipvs_dh = {
    .abi = LB_ABI,
    .name = "ipvs-dh",
    .title = "IPVS destination hashing",
    .summary = "The destination address hashes into 256 buckets, dealt out one each in list order.",
    .reference = "Linux, net/netfilter/ipvs/ip_vs_dh.c",
    .cost = "O(1)",
    .changes =
        "A join or a leave deals the buckets anew: most addresses move. Weights do not count "
        "but 0; a failed one's addresses get nobody.",
    .needs = LB_NEED_KEY,
    .params = params,
    .create = create,
    .destroy = lb_ipvs_destroy,
    .pick = pick,
    .on_attempt_start = lb_ipvs_start,
    .on_attempt_finish = lb_ipvs_finish,
    .on_pool_change = on_pool_change,
    .describe = describe,
};
