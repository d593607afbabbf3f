#include <string.h>

#include <upkeep/compile.h>

#include "digest.h"
#include "embedded.h"
#include "expr.h"
#include "front/front.h"
#include "front/lua/lua.h"
#include "front/scalar.h"
#include "front/schema.h"
#include "front/yaml/read.h"

void front_file_seen(ir *ir, upk_str path, upk_str text) {
  upk_digest digest = upk_digest_of(text);
  size_t last = ir->files.len;
  (void)UPK_PUSH(ir->arena, &ir->files);
  ir->files.items[last].path = upk_arena_copy(ir->arena, path);
  ir->files.items[last].sha256 =
      upk_arena_copy(ir->arena, upk_digest_view(&digest));
}

static bool is_seen(const ir *ir, upk_str path) {
  for (size_t i = 0; i < ir->files.len; i++)
    if (upk_str_equal(ir->files.items[i].path, path))
      return true;
  return false;
}

/* ---- one file ---- */

/* A value that is missing is no text that one could check any further. */
static void yaml_policy(ir *ir, node *policy) {
  size_t failures = ir->diags->failures, before = ir->policies.len;
  front_vars_apply(ir, policy);
  bool whole = ir->diags->failures == failures;
  front_policy(ir, policy, UPK_NO_STR);
  if (!whole && ir->policies.len > before)
    ir->policies.items[before].name_only = true;
}

void front_yaml(ir *ir, upk_str path, upk_str text) {
  node *tree = yaml_read(ir->arena, ir->diags, path, text);
  schema_policies_file file = {0};
  if (tree == NULL) {
    ir->policies_lost = true;
    return;
  }
  (void)schema_read(ir->arena, ir->diags, &schema_policies, tree, &file);
  if (ir->overlay != NULL)
    ir->overlay->defaults = file.vars;
  if (file.policies == NULL || file.policies->type != NODE_LIST)
    ir->policies_lost = true;
  if (file.policies == NULL || node_is_null(file.policies))
    return;
  if (file.policies->type != NODE_LIST) {
    scalar_refuse(ir->diags, file.policies, UPK_STR("policies"), "a list");
    return;
  }
  for (size_t i = 0; i < file.policies->list.count; i++)
    yaml_policy(ir, file.policies->list.items[i]);
}

/* `at` is what named the file. A pack's files stand for the lock, which is
 * among the files seen: they are no files of the project's repository. */
static void read_by_ending(ir *ir, upk_str path, upk_str text, upk_span at) {
  if (ir->overlay->pack == NULL)
    front_file_seen(ir, path, text);
  if (upk_str_ends(path, ".lua")) {
    front_lua(ir, path, text);
  } else if (upk_str_ends(path, ".yaml") || upk_str_ends(path, ".yml")) {
    front_yaml(ir, path, text);
  } else {
    upk_diag *diag =
        upk_diag_add(ir->diags, 1043, at, "%.*s is neither .yaml nor .lua",
                     UPK_FMT(node_clip(path)));
    upk_diag_help(ir->diags, diag, "name the files as in policies/*.yaml");
    ir->policies_lost = true;
  }
}

static void read_policies(ir *ir, const ir_use *use, upk_str path, upk_str text,
                          upk_span at) {
  front_overlay overlay = {.use = use};
  ir->overlay = &overlay;
  read_by_ending(ir, path, text, at);
  front_overlay_finish(ir);
  ir->overlay = NULL;
}

/* ---- packs ---- */

/* The number of files that the path of `use` names. */
static size_t read_pack(ir *ir, const ir_use *use) {
  const front_overlay *overlay = ir->overlay;
  size_t files = 0;
  for (size_t i = 0; i < overlay->pack->files.len; i++) {
    upk_str path = overlay->pack->files.items[i].path;
    if (!upk_glob_path(path, use->path.text))
      continue;
    if (files++)
      front_overlay_next(ir);
    path = upk_arena_printf(ir->arena, "%.*s%.*s",
                            UPK_FMT(overlay->pack->folder), UPK_FMT(path));
    read_by_ending(ir, path, overlay->pack->files.items[i].text,
                   use->git.text_span);
  }
  if (files)
    front_overlay_finish(ir);
  return files;
}

/* Of those that upkeep.lock has: nothing else is read from a pack. */
static void use_pack(ir *ir, const front_lock *lock, const ir_use *use) {
  front_overlay overlay = {.use = use, .pack = front_pack(ir, lock, use)};
  size_t files = 0;
  if (overlay.pack) {
    ir->overlay = &overlay;
    files = read_pack(ir, use);
    ir->overlay = NULL;
  }
  if (files)
    return;
  ir->policies_lost = true;
  if (overlay.pack && use->path.text.len) /* without: it was refused */
    upk_diag_add(
        ir->diags, 1060,
        use->path.text_span.line ? use->path.text_span : use->git.text_span,
        "no file of the pack matches %.*s", UPK_FMT(node_clip(use->path.text)));
}

