/* Digests of the stdlib's files, and which actions a change of some reaches. */
#include <string.h>

#include "digest.h"
#include "stdlib/private.h"

size_t stdlib_digests(ir *ir, stdlib_digest **ret) {
  stdlib_entries files = stdlib_entries_all(ir);
  stdlib_digest *all = UPK_NEW_ARRAY(ir->arena, stdlib_digest, files.len + 1);
  for (size_t i = 0; i < files.len; i++) {
    upk_digest digest = upk_digest_of(files.items[i].text);
    all[i] =
        (stdlib_digest){files.items[i].path,
                        upk_arena_copy(ir->arena, upk_digest_view(&digest))};
  }
  *ret = all;
  return files.len;
}

/* How other files name this one: require "sqlite/retention" by the whole,
 * file "log.sql" by what stands in the same folder. */
static upk_str quoted_name(ir *ir, upk_str path) {
  enum { STDLIB = 7, LUA = 4 }; /* "stdlib/", ".lua" */
  size_t folder = stdlib_folder(path).len;
  if (upk_str_ends(path, ".lua"))
    return upk_arena_printf(ir->arena, "\"%.*s\"",
                            (int)(path.len - STDLIB - LUA), path.data + STDLIB);
  return upk_arena_printf(ir->arena, "\"%.*s\"", (int)(path.len - folder),
                          path.data + folder);
}

static bool holds(upk_str text, upk_str part) {
  for (size_t i = 0; i + part.len <= text.len; i++)
    if (!memcmp(text.data + i, part.data, part.len))
      return true;
  return false;
}

static bool uses(ir *ir, const stdlib_entry *file, upk_str path) {
  upk_str here = stdlib_folder(file->path), there = stdlib_folder(path);
  if (upk_str_ends(path, ".sql") && !upk_str_equal(here, there))
    return false;
  return holds(file->text, quoted_name(ir, path));
}

/* Adds what uses a file of `changed`, and what uses that, until nothing is
 * new: the files are few hundred, chains two or three long. */
static void spread(ir *ir, const stdlib_entries *files, ir_names *changed) {
  for (size_t i = 0; i < changed->len; i++)
    for (size_t f = 0; f < files->len; f++) {
      const stdlib_entry *file = &files->items[f];
      if (upk_str_ends(file->path, ".lua") &&
          !names_have(changed, file->path) && uses(ir, file, changed->items[i]))
        *UPK_PUSH(ir->arena, changed) = file->path;
    }
}

/* "postgres/vacuum" of "stdlib/postgres/actions/vacuum.lua", or absent. */
static upk_str action_of(ir *ir, upk_str path) {
  upk_str rest, folder;
  upk_str_split(path, '/', &rest);
  if (!rest.data)
    return UPK_NO_STR;
  upk_str engine = upk_str_split(rest, '/', &rest);
  if (!rest.data || !upk_str_ends(path, ".lua"))
    return UPK_NO_STR;
  folder = upk_str_split(rest, '/', &rest);
  if (!upk_str_is(folder, "actions") || !rest.data)
    return UPK_NO_STR;
  return upk_arena_printf(ir->arena, "%.*s/%.*s", UPK_FMT(engine),
                          (int)(rest.len - 4), rest.data);
}

/* Whether all actions of a file's engine run with another one: its ledger and
 * what begins and ends each of their transactions stand there. */
static bool engine_changed(ir *ir, upk_str path, const ir_names *changed) {
  upk_str rest;
  upk_str_split(path, '/', &rest);
  upk_str engine = upk_str_split(rest, '/', &rest);
  return names_have(
      changed,
      upk_arena_printf(ir->arena, "stdlib/%.*s/engine.lua", UPK_FMT(engine)));
}

ir_names stdlib_users(ir *ir, const ir_names *paths) {
  stdlib_entries files = stdlib_entries_all(ir);
  ir_names changed = {0}, actions = {0};
  for (size_t i = 0; i < paths->len; i++)
    *UPK_PUSH(ir->arena, &changed) = paths->items[i];
  spread(ir, &files, &changed);
  for (size_t i = 0; i < files.len; i++) {
    upk_str name = action_of(ir, files.items[i].path);
    if (name.data && (names_have(&changed, files.items[i].path) ||
                      engine_changed(ir, files.items[i].path, &changed)))
      *UPK_PUSH(ir->arena, &actions) = name;
  }
  for (size_t i = 0; i < paths->len; i++) { /* those that are gone */
    upk_str name = action_of(ir, paths->items[i]);
    if (name.data && !names_have(&actions, name))
      *UPK_PUSH(ir->arena, &actions) = name;
  }
  return actions;
}
