/* Approval rules: those of a project, and an executor's own file. */
#include <upkeep/compile.h>

#include "front/front.h"
#include "front/schema.h"
#include "front/yaml/read.h"
#include "json.h"
#include "stdlib/stdlib.h"

/* ---- what a rule says ---- */

static bool has_label(const ir *ir, upk_str key) {
  if (upk_str_is(key, "engine") || upk_str_is(key, "target"))
    return true;
  for (size_t i = 0; i < ir->project.targets.len; i++) {
    const ir_target *target = &ir->project.targets.items[i];
    for (size_t j = 0; j < target->labels.len; j++)
      if (upk_str_equal(target->labels.items[j].key, key))
        return true;
  }
  return false;
}

/* An executor's own file has no targets: what labels there are is not known. */
static void check_labels(ir *ir, const ir_approval *rule) {
  for (size_t i = 0; ir->project.targets.len && i < rule->fits.labels.len; i++)
    if (!has_label(ir, rule->fits.labels.items[i]))
      upk_diag_add(ir->diags, 1209, rule->when.source.span,
                   "no target has a label `%.*s`",
                   UPK_FMT(rule->fits.labels.items[i]));
}

void front_approvals(ir *ir) {
  for (size_t i = 0; i < ir->project.approvals.len; i++) {
    ir_approval *rule = &ir->project.approvals.items[i];
    const ir_text *when = &rule->when.source;
    if (upk_approval_compile(ir->arena, when->text, when->text_span, ir->diags,
                             &rule->fits))
      check_labels(ir, rule);
  }
}

bool front_executor(ir *ir) {
  upk_str text;
  ir->project.path = ir->request->project;
  if (!front_project_text(ir, &text))
    return false;
  node *tree = yaml_read(ir->arena, ir->diags, ir->project.path, text);
  if (tree == NULL)
    return false;
  bool project = tree->type == NODE_MAP && node_find(tree, "targets") != NULL;
  (void)schema_read(ir->arena, ir->diags,
                    project ? &schema_project : &schema_executor, tree,
                    &ir->project);
  front_approvals(ir);
  return true;
}

/* ---- as data ---- */

static void put_given(upk_json_writer *w, const char *key, upk_str value) {
  if (value.data)
    upk_json_put_string(w, key, value);
}

static void write_rule(upk_json_writer *w, const ir_approval *rule) {
  upk_buf when = {0};
  upk_json_begin_object(w);
  upk_json_put_bool(w, "author_may_approve", rule->author_may_approve);
  put_given(w, "authors_since", rule->authors_since);
  if (rule->expires_us)
    upk_json_put_int(w, "expires_us", rule->expires_us);
  upk_json_put_int(w, "line", rule->span.line);
  put_given(w, "revoked", rule->revoked);
  upk_json_put_int(w, "signatures", rule->signatures);
  upk_json_put_string(w, "signers", rule->signers);
  if (rule->fits.expr) {
    upk_expr_print(rule->fits.expr, NULL, NULL, &when);
    upk_json_put_string(w, "when", upk_buf_view(&when));
  }
  upk_json_end_object(w);
  upk_buf_free(&when);
}

static void write_labels(const ir *ir, upk_json_writer *w) {
  upk_json_begin_array(w);
  for (size_t i = 0; i < ir->project.targets.len; i++) {
    const ir_target *target = &ir->project.targets.items[i];
    upk_json_begin_object(w);
    upk_json_key(w, "labels");
    upk_json_begin_object(w);
    for (size_t k = 0; k < target->labels.len; k++) { /* sorted, each once */
      upk_json_key_str(w, target->labels.items[k].key);
      upk_json_string(w, target->labels.items[k].value);
    }
    upk_json_end_object(w);
    upk_json_put_string(w, "name", target->name);
    upk_json_end_object(w);
  }
  upk_json_end_array(w);
}

bool executor_write(ir *ir, upk_sink sink) {
  upk_json_writer *w = upk_json_writer_new(sink);
  upk_json_begin_object(w);
  upk_json_key(w, "approvals");
  upk_json_begin_array(w);
  for (size_t i = 0; i < ir->project.approvals.len; i++)
    write_rule(w, &ir->project.approvals.items[i]);
  upk_json_end_array(w);
  if (ir->request->steps.data) {
    upk_json_key(w, "declared");
    stdlib_declared_write(ir, w);
  }
  upk_json_put_string(w, "format", UPK_STR("upkeep.executor/1"));
  upk_json_key(w, "standing");
  upk_json_begin_array(w);
  for (size_t i = 0; i < ir->project.standing_approvals.len; i++)
    upk_json_string(w, ir->project.standing_approvals.items[i].text);
  upk_json_end_array(w);
  upk_json_key(w, "targets");
  write_labels(ir, w);
  upk_json_end_object(w);
  upk_json_newline(w);
  return upk_json_writer_close(w);
}
