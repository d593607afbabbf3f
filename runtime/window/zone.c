#include "window/zone.h"

#include <stdio.h>
#include <string.h>

#include "window/civil.h"

enum {
  FILE_BYTES_MAX = 1 << 20,
  HEAD_BYTES = 44,
  NAME_BYTES_MAX = 64,
  /* Clocks are never further than this from UTC. */
  REACH_S = 26 * HOUR_S,
};

typedef struct zone_type {
  int32_t offset_s;
  upk_str name;
} zone_type;

struct zone {
  const int64_t *times; /* of transitions, ascending */
  const uint8_t *types; /* from then on */
  size_t count;
  const zone_type *kinds;
  size_t kind_count;
  zone_rule rule; /* behind the last transition */
};

const zone *zone_utc(void) {
  static const zone_type utc = {0, {"UTC", 3}};
  static const zone plain = {.kinds = &utc, .kind_count = 1};
  return &plain;
}

/* ---- the file ---- */

static bool name_fits(upk_str name) {
  static const char *const none[] = {"localtime", "posixrules", "Factory"};
  if (!name.len || name.len > NAME_BYTES_MAX || upk_str_starts(name, "/") ||
      upk_str_starts(name, "right/"))
    return false;
  for (size_t i = 0; i < name.len; i++) {
    char c = name.data[i];
    bool letter = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
    if (!letter && !(c >= '0' && c <= '9') && c != '/' && c != '_' &&
        c != '+' && c != '-')
      return false;
  }
  for (size_t i = 0; i < sizeof none / sizeof *none; i++)
    if (upk_str_is(name, none[i]))
      return false;
  return true;
}

static bool read_all(upk_arena *arena, const char *path, upk_str *ret_bytes) {
  FILE *file = fopen(path, "rbe");
  if (!file)
    return false;
  upk_buf bytes = {0};
  char piece[4096];
  size_t len;
  while (bytes.len < FILE_BYTES_MAX &&
         (len = fread(piece, 1, sizeof piece, file)) > 0)
    upk_buf_add(&bytes, piece, len);
  bool good = !ferror(file) && bytes.len < FILE_BYTES_MAX;
  fclose(file);
  if (good)
    *ret_bytes =
        upk_arena_copy(arena, bytes.len ? upk_buf_view(&bytes) : UPK_STR(""));
  upk_buf_free(&bytes);
  return good;
}

static int64_t big_endian(const char *at, size_t size) {
  uint64_t value = at[0] & 0x80 ? UINT64_MAX : 0;
  for (size_t i = 0; i < size; i++)
    value = value << 8 | (unsigned char)at[i];
  return (int64_t)value;
}

typedef struct counts {
  size_t is_utc, is_std, leaps, times, types, letters;
} counts;

static bool read_head(upk_str bytes, counts *ret) {
  if (bytes.len < HEAD_BYTES || memcmp(bytes.data, "TZif", 4) != 0)
    return false;
  int64_t numbers[6];
  for (size_t i = 0; i < 6; i++) {
    numbers[i] = big_endian(bytes.data + 20 + 4 * i, 4);
    if (numbers[i] < 0 || numbers[i] > FILE_BYTES_MAX)
      return false;
  }
  *ret = (counts){(size_t)numbers[0], (size_t)numbers[1], (size_t)numbers[2],
                  (size_t)numbers[3], (size_t)numbers[4], (size_t)numbers[5]};
  return true;
}

static size_t block_bytes(const counts *c, size_t time_size) {
  return c->times * time_size + c->times + c->types * 6 + c->letters +
         c->leaps * (time_size + 4) + c->is_std + c->is_utc;
}

static bool read_types(upk_arena *arena, const counts *c, const char *at,
                       zone *z) {
  const char *letters = at + c->types * 6;
  zone_type *kinds = UPK_NEW_ARRAY(arena, zone_type, c->types);
  for (size_t i = 0; i < c->types; i++) {
    size_t name = (unsigned char)at[6 * i + 5];
    int64_t offset = big_endian(at + 6 * i, 4);
    if (name >= c->letters || offset < -REACH_S || offset > REACH_S)
      return false;
    kinds[i] = (zone_type){
        (int32_t)offset,
        {letters + name, strnlen(letters + name, c->letters - name)}};
  }
  z->kinds = kinds;
  z->kind_count = c->types;
  return true;
}

static bool read_times(upk_arena *arena, const counts *c, const char *at,
                       zone *z) {
  int64_t *times = UPK_NEW_ARRAY(arena, int64_t, c->times + 1);
  const char *types = at + c->times * 8;
  for (size_t i = 0; i < c->times; i++) {
    times[i] = big_endian(at + 8 * i, 8);
    if ((i && times[i] <= times[i - 1]) || (unsigned char)types[i] >= c->types)
      return false;
  }
  z->times = times;
  z->types = (const uint8_t *)types;
  z->count = c->times;
  return true;
}

