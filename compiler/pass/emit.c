/* emit: the plan in its canonical form, streamed.
 *
 * The body is hashed while it is written; what stands behind it (digest,
 * intent) is then known, so the plan is written once and never held whole.
 */
#include <stdlib.h>

#include "emit/plan.h"
#include "pass/pass.h"

/* Bytes of the body go two ways. */
typedef struct tee {
  upk_sha256 *hash;
  upk_sink output;
} tee;

static bool write_tee(void *ctx, const char *bytes, size_t len) {
  const tee *to = ctx;
  upk_sha256_add(to->hash, (upk_str){bytes, len});
  return to->output.write(to->output.ctx, bytes, len);
}

/* Also fills `intents`, one a step of the plan. */
static void write_steps(const ir *ir, upk_json_writer *w, upk_digest *intents) {
  upk_sha256 *hash = upk_sha256_new();
  upk_json_writer *single = upk_json_writer_new(upk_sink_sha256(hash));
  upk_json_begin_array(w);
  for (size_t i = 0; i < ir->plan_order.len; i++) {
    const ir_step *step = &ir->steps.items[ir->plan_order.items[i]];
    emit_step_intent(ir, single, step);
    upk_json_writer_flush(single);
    intents[i] = upk_sha256_take(hash);
    emit_step(ir, w, step, upk_digest_view(&intents[i]));
  }
  upk_json_end_array(w);
  upk_json_writer_close(single);
  upk_sha256_finish(hash);
}

/* In byte order; steps are the row without a function. */
static const struct {
  const char *key;
  void (*write)(ir *ir, upk_json_writer *w);
} sections[] = {
    {"approvals_required", emit_approvals},
    {"blackouts", emit_blackouts},
    {"budget", emit_budget},
    {"considered", emit_considered},
    {"deferred", emit_deferred},
    {"diagnostics", emit_diagnostics},
    {"edges", emit_edges},
    {"engine", emit_engine},
    {"expires_at", emit_expires},
    {"inputs", emit_inputs},
    {"queries", emit_queries},
    {"steps", NULL},
    {"target", emit_target},
    {"totals", emit_totals},
    {"windows", emit_windows},
};

static upk_digest write_body(ir *ir, upk_digest *intents, bool *ret_ok) {
  tee to = {upk_sha256_new(), ir->output};
  upk_json_writer *w = upk_json_writer_new((upk_sink){write_tee, &to});
  upk_json_begin_object(w);
  for (size_t i = 0; i < sizeof sections / sizeof *sections; i++) {
    if (sections[i].write == emit_budget && !ir->budget.given)
      continue;
    upk_json_key(w, sections[i].key);
    if (sections[i].write)
      sections[i].write(ir, w);
    else
      write_steps(ir, w, intents);
  }
  upk_json_end_object(w);
  *ret_ok = upk_json_writer_close(w) && *ret_ok;
  return upk_sha256_finish(to.hash);
}

static int by_text(const void *a, const void *b) {
  const upk_digest *left = a;
  const upk_digest *right = b;
  return upk_str_compare(upk_digest_view(left), upk_digest_view(right));
}

/* Digest of the sorted intents: a plan with the same steps in another order,
 * or with other reasons and estimates, has the same. */
static upk_digest plan_intent(upk_digest *intents, size_t count) {
  upk_sha256 *hash = upk_sha256_new();
  upk_json_writer *w = upk_json_writer_new(upk_sink_sha256(hash));
  qsort(intents, count, sizeof *intents, by_text);
  upk_json_begin_array(w);
  for (size_t i = 0; i < count; i++)
    upk_json_string(w, upk_digest_view(&intents[i]));
  upk_json_end_array(w);
  upk_json_writer_close(w);
  return upk_sha256_finish(hash);
}

static void put_raw(const ir *ir, upk_str bytes, bool *ret_ok) {
  if (*ret_ok)
    *ret_ok = ir->output.write(ir->output.ctx, bytes.data, bytes.len);
}

upk_status pass_emit(ir *ir) {
  bool ok = true;
  size_t count = ir->plan_order.len;
  upk_digest *intents = UPK_NEW_ARRAY(ir->arena, upk_digest, count + 1);
  put_raw(ir, UPK_STR("{\"body\":"), &ok);
  upk_digest digest = write_body(ir, intents, &ok);
  upk_digest intent = plan_intent(intents, count);
  put_raw(ir,
          upk_arena_printf(ir->arena,
                           ",\"digest\":\"%s\",\"format\":\"upkeep.plan/1\","
                           "\"intent\":\"%s\",\"provenance\":",
                           digest.text, intent.text),
          &ok);
  upk_json_writer *w = upk_json_writer_new(ir->output);
  emit_provenance(ir, w);
  ok = upk_json_writer_close(w) && ok;
  put_raw(ir, UPK_STR("}\n"), &ok);
  return ok ? UPK_OK : UPK_ERROR;
}
