/*
 * The rules of subset.h.
 */
#include "algorithms/subset.h"

#include <stdlib.h>
#include <string.h>

#include "algorithms/hash.h"

static uint32_t subset_size(uint32_t n, uint32_t size)
{
    size += size == 0;
    return size < n ? size : n;
}

/* By key, then by row: a total order, so that the result does not hang on the sort. */
static int compare(const void *left, const void *right)
{
    const struct lb_subset_member *a = left, *b = right;
    if (a->key != b->key)
        return a->key < b->key ? -1 : 1;
    return (a->row > b->row) - (a->row < b->row);
}

uint32_t lb_subset_sre(struct lb_subset_member *list, uint32_t n, uint32_t size, uint32_t client,
                       uint64_t seed)
{
    size = subset_size(n, size);
    if (size == n)
        return n;
    uint32_t subsets = n / size;
    uint64_t round = client / subsets;
    struct lb_random random;
    lb_random_seed(&random, lb_splitmix64(&round) ^ seed);
    for (uint32_t i = n - 1; i > 0; i--) {
        uint32_t k = lb_random_below(&random, i + 1);
        struct lb_subset_member swapped = list[i];
        list[i] = list[k];
        list[k] = swapped;
    }
    for (uint32_t i = 0; i < n; i++)
        list[i].key = i;
    uint32_t first = client % subsets * size;
    for (uint32_t i = 0; i < size && first != 0; i++) {
        struct lb_subset_member swapped = list[i];
        list[i] = list[first + i];
        list[first + i] = swapped;
    }
    return size;
}

uint32_t lb_subset_ringsteady(struct lb_subset_member *list, uint32_t n, uint32_t size,
                              uint32_t client)
{
    uint32_t own = lb_van_der_corput(client);
    for (uint32_t i = 0; i < n; i++)
        list[i].key = lb_van_der_corput(list[i].row) - own; /* clockwise, round the circle */
    if (n > 0)
        qsort(list, n, sizeof *list, compare);
    return subset_size(n, size);
}

uint32_t lb_subset_random(struct lb_subset_member *list, uint32_t n, uint32_t size,
                          const struct lb_backend *at, uint64_t seed)
{
    for (uint32_t i = 0; i < n; i++) {
        const struct lb_backend *b = &at[list[i].row];
        const char *text = b->address != NULL ? b->address : b->name;
        list[i].key = lb_xxh64(text, text != NULL ? strlen(text) : 0, seed);
    }
    if (n > 0)
        qsort(list, n, sizeof *list, compare);
    return subset_size(n, size);
}
