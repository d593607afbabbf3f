/* Runs the files, keeps what they declare, and defines it in an order that
 * does not depend on theirs: engines, kinds, collectors, actions. */
#include <stdlib.h>
#include <string.h>

#include <upkeep/compile.h>

#include "digest.h"
#include "front/front.h"
#include "stdlib/private.h"

enum { FILE_MAX_BYTES = 256 * 1024 };

/* One interpreter: of an engine's folder, or of one file of the user. */
typedef struct room {
  ir *ir;
  script *script;
  script_host host;
  upk_str path, folder; /* of the file that runs; folder: the engine's */
  stdlib_declarations *declarations;
  size_t declared; /* by the file that runs */
} room;

static const char *const globals[] = {"action", "collector",  "engine",
                                      "kind",   "suggestion", NULL};

/* ---- what scripts ask for ---- */

static bool read_file(room *r, upk_str path, upk_str *ret_text) {
  bool large;
  if (upk_str_starts(path, "stdlib/") && r->folder.data)
    return stdlib_file(r->ir, path, ret_text);
  return r->ir->source->read(r->ir->source->ctx, path, FILE_MAX_BYTES,
                             r->ir->arena, ret_text, &large);
}

/* `require "core/checks"` in the stdlib is stdlib/core/checks.lua; in the
 * user's files names are paths in the project, and std/ the stdlib. */
static bool find_module(void *ctx, upk_str name, upk_str *ret_path,
                        upk_str *ret_text) {
  room *r = ctx;
  if (r->folder.data || upk_str_starts(name, "std/")) {
    if (!r->folder.data)
      name = (upk_str){name.data + 4, name.len - 4};
    *ret_path =
        upk_arena_printf(r->ir->arena, "stdlib/%.*s.lua", UPK_FMT(name));
    return stdlib_file(r->ir, *ret_path, ret_text);
  }
  *ret_path = upk_arena_printf(r->ir->arena, "%.*s.lua", UPK_FMT(name));
  return read_file(r, *ret_path, ret_text);
}

static bool find_text(void *ctx, upk_str from, upk_str name,
                      upk_str *ret_text) {
  room *r = ctx;
  upk_str folder = stdlib_folder(from);
  char path[512];
  if (folder.len + name.len >= sizeof path)
    return false;
  if (folder.len)
    memcpy(path, folder.data, folder.len);
  memcpy(path + folder.len, name.data, name.len);
  if (!read_file(r, (upk_str){path, folder.len + name.len}, ret_text))
    return false;
  *ret_text = upk_str_trim(*ret_text);
  return true;
}

static void declared(void *ctx, upk_str global, node **arguments, size_t count,
                     upk_span span) {
  room *r = ctx;
  r->declared++;
  if (count != 1 || arguments[0]->type != NODE_MAP) {
    upk_diag_add(r->ir->diags, 1309, span, "%.*s takes one table with names",
                 UPK_FMT(global));
    return;
  }
  *UPK_PUSH(r->ir->arena, r->declarations) = (stdlib_declaration){
      global, arguments[0], span, r->path, r->folder, r->script};
}

static room *room_new(ir *ir, upk_str folder,
                      stdlib_declarations *declarations) {
  /* One plan() may take long, all of them together longer: a stdlib's life is
   * bounded by the process's limits. */
  static const script_limits limits = {.instructions = INT64_MAX / 4,
                                       .call_instructions = 20000000,
                                       .memory_bytes = 128u << 20};
  room *r = UPK_NEW(ir->arena, room);
  r->ir = ir;
  r->folder = folder;
  r->declarations = declarations;
  r->host = (script_host){r, find_module, find_text, declared, globals, NULL};
  r->script = script_new(ir->arena, ir->diags, &r->host, &limits);
  *UPK_PUSH(ir->arena, &ir->scripts) = r->script;
  return r;
}

