/*
 * The rare half of the radix ladder: opening slots, giving back, taking out. ladder.h has the idea.
 *
 * Invariant: every listed event is at or after cur and in the slot that ladder_slot(cur, when)
 * says; every event in the bottom is at or before cur, and of those at cur the ones in the bottom
 * came first.
 */
#include "sim/engine/ladder.h"

#include <string.h>

#include "sim/base/check.h"

void ladder_init(struct ladder *ladder)
{
    memset(ladder, 0, sizeof *ladder);
}

/* The first slot in use of the lowest level in use, or -1. Forgets levels found empty. */
static int32_t ladder_lowest(struct ladder *ladder)
{
    while (ladder->levels != 0) {
        uint32_t level = (uint32_t)__builtin_ctz(ladder->levels);
        for (uint32_t word = level * 4; word < level * 4 + 4; word++)
            if (ladder->map[word] != 0)
                return (int32_t)(word * 64 + (uint32_t)__builtin_ctzll(ladder->map[word]));
        ladder->levels &= ladder->levels - 1;
    }
    return -1;
}

static void ladder_empty(struct ladder *ladder, uint32_t slot)
{
    ladder->slot[slot] = (struct ladder_list){0, 0};
    ladder->map[slot >> 6] &= ~(UINT64_C(1) << (slot & 63));
}

/* Moves the first events of the list of one instant to the bottom; the rest keeps its place. */
static void ladder_open_instant(struct ladder *ladder, struct ladder_event *pool, uint32_t slot)
{
    struct ladder_list *list = &ladder->slot[slot];
    uint32_t taken[LADDER_OPEN];
    uint32_t n = 0;
    uint32_t event = list->head;
    for (; event != 0 && n < LADDER_OPEN; event = pool[event].next)
        taken[n++] = event;
    for (uint32_t i = 0; i < n; i++) {
        ladder->bottom[n - 1 - i].when = pool[taken[i]].when;
        ladder->bottom[n - 1 - i].event = taken[i];
    }
    ladder->size = n;
    ladder->moved += n;
    if (event == 0) {
        ladder_empty(ladder, slot);
    } else {
        list->head = event;
        pool[event].prev = 0;
    }
}

/*
 * Sorts a whole list into the bottom if it is short; false if it is not. By counting: an event's
 * place is how many are later. That is n(n-1)/2 comparisons without a branch, and the branches of an
 * insertion sort, which nobody can predict, cost more than that. Of equal times the one read
 * later, from the tail, came earlier, and is popped earlier.
 */
static bool ladder_open_whole(struct ladder *ladder, const struct ladder_event *pool, uint32_t slot)
{
    struct ladder_entry read[LADDER_OPEN];
    uint32_t place[LADDER_OPEN];
    uint32_t n = 0;
    for (uint32_t event = ladder->slot[slot].tail; event != 0; event = pool[event].prev) {
        if (n == LADDER_OPEN)
            return false;
        lb_time when = pool[event].when;
        uint32_t later = 0;
        for (uint32_t i = 0; i < n; i++) {
            uint32_t is_later = read[i].when >= when ? 1U : 0U;
            later += is_later;
            place[i] += 1U - is_later;
        }
        read[n].when = when;
        read[n].event = event;
        place[n++] = later;
    }
    for (uint32_t i = 0; i < n; i++)
        ladder->bottom[place[i]] = read[i];
    ladder->size = n;
    ladder->moved += n;
    ladder_empty(ladder, slot);
    return true;
}

bool ladder_open(struct ladder *ladder, struct ladder_event *pool)
{
    for (;;) {
        int32_t lowest = ladder_lowest(ladder);
        if (lowest < 0)
            return false;
        uint32_t slot = (uint32_t)lowest;
        uint32_t shift = (slot >> 8) * 8;
        uint64_t base = ((ladder->cur >> shift) & ~UINT64_C(255)) | (slot & 255U);
        base <<= shift;
        if (shift == 0) {
            ladder->cur = base;
            ladder_open_instant(ladder, pool, slot);
            return true;
        }
        if (ladder_open_whole(ladder, pool, slot)) {
            ladder->cur = base | ((UINT64_C(1) << shift) - 1);
            return true;
        }
        ladder->cur = base;
        uint32_t event = ladder->slot[slot].head;
        ladder_empty(ladder, slot);
        while (event != 0) {
            uint32_t next = pool[event].next;
            ladder_append(ladder, pool, event);
            ladder->moved++;
            event = next;
        }
    }
}

