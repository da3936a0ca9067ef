/*
 * See hash.h: the functions that are too long to be inline, and the doors to the libraries.
 */
#include "algorithms/hash.h"

#include <arpa/inet.h>
#ifdef __x86_64__
#include <cpuid.h>
#include <immintrin.h>
#endif
#include <sha2.h>
#include <stdlib.h>
#include <string.h>
#include <xxhash.h>
#include <zlib.h>

uint64_t lb_xxh64(const void *data, size_t size, uint64_t seed)
{
    return XXH64(data, size, seed);
}

uint64_t lb_murmur2_64(const void *data, size_t size, uint64_t seed)
{
    static const uint64_t m = UINT64_C(0xc6a4a7935bd1e995);
    const uint8_t *at = data;
    uint64_t h = seed ^ (size * m);
    for (; size >= 8; at += 8, size -= 8) {
        uint64_t word = 0;
        for (int i = 7; i >= 0; i--)
            word = word << 8 | at[i];
        word *= m;
        h = (h ^ (word ^ word >> 47) * m) * m;
    }
    if (size > 0) {
        uint64_t tail = 0;
        while (size-- > 0)
            tail = tail << 8 | at[size];
        h = (h ^ tail) * m;
    }
    h = (h ^ h >> 47) * m;
    return h ^ h >> 47;
}

uint32_t lb_crc32(uint32_t crc, const void *data, size_t size)
{
    return (uint32_t)crc32_z(crc, data, size);
}

uint32_t lb_fnv1a32(uint32_t hash, const void *data, size_t size)
{
    const uint8_t *byte = data;
    for (size_t i = 0; i < size; i++)
        hash = (hash ^ byte[i]) * UINT32_C(16777619);
    return hash;
}

uint32_t lb_sdbm32(const void *data, size_t size)
{
    const uint8_t *byte = data;
    uint32_t hash = 0;
    for (size_t i = 0; i < size; i++)
        hash = byte[i] + (hash << 6) + (hash << 16) - hash;
    return hash;
}

uint32_t lb_djb2_32(const void *data, size_t size)
{
    const uint8_t *byte = data;
    uint32_t hash = 5381;
    for (size_t i = 0; i < size; i++)
        hash = hash * 33 + byte[i];
    return hash;
}

static uint32_t rotl32(uint32_t x, unsigned k)
{
    return (x << (k & 31)) | (x >> ((32 - k) & 31));
}

uint32_t lb_wt6_32(const void *data, size_t size)
{
    const uint8_t *byte = data;
    uint32_t h0 = UINT32_C(0xa53c965a), h1 = UINT32_C(0x5ca6953a);
    unsigned s0 = 6, s1 = 18;
    for (size_t i = 0; i < size; i++) {
        h0 = ~(h0 ^ byte[i]);
        h1 = ~(h1 + byte[i]);
        uint32_t old = h0;
        h0 = rotl32(h1, s0);
        h1 = rotl32(old, s1);
        uint32_t t = ((h0 >> 16) ^ h1) & 0xffff;
        s0 = t & 31;
        s1 = t >> 11;
    }
    return h0 ^ h1;
}

uint32_t lb_sha256_tail32(const void *data, size_t size)
{
    uint8_t digest[SHA256_DIGEST_LENGTH];
    SHA2_CTX context;
    SHA256Init(&context);
    SHA256Update(&context, data, size);
    SHA256Final(digest, &context);
    const uint8_t *tail = digest + sizeof digest - 4;
    return tail[0] | (uint32_t)tail[1] << 8 | (uint32_t)tail[2] << 16 | (uint32_t)tail[3] << 24;
}

#ifdef __x86_64__

