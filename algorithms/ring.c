/*
 * See ring.h: room, the radix sort, and the index over the upper bits.
 */
#define _DEFAULT_SOURCE /* madvise */
#include "algorithms/ring.h"

#include <stdlib.h>
#include <sys/mman.h>

#define SMALL 32768U /* points */

void lb_ring_init(struct lb_ring *ring, unsigned bits)
{
    *ring = (struct lb_ring){.bits = bits};
}

void lb_ring_done(struct lb_ring *ring)
{
    free(ring->point);
    free(ring->spare);
    free(ring->index);
    *ring = (struct lb_ring){.bits = ring->bits};
}

/* As long as all of it stays in the cache, so many upper bits that a stretch seldom holds two
 * points and nothing is left to search; else two to four, a cache line, and an index that is small
 * beside them. */
static unsigned index_bits(uint32_t points)
{
    uint32_t stretches = points < SMALL ? points * 2 : points / 4;
    unsigned bits = 1;
    while (bits < 28 && (UINT32_C(1) << bits) < stretches)
        bits++;
    return bits;
}

/* Enough for the index of any number of points up to this. */
static size_t index_room(uint32_t points)
{
    unsigned bits = index_bits(points), small = index_bits(points < SMALL ? points : SMALL - 1);
    return ((size_t)1 << (bits > small ? bits : small)) + 1;
}

#define HUGE_PAGE ((size_t)2 << 20)

/* Room for points. A look-up in a ring of tens of megabytes touches one random page; in pages of 2 MiB,
 * where the system has them, it need not walk the page tables for it: 20 % less at 1.6 million. */
static struct lb_point *points_room(uint32_t points)
{
    size_t size = ((size_t)points + 1) * sizeof(struct lb_point); /* one is read behind the last */
    struct lb_point *room = malloc(size);
#ifdef MADV_HUGEPAGE
    uintptr_t from = ((uintptr_t)room + HUGE_PAGE - 1) & ~(uintptr_t)(HUGE_PAGE - 1);
    uintptr_t to = ((uintptr_t)room + size) & ~(uintptr_t)(HUGE_PAGE - 1);
    if (room != NULL && from < to) /* advice: without it the ring is only slower */
        (void)madvise((void *)from, to - from, MADV_HUGEPAGE);
#endif
    return room;
}

int lb_ring_begin(struct lb_ring *ring, uint64_t points, struct lb_error *error)
{
    if (points > LB_RING_POINTS_MAX)
        return lb_error_set(error, LB_ERROR_INVALID,
                            "a ring of %llu points: at most %u are allowed",
                            (unsigned long long)points, LB_RING_POINTS_MAX);
    if (points > ring->room || ring->point == NULL) {
        struct lb_ring larger = {.bits = ring->bits, .room = (uint32_t)(points > 0 ? points : 1)};
        larger.point = points_room(larger.room);
        larger.spare = points_room(larger.room);
        larger.index = malloc(index_room(larger.room) * sizeof *larger.index);
        if (larger.point == NULL || larger.spare == NULL || larger.index == NULL) {
            lb_ring_done(&larger);
            return lb_error_set(error, LB_ERROR_MEMORY, "no memory for a ring of %llu points",
                                (unsigned long long)points);
        }
        larger.point[larger.room] = larger.spare[larger.room] = (struct lb_point){0};
        lb_ring_done(ring);
        *ring = larger;
    }
    ring->count = 0;
    return 0;
}

/* One pass of the radix sort, by the eight bits from `shift` on; false when all are the same. */
static bool sort_by_digit(const struct lb_point *from, struct lb_point *to, uint32_t count,
                          unsigned shift)
{
    uint32_t start[256] = {0};
    for (uint32_t i = 0; i < count; i++)
        start[from[i].hash >> shift & 255]++;
    if (start[from[0].hash >> shift & 255] == count)
        return false;
    uint32_t sum = 0;
    for (int d = 0; d < 256; d++) {
        uint32_t n = start[d];
        start[d] = sum;
        sum += n;
    }
    for (uint32_t i = 0; i < count; i++)
        to[start[from[i].hash >> shift & 255]++] = from[i];
    return true;
}

static void build_index(struct lb_ring *ring)
{
    unsigned bits = index_bits(ring->count);
    uint32_t stretches = UINT32_C(1) << bits, i = 0;
    ring->shift = ring->bits - bits;
    for (uint32_t s = 0; s < stretches; s++) {
        while (i < ring->count && ring->point[i].hash >> ring->shift < s)
            i++;
        ring->index[s] = i;
    }
    ring->index[stretches] = ring->count;
}

/* Puts right what the upper bits left open: nearly nothing, as hashes are as good as random. */
static void sort_the_rest(struct lb_ring *ring)
{
    struct lb_point *point = ring->point;
    for (uint32_t i = 1; i < ring->count; i++) {
        struct lb_point moved = point[i];
        uint32_t place = i;
        for (; place > 0 && point[place - 1].hash > moved.hash; place--)
            point[place] = point[place - 1];
        if (place != i)
            point[place] = moved;
    }
}

/* By digits of eight bits: as many upper ones as tell nearly all points apart; then the rest. Both
 * keep the order of equal hashes. */
static void sort_points(struct lb_ring *ring)
{
    unsigned upper = (index_bits(ring->count) + 12 + 7) / 8 * 8;
    for (unsigned shift = upper < ring->bits ? ring->bits - upper : 0;
         shift < ring->bits && ring->count > 0; shift += 8)
        if (sort_by_digit(ring->point, ring->spare, ring->count, shift)) {
            struct lb_point *sorted = ring->spare;
            ring->spare = ring->point;
            ring->point = sorted;
        }
    sort_the_rest(ring);
}

void lb_ring_sort(struct lb_ring *ring)
{
    sort_points(ring);
    build_index(ring);
}

void lb_ring_sort_unique(struct lb_ring *ring)
{
    sort_points(ring);
    uint32_t kept = 0;
    for (uint32_t i = 0; i < ring->count; i++)
        if (i == 0 || ring->point[i].hash != ring->point[kept - 1].hash)
            ring->point[kept++] = ring->point[i];
    ring->count = kept;
    build_index(ring);
}
