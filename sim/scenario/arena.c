/*
 * See arena.h. A piece larger than a quarter of a block gets a block of its own, which goes behind
 * the open one so that the room left there is still used.
 */
#include "sim/scenario/arena.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "sim/base/check.h"
#include "sim/base/text.h"

#define BLOCK_SIZE ((size_t)64 * 1024)
#define ALIGNMENT  _Alignof(max_align_t)

struct arena_block {
    struct arena_block *next;
    size_t used, size;
    max_align_t memory[];
};

void arena_init(struct arena *arena)
{
    arena->blocks = NULL;
}

void arena_done(struct arena *arena)
{
    while (arena->blocks != NULL) {
        struct arena_block *block = arena->blocks;
        arena->blocks = block->next;
        free(block);
    }
}

static struct arena_block *block_create(size_t size)
{
    struct arena_block *block = text_need_zero(1, sizeof *block + size);
    block->size = size;
    return block;
}

void *arena_need(struct arena *arena, size_t count, size_t size)
{
    lb_assert(size == 0 || count <= SIZE_MAX / 2 / size);
    size_t want = (count * size + ALIGNMENT - 1) / ALIGNMENT * ALIGNMENT;
    struct arena_block *open = arena->blocks;
    if (open != NULL && open->size - open->used >= want) {
        char *piece = (char *)open->memory + open->used;
        open->used += want;
        return piece;
    }
    struct arena_block *block = block_create(want > BLOCK_SIZE / 4 ? want : BLOCK_SIZE);
    block->used = want;
    if (want > BLOCK_SIZE / 4 && open != NULL) {
        block->next = open->next;
        open->next = block;
    } else {
        block->next = open;
        arena->blocks = block;
    }
    return block->memory;
}

char *arena_copy(struct arena *arena, const char *bytes, size_t size)
{
    char *copy = arena_need(arena, size + 1, 1);
    if (size > 0)
        memcpy(copy, bytes, size);
    return copy;
}
