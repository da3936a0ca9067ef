/*
 * The sliding window of latencies.
 */
#include "ui/dashboard/window.h"

#include <math.h>
#include <stdlib.h>

#include "sim/base/text.h"

void window_init(struct window *window, uint32_t span)
{
    window->span = span;
    window->first = window->count = 0;
    window->ticks = text_need_zero(span, sizeof *window->ticks);
    histogram_init(&window->sum);
}

void window_done(struct window *window)
{
    for (int64_t i = 0; window->ticks != NULL && i < window->span; i++)
        free(window->ticks[i].pairs);
    free(window->ticks);
    window->ticks = NULL;
    window->count = 0;
}

void window_clear(struct window *window)
{
    window->first = window->count = 0;
    histogram_init(&window->sum);
}

static struct window_tick *nth(const struct window *window, uint32_t i)
{
    return &window->ticks[(window->first + i) % (uint32_t)window->span];
}

/* Quantiles never leave [min, max], so these must be those of what is left. */
static void find_range(struct window *window)
{
    window->sum.min = LB_NEVER;
    window->sum.max = -1;
    for (uint32_t i = 0; i < window->count; i++) {
        const struct window_tick *t = nth(window, i);
        window->sum.min = t->min < window->sum.min ? t->min : window->sum.min;
        window->sum.max = t->max > window->sum.max ? t->max : window->sum.max;
    }
}

static void drop_oldest(struct window *window)
{
    struct window_tick *t = nth(window, 0);
    for (uint32_t i = 0; i < t->pair_count; i++) {
        window->sum.bucket[t->pairs[i].bucket] -= t->pairs[i].count;
        window->sum.count -= t->pairs[i].count;
    }
    window->first = (window->first + 1) % (uint32_t)window->span;
    window->count--;
}

static void keep(struct window_tick *t, uint32_t bucket, uint64_t count)
{
    if (t->pair_count == t->pair_room) {
        t->pair_room = t->pair_room == 0 ? 64 : t->pair_room * 2;
        t->pairs = text_need_more(t->pairs, t->pair_room * sizeof *t->pairs);
    }
    /* More than 2^32 - 1 in a bucket of one tick cannot be: a tick is a second or less. */
    t->pairs[t->pair_count++] = (struct window_pair){bucket, (uint32_t)count};
}

void window_add(struct window *window, int64_t tick, const struct histogram *h)
{
    bool dropped = false;
    while (window->count > 0 && nth(window, 0)->tick <= tick - window->span) {
        drop_oldest(window);
        dropped = true;
    }
    if (h != NULL && h->count > 0) {
        struct window_tick *t = window->count > 0 ? nth(window, window->count - 1) : NULL;
        if (t == NULL || t->tick != tick) {
            t = nth(window, window->count++);
            t->tick = tick;
            t->pair_count = 0;
            t->min = LB_NEVER;
            t->max = -1;
        }
        t->min = h->min < t->min ? h->min : t->min;
        t->max = h->max > t->max ? h->max : t->max;
        for (uint32_t b = histogram_bucket(h->min), end = histogram_bucket(h->max); b <= end; b++)
            if (h->bucket[b] > 0) {
                keep(t, b, h->bucket[b]);
                window->sum.bucket[b] += h->bucket[b];
            }
        window->sum.count += h->count;
        dropped = true;
    }
    if (dropped)
        find_range(window);
}

double window_quantile(const struct window *window, double p)
{
    return window->sum.count == 0 ? NAN : histogram_quantile(&window->sum, p);
}

double window_tick_quantile(const struct window *window, int64_t tick, double p,
                            struct histogram *scratch)
{
    const struct window_tick *t = NULL;
    for (uint32_t i = window->count; i > 0 && t == NULL; i--)
        if (nth(window, i - 1)->tick == tick)
            t = nth(window, i - 1);
    if (t == NULL)
        return NAN;
    for (uint32_t i = 0; i < t->pair_count; i++) {
        scratch->bucket[t->pairs[i].bucket] += t->pairs[i].count;
        scratch->count += t->pairs[i].count;
    }
    scratch->min = t->min;
    scratch->max = t->max;
    double value = histogram_quantile(scratch, p);
    for (uint32_t i = 0; i < t->pair_count; i++)
        scratch->bucket[t->pairs[i].bucket] = 0;
    scratch->count = 0;
    scratch->min = LB_NEVER;
    scratch->max = -1;
    return value;
}
