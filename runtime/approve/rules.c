#include "approve/rules.h"

#include <unistd.h>

#include "quote.h"

/* ---- a step's values ---- */

static bool runs_program(const upk_json *run) {
  for (size_t i = 0; i < upk_json_count(run); i++)
    if (upk_json_count(upk_json_get(upk_json_at(run, i), "exec")))
      return true;
  return false;
}

static upk_str display(upk_arena *arena, const upk_json *name) {
  size_t count = upk_json_count(name);
  upk_str *parts = UPK_NEW_ARRAY(arena, upk_str, count + 1);
  upk_buf text = {0};
  for (size_t i = 0; i < count; i++)
    parts[i] = upk_json_at(name, i)->string;
  upk_display_name(parts, count, &text);
  upk_str copy = upk_arena_copy(arena, upk_buf_view(&text));
  upk_buf_free(&text);
  return copy;
}

static int64_t largest(int64_t a, int64_t b) { return a > b ? a : b; }

static int64_t number(const upk_json *object, const char *key) {
  return upk_json_number(object, key, 0);
}

static size_t height(upk_str risk) {
  return upk_str_is(risk, "low") ? 0 : upk_str_is(risk, "medium") ? 1 : 2;
}

static const upk_json *declared_of(const reviewed *plan, const upk_json *step) {
  uint64_t number = 0;
  bool found = upk_map_find(&plan->by_id, upk_json_text(step, "id"), &number);
  return upk_json_at(plan->declared, found ? (size_t)number : plan->step_count);
}

/* A step is at least as risky as the executor's own stdlib declares its action,
 * and can be undone no better. Of an action that it does not know neither is
 * known: then every rule that asks for them is asked. */
static void take_declared(const reviewed *plan, const upk_json *step,
                          upk_approval_values *v, upk_str *undo) {
  upk_str risk = upk_json_text(step, "risk");
  if (plan->declared) {
    const upk_json *own = declared_of(plan, step);
    upk_str least = upk_json_text(own, "risk"),
            class = upk_json_text(own, "undo");
    if (!least.data)
      risk = *undo = UPK_NO_STR;
    else if (height(least) > height(risk))
      risk = least;
    if (upk_str_is(class, "none"))
      *undo = class;
  }
  v->texts[UPK_APPROVAL_risk] = risk;
}

upk_approval_values rules_values(const reviewed *plan, const upk_json *step) {
  const upk_json *e = upk_json_get(step, "estimate");
  upk_str undo = upk_json_text(upk_json_get(step, "undo"), "class");
  upk_approval_values v = {0};
  v.texts[UPK_APPROVAL_action] = upk_json_text(step, "action");
  v.texts[UPK_APPROVAL_atomicity] = upk_json_text(step, "atomicity");
  v.texts[UPK_APPROVAL_engine] = plan->engine;
  v.texts[UPK_APPROVAL_kind] =
      upk_json_text(upk_json_get(step, "object"), "kind");
  v.texts[UPK_APPROVAL_policy] = upk_json_text(step, "policy");
  take_declared(plan, step, &v, &undo);
  v.texts[UPK_APPROVAL_target] = plan->target;
  v.texts[UPK_APPROVAL_undo] = undo;
  v.texts[UPK_APPROVAL_window] = upk_json_text(step, "window");
  v.integers[UPK_APPROVAL_blocking] = number(e, "blocking_ms") * 1000;
  v.integers[UPK_APPROVAL_bytes] =
      largest(number(e, "reads_bytes"),
              largest(number(e, "writes_bytes"), number(e, "disk_peak_bytes")));
  v.integers[UPK_APPROVAL_duration] = number(e, "p90_ms") * 1000;
  v.integers[UPK_APPROVAL_irreversible] = upk_str_is(undo, "none");
  v.unknown[UPK_APPROVAL_irreversible] = !undo.data;
  v.integers[UPK_APPROVAL_plan_blocking] =
      number(upk_json_get(plan->body, "totals"), "blocking_ms") * 1000;
  v.integers[UPK_APPROVAL_program] = runs_program(upk_json_get(step, "run"));
  v.integers[UPK_APPROVAL_steps] = (int64_t)plan->step_count;
  return v;
}

typedef struct labelled {
  const upk_json *labels;
  upk_str engine, target;
} labelled;

/* `engine` and `target` are labels of every target. */
static upk_str label_of(void *ctx, upk_str key) {
  const labelled *l = ctx;
  const upk_json *value = l->labels ? upk_json_get_str(l->labels, key) : NULL;
  if (value && value->type == UPK_JSON_STRING)
    return value->string;
  return upk_str_is(key, "engine")   ? l->engine
         : upk_str_is(key, "target") ? l->target
                                     : UPK_NO_STR;
}

upk_truth rules_fit(upk_arena *arena, const upk_approval_when *when,
                    const reviewed *plan, size_t step) {
  const upk_json *value = upk_json_at(upk_json_get(plan->body, "steps"), step);
  upk_approval_values values = rules_values(plan, value);
  values.texts[UPK_APPROVAL_object] =
      display(arena, upk_json_get(upk_json_get(value, "object"), "name"));
  labelled labels = {plan->labels, plan->engine, plan->target};
  return upk_approval_fits(arena, when, &values, label_of, &labels);
}

/* ---- rules ---- */

static upk_str path_below(upk_arena *arena, upk_str folder, upk_str path) {
  return upk_str_starts(upk_arena_copy(arena, path), "/")
             ? upk_arena_copy(arena, path)
             : upk_arena_printf(arena, "%.*s/%.*s", UPK_FMT(folder),
                                UPK_FMT(path));
}

