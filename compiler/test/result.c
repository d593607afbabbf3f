/* A case's result: docs/formats.md, "Result of a test". */
#include "ir/scope.h"
#include "json.h"
#include "test/test.h"

static void write_place(upk_json_writer *w, const upk_diags *said,
                        const upk_diag *diag) {
  const upk_span none = UPK_NO_SPAN;
  const upk_span *span = diag->labels.len ? &diag->labels.items[0].span : &none;
  upk_json_put_int(w, "code", diag->code);
  upk_json_put_int(w, "column", span->column);
  upk_json_put_int(w, "line", span->line);
  upk_json_put_string(w, "message", diag->message);
  upk_json_put_string(w, "path", said->sources.items[span->source].path);
}

static void write_failures(upk_json_writer *w, const upk_diags *said) {
  upk_json_key(w, "failures");
  upk_json_begin_array(w);
  for (size_t i = 0; i < said->items.len; i++) {
    upk_json_begin_object(w);
    write_place(w, said, &said->items.items[i]);
    upk_json_end_object(w);
  }
  upk_json_end_array(w);
}

static size_t planned_for(const ir *ir, size_t policy) {
  size_t count = 0;
  for (size_t i = 0; i < ir->plan_order.len; i++) {
    const ir_step *step = &ir->steps.items[ir->plan_order.items[i]];
    bool counts = step->policy && step->policy_index == policy;
    for (size_t n = 0; n < step->also.len; n++)
      counts = counts || step->also.items[n] == policy;
    count += counts;
  }
  return count;
}

/* What each policy met: of this its coverage is made. */
static void write_policies(upk_json_writer *w, const ir *ir) {
  upk_json_key(w, "policies");
  upk_json_begin_array(w);
  for (size_t i = 0; i < ir->policies.len; i++) {
    const ir_policy *policy = &ir->policies.items[i];
    if (!policy->applies || !policy->verdicts)
      continue;
    const size_t *counts = policy->counts;
    upk_json_begin_object(w);
    upk_json_put_int(w, "broken",
                     (int64_t)(counts[IR_BROKEN] + counts[IR_PREDICTED]));
    upk_json_put_int(w, "holds",
                     (int64_t)(counts[IR_HOLDS] + counts[IR_WARNS]));
    upk_json_put_string(w, "name", policy->name);
    upk_json_put_int(w, "planned", (int64_t)planned_for(ir, i));
    /* Of a kind that the facts leave out one is counted, and none was met. */
    upk_json_put_int(w, "unknown",
                     ir_kind_rows(ir, policy->kind)
                         ? (int64_t)counts[IR_UNKNOWN_VERDICT]
                         : 0);
    upk_json_end_object(w);
  }
  upk_json_end_array(w);
}

/* Without the line that counts errors and warnings. */
static upk_str rendered(const upk_diags *said, upk_buf *text) {
  upk_diags uncounted = *said;
  uncounted.failures = 0;
  upk_diags_render_text(&uncounted, false, text);
  return text->len ? upk_buf_view(text) : UPK_STR("");
}

bool test_result_write(const ir *ir, const test_case *test, bool ran,
                       const upk_diags *said, upk_sink sink) {
  upk_json_writer *w = upk_json_writer_new(sink);
  upk_buf text = {0};
  upk_json_begin_object(w);
  write_failures(w, said);
  upk_json_put_string(w, "format", UPK_STR("upkeep.test/1"));
  upk_json_put_string(w, "name", test->name.text);
  write_policies(w, ir);
  upk_json_put_string(w, "result",
                      upk_str_from(!ran              ? "error"
                                   : said->items.len ? "failed"
                                                     : "passed"));
  upk_json_put_string(w, "text", rendered(said, &text));
  upk_json_end_object(w);
  upk_json_newline(w);
  upk_buf_free(&text);
  return upk_json_writer_close(w);
}
