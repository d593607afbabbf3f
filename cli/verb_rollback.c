/* upkeep rollback: undoes what a run applied, last first. */
#include <stdio.h>
#include <unistd.h>

#include "plan_view.h"
#include "quote.h"
#include "runs.h"

static void line_of(const plan_view *view, upk_str id, upk_buf *out) {
  size_t number = plan_view_number(view, id);
  const upk_json *step = upk_json_at(view->steps, number ? number - 1 : 0);
  upk_buf_printf(out, "%.*s  ", UPK_FMT(upk_json_text(step, "action")));
  object_display(upk_json_get(upk_json_get(step, "object"), "name"), out);
}

/* Its undo: the statements, and whether it takes back or builds anew. */
static void undo_text(const plan_view *view, upk_str id, upk_buf *out) {
  const upk_json *step =
      upk_json_at(view->steps, plan_view_number(view, id) - 1);
  const upk_json *undo = upk_json_get(step, "undo");
  const upk_json *steps = upk_json_get(undo, "steps");
  upk_str why = upk_json_text(undo, "why");
  if (upk_str_is(upk_json_text(undo, "class"), "restore"))
    upk_buf_str(out, UPK_STR("  (made anew, which takes time and room)"));
  upk_buf_char(out, '\n');
  if (why.len)
    upk_buf_printf(out, "     %.*s\n", UPK_FMT(why));
  statements_text(steps, out);
}

static size_t preview(cli *c, const upk_json *plan, const upk_undo *undo) {
  plan_view view;
  upk_buf out = {0};
  size_t can = 0;
  plan_view_init(&view, c->arena, plan);
  for (size_t i = 0; i < undo->count; i++)
    can += undo->steps[i].can;
  upk_buf_printf(&out, "%zu of %zu applied steps are undone, last first:\n",
                 can, undo->count);
  for (size_t i = 0, shown = 0; i < undo->count; i++) {
    if (!undo->steps[i].can)
      continue;
    upk_buf_printf(&out, "\n%3zu  ", ++shown);
    line_of(&view, undo->steps[i].step, &out);
    undo_text(&view, undo->steps[i].step, &out);
  }
  if (can < undo->count)
    upk_buf_str(&out, UPK_STR("\nThese stay as they are:\n"));
  for (size_t i = 0; i < undo->count; i++) {
    if (undo->steps[i].can)
      continue;
    upk_buf_str(&out, UPK_STR("     "));
    line_of(&view, undo->steps[i].step, &out);
    upk_buf_printf(&out, ": %.*s\n",
                   UPK_FMT(undo->steps[i].why.len ? undo->steps[i].why
                                                  : UPK_STR("it has no undo")));
  }
  if (undo->open)
    upk_buf_printf(&out, "\nOf %zu more the database is asked first.\n",
                   undo->open);
  print_text(c, upk_buf_view(&out));
  upk_buf_free(&out);
  return can;
}

static upk_status confirm(cli *c) {
  char answer[16] = "";
  if (flag_given(c, FLAG_yes))
    return UPK_OK;
  if (!isatty(0)) {
    upk_diag *diag = upk_diag_add(&c->diags, 3204, UPK_NO_SPAN,
                                  "the rollback was not confirmed");
    upk_diag_help(&c->diags, diag,
                  "look at it with --dry-run, then give --yes");
    return UPK_USAGE;
  }
  fputs("\nUndo them? [y/N] ", stderr);
  if (fgets(answer, sizeof answer, stdin) &&
      (answer[0] == 'y' || answer[0] == 'Y'))
    return UPK_OK;
  say(c, "nothing was done\n");
  return UPK_CANCELLED;
}

static upk_status roll_back(cli *c, project *p, taken_run *taken) {
  upk_undo undo;
  upk_apply_request request = {.goal = UPK_ROLLBACK,
                               .cancel_orphan =
                                   flag_given(c, FLAG_cancel_orphan),
                               .run = taken->name,
                               .plan = upk_buf_view(&taken->bytes),
                               .plan_path = taken->plan_path};
  upk_status status = upk_run_undo(taken->folder, request.plan,
                                   taken->plan_path, &c->diags, &undo);
  if (status != UPK_OK)
    return status;
  fflush(stdout);
  bool nothing = !preview(c, taken->plan, &undo) && !undo.open && !undo.cut_off;
  fflush(stdout);
  if (flag_given(c, FLAG_dry_run) || nothing)
    return UPK_OK;
  status = confirm(c);
  if (status == UPK_OK)
    status = project_load(c, p);
  return status == UPK_OK ? execute(c, p, taken->plan, &request) : status;
}

static upk_status run(cli *c) {
  project p;
  taken_run taken = {0};
  upk_status status = project_find(c, &p);
  if (status == UPK_OK)
    status = runs_take(c, &p, c->arguments[0], &taken);
  if (status == UPK_OK)
    status = roll_back(c, &p, &taken);
  upk_buf_free(&taken.bytes);
  return status;
}

const verb verb_rollback = {
    .name = "rollback",
    .arguments = "RUN",
    .summary = "undo what a run applied, last step first",
    .detail = "Prints what will be undone, and what cannot be and why; then "
              "asks, or needs --yes where nobody can\nbe asked. A rollback "
              "that was cut off goes on when it is called again.",
    .flags = FLAG_BIT(dry_run) | FLAG_BIT(yes) | FLAG_BIT(jobs) |
             FLAG_BIT(connect_timeout) | FLAG_BIT(cancel_orphan) | FLAGS_RECORD,
    .min_arguments = 1,
    .max_arguments = 1,
    .run = run,
};