/* Version 2 and later: the block of 64-bit times, and the rule behind it. */
static bool read_file(upk_arena *arena, upk_str bytes, zone *z) {
  counts c;
  if (!read_head(bytes, &c) || bytes.data[4] < '2')
    return false;
  size_t skip = HEAD_BYTES + block_bytes(&c, 4);
  if (bytes.len < skip)
    return false;
  bytes = (upk_str){bytes.data + skip, bytes.len - skip};
  if (!read_head(bytes, &c) || !c.types ||
      bytes.len < HEAD_BYTES + block_bytes(&c, 8) || c.leaps)
    return false;
  const char *at = bytes.data + HEAD_BYTES;
  if (!read_times(arena, &c, at, z) ||
      !read_types(arena, &c, at + c.times * 9, z))
    return false;
  skip = HEAD_BYTES + block_bytes(&c, 8);
  upk_str rule = upk_str_trim((upk_str){bytes.data + skip, bytes.len - skip});
  return !rule.len || zone_rule_read(rule, &z->rule);
}

const zone *zone_load(upk_arena *arena, const char *folder, upk_str name,
                      const char **ret_why) {
  upk_str bytes;
  zone *z = UPK_NEW(arena, zone);
  if (upk_str_is(name, "UTC"))
    return zone_utc();
  *ret_why = "there is no time zone of that name";
  if (!name_fits(name))
    return NULL;
  upk_str path = upk_arena_printf(arena, "%s/%.*s",
                                  folder ? folder : ZONE_FOLDER, UPK_FMT(name));
  if (!read_all(arena, path.data, &bytes))
    return NULL;
  *ret_why = "the system's file of that time zone is damaged";
  return read_file(arena, bytes, z) ? z : NULL;
}

upk_str zone_data_version(upk_arena *arena, const char *folder) {
  static const struct {
    const char *file, *before;
  } places[] = {{"tzdata.zi", "# version "}, {"+VERSION", ""}};
  for (size_t i = 0; i < 2; i++) {
    char line[64];
    upk_str path = upk_arena_printf(
        arena, "%s/%s", folder ? folder : ZONE_FOLDER, places[i].file);
    FILE *file = fopen(path.data, "rbe");
    bool there = file && fgets(line, sizeof line, file);
    if (file)
      fclose(file);
    upk_str text = upk_str_trim(upk_str_from(there ? line : ""));
    if (!there || !upk_str_starts(text, places[i].before))
      continue;
    size_t skip = strlen(places[i].before);
    return upk_arena_copy(arena, (upk_str){text.data + skip, text.len - skip});
  }
  return UPK_STR("unknown");
}

/* ---- asking ---- */

/* Number of transitions at or before the moment. */
static size_t passed(const zone *z, int64_t utc_s) {
  size_t low = 0, high = z->count;
  while (low < high) {
    size_t middle = low + (high - low) / 2;
    if (z->times[middle] <= utc_s)
      low = middle + 1;
    else
      high = middle;
  }
  return low;
}

static zone_type type_at(const zone *z, int64_t utc_s) {
  size_t number = passed(z, utc_s);
  if (number == z->count && z->rule.there) {
    bool dst;
    int32_t offset = zone_rule_offset_s(&z->rule, utc_s, &dst);
    return (zone_type){offset, dst ? z->rule.dst_name : z->rule.std_name};
  }
  /* Before the first transition the first type counts (RFC 8536, 3.2). */
  return z->kinds[number ? z->types[number - 1] : 0];
}

int32_t zone_offset_s(const zone *z, int64_t utc_s) {
  return type_at(z, utc_s).offset_s;
}

upk_str zone_abbreviation(const zone *z, int64_t utc_s) {
  return type_at(z, utc_s).name;
}

static int64_t next_change(const zone *z, int64_t utc_s) {
  size_t number = passed(z, utc_s);
  if (number < z->count)
    return z->times[number];
  return z->rule.there ? zone_rule_next_s(&z->rule, utc_s) : INT64_MAX;
}

/* Stretches of one offset, in order: the first in which the clocks show it. */
int64_t zone_utc_of(const zone *z, int64_t local_s, bool *ret_gap) {
  int64_t from = local_s - REACH_S;
  *ret_gap = false;
  for (;;) {
    int64_t moment = local_s - zone_offset_s(z, from);
    int64_t until = next_change(z, from);
    if (moment < from) {
      *ret_gap = true;
      return from;
    }
    if (moment < until)
      return moment;
    from = until;
  }
}
