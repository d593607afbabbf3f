/* Pass bind: reads the facts and judges every object by every policy. */
#include <upkeep/compile.h>

#include "bind/asked.h"
#include "bind/verdict.h"
#include "digest.h"
#include "pass/pass.h"

static upk_status facts_fit(ir *ir) {
  if (!upk_str_equal(ir->facts.engine, ir->engine->name)) {
    upk_diag_add(ir->diags, 1503, UPK_NO_SPAN,
                 "the facts are of engine `%.*s`, and target `%.*s` is `%.*s`",
                 UPK_FMT(ir->facts.engine), UPK_FMT(ir->target->name),
                 UPK_FMT(ir->engine->name));
    return UPK_STALE;
  }
  upk_str role = ir->target->role;
  if (ir->request->mode != UPK_COMPILE_PLAN || !role.len ||
      upk_str_equal(role, ir->facts.role))
    return UPK_OK;
  upk_diag *diag = upk_diag_add(
      ir->diags, 1504, ir->target->span,
      "target `%.*s` must be `%.*s`, and the facts show `%.*s`",
      UPK_FMT(ir->target->name), UPK_FMT(role), UPK_FMT(ir->facts.role));
  upk_diag_help(ir->diags, diag,
                "Connect to the server that has the role, or change `role`.");
  return UPK_STALE;
}

static upk_status read_facts(ir *ir) {
  const upk_compile_request *request = ir->request;
  if (!request->facts.len) {
    upk_diag_add(ir->diags, 1501, UPK_NO_SPAN,
                 "there are no facts about target `%.*s`",
                 UPK_FMT(ir->target->name));
    return UPK_USAGE;
  }
  upk_status status = upk_facts_read(
      ir->arena, request->facts, request->facts_path, ir->diags, &ir->facts);
  if (status != UPK_OK)
    return status;
  upk_digest digest = upk_digest_of(request->facts);
  ir->facts_sha256 = upk_arena_copy(ir->arena, upk_digest_view(&digest));
  ir->now_us = request->at_us ? request->at_us : ir->facts.taken_at;
  return facts_fit(ir);
}

/* Why nothing is known of a kind: facts that were taken for other policies do
 * not hold it, or what lists its objects could not be asked. Neither is the
 * same as having no such object. Absent when the kind is known. */
static upk_str missing_reason(const ir *ir, const ir_kind *kind) {
  const upk_facts_kind *facts = upk_facts_kind_find(&ir->facts, kind->name);
  if (!facts)
    return UPK_STR("the facts were taken without it");
  if (facts->rows || !kind->keys.len)
    return UPK_NO_STR;
  const upk_facts_column *key =
      upk_facts_column_find(facts, kind->keys.items[0]);
  return key ? key->reason : UPK_NO_STR;
}

static void say_missing(ir *ir, ir_policy *policy) {
  ir_scope *scope = policy->kind->scope;
  upk_str reason = missing_reason(ir, policy->kind);
  if (!reason.data)
    return;
  policy->counts[IR_UNKNOWN_VERDICT]++;
  if (scope->missing_said)
    return;
  scope->missing_said = true;
  upk_diag *diag = upk_diag_add(ir->diags, 1507, policy->kind_name.span,
                                "the facts say nothing about kind `%.*s`",
                                UPK_FMT(policy->kind->name));
  upk_diag_note(ir->diags, diag, "%.*s", UPK_FMT(reason));
  upk_diag_help(ir->diags, diag, "Inspect the target again.");
}

upk_status pass_bind(ir *ir) {
  upk_status status = read_facts(ir);
  if (status != UPK_OK)
    return status;
  upk_arena *scratch = upk_arena_new(NULL);
  bool good = true;
  for (size_t i = 0; i < ir->policies.len && good; i++) {
    ir_policy *policy = &ir->policies.items[i];
    if (!policy->applies)
      continue;
    good = ir_scope_bind(ir_scope_of(ir, ir->engine, policy->kind)) &&
           verdict_fill(ir, policy, scratch);
    say_missing(ir, policy);
    upk_arena_reset(scratch);
  }
  upk_arena_free(scratch);
  good = good && asked_found(ir);
  return good ? UPK_OK : UPK_DENIED;
}
