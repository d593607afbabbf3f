/* upkeep approve: signs a statement about a plan, or a standing one. */
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "approval.h"
#include "executor.h"
#include "plan_view.h"
#include "timefmt.h"

#define DAY_US (INT64_C(86400) * 1000000)
enum { EXPIRES_DAYS = 7, USES_MAX = 1000000 };

/* ---- what is to be signed ---- */

static size_t count_risk(const plan_view *view, const char *risk) {
  size_t count = 0;
  for (size_t i = 0; i < upk_json_count(view->steps); i++)
    count +=
        upk_str_is(upk_json_text(upk_json_at(view->steps, i), "risk"), risk);
  return count;
}

static void line_of(const upk_json *step, upk_buf *out) {
  upk_buf_printf(out, "  %.*s  ", UPK_FMT(upk_json_text(step, "action")));
  object_display(upk_json_get(upk_json_get(step, "object"), "name"), out);
}

/* Steps that deserve a look: what has no way back, and high risk. */
static void grave_steps(const plan_view *view, upk_buf *out) {
  for (size_t i = 0; i < upk_json_count(view->steps); i++) {
    const upk_json *step = upk_json_at(view->steps, i);
    const upk_json *undo = upk_json_get(step, "undo");
    bool high = upk_str_is(upk_json_text(step, "risk"), "high");
    bool final = upk_str_is(upk_json_text(undo, "class"), "none");
    if (!high && !final)
      continue;
    line_of(step, out);
    upk_buf_printf(out, ": %s%s%s", high ? "high risk" : "",
                   high && final ? ", " : "", final ? "cannot be undone" : "");
    if (final && upk_json_text(undo, "why").len)
      upk_buf_printf(out, " (%.*s)", UPK_FMT(upk_json_text(undo, "why")));
    upk_buf_char(out, '\n');
  }
}

static void required_text(const upk_json *body, upk_buf *out) {
  const upk_json *list = upk_json_get(body, "approvals_required");
  for (size_t i = 0; i < upk_json_count(list); i++) {
    const upk_json *rule = upk_json_at(list, i);
    upk_str when = upk_json_text(rule, "when");
    int64_t wanted = upk_json_number(rule, "signatures", 0);
    size_t steps = upk_json_count(upk_json_get(rule, "steps"));
    upk_buf_printf(out, "Needs %" PRId64 " approval%s for %zu step%s%s%.*s.\n",
                   wanted, wanted == 1 ? "" : "s", steps, steps == 1 ? "" : "s",
                   when.len ? " where " : "", UPK_FMT(when));
  }
}

static void show_plan(cli *c, const upk_json *plan) {
  plan_view view;
  upk_buf out = {0};
  if (flag_given(c, FLAG_verbose)) {
    plan_text(plan, c->color_out, true, true, &out);
    upk_buf_char(&out, '\n');
  }
  plan_view_init(&view, c->arena, plan);
  plan_view_title(&view, &out);
  upk_buf_printf(&out, "\nRisk: %zu high, %zu medium, %zu low. Blocking: ",
                 count_risk(&view, "high"), count_risk(&view, "medium"),
                 count_risk(&view, "low"));
  upk_duration_human(
      upk_json_number(upk_json_get(view.body, "totals"), "blocking_ms", 0) *
          1000,
      &out);
  upk_buf_str(&out, UPK_STR(" expected.\n"));
  grave_steps(&view, &out);
  required_text(view.body, &out);
  print_text(c, upk_buf_view(&out));
  fflush(stdout);
  upk_buf_free(&out);
}

static upk_status confirm(cli *c, const upk_signing *signing) {
  char answer[16] = "";
  if (flag_given(c, FLAG_yes))
    return UPK_OK;
  if (!isatty(0)) {
    upk_diag *diag = upk_diag_add(&c->diags, 3320, UPK_NO_SPAN,
                                  "the approval was not confirmed");
    upk_diag_help(&c->diags, diag, "look at the plan, then give --yes");
    return UPK_USAGE;
  }
  fputs(signing->reject ? "\nReject it? [y/N] " : "\nApprove it? [y/N] ",
        stderr);
  if (fgets(answer, sizeof answer, stdin) &&
      (answer[0] == 'y' || answer[0] == 'Y'))
    return UPK_OK;
  say(c, "nothing was signed\n");
  return UPK_CANCELLED;
}

/* ---- flags ---- */

static upk_status usage(cli *c, const char *wrong) {
  upk_diag_add(&c->diags, 4000, UPK_NO_SPAN, "%s", wrong);
  return UPK_USAGE;
}