/* The round constants of FIPS 180-4. */
static const uint32_t sha256_k[64] = {
    0x428a2f98, 0x71374491, 0xb5c0fbcf, 0xe9b5dba5, 0x3956c25b, 0x59f111f1, 0x923f82a4, 0xab1c5ed5,
    0xd807aa98, 0x12835b01, 0x243185be, 0x550c7dc3, 0x72be5d74, 0x80deb1fe, 0x9bdc06a7, 0xc19bf174,
    0xe49b69c1, 0xefbe4786, 0x0fc19dc6, 0x240ca1cc, 0x2de92c6f, 0x4a7484aa, 0x5cb0a9dc, 0x76f988da,
    0x983e5152, 0xa831c66d, 0xb00327c8, 0xbf597fc7, 0xc6e00bf3, 0xd5a79147, 0x06ca6351, 0x14292967,
    0x27b70a85, 0x2e1b2138, 0x4d2c6dfc, 0x53380d13, 0x650a7354, 0x766a0abb, 0x81c2c92e, 0x92722c85,
    0xa2bfe8a1, 0xa81a664b, 0xc24b8b70, 0xc76c51a3, 0xd192e819, 0xd6990624, 0xf40e3585, 0x106aa070,
    0x19a4c116, 0x1e376c08, 0x2748774c, 0x34b0bcb5, 0x391c0cb3, 0x4ed8aa4a, 0x5b9cca4f, 0x682e6ff3,
    0x748f82ee, 0x78a5636f, 0x84c87814, 0x8cc70208, 0x90befffa, 0xa4506ceb, 0xbef9a3f7, 0xc67178f2};

/* One block by the processor's own instructions, four rounds a step: a key and its padding. Longer
 * ones go the usual way. */
__attribute__((target("sha,sse4.1"))) static uint32_t sha256_tail32_x86(const void *data,
                                                                        size_t size)
{
    uint8_t block[64] = {0};
    if (size > 55)
        return lb_sha256_tail32(data, size);
    if (size > 0)
        memcpy(block, data, size);
    block[size] = 0x80;
    block[62] = (uint8_t)(size >> 5); /* the size in bits */
    block[63] = (uint8_t)(size << 3);
    const __m128i swap = _mm_set_epi64x(0x0c0d0e0f08090a0b, 0x0405060700010203);
    __m128i abef = _mm_set_epi32(0x6a09e667, (int)0xbb67ae85, 0x510e527f, (int)0x9b05688c);
    __m128i cdgh = _mm_set_epi32(0x3c6ef372, (int)0xa54ff53a, 0x1f83d9ab, 0x5be0cd19);
    __m128i word[4] = {{0}};
    for (int i = 0; i < 16; i++) {
        __m128i *w = &word[i & 3], before = word[(i + 3) & 3];
        if (i < 4) {
            *w = _mm_shuffle_epi8(_mm_loadu_si128((const __m128i *)(block + 16 * i)), swap);
        } else {
            __m128i sum = _mm_sha256msg1_epu32(*w, word[(i + 1) & 3]);
            sum = _mm_add_epi32(sum, _mm_alignr_epi8(before, word[(i + 2) & 3], 4));
            *w = _mm_sha256msg2_epu32(sum, before);
        }
        __m128i x = _mm_add_epi32(*w, _mm_loadu_si128((const __m128i *)(sha256_k + 4 * i)));
        cdgh = _mm_sha256rnds2_epu32(cdgh, abef, x);
        abef = _mm_sha256rnds2_epu32(abef, cdgh, _mm_shuffle_epi32(x, 0x0e));
    }
    return __builtin_bswap32((uint32_t)_mm_extract_epi32(cdgh, 0) + 0x5be0cd19);
}

lb_hash32 *lb_sha256_tail32_fastest(void)
{
    unsigned a, b, c, d;
    bool sse = __get_cpuid(1, &a, &b, &c, &d) != 0 && (c & bit_SSSE3) != 0 && (c & bit_SSE4_1) != 0;
    bool sha = __get_cpuid_count(7, 0, &a, &b, &c, &d) != 0 && (b & (1U << 29)) != 0;
    return sse && sha ? sha256_tail32_x86 : lb_sha256_tail32;
}

#else

lb_hash32 *lb_sha256_tail32_fastest(void)
{
    return lb_sha256_tail32;
}

#endif

static void siphash_rounds(uint64_t v[4], unsigned rounds)
{
    for (unsigned r = 0; r < rounds; r++) {
        v[0] += v[1];
        v[2] += v[3];
        v[1] = lb_rotl64(v[1], 13) ^ v[0];
        v[3] = lb_rotl64(v[3], 16) ^ v[2];
        v[0] = lb_rotl64(v[0], 32) + v[3];
        v[2] += v[1];
        v[3] = lb_rotl64(v[3], 21) ^ v[0];
        v[1] = lb_rotl64(v[1], 17) ^ v[2];
        v[2] = lb_rotl64(v[2], 32);
    }
}

