/*
 * A map from 64-bit keys to 32-bit numbers other than 0.
 *
 * Open addressing with linear probing in a table that is at most half full; what is taken out closes
 * its gap, so there are no tombstones. Cost: O(1), one line of the cache; 16 bytes a place, 32 to 64 an
 * entry. The order of a walk depends on the keys and the history of the table alone.
 */
#ifndef BASE_MAP_H
#define BASE_MAP_H

#include <stdint.h>

struct map_slot {
    uint64_t key;
    uint32_t value; /* 0 = a free place */
};

struct map { /* all zero = empty */
    struct map_slot *slots;
    uint32_t mask, count;
};

void map_done(struct map *m);
/* The number of this key, 0 when it has none. */
uint32_t map_find(const struct map *m, uint64_t key);
/* The key will be asked for soon: its place is fetched into the cache meanwhile. */
void map_fetch(const struct map *m, uint64_t key);
/* Gives the key this number, not 0, in place of any other. At most 2^30 keys. */
void map_set(struct map *m, uint64_t key, uint32_t value);
/* Takes the key out; 0 when it was not there, else its number. */
uint32_t map_take(struct map *m, uint64_t key);

#endif
