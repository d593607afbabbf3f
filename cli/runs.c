/* The folder of runs. */
#include "runs.h"

#include <dirent.h>
#include <stdlib.h>

upk_str runs_folder(cli *c, const project *p) {
  return upk_arena_printf(c->arena, "%.*s/.upkeep/runs", UPK_FMT(p->folder));
}

static int by_bytes(const void *a, const void *b) {
  return upk_str_compare(*(const upk_str *)a, *(const upk_str *)b);
}

void runs_list(cli *c, upk_str folder, run_vec *runs) {
  upk_str path = upk_arena_copy(c->arena, folder);
  DIR *dir = opendir(path.data);
  const struct dirent *entry;
  while (dir && (entry = readdir(dir)))
    if (entry->d_name[0] != '.')
      *UPK_PUSH(c->arena, runs) =
          upk_arena_copy(c->arena, upk_str_from(entry->d_name));
  if (dir)
    closedir(dir);
  if (runs->len)
    qsort(runs->items, runs->len, sizeof *runs->items, by_bytes);
}

static upk_status not_found(cli *c, upk_str wanted, const run_vec *runs,
                            size_t matches) {
  upk_diag *diag =
      matches > 1
          ? upk_diag_add(&c->diags, 4006, UPK_NO_SPAN,
                         "%zu runs begin with `%.*s`", matches, UPK_FMT(wanted))
      : wanted.len
          ? upk_diag_add(&c->diags, 4006, UPK_NO_SPAN, "there is no run `%.*s`",
                         UPK_FMT(wanted))
          : upk_diag_add(&c->diags, 4006, UPK_NO_SPAN, "there is no run yet");
  if (!upk_diag_suggest(&c->diags, diag, wanted, runs->items, runs->len))
    upk_diag_help(&c->diags, diag, "`upkeep log` lists the runs");
  return UPK_USAGE;
}

upk_status runs_find(cli *c, upk_str folder, upk_str wanted,
                     upk_str *ret_folder, upk_str *ret_name) {
  run_vec runs = {0};
  upk_str found = UPK_NO_STR;
  size_t matches = 0;
  if (upk_str_is(wanted, "last"))
    wanted = UPK_STR("");
  runs_list(c, folder, &runs);
  upk_str prefix = upk_arena_copy(c->arena, wanted);
  for (size_t i = 0; i < runs.len; i++) {
    if (!upk_str_starts(runs.items[i], prefix.data))
      continue;
    found = runs.items[i];
    matches++;
    if (upk_str_equal(found, wanted)) {
      matches = 1;
      break;
    }
  }
  if (!found.data || (matches != 1 && wanted.len))
    return not_found(c, wanted, &runs, matches);
  *ret_folder =
      upk_arena_printf(c->arena, "%.*s/%.*s", UPK_FMT(folder), UPK_FMT(found));
  if (ret_name)
    *ret_name = found;
  return UPK_OK;
}

upk_status runs_take(cli *c, const project *p, const char *wanted,
                     taken_run *ret_taken) {
  upk_status status = runs_find(c, runs_folder(c, p), upk_str_from(wanted),
                                &ret_taken->folder, &ret_taken->name);
  if (status != UPK_OK)
    return status;
  ret_taken->plan_path =
      upk_arena_printf(c->arena, "%.*s/plan.json", UPK_FMT(ret_taken->folder));
  return plan_load(c, ret_taken->plan_path, &ret_taken->bytes,
                   &ret_taken->plan);
}
