/* The state store of a project. */
#include <string.h>

#include "runs.h"

static upk_str state_path(cli *c, const project *p) {
  upk_str path = p->state.len ? p->state : UPK_STR(".upkeep/state.db");
  if (upk_str_starts(path, "/") || upk_str_starts(path, "postgres://") ||
      upk_str_starts(path, "postgresql://"))
    return path;
  return upk_arena_printf(c->arena, "%.*s/%.*s", UPK_FMT(p->folder),
                          UPK_FMT(path));
}

upk_state *project_state(cli *c, const project *p, bool make) {
  upk_str path = state_path(c, p);
  if (c->state || c->state_tried || (!make && !file_exists(path)))
    return c->state;
  upk_clock *clock = UPK_NEW(c->arena, upk_clock);
  *clock = system_clock();
  c->state_tried = true;
  c->state = upk_state_open(path, clock, &c->diags);
  return c->state;
}

/* inspect looks and keeps nothing, unless it is asked to. Facts from a file may
 * be anybody's. */
bool records_facts(const cli *c) {
  if (flag_given(c, FLAG_no_record))
    return false;
  return flag_given(c, FLAG_record) ||
         (c->verb->flags & FLAG_BIT(no_record) && !flag_given(c, FLAG_facts));
}

static upk_str engine_of(const project *p, upk_str target) {
  for (size_t i = 0; i < upk_json_count(p->targets); i++) {
    const upk_json *known = upk_json_at(p->targets, i);
    if (!target.len || upk_str_equal(upk_json_text(known, "name"), target))
      return upk_json_text(known, "engine");
  }
  return UPK_NO_STR;
}

/* A plan from a facts file is the same wherever it is made, so it learns
 * nothing from this machine. */
upk_str history_for_plan(cli *c, const project *p, upk_str target) {
  upk_buf bytes = {0};
  upk_str history = UPK_NO_STR;
  bool record = records_facts(c);
  upk_str engine = engine_of(p, target);
  upk_state *state =
      flag_given(c, FLAG_facts) ? NULL : project_state(c, p, record);
  if (!state || !engine.data)
    return UPK_NO_STR;
  if (record)
    upk_state_runs(state, runs_folder(c, p), &c->diags);
  if (upk_state_history(state, engine, &c->diags, upk_sink_buf(&bytes)))
    history = upk_arena_copy(c->arena, upk_buf_view(&bytes));
  upk_buf_free(&bytes);
  return history;
}
