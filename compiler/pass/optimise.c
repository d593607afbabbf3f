/* optimise: fewer steps, and complete ones.
 *
 * Causes come before subsumption: a step that cannot help makes nothing
 * redundant. Whatever is dropped is said in `deferred`, but for twins that one
 * step serves. */
#include "optimise/optimise.h"
#include "pass/pass.h"

static bool has_steps(const ir *ir) {
  for (size_t i = 0; i < ir->steps.len; i++)
    if (!ir->steps.items[i].dropped)
      return true;
  return false;
}

/* On a replica that is as it must be. */
static void say_refused(ir *ir) {
  if (!ir->ledger_refused || !has_steps(ir) ||
      upk_str_is(ir->facts.role, "replica"))
    return;
  upk_diag *d = upk_diag_add(
      ir->diags, 1595, UPK_NO_SPAN,
      "the server of target `%.*s` is about to refuse writes, so the plan "
      "writes no ledger",
      UPK_FMT(ir->target->name));
  upk_diag_help(ir->diags, d,
                "keep the plan log of the run: only it says what was done");
}

upk_status pass_optimise(ir *ir) {
  optimise_merge(ir);
  if (!optimise_causes(ir))
    return UPK_DENIED;
  relate *related = relate_of(ir);
  optimise_conflicts(ir, related);
  optimise_subsume(ir, related);
  if (!optimise_followups(ir))
    return UPK_DENIED;
  say_refused(ir);
  return UPK_OK;
}
