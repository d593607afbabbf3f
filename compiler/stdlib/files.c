/* The files of the stdlib: embedded in the program, or "@stdlib/..." of the
 * source when one works on them. Either way they are named "stdlib/...". */
#include <stdlib.h>
#include <string.h>

#include <upkeep/compile.h>

#include "embedded.h"
#include "stdlib/private.h"

enum { FILE_MAX_BYTES = 256 * 1024 };

upk_str stdlib_folder(upk_str path) {
  size_t len = path.len;
  while (len && path.data[len - 1] != '/')
    len--;
  return len ? (upk_str){path.data, len} : UPK_NO_STR;
}

static size_t embedded_count(void) {
  size_t count = 0;
  while (embedded_files[count].path)
    count++;
  return count;
}

static upk_str embedded_text(const struct embedded_file *file) {
  return (upk_str){(const char *)file->bytes, file->len};
}

static bool embedded_find(upk_str path, upk_str *ret_text) {
  size_t low = 0, high = embedded_count();
  while (low < high) {
    size_t middle = low + (high - low) / 2;
    int order =
        upk_str_compare(upk_str_from(embedded_files[middle].path), path);
    if (!order) {
      *ret_text = embedded_text(&embedded_files[middle]);
      return true;
    }
    if (order < 0)
      low = middle + 1;
    else
      high = middle;
  }
  return false;
}

bool stdlib_file(ir *ir, upk_str path, upk_str *ret_text) {
  bool large;
  if (!ir->request->stdlib_from_source || !upk_str_starts(path, "stdlib/"))
    return embedded_find(path, ret_text);
  upk_str asked = upk_arena_printf(ir->arena, "@%.*s", UPK_FMT(path));
  return ir->source->read(ir->source->ctx, asked, FILE_MAX_BYTES, ir->arena,
                          ret_text, &large);
}

static bool is_ours(upk_str path) {
  return upk_str_starts(path, "stdlib/") &&
         (upk_str_ends(path, ".lua") || upk_str_ends(path, ".sql"));
}

static stdlib_entries from_program(ir *ir) {
  stdlib_entries all = {0};
  for (const struct embedded_file *f = embedded_files; f->path; f++)
    if (is_ours(upk_str_from(f->path)))
      *UPK_PUSH(ir->arena, &all) =
          (stdlib_entry){upk_str_from(f->path), embedded_text(f)};
  return all;
}

static stdlib_entries from_source(ir *ir) {
  stdlib_entries all = {0};
  upk_str *paths;
  size_t count = ir->source->list(ir->source->ctx, UPK_STR("@stdlib/**"),
                                  ir->arena, &paths);
  for (size_t i = 0; i < count; i++) {
    upk_str path = paths[i], text;
    if (!upk_str_starts(path, "@"))
      continue;
    path = (upk_str){path.data + 1, path.len - 1};
    if (!is_ours(path))
      continue;
    if (stdlib_file(ir, path, &text))
      *UPK_PUSH(ir->arena, &all) = (stdlib_entry){path, text};
    else
      upk_diag_add(ir->diags, 1326, UPK_NO_SPAN,
                   "`%.*s` cannot be read, or is larger than 256 KiB",
                   UPK_FMT(path));
  }
  return all;
}

stdlib_entries stdlib_entries_all(ir *ir) {
  return ir->request->stdlib_from_source ? from_source(ir) : from_program(ir);
}
