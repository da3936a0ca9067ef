/*
 * The radix ladder: the event queue inside the engine. Private to sim/engine and its tests.
 *
 * The idea: u64 time is cut into eight 8-bit digits. `cur` is the last instant already opened.
 *   - An event before cur goes into the bottom, a small array sorted from late to soon.
 *   - Any other goes to the level of the highest digit in which its time differs from cur, into the
 *     slot of that digit: a first-in-first-out list. An event at cur itself goes to level 0.
 *   - When the bottom is empty, the first slot of the lowest level in use is opened: a single event,
 *     or up to 16 in a slot of at most 17 ms (level 3), are sorted whole into the bottom, others are
 *     spread over the levels below.
 * Equal times stay in order without any sequence number: they are always in one and the same list,
 * in the order in which they came, and the bottom is popped before the list of cur.
 *
 * Two traps. (1) Opening a wide sparse slot whole makes every later push land in the bottom, O(n)
 * each. So when the bottom exceeds 48 it keeps its first 16, lowers cur to the last of them and
 * gives the rest back. (2) Many events at one instant would be O(n) each in the bottom; here they
 * end in the list of that instant, which is first-in-first-out: the zero-delay ring, at no cost.
 *
 * Cost: O(1) push, cancel and, averaged, pop; an event moves down at most eight levels.
 * Source: R. Ahuja, K. Mehlhorn, J. Orlin, R. Tarjan, "Faster algorithms for the shortest path
 * problem", JACM 37 (1990) (radix heap); W. Tang, R. Goh, I. Thng, "Ladder queue", ACM TOMACS 15
 * (2005) (sorted bottom, give-back).
 */
#ifndef ENGINE_LADDER_H
#define ENGINE_LADDER_H

#include <stdbool.h>
#include <stddef.h>

#include "algorithms/types.h"

#define LADDER_OPEN   16 /* sorted whole up to this many */
#define LADDER_LIMIT  48 /* the bottom gives back beyond this many */
#define LADDER_BOTTOM (LADDER_LIMIT + 1)
#define LADDER_LEVELS 8
#define LADDER_SLOTS  256

/* A pending event, or a free record (kind LADDER_FREE, next = the next free one). */
struct ladder_event {
    lb_time when;
    uint32_t next, prev; /* in its list; 0 = none; meaningless in the bottom */
    uint32_t subject;
    uint32_t kind;
};
#define LADDER_FREE UINT32_MAX

struct ladder_entry {
    lb_time when;
    uint32_t event;
};

struct ladder_list {
    uint32_t head, tail; /* 0 = empty */
};

struct ladder {
    uint64_t cur;
    uint32_t size;  /* of the bottom */
    uint32_t used;  /* bit w: map[w] is not 0; so two bit scans find the first slot in use */
    uint64_t moved; /* work done: records placed and bottom entries shifted, for the tests */
    void (*soon)(void *context, uint32_t event); /* told of events spread over level 1; or NULL */
    void *context;
    struct ladder_entry bottom[LADDER_BOTTOM];
    uint64_t map[LADDER_LEVELS * LADDER_SLOTS / 64]; /* bit: the slot has events */
    struct ladder_list slot[LADDER_LEVELS * LADDER_SLOTS];
};

_Static_assert(LADDER_LEVELS == 8 && LADDER_SLOTS == 256, "32 words of a map, and a bit for each");

/* All functions take the pool that the indices refer to. An event's `when` is set by its owner.
 * pool[0] is never an event: what would be written to the neighbour of an event that has none goes
 * there, which is cheaper than a branch that nobody can foretell. */
void ladder_init(struct ladder *ladder);
/* The bottom is empty: opens the first slot, which holds more than one event. */
bool ladder_open_many(struct ladder *ladder, struct ladder_event *pool);
/* Puts an event before cur in its place in the bottom. */
void ladder_push_bottom(struct ladder *ladder, struct ladder_event *pool, uint32_t event);
/* Takes a pending event out. */
void ladder_remove(struct ladder *ladder, struct ladder_event *pool, uint32_t event);

