/* Rules that a policy waives, with a reason and perhaps an end. */
#include "front/scalar.h"
#include "lint/lint.h"
#include "timefmt.h"

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

bool lint_waives(const lint *l, const ir_policy *policy, int code,
                 upk_str *ret_reason) {
  const upk_code *row = upk_code_find(code);
  for (size_t i = 0; row && policy && i < waiver_count(policy); i++) {
    const node *waiver = waiver_at(policy, i);
    int64_t until = 0;
    if (!names_rule(text_of(waiver, "rule"), row) || is_over(l, waiver, &until))
      continue;
    *ret_reason = text_of(waiver, "reason");
    return true;
  }
  return false;
}

static const upk_code *find_rule(upk_str text) {
  for (const lint_rule *rule = lint_rules; rule->code; rule++) {
    const upk_code *code = upk_code_find(rule->code);
    if (code && names_rule(text, code))
      return code;
  }
  return NULL;
}

static void refuse_rule(lint *l, const ir_policy *policy, const node *rule,
                        upk_str text) {
  upk_diags *diags = l->ir->diags;
  upk_str names[64];
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
  }
}
