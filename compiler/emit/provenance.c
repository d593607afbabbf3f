/* Where steps and edges come from: beside the body, outside both digests. */
#include <stdlib.h>

#include "emit/plan.h"
#include "emit/requirements.h"

static void add_place(const ir *ir, upk_span span, upk_buf *out) {
  if (!span.line || span.source >= ir->diags->sources.len)
    return;
  if (out->len)
    upk_buf_str(out, UPK_STR(", "));
  upk_buf_str(out, ir->diags->sources.items[span.source].path);
  upk_buf_char(out, ':');
  upk_buf_int(out, span.line);
  upk_buf_char(out, ':');
  upk_buf_int(out, span.column);
}

static void write_edges(const ir *ir, upk_json_writer *w, upk_buf *place) {
  upk_json_begin_array(w);
  for (size_t i = 0; i < ir->edges.len; i++) {
    const ir_edge *edge = &ir->edges.items[i];
    upk_buf_clear(place);
    add_place(ir, edge->at, place);
    if (!place->len)
      continue;
    upk_json_begin_object(w);
    upk_json_put_string(w, "at", upk_buf_view(place));
    upk_json_put_string(w, "from", emit_edge_end(ir, edge->from));
    upk_json_put_string(w, "to", emit_edge_end(ir, edge->to));
    upk_json_end_object(w);
  }
  upk_json_end_array(w);
}

typedef struct file {
  upk_str path, sha256;
} file;

static int by_path(const void *a, const void *b) {
  const file *left = a;
  const file *right = b;
  return upk_str_compare(left->path, right->path);
}

static void write_files(const ir *ir, upk_json_writer *w) {
  size_t count = ir->files.len;
  file *files = UPK_NEW_ARRAY(ir->arena, file, count + 1);
  for (size_t i = 0; i < count; i++)
    files[i] = (file){ir->files.items[i].path, ir->files.items[i].sha256};
  qsort(files, count, sizeof *files, by_path);
  upk_json_begin_array(w);
  for (size_t i = 0; i < count; i++) {
    upk_json_begin_object(w);
    upk_json_put_string(w, "path", files[i].path);
    upk_json_put_string(w, "sha256", files[i].sha256);
    upk_json_end_object(w);
  }
  upk_json_end_array(w);
}

static int by_name(const void *a, const void *b) {
  const ir_policy *left = *(const ir_policy *const *)a;
  const ir_policy *right = *(const ir_policy *const *)b;
  return upk_str_compare(left->name, right->name);
}

/* What each policy says, as a digest: `diff` tells by it whether a step is
 * another because of its policy or because of the facts. */
static void write_policies(const ir *ir, upk_json_writer *w, upk_buf *place) {
  size_t count = 0;
  const ir_policy **policies =
      UPK_NEW_ARRAY(ir->arena, const ir_policy *, ir->policies.len + 1);
  for (size_t i = 0; i < ir->policies.len; i++)
    if (ir->policies.items[i].applies)
      policies[count++] = &ir->policies.items[i];
  qsort(policies, count, sizeof *policies, by_name);
  upk_json_begin_array(w);
  for (size_t i = 0; i < count; i++) {
    upk_digest digest = emit_policy_digest(ir, policies[i]);
    upk_buf_clear(place);
    add_place(ir, policies[i]->name_span, place);
    upk_json_begin_object(w);
    upk_json_put_string(w, "at",
                        place->len ? upk_buf_view(place) : UPK_STR(""));
    upk_json_put_string(w, "policy", policies[i]->name);
    upk_json_put_string(w, "sha256", upk_digest_view(&digest));
    upk_json_end_object(w);
  }
  upk_json_end_array(w);
}

static int by_id(const void *a, const void *b) {
  const ir_step *left = *(const ir_step *const *)a;
  const ir_step *right = *(const ir_step *const *)b;
  return upk_str_compare(left->id, right->id);
}

static void write_spans(const ir *ir, upk_json_writer *w, upk_buf *place) {
  size_t count = ir->plan_order.len;
  const ir_step **steps = UPK_NEW_ARRAY(ir->arena, const ir_step *, count + 1);
  for (size_t i = 0; i < count; i++)
    steps[i] = &ir->steps.items[ir->plan_order.items[i]];
  qsort(steps, count, sizeof *steps, by_id);
  upk_json_begin_object(w);
  for (size_t i = 0; i < count; i++) {
    upk_buf_clear(place);
    add_place(ir, steps[i]->span, place);
    for (size_t j = 0; j < steps[i]->also.len; j++)
      add_place(ir, ir->policies.items[steps[i]->also.items[j]].name_span,
                place);
    if (!place->len)
      continue;
    upk_json_key_str(w, steps[i]->id);
    upk_json_string(w, upk_buf_view(place));
  }
  upk_json_end_object(w);
}

void emit_provenance(ir *ir, upk_json_writer *w) {
  upk_buf place = {0};
  upk_json_begin_object(w);
  upk_json_key(w, "edges");
  write_edges(ir, w, &place);
  upk_json_key(w, "policies");
  write_files(ir, w);
  if (ir->requirements.path.data) {
    upk_json_key(w, "requirements");
    requirements_fills_write(ir, w);
  }
  upk_json_key(w, "rules");
  write_policies(ir, w, &place);
  upk_json_key(w, "spans");
  write_spans(ir, w, &place);
  upk_json_end_object(w);
  upk_buf_free(&place);
}
