/*
 * See row_ring.h.
 */
#include "algorithms/general/row_ring.h"

#include <stdlib.h>

#define NAME_MAX_SIZE 256 /* a longer name is hashed first */

int lb_row_ring_init(struct lb_row_ring *r, const struct lb_pool *pool, uint32_t per_unit,
                     struct lb_error *error)
{
    size_t max = pool->max > pool->count ? pool->max : pool->count;
    *r = (struct lb_row_ring){.pool = pool, .per_unit = per_unit};
    lb_ring_init(&r->ring, 64);
    r->row = calloc(max + 1, sizeof *r->row);
    if (r->row == NULL)
        return lb_error_set(error, LB_ERROR_MEMORY, "no memory for a pool of %zu backends", max);
    return lb_row_ring_change(r, error);
}

void lb_row_ring_done(struct lb_row_ring *r)
{
    lb_ring_done(&r->ring);
    free(r->row);
}

/* Units of weight on the ring. */
static uint32_t units(const struct lb_backend *b)
{
    return (b->flags & LB_PRESENT) != 0 ? b->weight : 0;
}

static uint32_t wanted(const struct lb_row_ring *r, const struct lb_backend *b, double total)
{
    double points = (double)units(b) * r->per_unit;
    if (total > LB_ROW_RING_MAX)
        points *= LB_ROW_RING_MAX / total;
    return points >= 1 || points <= 0 ? (uint32_t)points : 1;
}

int lb_row_ring_change(struct lb_row_ring *r, struct lb_error *error)
{
    const struct lb_pool *pool = r->pool;
    double total = 0;
    uint64_t points = 0;
    bool changed = r->ring.point == NULL;
    for (uint32_t i = 0; i < pool->count; i++)
        total += (double)units(&pool->at[i]) * r->per_unit;
    for (uint32_t i = 0; i < pool->count; i++) {
        uint32_t n = wanted(r, &pool->at[i], total);
        changed = changed || n != r->row[i].count || (n != 0 && pool->at[i].id != r->row[i].id);
        points += n;
    }
    if (!changed)
        return 0;
    if (lb_ring_begin(&r->ring, points, error) != 0)
        return -1;
    for (uint32_t i = 0; i < pool->count; i++)
        r->row[i] = (struct lb_row_points){wanted(r, &pool->at[i], total), pool->at[i].id};
    r->stale = true;
    return 0;
}

/* Writes a number behind the text; its size. */
static size_t add_number(char *text, size_t size, uint32_t number)
{
    char digit[10];
    size_t n = 0;
    do
        digit[n++] = (char)('0' + number % 10);
    while ((number /= 10) != 0);
    while (n > 0)
        text[size++] = digit[--n];
    return size;
}

static void add_points(struct lb_row_ring *r, uint32_t row)
{
    char text[NAME_MAX_SIZE + 11];
    struct lb_bytes name = lb_backend_bytes(&r->pool->at[row]);
    uint64_t hash;
    if (name.size > NAME_MAX_SIZE) {
        hash = lb_xxh64(name.data, name.size, 0);
        name = (struct lb_bytes){&hash, sizeof hash};
    }
    memcpy(text, name.data, name.size);
    text[name.size] = '_';
    for (uint32_t k = 0; k < r->row[row].count; k++) {
        size_t size = add_number(text, name.size + 1, k);
        lb_ring_add(&r->ring, lb_xxh64(text, size, 0), row, k);
    }
}

void lb_row_ring_build(struct lb_row_ring *r)
{
    r->ring.count = 0;
    for (uint32_t i = 0; i < r->pool->count; i++)
        add_points(r, i);
    lb_ring_sort(&r->ring);
    r->stale = false;
}
