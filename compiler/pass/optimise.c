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

static void say_denied(ir *ir) {
  upk_diag *d = upk_diag_add(
      ir->diags, 1596, UPK_NO_SPAN,
      "the connected role may not write upkeep's ledger in target `%.*s`, so "
      "that the plan cannot be applied",
      UPK_FMT(ir->target->name));
  upk_diag_help(ir->diags, d,
                "`upkeep explain privileges %.*s` prints what to grant; "
                "`ledger: none` does without it",
                UPK_FMT(ir->target->name));
}

/* On a replica there is none, as it must be. */
static void say_ledger(ir *ir) {
  if (!has_steps(ir) || upk_str_is(ir->facts.role, "replica"))
    return;
  if (ir->ledger_denied)
    say_denied(ir);
  if (!ir->ledger_refused)
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
  say_ledger(ir);
  return UPK_OK;
}
