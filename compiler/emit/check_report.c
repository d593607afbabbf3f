#include "emit/check_report.h"

#include "ir/scope.h"
#include "json.h"

static const char *const severities[] = {
    [UPK_NOTE] = "info", [UPK_WARNING] = "warning", [UPK_FAILURE] = "critical"};

static void write_object(ir *ir, upk_json_writer *w, const ir_policy *policy,
                         size_t row, upk_arena *scratch) {
  ir_object object = ir_object_in(scratch, ir, policy->kind, row);
  upk_json_begin_object(w);
  upk_json_put_string(w, "because", ir_because_in(scratch, ir, policy, row));
  upk_json_key(w, "object");
  upk_json_begin_array(w);
  for (size_t i = 0; i < object.name_count; i++)
    upk_json_string(w, object.name[i]);
  upk_json_end_array(w);
  upk_json_put_string(w, "verdict",
                      upk_str_from(ir_verdict_name(policy->verdicts[row])));
  upk_json_end_object(w);
}

static void put_count(upk_json_writer *w, const size_t *counts,
                      ir_verdict verdict) {
  upk_json_put_int(w, ir_verdict_name(verdict), (int64_t)counts[verdict]);
}

static void write_policy(ir *ir, upk_json_writer *w, const ir_policy *policy) {
  size_t rows = ir_kind_rows(ir, policy->kind);
  upk_arena *scratch = upk_arena_new(NULL);
  upk_json_begin_object(w);
  put_count(w, policy->counts, IR_BROKEN);
  put_count(w, policy->counts, IR_EXCLUDED);
  put_count(w, policy->counts, IR_EXEMPT);
  put_count(w, policy->counts, IR_HOLDS);
  upk_json_put_string(w, "kind", policy->kind->name);
  upk_json_put_string(w, "name", policy->name);
  upk_json_key(w, "objects");
  upk_json_begin_array(w);
  for (size_t row = 0; row < rows; row++)
    if (policy->verdicts[row] != IR_HOLDS &&
        policy->verdicts[row] != IR_EXCLUDED) {
      write_object(ir, w, policy, row, scratch);
      upk_arena_reset(scratch);
    }
  upk_json_end_array(w);
  upk_json_put_string(w, "owner", policy->owner);
  put_count(w, policy->counts, IR_PREDICTED);
  upk_json_put_string(w, "severity",
                      upk_str_from(severities[policy->severity]));
  put_count(w, policy->counts, IR_UNKNOWN_VERDICT);
  put_count(w, policy->counts, IR_WARNS);
  upk_json_put_string(w, "why", policy->why);
  upk_json_end_object(w);
  upk_arena_free(scratch);
}

static void write_totals(const ir *ir, upk_json_writer *w) {
  size_t totals[IR_EXEMPT + 1] = {0};
  for (size_t i = 0; i < ir->policies.len; i++)
    for (size_t v = 0; ir->policies.items[i].applies && v <= IR_EXEMPT; v++)
      totals[v] += ir->policies.items[i].counts[v];
  upk_json_begin_object(w);
  put_count(w, totals, IR_BROKEN);
  put_count(w, totals, IR_HOLDS);
  put_count(w, totals, IR_PREDICTED);
  put_count(w, totals, IR_UNKNOWN_VERDICT);
  put_count(w, totals, IR_WARNS);
  upk_json_end_object(w);
}

bool check_report_write(ir *ir, upk_sink sink) {
  upk_json_writer *w = upk_json_writer_new(sink);
  upk_json_begin_object(w);
  upk_json_put_string(w, "format", UPK_STR("upkeep.check/1"));
  upk_json_key(w, "policies");
  upk_json_begin_array(w);
  for (size_t i = 0; i < ir->policies.len; i++)
    if (ir->policies.items[i].applies)
      write_policy(ir, w, &ir->policies.items[i]);
  upk_json_end_array(w);
  upk_json_put_int(w, "taken_at", ir->facts.taken_at);
  upk_json_put_string(w, "target", ir->target->name);
  upk_json_key(w, "totals");
  write_totals(ir, w);
  upk_json_end_object(w);
  upk_json_newline(w);
  return upk_json_writer_close(w);
}
