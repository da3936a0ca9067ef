/*
 * Memory that is given back all at once.
 *
 * The idea: what a file turns into (tree, names, arrays) is built piece by piece and dies together,
 * so pieces are cut from blocks and never freed one by one. Everything comes zeroed. Cost: a few
 * instructions a piece, at most one block wasted.
 */
#ifndef SCENARIO_ARENA_H
#define SCENARIO_ARENA_H

#include <stddef.h>

struct arena_block;

struct arena {
    struct arena_block *blocks; /* newest first */
};

void arena_init(struct arena *arena);
void arena_done(struct arena *arena);
/* Zeroed memory for any type; never NULL (lack of memory ends the program). size 0 is fine. */
void *arena_need(struct arena *arena, size_t count, size_t size);
/* A NUL-terminated copy of bytes[0 .. size). */
char *arena_copy(struct arena *arena, const char *bytes, size_t size);

#endif