static bool run_file(room *r, upk_str path, upk_str text) {
  size_t before = r->ir->diags->failures;
  r->path = path;
  r->declared = 0;
  script_run(r->script, path, text);
  if (r->declared || r->ir->diags->failures != before)
    return r->ir->diags->failures == before;
  uint32_t source = upk_diags_source(r->ir->diags, path, text);
  upk_diag_add(r->ir->diags, 1326, (upk_span){source, 1, 1, 1, 2},
               "the file declares nothing");
  return false;
}

/* ---- the stdlib ---- */

/* "sqlite" of "stdlib/sqlite/facts/table.lua". */
static upk_str engine_folder(upk_str path) {
  upk_str rest, inner;
  upk_str_split(path, '/', &rest);
  upk_str name = upk_str_split(rest, '/', &inner);
  return inner.data ? name : UPK_NO_STR;
}

static bool is_definition(upk_str path, upk_str folder, ir *ir) {
  static const char *const places[] = {"engine.lua", "suggest.lua", "facts/",
                                       "actions/"};
  for (size_t i = 0; i < sizeof places / sizeof *places; i++) {
    upk_str begin = upk_arena_printf(ir->arena, "stdlib/%.*s/%s",
                                     UPK_FMT(folder), places[i]);
    if (upk_str_starts(path, begin.data))
      return upk_str_ends(path, ".lua");
  }
  return false;
}

static bool run_stdlib(ir *ir, const stdlib_entries *files,
                       stdlib_declarations *declarations) {
  bool good = true;
  room *r = NULL;
  for (size_t i = 0; i < files->len; i++) {
    upk_str path = files->items[i].path, folder = engine_folder(path);
    if (!folder.data || upk_str_is(folder, "core") ||
        !is_definition(path, folder, ir))
      continue;
    if (!r || !upk_str_equal(r->folder, folder))
      r = room_new(ir, folder, declarations);
    good &= run_file(r, path, files->items[i].text);
  }
  return good;
}

static void digest_stdlib(ir *ir, const stdlib_entries *files) {
  upk_sha256 *hash = upk_sha256_new();
  for (size_t i = 0; i < files->len; i++) {
    upk_buf head = {0};
    upk_buf_printf(&head, "%.*s\n%zu\n", UPK_FMT(files->items[i].path),
                   files->items[i].text.len);
    upk_sha256_add(hash, upk_buf_view(&head));
    upk_sha256_add(hash, files->items[i].text);
    upk_buf_free(&head);
  }
  upk_digest digest = upk_sha256_finish(hash);
  ir->stdlib_sha256 = upk_arena_copy(ir->arena, upk_digest_view(&digest));
  ir->stdlib_version = UPK_STR(UPKEEP_VERSION);
}

/* ---- the user's files ---- */

static bool path_allowed(upk_str path) {
  upk_str rest = path;
  if (!path.len || path.data[0] == '/' || path.data[0] == '@')
    return false;
  while (rest.data)
    if (upk_str_is(upk_str_split(rest, '/', &rest), ".."))
      return false;
  return true;
}

static bool is_glob(upk_str path) {
  for (size_t i = 0; i < path.len; i++)
    if (strchr("*?[", path.data[i]))
      return true;
  return false;
}

static bool run_user_file(ir *ir, upk_str path, upk_span at,
                          stdlib_declarations *declarations) {
  upk_str text;
  bool large = false;
  if (!ir->source->read(ir->source->ctx, path, FILE_MAX_BYTES, ir->arena, &text,
                        &large)) {
    if (large || !front_absent(ir, path, at))
      upk_diag_add(ir->diags, large ? 1305 : 1326, at,
                   large ? "`%.*s` is larger than 256 KiB"
                         : "there is no file `%.*s`",
                   UPK_FMT(path));
    return false;
  }
  room *r = room_new(ir, UPK_NO_STR, declarations);
  return run_file(r, path, text);
}