/* --until TIME, or --expires DURATION from now. */
static upk_status read_end(cli *c, int64_t now_us, upk_signing *signing) {
  int64_t us = EXPIRES_DAYS * DAY_US;
  if (flag_given(c, FLAG_until)) {
    if (!upk_timestamp_parse(flag_text(c, FLAG_until), &us) || us <= now_us)
      return usage(c, "--until is no time to come, such as "
                      "2027-01-01T00:00Z");
    signing->not_after_us = us;
    return UPK_OK;
  }
  if (flag_given(c, FLAG_standing))
    return usage(c, "--standing needs --until TIME");
  if (flag_given(c, FLAG_expires) &&
      (!upk_duration_parse(flag_text(c, FLAG_expires), &us) || us <= 0 ||
       us > 3660 * DAY_US))
    return usage(c, "--expires is no duration, such as 7d");
  signing->not_after_us = now_us + us;
  return UPK_OK;
}

static upk_status read_uses(cli *c, upk_signing *signing) {
  char *end = NULL;
  signing->max_uses = 1;
  if (!flag_given(c, FLAG_max_uses)) {
    if (flag_given(c, FLAG_standing))
      return usage(c, "--standing needs --max-uses N");
    return UPK_OK;
  }
  errno = 0;
  signing->max_uses = strtoll(c->flags[FLAG_max_uses], &end, 10);
  if (errno || *end || signing->max_uses < 1 || signing->max_uses > USES_MAX)
    return usage(c, "--max-uses takes a number from 1 to 1000000");
  return UPK_OK;
}

static upk_status read_when(cli *c, upk_signing *signing) {
  upk_approval_when when;
  if (!flag_given(c, FLAG_when))
    return UPK_OK;
  if (!flag_given(c, FLAG_standing))
    return usage(c, "--when is for --standing: an approval of a plan is of all "
                    "its steps");
  signing->when = flag_text(c, FLAG_when);
  uint32_t source =
      upk_diags_source(&c->diags, UPK_STR("--when"), signing->when);
  upk_span at = {source, 1, 1, 1, (uint32_t)signing->when.len + 1};
  return upk_approval_compile(c->arena, signing->when, at, &c->diags, &when)
             ? UPK_OK
             : UPK_USAGE;
}

static upk_status read_flags(cli *c, int64_t now_us, upk_signing *signing) {
  signing->key = flag_text(c, FLAG_key);
  signing->reject = flag_given(c, FLAG_reject);
  if (flag_given(c, FLAG_as))
    signing->by = flag_text(c, FLAG_as);
  if (flag_given(c, FLAG_reason))
    signing->reason = flag_text(c, FLAG_reason);
  if (signing->reject && !signing->reason.len)
    return usage(c, "--reject needs --reason");
  if (signing->reject && flag_given(c, FLAG_standing))
    return usage(c, "--standing approves, and cannot --reject");
  upk_status status = read_end(c, now_us, signing);
  if (status == UPK_OK)
    status = read_uses(c, signing);
  if (status == UPK_OK)
    status = read_when(c, signing);
  return status;
}

/* ---- the file ---- */

/* One write at the end: lines of several reviewers do not mix. */
static upk_status append(cli *c, upk_str path, upk_str line) {
  upk_str name = upk_arena_copy(c->arena, path);
  int fd = open(name.data, O_RDWR | O_CREAT | O_APPEND | O_CLOEXEC, 0644);
  char last = '\n';
  off_t size = fd < 0 ? -1 : lseek(fd, 0, SEEK_END);
  bool good = size >= 0;
  if (size > 0 && pread(fd, &last, 1, size - 1) == 1 && last != '\n')
    good = write(fd, "\n", 1) == 1;
  good = good && write(fd, line.data, line.len) == (ssize_t)line.len;
  int reason = errno;
  if (fd >= 0 && close(fd) != 0)
    good = false;
  if (good)
    return UPK_OK;
  upk_diag_add(&c->diags, 4003, UPK_NO_SPAN, "cannot write %.*s: %s",
               UPK_FMT(path), strerror(reason));
  return UPK_ERROR;
}

/* What the new line is worth by the rules at hand. */
static void tell_worth(cli *c, const upk_signing *signing,
                       const upk_approvals *approvals, const upk_clock *clock) {
  upk_diags quiet;
  upk_buf report = {0};
  upk_json_error error;
  upk_approved approved;
  upk_diags_init(&quiet, c->arena);
  upk_status status =
      upk_approvals_judge(signing->plan, signing->plan_path, approvals, clock,
                          &quiet, upk_sink_buf(&report), &approved);
  const upk_json *tree =
      report.len ? upk_json_parse(c->arena, upk_buf_view(&report), &error)
                 : NULL;
  const upk_json *list = upk_json_get(tree, "signatures"), *mine = NULL;
  for (size_t i = 0; i < upk_json_count(list); i++) {
    const upk_json *vote = upk_json_at(list, i);
    if (!upk_json_flag(vote, "standing", false) &&
        (!mine ||
         upk_json_number(vote, "line", 0) >= upk_json_number(mine, "line", 0)))
      mine = vote;
  }
  upk_str by =
      mine ? upk_json_at(upk_json_get(mine, "by"), 0)->string : UPK_NO_STR;
  upk_str text = upk_json_text(mine, "text");
  if (mine && text.len)
    say(c, "By the rules of %.*s it does not count: %.*s\n",
        UPK_FMT(approvals->rules_path), UPK_FMT(text));
  else if (mine && upk_json_count(upk_json_get(mine, "by")))
    say(c, "It is by %.*s. %s\n", UPK_FMT(by),
        status == UPK_OK ? "The plan has all approvals that it needs."
                         : "The plan needs more: see `upkeep verify`.");
  upk_buf_free(&report);
}

