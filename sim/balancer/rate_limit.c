/* See rate_limit.h. */
#include "sim/balancer/rate_limit.h"

#include <math.h>
#include <stdlib.h>

#include "sim/base/text.h"

#define DEEPEST 4e18 /* ns, 126 years: added to an instant of a run it stays an lb_time */

static void split(double ns, lb_time *whole, uint32_t *part)
{
    ns = ns < DEEPEST ? ns : DEEPEST;
    double floor_ns = floor(ns);
    *whole = (lb_time)floor_ns;
    *part = (uint32_t)((ns - floor_ns) * 0x1p32);
}

void rate_limiter_init(struct rate_limiter *l, const struct scenario_rate_limit *rule)
{
    *l = (struct rate_limiter){.size = rule->size};
    split(1e9 / rule->rate, &l->gap, &l->gap_part);
    /* From the rounded gap, not from burst / rate: `burst` tokens are exactly as many. */
    double deep = (double)l->gap * rule->burst;
    uint64_t parts = (uint64_t)l->gap_part * rule->burst;
    split(deep, &l->deep, &l->deep_part);
    if (deep < DEEPEST) {
        l->deep = l->gap * (lb_time)rule->burst + (lb_time)(parts >> 32);
        l->deep_part = (uint32_t)parts;
    }
}

void rate_limiter_done(struct rate_limiter *l)
{
    map_done(&l->places);
    free(l->buckets);
}

uint64_t rate_limiter_key(const struct lb_address *source)
{
    uint64_t key = source->family == 4 ? UINT64_C(0xffff) : 0;
    for (int i = 0; i < (source->family == 4 ? 4 : 8); i++)
        key = key << 8 | source->bytes[i];
    return key;
}

static void take_out(struct rate_limiter *l, uint32_t i)
{
    struct rate_bucket *b = &l->buckets[i];
    l->buckets[b->older].newer = b->newer;
    l->buckets[b->newer].older = b->older;
}

static void put_newest(struct rate_limiter *l, uint32_t i)
{
    struct rate_bucket *ends = &l->buckets[0];
    l->buckets[i].older = ends->older;
    l->buckets[i].newer = 0;
    l->buckets[ends->older].newer = i;
    ends->older = i;
}

/* A full bucket for a key that has none. */
static uint32_t new_bucket(struct rate_limiter *l, uint64_t key)
{
    uint32_t i;
    if (l->used == l->size) {
        i = l->buckets[0].newer;
        (void)map_take(&l->places, l->buckets[i].key);
        take_out(l, i);
    } else {
        if (l->used + 1 >= l->room) {
            l->room = l->room == 0 ? 16 : 2 * l->room;
            l->buckets = text_need_more(l->buckets, l->room * sizeof *l->buckets);
        }
        if (l->used == 0)
            l->buckets[0] = (struct rate_bucket){0};
        i = ++l->used;
    }
    l->buckets[i] = (struct rate_bucket){.key = key};
    map_set(&l->places, key, i);
    put_newest(l, i);
    return i;
}

bool rate_limiter_take(struct rate_limiter *l, uint64_t key, lb_time now)
{
    uint32_t i = map_find(&l->places, key);
    if (i == 0) {
        i = new_bucket(l, key);
    } else {
        take_out(l, i);
        put_newest(l, i);
    }
    struct rate_bucket *b = &l->buckets[i];
    lb_time full_at = b->full_at;
    uint64_t part = b->part;
    if (full_at < now) {
        full_at = now;
        part = 0;
    }
    part += l->gap_part;
    full_at += l->gap + (lb_time)(part >> 32);
    uint32_t rest = (uint32_t)part;
    lb_time left = full_at - now;
    if (left > l->deep || (left == l->deep && rest > l->deep_part))
        return false;
    b->full_at = full_at;
    b->part = rest;
    return true;
}
