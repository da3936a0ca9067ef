/*
 * See members.h.
 */
#include "algorithms/members.h"

#include <stdlib.h>
#include <string.h>

#include "algorithms/hash.h"

int lb_members_init(struct lb_members *members, const struct lb_pool *pool, unsigned flags,
                    struct lb_error *error)
{
    size_t max = pool->max > pool->count ? pool->max : pool->count;
    max += max == 0;
    *members = (struct lb_members){.pool = pool,
                                   .flags = flags,
                                   .row = calloc(max, sizeof *members->row),
                                   .seen = calloc(max, sizeof *members->seen),
                                   .equal = true};
    if (members->row == NULL || members->seen == NULL)
        return lb_error_set(error, LB_ERROR_MEMORY, "no memory for a pool of %zu backends", max);
    return 0;
}

void lb_members_done(struct lb_members *members)
{
    free(members->row);
    free(members->seen);
    *members = (struct lb_members){0};
}

/* Notes the row as it is now; was it otherwise at the last look? */
static bool note(struct lb_member *seen, const struct lb_backend *b, unsigned flags)
{
    struct lb_member is = {0};
    if ((b->flags & flags) == flags && b->weight != 0) {
        const char *text = lb_backend_text(b);
        is = (struct lb_member){lb_xxh64(text, strlen(text), 0), b->id, b->weight};
    }
    bool other = is.weight != seen->weight || is.id != seen->id || is.text != seen->text;
    *seen = is;
    return other;
}

bool lb_members_look(struct lb_members *members)
{
    bool changed = false;
    uint32_t weight = 0;
    members->count = 0;
    members->total = 0;
    members->equal = true;
    for (uint32_t i = 0; i < members->pool->count; i++) {
        changed = note(&members->seen[i], &members->pool->at[i], members->flags) || changed;
        uint32_t is = members->seen[i].weight;
        if (is == 0)
            continue;
        members->equal = members->equal && (members->count == 0 || is == weight);
        weight = is;
        members->total += is;
        members->row[members->count++] = i;
    }
    return changed;
}

static int by_text(const void *a, const void *b)
{
    const struct lb_named *x = a, *y = b;
    int order = strcmp(x->text, y->text);
    return order != 0 ? order : (x->row > y->row) - (x->row < y->row);
}

void lb_members_sort(const struct lb_members *members, struct lb_named *named, uint32_t *row)
{
    for (uint32_t i = 0; i < members->count; i++) {
        const struct lb_backend *b = &members->pool->at[members->row[i]];
        named[i] = (struct lb_named){lb_backend_text(b), members->row[i]};
    }
    qsort(named, members->count, sizeof *named, by_text);
    for (uint32_t i = 0; i < members->count; i++)
        row[i] = named[i].row;
}
