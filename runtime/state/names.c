#include "map.h"
#include "state/db.h"
#include "state/observe.h"

static bool add_stored(names *n, upk_str bytes) {
  uint64_t len;
  while (bytes.len) {
    if (!varint_get(&bytes, &len) || len > bytes.len)
      return false;
    *UPK_PUSH(n->arena, &n->items) = (upk_str){bytes.data, (size_t)len};
    bytes.data += len;
    bytes.len -= (size_t)len;
  }
  return true;
}

void names_load(upk_state *s, upk_arena *arena, int64_t target, upk_str kind,
                names *ret_names) {
  names n = {.arena = arena};
  sqlite3_stmt *q = db_start(s,
                             "select first, names from object"
                             " where target = ?1 and kind = ?2 order by first",
                             "it", target, kind);
  while (db_next(s, q))
    if (db_int(q, 0) != (int64_t)n.items.len ||
        !add_stored(&n, upk_arena_copy(arena, db_bytes(q, 1))))
      series_damaged(s);
  db_end(s, q);
  n.stored = n.items.len;
  *ret_names = n;
}

static void make_map(names *n) {
  n->map = UPK_NEW(n->arena, upk_map);
  upk_map_init(n->map, n->arena);
  for (size_t i = 0; i < n->items.len; i++)
    upk_map_put(n->map, n->items.items[i], i);
}

/* Objects mostly come in the order in which they were seen first: then no hash
 * is needed, of the first time neither. */
uint32_t names_find(names *n, upk_str name, uint32_t guess, bool add) {
  uint64_t number;
  if (guess < n->items.len && upk_str_equal(n->items.items[guess], name))
    return guess;
  bool ascends = !n->items.len ||
                 upk_str_compare(n->items.items[n->items.len - 1], name) < 0;
  if (!n->map && !n->stored && ascends && add) {
    *UPK_PUSH(n->arena, &n->items) = name;
    return (uint32_t)(n->items.len - 1);
  }
  if (!n->map)
    make_map(n);
  if (upk_map_find(n->map, name, &number))
    return (uint32_t)number;
  if (!add)
    return NAME_UNKNOWN;
  number = n->items.len;
  *UPK_PUSH(n->arena, &n->items) = name;
  upk_map_put(n->map, name, number);
  return (uint32_t)number;
}

void names_save(upk_state *s, int64_t target, upk_str kind, const names *n) {
  upk_buf bytes = {0};
  if (n->items.len == n->stored)
    return;
  for (size_t i = n->stored; i < n->items.len; i++) {
    varint_put(&bytes, n->items.items[i].len);
    upk_buf_str(&bytes, n->items.items[i]);
  }
  db_run(s,
         "insert into object (target, kind, first, names)"
         " values (?1, ?2, ?3, ?4)",
         "itib", target, kind, (int64_t)n->stored, upk_buf_view(&bytes));
  upk_buf_free(&bytes);
}