/* ---- shipped policies ---- */

/* "policies/sqlite-baseline.yaml" -> "std/sqlite-baseline"; absent for files
 * that are no policies. */
static upk_str shipped_name(ir *ir, const char *path) {
  upk_str rest = upk_str_from(path);
  static const char *const endings[] = {".yaml", ".lua"};
  if (!upk_str_starts(rest, "policies/"))
    return UPK_NO_STR;
  rest.data += strlen("policies/");
  rest.len -= strlen("policies/");
  for (size_t i = 0; i < 2; i++)
    if (upk_str_ends(rest, endings[i])) {
      rest.len -= strlen(endings[i]);
      return upk_arena_printf(ir->arena, "std/%.*s", UPK_FMT(rest));
    }
  return UPK_NO_STR;
}

static void use_file(ir *ir, const ir_use *use) {
  ir_names names = {0};
  for (const struct embedded_file *f = embedded_files; f->path != NULL; f++) {
    upk_str name = shipped_name(ir, f->path);
    if (name.data == NULL)
      continue;
    *UPK_PUSH(ir->arena, &names) = name;
    if (!upk_str_equal(name, use->name.text))
      continue;
    upk_str ending = upk_str_from(strrchr(f->path, '.'));
    upk_str path =
        upk_arena_printf(ir->arena, "%.*s%.*s", UPK_FMT(name), UPK_FMT(ending));
    upk_str text = {(const char *)f->bytes, f->len};
    read_policies(ir, use, path, text, use->name.span);
    return;
  }
  ir->policies_lost = true;
  upk_diag *diag = upk_diag_add(ir->diags, 1044, use->name.text_span,
                                "no policies are shipped as `%.*s`",
                                UPK_FMT(node_clip(use->name.text)));
  if (!upk_diag_suggest(ir->diags, diag, use->name.text, names.items,
                        names.len))
    upk_diag_help(ir->diags, diag,
                  "files of your own are named under `include`");
}

/* ---- files of the user ---- */

static void read_included(ir *ir, upk_str path, const ir_text *pattern) {
  upk_str text;
  bool too_large = false;
  if (is_seen(ir, path))
    return;
  if (ir->source->read(ir->source->ctx, path, FRONT_FILE_BYTES, ir->arena,
                       &text, &too_large)) {
    read_policies(ir, NULL, path, text, pattern->text_span);
    return;
  }
  ir->policies_lost = true;
  if (too_large) {
    upk_diag_add(ir->diags, 1002, pattern->text_span,
                 "%.*s is larger than 1 MiB", UPK_FMT(node_clip(path)));
    return;
  }
  if (front_absent(ir, path, pattern->text_span))
    return;
  upk_diag *diag =
      upk_diag_add(ir->diags, 1040, pattern->text_span, "there is no file %.*s",
                   UPK_FMT(node_clip(path)));
  upk_str *near;
  size_t count =
      ir->source->list(ir->source->ctx, UPK_STR("**"), ir->arena, &near);
  upk_diag_suggest(ir->diags, diag, path, near, count);
}

static bool is_glob(upk_str pattern) {
  for (size_t i = 0; i < pattern.len; i++)
    if (strchr("*?[", pattern.data[i]) != NULL)
      return true;
  return false;
}

static void include(ir *ir, const ir_text *pattern) {
  if (!is_glob(pattern->text)) {
    read_included(ir, pattern->text, pattern);
    return;
  }
  upk_str *paths;
  size_t count =
      ir->source->list(ir->source->ctx, pattern->text, ir->arena, &paths);
  size_t files = 0;
  for (size_t i = 0; i < count; i++) {
    if (front_closed(ir, paths[i], pattern->text_span))
      continue;
    read_included(ir, paths[i], pattern);
    files++;
  }
  if (files == 0)
    upk_diag_add(ir->diags, 1041, pattern->text_span, "%.*s matches no file",
                 UPK_FMT(node_clip(pattern->text)));
}

void front_files(ir *ir, const front_lock *lock) {
  for (size_t i = 0; i < ir->project.use.len; i++)
    if (ir->project.use.items[i].name.text.data != NULL)
      use_file(ir, &ir->project.use.items[i]);
    else if (ir->project.use.items[i].commit.text.data != NULL)
      use_pack(ir, lock, &ir->project.use.items[i]);
    else
      ir->policies_lost = true;

  for (size_t i = 0; i < ir->project.include.len; i++)
    include(ir, &ir->project.include.items[i]);
  if (!ir->policies_lost) /* else they may be declared there */
    front_vars_finish(ir);
}
