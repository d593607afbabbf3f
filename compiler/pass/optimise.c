/* optimise: fewer steps, and complete ones.
 *
 * Causes come before subsumption: a step that cannot help makes nothing
 * redundant. Whatever is dropped is said in `deferred`, but for twins that one
 * step serves. */
#include "optimise/optimise.h"
#include "pass/pass.h"

upk_status pass_optimise(ir *ir) {
  optimise_merge(ir);
  if (!optimise_causes(ir))
    return UPK_DENIED;
  relate *related = relate_of(ir);
  optimise_conflicts(ir, related);
  optimise_subsume(ir, related);
  return optimise_followups(ir) ? UPK_OK : UPK_DENIED;
}
