/* A stdlib of three files in memory, with files of a user beside it: for the
 * loader, Lua policies and their diagnostics. */
#ifndef TESTS_SCRIPT_HARNESS_H
#define TESTS_SCRIPT_HARNESS_H

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <upkeep/compile.h>

#include "front/front.h"
#include "front/lua/lua.h"
#include "stdlib/stdlib.h"

enum { SCRIPT_FILES = 16 };

typedef struct script_harness {
  upk_arena *arena;
  upk_diags diags;
  upk_compile_request request;
  upk_source source;
  ir ir;
  upk_str paths[SCRIPT_FILES], texts[SCRIPT_FILES];
  size_t count;
} script_harness;

static const char harness_engine[] =
    "return engine {\n"
    "  name = \"sqlite\",\n"
    "  capabilities = { ledger = \"select 1\" },\n"
    "  identity = \"select sqlite_version() as version\",\n"
    "  ledger = {\n"
    "    create = \"create_ledger\",\n"
    "    insert = { sql = \"insert\" }, applied = { sql = \"select\" },\n"
    "    runs = { sql = \"select\" },\n"
    "  },\n"
    "}\n";

static const char harness_facts[] =
    "return {\n"
    "  kind { name = \"database\", doc = \"the file\", keys = { \"name\" }, "
    "single = true },\n"
    "  collector {\n"
    "    name = \"database\", kind = \"database\", cost = \"cheap\",\n"
    "    attributes = { { \"name\", \"text\", \"its name\" } },\n"
    "    variants = { { sql = \"select 'main' as name\" } },\n"
    "  },\n"
    "  kind { name = \"table\", doc = \"a table\", keys = { \"name\" },\n"
    "         parents = { database = {} } },\n"
    "  collector {\n"
    "    name = \"table\", kind = \"table\", cost = \"cheap\",\n"
    "    attributes = {\n"
    "      { \"name\", \"text\", \"its name\" },\n"
    "      { \"size\", \"bytes\", \"its size\", reason = true },\n"
    "    },\n"
    "    filter = \"and name = ?1\", filter_keys = { \"name\" },\n"
    "    variants = { { sql = \"select 1 where true {filter}\" } },\n"
    "  },\n"
    "}\n";

static const char harness_action[] =
    "return action {\n"
    "  name = \"create_ledger\", engine = \"sqlite\", kind = \"database\",\n"
    "  doc = \"makes the ledger\", atomicity = \"transaction\", risk = "
    "\"low\",\n"
    "  post = \"own\", undo = { class = \"none\", why = \"kept\" },\n"
    "  plan = function(o, p) return { run = {} } end,\n"
    "}\n";

static inline bool script_file(script_harness *h, upk_str path,
                               upk_str *ret_text) {
  for (size_t i = 0; i < h->count; i++)
    if (upk_str_equal(h->paths[i], path)) {
      *ret_text = h->texts[i];
      return true;
    }
  return false;
}

static inline bool script_read(void *ctx, upk_str path, size_t limit,
                               upk_arena *arena, upk_str *ret_bytes,
                               bool *ret_too_large) {
  (void)arena;
  if (!script_file(ctx, path, ret_bytes))
    return *ret_too_large = false;
  *ret_too_large = ret_bytes->len > limit;
  return !*ret_too_large;
}

static inline size_t script_list(void *ctx, upk_str glob, upk_arena *arena,
                                 upk_str **ret_paths) {
  script_harness *h = ctx;
  size_t found = 0;
  *ret_paths = UPK_NEW_ARRAY(arena, upk_str, SCRIPT_FILES);
  for (size_t i = 0; i < h->count; i++)
    if (upk_glob_path(h->paths[i], glob))
      (*ret_paths)[found++] = h->paths[i];
  return found;
}

static inline void script_put(script_harness *h, const char *path,
                              upk_str text) {
  for (size_t i = 0; i < h->count; i++)
    if (upk_str_is(h->paths[i], path)) {
      h->texts[i] = text;
      return;
    }
  h->paths[h->count] = upk_arena_copy(h->arena, upk_str_from(path));
  h->texts[h->count++] = text;
}

static inline void script_begin(script_harness *h) {
  memset(h, 0, sizeof *h);
  h->arena = upk_arena_new(NULL);
  upk_diags_init(&h->diags, h->arena);
  h->source = (upk_source){h, script_read, script_list, NULL};
  h->request.stdlib_from_source = true;
  h->ir = (ir){.arena = h->arena,
               .diags = &h->diags,
               .request = &h->request,
               .source = &h->source};
  script_put(h, "@stdlib/sqlite/engine.lua", upk_str_from(harness_engine));
  script_put(h, "@stdlib/sqlite/facts/table.lua", upk_str_from(harness_facts));
  script_put(h, "@stdlib/sqlite/actions/create_ledger.lua",
             upk_str_from(harness_action));
}

/* Names a pattern of the project when the user has files below it. */
static inline void script_pattern(script_harness *h, ir_texts *patterns,
                                  const char *folder, const char *glob) {
  for (size_t i = 0; i < h->count; i++)
    if (upk_str_starts(h->paths[i], folder)) {
      *UPK_PUSH(h->arena, patterns) =
          (ir_text){upk_str_from(glob), UPK_NO_SPAN, UPK_NO_SPAN};
      return;
    }
}

/* The stdlib, actions/, facts/, then each of policies/. */
static inline bool script_load(script_harness *h) {
  script_pattern(h, &h->ir.project.facts, "facts/", "facts/*.lua");
  script_pattern(h, &h->ir.project.actions, "actions/", "actions/*.lua");
  bool good = stdlib_load(&h->ir);
  for (size_t i = 0; i < h->count; i++)
    if (upk_str_starts(h->paths[i], "policies/"))
      front_lua(&h->ir, h->paths[i], h->texts[i]);
  return good;
}

static inline size_t script_codes(const script_harness *h, int code) {
  size_t count = 0;
  for (size_t i = 0; i < h->diags.items.len; i++)
    count += h->diags.items.items[i].code == code;
  return count;
}

static inline void script_end(script_harness *h) {
  ir_free(&h->ir);
  upk_arena_free(h->arena);
}

#endif
