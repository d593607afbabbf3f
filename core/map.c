#include "map.h"

/* FNV-1a, 64 bits: no seed, so that two runs probe alike. */
static uint64_t hash_of(upk_str key) {
  uint64_t hash = 14695981039346656037u;
  for (size_t i = 0; i < key.len; i++)
    hash = (hash ^ (unsigned char)key.data[i]) * 1099511628211u;
  return hash ^ (hash >> 29);
}

void upk_map_init(upk_map *map, upk_arena *arena) {
  *map = (upk_map){.arena = arena};
}

static size_t probe(const upk_map *map, upk_str key) {
  size_t mask = map->slot_count - 1;
  size_t at = (size_t)hash_of(key) & mask;
  while (map->slots[at] &&
         !upk_str_equal(map->entries.items[map->slots[at] - 1].key, key))
    at = (at + 1) & mask;
  return at;
}

static void rehash(upk_map *map) {
  map->slot_count = map->slot_count ? map->slot_count * 2 : 16;
  map->slots = UPK_NEW_ARRAY(map->arena, uint32_t, map->slot_count);
  for (size_t i = 0; i < map->entries.len; i++)
    map->slots[probe(map, map->entries.items[i].key)] = (uint32_t)i + 1;
}

bool upk_map_put(upk_map *map, upk_str key, uint64_t value) {
  if (map->entries.len * 2 >= map->slot_count)
    rehash(map);
  size_t at = probe(map, key);
  if (map->slots[at]) {
    map->entries.items[map->slots[at] - 1].value = value;
    return false;
  }
  *UPK_PUSH(map->arena, &map->entries) = (upk_map_entry){key, value};
  map->slots[at] = (uint32_t)map->entries.len;
  return true;
}

bool upk_map_find(const upk_map *map, upk_str key, uint64_t *ret_value) {
  if (!map->slot_count)
    return false;
  size_t at = probe(map, key);
  if (!map->slots[at])
    return false;
  *ret_value = map->entries.items[map->slots[at] - 1].value;
  return true;
}
