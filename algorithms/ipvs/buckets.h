/*
 * The 256 buckets of IPVS sh and dh: a hash of an address is a bucket, and a bucket is a destination.
 *
 * Buckets are dealt out in list order, around and around: one each for dh, `weight` in a row for sh,
 * where a destination of weight 0 also gets one, as in the kernel, and its clients get nobody.
 *
 * The hash has changed between kernels: `multiplicative` (address x 2654435761) & 255 is the version
 * read; `golden`, hash_32() of newer ones, is the upper 8 bits of address x 0x61C88647 [from general
 * knowledge, not read].
 *
 * Source: Linux, net/netfilter/ipvs/ip_vs_sh.c, ip_vs_dh.c; rules only.
 */
#ifndef LB_IPVS_BUCKETS_H
#define LB_IPVS_BUCKETS_H

#include "algorithms/ipvs/service.h"

#define LB_IPVS_BUCKETS 256U

enum lb_ipvs_hash { LB_IPVS_MULTIPLICATIVE, LB_IPVS_GOLDEN };

static inline uint32_t lb_ipvs_bucket(enum lb_ipvs_hash hash, uint32_t number)
{
    if (hash == LB_IPVS_GOLDEN)
        return (number * UINT32_C(0x61c88647)) >> 24;
    return (number * UINT32_C(2654435761)) & (LB_IPVS_BUCKETS - 1);
}

#define LB_IPVS_HASH_PARAM                                                                         \
    {                                                                                              \
        .name = "hash", .unit = "", .value = LB_IPVS_MULTIPLICATIVE,                               \
        .min = LB_IPVS_MULTIPLICATIVE, .max = LB_IPVS_GOLDEN,                                      \
        .help = "the hash of older kernels or hash_32() of newer ones", .choices = hash_words      \
    }

/* Deals the buckets out to the rows in the list; LB_NONE in all when the list is empty. */
static inline void lb_ipvs_deal(const struct lb_ipvs *ipvs, int32_t *bucket, bool by_weight)
{
    uint32_t listed = 0, row = UINT32_MAX, left = 0;
    for (uint32_t i = 0; i < ipvs->pool->count; i++)
        listed += ipvs->dest[i].listed;
    for (uint32_t b = 0; b < LB_IPVS_BUCKETS; b++) {
        bucket[b] = LB_NONE;
        if (listed == 0)
            continue;
        if (left == 0) {
            do
                row = row + 1 < ipvs->pool->count ? row + 1 : 0; /* from the last, or none, to 0 */
            while (!ipvs->dest[row].listed);
            left = by_weight && ipvs->dest[row].weight > 1 ? ipvs->dest[row].weight : 1;
        }
        bucket[b] = (int32_t)row;
        left--;
    }
}

static inline void lb_ipvs_describe_buckets(const struct lb_ipvs *ipvs, const int32_t *bucket,
                                            lb_emit *emit, void *to)
{
    for (uint32_t b = 0; b < LB_IPVS_BUCKETS; b++)
        if (bucket[b] != LB_NONE)
            emit(to, bucket[b], "bucket", b);
    lb_ipvs_describe(ipvs, emit, to);
}

#endif
