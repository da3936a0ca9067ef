/* See intern.h. */
#include "sim/scenario/intern.h"

#include <stdlib.h>
#include <string.h>
#include <xxhash.h>

#include "sim/base/text.h"

const char *intern_text(const struct intern *intern, uint32_t number)
{
    return intern->bytes + intern->offset[number];
}

/* The slot of this string, or the free one where it belongs. */
static uint32_t slot_of(const struct intern *intern, const char *text, size_t size)
{
    uint32_t mask = intern->slot_count - 1, i = (uint32_t)XXH64(text, size, 0) & mask;
    for (; intern->slots[i] != 0; i = (i + 1) & mask) {
        const char *other = intern_text(intern, intern->slots[i]);
        if (strncmp(other, text, size) == 0 && other[size] == '\0')
            break;
    }
    return i;
}

static void grow_slots(struct intern *intern)
{
    free(intern->slots);
    intern->slot_count = intern->slot_count == 0 ? 64 : 2 * intern->slot_count;
    intern->slots = text_need_zero(intern->slot_count, sizeof *intern->slots);
    for (uint32_t n = 1; n <= intern->count; n++) {
        const char *text = intern_text(intern, n);
        intern->slots[slot_of(intern, text, strlen(text))] = n;
    }
}

uint32_t intern_add(struct intern *intern, const char *text, size_t size)
{
    if (size >= INTERN_BYTES_MAX - intern->size)
        return 0;
    if (2 * (intern->count + 1) > intern->slot_count)
        grow_slots(intern);
    uint32_t slot = slot_of(intern, text, size);
    if (intern->slots[slot] != 0)
        return intern->slots[slot];
    while (intern->size + size + 1 > intern->room) {
        intern->room = intern->room == 0 ? 1024 : 2 * intern->room;
        intern->bytes = text_need_more(intern->bytes, intern->room);
    }
    if (intern->count + 2 > intern->offset_room) {
        intern->offset_room = intern->offset_room == 0 ? 64 : 2 * intern->offset_room;
        intern->offset =
            text_need_more(intern->offset, intern->offset_room * sizeof *intern->offset);
    }
    memcpy(intern->bytes + intern->size, text, size);
    intern->bytes[intern->size + size] = '\0';
    intern->offset[++intern->count] = intern->size;
    intern->size += (uint32_t)size + 1;
    intern->slots[slot] = intern->count;
    return intern->count;
}

void intern_done(struct intern *intern)
{
    free(intern->bytes);
    free(intern->offset);
    free(intern->slots);
    *intern = (struct intern){.bytes = NULL};
}
