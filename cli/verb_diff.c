/* upkeep diff: what changed between two plans, step by step. */
#include "cli.h"
#include "plan_view.h"

typedef struct plans {
  plan_view old, new;
  size_t added, removed, changed, same;
  upk_buf out;
} plans;

static void line(plans *d, char sign, const upk_json *step, const char *what) {
  upk_buf_printf(&d->out, "%c %.*s  %s%.*s\n", sign,
                 UPK_FMT(upk_json_text(step, "id")), what,
                 UPK_FMT(upk_json_text(step, "because")));
}

/* Two steps of one id do the same when their intents are equal. */
static void compare(plans *d, const upk_json *before, const upk_json *after) {
  if (upk_str_equal(upk_json_text(before, "intent"),
                    upk_json_text(after, "intent"))) {
    d->same++;
    return;
  }
  d->changed++;
  upk_str risk = upk_json_text(before, "risk");
  line(d, '~', after,
       upk_str_equal(risk, upk_json_text(after, "risk"))
           ? "does something else: "
           : "has another risk: ");
}

static void diff(plans *d) {
  for (size_t i = 0; i < upk_json_count(d->old.steps); i++) {
    const upk_json *step = upk_json_at(d->old.steps, i);
    if (plan_view_number(&d->new, upk_json_text(step, "id")))
      continue;
    d->removed++;
    line(d, '-', step, "");
  }
  for (size_t i = 0; i < upk_json_count(d->new.steps); i++) {
    const upk_json *step = upk_json_at(d->new.steps, i);
    size_t before = plan_view_number(&d->old, upk_json_text(step, "id"));
    if (before) {
      compare(d, upk_json_at(d->old.steps, before - 1), step);
    } else {
      d->added++;
      line(d, '+', step, "");
    }
  }
  upk_str intents[] = {upk_json_text(d->old.plan, "intent"),
                       upk_json_text(d->new.plan, "intent")};
  upk_buf_printf(&d->out,
                 "%zu added, %zu removed, %zu changed, %zu unchanged; the "
                 "intent is %s\n",
                 d->added, d->removed, d->changed, d->same,
                 upk_str_equal(intents[0], intents[1])
                     ? "the same: an approval of one holds for the other"
                     : "another");
}

static upk_status run(cli *c) {
  upk_buf bytes[2] = {{0}, {0}};
  const upk_json *trees[2] = {NULL, NULL};
  plans d = {.added = 0};
  upk_status status = UPK_OK;
  for (size_t i = 0; i < 2 && status == UPK_OK; i++)
    status = plan_load(c, upk_str_from(c->arguments[i]), &bytes[i], &trees[i]);
  if (status == UPK_OK) {
    plan_view_init(&d.old, c->arena, trees[0]);
    plan_view_init(&d.new, c->arena, trees[1]);
    diff(&d);
    print_text(c, upk_buf_view(&d.out));
    if (flag_given(c, FLAG_detailed_exitcode) &&
        d.added + d.removed + d.changed)
      status = UPK_CHANGES;
  }
  upk_buf_free(&d.out);
  upk_buf_free(&bytes[0]);
  upk_buf_free(&bytes[1]);
  return status;
}

const verb verb_diff = {
    .name = "diff",
    .arguments = "OLD NEW",
    .summary = "what changed between two plans",
    .flags = FLAG_BIT(detailed_exitcode),
    .min_arguments = 2,
    .max_arguments = 2,
    .run = run,
};