/* The slot of an instant at or after cur. */
static inline uint32_t ladder_slot(uint64_t cur, uint64_t when)
{
    uint32_t level = (63U - (uint32_t)__builtin_clzll((when ^ cur) | 1U)) >> 3;
    return level << 8 | ((uint32_t)(when >> (level << 3)) & 255U);
}

/* Appends an event at or after cur to its list. Without a branch on whether the list is empty. */
static inline void ladder_append(struct ladder *ladder, struct ladder_event *pool, uint32_t event)
{
    uint32_t slot = ladder_slot(ladder->cur, (uint64_t)pool[event].when);
    struct ladder_list *list = &ladder->slot[slot];
    uint32_t tail = list->tail;
    uint32_t head = list->head;
    pool[event].next = 0;
    pool[event].prev = tail;
    pool[tail].next = event;
    list->tail = event;
    list->head = head != 0 ? head : event;
    ladder->map[slot >> 6] |= UINT64_C(1) << (slot & 63);
    ladder->used |= 1U << (slot >> 6);
}

static inline void ladder_push(struct ladder *ladder, struct ladder_event *pool, uint32_t event)
{
    if (__builtin_expect((uint64_t)pool[event].when >= ladder->cur, 1))
        ladder_append(ladder, pool, event);
    else
        ladder_push_bottom(ladder, pool, event);
}

/* The first slot in use. */
static inline uint32_t ladder_first_slot(const struct ladder *ladder)
{
    uint32_t word = (uint32_t)__builtin_ctz(ladder->used);
    return word * 64 + (uint32_t)__builtin_ctzll(ladder->map[word]);
}

/* The first instant of a slot, if it is the first in use. */
static inline uint64_t ladder_base(const struct ladder *ladder, uint32_t slot)
{
    uint32_t shift = (slot >> 8) * 8;
    return (((ladder->cur >> shift) & ~UINT64_C(255)) | (slot & 255U)) << shift;
}

static inline void ladder_empty(struct ladder *ladder, uint32_t slot)
{
    uint32_t word = slot >> 6;
    uint64_t left = ladder->map[word] & ~(UINT64_C(1) << (slot & 63));
    ladder->slot[slot] = (struct ladder_list){0, 0};
    ladder->map[word] = left;
    ladder->used &= ~((left == 0 ? 1U : 0U) << word);
}

/* The bottom is empty: opens the next slot. False when there is no event at all. A slot that holds
 * one event, as most do in a sparse ladder, needs no sorting. */
static inline bool ladder_open(struct ladder *ladder, struct ladder_event *pool)
{
    if (ladder->used == 0)
        return false;
    uint32_t slot = ladder_first_slot(ladder);
    uint32_t event = ladder->slot[slot].head;
    if (event != ladder->slot[slot].tail)
        return ladder_open_many(ladder, pool);
    ladder->bottom[0] = (struct ladder_entry){pool[event].when, event};
    ladder->size = 1;
    ladder->moved++;
    ladder->cur = ladder_base(ladder, slot) | ((UINT64_C(1) << (slot >> 8) * 8) - 1);
    ladder_empty(ladder, slot);
    return true;
}

/* The soonest event, or NULL. It stays until ladder_pop. */
static inline const struct ladder_entry *ladder_first(struct ladder *ladder,
                                                      struct ladder_event *pool)
{
    if (ladder->size == 0 && !ladder_open(ladder, pool))
        return NULL;
    return &ladder->bottom[ladder->size - 1];
}

/* The first events of the next two slots in use, 0 = unknown: where events are one to a slot, those
 * that come after the bottom. */
static inline void ladder_peek(const struct ladder *ladder, uint32_t event[2])
{
    event[0] = event[1] = 0;
    if (ladder->used == 0)
        return;
    uint32_t word = (uint32_t)__builtin_ctz(ladder->used);
    uint64_t slots = ladder->map[word];
    event[0] = ladder->slot[word * 64 + (uint32_t)__builtin_ctzll(slots)].head;
    slots &= slots - 1;
    if (slots != 0)
        event[1] = ladder->slot[word * 64 + (uint32_t)__builtin_ctzll(slots)].head;
}

static inline void ladder_pop(struct ladder *ladder)
{
    ladder->size--;
}

#endif
