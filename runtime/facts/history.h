/* What history adds to the facts of an inspection. */
#ifndef RUNTIME_FACTS_HISTORY_H
#define RUNTIME_FACTS_HISTORY_H

#include "facts.h"
#include "facts/request.h"
#include <upkeep/runtime.h>

/* Records the facts in the store, when asked, and adds the columns that the
 * request wants of history. `state` may be NULL: then they are unknown. */
void facts_history(const inspect_request *request, upk_state *state,
                   upk_str target, bool record, upk_arena *arena,
                   upk_facts *facts, upk_diags *diags);

#endif