uint64_t lb_siphash(unsigned c, unsigned d, const uint64_t key[2], const void *data, size_t size)
{
    const uint8_t *byte = data;
    uint64_t v[4] = {key[0] ^ UINT64_C(0x736f6d6570736575), key[1] ^ UINT64_C(0x646f72616e646f6d),
                     key[0] ^ UINT64_C(0x6c7967656e657261), key[1] ^ UINT64_C(0x7465646279746573)};
    for (size_t i = 0; i <= size; i += 8) { /* the last word holds 0 to 7 bytes and the size */
        size_t bytes = size - i < 8 ? size - i : 8;
        uint64_t word = bytes < 8 ? (uint64_t)(size & 0xff) << 56 : 0;
        for (size_t b = 0; b < bytes; b++)
            word |= (uint64_t)byte[i + b] << (8 * b);
        v[3] ^= word;
        siphash_rounds(v, c);
        v[0] ^= word;
    }
    v[2] ^= 0xff;
    siphash_rounds(v, d);
    return v[0] ^ v[1] ^ v[2] ^ v[3];
}

uint32_t lb_jump(uint64_t key, uint32_t buckets)
{
    int64_t bucket = -1, next = 0;
    while (next < (int64_t)buckets) {
        bucket = next;
        key = key * UINT64_C(2862933555777941757) + 1;
        double step = (double)(INT64_C(1) << 31) / (double)((key >> 33) + 1);
        next = (int64_t)((double)(bucket + 1) * step);
    }
    return (uint32_t)bucket;
}

/* The longest run of zero groups of an IPv6 address, at least two; length 0 when there is none. */
static int zero_run(const uint16_t *group, int *length)
{
    int best = 0;
    *length = 0;
    for (int i = 0; i < 8; i++) {
        int n = 0;
        while (i + n < 8 && group[i + n] == 0)
            n++;
        if (n > *length && n >= 2) {
            best = i;
            *length = n;
        }
    }
    return best;
}

size_t lb_address_text(const struct lb_address *address, char *text)
{
    const uint8_t *b = address->bytes;
    text[0] = '\0';
    if (address->family == 4)
        return (size_t)snprintf(text, 48, "%u.%u.%u.%u", b[0], b[1], b[2], b[3]);
    if (address->family != 6)
        return 0;
    uint16_t group[8];
    for (int i = 0; i < 8; i++)
        group[i] = (uint16_t)(b[2 * i] << 8 | b[2 * i + 1]);
    int length, start = zero_run(group, &length);
    size_t used = 0;
    for (int i = 0; i < 8; i++) {
        if (length > 0 && i == start) {
            used += (size_t)snprintf(text + used, 48 - used, "::");
            i += length - 1;
            continue;
        }
        bool colon = used > 0 && text[used - 1] != ':';
        used += (size_t)snprintf(text + used, 48 - used, colon ? ":%x" : "%x", group[i]);
    }
    return used;
}

bool lb_address_parse(const char *text, struct lb_address *address)
{
    char host[64];
    *address = (struct lb_address){0};
    bool bracket = text[0] == '[';
    const char *start = text + bracket;
    const char *end = bracket ? strchr(start, ']') : strrchr(start, ':');
    if (!bracket && (end == NULL || strchr(start, ':') != end))
        end = start + strlen(start); /* no port, or IPv6 without brackets */
    if (end == NULL || (size_t)(end - start) >= sizeof host)
        return false;
    memcpy(host, start, (size_t)(end - start));
    host[end - start] = '\0';
    const char *port = end + (bracket && *end == ']');
    if (*port == ':') {
        char *rest;
        unsigned long number = strtoul(port + 1, &rest, 10);
        if (port[1] < '0' || port[1] > '9' || *rest != '\0' || number > 65535)
            return false;
        address->port = (uint16_t)number;
    } else if (*port != '\0') {
        return false;
    }
    if (!bracket && inet_pton(AF_INET, host, address->bytes) == 1)
        address->family = 4;
    else if (inet_pton(AF_INET6, host, address->bytes) == 1)
        address->family = 6;
    else
        address->port = 0;
    return address->family != 0;
}
