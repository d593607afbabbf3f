/* upkeep completion: scripts for shells, which ask `upkeep __complete`. */
#include "cli.h"
#include "manual.h"

#include <string.h>

/* Shell, the file it is installed as, the file in cli/completion. */
static const struct {
  const char *shell, *name, *path;
} shells[] = {
    {"bash", "upkeep.bash", "cli/completion/bash.sh"},
    {"zsh", "_upkeep", "cli/completion/zsh.sh"},
    {"fish", "upkeep.fish", "cli/completion/fish.fish"},
};
enum { SHELLS = sizeof shells / sizeof *shells };

static upk_str script_of(size_t shell) {
  for (const struct embedded_file *f = manual_files; f->path; f++)
    if (strcmp(f->path, shells[shell].path) == 0)
      return (upk_str){(const char *)f->bytes, f->len};
  return UPK_STR("");
}

static upk_status save_all(cli *c) {
  upk_str folder = flag_text(c, FLAG_output);
  upk_status status = make_folders(folder) ? UPK_OK : UPK_ERROR;
  for (size_t i = 0; i < SHELLS && status == UPK_OK; i++)
    status = file_write(
        c,
        upk_arena_printf(c->arena, "%.*s/%s", UPK_FMT(folder), shells[i].name),
        script_of(i));
  return status;
}

static upk_status run(cli *c) {
  upk_str names[SHELLS];
  if (flag_given(c, FLAG_output) && !c->argument_count)
    return save_all(c);
  for (size_t i = 0; i < SHELLS && c->argument_count; i++) {
    names[i] = upk_str_from(shells[i].shell);
    if (upk_str_is(names[i], c->arguments[0])) {
      print_out(script_of(i));
      return UPK_OK;
    }
  }
  upk_diag *diag =
      c->argument_count
          ? upk_diag_add(&c->diags, 4000, UPK_NO_SPAN,
                         "there is no completion for `%s`", c->arguments[0])
          : upk_diag_add(&c->diags, 4000, UPK_NO_SPAN, "name a shell");
  upk_diag_help(&c->diags, diag, "the shells are bash, zsh and fish");
  return UPK_USAGE;
}

const verb verb_completion = {
    .name = "completion",
    .arguments = "[bash|zsh|fish]",
    .summary = "a script that completes upkeep's command line in a shell",
    .detail = "Verbs, flags, formats, and the targets, windows and runs of the "
              "project. With -o DIR\nthe scripts of all shells are written to "
              "DIR.",
    .flags = FLAG_BIT(output),
    .max_arguments = 1,
    .run = run,
};
