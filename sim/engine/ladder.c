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

/* Four 32-bit numbers: what the vectors of every 64-bit processor hold. */
typedef int32_t ladder_four __attribute__((vector_size(16)));
_Static_assert(LADDER_OPEN == 16, "four times four");

/*
 * Sorts a whole list into the bottom if it is short; false if it is not. By counting: an event's
 * place is how many are later. The comparisons are of one key with all, by vectors and without a
 * branch; those of an insertion sort nobody can predict. A key is the time within the slot and, so
 * that no two are equal, the order of reading: of equal times the one read later, from the tail,
 * came earlier, and is popped earlier. Time and order fit into 31 bits up to level 3.
 */
#define LADDER_WHOLE_LEVEL 3U

static bool ladder_open_whole(struct ladder *ladder, const struct ladder_event *pool, uint32_t slot)
{
    uint32_t read[LADDER_OPEN];
    union {
        int32_t at[LADDER_OPEN];
        ladder_four four[4];
    } key = {{0}}, place = {{0}};
    uint32_t mask = (1U << ((slot >> 8) * 8)) - 1;
    uint32_t n = 0;
    for (uint32_t event = ladder->slot[slot].tail; event != 0; event = pool[event].prev) {
        if (n == LADDER_OPEN)
            return false;
        read[n] = event;
        key.at[n] = (int32_t)(((uint32_t)pool[event].when & mask) * LADDER_OPEN + LADDER_OPEN - n);
        n++;
    }
    for (uint32_t i = 0; i < n; i++) {
        int32_t k = key.at[i];
        ladder_four one = {k, k, k, k};
        place.four[0] -= key.four[0] < one; /* where it is so, the comparison gives -1 */
        place.four[1] -= key.four[1] < one; /* written out: gcc leaves a loop a loop */
        place.four[2] -= key.four[2] < one;
        place.four[3] -= key.four[3] < one;
    }
    for (uint32_t i = 0; i < n; i++) {
        struct ladder_entry *entry = &ladder->bottom[place.at[i]];
        entry->when = pool[read[i]].when;
        entry->event = read[i];
    }
    ladder->size = n;
    ladder->moved += n;
    ladder_empty(ladder, slot);
    return true;
}

/* The same for two events, the commonest number after one: one comparison sorts them. */
static inline bool ladder_open_two(struct ladder *ladder, const struct ladder_event *pool)
{
    uint32_t slot = ladder_first_slot(ladder);
    uint32_t first = ladder->slot[slot].head, second = ladder->slot[slot].tail;
    if (pool[first].next != second || slot >> 8 > LADDER_WHOLE_LEVEL)
        return false;
    uint32_t late = pool[second].when < pool[first].when; /* no branch: a coin toss */
    ladder->bottom[1 - late] = (struct ladder_entry){pool[first].when, first};
    ladder->bottom[late] = (struct ladder_entry){pool[second].when, second};
    ladder->size = 2;
    ladder->moved += 2;
    ladder->cur = ladder_base(ladder, slot) | ((UINT64_C(1) << (slot >> 8) * 8) - 1);
    ladder_empty(ladder, slot);
    return true;
}

static __attribute__((noinline)) bool ladder_spread(struct ladder *ladder,
                                                    struct ladder_event *pool)
{
    while (ladder->used != 0) {
        uint32_t slot = ladder_first_slot(ladder);
        uint32_t level = slot >> 8;
        uint64_t base = ladder_base(ladder, slot);
        uint32_t event = ladder->slot[slot].head;
        if (level == 0) {
            ladder->cur = base;
            ladder_open_instant(ladder, pool, slot);
            return true;
        }
        if (level <= LADDER_WHOLE_LEVEL && ladder_open_whole(ladder, pool, slot)) {
            ladder->cur = base | ((UINT64_C(1) << level * 8) - 1);
            return true;
        }
        ladder->cur = base;
        ladder_empty(ladder, slot);
        while (event != 0) {
            uint32_t next = pool[event].next;
            ladder_append(ladder, pool, event);
            ladder->moved++;
            if (level == 2 && ladder->soon != NULL)
                ladder->soon(ladder->context, event);
            event = next;
        }
    }
    return false;
}

bool ladder_open_many(struct ladder *ladder, struct ladder_event *pool)
{
    return ladder_open_two(ladder, pool) || ladder_spread(ladder, pool);
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
static void ladder_give_back(struct ladder *ladder, struct ladder_event *pool)
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

void ladder_push_bottom(struct ladder *ladder, struct ladder_event *pool, uint32_t event)
{
    lb_time when = pool[event].when;
    struct ladder_entry *bottom = ladder->bottom;
    uint32_t at = ladder->size++;
    while (at > 0 && bottom[at - 1].when <= when) {
        bottom[at] = bottom[at - 1];
        at--;
    }
    bottom[at].when = when;
    bottom[at].event = event;
    ladder->moved += ladder->size - at;
    if (__builtin_expect(ladder->size > LADDER_LIMIT, 0))
        ladder_give_back(ladder, pool);
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
    pool[next].prev = prev;
    pool[prev].next = next;
    list->tail = next != 0 ? list->tail : prev;
    list->head = prev != 0 ? list->head : next;
    if ((next | prev) == 0)
        ladder_empty(ladder, slot);
}
