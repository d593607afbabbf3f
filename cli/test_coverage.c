/* Which policies the tests met. */
#include <inttypes.h>

#include "test_report.h"

static test_policy *find(test_report *report, upk_str name) {
  for (size_t i = 0; i < report->policies.len; i++)
    if (upk_str_equal(report->policies.items[i].name, name))
      return &report->policies.items[i];
  return NULL;
}

void coverage_add(test_report *report, const upk_json *result) {
  const upk_json *policies = upk_json_get(result, "policies");
  for (size_t i = 0; i < upk_json_count(policies); i++) {
    const upk_json *one = upk_json_at(policies, i);
    test_policy *policy = find(report, upk_json_text(one, "name"));
    if (!policy)
      continue;
    policy->planned += upk_json_number(one, "planned", 0) > 0;
    policy->broken += upk_json_number(one, "broken", 0) > 0;
    policy->holds += upk_json_number(one, "holds", 0) > 0;
    policy->unknown += upk_json_number(one, "unknown", 0) > 0;
    policy->cases += upk_json_number(one, "broken", 0) +
                         upk_json_number(one, "holds", 0) +
                         upk_json_number(one, "unknown", 0) >
                     0;
  }
}

static bool acted(const test_policy *policy) {
  return policy->remedy ? policy->planned > 0 : policy->broken > 0;
}

void coverage_count(const test_report *report, size_t *ret_sides,
                    size_t *ret_covered) {
  *ret_sides = *ret_covered = 0;
  for (size_t i = 0; i < report->policies.len; i++) {
    const test_policy *policy = &report->policies.items[i];
    if (policy->shipped)
      continue;
    *ret_sides += 2;
    *ret_covered += (size_t)acted(policy) + (policy->holds > 0);
  }
}

int64_t coverage_percent(const test_report *report) {
  size_t sides, covered;
  coverage_count(report, &sides, &covered);
  return sides ? (int64_t)(covered * 100 / sides) : 100;
}

static void put_count(upk_buf *out, size_t count) {
  if (count)
    upk_buf_printf(out, "%9zu", count);
  else
    upk_buf_printf(out, "%9s", "-");
}

static const char *remark(const test_policy *policy) {
  if (!policy->cases)
    return "  never matched an object";
  if (!acted(policy))
    return policy->remedy ? "  never acted" : "  never broken";
  return policy->holds ? "" : "  never held";
}

void coverage_text(const test_report *report, upk_buf *out) {
  size_t width = 6, sides, covered, shipped = 0;
  for (size_t i = 0; i < report->policies.len; i++)
    if (report->policies.items[i].name.len > width)
      width = report->policies.items[i].name.len;
  upk_buf_printf(out, "%-*s  planned   broken    holds  unknown\n", (int)width,
                 "policy");
  for (size_t i = 0; i < report->policies.len; i++) {
    const test_policy *policy = &report->policies.items[i];
    shipped += policy->shipped;
    if (policy->shipped && !flag_given(report->c, FLAG_verbose))
      continue;
    upk_buf_printf(out, "%-*.*s", (int)width, UPK_FMT(policy->name));
    put_count(out, policy->planned);
    put_count(out, policy->broken);
    put_count(out, policy->holds);
    put_count(out, policy->unknown);
    upk_buf_printf(out, "%s\n", remark(policy));
  }
  coverage_count(report, &sides, &covered);
  upk_buf_printf(out,
                 "coverage %" PRId64 "%%: %zu of %zu (each policy should act, "
                 "and should hold)",
                 coverage_percent(report), covered, sides);
  if (shipped)
    upk_buf_printf(out, "; %zu shipped %s not counted", shipped,
                   shipped == 1 ? "policy is" : "policies are");
  upk_buf_char(out, '\n');
}

void coverage_json(const test_report *report, upk_json_writer *w) {
  size_t sides, covered;
  coverage_count(report, &sides, &covered);
  upk_json_begin_object(w);
  upk_json_put_int(w, "covered", (int64_t)covered);
  upk_json_put_int(w, "percent", coverage_percent(report));
  upk_json_key(w, "policies");
  upk_json_begin_array(w);
  for (size_t i = 0; i < report->policies.len; i++) {
    const test_policy *policy = &report->policies.items[i];
    upk_json_begin_object(w);
    upk_json_put_int(w, "broken", (int64_t)policy->broken);
    upk_json_put_int(w, "holds", (int64_t)policy->holds);
    upk_json_put_string(w, "name", policy->name);
    upk_json_put_int(w, "planned", (int64_t)policy->planned);
    upk_json_put_bool(w, "shipped", policy->shipped);
    upk_json_put_int(w, "unknown", (int64_t)policy->unknown);
    upk_json_end_object(w);
  }
  upk_json_end_array(w);
  upk_json_put_int(w, "sides", (int64_t)sides);
  upk_json_end_object(w);
}
