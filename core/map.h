/* A hash map from byte strings to 64-bit values, in an arena. Iteration is in
 * insertion order, so nothing depends on hash order. */
#ifndef UPKEEP_MAP_H
#define UPKEEP_MAP_H

#include <upkeep/base.h>

typedef struct upk_map_entry {
  upk_str key; /* borrowed: the caller keeps the bytes alive */
  uint64_t value;
} upk_map_entry;

typedef struct upk_map_slot {
  uint32_t number; /* of the entry, from 1; 0: free */
  uint32_t mark;   /* bits of its hash: other keys are mostly told apart */
} upk_map_slot;

typedef struct upk_map {
  upk_arena *arena; /* set before use */
  UPK_VEC(upk_map_entry) entries;
  upk_map_slot *slots;
  size_t slot_count;
} upk_map;

void upk_map_init(upk_map *map, upk_arena *arena);
/* Adds, or overwrites; returns false when the key was there already. */
bool upk_map_put(upk_map *map, upk_str key, uint64_t value);
/* Returns false when absent, and leaves *ret_value. */
bool upk_map_find(const upk_map *map, upk_str key, uint64_t *ret_value);

#endif
