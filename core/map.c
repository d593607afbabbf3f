#include <string.h>

#include "map.h"

/* Eight bytes at a time, multiplied by 2^64 / the golden ratio (Knuth, TAOCP
 * 6.4). Without a seed: two runs probe alike. */
static uint64_t mix(uint64_t hash, uint64_t x) {
  hash = (hash ^ x) * UINT64_C(0x9e3779b97f4a7c15);
  return hash ^ (hash >> 32);
}

static uint64_t hash_of(upk_str key) {
  uint64_t hash = key.len, x;
  size_t at = 0;
  for (; key.len - at >= sizeof x; at += sizeof x) {
    memcpy(&x, key.data + at, sizeof x);
    hash = mix(hash, x);
  }
  x = 0;
  if (key.len > at)
    memcpy(&x, key.data + at, key.len - at);
  return mix(hash, x);
}

void upk_map_init(upk_map *map, upk_arena *arena) {
  *map = (upk_map){.arena = arena};
}

/* Where the key's slot is, or the free one it would get. */
static size_t probe(const upk_map *map, upk_str key, uint64_t hash) {
  size_t mask = map->slot_count - 1;
  size_t at = (size_t)hash & mask;
  for (;; at = (at + 1) & mask) {
    const upk_map_slot *slot = &map->slots[at];
    if (!slot->number ||
        (slot->mark == (uint32_t)(hash >> 32) &&
         upk_str_equal(map->entries.items[slot->number - 1].key, key)))
      return at;
  }
}

static void rehash(upk_map *map) {
  map->slot_count = map->slot_count ? map->slot_count * 2 : 16;
  map->slots = UPK_NEW_ARRAY(map->arena, upk_map_slot, map->slot_count);
  for (size_t i = 0; i < map->entries.len; i++) {
    upk_str key = map->entries.items[i].key;
    uint64_t hash = hash_of(key);
    map->slots[probe(map, key, hash)] =
        (upk_map_slot){(uint32_t)i + 1, (uint32_t)(hash >> 32)};
  }
}

bool upk_map_put(upk_map *map, upk_str key, uint64_t value) {
  if (map->entries.len * 2 >= map->slot_count)
    rehash(map);
  uint64_t hash = hash_of(key);
  upk_map_slot *slot = &map->slots[probe(map, key, hash)];
  if (slot->number) {
    map->entries.items[slot->number - 1].value = value;
    return false;
  }
  *UPK_PUSH(map->arena, &map->entries) = (upk_map_entry){key, value};
  *slot = (upk_map_slot){(uint32_t)map->entries.len, (uint32_t)(hash >> 32)};
  return true;
}

bool upk_map_find(const upk_map *map, upk_str key, uint64_t *ret_value) {
  if (!map->slot_count)
    return false;
  const upk_map_slot *slot = &map->slots[probe(map, key, hash_of(key))];
  if (!slot->number)
    return false;
  *ret_value = map->entries.items[slot->number - 1].value;
  return true;
}
