/* plan_diff_cause.h
 *
 * A plan is made of policies, the standard library, options, windows and facts,
 * and says what each of them was: so a step that is another is so for one of
 * these reasons, and the first of them in this order that differs is named. */
#include <inttypes.h>
#include <string.h>

#include "cli.h"
#include "plan_diff_cause.h"
#include "timefmt.h"

static const upk_json *input(const plan_view *view, const char *name) {
  return upk_json_get(upk_json_get(view->body, "inputs"), name);
}

static bool differs(const upk_json *a, const upk_json *b, const char *key) {
  return !upk_str_equal(upk_json_text(a, key), upk_json_text(b, key));
}

static upk_str words(const plan_diff *diff, const char *format, ...)
    UPK_PRINTF(2, 3);
static upk_str words(const plan_diff *diff, const char *format, ...) {
  va_list args;
  va_start(args, format);
  upk_str text = upk_arena_vprintf(diff->new.arena, format, args);
  va_end(args);
  return text;
}

/* ---- the plans as wholes ---- */

static void note(plan_diff *diff, upk_str text) {
  *UPK_PUSH(diff->new.arena, &diff->notes) = text;
}

static upk_str moment(const plan_diff *diff, int64_t us) {
  upk_buf text = {0};
  upk_timestamp_format(us, &text);
  upk_str copy = upk_arena_copy(diff->new.arena, upk_buf_view(&text));
  upk_buf_free(&text);
  return copy;
}

static void note_target(plan_diff *diff) {
  const upk_json *old = diff->old.target, *new = diff->new.target;
  bool name = differs(old, new, "name");
  bool identity = !upk_str_equal(upk_json_get(old, "identity")->bytes,
                                 upk_json_get(new, "identity")->bytes);
  diff->same_target = !name && !identity;
  if (name)
    note(diff, words(diff, "the target is `%.*s` instead of `%.*s`",
                     UPK_FMT(upk_json_text(new, "name")),
                     UPK_FMT(upk_json_text(old, "name"))));
  else if (identity)
    note(diff, words(diff, "behind `%.*s` is another database",
                     UPK_FMT(upk_json_text(new, "name"))));
  if (differs(old, new, "version"))
    note(diff, words(diff, "the server's version is %.*s instead of %.*s",
                     UPK_FMT(upk_json_text(new, "version")),
                     UPK_FMT(upk_json_text(old, "version"))));
  if (differs(old, new, "role"))
    note(diff, words(diff, "its role is %.*s instead of %.*s",
                     UPK_FMT(upk_json_text(new, "role")),
                     UPK_FMT(upk_json_text(old, "role"))));
}

static void note_inputs(plan_diff *diff) {
  const upk_json *old = input(&diff->old, "stdlib");
  const upk_json *new = input(&diff->new, "stdlib");
  if (differs(old, new, "sha256"))
    note(diff, words(diff, "the standard library is another (%.*s, was %.*s)",
                     UPK_FMT(upk_json_text(new, "version")),
                     UPK_FMT(upk_json_text(old, "version"))));
  if (!upk_str_equal(input(&diff->old, "options")->bytes,
                     input(&diff->new, "options")->bytes))
    note(diff, words(diff, "made with other options: %.*s, was %.*s",
                     UPK_FMT(input(&diff->new, "options")->bytes),
                     UPK_FMT(input(&diff->old, "options")->bytes)));
  int64_t taken = upk_json_number(input(&diff->old, "facts"), "taken_at", 0);
  int64_t since = upk_json_number(input(&diff->new, "facts"), "taken_at", 0);
  if (differs(input(&diff->old, "facts"), input(&diff->new, "facts"), "sha256"))
    note(diff,
         words(diff, "other facts: of %.*s, was %.*s",
               UPK_FMT(moment(diff, since)), UPK_FMT(moment(diff, taken))));
}

static void note_windows(plan_diff *diff) {
  const upk_json *old = upk_json_get(diff->old.body, "windows");
  const upk_json *new = upk_json_get(diff->new.body, "windows");
  int64_t was = upk_json_number(diff->old.body, "expires_at", 0);
  int64_t is = upk_json_number(diff->new.body, "expires_at", 0);
  if (!upk_str_equal(old->bytes, new->bytes))
    note(diff, words(diff, "its windows or their next openings are others"));
  if (was != is)
    note(diff, words(diff, "it expires at %.*s, was %.*s",
                     UPK_FMT(moment(diff, is)), UPK_FMT(moment(diff, was))));
}

void diff_notes(plan_diff *diff) {
  note_target(diff);
  note_inputs(diff);
  note_windows(diff);
}

/* ---- one step ---- */

static const upk_json *find_by(const upk_json *items, const char *key,
                               upk_str value) {
  for (size_t i = 0; i < upk_json_count(items); i++)
    if (upk_str_equal(upk_json_text(upk_json_at(items, i), key), value))
      return upk_json_at(items, i);
  return NULL;
}

static const upk_json *rule_of(const plan_view *view, upk_str policy) {
  return find_by(upk_json_get(upk_json_get(view->plan, "provenance"), "rules"),
                 "policy", policy);
}

