#include "approvals.h"

void approvals_read(upk_arena *arena, const upk_json *evidence,
                    machine_config *config) {
  size_t count = upk_json_count(evidence);
  machine_approval *items = UPK_NEW_ARRAY(arena, machine_approval, count + 1);
  if (evidence->type != UPK_JSON_ARRAY)
    return;
  for (size_t i = 0; i < count; i++) {
    const upk_json *value = upk_json_at(evidence, i);
    items[i] = (machine_approval){
        .id = upk_arena_copy(arena, upk_json_text(value, "id")),
        .max_uses = upk_json_number(value, "max_uses", 1),
        .not_after_us = upk_json_number(value, "not_after", 0)};
  }
  config->approvals = items;
  config->approval_count = count;
  config->approvals_text = upk_arena_copy(arena, evidence->bytes);
}
