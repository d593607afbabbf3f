/* upkeep diff: what changed between two plans, step by step, and why. */
#include "cli.h"
#include "plan_diff.h"

static upk_status print_diff(cli *c, const plan_diff *diff) {
  upk_buf out = {0};
  size_t room = markdown_room(c);
  if (!room)
    return UPK_USAGE;
  if (format_is(c, "json", "text"))
    plan_diff_json(diff, &out);
  else if (format_is(c, "markdown", "text"))
    plan_diff_markdown(diff, room, &out);
  else
    plan_diff_text(diff, flag_given(c, FLAG_verbose), &out);
  if (format_is(c, "text", "text"))
    print_text(c, upk_buf_view(&out));
  else
    print_bytes(c, upk_buf_view(&out));
  upk_buf_free(&out);
  return UPK_OK;
}

static upk_status run(cli *c) {
  upk_buf bytes[2] = {{0}, {0}};
  const upk_json *trees[2] = {NULL, NULL};
  plan_diff diff;
  upk_status status = UPK_OK;
  for (size_t i = 0; i < 2 && status == UPK_OK; i++)
    status = plan_load(c, upk_str_from(c->arguments[i]), &bytes[i], &trees[i]);
  if (status == UPK_OK) {
    plan_diff_make(&diff, c->arena, trees[0], trees[1]);
    status = print_diff(c, &diff);
    if (status == UPK_OK && flag_given(c, FLAG_detailed_exitcode) &&
        (!diff.same_intent || !diff.approvals_hold))
      status = UPK_CHANGES;
  }
  upk_buf_free(&bytes[0]);
  upk_buf_free(&bytes[1]);
  return status;
}

const verb verb_diff = {
    .name = "diff",
    .arguments = "OLD NEW",
    .summary = "what changed between two plans, and why",
    .detail = "With --detailed-exitcode: 2 when the plans' intents differ, or "
              "approvals of the first do not\nhold for the second; 0 when only "
              "reasons, estimates or times do.",
    .formats = "text,json,markdown",
    .flags =
        FLAG_BIT(format) | FLAG_BIT(max_bytes) | FLAG_BIT(detailed_exitcode),
    .min_arguments = 2,
    .max_arguments = 2,
    .run = run,
};