/* Without a name: `revoked_keys` beside the signers, if it is there. */
static upk_str revoked_beside(upk_arena *arena, upk_str signers) {
  size_t len = signers.len;
  while (len && signers.data[len - 1] != '/')
    len--;
  upk_str path = upk_arena_printf(arena, "%.*srevoked_keys",
                                  UPK_FMT(((upk_str){signers.data, len})));
  return access(path.data, F_OK) == 0 ? path : UPK_NO_STR;
}

static bool read_rule(upk_arena *arena, upk_diags *diags,
                      const upk_approvals *from, const upk_json *value,
                      size_t steps, rule *ret) {
  upk_str revoked = upk_json_text(value, "revoked");
  *ret = (rule){.signatures = number(value, "signatures"),
                .expires_us = number(value, "expires_us"),
                .author_may_approve =
                    upk_json_flag(value, "author_may_approve", true),
                .since = upk_json_text(value, "authors_since"),
                .text = upk_json_text(value, "when"),
                .asked = UPK_NEW_ARRAY(arena, bool, steps + 1)};
  ret->signers.folder = from->folder;
  ret->signers.own = from->own;
  ret->signers.path =
      path_below(arena, from->folder, upk_json_text(value, "signers"));
  ret->signers.revoked = revoked.data
                             ? path_below(arena, from->folder, revoked)
                             : revoked_beside(arena, ret->signers.path);
  return upk_approval_compile(arena, ret->text, UPK_NO_SPAN, diags, &ret->when);
}

static void ask(rules *r, const reviewed *plan) {
  upk_arena *scratch = upk_arena_new(NULL);
  for (size_t s = 0; s < plan->step_count; s++)
    for (size_t i = 0; i < r->count; i++) {
      upk_arena_reset(scratch);
      upk_truth fits = rules_fit(scratch, &r->items[i].when, plan, s);
      r->items[i].asked[s] = fits != UPK_FALSE;
      r->items[i].steps += fits != UPK_FALSE;
      if (fits == UPK_TRUE)
        break;
    }
  upk_arena_free(scratch);
}

static upk_status refuse(upk_diags *diags, const upk_approvals *from,
                         const char *wrong) {
  upk_diag *diag = upk_diag_add(diags, 3319, UPK_NO_SPAN, "`%.*s`: %s",
                                UPK_FMT(from->rules_path), wrong);
  upk_diag_help(diags, diag, "look at it with `upkeep validate`");
  return UPK_UNAPPROVED;
}

static const upk_json *labels_of(const upk_json *list, upk_str target) {
  for (size_t i = 0; i < upk_json_count(list); i++)
    if (upk_str_equal(upk_json_text(upk_json_at(list, i), "name"), target))
      return upk_json_get(upk_json_at(list, i), "labels");
  return NULL;
}

/* Sets the plan's labels to those that are configured here. */
static bool labels_agree(upk_arena *arena, upk_diags *diags,
                         const upk_approvals *from, const upk_json *own,
                         reviewed *plan) {
  upk_json_error error;
  const upk_json *list = upk_json_get(own, "targets"), *other;
  const upk_json *said =
      upk_json_get(upk_json_get(plan->body, "target"), "labels");
  if (!upk_json_count(list) && from->targets.data &&
      (other = upk_json_parse(arena, from->targets, &error)))
    list = upk_json_get(other, "targets");
  plan->labels = labels_of(list, plan->target);
  if (!plan->labels || upk_str_equal(plan->labels->bytes, said->bytes))
    return true;
  upk_diag *diag =
      upk_diag_add(diags, 3326, UPK_NO_SPAN,
                   "the plan gives target `%.*s` other labels than it has here",
                   UPK_FMT(plan->target));
  upk_diag_note(diags, diag, "in the plan: %.*s", UPK_FMT(said->bytes));
  upk_diag_note(diags, diag, "here: %.*s", UPK_FMT(plan->labels->bytes));
  upk_diag_help(diags, diag, "plan again");
  return false;
}

upk_status rules_read(upk_arena *arena, upk_diags *diags,
                      const upk_approvals *from, reviewed *plan, rules *ret) {
  upk_json_error error;
  *ret = (rules){0};
  if (!from->rules.data)
    return UPK_OK;
  const upk_json *tree = upk_json_parse(arena, from->rules, &error);
  if (!upk_str_is(upk_json_text(tree, "format"), "upkeep.executor/1"))
    return refuse(diags, from, "the rules have no form that is known");
  const upk_json *list = upk_json_get(tree, "approvals");
  const upk_json *standing = upk_json_get(tree, "standing");
  ret->count = upk_json_count(list);
  ret->items = UPK_NEW_ARRAY(arena, rule, ret->count + 1);
  for (size_t i = 0; i < ret->count; i++)
    if (!read_rule(arena, diags, from, upk_json_at(list, i), plan->step_count,
                   &ret->items[i]))
      return refuse(diags, from, "a rule's `when` cannot be read");
  ret->standing_count = upk_json_count(standing);
  ret->standing = UPK_NEW_ARRAY(arena, upk_str, ret->standing_count + 1);
  for (size_t i = 0; i < ret->standing_count; i++)
    ret->standing[i] =
        path_below(arena, from->folder, upk_json_at(standing, i)->string);
  if (!labels_agree(arena, diags, from, tree, plan))
    return UPK_UNAPPROVED;
  plan->declared = upk_json_get(tree, "declared");
  if (plan->declared->type != UPK_JSON_ARRAY)
    plan->declared = NULL;
  ask(ret, plan);
  return UPK_OK;
}