/* Takes every list of the levels below `below` out, as one chain through next; returns its head. */
static uint32_t ladder_detach(struct ladder *ladder, struct ladder_event *pool, uint32_t below)
{
    uint32_t head = 0;
    uint32_t tail = 0;
    for (uint32_t word = 0; word < below * 4; word++)
        while (ladder->map[word] != 0) {
            uint32_t slot = word * 64 + (uint32_t)__builtin_ctzll(ladder->map[word]);
            struct ladder_list list = ladder->slot[slot];
            ladder_empty(ladder, slot);
            if (tail == 0)
                head = list.head;
            else
                pool[tail].next = list.head;
            tail = list.tail;
        }
    return head;
}

/*
 * Keeps the first 16. Lowering cur from `old` to `cur` changes the place of the listed events below
 * the highest digit in which these differ. As a rule there are none; there are some when a slot was
 * opened to look ahead and events before it came since. They go up again, at most eight times
 * before time moves on. At one instant, events from the bottom came before those listed, so they
 * are appended first: that is why level 0 is always detached.
 */
void ladder_give_back(struct ladder *ladder, struct ladder_event *pool)
{
    struct ladder_entry *bottom = ladder->bottom;
    uint32_t keep = ladder->size - LADDER_OPEN; /* entries from here on are kept */
    uint64_t old = ladder->cur;
    uint64_t cur = (uint64_t)bottom[keep].when;
    uint32_t level = ladder_slot(cur, old) >> 8;
    uint32_t chain = ladder_detach(ladder, pool, level > 0 ? level : 1);
    ladder->cur = cur;
    ladder->moved += ladder->size;
    for (uint32_t i = keep; i > 0; i--)
        ladder_append(ladder, pool, bottom[i - 1].event);
    while (chain != 0) {
        uint32_t next = pool[chain].next;
        ladder_append(ladder, pool, chain);
        ladder->moved++;
        chain = next;
    }
    memmove(bottom, bottom + keep, LADDER_OPEN * sizeof bottom[0]);
    ladder->size = LADDER_OPEN;
}

/* Takes an event out of the bottom; false if it is not there. */
static bool ladder_remove_bottom(struct ladder *ladder, lb_time when, uint32_t event)
{
    struct ladder_entry *bottom = ladder->bottom;
    uint32_t low = 0; /* the first entry not after `when` is in [low, high] */
    uint32_t high = ladder->size;
    while (low < high) {
        uint32_t middle = (low + high) / 2;
        if (bottom[middle].when > when)
            low = middle + 1;
        else
            high = middle;
    }
    while (low < ladder->size && bottom[low].event != event)
        low++;
    if (low == ladder->size)
        return false;
    ladder->size--;
    ladder->moved += ladder->size - low;
    for (; low < ladder->size; low++)
        bottom[low] = bottom[low + 1];
    return true;
}

void ladder_remove(struct ladder *ladder, struct ladder_event *pool, uint32_t event)
{
    lb_time when = pool[event].when;
    if ((uint64_t)when <= ladder->cur && ladder_remove_bottom(ladder, when, event))
        return;
    uint32_t slot = ladder_slot(ladder->cur, (uint64_t)when);
    struct ladder_list *list = &ladder->slot[slot];
    uint32_t next = pool[event].next;
    uint32_t prev = pool[event].prev;
    if (next != 0)
        pool[next].prev = prev;
    else
        list->tail = prev;
    if (prev != 0)
        pool[prev].next = next;
    else
        list->head = next;
    if ((next | prev) == 0)
        ladder_empty(ladder, slot);
}
