/*
 * Strings kept once each and known by their number, 1, 2, ... in order of appearance.
 *
 * An open hash table of numbers, XXH64, at most half full; the bytes one behind another, each string
 * with a NUL. Cost: about 50 ns a string.
 */
#ifndef SCENARIO_INTERN_H
#define SCENARIO_INTERN_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "algorithms/types.h"

#define INTERN_BYTES_MAX (UINT32_C(1) << 28)

struct intern {
    char *bytes;
    uint32_t *offset; /* by number */
    uint32_t *slots;  /* numbers; 0 = free */
    uint32_t size, room, count, offset_room, slot_count;
};

/* The number of a string without NUL; 0 when there is no more room (INTERN_BYTES_MAX). */
uint32_t intern_add(struct intern *intern, const char *text, size_t size);
/* Its text, NUL-terminated, as long as nothing is added. */
const char *intern_text(const struct intern *intern, uint32_t number);
void intern_done(struct intern *intern);

#endif
