/* See map.h. */
#include "sim/base/map.h"

#include <stdlib.h>

#include "sim/base/check.h"
#include "sim/base/text.h"

#define FIRST_ROOM 64U

/* The finalizer of SplitMix64: every bit of the key counts. */
static uint32_t home(const struct map *m, uint64_t key)
{
    key = (key ^ (key >> 30)) * UINT64_C(0xbf58476d1ce4e5b9);
    key = (key ^ (key >> 27)) * UINT64_C(0x94d049bb133111eb);
    return (uint32_t)(key ^ (key >> 31)) & m->mask;
}

void map_done(struct map *m)
{
    free(m->slots);
    *m = (struct map){0};
}

/* The place of the key, or the free one where it belongs. */
static uint32_t place_of(const struct map *m, uint64_t key)
{
    uint32_t i = home(m, key);
    while (m->slots[i].value != 0 && m->slots[i].key != key)
        i = (i + 1) & m->mask;
    return i;
}

uint32_t map_find(const struct map *m, uint64_t key)
{
    return m->count == 0 ? 0 : m->slots[place_of(m, key)].value;
}

void map_fetch(const struct map *m, uint64_t key)
{
    if (m->count != 0)
        __builtin_prefetch(&m->slots[home(m, key)]);
}

static void grow(struct map *m)
{
    struct map old = *m;
    uint32_t room = old.slots == NULL ? FIRST_ROOM : 2 * (old.mask + 1);
    lb_assert(room <= UINT32_C(1) << 31);
    *m = (struct map){
        .slots = text_need_zero(room, sizeof *m->slots), .mask = room - 1, .count = old.count};
    for (uint32_t i = 0; old.slots != NULL && i <= old.mask; i++)
        if (old.slots[i].value != 0)
            m->slots[place_of(m, old.slots[i].key)] = old.slots[i];
    map_done(&old);
}

void map_set(struct map *m, uint64_t key, uint32_t value)
{
    lb_assert(value != 0);
    if (m->slots == NULL || 2 * (m->count + 1) > m->mask)
        grow(m);
    struct map_slot *slot = &m->slots[place_of(m, key)];
    m->count += slot->value == 0;
    *slot = (struct map_slot){key, value};
}

uint32_t map_take(struct map *m, uint64_t key)
{
    if (m->count == 0)
        return 0;
    uint32_t gap = place_of(m, key), value = m->slots[gap].value;
    if (value == 0)
        return 0;
    m->count--;
    for (uint32_t i = gap;;) {
        i = (i + 1) & m->mask;
        if (m->slots[i].value == 0)
            break;
        /* Whoever would not be found past the gap moves into it. */
        if (((i - home(m, m->slots[i].key)) & m->mask) < ((i - gap) & m->mask))
            continue;
        m->slots[gap] = m->slots[i];
        gap = i;
    }
    m->slots[gap].value = 0;
    return value;
}
