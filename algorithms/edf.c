/*
 * See edf.h: a binary heap in an array.
 */
#include "algorithms/edf.h"

#include <stdlib.h>

int lb_edf_init(struct lb_edf *edf, uint32_t room, struct lb_error *error)
{
    *edf = (struct lb_edf){.room = room};
    edf->heap = calloc(room > 0 ? room : 1, sizeof *edf->heap);
    if (edf->heap == NULL)
        return lb_error_set(error, LB_ERROR_MEMORY, "no memory for a schedule of %u", room);
    return 0;
}

void lb_edf_done(struct lb_edf *edf)
{
    free(edf->heap);
    *edf = (struct lb_edf){0};
}

void lb_edf_clear(struct lb_edf *edf)
{
    edf->count = 0;
    edf->now = 0;
    edf->inserted = 0;
}

/* Without branches: which of two is earlier is as good as random, and a branch that is guessed wrong
 * costs more than both comparisons. */
static bool earlier(const struct lb_edf_entry *a, const struct lb_edf_entry *b)
{
    return (a->deadline < b->deadline) | ((a->deadline == b->deadline) & (a->order < b->order));
}

static struct lb_edf_entry due(struct lb_edf *edf, uint32_t row, double weight)
{
    return (struct lb_edf_entry){edf->now + 1.0 / weight, edf->inserted++, row};
}

static void push(struct lb_edf *edf, struct lb_edf_entry entry)
{
    uint32_t at = edf->count++;
    for (; at > 0 && earlier(&entry, &edf->heap[(at - 1) / 2]); at = (at - 1) / 2)
        edf->heap[at] = edf->heap[(at - 1) / 2];
    edf->heap[at] = entry;
}

void lb_edf_add(struct lb_edf *edf, uint32_t row, double weight)
{
    push(edf, due(edf, row, weight));
}

void lb_edf_add_picked(struct lb_edf *edf, uint32_t row, double weight, double picks)
{
    push(edf, (struct lb_edf_entry){(picks + 1) / weight, edf->inserted++, row});
    edf->now = picks / weight > edf->now ? picks / weight : edf->now;
}

uint32_t lb_edf_first(struct lb_edf *edf)
{
    edf->now = edf->heap[0].deadline;
    return edf->heap[0].row;
}

void lb_edf_put_back(struct lb_edf *edf, double weight)
{
    struct lb_edf_entry entry = due(edf, edf->heap[0].row, weight);
    uint32_t at = 0;
    for (;;) {
        uint32_t child = 2 * at + 1;
        if (child >= edf->count)
            break;
        if (child + 1 < edf->count)
            child += earlier(&edf->heap[child + 1], &edf->heap[child]);
        if (!earlier(&edf->heap[child], &entry))
            break;
        edf->heap[at] = edf->heap[child];
        at = child;
    }
    edf->heap[at] = entry;
}