static bool run_pattern(ir *ir, const ir_text *pattern, ir_names *seen,
                        stdlib_declarations *declarations) {
  upk_str *paths = NULL;
  size_t count = 0;
  bool good = true;
  if (!path_allowed(pattern->text)) {
    upk_diag_add(ir->diags, 1326, pattern->span,
                 "`%.*s` leads out of the project", UPK_FMT(pattern->text));
    return false;
  }
  upk_str one = pattern->text;
  if (is_glob(pattern->text)) {
    count = ir->source->list(ir->source->ctx, pattern->text, ir->arena, &paths);
  } else {
    paths = &one;
    count = 1;
  }
  size_t files = 0;
  for (size_t i = 0; i < count; i++) {
    if (front_closed(ir, paths[i], pattern->text_span))
      continue;
    files++;
    if (names_have(seen, paths[i]))
      continue;
    *UPK_PUSH(ir->arena, seen) = paths[i];
    good &= run_user_file(ir, paths[i], pattern->span, declarations);
  }
  if (!files)
    upk_diag_add(ir->diags, 1311, pattern->span, "no file matches `%.*s`",
                 UPK_FMT(pattern->text));
  return good;
}

/* ---- all of it ---- */

static upk_str home_of(ir *ir, const stdlib_declaration *d) {
  upk_str name = field_text(d->map, "engine");
  ir_engine *engine = ir_engine_find(ir, name.data ? name : d->folder);
  upk_str kind_name = field_text(d->map, "kind");
  ir_kind *kind =
      engine && kind_name.data ? ir_kind_find(engine, kind_name) : NULL;
  return kind ? kind->path : UPK_NO_STR;
}

/* A kind's rows are made by the first collector of its own file, so those
 * come before the collectors of other files. */
static void define_collectors(ir *ir, const stdlib_declarations *all) {
  for (int elsewhere = 0; elsewhere < 2; elsewhere++)
    for (size_t i = 0; i < all->len; i++) {
      const stdlib_declaration *d = &all->items[i];
      if (upk_str_is(d->global, "collector") &&
          upk_str_equal(home_of(ir, d), d->path) == !elsewhere)
        define_collector(ir, d);
    }
}

static void
define_all(ir *ir, const stdlib_declarations *all, const char *global,
           void (*define)(struct ir *ir, const stdlib_declaration *d)) {
  for (size_t i = 0; i < all->len; i++)
    if (upk_str_is(all->items[i].global, global))
      define(ir, &all->items[i]);
}

static void check_engines(ir *ir, const stdlib_entries *files) {
  ir_names said = {0};
  for (size_t i = 0; i < files->len; i++) {
    upk_str folder = engine_folder(files->items[i].path);
    if (!folder.data || upk_str_is(folder, "core") ||
        ir_engine_find(ir, folder) || names_have(&said, folder))
      continue;
    *UPK_PUSH(ir->arena, &said) = folder;
    upk_diag_add(ir->diags, 1326, UPK_NO_SPAN,
                 "stdlib/%.*s has no engine.lua that defines it",
                 UPK_FMT(folder));
  }
}

bool stdlib_load(ir *ir) {
  size_t before = ir->diags->failures;
  stdlib_entries files = stdlib_entries_all(ir);
  stdlib_declarations all = {0};
  ir_names seen = {0};
  digest_stdlib(ir, &files);
  bool good = run_stdlib(ir, &files, &all);
  for (size_t i = 0; i < ir->project.facts.len; i++)
    good &= run_pattern(ir, &ir->project.facts.items[i], &seen, &all);
  for (size_t i = 0; i < ir->project.actions.len; i++)
    good &= run_pattern(ir, &ir->project.actions.items[i], &seen, &all);
  define_all(ir, &all, "engine", define_engine);
  define_all(ir, &all, "kind", define_kind);
  define_collectors(ir, &all);
  define_trends(ir);
  define_all(ir, &all, "action", define_action);
  define_all(ir, &all, "suggestion", define_suggestion);
  for (size_t i = 0; i < all.len; i++)
    check_references(ir, &all.items[i]);
  if (!ir->engines.len || !good)
    check_engines(ir, &files);
  return good && ir->diags->failures == before;
}
