/* See affinity.h. Entries are numbered from 1; 0 ends every list. */
#include "sim/balancer/affinity.h"

#include <md5.h>
#include <stdlib.h>
#include <string.h>

#include "algorithms/hash.h"
#include "sim/base/text.h"

const char *affinity_cookie(const char *line, const char *name, size_t *size)
{
    size_t length = strlen(name);
    while (*line != '\0') {
        line += strspn(line, "; ");
        size_t rest = strcspn(line, ";");
        if (rest > length && line[length] == '=' && strncmp(line, name, length) == 0) {
            *size = rest - length - 1;
            return line + length + 1;
        }
        line += rest;
    }
    return NULL;
}

void affinity_md5(const char *address, char text[AFFINITY_MD5_SIZE])
{
    static const char digits[] = "0123456789abcdef";
    uint8_t digest[MD5_DIGEST_LENGTH];
    MD5_CTX md5;
    MD5Init(&md5);
    MD5Update(&md5, (const uint8_t *)address, strlen(address));
    MD5Final(digest, &md5);
    for (size_t i = 0; i < sizeof digest; i++) {
        text[2 * i] = digits[digest[i] >> 4];
        text[2 * i + 1] = digits[digest[i] & 15];
    }
    text[AFFINITY_MD5_SIZE - 1] = '\0';
}

/* --- tables ----------------------------------------------------------------------------------- */

void affinity_table_init(struct affinity_table *t, uint32_t size, lb_time expire, bool purge)
{
    *t = (struct affinity_table){.size = size, .expire = expire, .purge = purge};
    t->room = 16;
    t->bucket_count = 16;
    t->entries = text_need_zero(t->room, sizeof *t->entries);
    t->buckets = text_need_zero(t->bucket_count, sizeof *t->buckets);
}

void affinity_table_done(struct affinity_table *t)
{
    for (uint32_t i = 1; i <= t->used; i++)
        free(t->entries[i].key);
    free(t->entries);
    free(t->buckets);
    *t = (struct affinity_table){.size = 0};
}

static uint32_t *bucket_of(struct affinity_table *t, const void *key, size_t size)
{
    return &t->buckets[lb_xxh64(key, size, 0) % t->bucket_count];
}

static void leave_order(struct affinity_table *t, uint32_t at)
{
    struct affinity_entry *e = &t->entries[at];
    t->entries[e->older].newer = e->newer;
    t->entries[e->newer].older = e->older;
}

/* The entry is the one used last. entries[0].older is the newest of all, .newer the oldest. */
static void used_now(struct affinity_table *t, uint32_t at, lb_time now)
{
    struct affinity_entry *e = &t->entries[at];
    uint32_t last = t->entries[0].older;
    e->older = last;
    e->newer = 0;
    t->entries[last].newer = at;
    t->entries[0].older = at;
    e->expires = t->expire > LB_NEVER - now ? LB_NEVER : now + t->expire;
}

static void drop(struct affinity_table *t, uint32_t at)
{
    struct affinity_entry *e = &t->entries[at];
    uint32_t *link = bucket_of(t, e->key, e->size);
    while (*link != at)
        link = &t->entries[*link].next;
    *link = e->next;
    leave_order(t, at);
    free(e->key);
    e->key = NULL;
    e->next = t->free;
    t->free = at;
    t->count--;
}

static void drop_expired(struct affinity_table *t, lb_time now)
{
    while (t->count > 0 && t->entries[t->entries[0].newer].expires <= now)
        drop(t, t->entries[0].newer);
}

static uint32_t find(struct affinity_table *t, const void *key, size_t size, lb_time now)
{
    drop_expired(t, now);
    uint32_t at = *bucket_of(t, key, size);
    while (at != 0 && (t->entries[at].size != size || memcmp(t->entries[at].key, key, size) != 0))
        at = t->entries[at].next;
    if (at != 0) {
        leave_order(t, at);
        used_now(t, at, now);
    }
    return at;
}

int32_t affinity_table_find(struct affinity_table *t, const void *key, size_t size, lb_time now)
{
    uint32_t at = find(t, key, size, now);
    return at != 0 ? t->entries[at].backend : -1;
}

static void grow_buckets(struct affinity_table *t)
{
    t->bucket_count *= 2;
    free(t->buckets);
    t->buckets = text_need_zero(t->bucket_count, sizeof *t->buckets);
    for (uint32_t at = t->entries[0].newer; at != 0; at = t->entries[at].newer) {
        uint32_t *bucket = bucket_of(t, t->entries[at].key, t->entries[at].size);
        t->entries[at].next = *bucket;
        *bucket = at;
    }
}

static uint32_t take_entry(struct affinity_table *t)
{
    uint32_t at = t->free;
    if (at != 0) {
        t->free = t->entries[at].next;
        return at;
    }
    if (t->used + 1 == t->room) {
        t->room *= 2;
        t->entries = text_need_more(t->entries, t->room * sizeof *t->entries);
    }
    return ++t->used;
}

void affinity_table_reserve(struct affinity_table *t)
{
    if (!t->purge || t->count < t->size)
        return;
    for (uint32_t k = 0; k <= t->size / 256 && t->count > 0; k++)
        drop(t, t->entries[0].newer);
}

bool affinity_table_store(struct affinity_table *t, const void *key, size_t size, int32_t backend,
                          lb_time now)
{
    uint32_t at = find(t, key, size, now);
    if (at != 0) {
        t->entries[at].backend = backend;
        return true;
    }
    if (t->count == t->size && !t->purge)
        return false;
    affinity_table_reserve(t);
    if (t->count >= t->bucket_count)
        grow_buckets(t);
    at = take_entry(t);
    uint32_t *bucket = bucket_of(t, key, size);
    t->entries[at] = (struct affinity_entry){
        .key = text_copy_n(key, size), .size = size, .backend = backend, .next = *bucket};
    *bucket = at;
    t->count++;
    used_now(t, at, now);
    return true;
}
