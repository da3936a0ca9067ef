/*
 * See maglev_table.h.
 */
#include "algorithms/maglev_table.h"

bool lb_is_prime(uint32_t n)
{
    if (n < 4)
        return n >= 2;
    if (n % 2 == 0)
        return false;
    for (uint32_t d = 3; (uint64_t)d * d <= n; d += 2)
        if (n % d == 0)
            return false;
    return true;
}

uint32_t lb_prime_from(uint32_t n)
{
    while (!lb_is_prime(n))
        n++;
    return n;
}

/* Takes the backend's next free slot; there is one. */
static void take(uint32_t *slot, uint32_t size, struct lb_maglev_turn *turn)
{
    uint32_t at = turn->next;
    while (slot[at] != LB_MAGLEV_FREE) {
        at += turn->skip;
        at -= at >= size ? size : 0;
    }
    slot[at] = turn->row;
    turn->next = at;
}

void lb_maglev_fill(uint32_t *slot, uint32_t size, struct lb_maglev_turn *turn, uint32_t count)
{
    double largest = 0;
    for (uint32_t i = 0; i < size; i++)
        slot[i] = LB_MAGLEV_FREE;
    for (uint32_t k = 0; k < count; k++) {
        turn[k].next = turn[k].offset;
        turn[k].target = 0;
        largest = turn[k].share > largest ? turn[k].share : largest;
    }
    uint32_t left = size;
    for (double round = 1; left > 0; round++)
        for (uint32_t k = 0; k < count && left > 0; k++) {
            if (round * turn[k].share < turn[k].target)
                continue;
            turn[k].target += largest;
            for (uint32_t b = 0; b < turn[k].burst && left > 0; b++, left--)
                take(slot, size, &turn[k]);
        }
}