/* Whether the policy says something else, is new, or is gone; without `rules`
 * in a plan it is not known, and the plans' digests of all have to do. */
static bool policy_differs(const plan_diff *diff, upk_str policy, upk_str place,
                           upk_str *ret_cause) {
  const upk_json *old = rule_of(&diff->old, policy);
  const upk_json *new = rule_of(&diff->new, policy);
  const char *where = place.len ? " at " : "";
  if (!policy.len || (!old && !new))
    return false;
  if (!old)
    *ret_cause = words(diff, "policy `%.*s` is new%s%.*s", UPK_FMT(policy),
                       where, UPK_FMT(place));
  else if (!new)
    *ret_cause = words(diff, "policy `%.*s` is gone, it was%s%.*s",
                       UPK_FMT(policy), where, UPK_FMT(place));
  else if (differs(old, new, "sha256"))
    *ret_cause = words(diff, "policy `%.*s` changed%s%.*s", UPK_FMT(policy),
                       where, UPK_FMT(place));
  else
    return false;
  return true;
}

static bool same_object(const upk_json *item, const upk_json *step) {
  return upk_str_equal(
      upk_json_get(item, "object")->bytes,
      upk_json_get(upk_json_get(step, "object"), "name")->bytes);
}

/* What the other plan says of the step's object: deferred, unknown, exempt. */
static upk_str said_there(const plan_diff *diff, const plan_view *view,
                          const upk_json *step) {
  upk_str policy = upk_json_text(step, "policy");
  const upk_json *deferred = upk_json_get(view->body, "deferred");
  for (size_t i = 0; i < upk_json_count(deferred); i++) {
    const upk_json *item = upk_json_at(deferred, i);
    upk_str detail = upk_json_text(item, "detail");
    if (upk_str_equal(upk_json_text(item, "policy"), policy) &&
        same_object(item, step))
      return words(diff, "deferred (%.*s%s%.*s)",
                   UPK_FMT(upk_json_text(item, "reason")),
                   detail.len ? ": " : "", UPK_FMT(detail));
  }
  const upk_json *row =
      find_by(upk_json_get(view->body, "considered"), "policy", policy);
  const upk_json *details = upk_json_get(row, "details");
  for (size_t i = 0; i < upk_json_count(details); i++) {
    const upk_json *item = upk_json_at(details, i);
    if (same_object(item, step))
      return words(diff, "%.*s (%.*s)", UPK_FMT(upk_json_text(item, "verdict")),
                   UPK_FMT(upk_json_text(item, "because")));
  }
  return UPK_NO_STR;
}

static void cause_by_facts(const plan_diff *diff, diff_step *step) {
  const upk_json *any = step->after ? step->after : step->before;
  upk_str because = upk_json_text(any, "because");
  bool facts =
      differs(input(&diff->old, "facts"), input(&diff->new, "facts"), "sha256");
  if (step->before && step->after) {
    upk_str was = upk_json_text(step->before, "because");
    step->cause = upk_str_equal(was, because)
                      ? words(diff, facts ? "facts changed" : "")
                      : words(diff, "facts changed from %.*s to %.*s",
                              UPK_FMT(was), UPK_FMT(because));
    return;
  }
  upk_str there = said_there(diff, step->after ? &diff->old : &diff->new, any);
  if (there.len)
    step->cause = words(diff, "%s %.*s", step->after ? "it was" : "it is now",
                        UPK_FMT(there));
  else if (facts)
    step->cause = words(diff, "facts changed: %s %.*s",
                        step->after ? "now" : "no longer", UPK_FMT(because));
}

/* The library says how a remedy is carried out; options choose the steps. */
static bool cause_by_program(const plan_diff *diff, diff_step *step) {
  bool library = differs(input(&diff->old, "stdlib"),
                         input(&diff->new, "stdlib"), "sha256");
  bool options = !upk_str_equal(input(&diff->old, "options")->bytes,
                                input(&diff->new, "options")->bytes);
  if (library && step->kind == DIFF_CHANGED)
    step->cause = words(diff, "the standard library changed");
  else if (options && (!step->before || !step->after))
    step->cause = words(diff, "other options were given");
  else
    return false;
  return true;
}

void diff_cause(const plan_diff *diff, diff_step *step) {
  const upk_json *any = step->after ? step->after : step->before;
  const plan_view *view = step->after ? &diff->new : &diff->old;
  upk_str policy = upk_json_text(any, "policy");
  step->place = plan_view_place(view, any);
  bool known = policy_differs(diff, policy, step->place, &step->cause) ||
               cause_by_program(diff, step);
  bool facts =
      differs(input(&diff->old, "facts"), input(&diff->new, "facts"), "sha256");
  if (!known)
    cause_by_facts(diff, step);
  else if (facts && (!step->before || !step->after))
    step->cause =
        words(diff, "%.*s, and the facts are others too", UPK_FMT(step->cause));
  if (!step->cause.len && step->kind == DIFF_CHANGED)
    step->cause = words(diff, "another step or its window changed");
}
