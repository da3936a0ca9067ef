/*
 * The hash functions that load balancers use, once for all algorithms.
 *
 * Products disagree on which function they put a key through, so each of them is here under its
 * usual name and every algorithm says which one it takes. None of them is for security: whoever may
 * choose the keys can choose where they fall.
 *
 * Cost: 64-bit xxHash about 1 ns for a short key, the byte-wise ones about 1 ns a byte.
 * Source: XXH64 from libxxhash; crc32 (IEEE, reflected) from zlib; SHA-256 from libmd; FNV-1a and
 * MurmurHash2 from their authors' pages; sdbm, djb2, wt6 and the avalanche as HAProxy describes and
 * uses them (2.6, src/hash.c, include/haproxy/intops.h); SipHash: J.-P. Aumasson and D. J. Bernstein,
 * INDOCRYPT 2012; jump: J. Lamping and E. Veach, "A fast, minimal memory,
 * consistent hash algorithm", arXiv:1406.2294. Rules in our own words and code.
 */
#ifndef LB_HASH_H
#define LB_HASH_H

#include "algorithms/lb.h"

/* XXH64. */
uint64_t lb_xxh64(const void *data, size_t size, uint64_t seed);

/* 64-bit MurmurHash2 as libstdc++ makes std::hash of a string from it (seed 0xc70f6907). */
#define LB_MURMUR2_STD_SEED UINT64_C(0xc70f6907)
uint64_t lb_murmur2_64(const void *data, size_t size, uint64_t seed);

/* IEEE crc32, going on from `crc`; start with 0. */
uint32_t lb_crc32(uint32_t crc, const void *data, size_t size);

/* 32-bit FNV-1a, going on from `hash`; start with LB_FNV1A32_START. */
#define LB_FNV1A32_START UINT32_C(2166136261)
uint32_t lb_fnv1a32(uint32_t hash, const void *data, size_t size);

/* HAProxy's three byte-wise functions. */
uint32_t lb_sdbm32(const void *data, size_t size);
uint32_t lb_djb2_32(const void *data, size_t size);
uint32_t lb_wt6_32(const void *data, size_t size);

/* The last four bytes of SHA-256 as Varnish reads them: a little-endian number. */
uint32_t lb_sha256_tail32(const void *data, size_t size);

/* The fastest function on this machine that does the same: asks the processor, so once a state. */
typedef uint32_t lb_hash32(const void *data, size_t size);
lb_hash32 *lb_sha256_tail32_fastest(void);

/* SipHash-c-d with a key of two 64-bit words. The Linux kernel's hsiphash is its 1-3 variant cut to
 * the low 32 bits on 64-bit machines (HalfSipHash elsewhere, which is not here). */
uint64_t lb_siphash(unsigned c, unsigned d, const uint64_t key[2], const void *data, size_t size);

/* HAProxy's full_hash, the "avalanche" of its hash-type: mixes 32 bits into 32 bits. */
static inline uint32_t lb_avalanche32(uint32_t a)
{
    a = (a + UINT32_C(0x7ed55d16)) + (a << 12);
    a = (a ^ UINT32_C(0xc761c23c)) ^ (a >> 19);
    a = (a + UINT32_C(0x165667b1)) + (a << 5);
    a = (a + UINT32_C(0xd3a2646c)) ^ (a << 9);
    a = (a + UINT32_C(0xfd7046c5)) + (a << 3);
    a = (a ^ UINT32_C(0xb55a4f09)) ^ (a >> 16);
    return a * UINT32_C(3221225473);
}

/* Jump consistent hash: a bucket in [0, buckets), buckets >= 1. */
uint32_t lb_jump(uint64_t key, uint32_t buckets);

/* What a request is hashed by: its key, else its source address (4 or 16 bytes); size 0 when it has
 * neither. */
struct lb_bytes {
    const void *data;
    size_t size;
};

static inline struct lb_bytes lb_request_bytes(const struct lb_request *request)
{
    if (request->key_size != 0)
        return (struct lb_bytes){request->key, request->key_size};
    size_t size = request->source.family == 4 ? 4 : request->source.family == 6 ? 16 : 0;
    return (struct lb_bytes){request->source.bytes, size};
}

/* XXH64 with seed 0 of those bytes. */
static inline uint64_t lb_request_hash(const struct lb_request *request)
{
    struct lb_bytes bytes = lb_request_bytes(request);
    return lb_xxh64(bytes.data, bytes.size, 0);
}

/* The same, the number a request is placed by; a random one when there is nothing to hash. */
static inline uint64_t lb_place_hash(const struct lb_request *request, struct lb_random *random)
{
    struct lb_bytes bytes = lb_request_bytes(request);
    return bytes.size != 0 ? lb_xxh64(bytes.data, bytes.size, 0) : lb_random_u64(random);
}

/* What a product hashes a backend by: its address, or its name when it has none. Never NULL. */
static inline const char *lb_backend_text(const struct lb_backend *b)
{
    return b->address != NULL ? b->address : b->name != NULL ? b->name : "";
}

/* The text of an address without its port, "192.0.2.1" or the shortest form of IPv6 (RFC 5952), as
 * products hash it; "" when the family is unknown. text has room for 48 bytes; returns its length. */
size_t lb_address_text(const struct lb_address *address, char *text);

/* The other way: "10.0.0.1:80", "[2001:db8::1]:80", or either without a port (0). False, with family
 * 0, when the text is no such address (a name, a path). */
bool lb_address_parse(const char *text, struct lb_address *address);

#endif
