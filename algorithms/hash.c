/*
 * See hash.h: the functions that are too long to be inline, and the doors to the libraries.
 */
#include "algorithms/hash.h"

#include <arpa/inet.h>
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
