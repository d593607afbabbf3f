/* upkeep inspect: the facts of one target. */
#include "cli.h"

static upk_status run(cli *c) {
  project p;
  upk_buf facts = {0};
  upk_str path, target = upk_str_from(c->argument_count ? c->arguments[0] : "");
  upk_status status = project_load(c, &p);
  if (status == UPK_OK)
    status = facts_get(c, &p, target, &facts, &path);
  if (status == UPK_OK) {
    if (flag_given(c, FLAG_output))
      status = file_write(c, flag_text(c, FLAG_output), upk_buf_view(&facts));
    else
      print_bytes(c, upk_buf_view(&facts));
  }
  if (status == UPK_OK && flag_given(c, FLAG_output))
    say(c, "wrote %s\n", flag_text(c, FLAG_output).data);
  upk_buf_free(&facts);
  return status;
}

const verb verb_inspect = {
    .name = "inspect",
    .arguments = "[TARGET]",
    .summary = "read the facts of a target, print or save them",
    .detail = "Read-only. Only what the policies refer to is read; --all reads "
              "everything.",
    .flags = FLAG_BIT(output) | FLAG_BIT(all) | FLAG_BIT(connect_timeout) |
             FLAG_BIT(statement_timeout),
    .max_arguments = 1,
    .run = run,
};
