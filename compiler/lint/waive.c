/* Rules that a policy waives, with a reason and an end. */
#include "front/scalar.h"
#include "lint/lint.h"
#include "timefmt.h"

/* Nobody knows what will be in more than a year. */
static const int64_t LONGEST_US = INT64_C(366) * 24 * 60 * 60 * 1000 * 1000;

/* "no-lock-timeout" or "UPK2003". */
static bool names_rule(upk_str text, const upk_code *code) {
  char number[8] = "UPK0000";
  for (int i = 0, rest = code->code; i < 4; i++, rest /= 10)
    number[6 - i] = (char)('0' + rest % 10);
  return upk_str_is(text, code->name) || upk_str_is(text, number);
}

static upk_str text_of(const node *map, const char *key) {
  const node *value = node_find(map, key);
  if (!value || (value->type != NODE_TEXT && value->type != NODE_PLAIN))
    return UPK_NO_STR;
  return value->text;
}

/* One waiver may stand without its list. */
static size_t waiver_count(const ir_policy *policy) {
  const node *waive = policy->waive;
  if (!waive)
    return 0;
  return waive->type == NODE_LIST ? waive->list.count : waive->type == NODE_MAP;
}

static const node *waiver_at(const ir_policy *policy, size_t i) {
  const node *waive = policy->waive;
  return waive->type == NODE_LIST ? waive->list.items[i] : waive;
}

/* The front end has checked the form of the time already. */
static bool is_over(const lint *l, const node *waiver, int64_t *ret_until) {
  const node *until = node_find(waiver, "until");
  return until &&
         scalar_timestamp(l->ir->diags, until, UPK_STR("until"), ret_until) &&
         *ret_until <= l->ir->now_us;
}

/* "until 2027-01-01T00:00Z: why" */
static upk_str say_waiver(const lint *l, const node *waiver) {
  upk_str until = text_of(waiver, "until"), reason = text_of(waiver, "reason");
  return until.data ? upk_arena_printf(l->ir->arena, "until %.*s: %.*s",
                                       UPK_FMT(until), UPK_FMT(reason))
                    : reason;
}

static bool is_used(const lint *l, const node *waiver) {
  for (size_t i = 0; i < l->used.len; i++)
    if (l->used.items[i] == waiver)
      return true;
  return false;
}

bool lint_waives(lint *l, const ir_policy *policy, int code,
                 upk_str *ret_reason) {
  const upk_code *row = upk_code_find(code);
  for (size_t i = 0; row && policy && i < waiver_count(policy); i++) {
    const node *waiver = waiver_at(policy, i);
    int64_t until = 0;
    if (!names_rule(text_of(waiver, "rule"), row) || is_over(l, waiver, &until))
      continue;
    *ret_reason = say_waiver(l, waiver);
    if (!is_used(l, waiver))
      *UPK_PUSH(l->ir->arena, &l->used) = waiver;
    return true;
  }
  return false;
}

static const lint_rule *find_row(upk_str text) {
  for (const lint_rule *rule = lint_rules; rule->code; rule++) {
    const upk_code *code = upk_code_find(rule->code);
    if (code && names_rule(text, code))
      return rule;
  }
  return NULL;
}

const lint_rule *lint_rule_find(int code) {
  for (const lint_rule *rule = lint_rules; rule->code; rule++)
    if (rule->code == code)
      return rule;
  return NULL;
}

static const upk_code *find_rule(upk_str text) {
  const lint_rule *rule = find_row(text);
  return rule ? upk_code_find(rule->code) : NULL;
}

bool lint_said(const lint *l, int code, upk_span span) {
  const upk_diags *diags = l->ir->diags;
  for (size_t i = 0; i < diags->items.len; i++) {
    const upk_diag *diag = &diags->items.items[i];
    if (diag->code == code && diag->labels.len &&
        diag->labels.items[0].span.source == span.source &&
        diag->labels.items[0].span.line == span.line &&
        diag->labels.items[0].span.column == span.column)
      return true;
  }
  return false;
}

static void refuse_rule(lint *l, const ir_policy *policy, const node *rule,
                        upk_str text) {
  upk_diags *diags = l->ir->diags;
  upk_str names[64];
  if (lint_said(l, 2092, rule->span))
    return;
  size_t count = 0;
  for (const lint_rule *row = lint_rules; row->code && count < 64; row++) {
    const upk_code *code = upk_code_find(row->code);
    if (code)
      names[count++] = upk_str_from(code->name);
  }
  upk_diag *diag =
      upk_diag_add(diags, 2092, rule->span,
                   "policy `%.*s` waives `%.*s`, which is no lint rule",
                   UPK_FMT(policy->name), UPK_FMT(text));
  if (!upk_diag_suggest(diags, diag, text, names, count))
    upk_diag_help(diags, diag,
                  "Name a rule such as no-lock-timeout, or its code.");
  l->failures++;
}

static void say_over(const lint *l, const ir_policy *policy, const node *waiver,
                     const upk_code *rule, int64_t until) {
  upk_buf time = {0};
  upk_timestamp_format(until, &time);
  upk_diag *diag = upk_diag_add(l->ir->diags, 2091, waiver->span,
                                "policy `%.*s` waived `%s` until %.*s only",
                                UPK_FMT(policy->name), rule->name,
                                UPK_FMT(upk_buf_view(&time)));
  upk_diag_help(l->ir->diags, diag, "Delete the waiver or renew it.");
  upk_buf_free(&time);
}

static void say_too_long(lint *l, const ir_policy *policy, const node *waiver,
                         const upk_code *rule) {
  upk_diag *diag = upk_diag_add(
      l->ir->diags, 2094, waiver->span,
      "policy `%.*s` waives `%s` for more than a year, until %.*s",
      UPK_FMT(policy->name), rule->name, UPK_FMT(text_of(waiver, "until")));
  upk_diag_help(l->ir->diags, diag,
                "Give it 366 days at most, and look at it again then.");
  l->failures++;
}

void lint_check_waivers(lint *l, const ir_policy *policy) {
  for (size_t i = 0; i < waiver_count(policy); i++) {
    const node *waiver = waiver_at(policy, i);
    const node *rule = node_find(waiver, "rule");
    int64_t until = 0;
    if (!rule)
      continue;
    const upk_code *code = find_rule(text_of(waiver, "rule"));
    if (!code)
      refuse_rule(l, policy, rule, text_of(waiver, "rule"));
    else if (is_over(l, waiver, &until))
      say_over(l, policy, waiver, code, until);
    else if (l->ir->now_us && until > l->ir->now_us &&
             until - l->ir->now_us > LONGEST_US)
      say_too_long(l, policy, waiver, code);
  }
}

/* Of a policy without steps, step rules had nothing to judge. */
void lint_check_unused(lint *l, const ir_policy *policy, size_t number) {
  for (size_t i = 0; i < waiver_count(policy); i++) {
    const node *waiver = waiver_at(policy, i);
    const lint_rule *rule = find_row(text_of(waiver, "rule"));
    int64_t until = 0;
    if (!rule || is_used(l, waiver) || is_over(l, waiver, &until) ||
        !l->step_counts[number])
      continue;
    upk_diag *diag =
        upk_diag_add(l->ir->diags, 2093, waiver->span,
                     "policy `%.*s` waives `%s`, and there is nothing to waive",
                     UPK_FMT(policy->name), upk_code_find(rule->code)->name);
    upk_diag_help(l->ir->diags, diag, "Delete the waiver if that stays so.");
  }
}
