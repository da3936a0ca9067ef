/*
 * IPVS sh: the same source address, the same destination.
 *
 * The idea: 256 buckets, `weight` in a row for each destination, around and around (buckets.h). The
 * source address, with `port` its port added, hashes to a bucket. When that destination is out (not
 * usable, weight 0, overloaded), the connection is refused; with `fallback` the bucket is asked for
 * again with offsets added to the hash: the bucket's own number, then one more each time, until a
 * destination takes it.
 *
 * Weights are bucket counts, not shares: who weighs 256 or more and stands first has all buckets,
 * and nobody behind it in the list gets anything, not even with fallback when it fails.
 *
 * A source that is unknown is replaced as service.h says.
 *
 * Cost: O(1); with fallback up to 256 looks. 1 KB.
 * Source: Linux, net/netfilter/ipvs/ip_vs_sh.c; rules only. The specification says "re-hash with
 * offset"; read as in the kernels that have the flag: offset + hash(address + port), modulo 256.
 */
#include "algorithms/ipvs/buckets.h"

static const char *const hash_words[] = {"multiplicative", "golden", NULL};

static const struct lb_param params[] = {
    {.name = "port",
     .unit = "bool",
     .value = 0,
     .min = 0,
     .max = 1,
     .help = "whether the source port is hashed too (flag sh-port)"},
    {.name = "fallback",
     .unit = "bool",
     .value = 0,
     .min = 0,
     .max = 1,
     .help = "whether another one is looked for when the destination is out (flag sh-fallback)"},
    LB_IPVS_HASH_PARAM,
    {.name = NULL},
};

struct state {
    struct lb_ipvs ipvs;
    bool port, fallback;
    enum lb_ipvs_hash hash;
    int32_t bucket[LB_IPVS_BUCKETS];
};

static void *create(const struct lb_setup *setup, struct lb_error *error)
{
    struct state *s = lb_ipvs_new(setup, sizeof *s, error);
    if (s == NULL)
        return NULL;
    s->port = lb_value(setup, params, 0) != 0;
    s->fallback = lb_value(setup, params, 1) != 0;
    s->hash = (enum lb_ipvs_hash)lb_value(setup, params, 2);
    lb_ipvs_deal(&s->ipvs, s->bucket, true);
    return s;
}

static void on_pool_change(void *state, const int32_t *changed, uint32_t count, lb_time now)
{
    struct state *s = state;
    (void)now;
    if (lb_ipvs_note(&s->ipvs, changed, count))
        lb_ipvs_deal(&s->ipvs, s->bucket, true);
}

static int32_t pick(void *state, const struct lb_request *request, lb_time now)
{
    struct state *s = state;
    (void)now;
    struct lb_address source = lb_ipvs_source(request);
    uint32_t number = lb_ipvs_fold(&source) + (s->port ? source.port : 0);
    uint32_t hash = lb_ipvs_bucket(s->hash, number);
    int32_t row = s->bucket[hash];
    if (row == LB_NONE || lb_ipvs_takes(&s->ipvs, (uint32_t)row))
        return row;
    for (uint32_t step = 0; step < LB_IPVS_BUCKETS && s->fallback; step++) {
        uint32_t offset = (hash + step) % LB_IPVS_BUCKETS;
        row = s->bucket[(hash + offset) % LB_IPVS_BUCKETS];
        if (lb_ipvs_takes(&s->ipvs, (uint32_t)row))
            return row;
    }
    return LB_NONE;
}

static void describe(const void *state, lb_emit *emit, void *to)
{
    const struct state *s = state;
    lb_ipvs_describe_buckets(&s->ipvs, s->bucket, emit, to);
}

extern const struct lb_algorithm lb_algorithm_ipvs_sh;
const struct lb_algorithm lb_algorithm_ipvs_sh = {
    .abi = LB_ABI,
    .name = "ipvs-sh",
    .title = "IPVS source hashing",
    .summary = "The source address hashes into 256 buckets, dealt out in list order by weight.",
    .reference = "Linux, net/netfilter/ipvs/ip_vs_sh.c",
    .cost = "O(1)",
    .changes = "A join, a leave or a changed weight deals the buckets anew: most clients move. A "
               "failed one's clients get nobody, with fallback another one, and return with it.",
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