static upk_status sign_plan(cli *c, const project *p, upk_signing *signing,
                            const upk_clock *clock) {
  upk_buf bytes = {0}, line = {0}, all = {0};
  const upk_json *plan;
  upk_approvals approvals;
  signing->plan_path = upk_str_from(c->arguments[0]);
  upk_status status = plan_load(c, signing->plan_path, &bytes, &plan);
  signing->plan = upk_buf_view(&bytes);
  if (status == UPK_OK)
    status = upk_plan_verify(signing->plan, signing->plan_path, &c->diags);
  if (status == UPK_OK)
    status = executor_load(c, p, signing->plan_path, plan, &approvals);
  if (status == UPK_OK) {
    show_plan(c, plan);
    status = confirm(c, signing);
  }
  if (status == UPK_OK)
    status = upk_approval_sign(signing, &approvals, clock, &c->diags, &line);
  if (status == UPK_OK)
    status = append(c, approvals.signatures_path, upk_buf_view(&line));
  if (status == UPK_OK) {
    say(c, "Signed: %.*s\n", UPK_FMT(approvals.signatures_path));
    upk_buf_str(&all, approvals.signatures);
    if (all.len && all.data[all.len - 1] != '\n')
      upk_buf_char(&all, '\n');
    upk_buf_str(&all, upk_buf_view(&line));
    approvals.signatures = upk_buf_view(&all);
    tell_worth(c, signing, &approvals, clock);
  }
  upk_buf_free(&bytes);
  upk_buf_free(&line);
  upk_buf_free(&all);
  return status;
}

static upk_status sign_standing(cli *c, const project *p, upk_signing *signing,
                                const upk_clock *clock) {
  upk_buf line = {0};
  upk_approvals approvals;
  upk_status status = executor_load(c, p, UPK_NO_STR, NULL, &approvals);
  if (status == UPK_OK) {
    upk_buf until = {0};
    upk_timestamp_format(signing->not_after_us, &until);
    say(c,
        "A standing approval of every step%s%.*s, on every target, in %lld "
        "runs until %.*s.\n",
        signing->when.len ? " where " : "", UPK_FMT(signing->when),
        (long long)signing->max_uses, UPK_FMT(upk_buf_view(&until)));
    upk_buf_free(&until);
    status = confirm(c, signing);
  }
  if (status == UPK_OK)
    status = upk_approval_sign(signing, &approvals, clock, &c->diags, &line);
  if (status == UPK_OK && flag_given(c, FLAG_output))
    status = append(c, flag_text(c, FLAG_output), upk_buf_view(&line));
  else if (status == UPK_OK)
    print_out(upk_buf_view(&line));
  upk_buf_free(&line);
  return status;
}

static upk_status run(cli *c) {
  project p;
  upk_clock clock = system_clock();
  upk_signing signing = {0};
  bool standing = flag_given(c, FLAG_standing);
  if (standing != (c->argument_count == 0))
    return usage(c, standing ? "--standing is not about one plan: name none"
                             : "name the plan, or give --standing");
  upk_status status = read_flags(c, clock.wall_us(clock.ctx), &signing);
  if (status == UPK_OK)
    status = project_find(c, &p);
  if (status != UPK_OK)
    return status;
  return standing ? sign_standing(c, &p, &signing, &clock)
                  : sign_plan(c, &p, &signing, &clock);
}

const verb verb_approve = {
    .name = "approve",
    .arguments = "PLAN",
    .summary = "sign that a plan may be executed, or must not be",
    .detail =
        "Shows what the plan would do, asks, and signs with the reviewer's SSH "
        "key. The signature goes to PLAN.sig\nbeside the plan, a line each: "
        "commit it. It is for the steps as they are now: a plan made anew "
        "keeps it while it\nhas no other steps. --standing approves steps of "
        "plans to come; its line goes to a file that the executor names\nunder "
        "`standing_approvals`.",
    .flags = FLAG_BIT(key) | FLAG_BIT(as) | FLAG_BIT(reject) |
             FLAG_BIT(reason) | FLAG_BIT(expires) | FLAG_BIT(max_uses) |
             FLAG_BIT(standing) | FLAG_BIT(when) | FLAG_BIT(until) |
             FLAG_BIT(output) | FLAG_BIT(yes) | FLAG_BIT(executor) |
             FLAG_BIT(signatures),
    .min_arguments = 0,
    .max_arguments = 1,
    .run = run,
};
