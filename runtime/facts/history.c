#include "facts/history.h"

#include <upkeep/state.h>

#include "state/observe.h"

/* Kinds with their keys, each once; those that come and go left out. */
static size_t list_kinds(const inspect_request *request, upk_arena *arena,
                         state_kind **ret_kinds) {
  state_kind *kinds =
      UPK_NEW_ARRAY(arena, state_kind, request->collector_count + 1);
  size_t count = 0;
  for (size_t i = 0; i < request->collector_count; i++) {
    const request_collector *c = &request->collectors[i];
    bool there = c->transient;
    for (size_t j = 0; j < count && !there; j++)
      there = upk_str_equal(kinds[j].name, c->kind);
    if (there)
      continue;
    state_kind *kind = &kinds[count++];
    kind->name = c->kind;
    kind->key_count = c->key_count;
    kind->keys = UPK_NEW_ARRAY(arena, upk_str, c->key_count + 1);
    for (size_t k = 0; k < c->key_count; k++)
      kind->keys[k] = c->columns[c->keys[k]].name;
  }
  *ret_kinds = kinds;
  return count;
}

static size_t list_counters(const inspect_request *request, upk_arena *arena,
                            state_counter **ret_counters) {
  UPK_VEC(state_counter) list = {0};
  for (size_t i = 0; i < request->collector_count; i++) {
    const request_collector *c = &request->collectors[i];
    for (size_t j = 0; j < c->column_count; j++)
      if (c->columns[j].counter)
        *UPK_PUSH(arena, &list) =
            (state_counter){c->kind, c->columns[j].name, c->columns[j].total};
  }
  *ret_counters = list.items;
  return list.len;
}

static size_t list_wants(const inspect_request *request, upk_arena *arena,
                         state_want **ret_wants) {
  size_t count = upk_json_count(request->history);
  *ret_wants = UPK_NEW_ARRAY(arena, state_want, count + 1);
  for (size_t i = 0; i < count; i++) {
    const upk_json *want = upk_json_at(request->history, i);
    (*ret_wants)[i] = (state_want){upk_json_text(want, "kind"),
                                   upk_json_text(want, "attribute")};
  }
  return count;
}

void facts_history(const inspect_request *request, upk_state *state,
                   upk_str target, bool record, upk_arena *arena,
                   upk_facts *facts, upk_diags *diags) {
  state_kind *kinds;
  state_want *wants;
  state_counter *counters;
  state_look look = {.target = target, .record = record};
  look.kind_count = list_kinds(request, arena, &kinds);
  look.want_count = list_wants(request, arena, &wants);
  look.counter_count = list_counters(request, arena, &counters);
  look.counters = counters;
  look.kinds = kinds;
  look.wants = wants;
  state_observe(state, &look, arena, facts, diags);
}

upk_status upk_state_facts(upk_state *state, upk_str target, upk_str request,
                           upk_str facts, upk_str facts_path, bool record,
                           upk_diags *diags, upk_sink output) {
  upk_arena *arena = upk_arena_new(NULL);
  inspect_request asked;
  upk_facts read;
  upk_status status =
      inspect_request_read(arena, request, diags, &asked) ? UPK_OK : UPK_ERROR;
  if (status == UPK_OK)
    status = upk_facts_read(arena, facts, facts_path, diags, &read);
  if (status == UPK_OK) {
    facts_history(&asked, state, target, record, arena, &read, diags);
    if (!upk_facts_write(&read, output)) {
      upk_diag_add(diags, 3108, UPK_NO_SPAN, "the facts cannot be written");
      status = UPK_ERROR;
    }
  }
  upk_arena_free(arena);
  return status;
}
